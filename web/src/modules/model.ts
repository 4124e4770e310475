// What lies in the folder of modules and what is set of one, as the API gives them; what a form of settings sends and
// what becomes of typed values when others have saved.
import { api } from '../core/api.ts';
import { t } from '../core/i18n.ts';
import { groupedNumber, isNumberType } from '../fields/number.ts';
import { durationText, same, toApi, writing } from '../fields/value.ts';
import type { Field, Json, Ref } from '../core/types.ts';

export type State = 'running' | 'quarantined' | 'waiting' | 'safe' | 'off' | 'disabled' | 'refused';

export interface Version {
  id: string;
  version: string;
}

export type ServiceState = 'off' | 'safe' | 'idle' | 'ok' | 'degraded' | 'down' | 'waiting' | 'failing' | 'stopping' | 'stuck';

/** A long loop of a module's code, such as a line to a telephone exchange. */
export interface Service {
  name: string;
  title: string;
  state: ServiceState;
  text: string; // what it said of itself last
  error: string | null;
  next: string | null; // when it begins again
}

/** It has never begun: as many as the server takes run already. */
export const isOneTooMany = (one: Service): boolean => one.state === 'waiting' && one.error === 'limit' && !one.next;

export interface Module {
  name: string;
  state: State;
  off_by: 'admin' | 'server' | null; // by whose word it is off
  version: string | null; // the id of the one in force
  before: string | null;
  versions: Version[];
  draining: number;
  refused: { code: string; title: string; text: string } | null;
  lacks: string | null;
  held: { kind: 'rule' | 'integration'; name: string }[];
  remote: { state: 'ok' | 'failing' | 'paused'; detail?: string | null } | null;
  services: Service[];
  purging: { batch: number; done: number; total: number } | null;
  migration: { batch: number; state: 'running' | 'failed' | 'stopped'; version: string; done: number; why: string | null } | null;
}

export interface Names {
  count: number;
  names: string[]; // a hundred at most
}

/** What a change of a module would bring. */
export interface Outlook {
  name: string;
  from: string | null;
  to: string | null;
  migrations: number;
  added: Names;
  hidden: Names;
  with: string[];
}

/** What would go for ever of a module that is off. */
export interface Purge {
  name: string;
  entities: { entity: string; rows: number }[];
  fields: { entity: string; field: string; rows: number }[];
  files: number;
  settings: number;
  jobs: number;
  numbers: number;
  rights: number;
  versions: string[];
  removable: boolean; // the server may remove their files
}

export interface Changed {
  at: string;
  by: Ref | null; // null: by the console
}

export interface Setting {
  name: string;
  type: string;
  label: string;
  help: string | null;
  required: boolean;
  min: Json;
  max: Json;
  max_length: number | null;
  scale: number | null;
  choices: { value: string; label: string }[] | null;
  default: Json;
  tz: Json;
  value: Json;
  from: 'default' | 'tz' | 'server';
  missing: boolean;
  given: boolean | null; // of a secret that is named: whether the server has it
  changed: Changed | null;
}

/** A change of a setting that was made; null is no value of the server's own. */
export interface SettingChange {
  position: string;
  at: string;
  by: Ref | null;
  via: string;
  name: string;
  label: string;
  old: Json;
  new: Json;
}

export interface Aside {
  name: string;
  value: Json;
  code: string;
  detail: string;
  changed: Changed | null;
}

export interface Settings {
  module: string;
  rev: string;
  settings: Setting[];
  aside: Aside[];
}

export type Act = 'enable' | 'disable' | 'upgrade' | 'rollback';
export type Values = Record<string, unknown>;

const path = (name: string, rest: string) => `/modules/${encodeURIComponent(name)}/${rest}`;

export const modules = {
  list: () => api.get<{ modules: Module[] }>('/modules').then((answer) => answer.modules),
  act: (name: string, act: Act, version?: string) =>
    api.post<Module>(path(name, act), version ? { version } : {}),
  look: (name: string, act: Act, version?: string) =>
    api.post<Outlook>(`${path(name, act)}?check=1`, version ? { version } : {}),
  planPurge: (name: string) => api.post<Purge>(`${path(name, 'purge')}?check=1`, {}),
  purge: (name: string) => api.post<Purge & { change: { batch: number } }>(path(name, 'purge'), { name }),
  settings: (name: string) => api.get<Settings>(path(name, 'settings')),
  set: (name: string, body: Values, rev: string) =>
    api.patch<Settings>(path(name, 'settings'), body, { 'If-Match': `"${rev}"` }),
  changes: (name: string, before?: string) =>
    api.get<{ rows: SettingChange[]; next: string | null }>(path(name, `settings/changes?limit=20${before ? `&before=${before}` : ''}`)),
  undo: (name: string, change: SettingChange) =>
    api.post<Settings>(path(name, 'settings/undo'), { name: change.name, change: change.position }),
};

/* ---- versions ---- */

