// The deployment's own entities and fields: their shapes, requests, and the forms people write choices and names in.
import { api, ApiError } from './api.ts';
import { t } from './i18n.ts';
import type { Json } from './types.ts';

export type Maker = 'module' | 'tz' | 'model';

export interface Declaration {
  type?: string;
  title?: string | string[];
  required?: boolean;
  unique?: boolean;
  index?: boolean;
  many?: boolean;
  options?: Record<string, string | { title: string; color?: string }> | string[];
  default?: string | number | boolean;
  to?: string;
  currency?: string;
  roles?: string[];
  [key: string]: Json | undefined;
}

/** By what two records of an entity may be the same. */
export type MatchRule = { same?: string | string[]; similar?: string; from?: number };

/** The same as a form has it. */
export interface MatchWish {
  kind: 'same' | 'similar';
  fields: string[];
  from: number; // percent, of what is alike
}

/** What a value may be the same in; a name is alike in a text. */
export const SAME_TYPES = ['text', 'email', 'phone', 'url', 'int', 'date', 'ref', 'choice', 'inn', 'kpp', 'ogrn', 'bik', 'account'];
export const SAME_MOST = 4;
export const ALIKE_FROM = 80;

/** What a list of choice shows. */
export interface Named {
  name: string;
  label: string;
}

export interface ModelField extends Named {
  type: string;
  was?: string | null;
  made_by: Maker;
  state: 'active' | 'retired' | 'coming'; // coming: its batch is under way
  unseen?: boolean;
  change?: { batch: number } | null;
  retypes?: string[];
  declaration: Declaration | null;
  id?: number;
}

/** What would go for ever, or goes. */
export interface Purge {
  rows: number;
  files: number;
  change?: { batch: number };
}

/** Who did what to one declaration. */
export interface ModelDone {
  position: string;
  at: string;
  by: { id: number; label: string };
  entity: string;
  field: string;
  did: 'added' | 'changed' | 'renamed' | 'retired' | 'restored' | 'purged' | 'handed_over';
  keys: string[];
  was: string | null;
}

export interface ModelEntity extends Omit<ModelField, 'type'> {
  module?: string;
  fields: ModelField[];
}

export interface Model {
  rev: string;
  roles: { name: string; title: string }[];
  entities: ModelEntity[];
}

/** What a change would mean for the data that is there. */
export interface Plan {
  ok: boolean;
  rows: number;
  converts: boolean;
  index: boolean;
  text: boolean; // full text is made anew beside the work
  seconds: number | null; // null: this server has measured none yet
  unseen: boolean;
  misfits: number;
  first: { id: number; value: string }[];
  duplicates: number;
  twins: number[][]; // records that hold the same value
}

/** Types a person chooses among; the rest are for the ТЗ. */
export const TYPES = [
  'text', 'multiline', 'int', 'decimal', 'money', 'percent', 'bool', 'date', 'datetime', 'choice', 'choices',
  'ref', 'refs', 'user', 'phone', 'email', 'url', 'address', 'file', 'files', 'tags', 'inn', 'kpp', 'ogrn', 'bik', 'account',
  'duration', 'computed', 'json',
];

/** The keys of a declaration that only some types have, and those types. */
export const KEYS: Record<string, string[]> = {
  search: ['text', 'multiline', 'phone', 'email', 'url', 'address', 'inn', 'kpp', 'ogrn', 'bik', 'account'],
  many: ['email', 'phone', 'url'],
  options: ['choice', 'choices'],
  to: ['ref', 'refs'],
  scale: ['decimal', 'money', 'percent'],
  min: ['int', 'decimal', 'money', 'percent'],
  max: ['int', 'decimal', 'money', 'percent', 'text', 'multiline'],
  currency: ['money'],
  formula: ['computed'],
};
export const hasKey = (type: string, key: string): boolean => KEYS[key]!.includes(type);

/** What can be chosen, and what is chosen now even if it no longer could be: a list without it would show another. */
export function offered<T extends Named>(all: T[], isFit: (one: T) => boolean, now?: string): Named[] {
  const fit = all.filter((one) => one.name === now || isFit(one));
  return !now || fit.some((one) => one.name === now) ? fit : [...fit, { name: now, label: '' }];
}

