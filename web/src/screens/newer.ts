// A server that comes back may have brought another build of the UI. The page goes on with its own, whose files the
// server keeps for a while; it is said once, and loaded anew when the user says so. Unsaved work is kept as drafts.
import { link } from '../core/events.ts';
import { t } from '../core/i18n.ts';
import { toast } from '../ui/toast.ts';

let isTold = false;

/** Follows the stream; call the result to stop. */
export function watchBuild(): () => void {
  let wasLost = false;
  return link.watch(({ state }) => {
    if (state === 'lost') wasLost = true;
    if (state !== 'live' || !wasLost) return;
    wasLost = false;
    void isNewer().then((newer) => {
      if (newer && !isTold) tell();
    });
  });
}

/** Whether the server's page names another script than this one was loaded with; false where that cannot be seen. */
async function isNewer(): Promise<boolean> {
  const own = new URL(document.querySelector<HTMLScriptElement>('script[type=module]')!.src).pathname;
  const answer = await fetch('/', { cache: 'no-cache' }).catch(() => null);
  const page = answer?.ok ? await answer.text().catch(() => '') : '';
  return page.includes('<crm-app') && !page.includes(`"${own}"`);
}

function tell(): void {
  isTold = true;
  const action = { label: t('newer.reload'), run: () => location.reload() };
  toast({ text: t('newer.text'), icon: 'refresh', key: 'newer', stays: true, action });
}
