// The rows of one list: pages by cursor, and changes from the event stream. A changed record is read again under the
// list's own query, so the server alone decides whether it belongs here.
import { PAGE, pageSearch, takeAhead } from './ahead.ts';
import { api, ApiError } from './api.ts';
import { compareRows } from './filter.ts';
import { firstPage } from './first.ts';
import { link, on } from './events.ts';
import type { Page, Reading, RecordEvent, Row } from './types.ts';

const GATHER = 60; // ms in which events of one burst are read together
const MOST_AT_ONCE = 100;
const SETTLE = 700; // ms between two readings while a batch goes through the rows

export class Records {
  rows: Row[] = [];
  next: string | null = null;
  total: number | null = null;
  approx = false;
  reading: Reading = {};
  /** How many percent of a list that takes long were looked through; null: it is no such list, or it is over. */
  walked: number | null = null;
  /** Such a list is looked through further only when look() says so. */
  isHalted = false;
  state: 'loading' | 'ready' | 'more' | 'error' = 'loading';
  error: ApiError | null = null;
  fresh = new Set<number>();

  readonly entity: string;
  readonly sort: string[];
  #query: URLSearchParams;
  #changed: () => void;
  #onNew: (row: Row) => void;
  #off: (() => void)[] = [];
  #pending = new Set<number>();
  #timer = 0;
  #abort = new AbortController();
  #limit: number;
  #isBin: boolean;
  #again = 0;
  #wanted = 0; // rows up to which a long list is looked through by itself
  #halt = new AbortController();
  #isLoading = false;
  #turn = 0; // what a reading before the last load() brings is of another list
  #blind = false; // read before the stream was open: changes in between would be missed

  constructor(
    entity: string,
    query: URLSearchParams,
    sort: string[],
    changed: () => void,
    options: { limit?: number; onNew?: (row: Row) => void } = {},
  ) {
    this.entity = entity;
    this.sort = sort;
    this.#query = query;
    this.#isBin = query.has('deleted');
    this.#changed = changed;
    this.#limit = options.limit ?? PAGE;
    this.#onNew = options.onNew ?? (() => undefined);
  }

