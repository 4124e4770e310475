// The words of filter chips. People and records stand in the address by id, so their names are looked up once.
import { isAskChip, ME, splitAsk } from '../core/filter.ts';
import { firstPage } from '../core/first.ts';
import { date, duration, number, toLocalInput } from '../core/fmt.ts';
import { t } from '../core/i18n.ts';
import { fieldOf, titleOf } from '../core/meta.ts';
import type { Field } from '../core/types.ts';
import { option } from '../fields/view.ts';

export type Names = Map<string, string>;

/** Whom a field refers to; null: it refers to nothing. */
export const targetOf = (field?: Field): string | null =>
  field?.type === 'user' ? 'user' : field?.type === 'ref' ? (field.to ?? null) : null;

export const nameKey = (entity: string, id: string): string => `${entity}/${id}`;

export function chipText(entity: string, name: string, values: string[], names: Names): string {
  const field = fieldOf(entity, name);
  if (!field) return values.join(', ');
  if (isAskChip(name)) return values.map((value) => askText(field, value)).join(' ');
  const target = targetOf(field);
  return values
    .map((value) => {
      if (target) return value === ME ? t('filter.me') : (names.get(nameKey(target, value)) ?? '…');
      if (field.type === 'bool') return t(value === 'true' ? 'yes' : 'no');
      const found = option(field, value);
      return found ? t(found.l) : value;
    })
    .join(', ');
}

/** "from 1 000", "to 5 May", "has «crane»". */
function askText(field: Field, value: string): string {
  const [op, of] = splitAsk(value);
  if (op === 'none' || op === 'filled') return t(`cond.${op}`);
  if (op === 'gte') return t('chip.from', { value: ofType(field, of) });
  if (op === 'lte' || op === 'lt') return t('chip.to', { value: ofType(field, of, op === 'lt') });
  return t('chip.has', { value: of });
}

/** A moment that a day ends at belongs to the day before. */
function ofType({ type }: Field, of: string, isEnd = false): string {
  if (type === 'date') return date(of);
  if (type === 'datetime') return date(toLocalInput(new Date(Date.parse(of) - (isEnd ? 1 : 0)).toISOString()).slice(0, 10));
  return type === 'duration' ? duration(Number(of)) : number(of);
}

/** Fills `names` for the people and records among the chips; says whether anything new was found. */
export async function loadNames(
  entity: string,
  chips: Record<string, string[]>,
  names: Names,
): Promise<boolean> {
  const wanted = Object.entries(chips).flatMap(([name, values]) => {
    const target = isAskChip(name) ? null : targetOf(fieldOf(entity, name));
    const ids = target ? values.filter((value) => value !== ME && !names.has(nameKey(target, value))) : [];
    return target && ids.length ? [{ target, ids }] : [];
  });
  const found = await Promise.all(
    wanted.map(async ({ target, ids }) => {
      const search = new URLSearchParams({ 'id.in': ids.join(','), limit: String(ids.length) });
      const page = await firstPage(target, search).catch(() => null);
      for (const row of page?.rows ?? []) names.set(nameKey(target, String(row.id)), titleOf(target, row));
      return !!page?.rows.length;
    }),
  );
  return found.includes(true);
}
