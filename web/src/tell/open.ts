// Opens the window in which one writes to who is responsible for a record. It is a file of its own: it is seldom wanted.
import { loaded } from '../ui/later.ts';
import type { Row } from '../core/types.ts';

/** `known`: what one has to hand over, to be told with it. */
export async function openTell(entity: string, row: Row, known?: string): Promise<void> {
  const tell = await loaded(import('./window.ts'));
  tell?.openTell(entity, row, known);
}
