// A field's value as it is read: in a cell of a list (short) or in a card (full). A type that is not known here is
// shown as plain text.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { color, dotted, person, tag } from '../ui/parts.ts';
import { byDigits, marked } from '../ui/found.ts';
import '../ui/due.ts';
import { attachment } from './files.ts';
import { isEmpty } from '../core/filter.ts';
import * as fmt from '../core/fmt.ts';
import { has, t } from '../core/i18n.ts';
import { dueField, entityOf, fieldOf, isClosed, meta, pipelineOf } from '../core/meta.ts';
import { ownField } from '../plugins/part.ts';
import type { Attachment, Field, Option, Ranges, Ref, Row } from '../core/types.ts';

export interface Shown {
  entity: string;
  name: string;
  row: Row;
  place: 'cell' | 'card' | 'text';
}
const card = (shown: Shown) => shown.place === 'card';
type Value = TemplateResult | string | typeof nothing;

export { isEmpty };

export const isNumeric = (field?: Field) =>
  !!field && ['int', 'decimal', 'money', 'percent', 'duration'].includes(field.type);

export function label(entity: string, name: string): string {
  const field = fieldOf(entity, name);
  return field ? t(field.label) : name;
}

/** Why a value was kept that a person has to look at. */
export const markText = (code: string) => (has(`mark.${code}`) ? t(`mark.${code}`) : t('mark.invalid'));

export function option(field: Field, value: unknown): Option | undefined {
  if (field.type === 'stage') {
    const stage = pipelineOf(field)?.stages.find((s) => s.v === value);
    return stage && { v: stage.v, l: stage.l, color: stage.color };
  }
  return field.options?.find((o) => o.v === value);
}

export function show(shown: Shown): Value {
  const { entity, name, row, place } = shown;
  if (place === 'text') return builtIn(shown);
  const given = () => ({ place: `field.${place}`, record: row, value: row[name] });
  return ownField('view', entity, name, given, () => builtIn(shown)) ?? builtIn(shown);
}

function builtIn(shown: Shown): Value {
  const field = fieldOf(shown.entity, shown.name);
  const value = shown.row[shown.name];
  if (!field || isEmpty(value)) return field?.type === 'bool' ? t('no') : nothing;
  const many = Array.isArray(value) && field.type !== 'json' ? value : [value];
  const places = shown.place === 'cell' ? many.map((_, i) => placesOf(shown.row, shown.name, i)) : [];
  const parts = many.map((one, i) => single(field, one, shown, places[i]));
  if (parts.length === 1) return parts[0];
  const first = Math.max(
    0,
    places.findIndex((ranges) => ranges?.length),
  );
  if (!card(shown)) return html`${parts[first]} <span class="count">+${parts.length - 1}</span>`;
  return html`<span class="values">${parts.map((part) => html`<span>${part}</span>`)}</span>`;
}

/** Where a search has found its words in value `i` of a field. */
export function placesOf(row: Row, name: string, i: number): Ranges | undefined {
  const found = row.found?.[name];
  if (!found) return undefined;
  return Array.isArray(row[name]) ? (found as Ranges[])[i] : (found as Ranges);
}

