// The columns of a board and the cards in them.
import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { icon } from '../ui/icon.ts';
import { avatar, problemText } from '../ui/parts.ts';
import { warning } from '../views/cards.ts';
import { first, foundElsewhere } from '../views/rows.ts';
import { dotClass, label, show, summary } from '../fields/view.ts';
import { atLeast, money, number } from '../core/fmt.ts';
import { t } from '../core/i18n.ts';
import { fieldOf, isClosed, isFinal, isGood, titleOf } from '../core/meta.ts';
import type { Ref, Row } from '../core/types.ts';
import type { Face } from './face.ts';
import type { Figures } from './figures.ts';
import type { Column } from './model.ts';

/** The card that is being carried. */
export interface Hand {
  row: Row;
  from: string;
  /** The column that it is over; null: over none. */
  over: string | null;
}

/** What becomes of the carried card in a column: nothing is known yet, it may go there, or it may not. */
export interface Offer {
  kind: 'unknown' | 'free' | 'denied';
  text: string;
}

export interface Drawn {
  entity: string;
  face: Face;
  /** The view that leaves records out; null: it shows all. */
  narrowed: string | null;
  fresh: Set<number>;
  /** Some of the records can be moved by this user. */
  isMovable: boolean;
  /** What is told of a record beside its name, of a column beside its count, and how often that has changed. */
  mark: (row: Row) => TemplateResult | typeof nothing;
  idle: (stage: string) => string | null;
  marked: number;
  hand: Hand | null;
  /** Of the column, for the carried card; null: it comes from there. */
  offer: (stage: string) => Offer | null;
  onDown: (event: PointerEvent) => void;
  onMenu: (event: Event, row: Row) => void;
  onMore: (column: Column) => void;
  onRetry: (column: Column) => void;
}

export const sumText = ({ sums }: Figures): string =>
  sums
    .filter(({ amount }) => amount)
    .map(({ currency, amount }) => money(amount, currency))
    .join(' · ');

export const countText = ({ figures, approx }: Column): string => atLeast({ total: figures.n, approx });

/** What a column looks like by: while these are the same, it need not be drawn anew. */
export function marksOf({ fresh, hand, marked }: Drawn, one: Column): unknown[] {
  const { rows, next, state, error, walked, figures, approx } = one;
  const glowing = rows.filter(({ id }) => fresh.has(id)).map(({ id }) => id);
  return [one.stage, rows, next, state, error, walked, figures, approx, hand, marked, glowing.join()];
}

export function column(drawn: Drawn, one: Column): TemplateResult {
  const { stage } = one;
  const { hand } = drawn;
  const offer = hand && drawn.offer(stage.v);
  const isOver = hand?.over === stage.v;
  const marks = [
    isFinal(stage) ? 'is-final' : '',
    offer?.kind === 'denied' ? 'is-denied' : '',
    offer && offer.kind !== 'denied' && isOver ? 'is-target' : '',
  ];
  const sums = sumText(one.figures);
  const idle = isFinal(stage) ? null : drawn.idle(stage.v);
  return html`<section class="kcol ${marks.join(' ')}" data-column=${stage.v} aria-labelledby="kcol-${stage.v}">
    <header class="kcol-head">
      <h2 class="inline" id="kcol-${stage.v}">
        ${isFinal(stage) && !isGood(stage) ? icon('ban', 'icon-16') : html`<span class=${dotClass(stage.color)}></span>`}<span
          class="strong"
          >${t(stage.l)}</span
        >${one.state === 'loading' ? nothing : html`<span class="count">${countText(one)}</span>`}
      </h2>
      ${sums ? html`<span class="muted num" data-sum>${sums}</span>` : nothing}${idle ? html`<span class="is-warn small num" data-idle>${idle}</span>` : nothing}
    </header>
    ${offer?.kind === 'denied' && isOver ? stop(offer.text) : nothing}
    <div class="kcol-body">
      ${offer && offer.kind !== 'denied' && isOver ? html`<div class="kslot">${offer.text}</div>` : nothing}
      ${body(drawn, one)}
    </div>
  </section>`;
}

const stop = (text: string): TemplateResult =>
  html`<div class="kcol-stop pop">
    <span class="is-danger">${icon('ban')}</span><span class="strong">${t('board.denied')}</span
    ><span class="small muted">${text}</span>
  </div>`;

function body(drawn: Drawn, one: Column): TemplateResult {
  if (one.state === 'loading') return skeleton();
  if (one.state === 'error') return trouble(drawn, one);
  const isEmpty = !one.rows.length && one.walked === null && !one.next;
  return html`${
    one.rows.length
      ? html`<ul class="kcards">
          ${repeat(
            one.rows,
            (row) => row.id,
            (row) => card(drawn, row),
          )}
        </ul>`
      : nothing
  }${isEmpty ? html`<p class="kcol-note faint">${emptyText(drawn, one)}</p>` : nothing}${foot(drawn, one)}`;
}

