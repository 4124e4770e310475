// Pairs of records that may be the same, to be worked through: merge them, or say that they are not. First those that
// share a value, which are found along indexes; then those whose names are alike.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { empty, failure, skeletonRows } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { setDifferent, why, type Reason } from '../views/duplicates.ts';
import { openMerge } from '../views/merge-open.ts';
import { isEmpty, summary } from '../fields/view.ts';
import { api, ApiError } from '../core/api.ts';
import { number } from '../core/fmt.ts';
import { capital, lang, t } from '../core/i18n.ts';
import { bindKeys } from '../core/keys.ts';
import { entityOf, meta, titleOf } from '../core/meta.ts';
import { place } from '../core/router.ts';
import { Watch } from '../core/store.ts';
import type { Row } from '../core/types.ts';

interface Pair {
  first: Row;
  second: Row;
  by: Reason[];
  sure: boolean;
}
interface Page {
  rows: Pair[];
  looked: number;
  percent: number;
  next: string | null;
}

const ENOUGH = 20; // pairs in sight before the search waits to be asked on
const TRIES = 25; // pages without any that are looked through by themselves

class Pairs extends El {
  static override properties = {
    entity: {},
    pairs: { state: true },
    looked: { state: true },
    percent: { state: true },
    next: { state: true },
    isSure: { state: true },
    busy: { state: true },
    problem: { state: true },
    at: { state: true },
  };
  entity = '';
  pairs: Pair[] = [];
  looked = 0;
  percent = 0;
  next: string | null = '';
  isSure = true; // the walk of sure pairs is not over
  busy = false;
  problem: ApiError | null = null;
  at = 0;
  #started = '';
  #watch = new Watch(this, lang, meta);
  #off = () => {};

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    const mine = () => this.isConnected && !place.value.under && this.pairs.length > 0 && !document.querySelector('dialog[open]');
    this.#off = bindKeys(
      'pairs',
      {
        next: { run: () => this.#step(1) },
        prev: { run: () => this.#step(-1) },
        merge: { run: () => void this.#merge(this.pairs[this.at]) },
        different: { run: () => void this.#different(this.pairs[this.at]) },
      },
      mine,
    );
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#off();
    this.#started = '';
  }

  override willUpdate(): void {
    if (this.#started === this.entity) return;
    this.#started = this.entity;
    this.pairs = [];
    this.looked = this.percent = 0;
    this.next = '';
    this.isSure = true;
    void this.#more();
  }

  async #more(): Promise<void> {
    const wanted = this.pairs.length + ENOUGH;
    const entity = this.entity;
    this.busy = true;
    this.problem = null;
    try {
      for (let i = 0; i < TRIES && this.next !== null && this.pairs.length < wanted && entity === this.#started; i += 1) {
        const after = this.next ? `&after=${this.next}` : '';
        const page = await api.get<Page>(`/${entity}/duplicates?limit=${ENOUGH}${this.isSure ? '&sure=1' : ''}${after}`);
        if (entity === this.#started) this.#take(page);
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = error;
    } finally {
      this.busy = false;
    }
  }

  /** The walk by likeness finds the sure pairs again: they have been shown. */
  #take(page: Page): void {
    this.pairs = [...this.pairs, ...page.rows.filter((pair) => this.isSure || !pair.sure)];
    this.looked += page.looked;
    this.percent = page.percent;
    this.next = page.next;
    if (!this.isSure || page.next !== null) return;
    this.isSure = false;
    this.looked = this.percent = 0;
    this.next = '';
  }

  #step(by: number): void {
    this.at = Math.max(0, Math.min(this.pairs.length - 1, this.at + by));
    void this.updateComplete.then(() => this.querySelector<HTMLElement>('.pair.is-at .btn')?.focus());
  }

  #drop(gone: (pair: Pair) => boolean): void {
    this.pairs = this.pairs.filter((pair) => !gone(pair));
    this.#step(0);
    if (!this.pairs.length && this.next !== null) void this.#more();
  }

  /** Other pairs with a record that is gone go with it. */
  async #merge(pair: Pair): Promise<void> {
    const ids = [pair.first.id, pair.second.id];
    const into = await openMerge(this.entity, ids);
    const gone = ids.find((id) => id !== into);
    if (into !== null) this.#drop((one) => one === pair || one.first.id === gone || one.second.id === gone);
  }