  start(): this {
    this.#off = [
      on('record', (event) => this.#event(event)),
      on('reset', () => void this.load()),
      on('many', (event) => {
        if (event.entity === this.entity) this.#loadSoon();
      }),
      link.watch(({ state }) => {
        if (state === 'live' && this.#blind) void this.load();
      }),
    ];
    void this.load();
    return this;
  }

  stop(): void {
    this.#abort.abort();
    this.#halt.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#again);
    for (const off of this.#off) off();
    this.#off = [];
  }

  get #page(): URLSearchParams {
    return pageSearch(this.#query, this.sort, this.#limit);
  }

  async load(): Promise<void> {
    this.#blind = link.value.state !== 'live';
    this.#break();
    const turn = ++this.#turn;
    this.#isLoading = true;
    if (this.state !== 'loading') this.state = this.rows.length ? 'ready' : 'loading';
    try {
      const search = this.#page;
      const { signal } = this.#abort;
      const page = await (takeAhead(this.entity, search, signal) ?? api.list(this.entity, search, signal));
      if (turn !== this.#turn) return;
      this.rows = page.rows;
      this.total = page.total ?? null;
      this.approx = page.approx ?? false;
      this.reading = {};
      this.#wanted = this.#limit;
      this.walked = null;
      this.#took(page);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#failed(error);
    }
    this.#isLoading = false;
    this.#tell();
    this.#goOn();
  }

  #took(page: Page): void {
    this.next = page.next;
    this.walked = page.partial ? Math.max(page.walked ?? 0, this.walked ?? 0) : null;
    if (!page.partial) this.isHalted = false;
    if (page.total) this.reading = { read_as: page.read_as, corrected: page.corrected };
    if (this.approx && page.total !== undefined) {
      this.total = Math.max(page.total, this.rows.length);
      this.approx = !!page.approx;
    }
    if (!page.next && this.approx) [this.total, this.approx] = [this.rows.length, false];
    this.state = 'ready';
    this.error = null;
  }

  /** A long list is looked through part by part until there is a page of further rows. */
  #goOn(): void {
    const isLong = this.walked !== null && this.state === 'ready' && !this.error;
    if (isLong && !this.isHalted && this.rows.length < this.#wanted && !this.#abort.signal.aborted) void this.#further();
  }

  /** Ends the search of a long list where it is; what was found stays. */
  halt(): void {
    this.isHalted = true;
    this.#break();
  }

  #break(): void {
    this.#halt.abort();
    this.#halt = new AbortController();
  }

  /** Goes on after halt(). */
  look(): Promise<void> {
    this.isHalted = false;
    return this.more();
  }

  /** Whoever has left must not be told of what comes late. */
  #tell(): void {
    if (!this.#abort.signal.aborted) this.#changed();
  }

  async more(): Promise<void> {
    if (!this.next || this.state !== 'ready' || this.isHalted || this.#isLoading) return;
    this.#wanted = this.rows.length + this.#limit;
    await this.#further();
  }

  async #further(): Promise<void> {
    const { signal } = this.#halt;
    const turn = this.#turn;
    this.state = 'more';
    this.#changed();
    try {
      const search = this.#page;
      search.set('after', this.next!);
      const page = await api.list(this.entity, search, signal);
      if (turn !== this.#turn) return;
      const known = new Set(this.rows.map((r) => r.id));
      this.rows = [...this.rows, ...page.rows.filter((r) => !known.has(r.id))];
      this.#took(page);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.state = 'ready';
      if (error instanceof ApiError && error.code === 'bad_cursor') return this.load();
      if (!signal.aborted) this.#failed(error);
    }
    this.#tell();
    this.#goOn();
  }

  #failed(error: unknown): void {
    if (this.#abort.signal.aborted) return;
    this.error = error instanceof ApiError ? error : new ApiError({ status: 0, code: 'internal' });
    if (!this.rows.length) this.state = 'error';
  }

  /** Not at every slice of a batch, but after the last one too. */
  #loadSoon(): void {
    this.#again ||= window.setTimeout(() => {
      this.#again = 0;
      void this.load();
    }, SETTLE);
  }

  /** Puts in a row that this page itself has just written, without waiting for its event. */
  touch(id: number): void {
    this.#gather(id);
  }

  #event(event: RecordEvent): void {
    if (event.entity !== this.entity) return;
    const known = this.rows.find((r) => r.id === event.id);
    if (known && event.rev !== undefined && event.rev <= known.rev && event.op === 'updated') return;
    const leaves = event.op === 'gone' || (event.op === 'deleted' && !this.#isBin);
    if (leaves) this.#remove([event.id]);
    else this.#gather(event.id);
  }

  #gather(id: number): void {
    this.#pending.add(id);
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#reread(), GATHER);
  }

  async #reread(): Promise<void> {
    const ids = [...this.#pending];
    this.#pending.clear();
    if (ids.length > MOST_AT_ONCE || this.state === 'loading' || this.state === 'error') return this.load();
    const search = new URLSearchParams(this.#query);
    search.set('id.in', ids.join(','));
    search.set('limit', String(ids.length));
    try {
      const page = await firstPage(this.entity, search, this.#abort.signal);
      const here = new Set(page.rows.map((r) => r.id));
      this.#remove(
        ids.filter((id) => !here.has(id)),
        false,
      );
      for (const row of page.rows) this.#place(row);
      this.#tell();
    } catch {
      if (!this.#abort.signal.aborted) ids.forEach((id) => this.#pending.add(id));
    }
  }

  #remove(ids: number[], redraw = true): void {
    const left = this.rows.filter((r) => !ids.includes(r.id));
    if (left.length === this.rows.length) return;
    if (this.total !== null) this.total -= this.rows.length - left.length;
    this.rows = left;
    if (redraw) this.#changed();
  }

  #place(row: Row): void {
    const at = this.rows.findIndex((r) => r.id === row.id);
    const rest = at < 0 ? [...this.rows] : this.rows.filter((r) => r.id !== row.id);
    const moved = at < 0 || compareRows(this.rows[at], row, this.sort) !== 0;
    let to = moved ? rest.findIndex((r) => compareRows(row, r, this.sort) < 0) : at;
    if (to < 0) to = rest.length;
    if (at < 0 && this.total !== null) this.total += 1;
    if (to === rest.length && this.next) return;
    rest.splice(to, 0, row);
    this.rows = rest;
    this.#highlight(row.id);
    if (at < 0) this.#onNew(row);
  }

  #highlight(id: number): void {
    this.fresh.add(id);
    window.setTimeout(() => {
      this.fresh.delete(id);
      this.#tell();
    }, 2400);
  }
}
