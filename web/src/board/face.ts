// Which fields a card of the board shows: those of the list's view, few enough to be taken in at a glance.
import { dueField, entityOf, fieldOf } from '../core/meta.ts';
import type { ListView } from '../core/types.ts';

export interface Face {
  title: string;
  /** One line under the title. */
  line: string[];
  money: string | null;
  /** By when it is to be done. */
  due: string | null;
  /** Another date, where it has no such. */
  date: string | null;
  owner: string | null;
}

const LINE = 2;
const IN_LINE = new Set(['ref', 'text', 'choice']); // what may be cut off where it is long

export function faceOf(entity: string, view: ListView): Face {
  const typeOf = (name: string) => fieldOf(entity, name)?.type ?? '';
  const names = [...new Set([...view.columns, ...(view.phone ?? [])])].filter((name) => fieldOf(entity, name));
  const title = entityOf(entity)?.title ?? '';
  const due = dueField(entity, view) ?? dueField(entity);
  const all = Object.keys(entityOf(entity)?.fields ?? {});
  const rest = names.filter((name) => name !== title && IN_LINE.has(typeOf(name)));
  const refs = rest.filter((name) => typeOf(name) === 'ref');
  return {
    title,
    line: [...refs, ...rest.filter((name) => !refs.includes(name))].slice(0, LINE),
    money: moneyField(entity, view),
    due,
    date: names.find((name) => /^date/.test(typeOf(name)) && name !== due) ?? null,
    owner: [...names, ...all].find((name) => typeOf(name) === 'user' && name !== 'created_by') ?? null,
  };
}

/** What the cards of a column add up to: of the view, of the card's head, or the entity's first money of all. */
export function moneyField(entity: string, view: ListView): string | null {
  const header = entityOf(entity)?.views?.card?.header ?? [];
  const names = [...view.columns, ...header, ...Object.keys(entityOf(entity)?.fields ?? {})];
  return names.find((name) => fieldOf(entity, name)?.type === 'money') ?? null;
}
