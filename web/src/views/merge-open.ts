// Opens the window in which records are merged. It is a file of its own: few people open it, and not often.
import { loaded } from '../ui/later.ts';

/** Resolves with the record that stayed, or null when nothing was merged. */
export async function openMerge(entity: string, ids: number[]): Promise<number | null> {
  const merge = await loaded(import('./merge.ts'));
  return merge ? merge.openMerge(entity, ids) : null;
}
