// The cards of a board, column by column: pages of the list's own query with the stage beside it, and changes from the
// event stream. A changed record is read again under that query, so the server alone decides whether it belongs here.
// While a card is in the hand nothing changes place; what has come meanwhile follows when it is let go.
import { pageSearch } from '../core/ahead.ts';
import { api, ApiError, request } from '../core/api.ts';
import { link, on } from '../core/events.ts';
import { firstPage } from '../core/first.ts';
import type { Condition, Page, Reading, RecordEvent, Row, Stage } from '../core/types.ts';
import { figuresOf, figuresOfRow, NONE, plus, questionOf, type Figures, type Measured } from './figures.ts';
import { placed } from './order.ts';

const PART = 30; // cards that a column shows at first, and more at each press
const MOST = 200; // of a page
const MOST_AT_ONCE = 100;
const GATHER = 60; // ms in which events of one burst are read together
const RECOUNT = 800;
const SETTLE = 700; // ms between two readings while a batch goes through the records
const GLOW = 2400;

export interface Column {
  readonly stage: Stage;
  rows: Row[];
  next: string | null;
  state: 'loading' | 'ready' | 'more' | 'error';
  error: ApiError | null;
  /** How many percent of a column that takes long were looked through; null: all of what was asked for. */
  walked: number | null;
  figures: Figures;
  /** There are at least so many. */
  approx: boolean;
}

/** What a board shows. */
export interface Question {
  entity: string;
  stages: Stage[];
  query: URLSearchParams;
  /** The same rows as a condition; true: every one. */
  where: Condition | true;
  q: string;
  sort: string[];
  measured: Measured;
}

const emptyColumn = (stage: Stage): Column => ({
  stage,
  rows: [],
  next: null,
  state: 'loading',
  error: null,
  walked: null,
  figures: NONE,
  approx: false,
});

export class Board {
  readonly columns: Column[];
  readonly fresh = new Set<number>();
  /** How a search that matched nothing as it stood was read. */
  reading: Reading = {};
  readonly question: Question;
  #changed: () => void;
  #off: (() => void)[] = [];
  #abort = new AbortController();
  #turn = 0; // what a reading before the last load() brings is of another board
  #words: string;
  #isCounted = false; // the figures are the aggregate's, not those of the lists
  #isBlind = false; // read before the stream was open: changes in between would be missed
  #loaded: Promise<void> = Promise.resolve();
  #pending = new Set<number>();
  #held = new Set<number>();
  #readings = 0; // of columns, that are under way
  #meanwhile = new Set<number>(); // records that were changed during them: what they bring may be older
  #calm: Promise<void> = Promise.resolve();
  #thaw: (() => void) | null = null;
  #gathering = 0;
  #counting = 0;
  #again = 0;

  constructor(question: Question, changed: () => void) {
    this.question = question;
    this.#words = question.q;
    this.#changed = changed;
    this.columns = question.stages.map(emptyColumn);
  }

