// What happened to a record, newest first, by day; and taking it back: one field, one change, or all since one.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { confirm } from '../ui/confirm.ts';
import { icon } from '../ui/icon.ts';
import { avatar, failure, problemText, skeletonRows } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { label, show } from '../fields/view.ts';
import { api, ApiError } from '../core/api.ts';
import { clockTime, date, dayNumber, fullMoment } from '../core/fmt.ts';
import { capital, has, lang, t } from '../core/i18n.ts';
import { fieldOf, ownFields } from '../core/meta.ts';
import { Watch } from '../core/store.ts';
import type { HistoryRow, Row } from '../core/types.ts';

/** Operations come as a word or as its first letter. */
const OPS: Record<string, string> = {
  c: 'created',
  created: 'created',
  u: 'updated',
  updated: 'updated',
  d: 'deleted',
  deleted: 'deleted',
  r: 'restored',
  restored: 'restored',
};

const FIELDS = 8, // of a longer change these are shown at first
  CHARS = 240; // and of a longer text these

type Undo = { change: string; fields?: string[]; force?: boolean } | { to: string };

/** What acted when nobody did: "rule:R-1", "form:site". */
function machine(via?: string): string {
  const [kind, name] = (via ?? '').split(':');
  return name && has(`history.${kind}`) ? t(`history.${kind}`, { name }) : t('history.system');
}

class History extends El {
  static override properties = {
    entity: {},
    recordId: { attribute: false },
    version: { attribute: false },
    mayUndo: { type: Boolean },
    only: { state: true },
    rows: { state: true },
    next: { state: true },
    error: { state: true },
    busy: { state: true },
    whole: { state: true },
  };
  entity = '';
  recordId = 0;
  version = 0;
  mayUndo = false;
  only = '';
  rows: HistoryRow[] | null = null;
  next: string | null = null;
  error: ApiError | null = null;
  busy = false;
  whole = new Set<string>(); // long changes, by keyOf, that are shown in full
  #watch = new Watch(this, lang);

  override willUpdate(changed: Map<string, unknown>): void {
    void this.#watch;
    if (changed.has('entity') || changed.has('recordId')) this.only = '';
    if (['entity', 'recordId', 'version', 'only'].some((name) => changed.has(name))) void this.#load();
  }

