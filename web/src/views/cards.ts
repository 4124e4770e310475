// The rows of a list on a phone: cards of two lines. Whoever can be called is called from here.
import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { icon } from '../ui/icon.ts';
import { label, placesOf, show, summary } from '../fields/view.ts';
import { dial, phone } from '../core/fmt.ts';
import { t } from '../core/i18n.ts';
import { entityOf, fieldOf, stageField } from '../core/meta.ts';
import type { ListView, Row } from '../core/types.ts';
import { binButtons, box, first, foundElsewhere, type Shown } from './rows.ts';

const CARD = 68,
  WITH_CALL = 76; // as in phone.css

/** The field with the number that is called: the view's own, or else the first one. */
function callField(entity: string, view: ListView): string | undefined {
  const all = [...(view.phone ?? []), ...view.columns, ...Object.keys(entityOf(entity)?.fields ?? {})];
  return all.find((name) => fieldOf(entity, name)?.type === 'phone');
}

export const cardHeight = (entity: string, view: ListView): number => (callField(entity, view) ? WITH_CALL : CARD);

export function cards(shown: Shown): TemplateResult {
  const { records, window, entity } = shown;
  const { before, rows, after } = window.slice(records.rows);
  const places = window.places.of(records, rows);
  const call = callField(entity, shown.view);
  return html`<ul class="cards ${call ? 'has-calls' : ''}" data-entity=${entity}>
    <li class="gap" aria-hidden="true" .style=${`height:${before}px`}></li>
    ${repeat(
      rows,
      (row) => places.get(row.id),
      (row) => card(shown, row, call),
    )}
    <li class="gap" aria-hidden="true" .style=${`height:${after}px`}></li>
  </ul>`;
}

const ROOM = 8; // characters before what was found, where a line is its own

/** The second line of a card: where a search has found the row, else a few of its fields. */
function under(entity: string, drawn: string[], rest: string[], row: Row): unknown {
  const found = foundElsewhere(entity, drawn, row, ROOM);
  return found === nothing ? summary(entity, rest, row) : found;
}

const RIGHT = new Set(['money', 'int', 'decimal', 'date', 'datetime']);

/** A value of the card that a person has to look at, in words; the number of `call` stands beside its own. */
export function warning(entity: string, row: Row, call?: string): TemplateResult | typeof nothing {
  const names = Object.keys(row._marks ?? {});
  const name = names.find((one) => one === call) ?? names[0];
  if (!name) return nothing;
  const text = name === call ? t('mark.number') : t('mark.look', { name: label(entity, name) });
  const number = name === call ? html`<span class="num">${phone(String([row[name]].flat()[0] ?? ''))}</span>` : nothing;
  return html`<span class="is-warn inline-4">${icon('alert', 'icon-16')}${number}<span class="clip">${text}</span></span>`;
}

/** Where nothing else is done with the rows, a touch of the number calls it: the one that a search has found, if any. */
function caller({ entity, pick, bin }: Shown, row: Row, name: string): TemplateResult | typeof nothing {
  const all = [row[name] ?? []].flat().map(String);
  if (!all.length || row._marks?.[name]) return nothing;
  const value = all.find((_, i) => placesOf(row, name, i)?.length) ?? all[0];
  const number = show({ entity, name, row, place: 'cell' });
  const to = pick?.shown || bin ? null : dial(value);
  if (!to) return html`<span class="card-number">${number}</span>`;
  return html`<a class="card-number card-call" href=${to} aria-label=${t('call.what', { name: phone(value) })}
    >${icon('phone', 'icon-16')}<span>${number}</span></a
  >`;
}

function card(shown: Shown, row: Row, call?: string): TemplateResult {
  const { entity, view, records, pick, bin } = shown;
  const names = (view.phone ?? view.columns.slice(0, 4)).filter((name) => fieldOf(entity, name));
  const stage = stageField(entity);
  const right = names.slice(1).find((name) => RIGHT.has(fieldOf(entity, name)!.type));
  const rest = names.slice(1).filter((name) => name !== right && name !== stage && name !== call);
  const title = first(entity, names[0] ?? '', row);
  return html`<li
    data-entity=${entity}
    data-id=${row.id}
    class="${records.fresh.has(row.id) ? 'is-fresh' : ''} ${pick?.shown ? 'is-picking' : ''} ${bin ? 'is-bin' : ''}"
  >
    ${pick?.shown ? box(shown, row) : nothing}
    <div class="card-line">
      ${bin ? html`<span class="clip strong">${title}</span>` : html`<a class="card-open clip strong" href=${`/e/${entity}/${row.id}`} data-layer>${title}</a>`}
      <span class="num">${right ? show({ entity, name: right, row, place: 'cell' }) : nothing}</span>
      <span class="card-under muted"
        >${call ? caller(shown, row, call) : nothing}${shown.mark(row)}${warning(entity, row, call)}<span class="clip">${under(entity, [names[0] ?? '', call ?? ''], rest, row)}</span></span
      >
      <span class="small">${stage && names.includes(stage) ? show({ entity, name: stage, row, place: 'cell' }) : nothing}</span>
    </div>
    ${bin ? binButtons(shown, row) : nothing}
  </li>`;
}
