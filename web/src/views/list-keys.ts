// The keys of a list. They are silent while a card lies over it or a question waits for its answer.
import { bindKeys } from '../core/keys.ts';
import { place } from '../core/router.ts';

export interface ListActs {
  /** There are rows for the keyboard to stand on. */
  isRows: () => boolean;
  move: (step: number) => void;
  /** The keyboard stands on a row. */
  isAt: () => boolean;
  open: () => void;
  mayEdit: () => boolean;
  edit: () => void;
  mayPick: () => boolean;
  pick: () => void;
  isPicking: () => boolean;
  clear: () => void;
  find: () => void;
  mayCreate: () => boolean;
  create: () => void;
}

/** Nothing lies over the list. */
export const isHere = () => !place.value.under && !document.querySelector('dialog[open]');
const isOnControl = () =>
  document.activeElement instanceof HTMLButtonElement || document.activeElement instanceof HTMLAnchorElement;

/** Binds them; returns what lets go of them. */
export function bindList(acts: ListActs): () => void {
  const mayPick = () => acts.isRows() && acts.mayPick();
  return bindKeys(
    'list',
    {
      next: { run: () => acts.move(1), may: acts.isRows },
      prev: { run: () => acts.move(-1), may: acts.isRows },
      open: { run: acts.open, may: acts.isRows, now: () => acts.isAt() && !isOnControl() },
      edit: { run: acts.edit, may: () => acts.isRows() && acts.mayEdit(), now: acts.isAt },
      pick: { run: acts.pick, may: mayPick, now: acts.isAt },
      clear: { run: acts.clear, may: mayPick, now: acts.isPicking },
      find: { run: acts.find },
      create: { run: acts.create, may: acts.mayCreate },
    },
    isHere,
  );
}
