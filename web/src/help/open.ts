// Opens the window that lists the keys. It is a file of its own: few people open it, and not often.
import { loaded } from '../ui/later.ts';

export async function openKeys(): Promise<void> {
  (await loaded(import('./keys.ts')))?.showKeys();
}

/** A phone or a tablet is not offered what it has no keys for. */
export const hasKeys = (): boolean => !matchMedia('(pointer: coarse)').matches;