/** A view of what is open has none of what is closed, which is not to be taken for none at all. */
const emptyText = ({ narrowed }: Drawn, { stage }: Column): string =>
  narrowed !== null && isFinal(stage) ? t('board.empty.view', { view: narrowed }) : t('board.empty');

const skeleton = (): TemplateResult =>
  html`<div class="kcards" aria-hidden="true">
    ${[0, 1, 2].map(() => html`<div class="kcard is-waiting"><span class="w-75"></span><span class="w-40"></span></div>`)}
  </div>`;

function trouble({ onRetry }: Drawn, one: Column): TemplateResult {
  return html`<div class="kcol-note" role="alert">
    <span class="is-danger">${problemText(one.error!)}</span>
    <button class="btn btn-sm" data-action="retry" @click=${() => onRetry(one)}>${icon('refresh', 'icon-16')}${t('retry')}</button>
  </div>`;
}

function foot({ onMore }: Drawn, one: Column): TemplateResult | typeof nothing {
  if (!one.next && !one.error) return nothing;
  const isBusy = one.state === 'more'; // the button stays, and the focus with it
  const walked = one.walked === null ? nothing : t('list.walked', { percent: number(one.walked), count: number(one.rows.length) });
  return html`<div class="kcol-note">
    ${one.error ? html`<span class="is-danger" role="alert">${problemText(one.error)}</span>` : html`<span class="muted">${walked}</span>`}
    ${one.next ? html`<button class="btn btn-sm" data-action="more" aria-disabled=${isBusy ? 'true' : 'false'} @click=${() => onMore(one)}>${t(isBusy ? 'loading' : 'list.more')}</button>` : nothing}
  </div>`;
}

function card(drawn: Drawn, row: Row): TemplateResult {
  const { entity, hand, fresh, isMovable, onDown } = drawn;
  const marks = `${hand?.row.id === row.id ? 'is-lifted' : ''} ${fresh.has(row.id) ? 'is-fresh' : ''}`;
  return html`<li class="kcard ${marks}" data-entity=${entity} data-id=${row.id} @pointerdown=${onDown}>
    <a
      class="kcard-open"
      href=${`/e/${entity}/${row.id}`}
      data-layer
      draggable="false"
      aria-describedby=${isMovable ? 'board-help' : nothing}
      @dragstart=${(e: Event) => e.preventDefault()}
      >${title(drawn, row)}</a
    >
    ${inside(drawn, row)} ${isMovable ? mover(drawn, row) : nothing}
  </li>`;
}

function mover({ entity, onMenu }: Drawn, row: Row): TemplateResult {
  return html`<button
    class="icon-btn icon-btn-sm kcard-move"
    aria-haspopup="true"
    aria-label=${t('board.move.what', { name: titleOf(entity, row) })}
    title=${t('board.move')}
    @click=${(e: Event) => onMenu(e, row)}
  >
    ${icon('more')}
  </button>`;
}

/** Its picture under the pointer. */
export function ghost(drawn: Drawn, row: Row): TemplateResult {
  return html`<div class="kcard is-drag" aria-hidden="true" inert>
    <span class="kcard-open">${title(drawn, row)}</span>${inside(drawn, row)}
  </div>`;
}

const title = ({ entity, face }: Drawn, row: Row): unknown =>
  fieldOf(entity, face.title) ? first(entity, face.title, row) : titleOf(entity, row);

const BEFORE = 8; // characters before what a search has found

function inside({ entity, face, mark }: Drawn, row: Row): TemplateResult {
  const found = foundElsewhere(entity, [face.title, ...face.line], row, BEFORE);
  const line = summary(entity, face.line, row);
  const value = face.money && show({ entity, name: face.money, row, place: 'cell' });
  return html`${found === nothing ? (line.length ? html`<span class="muted clip">${line}</span>` : nothing) : found}
  ${value && value !== nothing ? html`<span class="num strong">${value}</span>` : nothing}${warning(entity, row)}${mark(row)}
  <span class="kcard-foot">${time(entity, face, row)}${owner(face, row)}</span>`;
}

/** By when it is to be done, in red where that is over; else its date. */
function time(entity: string, { due, date }: Face, row: Row): unknown {
  if (due && row[due]) return html`<crm-due chip .at=${String(row[due])} .plain=${isClosed(entity, row)}></crm-due>`;
  if (!date || !row[date]) return nothing;
  const name = label(entity, date);
  return html`<span title=${name}><span class="sr">${name}: </span>${show({ entity, name: date, row, place: 'cell' })}</span>`;
}

function owner({ owner: name }: Face, row: Row): TemplateResult | typeof nothing {
  const ref = name ? (row[name] as Ref | null | undefined) : null;
  if (!ref || ref.denied) return nothing;
  const text = t('board.owner', { name: ref.label ?? '' });
  return html`<span class="push" title=${ref.label ?? ''}>${avatar(ref)}<span class="sr">${text}</span></span>`;
}
