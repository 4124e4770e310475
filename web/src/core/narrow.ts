// Whether the window is as narrow as a phone.
import { Store } from './store.ts';

const query = typeof matchMedia === 'undefined' ? null : matchMedia('(max-width: 720px)');
export const narrow = new Store<boolean>(query?.matches ?? false);
query?.addEventListener('change', () => narrow.set(query.matches));
