// What is a file of its own and is loaded when it is wanted, but is no screen.
import { toast } from './toast.ts';
import { t } from '../core/i18n.ts';

/** null, and a message: it cannot be had, without a connection or after an update of the server. */
export async function loaded<T>(file: Promise<T>): Promise<T | null> {
  const module = await file.catch(() => null);
  if (!module) toast({ text: t('later.text'), icon: 'alert', kind: 'danger' });
  return module;
}
