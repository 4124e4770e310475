// From what an editor holds to what the API takes, and whether two values are the same.
import { fromLocalInput } from '../core/fmt.ts';
import type { Field, Ref } from '../core/types.ts';

/** What is sent for `value`: references by id, blanks as null, lists without blanks. */
export function toApi(field: Field, value: unknown): unknown {
  if (field.many || field.type === 'refs' || field.type === 'choices' || field.type === 'tags') {
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
  if (field.type === 'int') return Number.isInteger(Number(number(text))) ? Number(number(text)) : text;
  if (field.type === 'money' || field.type === 'decimal' || field.type === 'percent') return number(text);
  return text === '' ? null : text;
}

/** "24 960 000,50 ₽" is 24960000.50; what is no number goes to the server as it was typed, which says why. */
export function number(text: string): string {
  const bare = text
    .replace(/[\s\u00a0\u202f_₽%]/g, '')
    .replace(',', '.')
    .replace('−', '-');
  return /^-?\d+(\.\d+)?$/.test(bare) ? bare : text;
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

/** Minutes typed as "1:30" or "90" into milliseconds. */
export function durationMs(text: string): number | null {
  const clock = /^(\d+):(\d\d)$/.exec(text.trim());
  if (clock) return (Number(clock[1]) * 60 + Number(clock[2])) * 60000;
  return /^\d+$/.test(text.trim()) ? Number(text.trim()) * 60000 : null;
}

export const moment = (local: string): string | null => (local ? fromLocalInput(local) : null);
