// Long changes that this user started (or, for holders of "settings", all of them): how far they are, what did not go
// through, stopping and undoing them.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { empty, failure, skeletonRows, tag } from '../ui/parts.ts';
import { label } from '../fields/view.ts';
import { api, ApiError } from '../core/api.ts';
import { cancelBatch, done, isOpen, progressText, undoBatch } from '../core/batch.ts';
import { fullMoment, moment, number } from '../core/fmt.ts';
import { capital, has, lang, t } from '../core/i18n.ts';
import { entityOf, meta } from '../core/meta.ts';
import { Records } from '../core/records.ts';
import { Watch } from '../core/store.ts';
import type { Batch, BatchRow } from '../core/types.ts';

const POLL = 3000;
const COLORS: Record<string, string> = { running: 'blue', done: 'green', failed: 'red', canceled: 'gray' };

class Batches extends El {
  static override properties = { search: { attribute: false }, open: { state: true }, rows: { state: true } };
  search = new URLSearchParams();
  open = 0;
  rows: { rows: BatchRow[]; next: string | null } | null = null;
  #watch = new Watch(this, lang, meta);
  #records: Records | null = null;
  #poll = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    this.#records = new Records('batch', new URLSearchParams(), ['-id'], () => this.#changed(), {
      limit: 50,
    }).start();
    const asked = Number(this.search.get('open'));
    if (asked) void this.#look(asked);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#records?.stop();
    clearTimeout(this.#poll);
  }

  /** Progress that a cut stream has missed is asked for. */
  #changed(): void {
    clearTimeout(this.#poll);
    const running = this.#records!.rows.filter((row) => isOpen(row as Batch));
    if (running.length)
      this.#poll = window.setTimeout(() => running.forEach((row) => this.#records?.touch(row.id)), POLL);
    this.requestUpdate();
  }

  async #look(id: number): Promise<void> {
    this.open = this.open === id ? 0 : id;
    this.rows = null;
    if (!this.open) return;
    const page = await api
      .get<{ rows: BatchRow[]; next: string | null }>(`/batch/${id}/rows`)
      .catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
        return { rows: [], next: null };
      });
    if (this.open === id) this.rows = page;
  }

  async #more(): Promise<void> {
    const page = await api.get<{ rows: BatchRow[]; next: string | null }>(
      `/batch/${this.open}/rows?after=${this.rows!.next}`,
    );
    this.rows = { rows: [...this.rows!.rows, ...page.rows], next: page.next };
  }

  override render() {
    document.title = `${t('batches')} — ${meta.value?.title ?? ''}`;
    const records = this.#records!;
    return html`<div class="list" data-entity="batch">
      <header class="head head-line"><h1 class="title">${t('batches')}</h1></header>
      ${
        records.state === 'loading'
          ? skeletonRows(6)
          : records.state === 'error'
            ? failure(records.error!, () => void records.load())
            : !records.rows.length
              ? empty('history', t('batches.empty'), t('batches.empty.text'))
              : html`<div class="scroll" tabindex="0" role="region" aria-label=${t('batches')}>
                  <ul class="batches">
                    ${records.rows.map((row) => this.#batch(row as Batch))}
                  </ul>
                  ${records.next ? html`<p class="more"><button class="btn btn-sm" @click=${() => void records.more()}>${t('list.more')}</button></p>` : nothing}
                </div>`
      }
    </div>`;
  }

  #batch(batch: Batch): TemplateResult {
    const at = String(batch.created_at);
    const what = entityOf(batch.entity ?? '')?.label.many;
    const title = batch.title || (what ? capital(t(what)) : '');
    const left = batch.failed + batch.conflicts;
    const who = batch.user?.id === meta.value?.user.id ? null : batch.user?.label;
    return html`<li class="batch" data-id=${batch.id} data-state=${batch.state}>
      <div class="batch-head">
        <span class="strong"
          >${t(has(`batch.kind.${batch.kind}`) ? `batch.kind.${batch.kind}` : 'batch.kind')}: ${title}</span
        >
        ${tag(t(`batch.state.${batch.state}`), COLORS[batch.state])}
        <time class="muted num push" datetime=${at} title=${fullMoment(at)}>${moment(at)}</time>
      </div>
      ${
        isOpen(batch)
          ? html`<progress
              class="batch-bar"
              aria-label=${progressText(batch)}
              max=${batch.total || 1}
              .value=${batch.done}
            ></progress>`
          : nothing
      }
      <div class="batch-foot">
        <span class="muted">${this.#figures(batch)}${who ? html` · ${who}` : nothing}</span>
        <span class="batch-do push">
          ${left ? html`<button class="btn btn-sm btn-ghost" aria-expanded=${this.open === batch.id ? 'true' : 'false'} data-action="rows" @click=${() => void this.#look(batch.id)}>${t('batch.look')} ${number(left)}</button>` : nothing}
          ${isOpen(batch) ? html`<button class="btn btn-sm" data-action="stop" @click=${() => void cancelBatch(batch.id)}>${t('batch.stop')}</button>` : nothing}
          ${!isOpen(batch) && batch.changed && !batch.undone_by && !['purge', 'demo', 'migrate'].includes(batch.kind) ? html`<button class="btn btn-sm" data-action="undo" @click=${() => void undoBatch(batch.id)}>${icon('history', 'icon-16')}${t('batch.undo')}</button>` : nothing}
        </span>
      </div>
      ${this.open === batch.id ? this.#rows() : nothing}
    </li>`;
  }

  #figures(batch: Batch): string {
    if (isOpen(batch)) return progressText(batch);
    const parts = [batch.kind === 'check' ? t('batch.checked', { n: batch.done }) : done(batch)];
    if (batch.failed) parts.push(t('batch.failed', { n: batch.failed }));
    if (batch.conflicts) parts.push(t('batch.conflicts', { n: batch.conflicts }));
    if (batch.out_of_sight) parts.push(t('batch.hidden', { n: batch.out_of_sight }));
    if (batch.undone_by) parts.push(t('batch.taken'));
    return parts.join(' ');
  }

  #rows(): TemplateResult {
    if (!this.rows) return skeletonRows(2);
    if (!this.rows.rows.length) return html`<p class="muted small">${t('batch.rows.none')}</p>`;
    return html`<ul class="batch-rows">
        ${this.rows.rows.map((row) => {
          const entity = row.entity ?? '';
          const name = entityOf(entity) ? `${capital(t(entityOf(entity)!.label.one))} № ${row.record}` : '';
          return html`<li>
            ${icon('alert', 'icon-16')}<span
              >${
                row.record && name
                  ? html`<a class="link" href="/e/${entity}/${row.record}" data-layer>${name}</a>`
                  : row.row
                    ? t('batch.line', { n: row.row })
                    : nothing
              }
              ${row.field ? html`<span class="strong">${label(entity, row.field)}.</span>` : nothing}
              ${row.detail ?? row.code}</span
            >
          </li>`;
        })}
      </ul>
      ${this.rows.next ? html`<button class="btn btn-sm" @click=${() => void this.#more()}>${t('list.more')}</button>` : nothing}`;
  }
}

customElements.define('crm-batches', Batches);