  async #different(pair: Pair): Promise<void> {
    const ids: [number, number] = [pair.first.id, pair.second.id];
    if (!(await setDifferent(this.entity, ids))) return;
    this.#drop((one) => one === pair);
    const back = () =>
      void setDifferent(this.entity, ids, false).then((ok) => {
        if (ok) this.pairs = [pair, ...this.pairs].sort((x, y) => Number(y.sure) - Number(x.sure));
      });
    toast({ text: t('dup.different.done'), icon: 'check', action: { label: t('batch.undo'), run: back } });
  }

  override render() {
    const many = t(entityOf(this.entity)!.label.many);
    document.title = `${t('pairs.title', { name: many })} — ${meta.value?.title ?? ''}`;
    return html`<div class="list" data-pairs=${this.entity}>
      <header class="head head-line">
        <a class="icon-btn" href="/e/${this.entity}" aria-label=${t('back')}>${icon('left')}</a>
        <h1 class="title">${t('pairs.title', { name: many })}</h1>
        <div class="actions muted small kbd-one only-desk">
          <span class="kbd">J</span><span class="kbd">K</span> ${t('pairs.keys.walk')} <span class="kbd">M</span> ${t('pairs.keys.merge')} <span class="kbd">N</span> ${t('pairs.keys.different')}
        </div>
      </header>
      ${this.#body(many)}
    </div>`;
  }

  #body(many: string) {
    if (this.problem && !this.pairs.length) return failure(this.problem, () => void this.#more());
    if (!this.pairs.length && this.busy) return skeletonRows(6);
    if (!this.pairs.length && this.next === null)
      return empty('check', t('pairs.none'), t('pairs.none.text', { n: number(this.looked) }), html`<a class="btn" href="/e/${this.entity}">${t('card.tolist', { name: capital(many) })}</a>`);
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${t('pairs.title', { name: many })}>
      ${this.#part('pairs.sure', true)}${this.#part('pairs.similar', false)}
      <p class="more muted" role="status">
        ${t(this.isSure ? 'pairs.looked.sure' : 'pairs.looked', { n: number(this.looked), percent: this.percent })}
        ${this.next !== null ? html`<button class="btn btn-sm" ?disabled=${this.busy} @click=${() => void this.#more()}>${t('pairs.more')}</button>` : nothing}
      </p>
    </div>`;
  }

  /** Sure ones stand first, so an index counts through both parts. */
  #part(title: string, isSure: boolean) {
    if (!this.pairs.some((pair) => pair.sure === isSure)) return nothing;
    return html`<h2 class="label">${t(title)}</h2>
      <ul class="pairs" data-part=${isSure ? 'sure' : 'similar'}>
        ${this.pairs.map((pair, i) => (pair.sure === isSure ? this.#pair(pair, i) : nothing))}
      </ul>`;
  }

  #pair(pair: Pair, i: number): TemplateResult {
    return html`<li class="pair ${i === this.at ? 'is-at' : ''}" data-first=${pair.first.id} data-second=${pair.second.id} @focusin=${() => { this.at = i; }}>
      <div class="pair-sides">${this.#side(pair.first)}${this.#side(pair.second)}</div>
      <div class="pair-foot">
        ${why(this.entity, pair.by)}
        <span class="batch-do push">
          <button class="btn btn-sm" data-action="merge" @click=${() => void this.#merge(pair)}>${icon('merge', 'icon-16')}${t('pairs.merge')}</button>
          <button class="btn btn-sm btn-ghost" data-action="different" @click=${() => void this.#different(pair)}>${t('dup.different')}</button>
        </span>
      </div>
    </li>`;
  }

  #side(row: Row) {
    const entity = entityOf(this.entity)!;
    const names = (entity.views?.quick ?? []).filter((name) => name !== entity.title && !isEmpty(row[name]));
    return html`<a class="row-main" href="/e/${this.entity}/${row.id}" data-layer
      ><span class="strong clip">${titleOf(this.entity, row)}</span>
      <span class="small muted clip">${summary(this.entity, names, row)}</span></a
    >`;
  }
}

customElements.define('crm-pairs', Pairs);
