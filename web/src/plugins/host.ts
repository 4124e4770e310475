// What one module's script may ask of the application: the common host, and what is the module's own.
import { render } from 'lit';
import type { ModuleHost, Row as SdkRow } from '../../sdk/1.d.ts';
import { moduleOf } from './load.ts';
import { api, writeKey } from '../core/api.ts';
import { on } from '../core/events.ts';
import { zone } from '../core/fmt.ts';
import { host } from '../core/host.ts';
import { meta } from '../core/meta.ts';
import { openCard } from '../core/router.ts';
import type { RecordEvent, Row } from '../core/types.ts';
import { confirm } from '../ui/confirm.ts';
import { show } from '../fields/view.ts';

export const commands = new Map<string, () => unknown>(); // by "<module>.<id>"

/** What a script throws later is its own affair, and is told to its author. */
export function told<A extends unknown[]>(id: string, fn: (...args: A) => unknown): (...args: A) => void {
  const failed = (error: unknown) => console.warn(`The module ${id} has failed:`, error);
  return (...args) => {
    if (!moduleOf(id)) return; // it went off while the page was open
    try {
      void Promise.resolve(fn(...args)).catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}

const records = (id: string): ModuleHost['records'] =>
  Object.freeze({
    get: (entity: string, record: number) => api.record(entity, record) as Promise<SdkRow>,
    list: (entity: string, query: Record<string, string> = {}) => api.list(entity, new URLSearchParams(query)),
    create: (entity: string, values: unknown) => api.create(entity, values, writeKey()) as Promise<SdkRow>,
    patch: (entity: string, row: { id: number; rev: number }, values: unknown) =>
      api.save(entity, row.id, row.rev, values) as Promise<SdkRow>,
    watch: (entity: string, record: number, changed: (event: never) => void) => {
      const hear = told(id, changed as (event: RecordEvent) => void);
      return on('record', (e) => e.entity === entity && e.id === record && hear(e));
    },
  });

/** As a person reads it, without markup. */
function fmt(entity: string, name: string, row: { id: number }): string {
  const box = document.createElement('span');
  render(show({ entity, name, row: row as Row, place: 'text' }), box);
  return box.textContent!.trim();
}

function storage(id: string): ModuleHost['storage'] {
  const key = (name: string) => `karkas.m.${id}.${meta.value?.user.id}.${name}`;
  return Object.freeze({
    get: (name: string) => JSON.parse(localStorage.getItem(key(name)) ?? 'null') as unknown,
    set: (name: string, value: unknown) => localStorage.setItem(key(name), JSON.stringify(value)),
  });
}

const hosts = new Map<string, ModuleHost>();

export function hostOf(id: string): ModuleHost {
  const made = hosts.get(id) ?? makeHost(id);
  hosts.set(id, made);
  return made;
}

function makeHost(id: string): ModuleHost {
  const own = {
    module: id,
    get tz() {
      return zone();
    },
    can: (name: string) => !!meta.value?.user.functions?.includes(name),
    fmt,
    records: records(id),
    create: (entity: string, values: Record<string, string> = {}) =>
      openCard(entity, 'new', Object.keys(values).length ? `?${new URLSearchParams(values)}` : ''),
    confirm: (question: { title: string; text: string; yes: string; danger?: boolean }) => confirm(question),
    command: (name: string, run: () => unknown) => void commands.set(`${id}.${name}`, run),
    storage: storage(id),
    on: (name: 'record' | 'notice' | 'meta' | 'reset', listener: (data: never) => void) =>
      on(name, told(id, listener as (data: unknown) => void)),
  };
  const all = { ...Object.getOwnPropertyDescriptors(host), ...Object.getOwnPropertyDescriptors(own) };
  return Object.freeze(Object.defineProperties({}, all)) as ModuleHost;
}
