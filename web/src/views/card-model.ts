// One record while it is read and edited: the draft over it, what others change meanwhile, and saving with If-Match.
// Nothing of the user's is ever thrown away without a choice: a field that both changed becomes a conflict.
import { api, ApiError } from '../core/api.ts';
import * as drafts from '../core/drafts.ts';
import { on } from '../core/events.ts';
import { fieldOf, isEditable, may, stageField, stagesOf } from '../core/meta.ts';
import type { FieldError, Row } from '../core/types.ts';
import { numberFaults, same, toApi } from '../fields/value.ts';
import { isEmpty } from '../fields/view.ts';

export interface Conflict {
  field: string;
  theirs: unknown;
}

export class CardModel {
  record: Row | null = null;
  state: 'loading' | 'ready' | 'gone' | 'error' = 'loading';
  error: ApiError | null = null;
  values: Record<string, unknown> = {};
  base: Record<string, unknown> = {};
  open = new Set<string>();
  errors: FieldError[] = [];
  general: ApiError | null = null;
  conflicts: Conflict[] = [];
  restored = false;
  saving = false;
  /** The stage that the record goes to once the fields it needs are filled. */
  move: string | null = null;
  /** Grows with each saved change, so that the history knows to read itself anew. */
  version = 0;

  readonly entity: string;
  readonly id: number;
  #changed: () => void;
  #off: () => void;
  #isGone = false; // it left the user's sight while he saved it
  #abort = new AbortController();

  constructor(entity: string, id: number, changed: () => void) {
    this.entity = entity;
    this.id = id;
    this.#changed = changed;
    const offs = [
      on('record', (event) => {
        if (event.entity === entity && event.id === id) void this.#touched(event.op, event.rev);
      }),
      on('reset', () => void this.load()),
    ];
    this.#off = () => offs.forEach((off) => off());
    void this.load();
  }

  stop(): void {
    this.#off();
    this.#abort.abort();
  }

  /** The record that this one was merged into; 0: it was not, or one may not read it. */
  get mergedInto(): number {
    return this.error?.code === 'merged' ? Number(this.error.problem.params?.merged_into ?? 0) : 0;
  }

  get dirty(): string[] {
    return Object.keys(this.values);
  }
  get isEditing(): boolean {
    return this.open.size > 0;
  }

  async load(): Promise<void> {
    try {
      const record = await api.record(this.entity, this.id, this.#abort.signal);
      if (this.record) this.#merge(record);
      else this.#first(record);
      this.state = 'ready';
      this.error = null;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.error = error instanceof ApiError ? error : new ApiError({ status: 0, code: 'internal' });
      if (!this.record || this.error.status === 404)
        this.state = this.error.status === 404 || this.error.status === 403 ? 'gone' : 'error';
    }
    this.#changed();
  }

  #first(record: Row): void {
    this.record = record;
    const draft = drafts.load(this.entity, this.id);
    if (!draft) return;
    this.values = draft.values;
    this.base = draft.base;
    this.restored = true;
    for (const name of this.dirty) this.open.add(name);
    this.#merge(record);
  }

