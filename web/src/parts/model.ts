// The rows of one table of parts while they are typed into. A row is saved when it is left; what was typed stays with
// it until the server has it, over a failure, somebody else's change and a reload.
import { api, ApiError, writeKey } from '../core/api.ts';
import * as drafts from '../core/drafts.ts';
import { entityOf, fieldOf } from '../core/meta.ts';
import { Records } from '../core/records.ts';
import type { FieldError, Row } from '../core/types.ts';
import { picked } from '../fields/picks.ts';
import { numberFaults, same, toApi } from '../fields/value.ts';
import { isEmpty } from '../fields/view.ts';

export const MOST = 200;
const TYPING = 250; // ms without a key before the server is asked

export interface Typing {
  values: Record<string, unknown>;
  base: Record<string, unknown>;
  errors: FieldError[];
  problem: ApiError | null;
  /** The saving under way. */
  saving: Promise<boolean> | null;
  key: string;
  /** What would come of the row as it is typed. */
  preview: Record<string, unknown> | null;
}

export const fresh = (): Typing => ({ values: {}, base: {}, errors: [], problem: null, saving: null, key: writeKey(), preview: null });

export class PartRows {
  readonly records: Records;
  /** A row that is not written yet stands at 0. */
  isAdding = false;
  #typing = new Map<number, Typing>();
  #changed: () => void;
  readonly entity: string;
  readonly by: string;
  readonly whole: number;

  constructor(entity: string, by: string, whole: number, changed: () => void) {
    this.entity = entity;
    this.by = by;
    this.whole = whole;
    this.#changed = changed;
    const search = new URLSearchParams({ [by]: String(whole) });
    this.records = new Records(entity, search, ['id'], changed, { limit: MOST }).start();
    this.isAdding = !!drafts.load(entity, this.#draft(0));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.records.stop();
  }

  #draft(id: number): string {
    return id ? String(id) : `new.${this.whole}`;
  }

  typing(id: number): Typing {
    let found = this.#typing.get(id);
    if (!found) {
      const draft = drafts.load(this.entity, this.#draft(id));
      this.#typing.set(id, (found = { ...fresh(), ...draft }));
    }
    return found;
  }

  value(row: Row, name: string): unknown {
    const { values } = this.typing(row.id);
    return name in values ? values[name] : row[name];
  }

  set(row: Row, name: string, value: unknown): void {
    const typing = this.typing(row.id);
    if (!(name in typing.base)) typing.base[name] = row[name];
    typing.errors = typing.errors.filter((e) => e.field !== name);
    typing.problem = null;
    typing.key = writeKey();
    if (same(value, row[name])) this.#forget(typing, name);
    else typing.values[name] = value;
    this.#keep(row.id);
    this.#previewSoon(row);
    this.#changed();
  }

  #previewSoon(row: Row): void {
    clearTimeout(this.#timer);
    const view = entityOf(this.entity)?.views?.table;
    if (view?.preview) this.#timer = window.setTimeout(() => void this.#preview(row, view.columns), TYPING);
  }
  #timer = 0;

  async #preview(row: Row, columns: string[]): Promise<void> {
    const typing = this.typing(row.id);
    const { key } = typing;
    const values = this.#body(Object.fromEntries(columns.map((name) => [name, this.value(row, name)])));
    const path = `/${this.entity.replace('.', '/')}/preview/${this.whole}`;
    const answer = await api
      .post<Record<string, unknown>>(path, { values, changed: Object.keys(typing.values) })
      .catch(() => null);
    if (key !== typing.key || !Object.keys(typing.values).length) return; // typed on, or saved meanwhile
    typing.preview = answer;
    this.#changed();
  }

  /** The row with what is not written yet but would come of what is typed. */
  shown(row: Row): Row {
    return { ...row, ...this.typing(row.id).preview };
  }