  #page(before: string | null): Promise<{ rows: HistoryRow[]; next?: string | null }> {
    const search = new URLSearchParams();
    if (before) search.set('before', before);
    if (this.only) search.set('field', this.only);
    const query = search.size ? `?${search}` : '';
    return api.get(`/${this.entity}/${this.recordId}/history${query}`);
  }

  async #load(): Promise<void> {
    try {
      const page = await this.#page(null);
      this.rows = page.rows;
      this.next = page.next ?? null;
      this.error = null;
    } catch (error) {
      if (error instanceof ApiError) this.error = error;
    }
  }

  async #more(): Promise<void> {
    try {
      const page = await this.#page(this.next);
      this.rows = [...(this.rows ?? []), ...page.rows];
      this.next = page.next ?? null;
    } catch (error) {
      if (error instanceof ApiError) toast({ text: problemText(error), icon: 'alert', kind: 'danger' });
    }
  }

  async #undo(body: Undo): Promise<void> {
    this.busy = true;
    try {
      const row = await api.post<Row>(`/${this.entity}/${this.recordId}/undo`, body);
      toast({ text: t(row.hidden ? 'history.taken.hidden' : 'history.taken'), icon: 'check', kind: 'ok' });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === 'conflict' && 'change' in body && !body.force) await this.#force(body, error);
      else this.#refused(error);
    } finally {
      this.busy = false;
    }
  }

  /** A field holds something newer: only a person can say which is right. */
  async #force(body: Undo, error: ApiError): Promise<void> {
    const names = (error.problem.fields ?? []).map((f) => label(this.entity, f.field)).join(', ');
    const sure = await confirm({
      title: t('history.newer'),
      text: t('history.newer.text', { names }),
      yes: t('history.newer.yes'),
    });
    if (sure) await this.#undo({ ...body, force: true } as Undo);
  }

  #refused(error: ApiError): void {
    const fields = (error.problem.fields ?? []).map((f) => `${label(this.entity, f.field)}: ${f.detail ?? f.code}`);
    toast({ text: fields.join(' ') || problemText(error), icon: 'alert', kind: 'danger' });
  }

  async #backTo(row: HistoryRow): Promise<void> {
    const at = fullMoment(row.at);
    const text = t('history.to.text', { at });
    if (await confirm({ title: t('history.to'), text, yes: t('history.to.yes') }))
      await this.#undo({ to: row.position! });
  }

  override render() {
    if (this.error) return failure(this.error, () => void this.#load());
    if (!this.rows) return skeletonRows(4);
    let day = NaN;
    return html`${this.#filter()}
      ${this.rows.length ? nothing : html`<p class="muted">${t('history.empty')}</p>`}
      <div class="feed">
        ${this.rows.map((row, i) => {
          const own = dayNumber(Date.parse(row.at));
          const head =
            own === day
              ? nothing
              : html`<h3 class="day">${date(new Date(own * 86400000).toISOString().slice(0, 10))}</h3>`;
          day = own;
          return html`${head}${this.#event(row, i)}`;
        })}
      </div>
      ${this.next ? html`<p class="more"><button class="btn btn-sm" @click=${() => void this.#more()}>${t('list.more')}</button></p>` : nothing}`;
  }

  #filter(): TemplateResult | typeof nothing {
    if (!this.only && (this.rows?.length ?? 0) < 2) return nothing;
    return html`<label class="field history-only"
      ><span class="sr">${t('history.only')}</span>
      <select
        class="input"
        .value=${this.only}
        @change=${(e: Event) => {
          this.only = (e.target as HTMLSelectElement).value;
        }}
      >
        <option value="">${t('history.all')}</option>
        ${ownFields(this.entity).map((name) => html`<option value=${name}>${capital(label(this.entity, name))}</option>`)}
      </select></label
    >`;
  }

  #event(row: HistoryRow, index: number): TemplateResult {
    const changes = (row.changes ?? []).filter((c) => fieldOf(this.entity, c.field));
    const who = row.by?.id ? (row.by.label ?? t('history.system')) : machine(row.via);
    const op = OPS[row.op] ?? 'updated';
    const isUndoable = this.mayUndo && !!row.position && op === 'updated';
    return html`<div class="event" data-position=${row.position ?? nothing}>
      <span class="event-mark">${row.by?.id ? avatar({ id: row.by.id, label: row.by.label ?? '' }, '') : icon('bolt', 'icon-16')}</span>
      <div>
        <div class="event-head">
          <span class="strong">${who}</span><span class="muted">${t(`history.${op}`)}${this.#via(row)}</span>
          <time datetime=${row.at} title=${fullMoment(row.at)}>${clockTime(Date.parse(row.at))}</time>
        </div>
        ${changes.length ? html`<ul class="changes">${this.#shown(row, changes).map((c) => this.#change(row, c, isUndoable && changes.length > 1))}</ul>` : nothing}
        ${isLong(row, changes) ? this.#opener(row) : nothing}
        ${isUndoable || (this.mayUndo && row.position && index) ? this.#foot(row, isUndoable, index) : nothing}
      </div>
    </div>`;
  }

  #shown(row: HistoryRow, changes: Change[]): Change[] {
    return this.whole.has(keyOf(row)) ? changes : changes.slice(0, FIELDS);
  }

  #opener(row: HistoryRow): TemplateResult {
    const key = keyOf(row);
    const isWhole = this.whole.has(key);
    const toggle = () => {
      this.whole = new Set([...this.whole, key].filter((one) => !isWhole || one !== key));
    };
    return html`<button
      class="btn btn-sm btn-ghost event-whole"
      data-action="whole"
      aria-expanded=${isWhole ? 'true' : 'false'}
      @click=${toggle}
    >
      ${t(isWhole ? 'history.less' : 'history.whole')}
    </button>`;
  }

  #change(row: HistoryRow, c: Change, isApart: boolean): TemplateResult {
    const isWhole = this.whole.has(keyOf(row));
    const name = label(this.entity, c.field);
    const was = isCreated(row) || isBlank(c.old) ? nothing : html`<span class="was">${this.#value(c.field, c.old, isWhole)}</span> <span aria-hidden="true">→</span><span class="sr">${t('history.became')}</span> `;
    const mayUndo = isApart && !fieldOf(this.entity, c.field)!.read_only;
    return html`<li data-field=${c.field}>
      <span><span class="muted">${name}:</span> ${was}${this.#value(c.field, c.new, isWhole)}</span>
      ${mayUndo ? this.#button(() => void this.#undo({ change: row.position!, fields: [c.field] }), 'undo-field', t('history.undo.field', { name })) : nothing}
    </li>`;
  }

  #button(run: () => void, action: string, name: string): TemplateResult {
    return html`<button
      class="btn btn-sm btn-ghost event-undo"
      data-action=${action}
      aria-label=${name}
      title=${name}
      ?disabled=${this.busy}
      @click=${run}
    >
      ${icon('history', 'icon-16')}<span>${t('undo')}</span>
    </button>`;
  }

  #foot(row: HistoryRow, isUndoable: boolean, index: number): TemplateResult {
    return html`<div class="event-foot">
      ${
        isUndoable
          ? html`<button
              class="btn btn-sm btn-ghost"
              data-action="undo"
              ?disabled=${this.busy}
              @click=${() => void this.#undo({ change: row.position! })}
            >
              ${icon('history', 'icon-16')}${t('history.undo')}
            </button>`
          : nothing
      }
      ${
        index && OPS[row.op] !== 'deleted'
          ? html`<button
              class="btn btn-sm btn-ghost"
              data-action="undo-to"
              ?disabled=${this.busy}
              @click=${() => void this.#backTo(row)}
            >
              ${t('history.to')}
            </button>`
          : nothing
      }
    </div>`;
  }

  /** By what way, when it was not by hand in the card. */
  #via(row: HistoryRow): TemplateResult | string {
    if (row.batch) {
      const kind = (row.via ?? '').split(':')[1] ?? '';
      const name = t(has(`batch.kind.${kind}`) ? `batch.kind.${kind}` : 'batch.kind').toLowerCase();
      return html`, ${row.batch.title ? html`<a class="link" href="/settings/batches?open=${row.batch.id}">${name}</a>` : name}`;
    }
    return row.by?.id && row.via && row.via.includes(':') ? `, ${machine(row.via)}` : '';
  }

  /** Of several values all: the first of them is often the same. */
  #value(name: string, value: unknown, isWhole: boolean): unknown {
    if (isBlank(value)) return html`<span class="faint">${t('none')}</span>`;
    if (Array.isArray(value) && fieldOf(this.entity, name)!.type !== 'json')
      return value.map((one, i) => html`${i ? ', ' : ''}${this.#value(name, one, isWhole)}`);
    const field = fieldOf(this.entity, name)!;
    const bare = (field.type === 'ref' || field.type === 'user') && typeof value === 'number';
    const row = { id: 0, rev: 0, [name]: bare ? { id: value } : value } as Row;
    const shown = show({ entity: this.entity, name, row, place: 'text' });
    return !isWhole && isLongText(shown) ? `${shown.slice(0, CHARS).replace(/[\ud800-\udbff]$/, '')}…` : shown;
  }
}

type Change = NonNullable<HistoryRow['changes']>[number];

const keyOf = (row: HistoryRow) => row.position ?? row.at;
const isLongText = (value: unknown): value is string => typeof value === 'string' && value.length > CHARS;

/** Whether not all of a change is shown at first. */
function isLong(row: HistoryRow, changes: Change[]): boolean {
  const values = changes.flatMap((c) => (isCreated(row) ? [c.new] : [c.new, c.old])).flat();
  return changes.length > FIELDS || values.some(isLongText);
}

const isCreated = (row: HistoryRow) => OPS[row.op] === 'created';
const isBlank = (value: unknown) => value === null || value === undefined || (Array.isArray(value) && !value.length);

customElements.define('crm-history', History);
