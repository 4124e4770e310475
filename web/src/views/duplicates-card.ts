// The records that may be the same as that of a card. A file of its own, which comes with the first card that has it.
import { html, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { toast } from '../ui/toast.ts';
import { api } from '../core/api.ts';
import { on } from '../core/events.ts';
import { lang, t } from '../core/i18n.ts';
import { entityOf, may, titleOf } from '../core/meta.ts';
import { Watch } from '../core/store.ts';
import { openMerge } from './merge-open.ts';
import type { Row } from '../core/types.ts';
import { found, foreignActs, told, setDifferent, type Duplicate } from './duplicates.ts';

class Duplicates extends El {
  static override properties = { entity: {}, record: { attribute: false }, version: {}, rows: { state: true } };
  entity = '';
  record: Row | null = null;
  version = 0;
  rows: Duplicate[] = [];
  #asked = '';
  #watch = new Watch(this, lang);
  #off: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    this.#off = on('record', (event) => {
      if (event.entity === this.entity && this.rows.some((one) => one.record.id === event.id)) void this.#load();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#off?.();
  }

  override willUpdate(): void {
    const asked = `${this.entity} ${this.record?.id} ${this.record?.rev}`;
    if (asked === this.#asked) return;
    this.#asked = asked;
    void this.#load();
  }

  async #load(): Promise<void> {
    const asked = this.#asked;
    const path = `/${this.entity}/${this.record!.id}/duplicates`;
    const page = await api.get<{ rows: Duplicate[] }>(path).catch(() => ({ rows: [] }));
    if (asked === this.#asked) this.rows = page.rows;
  }

  async #merge(): Promise<void> {
    const others = this.rows.filter((one) => one.sure && may(one.record, 'merge')).slice(0, 2);
    const chosen = others.length ? others : this.rows.filter((one) => may(one.record, 'merge')).slice(0, 1);
    await this.#with(chosen.map((one) => one.record.id));
  }

  async #with(ids: number[]): Promise<void> {
    const into = await openMerge(this.entity, [this.record!.id, ...ids]);
    if (into !== null) this.dispatchEvent(new CustomEvent('ui-merged', { detail: { into }, bubbles: true }));
  }

  async #different(other: Row): Promise<void> {
    const ids: [number, number] = [this.record!.id, other.id];
    if (!(await setDifferent(this.entity, ids))) return;
    const back = () => void setDifferent(this.entity, ids, false).then(() => this.#load());
    toast({ text: t('dup.different.done'), icon: 'check', action: { label: t('batch.undo'), run: back } });
    await this.#load();
  }

  override render() {
    if (!this.rows.length) return nothing;
    const mine = may(this.record, 'merge');
    return html`<section class="block" data-duplicates>
      <div class="block-head">
        <h2>${t('dup.title')}</h2>
        <span class="count">${this.rows.length}</span>
        ${mine && this.rows.some((one) => may(one.record, 'merge')) ? html`<button class="btn btn-sm push" data-action="merge" @click=${() => void this.#merge()}>${icon('merge', 'icon-16')}${t('dup.merge')}</button>` : nothing}
      </div>
      <ul class="lines">
        ${this.rows.map((one) => found(this.entity, one, mine && may(one.record, 'merge') ? this.#acts(one) : foreignActs(this.entity, one.record, () => this.#known())))}
      </ul>
    </section>`;
  }

  #known(): string {
    return told(this.entity, this.record!, entityOf(this.entity)?.views?.quick ?? []);
  }

  #acts(one: Duplicate) {
    const name = titleOf(this.entity, one.record);
    return html`<button
        class="icon-btn icon-btn-sm"
        data-action="merge-one"
        aria-label=${t('dup.merge.with', { name })}
        title=${t('dup.merge.with', { name })}
        @click=${() => void this.#with([one.record.id])}
      >
        ${icon('merge', 'icon-16')}</button
      ><button
        class="icon-btn icon-btn-sm"
        data-action="different"
        aria-label=${t('dup.different.what', { name })}
        title=${t('dup.different')}
        @click=${() => void this.#different(one.record)}
      >
        ${icon('x', 'icon-16')}
      </button>`;
  }
}

customElements.define('crm-duplicates', Duplicates);
