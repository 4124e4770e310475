// Values as people write them: Russian and English numbers, money, phones, dates in the deployment's time zone.
import { locale, t } from './i18n.ts';
import { meta } from './meta.ts';

const NB = '\u00a0';
const MONTH = /(\p{L}{3})\p{L}?\.(?=\s|$)/u; // a shortened Russian month, as three letters without its full stop
const YEAR = /\s\u0433\.?$/; // the abbreviated word that Intl adds after a Russian year
const formats = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat>();

function cached<T extends Intl.DateTimeFormat | Intl.NumberFormat>(key: string, make: () => T): T {
  const full = `${locale()}|${zone()}|${key}`;
  let found = formats.get(full) as T | undefined;
  if (!found) formats.set(full, (found = make()));
  return found;
}

export function zone(): string {
  return meta.value?.tz ?? 'UTC';
}

export function number(value: unknown, digits?: number): string {
  const n = Number(value);
  if (!Number.isFinite(n)) return String(value ?? '');
  const options =
    digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return cached(`n${digits}`, () => new Intl.NumberFormat(locale(), options))
    .format(n)
    .replace('-', '−');
}

/** How many rows a list has, as far as it is known. */
export function atLeast({ total, approx }: { total: number | null; approx: boolean }): string {
  return approx ? `${number(total)}+` : number(total);
}

/** A field's whole number: four digits stand together, for they may be a year. */
export function whole(value: unknown): string {
  const n = Number(value);
  if (!Number.isFinite(n)) return String(value ?? '');
  const useGrouping = Math.abs(n) >= 10_000;
  return cached(`whole${useGrouping}`, () => new Intl.NumberFormat(locale(), { useGrouping }))
    .format(n)
    .replace('-', '−');
}

