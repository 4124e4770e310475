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

const ENGLISH = 'en-GB';
let english = ''; // found out when it is first needed: the first question to Intl takes long

/** The first of the languages that is English of some country; one that Intl does not know by name is passed over. */
export function englishOf(languages: readonly string[]): string {
  const isKnown = (name: string) => {
    try {
      return /^en-/i.test(name) && Intl.DateTimeFormat.supportedLocalesOf(name).length > 0;
    } catch {
      return false;
    }
  };
  return languages.find(isKnown) ?? ENGLISH;
}

/** Whose customs numbers and dates follow: English ones are as the browser's user has them, British if he has none. */
export function locale(): string {
  if (lang.value !== 'en') return lang.value;
  return (english ||= englishOf(typeof navigator === 'undefined' ? [] : navigator.languages));
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
    return format(text, params, locale());
  } catch {
    return text;
  }
}

/** Labels of entities are words of a sentence; at its start they begin with a capital. */
export function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase(lang.value) + text.slice(1);
}