  async #touched(op: string, rev?: number): Promise<void> {
    if (op === 'gone' && this.record?.hidden) return; // which the answer to the write has told
    if (op === 'gone' && this.saving) {
      this.#isGone = true; // the answer on its way says whether by this very change
      return;
    }
    if (op === 'deleted' || op === 'gone') {
      this.state = 'gone';
      this.#changed();
      await this.load(); // it may say where the record went
    } else if (!this.saving && (rev === undefined || rev > (this.record?.rev ?? 0))) {
      await this.load();
    }
  }

  /** Takes the server's record; a field that differs from what the draft began with, and from the draft, is a conflict. */
  #merge(record: Row): void {
    this.version += 1;
    this.record = record;
    for (const name of this.dirty) {
      const theirs = record[name];
      if (same(theirs, this.values[name])) this.#forget(name);
      else if (same(theirs, this.base[name])) this.base[name] = theirs;
      else this.#conflict(name, theirs);
    }
    this.#keep();
  }

  #conflict(field: string, theirs: unknown): void {
    this.conflicts = [...this.conflicts.filter((c) => c.field !== field), { field, theirs }];
  }

  #forget(field: string): void {
    delete this.values[field];
    delete this.base[field];
    this.conflicts = this.conflicts.filter((c) => c.field !== field);
  }

  resolve(field: string, choice: 'mine' | 'theirs'): void {
    const found = this.conflicts.find((c) => c.field === field);
    if (!found) return;
    if (choice === 'theirs') {
      this.#forget(field);
      this.open.delete(field);
    } else this.base[field] = found.theirs;
    this.conflicts = this.conflicts.filter((c) => c.field !== field);
    this.#keep();
    this.#changed();
  }

  edit(names: string[]): void {
    for (const name of names)
      if (isEditable(this.entity, name) && fieldOf(this.entity, name)!.type !== 'stage') this.open.add(name);
    this.#changed();
  }

  value(name: string): unknown {
    return name in this.values ? this.values[name] : this.record?.[name];
  }

  set(name: string, value: unknown): void {
    if (!(name in this.base)) this.base[name] = this.record?.[name];
    this.errors = this.errors.filter((e) => e.field !== name);
    if (same(value, this.record?.[name])) this.#forget(name);
    else this.values[name] = value;
    this.#keep();
    this.#changed();
  }

  #keep(): void {
    drafts.keep(this.entity, this.id, { values: this.values, base: this.base, rev: this.record?.rev ?? 0 });
  }

  discard(): void {
    this.values = {};
    this.base = {};
    this.#calm();
    drafts.drop(this.entity, this.id);
    this.#changed();
  }

  #calm(): void {
    this.open.clear();
    this.errors = [];
    this.general = null;
    this.conflicts = [];
    this.restored = false;
    this.move = null;
  }

  /** Moves to `stage`, or first asks for the fields that the stage needs and that are still empty. */
  async moveTo(stage: string): Promise<boolean> {
    const needs = (stagesOf(this.entity).find((s) => s.v === stage)?.require ?? []).filter((name) =>
      isEmpty(this.value(name)),
    );
    this.move = stage;
    if (needs.length) {
      this.errors = needs.map((field) => ({ field, code: 'stage_needs' }));
      this.edit(needs);
      return false;
    }
    return this.save();
  }

  async save(): Promise<boolean> {
    if (!this.record || this.saving || this.conflicts.length) return false;
    this.errors = numberFaults(this.entity, this.values);
    if (this.errors.length) {
      this.general = null;
      this.#changed();
      return false;
    }
    const patch: Record<string, unknown> = {};
    for (const name of this.dirty) patch[name] = toApi(fieldOf(this.entity, name)!, this.values[name]);
    const stage = stageField(this.entity);
    if (this.move && stage) patch[stage] = this.move;
    if (!Object.keys(patch).length) {
      this.#calm();
      this.#changed();
      return true;
    }
    this.saving = true;
    this.errors = [];
    this.general = null;
    this.#changed();
    this.#isGone = false;
    const done = await this.#write(patch, true);
    this.saving = false;
    if (this.#isGone) void this.#touched('gone');
    this.#changed();
    return done;
  }

  async #write(patch: Record<string, unknown>, again: boolean): Promise<boolean> {
    try {
      const saved = await api.save(this.entity, this.id, this.record!.rev, patch);
      this.values = {};
      this.base = {};
      this.#calm();
      drafts.drop(this.entity, this.id);
      this.record = saved ?? (await api.record(this.entity, this.id));
      this.version += 1;
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 412) return this.#stale(error, patch, again);
      this.#refused(error);
      return false;
    }
  }

  /** Somebody saved first. Unless both changed the same field, the user's change simply goes on top. */
  async #stale(error: ApiError, patch: Record<string, unknown>, again: boolean): Promise<boolean> {
    this.#merge(error.problem.record ?? (await api.record(this.entity, this.id)));
    if (this.conflicts.length || !again) return false;
    const stage = stageField(this.entity);
    const rest = Object.fromEntries(
      Object.entries(patch).filter(([name]) => name in this.values || name === stage),
    );
    return Object.keys(rest).length ? this.#write(rest, false) : true;
  }

  #refused(error: ApiError): void {
    this.errors = error.problem.fields ?? [];
    this.general = this.errors.length ? null : error;
    for (const { field } of this.errors) if (isEditable(this.entity, field)) this.open.add(field);
    const stage = stageField(this.entity);
    if (this.errors.some((e) => e.field === stage && e.code === 'stage_move_denied')) this.move = null;
  }

  async remove(): Promise<boolean> {
    try {
      await api.del(`/${this.entity}/${this.id}`);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.general = error;
      this.#changed();
      return false;
    }
  }

  get canEdit(): boolean {
    return may(this.record, 'update');
  }
}
