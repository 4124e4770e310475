// Records that may be the same: how one is shown, and those of a card.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { person, problemText, tag } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { label, isEmpty, summary } from '../fields/view.ts';
import { api, ApiError } from '../core/api.ts';
import { on } from '../core/events.ts';
import { lang, t } from '../core/i18n.ts';
import { entityOf, may, ownerOf, titleOf } from '../core/meta.ts';
import { Watch } from '../core/store.ts';
import { openTell } from '../tell/open.ts';
import { openMerge } from './merge-open.ts';
import type { Ref, Row } from '../core/types.ts';

export interface Reason {
  rule: 'same' | 'similar';
  fields: string[];
  score?: number;
}
export interface Duplicate {
  record: Row;
  by: Reason[];
  sure: boolean;
}

/** What makes two records look the same, in the words of their fields. */
export function why(entity: string, by: Reason[]): TemplateResult {
  const same = by.filter((one) => one.rule === 'same').map((one) => label(entity, one.fields[0]));
  const similar = by.find((one) => one.rule === 'similar');
  return html`<span class="why"
    >${same.map((name) => tag(t('dup.same', { name }), 'red'))}${similar ? tag(alike(label(entity, similar.fields[0]), similar.score!), 'amber') : nothing}</span
  >`;
}

const alike = (name: string, n: number) => (n === 100 ? t('dup.equal', { name }) : t('dup.similar', { name, n }));

/** A record one may read is a link; of a foreign one there is only what the role shows. */
export function found(entity: string, dup: Duplicate, act: unknown = nothing): TemplateResult {
  const row = dup.record;
  const names = (entityOf(entity)?.views?.quick ?? []).filter((name) => name !== entityOf(entity)?.title && !isEmpty(row[name]));
  return html`<li class="row dup" data-id=${row.id} data-foreign=${row.foreign ? '1' : nothing}>
    ${
      row.foreign
        ? html`<span class="row-main"
            ><span class="clip strong inline-4">${icon('lock', 'icon-16')}${foreignName(entity, row)}</span>
            <span class="clip small muted">${foreignOwner(entity, row)}</span></span
          >`
        : html`<a class="row-main" href="/e/${entity}/${row.id}" data-layer
            ><span class="clip strong">${titleOf(entity, row)}</span>
            <span class="clip small muted">${summary(entity, names.slice(0, 3), row)}</span></a
          >`
    }
    <span class="dup-side">${why(entity, dup.by)}${act}</span>
  </li>`;
}

function foreignName(entity: string, row: Row): string {
  const title = entityOf(entity)?.title;
  return title && row[title] ? String(row[title]) : t('dup.foreign');
}

function foreignOwner(entity: string, row: Row) {
  const owner = ownerOf(entity, row);
  return owner ? html`${t('card.foreign.owner')} ${person(owner)}` : nothing;
}

/** Of a foreign record: hand over what one has of it, or write to who is responsible for it. */
export function foreignActs(entity: string, row: Row, known: () => string): unknown {
  if (!row.foreign || !ownerOf(entity, row)) return nothing;
  return html`<button type="button" class="btn btn-sm" data-action="hand" @click=${() => void openTell(entity, row, known())}>
      ${t('dup.hand')}</button
    ><button type="button" class="btn btn-sm btn-ghost" data-action="tell" @click=${() => void openTell(entity, row)}>
      ${t('dup.tell')}
    </button>`;
}

/** What is filled in of a record, a line a field, to be told to somebody. */
export function told(entity: string, values: Record<string, unknown>, names: string[]): string {
  const lines = names.filter((name) => !isEmpty(values[name])).map((name) => `${label(entity, name)}: ${words(values[name])}`);
  return lines.join('\n');
}

const words = (value: unknown): string =>
  Array.isArray(value) ? value.map(words).join(', ') : String((value as Ref)?.label ?? value);

/** Remembers that two records are not the same, or takes that back; false when it was refused. */
export async function setDifferent(entity: string, ids: [number, number], different = true): Promise<boolean> {
  try {
    await api.post(`/${entity}/duplicates/different`, { ids, different });
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast({ text: problemText(error), icon: 'alert', kind: 'danger' });
    return false;
  }
}

/* ---- on a card ------------------------------------------------------------------------------- */

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
