// The board by keys. With the focus on a card: Space picks it up, arrows choose the column, Enter puts it down, Escape
// puts it back; arrows without a card in the hand walk among the cards, Alt with them moves at once, S opens the menu.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { isHere } from '../views/list-keys.ts';
import { actOf, comboOf, listKeys } from '../core/keys.ts';
import type { Column } from './model.ts';
import { nextTo } from './order.ts';

export interface Keyed {
  columns: () => Column[];
  /** The column that the carried card is over; null: none is carried by keys. */
  carried: () => string | null;
  take: (id: number) => void;
  over: (stage: string) => void;
  /** Says so instead where the card may not go. */
  drop: (stage: string) => void;
  putBack: () => void;
  send: (id: number, stage: string) => void;
  focus: (id: number) => void;
}

/** Names them among the keys that are listed, as long as the board is there. */
export class ListedKeys implements ReactiveController {
  #isMovable: () => boolean;
  #off: (() => void)[] = [];

  constructor(board: ReactiveControllerHost, isMovable: () => boolean) {
    this.#isMovable = isMovable;
    board.addController(this);
  }

  hostConnected(): void {
    const moved = { may: this.#isMovable };
    this.#off = [
      listKeys('board', { take: moved, forth: moved, back: moved, menu: moved }, isHere),
      listKeys('carry', {}, () => isHere() && this.#isMovable()),
    ];
  }

  hostDisconnected(): void {
    for (const off of this.#off) off();
  }
}

/** Whether the key was meant for the board. */
export function keyed(board: Keyed, event: KeyboardEvent): boolean {
  return board.carried() === null ? walk(board, event) : carry(board, event);
}

function carry(board: Keyed, event: KeyboardEvent): boolean {
  const over = board.carried()!;
  const stages = board.columns().map(({ stage }) => stage);
  switch (actOf('carry', event)) {
    case 'right':
      board.over(nextTo(stages, over, 1).v);
      return true;
    case 'left':
      board.over(nextTo(stages, over, -1).v);
      return true;
    case 'drop':
      board.drop(over);
      return true;
    case 'putBack':
      board.putBack();
      return true;
    case undefined:
      return /^(Arrow|Page|Key|Home|End|Slash)/.test(comboOf(event)); // what would mean something else without the card
  }
}

function walk(board: Keyed, event: KeyboardEvent): boolean {
  const link = event.target as HTMLElement;
  const id = Number(link.closest<HTMLElement>('li[data-id]')?.dataset.id);
  if (!id || !link.matches('.kcard-open')) return false;
  switch (actOf('board', event)) {
    case 'take':
      board.take(id);
      return true;
    case 'menu':
      link.parentElement!.querySelector<HTMLElement>('.kcard-move')?.click();
      return true;
    case 'down':
      return step(board, id, 0, 1);
    case 'up':
      return step(board, id, 0, -1);
    case 'right':
      return step(board, id, 1, 0);
    case 'left':
      return step(board, id, -1, 0);
    case 'forth':
      return shift(board, id, 1);
    case 'back':
      return shift(board, id, -1);
    case undefined:
      return false;
  }
}

const isIn = (id: number) => (column: Column) => column.rows.some((row) => row.id === id);

/** The card beside, over columns that have none; where there is none, the card itself. */
export function beside(columns: Column[], id: number, aside: number, down: number): number {
  const filled = columns.filter(({ rows }) => rows.length);
  const from = filled.findIndex(isIn(id));
  if (from < 0) return id;
  const { rows } = filled[from + aside] ?? filled[from]!;
  const at = filled[from]!.rows.findIndex((row) => row.id === id) + down;
  return rows[Math.max(0, Math.min(at, rows.length - 1))]!.id;
}

function step(board: Keyed, id: number, aside: number, down: number): boolean {
  board.focus(beside(board.columns(), id, aside, down));
  return true;
}

/** To the stage before or behind, without picking the card up. */
function shift(board: Keyed, id: number, by: number): boolean {
  const from = board.columns().find(isIn(id))?.stage.v;
  const to = from && nextTo(board.columns().map(({ stage }) => stage), from, by).v;
  if (to && to !== from) board.send(id, to);
  return true;
}
