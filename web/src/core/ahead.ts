// The rows that the address asks for, requested before the screen that shows them is drawn. An answer is given away
// once, and not at all when anything has happened since: whoever takes it follows the events only from then on.
import { api } from './api.ts';
import { link, on } from './events.ts';
import { query, readState, sortOf } from './filter.ts';
import { entityOf, homeViews, listViews, meta, stagesOf, type HomeView } from './meta.ts';
import { base, place } from './router.ts';
import { isAwaited } from './saved.ts';
import type { ListView, Page } from './types.ts';

export const PAGE = 100;
const HOME = 50;
export const HOME_ASIDE = 8;

const PATIENCE = 40; // ms
const LONG = 350; // ms: a slow processor or line

interface Asked {
  page: Promise<Page>;
  halt: AbortController;
}
const asked = new Map<string, Asked>();
let begun = 0; // when the user began to wait, by performance.now()

const keyOf = (entity: string, search: URLSearchParams) => `${entity}?${search}`;

/** The question for one page of a list. */
export function pageSearch(wanted: URLSearchParams, sort: string[], limit: number): URLSearchParams {
  const search = new URLSearchParams(wanted);
  if (sort.length) search.set('sort', sort.join(','));
  search.set('limit', String(limit));
  return search;
}

/** How many rows the start screen reads of a view. */
export const homeLimit = ({ view, due }: HomeView): number => (view.live && !due ? HOME_ASIDE : HOME);

/** What a view shows on the start screen, where nothing is chosen by hand. */
export function homeQuery(view: ListView): URLSearchParams {
  return query({ view: view.id, q: '', sort: null, chips: {} }, view, meta.value!.user.id);
}

const hasWaited = () => performance.now() - begun > LONG;

/**
 * Until they are there, but no longer than the first drawing may wait: then it needs no other right behind it. Who has
 * waited long already sees the frame at once, and the rows in it thereafter.
 */
export async function rowsAhead(): Promise<unknown> {
  if (hasWaited()) return undefined;
  const late = new Promise((done) => {
    setTimeout(done, PATIENCE);
  });
  const pages = [...asked.values()].map(({ page }) => page);
  return Promise.race([Promise.allSettled(pages), late]);
}

/** For a user who waits since `since`, by performance.now(). */
export function askAhead(since: number): void {
  begun = since;
  if (link.value.state !== 'live') return; // changes in between would be missed
  const at = base(place.value);
  if (at.name === 'list' && entityOf(at.entity)) askList(at.entity, at.search);
  if (at.name === 'home')
    for (const home of homeViews())
      ask(home.entity, pageSearch(homeQuery(home.view), home.view.sort ?? [], homeLimit(home)));
}

function askList(entity: string, address: URLSearchParams): void {
  if (isAwaited(entity, address)) return;
  const views = listViews(entity);
  const state = readState(address, views);
  if (state.board && stagesOf(entity).length) return;
  const view = views.find((one) => one.id === state.view)!;
  ask(entity, pageSearch(query(state, view, meta.value!.user.id), sortOf(state, view), PAGE));
}

function ask(entity: string, search: URLSearchParams): void {
  const halt = new AbortController();
  const page = api.list(entity, search, halt.signal);
  page.catch(() => undefined); // told of by whoever takes it
  asked.set(keyOf(entity, search), { page, halt });
}

/**
 * What was asked for under the same question; undefined: nothing, or it is no longer fit to be shown. From then on it is
 * the taker's, whose `signal` breaks it off.
 */
export function takeAhead(entity: string, search: URLSearchParams, signal: AbortSignal): Promise<Page> | undefined {
  const key = keyOf(entity, search);
  const found = asked.get(key);
  if (!found) return undefined;
  asked.delete(key);
  if (link.value.state !== 'live') {
    found.halt.abort();
    return undefined;
  }
  signal.addEventListener('abort', () => found.halt.abort());
  return hasWaited() ? painted().then(() => found.page) : found.page;
}

/** Until what is drawn now is on the screen, which a hidden page is not waited for. */
function painted(): Promise<void> {
  return new Promise((done) => {
    requestAnimationFrame(() => {
      setTimeout(done);
    });
    if (document.hidden) done();
  });
}

/** Nobody will take it, so the server need not answer it either. */
const forget = () => {
  for (const { halt } of asked.values()) halt.abort();
  asked.clear();
};
for (const name of ['record', 'many', 'reset', 'meta'] as const) on(name, forget);
place.watch(forget);
