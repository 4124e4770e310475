// The same record once more, with its parts. The copy is what is looked at then.
import { errorText } from '../fields/edit.ts';
import { problemText } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { api, ApiError, writeKey } from '../core/api.ts';
import { t } from '../core/i18n.ts';
import { titleOf } from '../core/meta.ts';
import { go, openCard } from '../core/router.ts';
import type { Row } from '../core/types.ts';

export async function copy(entity: string, id: number, layer: boolean): Promise<void> {
  try {
    const row = await api.post<Row>(`/${entity}/${id}/copy`, {}, { 'Idempotency-Key': writeKey() });
    toast({ text: t('card.copied', { name: titleOf(entity, row) }), icon: 'check', kind: 'ok' });
    if (layer) openCard(entity, row.id);
    else go(`/e/${entity}/${row.id}`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const first = error.problem.fields?.[0];
    toast({ text: first ? errorText(first) : problemText(error), icon: 'alert', kind: 'danger' });
  }
}
