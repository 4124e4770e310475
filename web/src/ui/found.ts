// What a search has found, as text with marks. The server says where, in UTF-16 code units of the value; what is shown
// may be the value written in another way (a phone with spaces), so places are carried over by what both have.
import { html, nothing, type TemplateResult } from 'lit';
import type { Ranges } from '../core/types.ts';

/** Ranges inside the text, in order and without overlap: what came from outside is not trusted to be so. */
function sound(text: string, ranges: Ranges): Ranges {
  let last = 0;
  return [...ranges]
    .sort((a, b) => a[0] - b[0])
    .map(([from, to]): [number, number] => {
      const part: [number, number] = [Math.max(from, last), Math.min(to, text.length)];
      last = Math.max(last, part[1]);
      return part;
    })
    .filter(([from, to]) => from < to);
}

export function marked(text: string, ranges: Ranges | undefined): TemplateResult | string {
  const parts = sound(text, ranges ?? []);
  if (!parts.length) return text;
  const ends = [0, ...parts.map(([, to]) => to)];
  return html`${parts.map(
    ([from, to], i) => html`${text.slice(ends[i], from)}<mark>${text.slice(from, to)}</mark>`,
  )}${text.slice(ends[parts.length]) || nothing}`;
}

/** Ranges of `value` as ranges of `shown`, which has the same digits with other signs between them. */
export function byDigits(value: string, shown: string, ranges: Ranges): Ranges {
  const digits = [...shown].flatMap((c, i) => (/\d/.test(c) ? [i] : []));
  const before = (at: number) => value.slice(0, at).replace(/\D/g, '').length;
  return ranges
    .map(([from, to]): [number, number] => [digits[before(from)] ?? 0, (digits[before(to) - 1] ?? -1) + 1])
    .filter(([from, to]) => from < to);
}

/** The part of a long text from shortly before the first place on, with its ranges; one line. */
export function excerpt(text: string, ranges: Ranges, before: number): { text: string; ranges: Ranges } {
  const first = Math.max(0, (ranges[0]?.[0] ?? 0) - before);
  const start = first ? text.indexOf(' ', first) + 1 || first : 0;
  const from = start > (ranges[0]?.[0] ?? 0) ? first : start;
  const lead = from ? '…' : '';
  const shift = from - lead.length;
  return {
    text: lead + text.slice(from).replace(/\s/g, ' '),
    ranges: ranges.map(([a, b]): [number, number] => [a - shift, b - shift]),
  };
}
