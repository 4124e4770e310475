// How a field compares, where it has no values to be chosen: from and to of what has an order, words of a text; and of
// any field whether it is filled.
import { html, nothing, type TemplateResult } from 'lit';
import { splitAsk } from '../core/filter.ts';
import { fromLocalInput, toLocalInput } from '../core/fmt.ts';
import { t } from '../core/i18n.ts';
import type { Field } from '../core/types.ts';
import { decimalOf } from '../fields/number.ts';
import { durationMs, durationText, writing } from '../fields/value.ts';

export interface Ask {
  field: Field;
  /** Values are chosen above, and that there is none among them. */
  hasValues: boolean;
  hasEmpty: boolean;
  values: string[];
  put: (values: string[]) => void;
}

const DATES = new Set(['date', 'datetime']);
const ORDERED = new Set(['int', 'decimal', 'money', 'percent', 'duration', ...DATES]);
const WORDS = new Set(['text', 'multiline', 'email', 'phone', 'url', 'tags', 'inn', 'kpp', 'ogrn', 'bik', 'account']);
const EMPTY = ['none', 'filled'];
const DAY = 86_400_000;

const nextDay = (day: string) => new Date(Date.parse(day) + DAY).toISOString().slice(0, 10);
const midnight = (day: string) => fromLocalInput(`${day}T00:00`);

/** What was typed as a value of the address; null: it is none. */
function typed({ type }: Field, end: 'from' | 'to', text: string): string | null {
  if (!text.trim()) return null;
  if (type === 'date') return `${end === 'from' ? 'gte' : 'lte'}:${text}`;
  if (type === 'datetime') {
    const at = midnight(end === 'from' ? text : nextDay(text));
    return at && `${end === 'from' ? 'gte' : 'lt'}:${at}`;
  }
  const value = type === 'duration' ? durationMs(text, t('unit.letters')) : decimalOf(text, writing());
  return value === null ? null : `${end === 'from' ? 'gte' : 'lte'}:${value}`;
}

/** The other way round. */
function shown({ type }: Field, end: 'from' | 'to', values: string[]): string {
  const ops = end === 'from' ? ['gte'] : ['lte', 'lt'];
  const [op, of] = values.map(splitAsk).find(([one]) => ops.includes(one)) ?? ['', ''];
  if (!op) return '';
  if (type === 'datetime') return toLocalInput(new Date(Date.parse(of) - (op === 'lt' ? 1 : 0)).toISOString()).slice(0, 10);
  return type === 'duration' ? durationText(Number(of)) : of;
}

function send(event: Event, { field, put }: Ask): void {
  event.preventDefault();
  const form = event.target as HTMLFormElement;
  const given = Object.fromEntries(new FormData(form)) as Record<string, string>;
  const ends = (['from', 'to'] as const).filter((end) => given[end]?.trim());
  const wrong = ends.find((end) => typed(field, end, given[end]!) === null);
  for (const input of form.querySelectorAll('input')) input.setCustomValidity(input.name === wrong ? t('error.invalid') : '');
  if (wrong) {
    form.reportValidity();
    return;
  }
  const words = given.words?.trim();
  put(words ? [`has:${words}`] : ends.map((end) => typed(field, end, given[end]!)!));
  form.closest<HTMLElement>('[popover]')?.hidePopover();
}

export function askForm(ask: Ask): TemplateResult {
  const { field, values } = ask;
  const isOrdered = ORDERED.has(field.type);
  const hasForm = !ask.hasValues && (isOrdered || WORDS.has(field.type));
  return html`${hasForm ? html`<form class="menu-form" @submit=${(e: Event) => send(e, ask)}>${isOrdered ? range(ask) : words(ask)}<button class="btn btn-primary btn-wide" data-action="filter-ask">${t('filter.apply')}</button></form>` : nothing}
  ${(ask.hasEmpty ? EMPTY : []).map(
    (op) =>
      html`<label class="menu-item" data-value=${op}
        ><input
          class="box"
          type="checkbox"
          .checked=${values.includes(op)}
          @change=${(e: Event) => ask.put((e.target as HTMLInputElement).checked ? [op] : [])}
        /><span class="clip">${t(`cond.${op}`)}</span></label
      >`,
  )}`;
}

function range({ field, values }: Ask): TemplateResult[] {
  return (['from', 'to'] as const).map(
    (end) =>
      html`<label
        ><span>${t(`filter.${end}`)}</span>
        <input class="input" name=${end} type=${DATES.has(field.type) ? 'date' : 'text'} inputmode=${DATES.has(field.type) ? nothing : 'decimal'} autocomplete="off" .value=${shown(field, end, values)}
      /></label>`,
  );
}

function words({ values }: Ask): TemplateResult {
  const [op, of] = splitAsk(values[0] ?? '');
  return html`<label
    ><span>${t('filter.has')}</span>
    <input class="input" name="words" autocomplete="off" maxlength="100" .value=${op === 'has' ? of : ''}
  /></label>`;
}