/** Whether one number of a version is behind another. */
function isOlder(a: string, b: string): boolean {
  const [x, y] = [a, b].map((text) => text.split('.').map((part) => parseInt(part, 10) || 0));
  for (let i = 0; i < 3; i += 1) if ((x![i] ?? 0) !== (y![i] ?? 0)) return (x![i] ?? 0) < (y![i] ?? 0);
  return false;
}

export const numberOf = (m: Module, id: string | null): string | null =>
  m.versions.find((one) => one.id === id)?.version ?? null;

/** The newest version that lies there and is newer than the one in force. */
export function newer(m: Module): Version | null {
  const now = numberOf(m, m.version);
  if (!now) return null;
  const ahead = m.versions.filter((one) => isOlder(now, one.version));
  return ahead.reduce<Version | null>((best, one) => (best && !isOlder(best.version, one.version) ? best : one), null);
}

/** What puts that version into force; null: it is, or half of the module has gone. */
export function wayTo(m: Module, to: Version): Act | null {
  if (m.purging) return null;
  if (!isInForce(m)) return 'enable';
  return to.id === m.version ? null : 'upgrade';
}

/** Whether going to that version is going back. */
export const isBack = (m: Module, to: Version): boolean => {
  const now = numberOf(m, m.version);
  return !!now && isOlder(to.version, now);
};

/** Its entities are there, and so are its settings, whether its code runs or not. */
export const isInForce = (m: Module): boolean => ['running', 'quarantined', 'waiting', 'safe'].includes(m.state);

/** What may be asked of a module in its state. */
export function actsOf(m: Module): Act[] {
  const acts: Act[] = [];
  if (m.purging) return acts;
  if (['quarantined', 'off', 'disabled'].includes(m.state)) acts.push('enable');
  if (!isInForce(m)) return acts;
  if (newer(m)) acts.push('upgrade');
  if (m.before !== m.version && numberOf(m, m.before)) acts.push('rollback');
  return [...acts, 'disable'];
}

/* ---- settings ---- */

/** A setting as the editor of fields knows it. A secret is edited by its name. */
export function fieldOf(s: Setting): Field {
  const type = s.type === 'secret' ? 'text' : s.type;
  const options = s.choices?.map(({ value, label }) => ({ v: value, l: label }));
  const field: Field = { type, label: s.label, required: s.required };
  if (options) field.options = options;
  if (s.scale !== null) field.scale = s.scale;
  if (s.max_length !== null) field.max = s.max_length;
  return field;
}

const isSecret = (value: unknown): value is { secret: string } =>
  typeof value === 'object' && value !== null && 'secret' in value;

/** What an editor holds for a value of the API. */
export const held = (value: unknown): unknown => (isSecret(value) ? value.secret : value);

/** What is sent for what an editor holds; null goes back to the value of the ТЗ or to the default. */
export function sent(s: Setting, value: unknown): unknown {
  const plain = toApi(fieldOf(s), value);
  return s.type === 'secret' && plain !== null ? { secret: plain } : plain;
}

/** A value in words. */
export function said(s: Setting, value: unknown): string {
  const plain = held(value);
  if (plain === null || plain === undefined || plain === '') return t('none');
  if (s.type === 'bool') return t(plain ? 'yes' : 'no');
  if (s.type === 'duration' && typeof plain === 'number') return plain ? durationText(plain) : '0';
  if (isNumberType(s.type)) return groupedNumber(s.type, String(plain), writing().isEnglish);
  return s.choices?.find((one) => one.value === plain)?.label ?? String(plain);
}

/** Whether there is a value to go back to from the one that was changed at the server. */
export const mayRevert = (s: Setting): boolean =>
  s.from === 'server' && !(s.required && s.tz === null && s.default === null);

/** What brings back the values that these settings had. */
export function inverse(was: Setting[], names: string[]): Values {
  const back = was.filter((s) => names.includes(s.name));
  return Object.fromEntries(back.map((s) => [s.name, s.from === 'server' ? s.value : null]));
}

/** Whether these settings have the values that somebody saw when he decided. */
export const isAsSeen = (seen: Values, now: Setting[]): boolean =>
  now.every((s) => !(s.name in seen) || same(held(s.value), held(seen[s.name])));

export interface Typed {
  values: Values;
  base: Values; // what stood there when typing began
}

/**
 * What was typed, over settings that were read anew. What nobody else has touched stays typed; what is now as it was
 * typed is typed no more; of what others have set to something else a person decides.
 */
export function merge(typed: Typed, now: Setting[]): Typed & { conflicts: string[] } {
  const out: Typed & { conflicts: string[] } = { values: {}, base: {}, conflicts: [] };
  for (const s of now.filter((one) => one.name in typed.values)) {
    const [mine, base, theirs] = [typed.values[s.name], typed.base[s.name], held(s.value)];
    if (same(theirs, mine)) continue;
    out.values[s.name] = mine;
    out.base[s.name] = base;
    if (!same(theirs, base)) out.conflicts.push(s.name);
  }
  return out;
}