  start(): this {
    this.#off = [
      on('record', (event) => this.#event(event)),
      on('reset', () => void this.load()),
      on('many', (event) => {
        if (event.entity === this.question.entity) this.#loadSoon();
      }),
      link.watch(({ state }) => {
        if (state === 'live' && this.#isBlind) void this.load();
      }),
    ];
    void this.load();
    return this;
  }

  stop(): void {
    this.#abort.abort();
    for (const timer of [this.#gathering, this.#counting, this.#again]) clearTimeout(timer);
    for (const off of this.#off) off();
    this.#off = [];
    this.thaw();
  }

  /** Nothing changes place until thaw(). */
  freeze(): void {
    this.#calm = this.#thaw ? this.#calm : new Promise((done) => (this.#thaw = done));
  }

  thaw(): void {
    this.#thaw?.();
    this.#thaw = null;
  }

  get isSettled(): boolean {
    return this.columns.every(({ state }) => state !== 'loading');
  }

  /** Which records these are, as a question for figures: words as they were read. */
  get counted(): { where: Condition | true; q: string } {
    return { where: this.question.where, q: this.#words };
  }

  /** What all columns add up to, and whether that is the least there is. */
  get total(): Figures & { approx: boolean } {
    const all = this.columns.reduce((sum, { figures }) => plus(sum, figures), NONE);
    return { ...all, approx: this.columns.some(({ approx }) => approx) };
  }

  columnOf(id: number): Column | undefined {
    return this.columns.find(({ rows }) => rows.some((row) => row.id === id));
  }

  find(id: number): Row | undefined {
    return this.columnOf(id)?.rows.find((row) => row.id === id);
  }

  load(): Promise<void> {
    this.#isBlind = link.value.state !== 'live';
    const turn = ++this.#turn;
    this.#loaded = this.#load(turn);
    return this.#loaded;
  }

  async #load(turn: number): Promise<void> {
    for (const column of this.columns) if (column.state === 'error') column.state = 'loading';
    this.#tell();
    try {
      if (this.question.q) await this.#read(turn);
    } catch (error) {
      if (this.#isOf(turn)) this.columns.forEach((column) => this.#failed(column, error));
      return this.#tell();
    }
    await Promise.all(this.columns.map((column) => this.#part(column, turn, null)));
    if (this.#isOf(turn)) void this.#count();
  }

  #isOf(turn: number): boolean {
    return turn === this.#turn && !this.#abort.signal.aborted;
  }

  /** The columns have to be of one reading of the words, though each is asked for by itself. */
  async #read(turn: number): Promise<void> {
    const search = pageSearch(this.question.query, this.question.sort, 1);
    const page = await firstPage(this.question.entity, search, this.#abort.signal);
    if (!this.#isOf(turn)) return;
    this.reading = { read_as: page.read_as, corrected: page.corrected };
    this.#words = page.read_as ?? page.corrected ?? this.question.q;
  }

  #list(search: URLSearchParams): Promise<Page> {
    return api.list(this.question.entity, search, this.#abort.signal);
  }

  /** The rows of this board, without a stage. */
  get #query(): URLSearchParams {
    const search = new URLSearchParams(this.question.query);
    if (this.#words) search.set('q', this.#words);
    return search;
  }

  /** Further cards of a column. */
  more(column: Column): Promise<void> {
    if (!column.next || column.state !== 'ready') return Promise.resolve();
    column.state = 'more';
    this.#tell();
    return this.#part(column, this.#turn, column.next);
  }

  /** A column that could not be read is asked for again. */
  retry(column: Column): Promise<void> {
    column.state = 'loading';
    this.#tell();
    return this.#part(column, this.#turn, null);
  }

  async #part(column: Column, turn: number, after: string | null): Promise<void> {
    const { sort, measured } = this.question;
    const limit = after ? PART : Math.min(MOST, Math.max(PART, column.rows.length));
    const search = pageSearch(this.#query, sort, limit);
    search.set(measured.stage, column.stage.v);
    if (after) search.set('after', after);
    let isVain = false; // a part of a long column in which there was no card
    this.#readings += 1;
    try {
      const page = await this.#list(search);
      await this.#calm;
      if (this.#isOf(turn)) {
        this.#took(column, page, after !== null);
        isVain = !!page.partial && !page.rows.length && column.next !== null;
        if (isVain) column.state = 'more';
      }
    } catch (error) {
      if (!this.#isOf(turn)) return;
      if (after && error instanceof ApiError && error.code === 'bad_cursor') return this.#part(column, turn, null);
      this.#failed(column, error);
    } finally {
      this.#wasRead();
    }
    this.#tell();
    if (isVain && this.#isOf(turn)) void this.#part(column, turn, column.next);
  }

  #wasRead(): void {
    this.#readings -= 1;
    if (this.#readings) return;
    for (const id of this.#meanwhile) this.touch(id);
    this.#meanwhile.clear();
  }

  #failed(column: Column, error: unknown): void {
    column.error = error instanceof ApiError ? error : new ApiError({ status: 0, code: 'internal' });
    column.state = column.rows.length ? 'ready' : 'error';
  }

  /** Rows of another reading of the words are none of this board's. */
  #rowsOf(page: Page): Row[] {
    return page.read_as || page.corrected ? [] : page.rows;
  }

  /** Whether a row that has come for `column` has left it meanwhile. Where it stands elsewhere is else over. */
  #isLate(column: Column, row: Row): boolean {
    const other = this.columns.find((one) => one !== column && one.rows.some(({ id }) => id === row.id));
    const known = other?.rows.find(({ id }) => id === row.id);
    if (!other || !known) return false;
    if (known.rev > row.rev || this.#held.has(row.id)) return true;
    other.rows = other.rows.filter((one) => one !== known);
    return false;
  }

  #took(column: Column, page: Page, isMore: boolean): void {
    const rows = this.#rowsOf(page);
    const known = new Set(isMore ? column.rows.map(({ id }) => id) : []);
    const further = rows.filter((row) => !known.has(row.id) && !this.#isLate(column, row));
    column.rows = [...(isMore ? column.rows : []), ...further];
    column.next = rows === page.rows ? page.next : null;
    column.walked = page.partial ? (page.walked ?? 0) : null;
    column.state = 'ready';
    column.error = null;
    if (this.#isCounted) return;
    const total = rows === page.rows ? (page.total ?? column.rows.length) : 0;
    column.figures = { n: Math.max(total, column.rows.length), sums: [] };
    column.approx = !!page.approx && column.next !== null;
  }

  /** Where they cannot be had in time, the columns keep the counts of their lists and show no sums. */
  async #count(): Promise<void> {
    const turn = this.#turn;
    const { entity, measured, where } = this.question;
    const body = questionOf(measured, where, this.#words);
    try {
      const path = `/${entity}/aggregate`;
      const { signal } = this.#abort;
      const { rows } = await request<{ rows: Record<string, unknown>[] }>(path, { method: 'POST', body, signal });
      await this.#calm;
      if (!this.#isOf(turn)) return;
      const all = figuresOf(rows, measured);
      for (const column of this.columns) {
        column.figures = all.get(column.stage.v) ?? NONE;
        column.approx = false;
      }
      this.#isCounted = true;
    } catch (error) {
      if (!(error instanceof ApiError) && !this.#abort.signal.aborted) throw error;
    }
    this.#tell();
  }

  #countSoon(): void {
    clearTimeout(this.#counting);
    this.#counting = window.setTimeout(() => void this.#count(), RECOUNT);
  }

  /** Not at every slice of a batch, but after the last one too. */
  #loadSoon(): void {
    this.#again ||= window.setTimeout(() => {
      this.#again = 0;
      void this.load();
    }, SETTLE);
  }

  /** Whoever has left must not be told of what comes late. */
  #tell(): void {
    if (!this.#abort.signal.aborted) this.#changed();
  }

  #event(event: RecordEvent): void {
    if (event.entity !== this.question.entity) return;
    this.#countSoon();
    if (this.#readings) this.#meanwhile.add(event.id);
    const known = this.find(event.id);
    if (known && event.op === 'updated' && event.rev !== undefined && event.rev <= known.rev) return;
    if (event.op === 'gone' || event.op === 'deleted') void this.#calm.then(() => this.drop(event.id));
    else this.touch(event.id);
  }

  /** Reads a record anew, also one that this page itself has written, without waiting for its event. */
  touch(id: number): void {
    this.#pending.add(id);
    clearTimeout(this.#gathering);
    this.#gathering = window.setTimeout(() => void this.#reread(), GATHER);
  }

  /** What others see of the record waits while it is being written here. */
  hold(id: number): void {
    this.#held.add(id);
  }

  release(id: number): void {
    this.#held.delete(id);
    this.touch(id);
    this.#countSoon();
  }

  async #reread(): Promise<void> {
    await Promise.all([this.#loaded, this.#calm]);
    const ids = [...this.#pending].filter((id) => !this.#held.has(id));
    if (!ids.length || this.#abort.signal.aborted) return;
    for (const id of ids) this.#pending.delete(id);
    if (ids.length > MOST_AT_ONCE) return this.load();
    const search = this.#query;
    search.set('id.in', ids.join(','));
    search.set('limit', String(ids.length));
    const page = await firstPage(this.question.entity, search, this.#abort.signal).catch(() => null);
    await this.#calm;
    if (this.#abort.signal.aborted) return;
    const here = page && new Map(this.#rowsOf(page).map((row) => [row.id, row]));
    for (const id of ids) {
      const row = here?.get(id);
      if (!here || this.#held.has(id)) this.#pending.add(id); // with the next one that changes
      else if (row) this.put(row);
      else this.#take(id);
    }
    this.#tell();
  }

  /** A card that others have put behind those that are shown waits for its page; one's own is shown in any case. */
  put(row: Row, isOwn = false): void {
    const { measured, sort } = this.question;
    const to = this.columns.find(({ stage }) => stage.v === row[measured.stage]);
    const was = this.columnOf(row.id);
    const isHere = to && was === to;
    const rows = to && placed(to.rows, row, sort);
    if (was) this.#take(row.id);
    if (!to || !rows) return;
    to.figures = plus(to.figures, figuresOfRow(row, measured));
    if (!isOwn && !isHere && to.next && rows.at(-1) === row) return;
    to.rows = rows;
    this.#highlight(row.id);
  }

  drop(id: number): void {
    this.#take(id);
    this.#tell();
  }

  #take(id: number): void {
    const column = this.columnOf(id);
    const row = column?.rows.find((one) => one.id === id);
    if (!column || !row) return;
    column.rows = column.rows.filter((one) => one !== row);
    column.figures = plus(column.figures, figuresOfRow(row, this.question.measured), -1);
  }

  #highlight(id: number): void {
    this.fresh.add(id);
    window.setTimeout(() => {
      this.fresh.delete(id);
      this.#tell();
    }, GLOW);
  }
}
