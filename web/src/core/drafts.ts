// Unsaved work outlives a reload and an ended session: it is kept in this tab's session storage, per user and record.
import { meta } from './meta.ts';

export interface Draft {
  values: Record<string, unknown>;
  base: Record<string, unknown>;
  rev: number;
  key?: string;
}

const name = (entity: string, id: number | string) =>
  `karkas.draft.${meta.value?.user.id ?? 0}.${entity}.${id}`;

export function load(entity: string, id: number | string): Draft | null {
  const text = sessionStorage.getItem(name(entity, id));
  if (!text) return null;
  try {
    return JSON.parse(text) as Draft;
  } catch {
    return null;
  }
}

export function keep(entity: string, id: number | string, draft: Draft): void {
  if (!Object.keys(draft.values).length) drop(entity, id);
  else sessionStorage.setItem(name(entity, id), JSON.stringify(draft));
}

export function drop(entity: string, id: number | string): void {
  sessionStorage.removeItem(name(entity, id));
}