/** "24 960 000 ₽"; kopecks only when there are any. `value` is the API's decimal string. */
export function money(value: unknown, currency: string): string {
  const n = Number(value);
  if (!Number.isFinite(n)) return String(value ?? '');
  const digits = Number.isInteger(n) ? 0 : 2;
  const make = () =>
    new Intl.NumberFormat(locale(), {
      style: 'currency',
      currency,
      currencyDisplay: 'narrowSymbol',
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
  try {
    return cached(`m${currency}${digits}`, make).format(n).replace('-', '−');
  } catch {
    return `${number(value, digits)}${NB}${currency}`;
  }
}

/** A stored phone: E.164, with an extension behind it or without. */
const PHONE = /^(\+\d{8,15})(?:;ext=(\d{1,7}))?$/;

/** Where a phone is dialled; a number that is none was kept as it came, and null. */
export const dial = (value: string): string | null => (PHONE.test(value) ? `tel:${value}` : null);

/** +7 912 555-34-70 доб. 12 for +79125553470;ext=12. */
export function phone(value: string): string {
  const [, number, extension] = PHONE.exec(value) ?? [];
  if (!number) return value;
  return extension ? `${grouped(number)}${NB}${t('fmt.extension', { n: extension })}` : grouped(number);
}

/** Numbers that are not Russian stand in groups of three from the left after the plus. */
function grouped(value: string): string {
  const ru = /^\+7(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(value);
  if (ru) return `+7${NB}${ru[1]}${NB}${ru[2]}-${ru[3]}-${ru[4]}`;
  const code = /^\+(998|996|995|994|993|992|374|375|380|1|44|49|86|90|\d\d)/.exec(value)![1];
  const rest = value.slice(1 + code.length).replace(/\d{3}(?=\d{2,})/g, (group) => `${group}${NB}`);
  return `+${code}${NB}${rest}`;
}

export function duration(ms: number): string {
  const minutes = Math.round(ms / 60000);
  if (minutes < 60) return t('fmt.minutes', { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 48)
    return minutes % 60
      ? `${t('fmt.hours', { n: hours })} ${t('fmt.minutes', { n: minutes % 60 })}`
      : t('fmt.hours', { n: hours });
  return t('fmt.days', { n: Math.round(hours / 24) });
}

export interface Wall {
  y: number;
  mo: number;
  d: number;
  h: number;
  mi: number;
  wd: number;
}

const MINUTE = 60_000;
const WHOLE_SINCE = Date.UTC(1973, 0); // before, some zones differed from UTC by seconds too
const WALLS = 1000;
const walls = new Map<string, Wall>(); // a list asks for the present with each of its rows

/** The moment as a clock on the deployment's wall shows it. */
export function wall(at: Date | number, tz = zone()): Wall {
  if (!(+at >= WHOLE_SINCE)) return readWall(at, tz);
  const key = `${tz} ${Math.floor(+at / MINUTE)}`;
  let found = walls.get(key);
  if (!found) {
    if (walls.size >= WALLS) walls.clear();
    walls.set(key, (found = readWall(at, tz)));
  }
  return found;
}

function readWall(at: Date | number, tz: string): Wall {
  const key = `wall${tz}`;
  const format = cached(
    key,
    () =>
      new Intl.DateTimeFormat('en-CA', {
        timeZone: tz,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        weekday: 'short',
      }),
  );
  const parts = Object.fromEntries(format.formatToParts(at).map((p) => [p.type, p.value]));
  const wd = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(parts.weekday.slice(0, 3));
  return { y: +parts.year, mo: +parts.month, d: +parts.day, h: +parts.hour, mi: +parts.minute, wd };
}

/** The day as a number, so that days can be subtracted. */
export function dayNumber(at: Date | number, tz = zone()): number {
  const w = wall(at, tz);
  return Math.floor(Date.UTC(w.y, w.mo - 1, w.d) / 86400000);
}

const pad = (n: number) => String(n).padStart(2, '0');

/** For <input type="datetime-local">: the deployment's wall clock, not the browser's. */
export function toLocalInput(iso: string, tz = zone()): string {
  const w = wall(Date.parse(iso), tz);
  return `${String(w.y).padStart(4, '0')}-${pad(w.mo)}-${pad(w.d)}T${pad(w.h)}:${pad(w.mi)}`;
}

/** The moment at which the deployment's wall clock shows `local` ("2027-01-18T10:15"). */
export function fromLocalInput(local: string, tz = zone()): string | null {
  const m = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(local);
  if (!m) return null;
  const want = Date.UTC(+m[1], +m[2] - 1, +m[3], +m[4], +m[5]);
  let guess = want;
  for (let i = 0; i < 2; i += 1) {
    const w = wall(guess, tz);
    guess += want - Date.UTC(w.y, w.mo - 1, w.d, w.h, w.mi);
  }
  return new Date(guess).toISOString();
}

const monthDay = (year: boolean) =>
  cached(
    `md${year}`,
    () =>
      new Intl.DateTimeFormat(locale(), {
        timeZone: zone(),
        day: 'numeric',
        month: 'short',
        ...(year ? { year: 'numeric' } : {}),
      }),
  );

export function clockTime(at: Date | number): string {
  return cached(
    'time',
    () =>
      new Intl.DateTimeFormat(locale(), {
        timeZone: zone(),
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
      }),
  ).format(at);
}

function dayName(at: Date | number, now: number, noTime: boolean): string {
  const off = dayNumber(at) - dayNumber(now);
  if (off === 0 && !noTime) return '';
  if (off >= -1 && off <= 1) return t(['day.yesterday', 'day.today', 'day.tomorrow'][off + 1]);
  const sameYear = wall(at).y === wall(now).y;
  const text = monthDay(!sameYear).format(at).replace(MONTH, '$1').replace(YEAR, '');
  if (off < -6 || off > 6) return text;
  const weekday = cached(
    'wd',
    () => new Intl.DateTimeFormat(locale(), { timeZone: zone(), weekday: 'short' }),
  ).format(at);
  return `${weekday}, ${text}`;
}

/** "10:30" today, "вчера, 16:00", "пн, 12 окт, 09:00"; without a time once it is a week away. */
export function moment(iso: string, now = Date.now()): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return iso;
  const off = Math.abs(dayNumber(at) - dayNumber(now));
  const name = dayName(at, now, false);
  if (off > 6) return name;
  return name ? `${name}, ${clockTime(at)}` : clockTime(at);
}

/** The full moment, for cards and tooltips: "14 октября 2026, 16:00". */
export function fullMoment(iso: string): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return iso;
  const day = cached(
    'full',
    () =>
      new Intl.DateTimeFormat(locale(), {
        timeZone: zone(),
        day: 'numeric',
        month: 'long',
        year: 'numeric',
      }),
  )
    .format(at)
    .replace(YEAR, '');
  return `${day}, ${clockTime(at)}`;
}

/** A date without a time; `value` is "2027-01-18". */
export function date(value: string, now = Date.now(), long = false): string {
  const m = /^(\d{4})-(\d\d)-(\d\d)$/.exec(value);
  if (!m) return value;
  const at = Date.UTC(+m[1], +m[2] - 1, +m[3], 12);
  const today = wall(now);
  const off = Math.round((at - Date.UTC(today.y, today.mo - 1, today.d, 12)) / 86400000);
  if (!long && Math.abs(off) <= 1) return t(['day.yesterday', 'day.today', 'day.tomorrow'][off + 1]);
  const options: Intl.DateTimeFormatOptions = {
    timeZone: 'UTC',
    day: 'numeric',
    month: long ? 'long' : 'short',
  };
  if (long || +m[1] !== today.y) options.year = 'numeric';
  return cached(`d${long}${!!options.year}`, () => new Intl.DateTimeFormat(locale(), options))
    .format(at)
    .replace(MONTH, '$1')
    .replace(YEAR, '');
}

export interface Due {
  text: string;
  state: '' | 'ok' | 'warn' | 'danger';
  ticking: boolean;
}

/** How much is left until `iso`: a countdown within the hour, "сегодня, 16:00" further away and once all is done. */
export function due(iso: string, now = Date.now(), isOver = false): Due {
  const day = /^\d{4}-\d\d-\d\d$/.test(iso);
  if (isOver) return { text: day ? date(iso, now) : moment(iso, now), state: '', ticking: false };
  const at = day ? Date.parse(fromLocalInput(`${iso}T23:59`)!) : Date.parse(iso);
  const left = at - now;
  const state = left < 0 ? 'danger' : left < 600000 ? 'warn' : left < 3600000 ? 'ok' : '';
  if (day) return { text: date(iso, now), state: left < 0 ? 'danger' : '', ticking: false };
  if (Math.abs(left) >= 3600000) return { text: moment(iso, now), state, ticking: false };
  const seconds = Math.abs(Math.trunc(left / 1000));
  return {
    text: `${left < 0 ? '−' : ''}${Math.floor(seconds / 60)}:${pad(seconds % 60)}`,
    state,
    ticking: true,
  };
}

const PLAIN = /^[A-Za-z\u0400-\u04ff\d\s]*$/; // read in a moment, while the browser takes milliseconds to prepare \p{L}

export function initials(name: string): string {
  const words = (PLAIN.test(name) ? name : name.replace(/[^\p{L}\p{N}\s]/gu, ' '))
    .trim()
    .split(/\s+/);
  return words
    .slice(0, 2)
    .map((w) => [...w][0] ?? '')
    .join('')
    .toUpperCase();
}

const AVATARS = ['teal', 'blue', 'violet', 'orange', 'pink', 'green', 'indigo'];

/** The same person has the same colour everywhere. */
export function avatarColor(id: number): string {
  return AVATARS[id % AVATARS.length];
}