/** A number as a form has it: what stands there already stays as it was written. */
export function numberOf(text: string, was: Json | undefined): Json | undefined {
  if (!text) return undefined;
  if (was !== undefined && String(was) === text) return was;
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

/** An object as it begins: a name, and whose it is, without which nobody's rights could be to his own. */
export function beginning(title: string, owner: string): Declaration {
  return {
    owner: 'owner',
    fields: {
      name: { type: 'text', title, required: true, search: true, index: true },
      owner: { type: 'user', title: owner, index: true, default: 'me' },
    },
  };
}

export const typeLabel = (type: string): string => (TYPES.includes(type) ? t(`model.type.${type}`) : type);

const path = (entity?: string, field?: string) =>
  `/model/entity${entity ? `/${entity}` : ''}${field === undefined ? '' : `/field${field ? `/${field}` : ''}`}`;

export const model = {
  read: () => api.get<Model>('/model'),
  addEntity: (body: Declaration) => api.post<ModelEntity>(path(), body),
  addField: (entity: string, body: Declaration) => api.post<ModelField>(path(entity, ''), body),
  change: (entity: string, field: string, body: Declaration) => api.patch<ModelField>(path(entity, field), body),
  changeEntity: (entity: string, body: Declaration) => api.patch<ModelEntity>(path(entity), body),
  plan: (entity: string, field: string, body: Declaration) => api.patch<Plan>(`${path(entity, field)}?check=1`, body),
  planNew: (entity: string, body: Declaration) => api.post<Plan>(`${path(entity, '')}?check=1`, body),
  retire: (entity: string, field?: string) => api.del<ModelField | undefined>(path(entity, field)),
  changes: (before?: string | null) =>
    api.get<{ rows: ModelDone[]; next: string | null }>(`/model/changes${before ? `?before=${before}` : ''}`),
  planPurge: (entity: string, field?: string) => api.post<Purge>(`${path(entity, field)}/purge?check=1`, {}),
  purge: (entity: string, field?: string) => api.post<Purge>(`${path(entity, field)}/purge`, { name: field ?? entity }),
  restore: (entity: string, field?: string) => api.post<ModelField>(`${path(entity, field)}/restore`, {}),
};

// Latin for the Russian letters in the order of Unicode, from U+0430; the letter yo stands apart.
const LATIN = 'a b v g d e zh z i y k l m n o p r s t u f h c ch sh sch - y - e yu ya'.split(' ');
const [FIRST, YO] = [0x430, 0x451];

function latin(letter: string): string {
  const code = letter.codePointAt(0)!;
  if (/[a-z0-9]/.test(letter)) return letter;
  return code === YO ? 'e' : (LATIN[code - FIRST]?.replace('-', '') ?? '_');
}

/** A name for programs made from a title, in Latin letters. */
export function nameOf(title: string): string {
  const name = [...title.toLowerCase()].map(latin).join('').replace(/_+/g, '_').replace(/^_|_$/g, '').slice(0, 60);
  return /^\d/.test(name) ? `n_${name}`.slice(0, 60) : name;
}

/** Choices as lines: "value = Title", or a title alone, whose value is made of it. */
export function choicesOf(text: string): Declaration['options'] {
  const options: Record<string, string> = {};
  for (const line of text.split('\n').map((part) => part.trim()).filter(Boolean)) {
    const at = line.indexOf('=');
    const title = at < 0 ? line : line.slice(at + 1).trim();
    const value = at < 0 ? nameOf(line) : line.slice(0, at).trim();
    options[value || title] = title || value;
  }
  return options;
}

export function linesOf(options: Declaration['options']): string {
  if (!options) return '';
  if (Array.isArray(options)) return options.map((title) => `${title} = ${title}`).join('\n');
  return Object.entries(options)
    .map(([value, o]) => `${value} = ${typeof o === 'string' ? o : o.title}`)
    .join('\n');
}

export function rulesOf(match: Json | undefined): MatchWish[] {
  return ((match ?? []) as MatchRule[]).map(({ same, similar, from }) => ({
    kind: similar ? 'similar' : 'same',
    fields: similar ? [similar] : [same ?? []].flat(),
    from: from ?? ALIKE_FROM,
  }));
}

/** As short as it can be said, so that what nobody changed is no change. */
export function ruleOf({ kind, fields, from }: MatchWish): { [key: string]: Json } {
  if (kind === 'similar') return { similar: fields[0] ?? '', ...(from === ALIKE_FROM ? {} : { from }) };
  return { same: fields.length === 1 ? fields[0]! : fields };
}

/** What of the old declaration is to be set so that a change is taken back. */
export function inverse(was: Declaration, wish: Declaration, name: string): Declaration {
  const back: Declaration = {};
  for (const key of Object.keys(wish)) back[key] = key === 'name' ? name : (was[key] ?? null);
  return back;
}

const isNone = (v: Json | undefined) => v === undefined || v === null || v === false || v === '' || (Array.isArray(v) && !v.length);

/** Only what is different: keys that stay are not sent, those that went are null. */
export function difference(was: Declaration, now: Declaration): Declaration {
  const out: Declaration = {};
  for (const key of new Set([...Object.keys(now), ...Object.keys(was)])) {
    const [a, b] = [was[key], now[key]];
    const isNo = key === 'default' && b === false; // which says more than none
    const isSame = JSON.stringify(a) === JSON.stringify(b) || (isNone(a) && isNone(b) && !isNo);
    if (key in now && !isSame) out[key] = b ?? null;
  }
  return out;
}

export const problemOf = (error: unknown): ApiError => {
  if (error instanceof ApiError) return error;
  throw error;
};
