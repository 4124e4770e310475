// The keys of a list. They are silent while a card lies over it or a question waits for its answer.
import { bind } from '../core/keys.ts';
import { place } from '../core/router.ts';

export interface ListActs {
  /** There are rows for the keyboard to stand on. */
  isRows: () => boolean;
  move: (step: number) => void;
  /** The keyboard stands on a row. */
  isAt: () => boolean;
  open: () => void;
  mayPick: () => boolean;
  pick: () => void;
  isPicking: () => boolean;
  clear: () => void;
  find: () => void;
  mayCreate: () => boolean;
  create: () => void;
}

const isHere = () => !place.value.under && !document.querySelector('dialog[open]');
const isOnControl = () =>
  document.activeElement instanceof HTMLButtonElement || document.activeElement instanceof HTMLAnchorElement;

/** Binds them; returns what lets each of them go. */
export function bindList(acts: ListActs): (() => void)[] {
  const key = (combo: string, run: () => void, active: () => boolean = () => true) =>
    bind(combo, run, () => isHere() && active());
  return [
    key('KeyJ', () => acts.move(1), acts.isRows),
    key('ArrowDown', () => acts.move(1), acts.isRows),
    key('KeyK', () => acts.move(-1), acts.isRows),
    key('ArrowUp', () => acts.move(-1), acts.isRows),
    key('Enter', acts.open, () => acts.isAt() && !isOnControl()),
    key('KeyX', acts.pick, () => acts.isAt() && acts.mayPick()),
    key('Escape', acts.clear, acts.isPicking),
    key('Slash', acts.find),
    key('KeyN', acts.create, acts.mayCreate),
  ];
}
