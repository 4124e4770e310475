// Addresses. A card that was opened from a list is a layer over it: the history entry remembers the list's address
// (`under`), so that "back" closes the card and a reload shows both again.
import { Store } from './store.ts';

export interface Place {
  path: string;
  search: URLSearchParams;
  name: 'home' | 'list' | 'card' | 'new' | 'import' | 'duplicates' | 'notices' | 'batches' | 'tokens' | 'webhooks' | 'requests' | 'model' | 'modules' | 'reference' | 'frame' | 'unknown';
  entity: string;
  id: number;
  under: string | null;
}

interface HistoryState {
  under?: string;
}

export function parse(path: string, search: URLSearchParams, under: string | null): Place {
  const place: Place = { path, search, name: 'unknown', entity: '', id: 0, under };
  if (path === '/' || path === '/login') return { ...place, name: 'home' };
  if (path === '/settings/notices') return { ...place, name: 'notices' };
  if (path === '/settings/batches') return { ...place, name: 'batches' };
  if (path === '/x/api') return { ...place, name: 'reference' };
  if (path === '/settings/tokens') return { ...place, name: 'tokens' };
  if (path === '/settings/webhooks') return { ...place, name: 'webhooks' };
  if (path === '/settings/requests') return { ...place, name: 'requests' };
  if (path === '/settings/model') return { ...place, name: 'model' };
  if (path === '/settings/modules') return { ...place, name: 'modules' };
  if (path.startsWith('/x/')) return { ...place, name: 'frame' };
  const m = /^\/e\/([a-z][\w.]*)(?:\/(new|import|duplicates|\d+))?\/?$/.exec(path);
  if (!m) return place;
  const name = m[2] === undefined ? 'list' : isWord(m[2]) ? m[2] : 'card';
  return { ...place, name, entity: m[1], id: name === 'card' ? Number(m[2]) : 0 };
}

const isWord = (part: string): part is 'new' | 'import' | 'duplicates' => !/^\d/.test(part);

function current(): Place {
  const under = (history.state as HistoryState | null)?.under ?? null;
  return parse(location.pathname, new URLSearchParams(location.search), under);
}

export const place = new Store<Place>(
  typeof location === 'undefined' ? parse('/', new URLSearchParams(), null) : current(),
);

export function go(to: string, options: { under?: string; replace?: boolean } = {}): void {
  const state: HistoryState = options.under ? { under: options.under } : {};
  if (options.replace) history.replaceState(state, '', to);
  else history.pushState(state, '', to);
  place.set(current());
}

/** Opens a card over the list that is in sight; from a page without one, as a page of its own. */
export function openCard(entity: string, id: number | 'new', search = ''): void {
  const here = place.value;
  const under =
    here.under ??
    (here.name !== 'card' && here.name !== 'new' && here.name !== 'unknown'
      ? location.pathname + location.search
      : undefined);
  go(`/e/${entity}/${id}${search}`, { under, replace: here.under !== null && here.name !== 'list' });
}

export function closeCard(): void {
  const here = place.value;
  if (here.under) history.back();
  else go(`/e/${here.entity}`);
}

/** What lies behind the drawer, or the place itself. */
export function base(at: Place): Place {
  if (!at.under) return at;
  const url = new URL(at.under, location.origin);
  return parse(url.pathname, url.searchParams, null);
}

export function start(): void {
  addEventListener('popstate', () => place.set(current()));
  document.addEventListener('click', (event) => {
    const link = (event.target as Element).closest?.('a[href]') as HTMLAnchorElement | null;
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey)
      return;
    if (
      link.origin !== location.origin ||
      link.target ||
      link.hasAttribute('download') ||
      !isOurs(link.pathname)
    )
      return;
    event.preventDefault();
    const card = parse(link.pathname, new URLSearchParams(), null);
    if (link.dataset.layer !== undefined && (card.name === 'card' || card.name === 'new'))
      openCard(card.entity, card.id || 'new');
    else go(link.pathname + link.search);
  });
}

const isOurs = (path: string) => /^\/($|e\/|x\/|settings\/|login$)/.test(path);
