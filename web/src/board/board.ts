// The board of a list: a column for each stage. Cards are moved by the pointer, by keys, or from a menu. On a phone one
// stage is in sight, and the others are a swipe or a tab away.
import { html, nothing, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { El } from '../ui/element.ts';
import { failure } from '../ui/parts.ts';
import { toggleAt } from '../ui/pop.ts';
import { toast } from '../ui/toast.ts';
import { readingNote } from '../views/list-find.ts';
import type { NextSteps } from '../views/next-steps.ts';
import { label } from '../fields/view.ts';
import { api } from '../core/api.ts';
import { conditionOf, query, sortOf, type ListState } from '../core/filter.ts';
import { capital, lang, t } from '../core/i18n.ts';
import { entityOf, fieldOf, meta, stageField, stagesOf, titleOf, viewName } from '../core/meta.ts';
import { narrow } from '../core/narrow.ts';
import { Watch } from '../core/store.ts';
import type { ListView, Row, Stage } from '../core/types.ts';
import './ask.ts';
import type { MoveAsk } from './ask.ts';
import { column, countText, ghost, marksOf, type Drawn, type Hand, type Offer } from './column.ts';
import { Drag } from './drag.ts';
import { faceOf, moneyField } from './face.ts';
import { denial, judge } from './judge.ts';
import { keyed, ListedKeys, type Keyed } from './keys.ts';
import { Board, type Column, type Question } from './model.ts';
import { MENU, moveMenu } from './move-menu.ts';
import { Mover } from './mover.ts';
import { columnsOf } from './order.ts';

const LATE = 120; // ms after which cards that are waited for are told by dimming those before them

/** A card in the hand, with its record, which says where it may go, once that has come. */
interface Carried extends Hand {
  by: 'pointer' | 'keys';
  picked: Promise<Row>;
  record: Row | null;
}

class BoardView extends El {
  static override properties = {
    entity: {},
    view: { attribute: false },
    state: { attribute: false, hasChanged: (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b) },
    none: { attribute: false },
    without: { attribute: false },
    next: { attribute: false },
    nextAt: { attribute: false },
    said: { state: true },
    hand: { state: true },
    menu: { state: true },
    at: { state: true },
    isLate: { state: true },
  };
  entity = '';
  view!: ListView;
  state!: ListState;
  /** What is shown where no column has a card, and what that says of the filters, once it is known. */
  none: () => TemplateResult = () => html``;
  without: unknown = null;
  /** What is planned about the records, and how often that has changed. */
  next: NextSteps | null = null;
  nextAt = 0;
  said = '';
  hand: Carried | null = null;
  menu: { row: Row; record: Row | null } | null = null;
  /** The stage that a phone shows. */
  at = '';
  isLate = false;
  #watch = new Watch(this, meta, lang, narrow);
  #key = '';
  #board: Board | null = null;
  /** What is shown, soon dimmed, until the cards that were asked for in its place are there. */
  #before: Board | null = null;
  #late = 0;
  #told = '';
  #named = ''; // the stage in the address
  #moves = new Map<number, { to: string; done: Promise<void> }>(); // under way, by card
  #focus = 0; // the card that gets the focus once it is drawn in its new place
  #drag = new Drag({
    board: () => this.querySelector<HTMLElement>('.board'),
    lift: (id) => this.#take(id, 'pointer'),
    over: (stage) => this.#over(stage),
    drop: (stage) => this.#drop(stage),
    cancel: () => this.#putBack(),
  });
  #listed = new ListedKeys(this, () => this.#isMovable);
  #touched = { handleEvent: (event: TouchEvent) => this.#drag.touched(event), passive: false };

  override connectedCallback(): void {
    super.connectedCallback();
    void [this.#watch, this.#listed];
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#drag.cancel();
    this.#board?.stop();
    this.#board = this.#before = null;
    this.#key = '';
    clearTimeout(this.#late);
  }

  get #stages(): Stage[] {
    return stagesOf(this.entity);
  }
  get #isMovable(): boolean {
    return !!entityOf(this.entity)?.can.update;
  }
  get #shown(): Board {
    return this.#before ?? this.#board!;
  }

  get #question(): Question {
    const { entity, state, view } = this;
    const user = meta.value?.user.id ?? 0;
    const stage = stageField(entity)!;
    const money = moneyField(entity, view);
    const currency = money ? fieldOf(entity, money)?.currencyField : undefined;
    return {
      entity,
      stages: columnsOf(this.#stages, state.chips[stage]),
      query: query(state, view, user),
      where: conditionOf(state, view, user, (name) => fieldOf(entity, name)?.type),
      q: state.q.trim(),
      sort: sortOf(state, view),
      measured: {
        stage,
        money,
        currency: currency && fieldOf(entity, currency) ? currency : null,
        home: meta.value?.currency ?? 'RUB',
      },
    };
  }

  override willUpdate(): void {
    const question = this.#question;
    const names = question.stages.map(({ v }) => v);
    const key = `${this.entity}?${question.query}&${question.sort}&${names}`;
    if (!names.includes(this.at)) this.at = names[0] ?? '';
    if (key === this.#key) return;
    const isOther = !this.#key.startsWith(`${this.entity}?`);
    this.#key = key;
    this.#drag.cancel();
    this.#putBack();
    const last = this.#board && !isOther && this.#shown.isSettled ? this.#shown : null;
    this.#board?.stop();
    this.#keep(last);
    this.#told = '';
    this.#board = new Board(question, () => this.#changed()).start();
  }

  #keep(before: Board | null): void {
    this.#before = before;
    clearTimeout(this.#late);
    if (before) this.#late = window.setTimeout(() => (this.isLate = true), LATE);
    else this.isLate = false;
  }

  #changed(): void {
    if (this.#before && this.#board?.isSettled) this.#keep(null);
    this.requestUpdate();
  }

  override updated(): void {
    this.#drag.follow();
    this.#tell();
    this.#toNamed();
    if (!this.#focus || document.querySelector('dialog[open]')) return;
    const id = this.#focus;
    this.#focus = 0;
    if (document.activeElement !== document.body) return;
    const card = narrow.value ? null : this.#linkOf(id); // on a phone it is out of sight, and that would scroll to it
    (card ?? this.querySelector<HTMLElement>('.board'))?.focus({ preventScroll: narrow.value });
  }

  /** The list shows above what the columns add up to. */
  #tell(): void {
    const board = this.#board;
    if (!board?.isSettled || board !== this.#shown) return;
    const { total } = board;
    const told = JSON.stringify(total);
    if (told === this.#told) return;
    if (!this.#told) this.#toFilled(board);
    this.#told = told;
    this.dispatchEvent(new CustomEvent('ui-figures', { bubbles: true, detail: total }));
  }

  #linkOf(id: number): HTMLElement | null {
    return this.querySelector(`li[data-id="${id}"] .kcard-open`);
  }

  /** The button that brought the cards of a column is gone. */
  async #refocus({ rows }: Column): Promise<void> {
    await this.updateComplete;
    if (document.activeElement === document.body) this.#linkOf(rows.at(-1)?.id ?? 0)?.focus();
  }

  /* ---- carrying ---- */

  #take(id: number, by: Carried['by']): void {
    const row = this.#board?.find(id);
    if (!row || !this.#isMovable) return;
    const from = String(row[stageField(this.entity)!]);
    const picked = api.record(this.entity, id);
    this.hand = { row, from, over: by === 'keys' ? from : null, by, picked, record: null };
    this.#board!.freeze();
    this.said = t('board.taken', { name: titleOf(this.entity, row), stage: this.#nameOf(from) });
    void picked.then(
      (record) => this.#know(picked, record),
      () => undefined, // told of when the card is let go
    );
  }

  /** Where the carried card may go is known from now on. */
  #know(picked: Promise<Row>, record: Row): void {
    const { hand } = this;
    if (hand?.picked !== picked) return;
    this.hand = { ...hand, record };
    if (hand.over && hand.over !== hand.from) this.said = this.#overText(hand.over);
  }

  #nameOf(stage: string): string {
    return t(this.#stages.find(({ v }) => v === stage)?.l ?? stage);
  }

  #offer(stage: string): Offer | null {
    const { hand } = this;
    const to = this.#stages.find(({ v }) => v === stage);
    if (!hand || !to || stage === hand.from) return null;
    if (!hand.record) return { kind: 'unknown', text: '' };
    const verdict = judge(this.entity, hand.record, to);
    if (verdict.kind === 'denied') {
      const from = this.#stages.find(({ v }) => v === hand.from);
      return { kind: 'denied', text: denial(hand.record, from, to) };
    }
    return { kind: 'free', text: verdict.kind === 'asks' ? this.#needs(verdict.fields) : '' };
  }

  #needs(fields: string[]): string {
    return t('board.needs', { names: fields.map((name) => label(this.entity, name)).join(', ') });
  }

  #over(stage: string | null): void {
    if (!this.hand) return;
    this.hand = { ...this.hand, over: stage };
    if (stage) this.said = this.#overText(stage);
  }

  #overText(stage: string): string {
    const offer = this.#offer(stage);
    const name = this.#nameOf(stage);
    if (offer?.kind === 'denied') return t('board.over.denied', { stage: name, why: offer.text });
    return offer?.text ? `${t('board.over', { stage: name })} ${offer.text}` : t('board.over', { stage: name });
  }

  #drop(stage: string | null): void {
    const { hand } = this;
    const to = this.#stages.find(({ v }) => v === stage);
    if (!hand || !to || stage === hand.from) return this.#putBack();
    this.hand = null;
    this.said = '';
    this.#board!.thaw();
    this.#send(hand.row, to, hand.picked);
  }

  #putBack(): void {
    const { hand } = this;
    if (!hand) return;
    this.hand = null;
    this.#board?.thaw();
    this.said = t('board.back', { name: titleOf(this.entity, hand.row), stage: this.#nameOf(hand.from) });
  }

  /** A card that is still on its way goes on from where it then stands: of two moves at once the first would seem another's. */
  #send(row: Row, to: Stage, picked?: Promise<Row>): void {
    const board = this.#board!;
    const before = this.#moves.get(row.id);
    if (before?.to === to.v) return;
    const mover = new Mover({
      entity: this.entity,
      board,
      stages: this.#stages,
      ask: async (asking) => this.querySelector<MoveAsk>('crm-move-ask')?.ask(asking), // given up when the board is gone
      changed: () => {
        this.#focus = row.id;
        this.requestUpdate();
      },
    });
    const go = () => mover.move(board.find(row.id) ?? row, to, before ? undefined : picked);
    const move = { to: to.v, done: before ? before.done.then(go) : go() };
    this.#moves.set(row.id, move);
    const over = () => this.#moves.get(row.id) === move && this.#moves.delete(row.id);
    void move.done.finally(over);
  }

  /* ---- keys ---- */

  #keys: Keyed = {
    columns: () => this.#board!.columns,
    carried: () => (this.hand?.by === 'keys' ? (this.hand.over ?? this.hand.from) : null),
    take: (id) => this.#take(id, 'keys'),
    over: (stage) => {
      this.#over(stage);
      this.#toColumn(stage);
    },
    drop: (stage) => {
      if (this.#offer(stage)?.kind === 'denied') toast({ text: this.#overText(stage), icon: 'ban', kind: 'warn', key: 'denied' });
      else this.#drop(stage);
    },
    putBack: () => this.#putBack(),
    send: (id, stage) => {
      if (this.#isMovable) this.#send(this.#board!.find(id)!, this.#stages.find(({ v }) => v === stage)!);
    },
    focus: (id) => this.#linkOf(id)?.focus(),
  };

  #keyed(event: KeyboardEvent): void {
    if (!this.#before && !event.defaultPrevented && keyed(this.#keys, event)) event.preventDefault();
  }

  /** A card that is carried by keys is put back when the focus leaves it. */
  #left(): void {
    if (this.hand?.by === 'keys') this.#putBack();
  }

  /* ---- the menu of a card ---- */

  #openMenu(event: Event, row: Row): void {
    const menu = { row, record: null as Row | null };
    this.menu = menu;
    this.performUpdate(); // what is opened has to be there to get the focus
    toggleAt(event, MENU, 'end');
    void api.record(this.entity, row.id).then(
      (record) => {
        if (this.menu === menu) this.menu = { row, record };
      },
      () => undefined, // told of when a stage is chosen
    );
  }

  /* ---- a phone's columns ---- */

  #toColumn(stage: string): void {
    const box = this.querySelector<HTMLElement>(`[data-column="${CSS.escape(stage)}"]`);
    box?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  /** The stage that the address names comes into sight once it has a column. */
  #toNamed(): void {
    const { at } = this.state;
    if (!narrow.value || !at || at === this.#named || !this.querySelector(`[data-column="${CSS.escape(at)}"]`)) return;
    this.#named = at;
    if (at !== this.at) this.#toColumn(at);
  }

  /** A phone begins with the stage that its address names, else with the first that has cards. */
  #toFilled({ columns }: Board): void {
    if (columns.some(({ stage }) => stage.v === this.state.at)) return;
    const filled = columns.find(({ rows }) => rows.length);
    if (narrow.value && filled && !columns.find(({ stage }) => stage.v === this.at)?.rows.length) this.#toColumn(filled.stage.v);
  }

  #scrolled(event: Event): void {
    if (!narrow.value) return;
    const box = event.currentTarget as HTMLElement;
    const nth = Math.round(box.scrollLeft / Math.max(1, box.clientWidth));
    const stage = this.#board?.columns[nth]?.stage.v;
    if (!stage || stage === this.at) return;
    this.at = this.#named = stage;
    this.dispatchEvent(new CustomEvent('ui-stage', { bubbles: true, detail: stage }));
    const tab = this.querySelector(`[data-stage-tab="${CSS.escape(stage)}"]`);
    tab?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }

  #tabs(board: Board): TemplateResult {
    return html`<nav class="bar-row is-lined" aria-label=${t('card.stages')}>
      <div class="tabs">
        ${board.columns.map(
          (one) =>
            html`<button
              class="tab"
              data-stage-tab=${one.stage.v}
              aria-current=${one.stage.v === this.at ? 'true' : nothing}
              @click=${() => this.#toColumn(one.stage.v)}
            >
              ${t(one.stage.l)} <span class="count">${one.state === 'loading' ? '' : countText(one)}</span>
            </button>`,
        )}
      </div>
    </nav>`;
  }

  override render() {
    const board = this.#shown;
    const failed = board.columns.filter(({ state }) => state === 'error');
    const isFailed = failed.length > 0 && failed.length === board.columns.length;
    const isBare = board.columns.every(({ state, rows, next }) => state === 'ready' && !rows.length && !next);
    return html`${
      isFailed
        ? failure(failed[0]!.error!, () => void board.load())
        : isBare && !board.total.n
          ? this.none()
          : this.#columns(board)
    }${this.#layers(board)}`;
  }

  #columns(board: Board): TemplateResult {
    const drawn = this.#drawn(board);
    return html`${narrow.value ? this.#tabs(board) : nothing} ${readingNote(board.reading)}
      <div
        class="board ${this.hand ? 'is-carrying' : ''} ${this.isLate ? 'is-late' : ''}"
        role="region"
        tabindex="0"
        aria-label=${t('board.of', { name: capital(t(entityOf(this.entity)!.label.many)) })}
        aria-busy=${this.#before || !board.isSettled ? 'true' : 'false'}
        @keydown=${(e: KeyboardEvent) => this.#keyed(e)}
        @focusout=${() => this.#left()}
        @scroll=${(e: Event) => this.#scrolled(e)}
        @touchmove=${this.#touched}
      >
        ${board.columns.map((one) => guard([...marksOf(drawn, one), this.view, lang.value, meta.value], () => column(drawn, one)))}
      </div>`;
  }

  /** What stands beside the columns: the card under the pointer, the menu, the dialog, and what is said. */
  #layers(board: Board): TemplateResult {
    const { hand } = this;
    return html`<p class="sr" id="board-help">${t('board.help')}</p>
      <div class="sr" aria-live="assertive" data-said>${this.said}</div>
      ${hand?.by === 'pointer' ? ghost(this.#drawn(board), hand.row) : nothing}
      ${moveMenu({
        entity: this.entity,
        row: this.menu?.row ?? null,
        record: this.menu?.record ?? null,
        stages: this.#stages,
        onMove: (stage) => this.#send(this.menu!.row, stage),
      })}
      <crm-move-ask .entity=${this.entity}></crm-move-ask>`;
  }

  #drawn(board: Board): Drawn {
    return {
      entity: this.entity,
      face: faceOf(this.entity, this.view),
      narrowed: this.view.filter?.length ? viewName(this.view) : null,
      fresh: board.fresh,
      hand: this.hand,
      offer: (stage) => this.#offer(stage),
      onDown: (event) => this.#down(event),
      onMenu: (event, row) => this.#openMenu(event, row),
      mark: (row) => this.next?.mark(this.entity, row) ?? nothing,
      idle: (stage) => this.next?.idleText(this.entity, stage, board.counted) ?? null,
      marked: this.nextAt,
      isMovable: this.#isMovable,
      onMore: (one) => void board.more(one).then(() => this.#refocus(one)),
      onRetry: (one) => void board.retry(one).then(() => this.#refocus(one)),
    };
  }

  /** Cards that are about to be replaced are not carried, nor is anything on a phone, where one column is in sight. */
  #down(event: PointerEvent): void {
    if (narrow.value || this.#before || this.hand || !this.#isMovable) return;
    this.#drag.down(event, event.currentTarget as HTMLElement);
  }
}

customElements.define('crm-board', BoardView);
