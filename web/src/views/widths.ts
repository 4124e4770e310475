// How wide the columns of a table are: all give way together, the main one with them; where even that is not enough,
// some leave the table, so that nothing is scrolled sideways.

/** How wide the column of a type is where there is room, and how far it gives way. */
type Range = [most: number, least: number];

const WIDTHS: Record<string, Range> = {
  money: [140, 120],
  int: [88, 72],
  decimal: [112, 96],
  percent: [88, 72],
  date: [128, 100],
  datetime: [148, 124],
  user: [196, 140],
  stage: [168, 136], // its name is never cut
  choice: [128, 100],
  phone: [156, 144],
  email: [190, 124],
  bool: [80, 72],
  duration: [112, 96],
  ref: [290, 110],
};
const OTHER: Range = [200, 100];
/** The column that names the record: it takes what the others leave, and all the rest. */
export const MAIN: Range = [290, 140];

export const rangeOf = (type: string): Range => WIDTHS[type] ?? OTHER;

/**
 * The least width of a table whose other columns have these types, beside `fixed` pixels of buttons, and the CSS width
 * of a column. Every column has gone the same part of its way between its two widths, so the main one has as well.
 */
export function widths(types: string[], fixed: number): { least: number; of: (type: string) => string } {
  const all = [MAIN, ...types.map(rangeOf)];
  const wide = sum(all.map(([most]) => most)),
    narrow = sum(all.map(([, least]) => least));
  return {
    least: fixed + narrow,
    of: (type) => {
      const [most, least] = rangeOf(type);
      const part = (most - least) / (wide - narrow);
      return `clamp(${least}px,calc(${least}px + (var(--room) - ${fixed + narrow}px)*${part.toFixed(4)}),${most}px)`;
    },
  };
}

/**
 * Those of the columns beside the main one that have room in so many pixels. Who is not to be kept leaves first, from
 * the end.
 */
export function fitting<T extends { type: string; isKept: boolean }>(columns: T[], room: number): T[] {
  const left = [...columns];
  while (left.length && MAIN[1] + sum(left.map(({ type }) => rangeOf(type)[1])) > room) {
    const last = left.map(({ isKept }) => isKept).lastIndexOf(false);
    left.splice(last < 0 ? left.length - 1 : last, 1);
  }
  return left;
}

const sum = (all: number[]) => all.reduce((one, other) => one + other, 0);
