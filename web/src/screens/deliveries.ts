// The journal of one webhook: what was told, what was answered, and once more what should be.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { failure, skeletonRows, tag } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { api, ApiError } from '../core/api.ts';
import { fullMoment, moment } from '../core/fmt.ts';
import { capital, has, lang, t } from '../core/i18n.ts';
import { entityOf } from '../core/meta.ts';
import { Watch } from '../core/store.ts';
import type { Delivery } from '../core/types.ts';

const POLL = 2000;
const STATES = ['', 'new', 'dead'];
const COLORS = { new: 'amber', done: 'green', dead: 'red' };

class Deliveries extends El {
  static override properties = {
    webhook: { attribute: false },
    state: { state: true },
    rows: { state: true },
    next: { state: true },
    full: { state: true },
    problem: { state: true },
  };
  webhook = 0;
  state = '';
  rows: Delivery[] | null = null;
  next: string | null = null;
  full: Delivery | null = null;
  problem: ApiError | null = null;
  #watch = new Watch(this, lang);
  #poll = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    this.refresh();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#poll);
  }

  refresh(): void {
    clearTimeout(this.#poll);
    void this.#load(null);
  }

  /** What waits is asked for again until it is over. */
  async #load(before: string | null): Promise<void> {
    const search = new URLSearchParams({ limit: '20' });
    if (this.state) search.set('state', this.state);
    if (before) search.set('before', before);
    try {
      const page = await api.get<{ rows: Delivery[]; next: string | null }>(`/webhooks/${this.webhook}/deliveries?${search}`);
      this.rows = before ? [...(this.rows ?? []), ...page.rows] : page.rows;
      this.next = page.next;
      this.problem = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = error;
    }
    const fresh = this.rows?.some((row) => row.state === 'new' && !row.attempts);
    if (fresh && this.isConnected) this.#poll = window.setTimeout(() => this.refresh(), POLL);
  }

  async #look(row: Delivery): Promise<void> {
    if (this.full?.id === row.id) {
      this.full = null;
      return;
    }
    this.full = await api.get<Delivery>(`/webhooks/${this.webhook}/deliveries/${row.id}`);
  }

  async #again(row: Delivery): Promise<void> {
    await api.post(`/webhooks/${this.webhook}/redeliver`, { deliveries: [row.id] });
    toast({ text: t('delivery.again.done') });
    this.refresh();
  }

  #choose(state: string): void {
    this.state = state;
    this.rows = null;
    this.refresh();
  }

  override render() {
    const { rows, problem } = this;
    return html`<div class="journal">
      <span class="seg" role="group" aria-label=${t('webhook.journal')}
        >${STATES.map((s) => html`<button data-state-set=${s} aria-pressed=${this.state === s ? 'true' : 'false'} @click=${() => this.#choose(s)}>${t(s ? `delivery.${s}` : 'delivery.all')}</button>`)}</span
      >
      ${
        problem
          ? failure(problem, () => this.refresh())
          : !rows
            ? skeletonRows(3)
            : !rows.length
              ? html`<p class="muted">${t('delivery.none')}</p>`
              : html`<ul class="journal-rows">${rows.map((row) => this.#row(row))}</ul>`
      }
      ${this.next ? html`<button class="btn btn-sm" @click=${() => void this.#load(this.next)}>${t('list.more')}</button>` : nothing}
    </div>`;
  }

  #what(row: Delivery): string {
    if (row.op === 'test') return t('delivery.test');
    const one = entityOf(row.entity)?.label.one;
    const name = capital(one ? t(one) : row.entity);
    return row.record ? `${name} № ${row.record}: ${t(`webhook.on.${row.op}`)}` : t('delivery.many', { name });
  }

  #came(row: Delivery): string {
    if (!row.attempts) return t('delivery.waits');
    const said = row.status ? `HTTP ${row.status}` : has(`delivery.error.${row.error}`) ? t(`delivery.error.${row.error}`) : (row.error ?? '');
    const parts = [said, ...(row.ms === null ? [] : [t('delivery.ms', { n: row.ms })])];
    if (row.attempts > 1) parts.push(t('delivery.attempts', { n: row.attempts }));
    if (row.next_at) parts.push(t('delivery.next', { at: moment(row.next_at) }));
    return parts.join(' · ');
  }

  #row(row: Delivery): TemplateResult {
    const isOpen = this.full?.id === row.id;
    return html`<li data-delivery=${row.id}>
      <div class="batch-head">
        ${tag(t(`delivery.${row.state}`), COLORS[row.state])}
        <span class="clip">${this.#what(row)}</span>
        <time class="muted num push" datetime=${row.at} title=${fullMoment(row.at)}>${moment(row.at)}</time>
      </div>
      <div class="batch-foot">
        <span class="muted small">${this.#came(row)}</span>
        <span class="batch-do push">
          <button class="btn btn-sm btn-ghost" data-action="look" aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => void this.#look(row)}>${t('delivery.look')}</button>
          ${row.state === 'new' ? nothing : html`<button class="btn btn-sm btn-ghost" data-action="again" @click=${() => void this.#again(row)}>${t('delivery.again')}</button>`}
        </span>
      </div>
      ${isOpen ? this.#bodies(this.full!) : nothing}
    </li>`;
  }

  #bodies(row: Delivery): TemplateResult {
    const part = (title: string, text: string | null | undefined) =>
      html`<h3 class="small muted">${title}</h3>
        <pre class="mono small body-text" tabindex="0">${text || '—'}</pre>`;
    return html`<div class="stack-8">
      <p class="small muted mono">${row.message}</p>
      ${part(t('delivery.request'), pretty(row.request))} ${part(t('delivery.reply'), row.reply)}
    </div>`;
  }
}

/** JSON is set out; a beginning of one is shown as it is. */
function pretty(text: string | null | undefined): string {
  try {
    return JSON.stringify(JSON.parse(text ?? ''), null, 2);
  } catch {
    return text ?? '';
  }
}

customElements.define('crm-deliveries', Deliveries);
declare global {
  interface HTMLElementTagNameMap {
    'crm-deliveries': Deliveries;
  }
}