function single(field: Field, value: unknown, shown: Shown, places?: Ranges): Value {
  const full = card(shown);
  switch (field.type) {
    case 'money':
      return fmt.money(
        value,
        String(shown.row[field.currencyField ?? 'currency'] ?? meta.value?.currency ?? 'RUB'),
      );
    case 'int':
      return fmt.whole(value);
    case 'decimal':
      return fmt.number(value);
    case 'percent':
      return `${fmt.number(value)}\u00a0%`;
    case 'bool':
      return t(value ? 'yes' : 'no');
    case 'duration':
      return fmt.duration(Number(value));
    case 'date':
    case 'datetime':
      return time(field, String(value), shown);
    case 'phone':
      return phone(String(value), shown, places);
    case 'email':
      return full ? html`<a class="link" href="mailto:${value}">${value}</a>` : marked(String(value), places);
    case 'url':
      return full ? web(String(value)) : String(value).replace(/^https?:\/\//, '');
    case 'stage':
    case 'choice':
    case 'choices':
      return choice(field, value, shown);
    case 'user':
      return user(value as Ref, shown.place);
    case 'ref':
    case 'refs':
      return reference(field, value as Ref, full);
    case 'multiline':
      if (places) return marked(String(value).replace(/\s/g, ' '), places);
      return full ? html`<span class="prose">${value}</span>` : String(value).replace(/\s+/g, ' ');
    case 'tags':
      return tag(String(value));
    case 'file':
    case 'files':
      return full ? attachment(value as Attachment) : (value as Attachment).name;
    case 'json':
      return full ? html`<pre class="code">${JSON.stringify(value, null, 2)}</pre>` : JSON.stringify(value);
    default: {
      const named = option(field, value);
      if (named) return t(named.l);
      return typeof value === 'object' ? text(value) : marked(String(value), places);
    }
  }
}

function text(value: unknown): string {
  const label = (value as { label?: string } | null)?.label;
  return label ?? JSON.stringify(value);
}

function time(field: Field, value: string, { entity, name, row, place }: Shown): Value {
  const closed = isClosed(entity, row);
  if (name === dueField(entity)) return html`<crm-due .at=${value} .plain=${closed}></crm-due>`;
  if (field.type === 'date') return fmt.date(value, Date.now(), place === 'card');
  const short = place === 'card' ? fmt.fullMoment(value) : fmt.moment(value);
  return html`<time datetime=${value} title=${fmt.fullMoment(value)}>${short}</time>`;
}

/** A number that is no phone was kept as it came; it is not dialled. */
function phone(value: string, { place }: Shown, places: Ranges = []): Value {
  const shown = fmt.phone(value);
  const to = fmt.dial(value);
  if (place !== 'card' || !to)
    return html`<span class="num">${marked(shown, byDigits(value, shown, places))}</span>`;
  return html`<a class="link num" href=${to}>${shown}</a>`;
}

function web(value: string): Value {
  const safe = /^https?:\/\//i.test(value);
  return safe
    ? html`<a class="link" href=${value} target="_blank" rel="noopener noreferrer"
        >${value.replace(/^https?:\/\//, '')}</a
      >`
    : value;
}

function choice(field: Field, value: unknown, { place }: Shown): Value {
  const found = option(field, value);
  const name = found ? t(found.l) : String(value);
  if (place === 'text') return name;
  if (field.type === 'stage') return dotted(name, found?.color);
  return place === 'card' || found?.color ? tag(name, found?.color) : name;
}

function denied(): Value {
  return html`<span class="muted inline-4">${icon('lock', 'icon-16')}${t('ref.denied')}</span>`;
}

/** Its minimal card says at least whose it is. */
function toForeign(entity: string, id: number): Value {
  return html`<a class="link" href="/e/${entity}/${id}" data-layer>${denied()}</a>`;
}

function user(ref: Ref, place: string): Value {
  if (ref.denied) return denied();
  return place === 'text' ? (ref.label ?? '') : person(ref);
}

function reference(field: Field, ref: Ref, card: boolean): Value {
  const entity = card && field.to ? entityOf(field.to) : undefined;
  if (ref.denied) return entity?.foreign ? toForeign(field.to!, ref.id) : denied();
  const name = ref.label ?? `№ ${ref.id}`;
  if (!entity) return name;
  return html`<a class="link" href="/e/${field.to}/${ref.id}" data-layer>${name}</a>`;
}

/** One line under a title: the values of a few fields, those that are filled; of yes or no the name of what is so. */
export function summary(entity: string, names: string[], row: Row): TemplateResult[] {
  return names
    .map((name) => {
      if (fieldOf(entity, name)?.type !== 'bool') return show({ entity, name, row, place: 'text' });
      return row[name] ? label(entity, name) : nothing;
    })
    .filter((part) => part !== nothing && part !== '')
    .map((part, i) => html`${i ? html`<span class="sep-dot"> · </span>` : nothing}${part}`);
}

export const dotClass = (name?: string) => `dot d-${color(name)}`;
