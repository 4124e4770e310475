// Carrying a card with the pointer: a mouse takes it by moving, a finger by resting on it, so that a swipe still
// scrolls. Near an edge what lies there scrolls; Escape and whatever else ends the pointer put the card back.
// The native drag and drop of browsers knows no touch.

const NEAR = 4; // px that a mouse moves before the card is in the hand
const PRESS = 250; // ms that a finger rests on it
const SLIP = 8; // px that it may slip meanwhile: further it scrolls
const EDGE = 48; // px from an edge in which scrolling begins
const GAP = 24; // px beside a column that still mean it
const SPEED = 16; // px a frame, at the edge itself

export interface Carrier {
  /** Where cards may be let go; each place bears its name as data-column. */
  board: () => HTMLElement | null;
  lift: (id: number) => void;
  /** The card is over this column; null: over none. */
  over: (column: string | null) => void;
  drop: (column: string | null) => void;
  cancel: () => void;
}

interface Point {
  x: number;
  y: number;
}

interface Held {
  pointer: number;
  isTouch: boolean;
  id: number;
  /** Where in the card it was taken. */
  at: Point;
  width: number;
  from: Point;
  now: Point;
}

export class Drag {
  isUp = false;
  #carrier: Carrier;
  #held: Held | null = null;
  #ends = new AbortController();
  #press = 0;
  #frame = 0;
  #column: string | null = null;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  /** The pointer went down on `card`. */
  down(event: PointerEvent, card: HTMLElement): void {
    if (this.#held || event.button || !event.isPrimary || (event.target as Element).closest('button')) return;
    const box = card.getBoundingClientRect();
    const at = { x: event.clientX, y: event.clientY };
    this.#held = {
      pointer: event.pointerId,
      isTouch: event.pointerType === 'touch',
      id: Number(card.dataset.id),
      at: { x: at.x - box.left, y: at.y - box.top },
      width: box.width,
      from: at,
      now: at,
    };
    this.#listen();
    if (this.#held.isTouch) this.#press = window.setTimeout(() => this.#lift(), PRESS);
  }

  #listen(): void {
    this.#ends = new AbortController();
    const how = { signal: this.#ends.signal, capture: true };
    const mine = (act: (event: PointerEvent) => void) => (event: PointerEvent) => {
      if (event.pointerId === this.#held?.pointer) act(event);
    };
    addEventListener('pointermove', mine((event) => this.#move(event)), how);
    addEventListener('pointerup', mine(() => this.#up()), how);
    addEventListener('pointercancel', mine(() => this.cancel()), how);
    addEventListener('contextmenu', (event) => this.#held?.isTouch && event.preventDefault(), how);
    addEventListener('keydown', (event) => this.#key(event), how);
  }

  /** A finger that carries a card must not scroll; to be told of by a listener that is not passive. */
  touched(event: TouchEvent): void {
    if (this.isUp) event.preventDefault();
  }

  #move(event: PointerEvent): void {
    const held = this.#held!;
    held.now = { x: event.clientX, y: event.clientY };
    if (this.isUp) {
      if (!held.isTouch && !event.buttons) this.cancel(); // it was let go outside the window
      else this.follow();
      return;
    }
    const way = Math.hypot(held.now.x - held.from.x, held.now.y - held.from.y);
    if (held.isTouch && way > SLIP) this.#end();
    else if (!held.isTouch && way >= NEAR) this.#lift();
  }

  #lift(): void {
    this.isUp = true;
    this.#carrier.lift(this.#held!.id);
    this.follow();
    this.#frame = requestAnimationFrame(this.#tick);
  }

  /** Puts the picture of the card under the pointer; to be called after it was drawn, too. */
  follow(): void {
    const held = this.#held;
    if (!held || !this.isUp) return;
    const ghost = this.#carrier.board()?.parentElement?.querySelector<HTMLElement>('.kcard.is-drag');
    if (ghost) {
      ghost.style.width = `${held.width}px`;
      ghost.style.translate = `${held.now.x - held.at.x}px ${held.now.y - held.at.y}px`;
    }
    this.#aim(held.now);
  }

  #aim(at: Point): void {
    const board = this.#carrier.board();
    const column = (board && columnAt(board, at)?.dataset.column) ?? null;
    if (column === this.#column) return;
    this.#column = column;
    this.#carrier.over(column);
  }

  #tick = (): void => {
    const held = this.#held;
    if (!held || !this.isUp) return;
    const board = this.#carrier.board();
    const column = board?.querySelector(`[data-column="${CSS.escape(this.#column ?? '')}"] .kcol-body`);
    const isMoved = [board && scroll(board, held.now, 'x'), column && scroll(column, held.now, 'y')].some(Boolean);
    if (isMoved) this.#aim(held.now);
    this.#frame = requestAnimationFrame(this.#tick);
  };

  #up(): void {
    const column = this.#column;
    const wasUp = this.isUp;
    this.#end();
    if (!wasUp) return;
    swallowClick();
    this.#carrier.drop(column);
  }

  #key(event: KeyboardEvent): void {
    if (!this.isUp || event.ctrlKey || event.metaKey) return;
    event.stopPropagation(); // with a card in the hand a key means nothing else
    event.preventDefault();
    if (event.key !== 'Escape') return;
    addEventListener('pointerup', swallowClick, { capture: true, once: true }); // the button is still down
    this.cancel();
  }

  cancel(): void {
    const wasUp = this.isUp;
    this.#end();
    if (!wasUp) return;
    swallowClick();
    this.#carrier.cancel();
  }

  #end(): void {
    clearTimeout(this.#press);
    cancelAnimationFrame(this.#frame);
    this.#ends.abort();
    this.#held = null;
    this.isUp = false;
    this.#column = null;
  }
}

/** The column under the pointer, or the one beside the gap that it is over. */
function columnAt(board: HTMLElement, { x, y }: Point): HTMLElement | undefined {
  if (!board.contains(document.elementFromPoint(x, y))) return undefined;
  const all = [...board.querySelectorAll<HTMLElement>('[data-column]')];
  return all[nearest(all.map((column) => column.getBoundingClientRect()), x)];
}

/** Which of the boxes side by side `x` is in, or else next to; -1: none is near. */
export function nearest(boxes: { left: number; right: number }[], x: number): number {
  const away = boxes.map(({ left, right }) => Math.max(left - x, 0, x - right));
  const least = Math.min(...away);
  return least <= GAP ? away.indexOf(least) : -1;
}

/** How far to scroll in this frame where the pointer is so near to the beginning or the end of a box. */
export function pace(at: number, start: number, end: number): number {
  const edge = Math.min(EDGE, (end - start) / 4);
  if (at < start + edge) return -Math.ceil(SPEED * Math.min(1, (start + edge - at) / edge));
  if (at > end - edge) return Math.ceil(SPEED * Math.min(1, (at - end + edge) / edge));
  return 0;
}

/** Whether there was anything to scroll. */
function scroll(box: Element, at: Point, along: 'x' | 'y'): boolean {
  const { left, right, top, bottom } = box.getBoundingClientRect();
  const side = along === 'x' ? 'scrollLeft' : 'scrollTop';
  const before = box[side];
  box[side] += along === 'x' ? pace(at.x, left, right) : pace(at.y, top, bottom);
  return box[side] !== before;
}

/** The click that follows is the end of the carrying and opens nothing. */
function swallowClick(): void {
  const stop = (event: Event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener('click', stop, { capture: true, once: true });
  setTimeout(() => removeEventListener('click', stop, true));
}
