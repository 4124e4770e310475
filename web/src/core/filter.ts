// The state of a list that stands in its address, and the query that it makes. Also the condition language, as far
// as the client needs it: to show or hide a field.
import type { Condition, ListView, Row } from './types.ts';

export interface ListState {
  view: string;
  q: string;
  sort: string | null;
  chips: Record<string, string[]>;
  /** The recycle bin instead of the rows. */
  bin?: boolean;
  /** As a board of stages instead of rows. */
  board?: boolean;
  at?: string;
  /** Columns other than the view's (core/columns.ts). */
  columns?: string | null;
}

export const ME = 'me';
const BOARD = 'board';

/** The parts of an address in the order of its line, and how a chip of each compares. */
export const ADDRESS_PARTS: Record<string, 'starts' | 'has' | 'eq'> = {
  index: 'starts',
  country: 'has',
  region: 'has',
  city: 'has',
  street: 'has',
  house: 'eq',
  flat: 'eq',
};

/** Of a chip over a part of an address ("address.city"), which holds one text; others hold values. */
const operatorOf = (field: string) => ADDRESS_PARTS[field.split('.')[1] ?? ''];

/** When something is due, by the names of the start screen's parts. The present is the server's. */
const DUE: Record<string, (field: string) => Condition> = {
  overdue: (field) => [field, 'lt', 'now'],
  today: (field) => ['and', [field, 'gte', 'now'], [field, 'lt', 'today+1d']],
  later: (field) => [field, 'gte', 'today+1d'],
  none: (field) => [field, 'none'],
};
export const DUE_NAMES = Object.keys(DUE);

/** The chip over when a field is due. */
export const dueChip = (field: string): string => `${field}.when`;
const isDueChip = (chip: string) => chip.endsWith('.when');

function dueCondition(chip: string, names: string[]): Condition {
  const parts = names.map((name) => DUE[name](chip.split('.')[0]));
  return parts.length > 1 ? ['or', ...parts] : parts[0];
}

function valuesOf(chip: string, text: string): string[] {
  if (operatorOf(chip)) return [text];
  const values = text.split(',');
  return isDueChip(chip) ? values.filter((name) => DUE_NAMES.includes(name)) : values;
}

export function readState(search: URLSearchParams, views: ListView[]): ListState {
  const chips: Record<string, string[]> = {};
  for (const [key, value] of search) {
    const chip = key.slice(2);
    const values = key.startsWith('f.') && value ? valuesOf(chip, value) : [];
    if (values.length) chips[chip] = values;
  }
  const asked = search.get('view');
  const view = views.find((v) => v.id === asked)?.id ?? views[0]?.id ?? '';
  const state = { view, q: search.get('q') ?? '', sort: search.get('sort'), chips };
  if (search.get('bin') === '1') return { ...state, bin: true };
  if (search.get('as') !== BOARD) return state;
  const at = search.get('at');
  return { ...state, board: true, ...(at ? { at } : {}) };
}

export function writeState(state: ListState, views: ListView[]): string {
  const search = new URLSearchParams();
  if (state.view && state.view !== views[0]?.id) search.set('view', state.view);
  if (state.bin) search.set('bin', '1');
  else if (state.board) search.set('as', BOARD);
  if (state.q) search.set('q', state.q);
  if (state.sort) search.set('sort', state.sort);
  for (const [field, values] of Object.entries(state.chips))
    if (values.length) search.set(`f.${field}`, values.join(','));
  const text = search.toString().replaceAll('%2C', ',');
  return text ? `?${text}` : '';
}

/** The part of a list's query that says which rows: everything but the paging. */
export function query(state: ListState, view: ListView | undefined, userId: number): URLSearchParams {
  const out = new URLSearchParams();
  const filter = viewFilter(state, view);
  for (const [field, values] of Object.entries(state.chips)) {
    const operator = operatorOf(field);
    if (isDueChip(field)) filter.push(dueCondition(field, values));
    else if (values.length && operator) out.set(`${field}.${operator}`, values[0]!);
    else if (values.length) out.set(`${field}.in`, values.map((v) => (v === ME ? String(userId) : v)).join(','));
  }
  if (state.bin) out.set('deleted', 'only');
  if (filter.length) out.set('filter', JSON.stringify(allOf(filter)));
  if (state.q.trim()) out.set('q', state.q.trim());
  return out;
}

/** The recycle bin has no views. */
const viewFilter = ({ bin }: ListState, view: ListView | undefined): Condition[] =>
  !bin && view?.filter?.length ? [view.filter] : [];

