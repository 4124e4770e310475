// What happened to a record, newest first, by day.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { avatar, failure, skeletonRows } from '../ui/parts.ts';
import { label, show } from '../fields/view.ts';
import { api, ApiError } from '../core/api.ts';
import { clockTime, date, dayNumber, fullMoment } from '../core/fmt.ts';
import { has, lang, t } from '../core/i18n.ts';
import { fieldOf } from '../core/meta.ts';
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
    rows: { state: true },
    error: { state: true },
  };
  entity = '';
  recordId = 0;
  version = 0;
  rows: HistoryRow[] | null = null;
  error: ApiError | null = null;
  #watch = new Watch(this, lang);

  override willUpdate(changed: Map<string, unknown>): void {
    void this.#watch;
    if (changed.has('entity') || changed.has('recordId') || changed.has('version')) void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.rows = (await api.get<{ rows: HistoryRow[] }>(`/${this.entity}/${this.recordId}/history`)).rows;
      this.error = null;
    } catch (error) {
      if (error instanceof ApiError) this.error = error;
    }
  }

  override render() {
    if (this.error) return failure(this.error, () => void this.#load());
    if (!this.rows) return skeletonRows(4);
    if (!this.rows.length) return html`<p class="muted">${t('history.empty')}</p>`;
    let day = NaN;
    return html`<div class="feed">
      ${this.rows.map((row) => {
        const own = dayNumber(Date.parse(row.at));
        const head =
          own === day
            ? nothing
            : html`<h3 class="day">${date(new Date(own * 86400000).toISOString().slice(0, 10))}</h3>`;
        day = own;
        return html`${head}${this.#event(row)}`;
      })}
    </div>`;
  }

  #event(row: HistoryRow): TemplateResult {
    const changes = (row.changes ?? []).filter((c) => fieldOf(this.entity, c.field));
    const who = row.by?.id ? (row.by.label ?? t('history.system')) : machine(row.via);
    const op = OPS[row.op] ?? 'updated';
    const created = op === 'created';
    return html`<div class="event">
      <span class="event-mark">${row.by?.id ? avatar(row.by, '') : icon('bolt', 'icon-16')}</span>
      <div>
        <div class="event-head">
          <span class="strong">${who}</span><span class="muted">${t(`history.${op}`)}</span>
          <time datetime=${row.at} title=${fullMoment(row.at)}>${clockTime(Date.parse(row.at))}</time>
        </div>
        ${
          changes.length
            ? html`<ul class="changes">
                ${changes.map(
                  (c) =>
                    html`<li data-field=${c.field}>
                      <span class="muted">${label(this.entity, c.field)}:</span>
                      ${created || this.#blank(c.old) ? nothing : html`<span class="was">${this.#value(c.field, c.old)}</span> <span aria-hidden="true">→</span><span class="sr">${t('history.became')}</span> `}${this.#value(c.field, c.new)}
                    </li>`,
                )}
              </ul>`
            : nothing
        }
      </div>
    </div>`;
  }

  #blank(value: unknown): boolean {
    return value === null || value === undefined || (Array.isArray(value) && !value.length);
  }

  #value(name: string, value: unknown) {
    if (this.#blank(value)) return html`<span class="faint">${t('none')}</span>`;
    const field = fieldOf(this.entity, name)!;
    const bare = (field.type === 'ref' || field.type === 'user') && typeof value === 'number';
    const row = { id: 0, rev: 0, [name]: bare ? { id: value } : value } as Row;
    return show({ entity: this.entity, name, row, place: 'text' });
  }
}

customElements.define('crm-history', History);
