// Texts. The core's own catalogues are part of the script; the modules' strings come from the server. A key that
// nobody knows is shown as it is: texts of the ТЗ are given literally.
import en from '../../locales/en.json';
import ru from '../../locales/ru.json';
import { format } from './icu.ts';
import { Store } from './store.ts';

export type Lang = 'ru' | 'en';

const core: Record<Lang, Record<string, string>> = { ru, en };
const STORED = 'karkas.lang';
let modules: Record<string, string> = {};

export const lang = new Store<Lang>(first());

function first(): Lang {
  const stored = typeof localStorage === 'undefined' ? null : localStorage.getItem(STORED);
  if (stored === 'ru' || stored === 'en') return stored;
  return typeof navigator !== 'undefined' && /^en/i.test(navigator.language) ? 'en' : 'ru';
}

export function storedLang(): string | null {
  return localStorage.getItem(STORED);
}

export function setLang(next: Lang, remember = true): void {
  if (remember) localStorage.setItem(STORED, next);
  document.documentElement.lang = next;
  lang.set(next);
}

export function setModuleStrings(strings: Record<string, string>): void {
  modules = strings;
}

export function has(key: string): boolean {
  return key in core[lang.value] || key in modules;
}

/** The text under `key` in the user's language; a key without a text is its own text. */
export function t(key: string, params: Record<string, unknown> = {}): string {
  const text = core[lang.value][key] ?? modules[key];
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
