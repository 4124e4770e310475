// Light, dark, or as the system has it. The choice is kept in this browser.
import { Store } from './store.ts';

export type Theme = 'auto' | 'light' | 'dark';
const STORED = 'karkas.theme';
const THEMES: Theme[] = ['auto', 'light', 'dark'];

export const theme = new Store<Theme>('auto');

export function startTheme(): void {
  const stored = localStorage.getItem(STORED) as Theme | null;
  apply(stored && THEMES.includes(stored) ? stored : 'auto');
}

export function setTheme(next: Theme): void {
  localStorage.setItem(STORED, next);
  apply(next);
}

/** The user's choice on the server, when this browser has none of its own. */
export function suggestTheme(next?: string): void {
  if (!localStorage.getItem(STORED) && THEMES.includes(next as Theme)) apply(next as Theme);
}

function apply(next: Theme): void {
  if (next === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  theme.set(next);
}
