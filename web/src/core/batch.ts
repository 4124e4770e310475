// Long changes: starting a bulk change, following it to its end, and the messages with «Отменить» that go with it.
import { api, ApiError } from './api.ts';
import { on } from './events.ts';
import { go } from './router.ts';
import { t } from './i18n.ts';
import { entityOf, meta } from './meta.ts';
import type { Batch } from './types.ts';
import { problemText } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';

const POLL = 3000; // progress is not told again to a stream that was cut, so it is also asked for

export const isOpen = (batch: Batch) => batch.state === 'waiting' || batch.state === 'running';

export function mayBulk(entity: string): boolean {
  const can = entityOf(entity)?.can;
  return !!meta.value?.user.functions?.includes('bulk') && !!(can?.update || can?.delete);
}

/** Calls `told` with each new state of the batch until it has ended; resolves with the last one. */
export async function follow(id: number, told: (batch: Batch) => void): Promise<Batch> {
  let wake: () => void = () => undefined;
  const off = on('record', (event) => {
    if (event.entity === 'batch' && event.id === id) wake();
  });
  try {
    for (;;) {
      const batch = await api.get<Batch>(`/batch/${id}`);
      told(batch);
      if (!isOpen(batch)) return batch;
      await new Promise<void>((done) => {
        wake = done;
        window.setTimeout(done, POLL);
      });
    }
  } finally {
    off();
  }
}

/** Starts a bulk change and says how it goes; an error of the request itself is thrown. */
export async function bulk(entity: string, body: object): Promise<void> {
  const batch = await api.post<Batch>(`/${entity}/bulk`, body);
  void say(batch);
}

export async function undoBatch(id: number): Promise<void> {
  try {
    void say(await api.post<Batch>(`/batch/${id}/undo`));
  } catch (error) {
    if (error instanceof ApiError) toast({ text: problemText(error), icon: 'alert', kind: 'danger' });
  }
}

export async function cancelBatch(id: number): Promise<void> {
  try {
    await api.post(`/batch/${id}/cancel`);
  } catch (error) {
    if (error instanceof ApiError && error.code !== 'batch_ended')
      toast({ text: problemText(error), icon: 'alert', kind: 'danger' });
  }
}

/** Says how a batch goes, to its end. */
export async function say(batch: Batch): Promise<void> {
  const key = `batch-${batch.id}`;
  try {
    const ended = await follow(batch.id, (now) => {
      if (isOpen(now)) toast({ key, stays: true, text: progressText(now), icon: 'refresh', action: stop(now) });
    });
    toast({ key, ...outcome(ended) });
  } catch (error) {
    if (error instanceof ApiError) toast({ key, text: problemText(error), icon: 'alert', kind: 'danger' });
  }
}

const stop = (batch: Batch) => ({ label: t('batch.stop'), run: () => void cancelBatch(batch.id) });

export function progressText(batch: Batch): string {
  return batch.total ? t('batch.progress', { done: batch.done, total: batch.total }) : t('batch.waiting');
}

/** What was done. A merge is one change to the records themselves; the rest are references. */
export function done(batch: Batch): string {
  if (batch.kind === 'merge') return t('batch.merged', { n: Math.max(0, batch.changed - 1) });
  return t(batch.kind === 'undo' ? 'batch.undone' : 'batch.changed', { n: batch.changed });
}

/** "Changed 37 records · Undo", and what did not go through. */
export function outcome(batch: Batch) {
  const left = batch.failed + batch.conflicts;
  const parts = [done(batch)];
  if (batch.failed) parts.push(t('batch.failed', { n: batch.failed }));
  if (batch.conflicts) parts.push(t('batch.conflicts', { n: batch.conflicts }));
  if (batch.out_of_sight) parts.push(t('batch.hidden', { n: batch.out_of_sight }));
  const bad = batch.state === 'failed';
  return {
    title: bad ? t('batch.state.failed') : batch.state === 'canceled' ? t('batch.state.canceled') : undefined,
    text: parts.join(' '),
    icon: bad ? 'alert' : 'check',
    kind: bad ? ('danger' as const) : left ? ('warn' as const) : ('ok' as const),
    action: left && batch.kind !== 'merge'
      ? { label: t('batch.look'), run: () => go(`/settings/batches?open=${batch.id}`) }
      : batch.changed
        ? { label: t('batch.undo'), run: () => void undoBatch(batch.id) }
        : undefined,
  };
}
