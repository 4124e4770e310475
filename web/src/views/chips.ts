// The words of filter chips. People stand in the address by id, so their names are looked up once.
import { api } from '../core/api.ts';
import { ME } from '../core/filter.ts';
import { t } from '../core/i18n.ts';
import { fieldOf, titleOf } from '../core/meta.ts';
import { option } from '../fields/view.ts';

export type Names = Map<string, string>;

export function chipText(entity: string, name: string, values: string[], names: Names): string {
  const field = fieldOf(entity, name);
  if (!field) return values.join(', ');
  return values
    .map((value) => {
      if (field.type === 'user') return value === ME ? t('filter.me') : (names.get(value) ?? '…');
      if (field.type === 'bool') return t(value === 'true' ? 'yes' : 'no');
      const found = option(field, value);
      return found ? t(found.l) : value;
    })
    .join(', ');
}

/** Fills `names` for the users among the chips; says whether anything new was found. */
export async function loadNames(
  entity: string,
  chips: Record<string, string[]>,
  names: Names,
): Promise<boolean> {
  const ids = Object.entries(chips)
    .filter(([name]) => fieldOf(entity, name)?.type === 'user')
    .flatMap(([, values]) => values)
    .filter((value) => value !== ME && !names.has(value));
  if (!ids.length) return false;
  const page = await api
    .list('user', new URLSearchParams({ 'id.in': ids.join(','), limit: String(ids.length) }))
    .catch(() => null);
  for (const row of page?.rows ?? []) names.set(String(row.id), titleOf('user', row));
  return !!page?.rows.length;
}
