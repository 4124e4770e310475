// What is planned next about the records of a list: asked for once for all that are drawn, and told beside those about
// which nothing is planned or whose next step is late. A file of its own, which comes after the rows.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { request } from '../core/api.ts';
import { on } from '../core/events.ts';
import { fromLocalInput, fullMoment } from '../core/fmt.ts';
import { t } from '../core/i18n.ts';
import { dueField, isClosed, stageField, type Idle } from '../core/meta.ts';
import type { Condition, Row } from '../core/types.ts';

const GATHER = 30; // ms in which rows that are drawn are asked for together
const SETTLE = 700; // ms between two readings while steps are changed one after another
const MOST = 200; // records of one question
const DAY = /^\d{4}-\d\d-\d\d$/;

/** How many steps there are and when the first is due; null: it has no date. */
interface Planned {
  n: number;
  next: string | null;
}

/** Which cards a board counts. */
export interface Counted {
  where: Condition | true;
  q: string;
}

type Rows = { rows: Record<string, unknown>[] };

const allOf = (parts: Condition[]): Condition => (parts.length > 1 ? ['and', ...parts] : parts[0]!);

/** A day is over when it ends. */
const isLate = (at: string) => Date.parse(DAY.test(at) ? fromLocalInput(`${at}T23:59`)! : at) < Date.now();

export class Steps {
  /** Grows with whatever is known newly. */
  version = 0;
  #entity: string;
  #idle: Idle;
  #changed: () => void;
  #known = new Map<number, Planned>();
  #wanted = new Set<number>();
  #asked = new Set<number>(); // and not answered yet
  #gathering = 0;
  #again = 0;
  #off: (() => void)[];
  #isStopped = false;
  #counted = ''; // the question whose answer #byStage is, or will be
  #byStage = new Map<string, number>();

  constructor(entity: string, idle: Idle, changed: () => void) {
    this.#entity = entity;
    this.#idle = idle;
    this.#changed = changed;
    const isOurs = (name: string) => name === idle.entity || name === entity;
    this.#off = [
      on('record', (event) => isOurs(event.entity) && this.#anew(event.entity === entity ? event.id : 0)),
      on('many', (event) => isOurs(event.entity) && this.#anew(0)),
      on('reset', () => this.#anew(0)),
    ];
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#gathering);
    clearTimeout(this.#again);
    for (const off of this.#off) off();
  }

  /** What stands beside the record. It is asked for when it is first drawn. */
  mark(row: Row): TemplateResult | typeof nothing {
    if (isClosed(this.#entity, row)) return nothing;
    const planned = this.#known.get(row.id);
    if (!planned) {
      this.#want(row.id);
      return nothing;
    }
    if (!planned.n) return told('none', 'is-warn', 'alert', t(this.#idle.view.label), '');
    if (!planned.next || !isLate(planned.next)) return nothing;
    return told('late', 'is-danger', 'clock', t('today.overdue'), DAY.test(planned.next) ? '' : fullMoment(planned.next));
  }

  /** Of how many cards in a column nothing is planned. Another question is asked anew. */
  idle(stage: string, counted: Counted): number {
    const key = JSON.stringify(counted);
    if (key !== this.#counted) {
      this.#counted = key;
      this.#byStage = new Map();
      void this.#count();
    }
    return this.#byStage.get(stage) ?? 0;
  }

  idleText(stage: string, counted: Counted): string | null {
    const n = this.idle(stage, counted);
    return n ? `${t(this.#idle.view.label)}: ${n}` : null;
  }

  #want(id: number): void {
    if (this.#asked.has(id)) return;
    this.#wanted.add(id);
    clearTimeout(this.#gathering);
    this.#gathering = window.setTimeout(() => {
      const ids = [...this.#wanted];
      this.#wanted.clear();
      for (const id of ids) this.#asked.add(id);
      for (let i = 0; i < ids.length; i += MOST) void this.#ask(ids.slice(i, i + MOST));
    }, GATHER);
  }

  /** A record that comes into sight later is asked for then; the others once for several changes. */
  #anew(id: number): void {
    if (id && !this.#known.has(id)) this.#want(id);
    this.#again ||= window.setTimeout(() => {
      this.#again = 0;
      const ids = [...this.#known.keys()].slice(-MOST);
      if (ids.length) void this.#ask(ids);
      if (this.#counted) void this.#count();
    }, SETTLE);
  }

  async #ask(ids: number[]): Promise<void> {
    const { entity, by, where } = this.#idle;
    const due = dueField(entity);
    const answer = await this.#figures(entity, {
      where: allOf([[by, 'in', ids], ...(where ? [where] : [])]),
      by: [by],
      measures: { n: 'count', ...(due ? { next: { min: due } } : {}) },
      limit: 1000,
    });
    for (const id of ids) this.#asked.delete(id);
    if (!answer) return;
    const found = new Map(answer.rows.map((row) => [(row[by] as { id: number } | null)?.id, row]));
    for (const id of ids) {
      const row = found.get(id);
      this.#known.set(id, { n: Number(row?.n ?? 0), next: (row?.next as string | null | undefined) ?? null });
    }
    this.#tell();
  }

  async #count(): Promise<void> {
    const key = this.#counted;
    const stage = stageField(this.#entity);
    if (!stage) return;
    const { where, q } = JSON.parse(key) as Counted;
    const idle = this.#idle.part;
    const answer = await this.#figures(this.#entity, {
      where: where === true ? idle : ['and', where, idle],
      ...(q ? { q } : {}),
      by: [stage],
      measures: { n: 'count' },
    });
    if (!answer || key !== this.#counted) return;
    this.#byStage = new Map(answer.rows.map((row) => [String(row[stage]), Number(row.n)]));
    this.#tell();
  }

  /** Without an answer, the records stand unmarked until something changes. */
  async #figures(entity: string, body: object): Promise<Rows | null> {
    return request<Rows>(`/${entity}/aggregate`, { method: 'POST', body }).catch(() => null);
  }

  #tell(): void {
    this.version += 1;
    if (!this.#isStopped) this.#changed();
  }
}

function told(kind: string, color: string, mark: string, text: string, title: string): TemplateResult {
  return html`<span class="step-mark ${color}" data-step=${kind} title=${title || nothing}>${icon(mark, 'icon-16')}${text}</span>`;
}
