// Shows only the rows of a long list that are in sight. Rows of one list have one height, so the window is arithmetic;
// it redraws its host only when the range changes.
import type { ReactiveController, ReactiveControllerHost } from 'lit';

const OVERSCAN = 12;

export class RowWindow implements ReactiveController {
  from = 0;
  to = 40;
  rowHeight = 40;
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

  top(): void {
    if (this.#box) this.#box.scrollTop = 0;
  }

  #look = (): void => {
    const box = this.#box;
    if (!box) return;
    const from = Math.max(0, Math.floor(box.scrollTop / this.rowHeight) - OVERSCAN);
    const to = Math.ceil((box.scrollTop + box.clientHeight) / this.rowHeight) + OVERSCAN;
    if (box.scrollHeight - box.scrollTop - box.clientHeight < box.clientHeight) this.#onEnd();
    if (from === this.from && to === this.to) return;
    this.from = from;
    this.to = to;
    this.#host.requestUpdate();
  };
}
