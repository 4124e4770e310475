// Who changed the fields and objects when: below the page, read when it is opened.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { failure, skeletonRows } from '../ui/parts.ts';
import type { ApiError } from '../core/api.ts';
import { fullMoment, moment } from '../core/fmt.ts';
import { lang, t } from '../core/i18n.ts';
import { model, problemOf } from '../core/model.ts';
import type { ModelDone } from '../core/model.ts';
import { Watch } from '../core/store.ts';

class ModelLog extends El {
  static override properties = { rows: { state: true }, next: { state: true }, problem: { state: true } };
  rows: ModelDone[] | null = null;
  next: string | null = null;
  problem: ApiError | null = null;
  #watch = new Watch(this, lang);

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
  }

  async #load(before: string | null): Promise<void> {
    try {
      const page = await model.changes(before);
      this.rows = before ? [...(this.rows ?? []), ...page.rows] : page.rows;
      this.next = page.next;
      this.problem = null;
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  #toggled(event: Event): void {
    if ((event.target as HTMLDetailsElement).open) void this.#load(null);
  }

  override render() {
    return html`<details class="model-group" data-part="log" @toggle=${(e: Event) => this.#toggled(e)}>
      <summary class="model-head">${t('model.log')}</summary>
      ${this.problem ? failure(this.problem, () => void this.#load(null)) : this.rows ? this.#list(this.rows) : skeletonRows(3)}
    </details>`;
  }

  #list(rows: ModelDone[]): TemplateResult {
    if (!rows.length) return html`<p class="muted model-none">${t('model.log.none')}</p>`;
    return html`<ul class="batches">
        ${rows.map((row) => this.#row(row))}
      </ul>
      ${this.next ? html`<button class="btn btn-sm" data-action="more" @click=${() => void this.#load(this.next)}>${t('list.more')}</button>` : nothing}`;
  }

  #row(row: ModelDone): TemplateResult {
    const parts = [t(`model.did.${row.did}`), row.was ? t('model.was', { name: row.was }) : '', row.did === 'changed' ? row.keys.join(', ') : ''];
    return html`<li class="batch" data-did=${row.did}>
      <div class="batch-head">
        <span class="mono clip">${row.entity}${row.field ? `.${row.field}` : ''}</span>
        <time class="muted num push" datetime=${row.at} title=${fullMoment(row.at)}>${moment(row.at)}</time>
      </div>
      <span class="muted clip">${parts.filter(Boolean).join(' · ')} · ${row.by.label}</span>
    </li>`;
  }
}

customElements.define('crm-model-log', ModelLog);
