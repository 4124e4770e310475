// Opens the window in which records are merged. It is a file of its own: few people open it, and not often.
import { toast } from '../ui/toast.ts';
import { t } from '../core/i18n.ts';

/** Resolves with the record that stayed, or null when nothing was merged. */
export async function openMerge(entity: string, ids: number[]): Promise<number | null> {
  const loaded = await import('./merge.ts').catch(() => null);
  if (loaded) return loaded.openMerge(entity, ids);
  toast({ text: t('later.text'), icon: 'alert', kind: 'danger' });
  return null;
}
