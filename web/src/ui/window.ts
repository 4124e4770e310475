// Shows only the rows of a long list that are in sight. Rows of one list have one height, so the window is arithmetic;
// it redraws its host only when the rows in sight come near to an edge of those drawn.
import type { ReactiveController, ReactiveControllerHost } from 'lit';

const OVERSCAN = 8; // rows drawn on either side of those in sight
const LEAST = 2; // of them left when it is drawn anew: each drawing lays out the whole table

/**
 * Which row is drawn where another one stood. While one list is scrolled each row has a place of its own; the rows of a
 * list that takes its place are written into those of the rows that leave, which costs half of making them anew.
 */
export class RowPlaces {
  #places = new Map<number, number>(); // of the rows drawn last, by id
  #source: unknown = null;
  #next = 0;

  /** The place of each of these rows, to be asked for by id; `source` is the list they are of. */
  of(source: unknown, rows: { id: number }[]): Map<number, number> {
    const last = this.#places;
    const ids = new Set(rows.map((row) => row.id));
    const free = source === this.#source ? [] : [...last].filter(([id]) => !ids.has(id)).map(([, place]) => place);
    this.#source = source;
    this.#places = new Map(rows.map(({ id }) => [id, last.get(id) ?? free.shift() ?? this.#next++]));
    return this.#places;
  }
}

export class RowWindow implements ReactiveController {
  from = 0;
  to = 0;
  rowHeight = 40;
  readonly places = new RowPlaces();
  #host: ReactiveControllerHost;
  #box: HTMLElement | null = null;
  #resize: ResizeObserver | null = null;
  #onEnd: () => void;

  constructor(host: ReactiveControllerHost, onEnd: () => void) {
    this.#host = host;
    this.#onEnd = onEnd;
    host.addController(this);
  }

  hostConnected(): void {
    this.#box = null;
  }

  hostDisconnected(): void {
    this.#resize?.disconnect();
    this.#box?.removeEventListener('scroll', this.#look);
  }

  /** Follows `box`; call it after each drawing, it does nothing when the box is the same. */
  follow(box: HTMLElement | null): void {
    if (box === this.#box) return;
    this.hostDisconnected();
    this.#box = box;
    if (!box) return;
    box.addEventListener('scroll', this.#look, { passive: true });
    this.#resize = new ResizeObserver(this.#look);
    this.#resize.observe(box);
  }

  slice<T>(rows: T[]): { from: number; before: number; rows: T[]; after: number } {
    if (!this.to) this.to = Math.ceil(innerHeight / this.rowHeight) + LEAST; // before the box is there no more are in sight
    const to = Math.min(this.to, rows.length);
    const from = Math.min(this.from, to);
    return {
      from,
      before: from * this.rowHeight,
      rows: rows.slice(from, to),
      after: (rows.length - to) * this.rowHeight,
    };
  }

  show(index: number): void {
    const box = this.#box;
    if (!box) return;
    const top = index * this.rowHeight,
      head = 40;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + this.rowHeight + head > box.scrollTop + box.clientHeight)
      box.scrollTop = top + this.rowHeight + head - box.clientHeight;
  }

  /** Back to the first rows, so that the next drawing is of them. */
  top(): void {
    if (this.#box) this.#box.scrollTop = 0;
    this.to -= this.from;
    this.from = 0;
  }

  #look = (): void => {
    const box = this.#box;
    if (!box) return;
    const first = Math.floor(box.scrollTop / this.rowHeight);
    const end = Math.ceil((box.scrollTop + box.clientHeight) / this.rowHeight);
    if (box.scrollHeight - box.scrollTop - box.clientHeight < box.clientHeight) this.#onEnd();
    const isEnough = this.from <= Math.max(0, first - LEAST) && this.to >= end + LEAST;
    if (isEnough && this.to - this.from <= end - first + 2 * OVERSCAN + 1) return; // a row in part more or less
    this.from = Math.max(0, first - OVERSCAN);
    this.to = end + OVERSCAN;
    this.#host.requestUpdate();
  };
}
