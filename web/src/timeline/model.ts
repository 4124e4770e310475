// What a timeline shows: pages of items, the newest first, and what comes while it is looked at. Whatever happens about
// the record is told by an event of the record itself; then the first page is read anew and put before the older ones.
import { api, ApiError } from '../core/api.ts';
import { link, on } from '../core/events.ts';
import type { HistoryRow, Ref, Row } from '../core/types.ts';

export interface Item {
  kind: string;
  at: string;
  by: Ref | null;
  entity?: string; // of a record
  id?: number;
  title?: string | null;
  record?: Row;
  can?: string[];
  position?: string; // of a change
  via?: string;
  batch?: HistoryRow['batch'];
  op?: string;
  changes?: HistoryRow['changes'];
}

interface Page {
  rows: Item[];
  next: string | null;
  pinned?: Item[];
}

const PAUSE = 250; // several writes at once are one reading

export const keyOf = (item: Item): string => item.position ?? `${item.entity}/${item.id}`;

/**
 * The newest page over what was there: what it should hold and does not is gone, what is older stays. Where the two do
 * not meet, something between them is missing, and the page stands alone.
 */
export function renewed(old: Item[], page: { rows: Item[]; next: string | null }): Item[] {
  const last = page.rows.at(-1);
  const known = new Set(page.rows.map(keyOf));
  if (!page.next || !last || !old.some((item) => known.has(keyOf(item)))) return page.rows;
  return [...page.rows, ...old.filter((item) => item.at <= last.at && !known.has(keyOf(item)))];
}

export class Timeline {
  items: Item[] = [];
  pinned: Item[] = [];
  next: string | null = null;
  state: 'loading' | 'ready' | 'error' = 'loading';
  error: ApiError | null = null;
  isBusy = false;
  kinds: string[] = [];

  readonly entity: string;
  readonly id: number;
  #changed: () => void;
  #offs: (() => void)[];
  #timer = 0;
  #asked = 0;

  constructor(entity: string, id: number, changed: () => void) {
    this.entity = entity;
    this.id = id;
    this.#changed = changed;
    let was = link.value.state;
    this.#offs = [
      on('record', (event) => {
        if (event.entity === entity && event.id === id) this.touch();
      }),
      on('reset', () => this.touch()),
      link.watch(({ state }) => {
        if (state === 'live' && was === 'lost') this.touch(); // what happened meanwhile is not told again
        was = state;
      }),
    ];
    void this.load();
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const off of this.#offs) off();
    this.#asked += 1;
  }

  /** Something has happened: it is read once for several of these. */
  touch(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.load(), PAUSE);
  }

  only(kinds: string[]): void {
    this.kinds = kinds;
    this.items = [];
    this.pinned = [];
    this.next = null;
    this.state = 'loading';
    this.#changed();
    void this.load();
  }

  #page(before: string | null): Promise<Page> {
    const search = new URLSearchParams();
    if (this.kinds.length) search.set('kinds', this.kinds.join(','));
    if (before) search.set('before', before);
    const query = search.size ? `?${search}` : '';
    return api.get<Page>(`/${this.entity}/${this.id}/timeline${query}`);
  }

  async load(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const page = await this.#page(null);
      if (asked !== this.#asked) return;
      const items = renewed(this.items, page);
      if (items.length === page.rows.length) this.next = page.next;
      this.items = items;
      this.pinned = page.pinned ?? [];
      this.state = 'ready';
      this.error = null;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.#failed(error);
      if (this.state === 'loading') this.state = 'error'; // what is shown already stays
    }
    this.#changed();
  }

  #failed(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    this.error = error;
  }

  async more(): Promise<void> {
    if (!this.next || this.isBusy) return;
    const asked = this.#asked;
    this.isBusy = true;
    this.#changed();
    try {
      const page = await this.#page(this.next);
      if (asked === this.#asked) {
        const known = new Set(this.items.map(keyOf));
        this.items = [...this.items, ...page.rows.filter((item) => !known.has(keyOf(item)))];
        this.next = page.next;
        this.error = null;
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.isBusy = false;
      this.#changed();
    }
  }

  /** Out of sight at once; it comes back with the next reading if it is still there. */
  drop(item: Item): void {
    const isOther = (one: Item) => keyOf(one) !== keyOf(item);
    this.items = this.items.filter(isOther);
    this.pinned = this.pinned.filter(isOther);
    this.#changed();
  }
}
