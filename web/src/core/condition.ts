// A condition as people build it: parts about one field each, all of which hold. What is more than that (or, not,
// exists, paths) is kept as it is and only told of. No drawing here.
import { t } from './i18n.ts';
import { fieldOf, pipelineOf } from './meta.ts';
import type { Condition, Field, Option } from './types.ts';

export interface Part {
  field: string;
  op: string;
  value: unknown;
}

const CHOSEN = new Set(['choice', 'stage']);
const ORDERED = new Set(['int', 'decimal', 'money', 'percent', 'date', 'datetime', 'duration']);
const EQUAL = new Set(['text', 'email', 'phone', 'url', 'inn', 'kpp', 'ogrn', 'bik', 'account', 'ref', 'user']);
const BEGUN = new Set(['text', 'email', 'url']);
// Of what may be many, and of attachments, it is asked whether there is any.
const LISTED = new Set(['choices', 'tags', 'refs', 'file', 'files']);

/** Operators that make sense for a field, the usual one first; none: it cannot be asked about here. */
export function opsOf(field: Field): string[] {
  const empty = ['filled', 'none'];
  if (field.type === 'bool') return ['eq'];
  if (LISTED.has(field.type) || (field.many && EQUAL.has(field.type))) return empty;
  if (CHOSEN.has(field.type)) return ['in', ...empty];
  if (ORDERED.has(field.type)) return ['gte', 'lte', 'gt', 'lt', 'eq', ...empty];
  if (!EQUAL.has(field.type)) return field.type === 'multiline' ? empty : [];
  return ['eq', 'ne', ...(BEGUN.has(field.type) ? ['starts'] : []), ...empty];
}

export const takesValue = (op: string): boolean => op !== 'none' && op !== 'filled';

/** Choices of a field, a stage's among them. */
export function optionsOf(field: Field): Option[] {
  return field.type === 'stage' ? (pipelineOf(field)?.stages ?? []) : (field.options ?? []);
}

function partOf(entity: string, one: unknown): Part | null {
  if (!Array.isArray(one) || typeof one[0] !== 'string') return null;
  const [head, op, value] = one as [string, unknown, unknown];
  if (head === 'not' && Array.isArray(op) && op[1] === 'none' && op[2] !== false)
    return partOf(entity, [op[0], 'none', false]);
  const field = fieldOf(entity, head);
  if (!field || typeof op !== 'string') return null;
  if (op === 'none') return { field: head, op: value === false || value === 0 ? 'filled' : 'none', value: null };
  if (CHOSEN.has(field.type) && op === 'eq') return { field: head, op: 'in', value: [value] };
  return opsOf(field).includes(op) ? { field: head, op, value } : null;
}

/** The parts of a condition; null: it is more than parts. */
export function partsOf(entity: string, where: Condition | true | null): Part[] | null {
  if (!where || where === true || !where.length) return [];
  const list = where[0] === 'and' ? where.slice(1) : [where];
  const parts = list.map((one) => partOf(entity, one));
  return parts.includes(null) ? null : (parts as Part[]);
}

const isGiven = (part: Part) =>
  !!part.field &&
  (!takesValue(part.op) || Array.isArray(part.value) ? !Array.isArray(part.value) || part.value.length > 0 : part.value !== null && part.value !== '');

/** Parts that are not filled in yet are none. */
export function conditionOfParts(parts: Part[]): Condition | null {
  const all = parts
    .filter(isGiven)
    .map((p): Condition => [p.field, takesValue(p.op) ? p.op : 'none', takesValue(p.op) ? p.value : p.op === 'none']);
  return all.length > 1 ? ['and', ...all] : (all[0] ?? null);
}

/** "Сумма не меньше 500 000, стадия: Новая", as far as the client can tell. */
export function conditionText(entity: string, where: Condition | true | null): string {
  const parts = partsOf(entity, where);
  if (!parts) return t('cond.complex');
  if (!parts.length) return t('cond.any');
  return parts.map((part) => partText(entity, part)).join(', ');
}

function partText(entity: string, part: Part): string {
  const field = fieldOf(entity, part.field)!;
  const named = (v: unknown) => t(optionsOf(field).find((o) => o.v === v)?.l ?? String(v));
  const value =
    field.type === 'bool'
      ? t(part.value === true ? 'yes' : 'no')
      : Array.isArray(part.value)
        ? part.value.map(named).join(' / ')
        : String(part.value ?? '');
  return `${t(field.label)} ${t(`cond.${part.op}`)} ${takesValue(part.op) ? value : ''}`.trim();
}
