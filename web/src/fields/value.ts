// From what an editor holds to what the API takes, and whether two values are the same.
import { isNumberType, number, numberFault, numeric, type Writing } from './number.ts';
import { fromLocalInput, money } from '../core/fmt.ts';
import { lang, t } from '../core/i18n.ts';
import { fieldOf, meta } from '../core/meta.ts';
import type { Field, FieldError, Ref } from '../core/types.ts';

const LISTS = new Set(['choices', 'refs', 'tags', 'files']);

/** Several values, each typed in a line of its own. The other lists have editors of theirs. */
export const isMany = (field: Field): boolean => !!field.many && !LISTS.has(field.type);

/** What is sent for `value`: references by id, blanks as null, lists without blanks. */
export function toApi(field: Field, value: unknown): unknown {
  if (field.type === 'json') return value ?? null;
  if (field.many || LISTS.has(field.type)) {
    const all = Array.isArray(value)
      ? value
      : value === null || value === undefined || value === ''
        ? []
        : [value];
    return all.map((one) => plain(field, one)).filter((one) => one !== null && one !== '');
  }
  return plain(field, value);
}

function plain(field: Field, value: unknown): unknown {
  if (value === undefined || value === null || value === '') return field.type === 'bool' ? false : null;
  if (typeof value === 'object' && 'id' in value) return (value as Ref).id;
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (text === '') return null;
  if (field.type === 'int') return numeric('int', text) ?? text;
  return isNumberType(field.type) ? number(text) : text;
}

/** The sign of the deployment's money, or its code. */
export function currencySign(): string {
  const currency = meta.value?.currency ?? 'RUB';
  return money(0, currency).replace(/[\d\s.,]/g, '') || currency;
}

/** How this user writes numbers. */
export const writing = (): Writing => ({ isEnglish: lang.value === 'en', sign: currencySign() });

/** Which of the values are numbers that nobody should guess: they are told of before anything is sent. */
export function numberFaults(entity: string, values: Record<string, unknown>): FieldError[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const field = fieldOf(entity, name);
    return (field && numberFault(name, field, value, writing())) ?? [];
  });
}

export function same(a: unknown, b: unknown): boolean {
  return norm(a) === norm(b);
}

function norm(value: unknown): string {
  if (value === undefined || value === null || value === '' || value === false) return '';
  if (Array.isArray(value)) return value.map(norm).filter(Boolean).join('\u0000');
  if (typeof value === 'object') return String((value as Ref).id ?? JSON.stringify(value));
  const text = String(value).trim();
  return /^-?\d+\.\d+$/.test(text) ? text.replace(/\.?0+$/, '') : text;
}

/** What is kept for a text whose values have names: the value of a name, else the text as it is. */
export function valueNamed(field: Field, text: string): string {
  const typed = text.trim().toLowerCase();
  return field.options?.find((o) => t(o.l).toLowerCase() === typed)?.v ?? text;
}

const UNITS = [86400000, 3600000, 60000, 1000];

/**
 * A time typed as "1:30", "90" (minutes) or by units, "2h 30m", into milliseconds. `letters` are those that days,
 * hours, minutes and seconds begin with in the user's language.
 */
export function durationMs(text: string, letters = 'dhms'): number | null {
  const typed = text.trim().toLowerCase();
  const clock = /^(\d+):(\d\d)$/.exec(typed);
  if (clock) return (Number(clock[1]) * 60 + Number(clock[2])) * 60000;
  if (/^\d+$/.test(typed)) return Number(typed) * 60000;
  const part = /(\d+)\s*(\p{L})\p{L}*\.?[\s,]*/uy;
  let ms = 0,
    at = 0;
  for (let found = part.exec(typed); found; found = part.exec(typed)) {
    const unit = [letters.indexOf(found[2]!), 'dhms'.indexOf(found[2]!)].find((i) => i >= 0);
    if (unit === undefined) return null;
    ms += Number(found[1]) * UNITS[unit]!;
    at = part.lastIndex;
  }
  return at && at === typed.length ? ms : null;
}

/** The same exactly, as it is typed. */
export function durationText(ms: number): string {
  const names = ['fmt.days.short', 'fmt.hours', 'fmt.minutes', 'fmt.seconds'];
  let rest = ms;
  const parts = UNITS.map((unit, i) => {
    const n = Math.floor(rest / unit);
    rest -= n * unit;
    return n ? t(names[i]!, { n }) : '';
  }).filter(Boolean);
  return ms < 0 || rest || !parts.length ? String(Math.round(ms / 60000)) : parts.join(' ');
}

export function jsonText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/** What does not read as JSON is a text. */
export function jsonValue(text: string): unknown {
  if (!text.trim()) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const moment = (local: string): string | null => (local ? fromLocalInput(local) : null);
