// The texts of the page: they come with its file.
import { format } from '../core/icu.ts';
import { lang, locale } from '../core/i18n.ts';
import en from './en.json';
import ru from './ru.json';

export type Key = keyof typeof ru;

export const say = (key: Key, params: Record<string, unknown> = {}): string =>
  format((lang.value === 'en' ? en : ru)[key], params, locale());
