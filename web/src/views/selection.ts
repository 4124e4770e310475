// Which rows of a list are chosen: some of those that were read, or the whole list by its condition.
import type { Row } from '../core/types.ts';

export class Selection {
  ids = new Set<number>();
  isAll = false;
  /** A phone shows the boxes. */
  isOpen = false;
  #last = 0;
  #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get isEmpty(): boolean {
    return !this.isAll && !this.ids.size;
  }

  get isShown(): boolean {
    return this.isOpen || !this.isEmpty;
  }

  /** One row, or all between it and the last one that was touched. */
  toggle(rows: Row[], id: number, isRange: boolean): void {
    const at = rows.findIndex((r) => r.id === id),
      from = rows.findIndex((r) => r.id === this.#last);
    const next = new Set(this.isAll ? rows.map((r) => r.id) : this.ids);
    const on = !next.has(id);
    const range = isRange && from >= 0 ? rows.slice(Math.min(at, from), Math.max(at, from) + 1) : [rows[at]];
    for (const row of range) {
      if (on) next.add(row.id);
      else next.delete(row.id);
    }
    this.#last = id;
    this.isAll = false;
    this.ids = next;
    this.#changed();
  }

  toggleShown(rows: Row[]): void {
    const every = this.isAll || this.ids.size === rows.length;
    this.isAll = false;
    this.ids = every ? new Set() : new Set(rows.map((r) => r.id));
    this.#changed();
  }

  all(): void {
    this.isAll = true;
    this.#changed();
  }

  open(): void {
    this.isOpen = true;
    this.#changed();
  }

  clear(): void {
    this.ids = new Set();
    this.isAll = this.isOpen = false;
    this.#changed();
  }
}
