// The choice of the language by hand.
import { toast } from './toast.ts';
import { setLang, t, type Lang } from '../core/i18n.ts';

/** When its texts cannot be had the language stays as it was, and a message says so. */
export async function chooseLang(next: Lang): Promise<void> {
  await setLang(next).catch(() => toast({ text: t('lang.failed'), icon: 'alert', kind: 'danger' }));
}
