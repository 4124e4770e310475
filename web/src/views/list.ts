// The list of an entity: saved views as tabs, filters as chips, rows that follow the event stream. All of its state
// stands in the address.
import { html, noChange, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { failure, skeletonRows } from '../ui/parts.ts';
import { RowWindow } from '../ui/window.ts';
import { binActions } from './bin.ts';
import { loadBar } from './bulk-open.ts';
import type { Chosen } from './bulk.ts';
import { binNote, filterBar, viewTabs } from './list-bars.ts';
import { countWithout, ViewCounts } from './list-counts.ts';
import { emptyList } from './list-empty.ts';
import { ListFind, readingNote } from './list-find.ts';
import { bindList } from './list-keys.ts';
import { loadBoard, lookSwitch } from './list-look.ts';
import { listMenu, openExport } from './list-menu.ts';
import { loaded } from '../ui/later.ts';
import { FootFocus, WalkVoice, more } from './more.ts';
import { NextSteps } from './next-steps.ts';
import { Selection } from './selection.ts';
import { cardHeight, cards } from './cards.ts';
import { table, type Shown } from './rows.ts';
import type { Sorting } from './sort-menu.ts';
import { type Names, loadNames } from './chips.ts';
import { mayBulk } from '../core/batch.ts';
import { on } from '../core/events.ts';
import { atLeast, money } from '../core/fmt.ts';
import { chosenColumns } from '../core/columns.ts';
import { conditionOf, isPlain, nextSort, query, readState, sortOf, writeState, type ListState } from '../core/filter.ts';
import { capital, lang, t } from '../core/i18n.ts';
import { entityOf, fieldOf, meta, stagesOf, titleOf } from '../core/meta.ts';
import { narrow, width } from '../core/narrow.ts';
import { Records } from '../core/records.ts';
import { go, openCard, place } from '../core/router.ts';
import { allViews, isAwaited, readSaved, saved } from '../core/saved.ts';
import { Watch } from '../core/store.ts';
import type { ListView } from '../core/types.ts';
import { isNumeric } from '../fields/view.ts';
import { slots } from '../plugins/part.ts';

const ROW = 40,
  LATE = 120; // ms after which rows that are waited for are told by dimming those before them

/** What the columns of a board add up to. */
interface Figures {
  n: number;
  sums: { currency: string; amount: number }[];
  approx: boolean;
}

class List extends El {
  static override properties = {
    entity: {},
    search: { attribute: false, hasChanged: (a: unknown, b: unknown) => String(a) !== String(b) },
    at: { state: true },
    without: { state: true },
    said: { state: true },
    isLate: { state: true },
    figures: { state: true },
  };
  entity = '';
  search = new URLSearchParams();
  at = -1;
  without: { field: string; total: number }[] = [];
  said = '';
  isLate = false;
  figures: Figures | null = null;
  #chosen = new Selection(() => {
    if (!this.#chosen.isEmpty) loadBar();
    this.requestUpdate();
  });
  #watch = new Watch(this, meta, lang, narrow, width, saved);
  #window = new RowWindow(this, () => void this.#records?.more());
  #records: Records | null = null;
  /** What is shown, soon dimmed, until the rows that were asked for in its place are there. */
  #before: Records | null = null;
  #voice = new WalkVoice();
  #foot = new FootFocus(this);
  #next = new NextSteps(() => this.requestUpdate());
  #key = '';
  #names: Names = new Map();
  #off: (() => void)[] = [];
  #find = new ListFind((q) => {
    // Not once a card has been opened over the list: it would be closed.
    if (place.value.name === 'list' && q !== this.#state.q) this.#to({ q }, true);
  });
  #counts = new ViewCounts(this, () => this.#views.filter((view) => view.id !== this.#view.id || !this.#isPlain()));
  #late = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    void [this.#watch, this.#foot];
    this.#off = [
      bindList({
        move: (step) => this.#move(step),
        isRows: () => !this.#isBoard,
        isAt: () => this.at >= 0,
        open: () => this.#openAt(),
        mayEdit: () => this.#mayEdit,
        edit: () => void this.#edit(),
        mayPick: () => this.#pickable,
        pick: () => this.#chosen.toggle(this.#records!.rows, this.#records!.rows[this.at].id, false),
        isPicking: () => this.#chosen.isShown,
        clear: () => this.#chosen.clear(),
        find: () => this.querySelector<HTMLInputElement>('#list-q')?.focus(),
        mayCreate: () => !!entityOf(this.entity)?.can.create,
        create: () => this.#create(),
      }),
      on('record', (event) => {
        if (event.entity === this.entity) this.#counts.soon();
      }),
    ];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const off of this.#off) off();
    this.#forget();
    this.#counts.stop();
    this.#next.stop();
    clearTimeout(this.#late);
    this.#find.stop();
  }

  get #shown(): Records {
    return this.#before ?? this.#records!;
  }

  get #views(): ListView[] {
    return allViews(this.entity);
  }
  get #state(): ListState {
    return readState(this.search, this.#views);
  }
  get #view(): ListView {
    const { view, columns } = this.#state;
    return { ...this.#views.find(({ id }) => id === view)!, ...chosenColumns(this.entity, columns) };
  }
  /** It is not known yet which list is asked for. */
  get #isWaiting(): boolean {
    return isAwaited(this.entity, this.search);
  }

  /** Records with stages can be looked at as a board of them. */
  get #hasBoard(): boolean {
    return !this.#state.bin && stagesOf(this.entity).length > 0;
  }
  get #isBoard(): boolean {
    return this.#hasBoard && !!this.#state.board;
  }

  override willUpdate(): void {
    readSaved(this.entity);
    if (this.#isWaiting) return this.#forget();
    const state = this.#state;
    const wanted = query(state, this.#view, meta.value?.user.id ?? 0);
    const sort = sortOf(state, this.#view);
    const key = `${this.entity}?${wanted}&${sort}${this.#isBoard ? '&board' : ''}`;
    this.#window.rowHeight = narrow.value ? cardHeight(this.entity, this.#view) : ROW;
    if (key === this.#key) return;
    const isOther = !this.#key.startsWith(`${this.entity}?`);
    if (isOther) this.#counts.clear();
    if (isOther) this.#find.stop();
    this.#key = key;
    this.#records?.stop();
    const last = isOther || this.#isBoard || !this.#records ? null : this.#shown;
    this.#keep(last?.state === 'loading' ? null : last);
    this.at = -1;
    if (this.#chosen.isShown) this.#chosen.clear();
    this.without = [];
    this.figures = null;
    void loadNames(this.entity, state.chips, this.#names).then((found) => {
      if (found) this.requestUpdate();
    });
    if (this.#isBoard) {
      this.#records = null; // the board has its own
      return;
    }
    if (!this.#before) this.#window.top();
    const onNew = (row: { id: number }) => {
      this.said = t('list.arrived', { name: titleOf(this.entity, row as never) });
    };
    this.#records = new Records(this.entity, wanted, sort, () => this.#changed(), { onNew }).start();
  }

  #forget(): void {
    this.#records?.stop();
    this.#records = this.#before = null;
    this.#key = '';
  }

  /** Most answers come before anyone would see the dimming, which costs as much as drawing the rows. */
  #keep(before: Records | null): void {
    this.#before = before;
    clearTimeout(this.#late);
    if (before) this.#late = window.setTimeout(() => (this.isLate = true), LATE);
    else this.isLate = false;
  }

  override updated(): void {
    this.#window.follow(this.querySelector<HTMLElement>('.table-wrap'));
  }

  #changed(): void {
    const records = this.#records!;
    if (this.#before && records.state !== 'loading') {
      this.#keep(null);
      this.#window.top();
      if (records.total !== null && records.walked === null)
        this.said = t('list.found', { count: atLeast(records) });
    }
    this.said = this.#voice.say(records) ?? this.said;
    if (records.state === 'ready') {
      if (this.#isPlain() && records.total !== null)
        this.#counts.set(this.#view.id, { total: records.total, approx: records.approx });
      this.#counts.once();
      if (!records.rows.length && records.walked === null) void this.#countWithout();
    }
    this.requestUpdate();
  }

  get #pickable(): boolean {
    return mayBulk(this.entity);
  }

  get #what(): Chosen {
    const { total, approx, reading } = this.#records!;
    const where = conditionOf(
      this.#state,
      this.#view,
      meta.value?.user.id ?? 0,
      (name) => fieldOf(this.entity, name)?.type,
    );
    const q = reading.read_as ?? reading.corrected ?? this.#state.q.trim(); // whose rows are shown
    const all = { where, q, total: total ?? 0, approx };
    return { ids: [...this.#chosen.ids], all: this.#chosen.isAll ? all : null };
  }

  #bulk(records: Records) {
    const chosen = this.#chosen;
    if (chosen.isEmpty) return nothing;
    const isMore = records.total !== null && records.total > chosen.ids.size;
    return html`<crm-bulk
      .entity=${this.entity}
      .chosen=${this.#what}
      .offer=${isMore ? { total: records.total!, approx: records.approx } : null}
      ?bin=${this.#state.bin}
      @ui-all=${() => chosen.all()}
      @ui-none=${() => chosen.clear()}
      @ui-done=${() => chosen.clear()}
    ></crm-bulk>`;
  }

  /** The board says what its columns add up to. */
  #counted(figures: Figures): void {
    this.figures = figures;
    if (this.#isPlain()) this.#counts.set(this.#view.id, { total: figures.n, approx: figures.approx });
    this.#counts.once();
    if (!figures.n) void this.#countWithout();
  }

  /** Which stage a phone's board shows; not once a card has been opened over it: it would be closed. */
  #at(at: string): void {
    if (place.value.name === 'list' && at !== this.#state.at) this.#to({ at }, true);
  }

  #isPlain(): boolean {
    return isPlain(this.#state, this.#view);
  }

  async #countWithout(): Promise<void> {
    const key = this.#key;
    const found = await countWithout(this.entity, this.#state, this.#view);
    if (key === this.#key) this.without = found;
  }

  #to(change: Partial<ListState>, replace = false): void {
    go(`/e/${this.entity}${writeState({ ...this.#state, ...change }, this.#views)}`, { replace });
  }

  #setChips(changed: ListState['chips']): void {
    const all = Object.entries({ ...this.#state.chips, ...changed });
    this.#to({ chips: Object.fromEntries(all.filter(([, values]) => values.length)) });
  }

  #move(step: number): void {
    const rows = this.#records?.rows ?? [];
    if (!rows.length) return;
    this.at = Math.max(0, Math.min(rows.length - 1, this.at + step));
    this.#window.show(this.at);
  }

  #openAt(): void {
    const row = this.#records?.rows[this.at];
    if (row) openCard(this.entity, row.id);
  }

  /** In the rows themselves: on a phone there is no room, and what lies in the bin is not changed. */
  get #mayEdit(): boolean {
    return !narrow.value && !this.#state.bin && !!entityOf(this.entity)?.can.update;
  }

  /** Its file comes with the first row that the pointer is over, or with the key. */
  async #edit(): Promise<void> {
    const row = this.#records?.rows[this.at];
    if (row && (await loaded(import('./cell-edit.ts')))) await this.querySelector('crm-cell')?.begin(row.id);
  }

  #point = (event: MouseEvent) => {
    if ((event.target as Element).closest('td')) void import('./cell-edit.ts').catch(() => undefined);
  };

  #create(): void {
    openCard(this.entity, 'new');
  }

  override render() {
    const entity = entityOf(this.entity)!;
    if (this.#isWaiting) return skeletonRows(12);
    document.title = `${t(entity.label.many)} — ${meta.value?.title ?? ''}`;
    return html`<div class="list" data-entity=${this.entity}>
      <header class="head">
        <h1 class="title">
          ${this.#state.bin ? t('bin.title', { name: t(entity.label.many) }) : capital(t(entity.label.many))}
        </h1>
        ${this.#total()}
        <div class="actions">
          ${this.#find.field(this.#state.q)}
          ${this.#hasBoard ? lookSwitch(this.#isBoard, (board) => this.#to({ board })) : nothing}
          ${this.#state.bin ? nothing : listMenu(this.entity, () => this.#export())}
          ${entity.can.create && !this.#state.bin ? html`<button class="btn btn-primary create-btn" data-action="create" aria-label=${t('create.what', { name: t(entity.label.one) })} @click=${() => this.#create()}>${icon('plus', 'icon-16')}<span class="only-desk">${capital(t(entity.label.one))}</span></button>` : nothing}
        </div>
      </header>
      ${this.#state.bin ? binNote(this.entity) : viewTabs({ entity: this.entity, state: this.#state, views: this.#views, view: this.#view, counts: this.#counts.of, to: (change) => this.#to(change) })}
      ${slots('list.top', this.entity)}
      ${this.#filters()} ${this.#isBoard ? nothing : this.#bulk(this.#shown)}
      <div class="sr" role="status" aria-live="polite">${this.said}</div>
      ${this.#isBoard ? this.#board() : this.#rows()}
    </div>`;
  }

  #total() {
    if (!this.#isBoard) {
      const records = this.#shown;
      return records.total !== null ? html`<span class="count">${atLeast(records)}</span>` : nothing;
    }
    if (!this.figures) return nothing;
    const { n, sums, approx } = this.figures;
    const all = sums.filter(({ amount }) => amount).map(({ currency, amount }) => money(amount, currency));
    return html`<span class="count">${atLeast({ total: n, approx })}</span>
      ${all.length ? html`<span class="muted num only-desk" data-total>${all.join(' · ')}</span>` : nothing}`;
  }

  #rows() {
    return html`<div class="rows ${this.isLate ? 'is-late' : ''}" aria-busy=${this.#before ? 'true' : nothing} @mouseover=${this.#mayEdit ? this.#point : nothing}>
      ${this.#before ? noChange : this.#body(this.#shown)}${this.#mayEdit ? html`<crm-cell .entity=${this.entity} .records=${this.#shown}></crm-cell>` : nothing}
    </div>`;
  }

  #board() {
    return html`<div class="rows">
      <crm-gate
        .load=${loadBoard}
        .page=${html`<crm-board
          .entity=${this.entity}
          .view=${this.#view}
          .state=${this.#state}
          .none=${this.#none}
          .next=${this.#next}
          .nextAt=${this.#next.version}
          .without=${this.without}
          @ui-figures=${(e: CustomEvent<Figures>) => this.#counted(e.detail)}
          @ui-stage=${(e: CustomEvent<string>) => this.#at(e.detail)}
        ></crm-board>`}
      ></crm-gate>
    </div>`;
  }

  #export(): void {
    const search = query(this.#state, this.#view, meta.value?.user.id ?? 0);
    const sort = sortOf(this.#state, this.#view);
    if (sort.length) search.set('sort', sort.join(','));
    void openExport(this, search, this.#view.columns);
  }

  #filters() {
    const chosen = this.#chosen;
    return filterBar({
      entity: this.entity,
      chips: this.#state.chips,
      names: this.#names,
      isBin: !!this.#state.bin,
      sorting: narrow.value || this.#isBoard ? this.#sorting() : null,
      columns: narrow.value || this.#isBoard || this.#state.bin ? null : { view: this.#view, set: (columns) => this.#to({ columns }) },
      pick: this.#pickable && !this.#isBoard
        ? { isOn: chosen.isShown, toggle: () => (chosen.isShown ? chosen.clear() : chosen.open()) }
        : null,
      set: (changed) => this.#setChips(changed),
      reset: () => this.#to({ chips: {} }),
    });
  }

  #body(records: Records) {
    if (records.state === 'loading') return html`<div class="table-wrap">${skeletonRows(12)}</div>`;
    if (records.state === 'error')
      return failure(records.error!, () => {
        void records.load();
      });
    if (!records.rows.length && records.walked === null) return this.#empty();
    const rows = !records.rows.length ? nothing : narrow.value ? cards(this.#drawn(records)) : table(this.#drawn(records));
    return html`<div
      class="table-wrap"
      tabindex="0"
      role="region"
      aria-label=${capital(t(entityOf(this.entity)!.label.many))}
    >
      ${readingNote(records.reading)} ${rows} ${more(records)}
    </div>`;
  }

  #drawn(records: Records): Shown {
    const waits = (event: Event) => {
      if (this.#before) event.preventDefault();
      return this.#before !== null;
    };
    return {
      entity: this.entity,
      view: this.#view,
      records,
      window: this.#window,
      at: this.at,
      sort: sortOf(this.#state, this.#view),
      onSort: (field) => this.#sortBy(field),
      onOpen: (id) => openCard(this.entity, id),
      pick: this.#pickable
        ? {
            ids: this.#chosen.ids,
            isAll: this.#chosen.isAll,
            shown: this.#chosen.isShown,
            toggle: (id, event) => waits(event) || this.#chosen.toggle(records.rows, id, event.shiftKey),
            toggleAll: (event) => waits(event) || this.#chosen.toggleShown(records.rows),
          }
        : null,
      mark: (row) => (this.#state.bin ? nothing : this.#next.mark(this.entity, row)),
      bin: this.#state.bin ? binActions(this.entity, (id) => records.touch(id)) : null,
    };
  }

  #sorting(): Sorting {
    return {
      sort: this.#state.sort,
      onSort: (field) => (field ? this.#sortBy(field) : this.#to({ sort: null })),
    };
  }

  #sortBy(name: string): void {
    const field = fieldOf(this.entity, name);
    const sort = sortOf(this.#state, this.#view)[0] ?? null;
    this.#to({ sort: nextSort(sort, name, isNumeric(field) || /date/.test(field?.type ?? '')) });
  }

  #none = () => this.#empty();

  #empty() {
    return emptyList({
      entity: this.entity,
      isPlain: this.#isPlain(),
      isBin: !!this.#state.bin,
      best: this.without[0],
      create: () => this.#create(),
      drop: (field) => (field === 'q' ? this.#to({ q: '' }) : this.#setChips({ [field]: [] })),
      reset: () => this.#to({ q: '', chips: {} }),
    });
  }
}

customElements.define('crm-list', List);
