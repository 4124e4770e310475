// What can be done with a record in the recycle bin.
import { confirm } from '../ui/confirm.ts';
import { problemText } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { api, ApiError } from '../core/api.ts';
import { t } from '../core/i18n.ts';
import { meta, titleOf } from '../core/meta.ts';
import { openCard } from '../core/router.ts';
import type { Row } from '../core/types.ts';

export interface BinActions {
  restore: (row: Row) => void;
  purge: ((row: Row) => void) | null;
}

/** `done` is called with the id of a record that has left the bin. */
export function binActions(entity: string, done: (id: number) => void): BinActions {
  const mayPurge = meta.value?.user.functions?.includes('delete');
  return {
    restore: (row) => void restore(entity, row).then((ok) => ok && done(row.id)),
    purge: mayPurge ? (row) => void purge(entity, row).then((ok) => ok && done(row.id)) : null,
  };
}

async function restore(entity: string, row: Row): Promise<boolean> {
  return attempt(async () => {
    await api.post(`/${entity}/${row.id}/restore`);
    const open = { label: t('open'), run: () => openCard(entity, row.id) };
    toast({ text: t('bin.restored', { name: titleOf(entity, row) }), icon: 'check', action: open });
  });
}

async function purge(entity: string, row: Row): Promise<boolean> {
  const name = titleOf(entity, row);
  const text = t('bin.purge.text', { name });
  if (!(await confirm({ title: t('bin.purge.ask'), text, yes: t('bin.purge'), danger: true }))) return false;
  return attempt(async () => {
    await api.del(`/${entity}/${row.id}?forever=1`);
    toast({ text: t('bin.purged', { name }), icon: 'trash' });
  });
}

async function attempt(act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast({ text: problemText(error), icon: 'alert', kind: 'danger' });
    return false;
  }
}
