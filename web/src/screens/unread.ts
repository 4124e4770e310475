// How many notices wait to be read, kept up to date by the stream; a notice that arrives is shown at once.
import { api } from '../core/api.ts';
import { link, on } from '../core/events.ts';
import { t } from '../core/i18n.ts';
import { entityOf, meta } from '../core/meta.ts';
import { openCard } from '../core/router.ts';
import { Store } from '../core/store.ts';
import { toast } from '../ui/toast.ts';

export const NOTICE = 'notification';
export const unread = new Store(0);

/** The field that says when a notice was read. */
export const READ = 'read_at';

let asked = 0;

/** The latest answer counts; an older one that comes late is left. */
export async function countUnread(): Promise<void> {
  if (!meta.value) return;
  asked += 1;
  const mine = asked;
  const page = await api
    .list(NOTICE, new URLSearchParams({ [`${READ}.none`]: '1', limit: '1' }))
    .catch(() => null);
  if (page && mine === asked && (page.total || !page.partial)) unread.set(page.total ?? page.rows.length);
}

on('notice', (notice) => {
  void countUnread();
  const open = notice.entity && notice.record && entityOf(notice.entity);
  toast({
    text: notice.text,
    icon: 'bell',
    action: open ? { label: t('open'), run: () => openCard(notice.entity!, notice.record!) } : undefined,
  });
});
on('record', (event) => {
  if (event.entity === NOTICE) void countUnread();
});
on('reset', () => void countUnread());

/** The list in sight comes first. */
const AFTER_ROWS = 400;
let counted = false;
link.watch(({ state }) => {
  if (state !== 'live' || counted) return;
  counted = true;
  window.setTimeout(() => void countUnread(), AFTER_ROWS);
});
