// The board by keys. With the focus on a card: Space picks it up, arrows choose the column, Enter puts it down, Escape
// puts it back; arrows without a card in the hand walk among the cards, Alt with them moves at once, S opens the menu.
import { comboOf } from '../core/keys.ts';
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

/** Whether the key was meant for the board. */
export function keyed(board: Keyed, event: KeyboardEvent): boolean {
  return board.carried() === null ? walk(board, event) : carry(board, event);
}

function carry(board: Keyed, event: KeyboardEvent): boolean {
  const over = board.carried()!;
  const stages = board.columns().map(({ stage }) => stage);
  switch (comboOf(event)) {
    case 'ArrowRight':
      board.over(nextTo(stages, over, 1).v);
      return true;
    case 'ArrowLeft':
      board.over(nextTo(stages, over, -1).v);
      return true;
    case 'Space':
    case 'Enter':
    case 'NumpadEnter':
      board.drop(over);
      return true;
    case 'Escape':
      board.putBack();
      return true;
    default:
      return /^(Arrow|Page|Key|Home|End|Slash)/.test(comboOf(event)); // what would mean something else without the card
  }
}

function walk(board: Keyed, event: KeyboardEvent): boolean {
  const link = event.target as HTMLElement;
  const id = Number(link.closest<HTMLElement>('li[data-id]')?.dataset.id);
  if (!id || !link.matches('.kcard-open')) return false;
  switch (comboOf(event)) {
    case 'Space':
      board.take(id);
      return true;
    case 'KeyS':
      link.parentElement!.querySelector<HTMLElement>('.kcard-move')?.click();
      return true;
    case 'ArrowDown':
    case 'KeyJ':
      return step(board, id, 0, 1);
    case 'ArrowUp':
    case 'KeyK':
      return step(board, id, 0, -1);
    case 'ArrowRight':
      return step(board, id, 1, 0);
    case 'ArrowLeft':
      return step(board, id, -1, 0);
    case 'Alt+ArrowRight':
      return shift(board, id, 1);
    case 'Alt+ArrowLeft':
      return shift(board, id, -1);
    default:
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
