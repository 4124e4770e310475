// Moving a card to another stage. It is shown in its new column at once, goes back when the move is refused or given
// up, and everything that was refused is said in words. Nothing is written over what somebody else has just saved.
import { sayHidden } from '../views/hidden.ts';
import { toast } from '../ui/toast.ts';
import { problemText } from '../ui/parts.ts';
import { toApi } from '../fields/value.ts';
import { api, ApiError } from '../core/api.ts';
import { t } from '../core/i18n.ts';
import { fieldOf, isEditable, may, titleOf } from '../core/meta.ts';
import type { FieldError, Row, Stage } from '../core/types.ts';
import { denial, judge } from './judge.ts';
import { reasons } from './reasons.ts';
import type { Board } from './model.ts';

/** Values that a stage needs, asked for on the way to it. */
export interface Asking {
  record: Row;
  to: Stage;
  fields: string[];
  errors: FieldError[];
  /** Writes the move with these values beside it; rejects with what the server says against it. */
  save: (values: Record<string, unknown>) => Promise<void>;
}

export interface Scene {
  entity: string;
  board: Board;
  /** Every stage of the pipeline. */
  stages: Stage[];
  /** Resolves once the asking is over: saved, or given up. */
  ask: (asking: Asking) => Promise<void>;
  changed: () => void;
}

/** One card on its way. `latest` is the newest that is known of it, `saved` the answer to the write. */
interface Way {
  name: string;
  from: Stage | undefined;
  to: Stage;
  before: Row;
  latest: Row;
  values: Record<string, unknown>;
  saved: Row | null;
}

export class Mover {
  #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  get #stage(): string {
    return this.#scene.board.question.measured.stage;
  }

  #stageOf(row: Row): Stage | undefined {
    return this.#scene.stages.find(({ v }) => v === row[this.#stage]);
  }

  /** `picked`: the record as a single request gives it, where it was asked for when the card was picked up. */
  async move(card: Row, to: Stage, picked?: Promise<Row>): Promise<void> {
    const { entity, board, changed } = this.#scene;
    const name = titleOf(entity, card);
    board.hold(card.id);
    try {
      const record = await (picked ?? api.record(entity, card.id));
      const from = this.#stageOf(record);
      const way: Way = { name, from, to, before: record, latest: record, values: {}, saved: null };
      await this.#go(way);
      if (way.saved) this.#arrived(way, way.saved);
      else board.put(way.latest, true);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 404) board.drop(card.id);
      else board.put(card, true);
      this.#say(error.status === 404 ? t('board.gone', { name }) : t('board.failed', { name, why: problemText(error) }));
    } finally {
      board.release(card.id);
      changed();
    }
  }

  async #go(way: Way): Promise<void> {
    const { entity, board, changed } = this.#scene;
    const verdict = judge(entity, way.before, way.to);
    if (verdict.kind === 'here') return this.#isThere(way);
    if (verdict.kind === 'denied') return this.#say(denial(way.before, way.from, way.to));
    board.put({ ...way.before, [this.#stage]: way.to.v }, true);
    changed();
    if (verdict.kind === 'asks') return this.#ask(way, verdict.fields, []);
    try {
      await this.#save(way, {});
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      await this.#refused(way, error);
    }
  }

  async #save(way: Way, values: Record<string, unknown>): Promise<void> {
    const { entity } = this.#scene;
    const sent = Object.entries(values).map(([field, value]) => [field, toApi(fieldOf(entity, field)!, value)]);
    const body = { ...Object.fromEntries(sent), [this.#stage]: way.to.v };
    try {
      way.saved = await api.save(entity, way.latest.id, way.latest.rev, body);
      way.values = values;
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) way.latest = await this.#newer(error, way.latest.id);
      throw error;
    }
  }

  #newer(error: ApiError, id: number): Promise<Row> | Row {
    return error.problem.record ?? api.record(this.#scene.entity, id);
  }

  #ask(way: Way, fields: string[], errors: FieldError[]): Promise<void> {
    const { before: record, to } = way;
    return this.#scene.ask({ record, to, fields, errors, save: (values) => this.#save(way, values) });
  }

  /** What was not known when the card was let go: the server judges by what is true when it writes. */
  #refused(way: Way, error: ApiError): Promise<void> | void {
    const errors = error.problem.fields ?? [];
    const { entity } = this.#scene;
    if (error.status === 412) return this.#stale(way);
    const asked = errors.filter(({ field }) => field !== this.#stage && isEditable(entity, field));
    if (asked.length && asked.length === errors.length) return this.#ask(way, [...new Set(asked.map((e) => e.field))], asked);
    const why = errors.length ? reasons(entity, errors) : problemText(error);
    const again = { label: t('retry'), run: () => void this.move(way.latest, way.to) };
    this.#say(t('board.failed', { name: way.name, why }), error.status < 400 || error.status >= 500 ? again : undefined);
  }

  #stale(way: Way): void {
    if (this.#stageOf(way.latest) !== way.from) return this.#isThere(way);
    const again = { label: t('board.again'), run: () => void this.move(way.latest, way.to) };
    this.#say(t('board.stale', { name: way.name }), again);
  }

  /** Somebody else has moved it meanwhile. */
  #isThere({ name, latest }: Way): void {
    const stage = this.#stageOf(latest);
    this.#say(t('board.elsewhere', { name, stage: t(stage?.l ?? '') }));
  }

  #say(text: string, action?: { label: string; run: () => void }): void {
    toast({ text, action, icon: 'alert', kind: 'warn' });
  }

  #arrived(way: Way, saved: Row): void {
    const { entity, board } = this.#scene;
    if (saved.hidden) {
      board.drop(saved.id);
      sayHidden('saved', entity, saved, way.name);
      return;
    }
    const mayReturn = way.from && may(saved, `move:${way.from.v}`);
    toast({
      text: t('board.moved', { name: way.name, stage: t(way.to.l) }),
      icon: 'check',
      kind: 'ok',
      key: `board-${saved.id}`,
      action: mayReturn ? { label: t('batch.undo'), run: () => void this.#undo(way, saved) } : undefined,
    });
  }

  /** Back to where it was, with the values that were asked for on the way as they had been. */
  async #undo(way: Way, saved: Row, again = true): Promise<void> {
    const { entity, board, changed } = this.#scene;
    const { before, name } = way;
    const values = Object.keys(way.values).map((field) => [field, toApi(fieldOf(entity, field)!, before[field])]);
    board.hold(saved.id);
    board.put({ ...saved, [this.#stage]: before[this.#stage] }, true);
    changed();
    try {
      const body = { ...Object.fromEntries(values), [this.#stage]: before[this.#stage] };
      board.put(await api.save(entity, saved.id, saved.rev, body), true);
      toast({ text: t('board.returned', { name, stage: t(way.from!.l) }), icon: 'check', key: `board-${saved.id}` });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const now = error.status === 412 ? await this.#newer(error, saved.id) : saved;
      const isOurs = now !== saved && [this.#stage, ...Object.keys(way.values)].every((field) => same(now[field], saved[field]));
      if (again && isOurs) return await this.#undo(way, now, false);
      board.put(now, true);
      const why = reasons(entity, error.problem.fields ?? []) || problemText(error);
      this.#say(now === saved ? t('board.failed', { name, why }) : t('board.late', { name }));
    } finally {
      board.release(saved.id);
      changed();
    }
  }
}

const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
