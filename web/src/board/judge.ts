// Whether a record may go to a stage, as far as the record itself says. It has to be the one that a single request
// gave: rows of a list do not say where they may be moved. The server judges again when it is written.
import { isEmpty } from '../core/filter.ts';
import { isEditable, may, stageField } from '../core/meta.ts';
import { t } from '../core/i18n.ts';
import type { Row, Stage } from '../core/types.ts';

export type Verdict = { kind: 'here' | 'free' | 'denied' } | { kind: 'asks'; fields: string[] };

export function judge(entity: string, record: Row, to: Stage): Verdict {
  if (record[stageField(entity)!] === to.v) return { kind: 'here' };
  if (!may(record, `move:${to.v}`)) return { kind: 'denied' };
  const fields = (to.require ?? []).filter((name) => isEditable(entity, name) && isEmpty(record[name]));
  return fields.length ? { kind: 'asks', fields } : { kind: 'free' };
}

/** Why it may not go there: in the server's words, which know whose right or which way it lacks. */
export function denial(record: Row, from: Stage | undefined, to: Stage): string {
  if (!may(record, 'update')) return t('board.denied.record');
  return record._why?.[`move:${to.v}`] ?? t('board.denied.move', { from: t(from?.l ?? ''), to: t(to.l) });
}
