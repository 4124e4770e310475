// What the cards of a column add up to: how many there are, and their money, each currency for itself.
import type { Condition, Row } from '../core/types.ts';

export interface Sum {
  currency: string;
  amount: number;
}

export interface Figures {
  n: number;
  sums: Sum[];
}

/** Which fields the figures are made of. Without `currency` all money is in `home`. */
export interface Measured {
  stage: string;
  money: string | null;
  currency: string | null;
  home: string;
}

export const NONE: Figures = { n: 0, sums: [] };

/** The question for the figures of all columns; `where` true: no condition. */
export function questionOf({ stage, money, currency }: Measured, where: Condition | true, q: string): object {
  return {
    ...(where === true ? {} : { where }),
    ...(q ? { q } : {}),
    by: money && currency ? [stage, currency] : [stage],
    measures: { cards_total: 'count', ...(money ? { money_total: { sum: money } } : {}) },
    limit: 1000,
  };
}

/** Its answer by stage. */
export function figuresOf(rows: Record<string, unknown>[], measured: Measured): Map<string, Figures> {
  const all = new Map<string, Figures>();
  for (const row of rows) {
    const stage = String(row[measured.stage] ?? '');
    const part = { n: Number(row.cards_total), sums: sumOf(row.money_total, row, measured) };
    all.set(stage, plus(all.get(stage) ?? NONE, part));
  }
  return all;
}

function sumOf(money: unknown, row: Record<string, unknown>, { currency, home }: Measured): Sum[] {
  if (money === null || money === undefined || money === '') return [];
  return [{ currency: String((currency && row[currency]) || home), amount: Number(money) }];
}

/** The figures of one card. */
export function figuresOfRow(row: Row, measured: Measured): Figures {
  return { n: 1, sums: measured.money ? sumOf(row[measured.money], row, measured) : [] };
}

export function plus(a: Figures, b: Figures, sign: 1 | -1 = 1): Figures {
  const sums = a.sums.map((sum) => ({ ...sum }));
  for (const { currency, amount } of b.sums) {
    const found = sums.find((sum) => sum.currency === currency);
    if (found) found.amount = cents(found.amount + sign * amount);
    else sums.push({ currency, amount: sign * amount });
  }
  return { n: Math.max(0, a.n + sign * b.n), sums };
}

/** Sums of decimal numbers, without what binary ones leave behind the cents. */
const cents = (amount: number) => Math.round(amount * 100) / 100;
