// Lists that people keep under a name: read once for each entity, and again whenever one of them changes. What one may
// not see is left out of what others have shared; a view that filters by such a field is none of one's own.
import { api } from './api.ts';
import { on } from './events.ts';
import { chosenColumns } from './columns.ts';
import { fieldOf, listViews, meta } from './meta.ts';
import { Store } from './store.ts';
import type { ListView, Ref, Row } from './types.ts';

const MOST = '100';
const HINT = 'karkas.first.'; // that an entity's list begins with a saved view, on this device

/** What is kept of a list, under `state` of the record. */
export interface SavedState {
  base: string;
  chips: Record<string, string[]>;
  sort: string | null;
  columns: string | null;
}

/** By entity; what is not there was not read yet. */
export const saved = new Store<Record<string, ListView[]>>({});

const asked = new Set<string>();
const isSavedId = (id: string) => /^v\d+$/.test(id);

export function readSaved(entity: string): void {
  if (asked.has(entity)) return;
  asked.add(entity);
  void reread(entity);
}

export async function reread(entity: string): Promise<void> {
  const page = await api.list('view', new URLSearchParams({ entity, sort: 'name', limit: MOST })).catch(() => null);
  const views = (page?.rows ?? []).map((row) => viewOf(entity, row)).filter((view) => view !== null);
  if (page) hint(entity, views.some(({ saved: kept }) => kept!.first));
  saved.update((all) => ({ ...all, [entity]: page ? views : (all[entity] ?? []) }));
}

function hint(entity: string, isThere: boolean): void {
  if (isThere) localStorage.setItem(HINT + entity, '1');
  else localStorage.removeItem(HINT + entity);
}

const anew = () => asked.forEach((entity) => void reread(entity));
on('record', ({ entity }) => entity === 'view' && anew());
on('reset', anew);

/** The list that the address asks for is not known before they are read. */
export function isAwaited(entity: string, search: URLSearchParams): boolean {
  const view = search.get('view');
  return !saved.value[entity] && (view ? isSavedId(view) : (globalThis.localStorage?.getItem(HINT + entity) ?? null) !== null && search.get('bin') !== '1');
}

export function allViews(entity: string): ListView[] {
  return [...listViews(entity), ...(saved.value[entity] ?? [])];
}

const isText = (value: unknown): value is string => typeof value === 'string';

function chipsOf(value: unknown): Record<string, string[]> {
  const all = Object.entries(value && typeof value === 'object' ? value : {});
  return Object.fromEntries(all.filter(([, values]) => Array.isArray(values) && values.length > 0 && values.every(isText)));
}

function viewOf(entity: string, row: Row): ListView | null {
  const state = (row.state ?? {}) as Partial<SavedState>;
  const views = listViews(entity);
  const base = views.find(({ id }) => id === state.base) ?? views[0]!;
  const chips = chipsOf(state.chips);
  if (Object.keys(chips).some((name) => !fieldOf(entity, name))) return null;
  const isMine = (row.created_by as Ref | null)?.id === meta.value?.user.id;
  const sort = isText(state.sort) && fieldOf(entity, state.sort.replace('-', '')) ? [state.sort] : base.sort;
  return {
    ...base,
    ...chosenColumns(entity, isText(state.columns) ? state.columns : null),
    id: `v${row.id}`,
    label: String(row.name),
    home: false,
    ...(sort ? { sort } : {}),
    saved: { id: row.id, rev: row.rev, base: base.id, isMine, shared: row.shared === true, first: isMine && row.first === true, chips },
  };
}
