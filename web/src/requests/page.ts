// Requests of forms that were held back as a robot's: a person reads them and lets go on what is none.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { empty, failure, problemText, skeletonRows, tag } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { api, ApiError } from '../core/api.ts';
import { fullMoment, moment } from '../core/fmt.ts';
import { lang, t } from '../core/i18n.ts';
import { meta } from '../core/meta.ts';
import { Watch } from '../core/store.ts';
import { pairsOf } from './body.ts';
import { say, type Key } from './texts.ts';

interface Held {
  receipt: string;
  form: string;
  at: string;
  error: string | null;
  address: string | null;
  type: string;
  body: string;
  cut: boolean;
}

const REASONS: Record<string, Key> = { karkas_website: 'why.trap', karkas_ms: 'why.fast' };

class Requests extends El {
  static override properties = { rows: { state: true }, next: { state: true }, problem: { state: true }, busy: { state: true } };
  rows: Held[] | null = null;
  next: string | null = null;
  problem: ApiError | null = null;
  busy = '';
  #watch = new Watch(this, lang, meta);

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    void this.#load(null);
  }

  async #load(before: string | null): Promise<void> {
    try {
      const page = await api.get<{ rows: Held[]; next: string | null }>(`/requests${before ? `?before=${before}` : ''}`);
      this.rows = before ? [...(this.rows ?? []), ...page.rows] : page.rows;
      this.next = page.next;
      this.problem = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = error;
    }
  }

  async #release(row: Held): Promise<void> {
    if (this.busy) return;
    this.busy = row.receipt;
    try {
      await api.post(`/requests/${row.receipt}/release`);
      this.rows = this.rows!.filter((one) => one !== row);
      toast({ text: say('released'), icon: 'check', kind: 'ok' });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast({ text: error.status === 404 ? say('gone') : problemText(error), icon: 'alert', kind: 'danger' });
      await this.#load(null);
    } finally {
      this.busy = '';
    }
  }

  #row(row: Held): TemplateResult {
    const why = REASONS[row.error ?? ''];
    return html`<li class="batch" data-receipt=${row.receipt}>
      <div class="batch-head">
        <span class="strong clip">${row.form}</span>${tag(why ? say(why) : say('why.other', { field: row.error ?? '' }), 'amber')}
        <time class="muted num push" datetime=${row.at} title=${fullMoment(row.at)}>${moment(row.at)}</time>
      </div>
      ${pairsOf(row.type, row.body).map(([name, text]) => html`<span class="clip" title=${text}>${name ? html`<span class="muted">${name}:</span> ` : nothing}${text}</span>`)}
      ${row.cut ? html`<span class="muted small">${say('cut')}</span>` : nothing}
      <div class="batch-foot">
        <button class="btn btn-sm" data-action="release" ?disabled=${this.busy === row.receipt} @click=${() => void this.#release(row)}>${say('release')}</button>
        ${row.address ? html`<span class="muted small push">${row.address}</span>` : nothing}
      </div>
    </li>`;
  }

  #rows(): TemplateResult {
    const { rows, problem } = this;
    if (problem) return failure(problem, () => void this.#load(null));
    if (!rows) return skeletonRows(4);
    if (!rows.length) return empty('shield', say('empty'), say('empty.text'));
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${t('requests')}>
      <ul class="batches">
        ${rows.map((row) => this.#row(row))}
      </ul>
      ${this.next ? html`<button class="btn btn-sm" @click=${() => void this.#load(this.next)}>${t('list.more')}</button>` : nothing}
    </div>`;
  }

  override render() {
    document.title = `${t('requests')} — ${meta.value?.title ?? ''}`;
    return html`<div class="list" data-entity="request">
      <header class="head head-line"><h1 class="title">${t('requests')}</h1></header>
      ${this.#rows()}
    </div>`;
  }
}

customElements.define('crm-requests', Requests);
