// How many rows stand behind what a list could show instead: its other views, and itself without one of its filters.
// One question after another, so that they hold up nothing that is on screen.
import { api } from '../core/api.ts';
import { kept, query, type ListState } from '../core/filter.ts';
import { meta } from '../core/meta.ts';
import type { ListView } from '../core/types.ts';

const RECOUNT = 1500; // ms

export interface Count {
  total: number;
  approx: boolean;
}

/** The rows of a list; null: they could not be counted, or it takes long and nobody knows yet. */
async function count(entity: string, state: ListState, view: ListView): Promise<Count | null> {
  const search = query(state, view, meta.value?.user.id ?? 0);
  search.set('limit', '1');
  const page = await api.list(entity, search).catch(() => null);
  return page?.total === undefined || page.partial ? null : { total: page.total, approx: !!page.approx };
}

/** Tells of each view once its rows are counted, while `isWanted`. */
async function countViews(
  entity: string,
  views: ListView[],
  isWanted: () => boolean,
  tell: (view: string, count: Count) => void,
): Promise<void> {
  for (const view of views) {
    const found = await count(entity, { q: '', ...kept(view) }, view);
    if (!isWanted()) return;
    if (found) tell(view.id, found);
  }
}

interface Host {
  entity: string;
  readonly isConnected: boolean;
  requestUpdate: () => void;
}

/** How many rows each view of a list has. Those of the view in sight come with its rows, the others are asked for. */
export class ViewCounts {
  of: Record<string, Count> = {};
  #host: Host;
  #others: () => ListView[];
  #counted = ''; // the entity whose views have been asked for
  #timer = 0;

  constructor(host: Host, others: () => ListView[]) {
    this.#host = host;
    this.#others = others;
  }

  clear(): void {
    this.of = {};
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  set(view: string, count: Count): void {
    this.of = { ...this.of, [view]: count };
    this.#host.requestUpdate();
  }

  /** The first time that rows of the entity are shown. */
  once(): void {
    if (this.#counted !== this.#host.entity) void this.#count();
  }

  /** After a change, once for several of them. */
  soon(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#count(), RECOUNT);
  }

  async #count(): Promise<void> {
    const entity = (this.#counted = this.#host.entity);
    const isWanted = () => entity === this.#host.entity && this.#host.isConnected;
    await countViews(entity, this.#others(), isWanted, (view, count) => this.set(view, count));
  }
}

/** How much each filter (`q`: the search) hides of a list that shows nothing, the most first. */
export async function countWithout(
  entity: string,
  state: ListState,
  view: ListView,
): Promise<{ field: string; total: number }[]> {
  const found: { field: string; total: number }[] = [];
  for (const field of [...Object.keys(state.chips), ...(state.q ? ['q'] : [])]) {
    const chips = Object.fromEntries(Object.entries(state.chips).filter(([name]) => name !== field));
    const { total } = (await count(entity, { ...state, chips, q: field === 'q' ? '' : state.q }, view)) ?? {};
    if (total) found.push({ field, total });
  }
  return found.sort((a, b) => b.total - a.total);
}
