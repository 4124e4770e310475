// What programs sign in with (API tokens) and what other systems are told (webhooks): what their pages ask.
import { firstPage } from './first.ts';
import { meta } from './meta.ts';
import type { Entity, FieldError, Ref } from './types.ts';

export const holds = (name: string): boolean => !!meta.value?.user.functions?.includes(name);

/** Users for programs: a token or a webhook is theirs. */
export async function programs(): Promise<Ref[]> {
  const page = await firstPage('user', new URLSearchParams({ is_service: 'true', limit: '200', sort: 'name' }));
  return page.rows.map((row) => ({ id: row.id, label: String(row.name ?? '') }));
}

/** Entities of the work, by their labels' keys. */
export function workEntities(): { name: string; label: string }[] {
  return works(() => true);
}

/** Those whose changes are told. */
export function toldEntities(): { name: string; label: string }[] {
  return works((entity) => !entity.log);
}

function works(is: (entity: Entity) => boolean): { name: string; label: string }[] {
  return Object.entries(meta.value?.entities ?? {})
    .filter(([name, entity]) => name.includes('.') && is(entity))
    .map(([name, entity]) => ({ name, label: entity.label.many }));
}

export const fault = (faults: FieldError[], name: string): string =>
  faults.find((f) => f.field === name)?.detail ?? '';
