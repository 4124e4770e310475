// Picks that wait for the server: Enter came before the hits did. Whoever saves waits for them first, else the record
// would be saved without what its author saw himself pick.

const waiting = new Set<Promise<boolean>>();

/** `pick` becomes true when the record is in its field, false when nothing was found or it is meant no longer. */
export function expectPick(pick: Promise<boolean>): void {
  waiting.add(pick);
  void pick.then(() => waiting.delete(pick));
}

/** False: something that was picked is not there, and the form is not what its author meant. */
export async function picked(): Promise<boolean> {
  return (await Promise.all(waiting)).every(Boolean);
}
