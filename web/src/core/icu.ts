// A subset of ICU MessageFormat: {name}, {n, plural, =0 {…} one {…} other {# …}}, {v, select, a {…} other {…}},
// nested, with 'quoted' braces. Messages are compiled once and kept.

type Params = Record<string, unknown>;
type Part =
  string | { arg: string; kind?: 'plural' | 'select'; cases?: Map<string, Part[]> } | { hash: true };

const compiled = new Map<string, Part[]>();
const rules = new Map<string, Intl.PluralRules>();
const counts = new Map<string, Intl.NumberFormat>();

export class MessageError extends Error {}

export function compile(text: string): Part[] {
  let parts = compiled.get(text);
  if (!parts) compiled.set(text, (parts = new Reader(text).all()));
  return parts;
}

/** `locale` has the plural forms of the text's language and writes numbers as its reader has them. */
export function format(text: string, params: Params, locale: string): string {
  if (!text.includes('{') && !text.includes("'")) return text;
  return join(compile(text), params, locale, undefined);
}

function pluralOf(locale: string, n: number): string {
  let rule = rules.get(locale);
  if (!rule) rules.set(locale, (rule = new Intl.PluralRules(locale)));
  return rule.select(n);
}

function counted(locale: string, n: number): string {
  let count = counts.get(locale);
  if (!count) counts.set(locale, (count = new Intl.NumberFormat(locale)));
  return count.format(n);
}

function join(parts: Part[], params: Params, locale: string, count: number | undefined): string {
  return parts.map((part) => one(part, params, locale, count)).join('');
}

function one(part: Part, params: Params, locale: string, count: number | undefined): string {
  if (typeof part === 'string') return part;
  if ('hash' in part) return count === undefined ? '#' : counted(locale, count);
  const value = params[part.arg];
  if (!part.kind) return value === undefined || value === null ? '' : String(value);
  const cases = part.cases!;
  if (part.kind === 'select')
    return join(cases.get(String(value)) ?? cases.get('other')!, params, locale, count);
  const n = Number(value);
  const chosen = cases.get(`=${n}`) ?? cases.get(pluralOf(locale, n)) ?? cases.get('other')!;
  return join(chosen, params, locale, n);
}

class Reader {
  #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  all(): Part[] {
    const parts = this.#parts(false);
    if (this.#at < this.#text.length) throw this.#error('a brace too many');
    return parts;
  }

  #error(what: string): MessageError {
    return new MessageError(`${what} at ${this.#at} in "${this.#text}"`);
  }

  #parts(inside: boolean): Part[] {
    const parts: Part[] = [];
    let plain = '';
    const flush = () => {
      if (plain) parts.push(plain);
      plain = '';
    };
    while (this.#at < this.#text.length && this.#text[this.#at] !== '}') {
      const c = this.#text[this.#at];
      if (c === '{') {
        flush();
        parts.push(this.#argument());
      } else if (c === '#' && inside) {
        flush();
        parts.push({ hash: true });
        this.#at += 1;
      } else if (c === "'") plain += this.#quoted();
      else {
        plain += c;
        this.#at += 1;
      }
    }
    flush();
    return parts;
  }

  #quoted(): string {
    this.#at += 1;
    if (this.#text[this.#at] === "'") {
      this.#at += 1;
      return "'";
    }
    if (!'{}#'.includes(this.#text[this.#at] ?? ' ')) return "'";
    const end = this.#text.indexOf("'", this.#at);
    const piece = this.#text.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 1;
    return piece;
  }

  #word(): string {
    this.#space();
    const from = this.#at;
    while (/[\w=.-]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
    if (from === this.#at) throw this.#error('a name is missing');
    return this.#text.slice(from, this.#at);
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #expect(c: string): void {
    this.#space();
    if (this.#text[this.#at] !== c) throw this.#error(`"${c}" is missing`);
    this.#at += 1;
  }

  #argument(): Part {
    this.#at += 1;
    const arg = this.#word();
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#at += 1;
      return { arg };
    }
    this.#expect(',');
    const kind = this.#word();
    if (kind !== 'plural' && kind !== 'select') throw this.#error(`"${kind}" is not known`);
    this.#expect(',');
    return { arg, kind, cases: this.#cases(kind === 'plural') };
  }

  #cases(plural: boolean): Map<string, Part[]> {
    const cases = new Map<string, Part[]>();
    for (this.#space(); this.#text[this.#at] !== '}'; this.#space()) {
      const name = this.#word();
      this.#expect('{');
      cases.set(name, this.#parts(plural));
      this.#expect('}');
    }
    if (!cases.has('other')) throw this.#error('"other" is missing');
    this.#at += 1;
    return cases;
  }
}
