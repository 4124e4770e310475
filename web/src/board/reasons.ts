// What the server says against a write, each field by its name; of the stage it speaks itself.
import { errorText } from '../fields/edit.ts';
import { label } from '../fields/view.ts';
import { capital } from '../core/i18n.ts';
import { fieldOf, stageField } from '../core/meta.ts';
import type { FieldError } from '../core/types.ts';

export function reasons(entity: string, errors: FieldError[]): string {
  const stage = stageField(entity);
  return errors
    .map((one) => (one.field === stage || !fieldOf(entity, one.field) ? errorText(one) : `${capital(label(entity, one.field))}: ${errorText(one)}`))
    .join(' ');
}
