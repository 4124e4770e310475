// What is said after a write that took the record out of the sight of who wrote it.
import { toast } from '../ui/toast.ts';
import { t } from '../core/i18n.ts';
import { ownerOf } from '../core/meta.ts';
import type { Row } from '../core/types.ts';

/** `row` is the answer to the write, `name` what the user knows the record by. */
export function sayHidden(what: 'saved' | 'created', entity: string, row: Row, name: string): void {
  const owner = ownerOf(entity, row)?.label;
  const text = owner ? t(`hidden.${what}.owner`, { name, owner }) : t(`hidden.${what}`, { name });
  toast({ text, icon: 'check', kind: 'ok' });
}
