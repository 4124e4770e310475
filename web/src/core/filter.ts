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
  /** As a board of stages instead of rows, and the one that a phone shows. */
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

/** The chip over how a field compares: its values are "gte:1000", "has:words", "none", "filled". */
export const askChip = (field: string): string => `${field}.is`;
export const isAskChip = (chip: string): boolean => chip.endsWith('.is');

export function splitAsk(value: string): [op: string, of: string] {
  const at = value.indexOf(':');
  return at < 0 ? [value, ''] : [value.slice(0, at), value.slice(at + 1)];
}

const SURE = 15; // digits that a JSON number keeps whatever reads it
const isNumber = (text: string) => /^-?\d+(\.\d+)?$/.test(text) && text.replace(/\D/g, '').length <= SURE;

/** Of an order, what looks like a number is one. */
function askConditions(chip: string, values: string[]): Condition[] {
  const field = chip.slice(0, -'.is'.length);
  return values.map((value) => {
    const [op, of] = splitAsk(value);
    if (op === 'none') return [field, 'none'];
    if (op === 'filled') return ['not', [field, 'none']];
    return [field, op, /^[gl]t/.test(op) && isNumber(of) ? Number(of) : of];
  });
}

/** What words hold is not taken for what stands between values. */
const textOf = (chip: string, values: string[]) =>
  values.map((value) => (isAskChip(chip) ? value.replaceAll('%', '%25').replaceAll(',', '%2C') : value)).join(',');
const asText = (value: string) => value.replaceAll('%2C', ',').replaceAll('%25', '%');

function valuesOf(chip: string, text: string): string[] {
  if (operatorOf(chip)) return [text];
  const values = text.split(',');
  if (isAskChip(chip)) return values.map(asText);
  return isDueChip(chip) ? values.filter((name) => DUE_NAMES.includes(name)) : values;
}

/** The view that a list begins with: one's own choice, else the entity's first. */
const firstOf = (views: ListView[]) => views.find((view) => view.saved?.first) ?? views[0];

/** A saved view brings chips; those of the address stand before them, and an empty one takes one away. */
export function readState(search: URLSearchParams, views: ListView[]): ListState {
  const asked = search.get('view');
  const view = views.find((v) => v.id === asked) ?? firstOf(views);
  const chips: Record<string, string[]> = { ...view?.saved?.chips };
  for (const [key, value] of search) {
    if (!key.startsWith('f.')) continue;
    const chip = key.slice(2);
    const values = value ? valuesOf(chip, value) : [];
    if (values.length) chips[chip] = values;
    else delete chips[chip];
  }
  const columns = search.get('cols');
  const state = { view: view?.id ?? '', q: search.get('q') ?? '', sort: search.get('sort'), chips, ...(columns ? { columns } : {}) };
  if (search.get('bin') === '1') return { ...state, bin: true };
  if (search.get('as') !== BOARD) return state;
  const at = search.get('at');
  return { ...state, board: true, ...(at ? { at } : {}) };
}

export function writeState(state: ListState, views: ListView[]): string {
  const search = new URLSearchParams();
  if (state.view && state.view !== firstOf(views)?.id) search.set('view', state.view);
  if (state.bin) search.set('bin', '1');
  else if (state.board) search.set('as', BOARD);
  if (state.board && state.at) search.set('at', state.at);
  if (state.q) search.set('q', state.q);
  if (state.sort) search.set('sort', state.sort);
  if (state.columns) search.set('cols', state.columns);
  const kept = views.find(({ id }) => id === state.view)?.saved?.chips ?? {};
  for (const [field, values] of Object.entries(state.chips))
    if (values.length && !isSame(values, kept[field])) search.set(`f.${field}`, textOf(field, values));
  for (const field of Object.keys(kept)) if (!state.chips[field]?.length) search.set(`f.${field}`, '');
  const text = search.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
  return text ? `?${text}` : '';
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Nothing narrows the view beyond what it is. */
export function isPlain(state: ListState, view: ListView | undefined): boolean {
  const { q, chips } = state;
  const kept = view?.saved?.chips ?? {};
  const names = new Set([...Object.keys(chips), ...Object.keys(kept)]);
  return !q && [...names].every((name) => isSame(chips[name] ?? [], kept[name] ?? []));
}

/** There is something about the list that no view keeps. */
export const isChanged = (state: ListState, view: ListView | undefined): boolean =>
  !isPlain({ ...state, q: '' }, view) || !!state.sort || !!state.columns;

/** The list as the view keeps it. */
export const kept = (view: ListView) => ({ view: view.id, sort: null, columns: null, chips: { ...view.saved?.chips } });

/** The part of a list's query that says which rows: everything but the paging. */
export function query(state: ListState, view: ListView | undefined, userId: number): URLSearchParams {
  const out = new URLSearchParams();
  const filter = viewFilter(state, view);
  for (const [field, values] of Object.entries(state.chips)) {
    const operator = operatorOf(field);
    if (isDueChip(field)) filter.push(dueCondition(field, values));
    else if (isAskChip(field)) filter.push(...askConditions(field, values));
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
    if (isAskChip(field)) {
      parts.push(...askConditions(field, values));
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
