// How wide the window is, and whether it is as narrow as a phone.
import { Store } from './store.ts';

const query = typeof matchMedia === 'undefined' ? null : matchMedia('(max-width: 720px)');
export const narrow = new Store<boolean>(query?.matches ?? false);
query?.addEventListener('change', () => narrow.set(query.matches));

export const width = new Store<number>(typeof innerWidth === 'undefined' ? 0 : innerWidth);
globalThis.addEventListener?.('resize', () => width.set(innerWidth));