  #forget(typing: Typing, name: string): void {
    delete typing.values[name];
    delete typing.base[name];
  }

  #keep(id: number): void {
    const { values, base, key } = this.typing(id);
    drafts.keep(this.entity, this.#draft(id), { values, base, rev: 0, key });
  }

  /** Takes back what was typed into the cell. */
  revert(row: Row, name: string): void {
    const typing = this.typing(row.id);
    this.#forget(typing, name);
    typing.errors = typing.errors.filter((e) => e.field !== name);
    typing.preview = null;
    this.#keep(row.id);
    this.#changed();
  }

  /** Saves what was typed into the row. False: it is not saved, and the row says why. */
  async commit(row: Row): Promise<boolean> {
    if (!(await picked())) return false; // Enter came before the hits did
    const typing = this.typing(row.id);
    if (typing.saving) {
      await typing.saving; // then what was typed meanwhile
      return this.commit(this.records.rows.find((one) => one.id === row.id) ?? row);
    }
    if (!Object.keys(typing.values).length) return true;
    typing.errors = numberFaults(this.entity, typing.values);
    if (typing.errors.length) {
      this.#changed();
      return false;
    }
    if (this.#meanwhile(row, typing)) {
      this.#changed();
      return false;
    }
    typing.saving = row.id ? this.#write(row, typing, true) : this.#create(typing);
    this.#changed();
    const done = await typing.saving.finally(() => {
      typing.saving = null;
    });
    this.#changed();
    return done;
  }

  #body(values: Record<string, unknown>): Record<string, unknown> {
    const pairs = Object.entries(values).map(([name, value]) => [name, toApi(fieldOf(this.entity, name)!, value)]);
    return Object.fromEntries(pairs);
  }

  async #write(row: Row, typing: Typing, again: boolean): Promise<boolean> {
    const sent = { ...typing.values };
    try {
      this.#place(await api.save(this.entity, row.id, row.rev, this.#body(sent)));
      for (const [name, value] of Object.entries(sent)) if (typing.values[name] === value) this.#forget(typing, name);
      typing.errors = [];
      typing.problem = null;
      typing.preview = null;
      this.#keep(row.id);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 412 && error.problem.record) return this.#stale(error.problem.record, typing, again);
      this.#refused(typing, error);
      return false;
    }
  }

  /** Somebody saved first: unless it was the same cell, this goes on top. */
  async #stale(row: Row, typing: Typing, again: boolean): Promise<boolean> {
    this.#place(row);
    if (this.#meanwhile(row, typing) || !again) return false;
    return Object.keys(typing.values).length ? this.#write(row, typing, false) : true;
  }

  /** Whether another has changed a cell since it was typed into. That is told once: who then goes on means it. */
  #meanwhile(row: Row, typing: Typing): boolean {
    const lost = Object.keys(typing.values).filter((name) => !same(row[name], typing.base[name]));
    for (const name of lost) {
      typing.base[name] = row[name];
      if (same(row[name], typing.values[name])) this.#forget(typing, name);
      else typing.errors = [...typing.errors, { field: name, code: 'stale', params: { value: row[name] } }];
    }
    if (lost.length) this.#keep(row.id);
    return typing.errors.length > 0;
  }

  #refused(typing: Typing, error: ApiError): void {
    typing.errors = error.problem.fields ?? [];
    typing.problem = error;
  }

  /** Not before all is there that the entity asks for: it would only be refused. */
  async #create(typing: Typing): Promise<boolean> {
    const fields = Object.entries(entityOf(this.entity)!.fields);
    const lacks = fields.some(([name, f]) => f.required && name !== this.by && isEmpty(typing.values[name]));
    if (lacks) return true;
    const sent = { ...typing.values };
    const row = await this.add(this.#body(sent), typing.key, typing);
    if (!row) return false;
    const rest = Object.entries(typing.values).filter(([name, value]) => sent[name] !== value);
    this.#typing.delete(0);
    drafts.drop(this.entity, this.#draft(0));
    this.isAdding = false;
    for (const [name, value] of rest) this.set(row, name, value); // typed meanwhile
    return rest.length ? this.commit(row) : true;
  }

  /** A new row; null: it was refused, which `typing` is told. */
  async add(values: Record<string, unknown>, key = writeKey(), typing = fresh()): Promise<Row | null> {
    try {
      const row = await api.create(this.entity, { [this.by]: this.whole, ...values }, key);
      this.#place(row);
      this.#changed();
      return row;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#refused(typing, error);
      return null;
    }
  }

  #place(row: Row): void {
    const { records } = this;
    const at = records.rows.findIndex((one) => one.id === row.id);
    records.rows = at < 0 ? [...records.rows, row] : records.rows.map((one, i) => (i === at ? row : one));
  }

  async remove(row: Row): Promise<boolean> {
    const typing = this.typing(row.id);
    try {
      if (row.id) await api.del(`/${this.entity}/${row.id}`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#refused(typing, error);
      this.#changed();
      return false;
    }
    if (!row.id) this.isAdding = false;
    this.#typing.delete(row.id);
    drafts.drop(this.entity, this.#draft(row.id));
    this.records.rows = this.records.rows.filter((one) => one.id !== row.id);
    this.#changed();
    return true;
  }

  async restore(row: Row): Promise<void> {
    this.#place(await api.post<Row>(`/${this.entity}/${row.id}/restore`));
    this.records.rows = [...this.records.rows].sort((a, b) => a.id - b.id);
    this.#changed();
  }
}
