// Numbers as people type and paste them. They are read and shown digit by digit: a float would lose kopecks.
import type { Field, FieldError } from '../core/types.ts';

/** What a text is read by: the user's language and the deployment's sign of money. */
export interface Writing {
  isEnglish: boolean;
  sign: string;
}

const TYPES = new Set(['int', 'decimal', 'money', 'percent']);
const PLAIN: Writing = { isEnglish: false, sign: '\u20bd' };
const SPACES = /[\s_'\u2019]/g; // all that groups digits beside commas and dots; \s has the no-break and the narrow spaces
const MINUS = /^[\u2212\u2013]/;
const RUBLES = /(?:\u20bd|rub|\u0440(?:\u0443\u0431(?:\u043b\p{L}{1,2})?)?\.?)$/iu; // as they are written in words too
const GROUPS = /^\d{1,3}([.,])\d{3}(?:\1\d{3})*$/;
const THIN = '\u202f';

export const isNumberType = (type: string): boolean => TYPES.has(type);

/** The exact decimal that is meant, "1250000.50"; null: the text is no number. */
export function decimalOf(text: string, { isEnglish, sign }: Writing = PLAIN): string | null {
  const bare = text
    .replace(sign, '')
    .replace(SPACES, '')
    .replace(sign === PLAIN.sign ? RUBLES : '', '')
    .replace(/%$/, '')
    .replace(MINUS, '-');
  const [, before, body] = /^([-+]?)([\d.,]*\d[\d.,]*)$/.exec(bare) ?? [];
  if (!body) return null;
  const at = pointOf(body, isEnglish);
  const whole = body.slice(0, at),
    part = body.slice(at + 1);
  if (/[.,]/.test(whole) && !GROUPS.test(whole)) return null;
  const digits = whole.replace(/[.,]/g, '').replace(/^0+(?=\d)/, '') || '0';
  const minus = before === '-' && /[1-9]/.test(body) ? '-' : '';
  return `${minus}${digits}${part ? `.${part}` : ''}`;
}

/** Where the fraction begins: the last comma or dot, when it stands once. In English a comma may group three digits. */
function pointOf(body: string, isEnglish: boolean): number {
  const signs = body.replace(/\d/g, '');
  const last = signs.at(-1);
  const isGroup = isEnglish && last === ',' && GROUPS.test(body);
  return !last || isGroup || signs.indexOf(last) < signs.length - 1 ? body.length : body.lastIndexOf(last);
}

/** A decimal as it stands in an input, "1 250 000,50". Four digits of a whole number stand together: it may be a year. */
export function groupedNumber(type: string, decimal: string, isEnglish: boolean): string {
  const [, minus, whole, part = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal) ?? ['', '', decimal];
  const isShort = type === 'int' && whole.length < 5;
  const grouped = isShort ? whole : whole.replace(/\B(?=(?:\d{3})+$)/g, THIN);
  const kept = /[1-9]/.test(part) ? part.padEnd(type === 'money' ? 2 : 0, '0') : '';
  return `${minus}${grouped}${kept && (isEnglish ? '.' : ',')}${kept}`;
}

/** What is wrong with a number that was typed, and what was expected. `value` is what its editor holds. */
export function numberFault(name: string, field: Field, value: unknown, writing: Writing): FieldError | null {
  if (!isNumberType(field.type) || typeof value !== 'string' || !value.trim()) return null;
  const scale = field.type === 'int' ? 0 : (field.scale ?? 0);
  const sample = groupedNumber(field.type, SAMPLES[field.type](scale), writing.isEnglish);
  const decimal = decimalOf(value, writing);
  if (decimal === null) return { field: name, code: `number.${field.type}`, params: { sample } };
  const digits = decimal.split('.')[1]?.length ?? 0;
  if (digits <= scale) return null;
  return { field: name, code: scale ? 'number.digits' : 'number.whole', params: { n: scale, sample } };
}

const fraction = (scale: number) => (scale ? `.${'5'.padEnd(scale, '0')}` : '');
const SAMPLES: Record<string, (scale: number) => string> = {
  int: () => '1200',
  money: (scale) => `1250000${fraction(scale)}`,
  decimal: (scale) => `12${fraction(scale)}`,
  percent: (scale) => `12${fraction(scale)}`,
};

/** The decimal, or what is no number as it was typed: the server says why not. */
export const number = (text: string): string => decimalOf(text) ?? text;

const SURE = 15; // digits that a JSON number keeps whatever reads it

/** A number typed for a field of this type, as JSON; null: it is none. */
export function numeric(type: string, text: string): number | string | null {
  const bare = number(text);
  const isNumber = (type === 'int' ? /^-?\d+$/ : /^-?\d+(\.\d+)?$/).test(bare);
  if (!isNumber) return null;
  return bare.replace(/\D/g, '').length > SURE || /e/.test(String(Number(bare))) ? bare : Number(bare);
}