const allOf = (parts: Condition[]): Condition => (parts.length > 1 ? ['and', ...parts] : parts[0]);

export function sortOf(state: ListState, view: ListView | undefined): string[] {
  if (state.sort) return [state.sort];
  if (state.bin) return ['-deleted_at'];
  return state.q.trim() ? ['-id'] : (view?.sort ?? []); // a search gives the newest first unless asked
}

/** The same rows as a condition in prefix form, for a change of all of them; true: every row. */
export function conditionOf(
  state: ListState,
  if (state.board && state.at) search.set('at', state.at);
  view: ListView | undefined,
  userId: number,
  typeOf: (field: string) => string | undefined,
): Condition | true {
  const parts = viewFilter(state, view);
  for (const [field, values] of Object.entries(state.chips)) {
    if (isDueChip(field)) {
      parts.push(dueCondition(field, values));
      continue;
    }
    const type = typeOf(field) ?? '';
    const wanted = values.map((v) => {
      if (type === 'user' || type === 'ref') return v === ME ? userId : Number(v);
      return type === 'bool' ? v === 'true' : v;
    });
    const operator = operatorOf(field);
    if (wanted.length) parts.push(operator ? [field, operator, wanted[0]] : [field, 'in', wanted]);
  }
  return parts.length ? allOf(parts) : true;
}

/** A header's click: descending, ascending, back to the view's own order. */
export function nextSort(current: string | null, field: string, numeric: boolean): string | null {
  const first = numeric ? `-${field}` : field;
  const second = numeric ? field : `-${field}`;
  if (current === first) return second;
  return current === second ? null : first;
}

function value(row: Row, path: string): unknown {
  let at: unknown = row;
  for (const name of path.split('.')) at = (at as Record<string, unknown> | null | undefined)?.[name];
  return at && typeof at === 'object' && 'id' in at ? (at as { id: unknown }).id : at;
}

export const isEmpty = (v: unknown): boolean =>
  v === null || v === undefined || v === '' || (Array.isArray(v) && !v.length);

/** Whether `row` meets `condition`; an operator that the client does not know counts as met. */
export function meets(condition: Condition | undefined, row: Row, userId = 0): boolean {
  if (!condition?.length) return true;
  const [head, op, want] = condition as [string, unknown, unknown];
  if (head === 'and') return condition.slice(1).every((c) => meets(c as Condition, row, userId));
  if (head === 'or') return condition.slice(1).some((c) => meets(c as Condition, row, userId));
  if (head === 'not') return !meets(op as Condition, row, userId);
  return test(value(row, head), String(op), want, userId);
}

function test(have: unknown, op: string, want: unknown, userId: number): boolean {
  switch (op) {
    case 'eq':
    case '=':
      return have === want;
    case 'ne':
      return have !== want;
    case 'in':
      return Array.isArray(want) && want.includes(have);
    case 'none':
      return isEmpty(have) === (want !== 0 && want !== false);
    case 'me':
      return have === userId;
    case 'gt':
      return !isEmpty(have) && compare(have, want) > 0;
    case 'gte':
      return !isEmpty(have) && compare(have, want) >= 0;
    case 'lt':
      return !isEmpty(have) && compare(have, want) < 0;
    case 'lte':
      return !isEmpty(have) && compare(have, want) <= 0;
    default:
      return true;
  }
}

export function compare(a: unknown, b: unknown): number {
  if (isEmpty(a) || isEmpty(b)) return isEmpty(a) && isEmpty(b) ? 0 : isEmpty(a) ? -1 : 1;
  const x = plain(a),
    y = plain(b);
  if (typeof x === 'number' && typeof y === 'number') return x - y;
  return String(x).localeCompare(String(y));
}

function plain(v: unknown): string | number {
  if (Array.isArray(v)) return plain(v[0] ?? '');
  if (v && typeof v === 'object') return String((v as { label?: string }).label ?? '');
  if (typeof v === 'number') return v;
  const text = String(v);
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** The order of two rows under a list's sort; ids break ties so that the order is total. */
export function compareRows(a: Row, b: Row, sort: string[]): number {
  for (const key of sort) {
    const down = key[0] === '-';
    const name = down ? key.slice(1) : key;
    const c = compare(a[name], b[name]);
    if (c) return down ? -c : c;
  }
  return sort[0]?.[0] === '-' ? b.id - a.id : a.id - b.id;
}
