// Texts. The core's own catalogues are files of their own, of which a page loads the one in its language; the modules'
// strings come from the server. A key that nobody knows is shown as it is: texts of the ТЗ are given literally.
import { format } from './icu.ts';
import { Store } from './store.ts';

export type Lang = 'ru' | 'en';
type Texts = Record<string, string>;

const CATALOGUES: Record<Lang, () => Promise<{ default: Texts }>> = {
  ru: () => import('../../locales/ru.json'),
  en: () => import('../../locales/en.json'),
};
const STORED = 'karkas.lang';
let core: Texts = {};
let modules: Texts = {};
let chosen = 0; // how often a language was asked for

export const lang = new Store<Lang>(first());

function first(): Lang {
  const stored = typeof localStorage === 'undefined' ? null : localStorage.getItem(STORED);
  if (stored === 'ru' || stored === 'en') return stored;
  return typeof navigator !== 'undefined' && /^en/i.test(navigator.language) ? 'en' : 'ru';
}

export function storedLang(): string | null {
  return localStorage.getItem(STORED);
}

/** Loads the texts and shows everything in this language. Where they cannot be had it rejects and all stays as it is. */
export async function setLang(next: Lang, remember = true): Promise<void> {
  const turn = ++chosen;
  const texts = (await CATALOGUES[next]()).default;
  if (turn !== chosen) return;
  core = texts;
  if (remember) localStorage.setItem(STORED, next);
  document.documentElement.lang = next;
  lang.set(next);
}

export function setModuleStrings(strings: Texts): void {
  modules = strings;
}

export function has(key: string): boolean {
  return key in core || key in modules;
}

/** The text under `key` in the user's language; a key without a text is its own text. */
export function t(key: string, params: Record<string, unknown> = {}): string {
  const text = core[key] ?? modules[key];
  if (text === undefined) return key;
  try {
    return format(text, params, lang.value);
  } catch {
    return text;
  }
}

/** Labels of entities are words of a sentence; at its start they begin with a capital. */
export function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase(lang.value) + text.slice(1);
}
