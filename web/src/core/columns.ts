// The columns of a list as its address and a saved view name them: "title:320,amount", a number being a width in pixels.
import { fieldOf } from './meta.ts';

const LEAST = 60,
  MOST = 800;

export interface Columns {
  columns: string[];
  widths: Record<string, number>;
}

/** Those of them that one may see; null: none, so the view has its own. */
export function chosenColumns(entity: string, text: string | null | undefined): Columns | null {
  const all = (text ?? '').split(',').map((part) => part.split(':'));
  const known = all.filter(([name]) => fieldOf(entity, name!));
  if (!known.length) return null;
  const wide = known.map(([name, width]) => [name!, Math.round(Number(width))] as const).filter(([, width]) => width > 0);
  return {
    columns: [...new Set(known.map(([name]) => name!))],
    widths: Object.fromEntries(wide.map(([name, width]) => [name, Math.max(LEAST, Math.min(MOST, width))])),
  };
}

export function columnsText({ columns, widths }: Columns): string {
  return columns.map((name) => (widths[name] ? `${name}:${widths[name]}` : name)).join(',');
}
