// What programs sign in with (API tokens) and what other systems are told (webhooks): their shapes and requests.
import { api } from './api.ts';
import { meta } from './meta.ts';
import type { FieldError, Json, Ref } from './types.ts';

export interface Token {
  id: number;
  key: string;
  name: string;
  user: Ref;
  access: 'read' | 'write';
  entities: string[] | null;
  functions: string[];
  created_at: string;
  expires_at: string | null;
  used_at: string | null;
  token?: string;
}

export interface Webhook {
  id: number;
  name: string;
  title: string;
  url: string;
  user: Ref | null;
  owner: Ref | null;
  entity: string;
  on: string[];
  fields: string[];
  where: Json;
  batches: 'many' | 'each';
  of_tz: boolean;
  state: 'active' | 'paused';
  reason: string | null;
  failures: number;
  waiting: number;
  failing_since: string | null;
  secret?: string;
}

export interface Delivery {
  id: number;
  message: string;
  op: string;
  entity: string;
  record: number | null;
  batch: number | null;
  state: 'new' | 'done' | 'dead';
  attempts: number;
  at: string;
  sent_at: string | null;
  next_at: string | null;
  status: number | null;
  ms: number | null;
  error: string | null;
  request?: string | null;
  reply?: string | null;
}

export const holds = (name: string): boolean => !!meta.value?.user.functions?.includes(name);

/** Users for programs: a token or a webhook is theirs. */
export async function programs(): Promise<Ref[]> {
  const page = await api.list('user', new URLSearchParams({ is_service: 'true', limit: '200', sort: 'name' }));
  return page.rows.map((row) => ({ id: row.id, label: String(row.name ?? '') }));
}

/** Entities of the work, by their labels' keys. */
export function workEntities(): { name: string; label: string }[] {
  return Object.entries(meta.value?.entities ?? {})
    .filter(([name]) => name.includes('.'))
    .map(([name, entity]) => ({ name, label: entity.label.many }));
}

export const fault = (faults: FieldError[], name: string): string =>
  faults.find((f) => f.field === name)?.detail ?? '';
