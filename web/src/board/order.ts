// The order of the cards in a column, and which column comes next.
import { compareRows } from '../core/filter.ts';
import type { Row, Stage } from '../core/types.ts';

/** `rows` with this one in its place, in that of its former self when nothing about the order has changed. */
export function placed(rows: Row[], row: Row, sort: string[]): Row[] {
  const was = rows.find((one) => one.id === row.id);
  if (was && !compareRows(was, row, sort)) return rows.map((one) => (one === was ? row : one));
  const rest = rows.filter((one) => one !== was);
  const at = rest.findIndex((one) => compareRows(row, one, sort) < 0);
  return at < 0 ? [...rest, row] : [...rest.slice(0, at), row, ...rest.slice(at)];
}

/** The stages that have columns: all, or those that a filter has left. */
export function columnsOf(stages: Stage[], chosen: string[] | undefined): Stage[] {
  return chosen?.length ? stages.filter((stage) => chosen.includes(stage.v)) : stages;
}

/** The stage `step` columns further, that at the edge when there is none. */
export function nextTo(stages: Stage[], from: string, step: number): Stage {
  const at = stages.findIndex((stage) => stage.v === from);
  return stages[Math.max(0, Math.min(stages.length - 1, at + step))]!;
}
