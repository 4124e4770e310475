// What hangs on a record: lists of other entities, and the record behind a reference with its telephone at hand.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { avatar, problemText } from '../ui/parts.ts';
import { line } from './lines.ts';
import { FootFocus, WalkVoice, progress } from './more.ts';
import { api } from '../core/api.ts';
import { on } from '../core/events.ts';
import { atLeast, dial, phone } from '../core/fmt.ts';
import { capital, lang, t } from '../core/i18n.ts';
import { entityOf, listViews, titleOf } from '../core/meta.ts';
import { Records } from '../core/records.ts';
import { openCard } from '../core/router.ts';
import { Watch } from '../core/store.ts';
import type { Ref, Row } from '../core/types.ts';

const SHOWN = 20;

class RelatedList extends El {
  static override properties = { entity: {}, by: {}, recordId: { attribute: false }, label: {} };
  entity = '';
  by = '';
  recordId = 0;
  label = '';
  #records: Records | null = null;
  #voice = new WalkVoice();
  #watch = new Watch(this, lang);
  #foot = new FootFocus(this);

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#records?.stop();
    this.#records = null;
  }

  override willUpdate(changed: Map<string, unknown>): void {
    void [this.#watch, this.#foot];
    if (this.#records && !changed.has('recordId') && !changed.has('entity')) return;
    this.#records?.stop();
    this.#voice = new WalkVoice();
    const sort = listViews(this.entity)[0]?.sort ?? [];
    this.#records = new Records(
      this.entity,
      new URLSearchParams({ [this.by]: String(this.recordId) }),
      sort,
      () => this.requestUpdate(),
      { limit: SHOWN },
    ).start();
  }

  override render() {
    const records = this.#records!;
    const { rows, total } = records;
    const entity = entityOf(this.entity)!;
    return html`<section class="block" data-related=${this.entity} tabindex="-1">
      <div class="block-head">
        <h2>${this.label}</h2>
        ${total ? html`<span class="count">${atLeast(records)}</span>` : nothing}
        ${entity.can.create ? html`<button class="icon-btn icon-btn-sm push" aria-label=${t('create.what', { name: t(entity.label.one) })} @click=${() => openCard(this.entity, 'new', `?${this.by}=${this.recordId}`)}>${icon('plus', 'icon-16')}</button>` : nothing}
      </div>
      ${
        rows.length
          ? html`<ul class="lines">
              ${rows.map((row) => line(this.entity, row, null, false, this.by))}
            </ul>`
          : this.#none(records)
      }
      ${progress(records)} ${this.#voice.told(records)}
    </section>`;
  }

  #none({ state, walked, error }: Records): TemplateResult | typeof nothing {
    if (state === 'error') return html`<p class="is-danger" role="alert">${problemText(error!)}</p>`;
    if (walked !== null) return nothing;
    return html`<p class="faint">${t(state === 'loading' ? 'loading' : 'related.none')}</p>`;
  }
}

class Peek extends El {
  static override properties = { entity: {}, ref: { attribute: false }, label: {}, row: { state: true } };
  entity = '';
  ref: Ref | null = null;
  label = '';
  row: Row | null = null;
  #off: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#off = on('record', (event) => {
      if (event.entity === this.entity && event.id === this.ref?.id) void this.#load();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#off?.();
  }

  override willUpdate(changed: Map<string, unknown>): void {
    const before = changed.get('ref') as Ref | undefined;
    if (changed.has('entity') || (changed.has('ref') && before?.id !== this.ref?.id)) void this.#load();
  }

  async #load(): Promise<void> {
    const ref = this.ref;
    this.row = null;
    if (!ref || ref.denied) return;
    const row = await api.record(this.entity, ref.id).catch(() => null);
    if (ref === this.ref || ref.id === this.ref?.id) this.row = row;
  }

  override render() {
    const ref = this.ref!;
    return html`<section class="block">
      <div class="block-head"><h2>${capital(this.label)}</h2></div>
      ${ref.denied ? html`<p class="muted inline-4">${icon('lock', 'icon-16')}${t('ref.denied')}</p>` : this.#person(ref)}
    </section>`;
  }

  #person(ref: Ref): TemplateResult {
    const name = this.row ? titleOf(this.entity, this.row) : (ref.label ?? '');
    const number = this.#first('phone'),
      mail = this.#first('email');
    return html`<div class="line line-2">
      ${avatar({ id: ref.id, label: name }, '')}
      <span class="row-main"
        ><a class="clip strong peek-link" href="/e/${this.entity}/${ref.id}" data-layer>${name}</a>
        <span class="clip small muted num">${number ? phone(number) : (mail ?? '')}</span></span
      >
      ${number && dial(number) ? html`<a class="icon-btn icon-btn-sm" href=${dial(number)} aria-label=${t('call.what', { name: phone(number) })}>${icon('phone', 'icon-16')}</a>` : nothing}
    </div>`;
  }

  #first(type: string): string | null {
    const found = Object.entries(entityOf(this.entity)?.fields ?? {}).find(
      ([name, f]) => f.type === type && this.row?.[name],
    );
    const value = found ? this.row![found[0]] : null;
    return ((Array.isArray(value) ? value[0] : value) as string | null) ?? null;
  }
}

customElements.define('crm-related', RelatedList);
customElements.define('crm-peek', Peek);
