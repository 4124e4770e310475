// Picks a record or a user by typing: the ARIA combobox pattern over the ordinary list with `q`. The list of hits is a
// popover, so that no scrolling box cuts it off.
import { html, nothing } from 'lit';
import { El, uid } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { avatar } from '../ui/parts.ts';
import { placeAt } from '../ui/pop.ts';
import { api } from '../core/api.ts';
import { t } from '../core/i18n.ts';
import { titleOf } from '../core/meta.ts';
import type { Ref, Row } from '../core/types.ts';
import { expectPick } from './picks.ts';
import { summary } from './view.ts';
import { entityOf } from '../core/meta.ts';

const PAUSE = 150,
  HITS = 8;

export class Combo extends El {
  static override properties = {
    entity: {},
    value: { attribute: false },
    lookup: { attribute: false },
    inputId: {},
    invalid: { type: Boolean },
    describedBy: {},
    labelText: {},
    hint: {},
    hits: { state: true },
    at: { state: true },
    open: { state: true },
    busy: { state: true },
  };
  entity = 'user';
  value: Ref | null = null;
  lookup = ''; // a field with a condition on what may be chosen, as `sales.deal.machine`
  inputId = uid('combo');
  invalid = false;
  describedBy = '';
  labelText = '';
  hint = ''; // what may be typed, where that is not plain
  hits: Row[] = [];
  at = -1;
  open = false;
  busy = false;
  #timer = 0;
  #asked = 0;
  #text: string | null = null;
  #answer: ((found: boolean) => void) | null = null; // Enter came before the hits did: the first of them is meant

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#settle(false);
  }

  override render() {
    const list = `${this.inputId}-list`;
    const shown = this.#text ?? this.value?.label ?? '';
    return html`<span class="combo">
      <input
        class="input"
        id=${this.inputId}
        role="combobox"
        autocomplete="off"
        aria-autocomplete="list"
        aria-expanded=${this.open ? 'true' : 'false'}
        aria-controls=${list}
        aria-activedescendant=${this.open && this.at >= 0 ? `${list}-${this.at}` : nothing}
        aria-invalid=${this.invalid ? 'true' : nothing}
        aria-describedby=${this.describedBy || nothing}
        aria-label=${this.labelText || nothing}
        .value=${shown}
        placeholder=${this.hint || t('combo.hint')}
        @input=${this.#typed}
        @keydown=${this.#key}
        @focus=${() => this.#ask('')}
        @blur=${this.#leave}
      />
      ${
        this.value
          ? html`<button
              type="button"
              class="icon-btn icon-btn-sm"
              aria-label=${t('clear')}
              @click=${() => this.#pick(null)}
            >
              ${icon('x', 'icon-16')}
            </button>`
          : html`<span class="combo-mark">${icon('search', 'icon-16')}</span>`
      }
      <div class="pop combo-list" popover="manual" data-wide>
        <ul id=${list} role="listbox" aria-label=${t('combo.list')}>
          ${this.hits.map(
            (row, i) =>
              html`<li
                id="${list}-${i}"
                role="option"
                aria-selected=${i === this.at ? 'true' : 'false'}
                class="menu-item ${i === this.at ? 'is-active' : ''}"
                @mousedown=${(e: Event) => {
                  e.preventDefault();
                  this.#pick({ id: row.id, label: titleOf(this.entity, row) });
                }}
              >
                ${this.entity === 'user' ? avatar({ id: row.id, label: titleOf('user', row) }) : nothing}
                <span class="row-main"
                  ><span class="clip">${titleOf(this.entity, row)}</span>${this.#hint(row)}</span
                >
              </li>`,
          )}
          ${!this.hits.length ? html`<li class="hint" role="option" aria-disabled="true" aria-selected="false">${t(this.busy ? 'loading' : 'combo.none')}</li>` : nothing}
        </ul>
      </div></span
    >`;
  }

  #hint(row: Row) {
    const entity = entityOf(this.entity);
    const fields = Object.entries(entity?.fields ?? {})
      .filter(([name, f]) => name !== entity?.title && ['phone', 'email', 'inn'].includes(f.type))
      .map(([n]) => n);
    const shown = entity?.views?.list?.[0]?.phone?.filter((name) => name !== entity.title) ?? [];
    const parts = summary(this.entity, (fields.length ? fields : shown).slice(0, 2), row);
    return parts.length ? html`<span class="clip small muted">${parts}</span>` : nothing;
  }

  override updated(): void {
    const pop = this.querySelector<HTMLElement>('.combo-list')!;
    if (!this.open) {
      if (pop.matches(':popover-open')) pop.hidePopover();
      return;
    }
    if (!pop.matches(':popover-open')) pop.showPopover();
    placeAt(pop, this.querySelector('.input')!);
    pop.querySelector('.is-active')?.scrollIntoView({ block: 'nearest' });
  }

  #typed(event: Event): void {
    event.stopPropagation();
    this.#text = (event.target as HTMLInputElement).value;
    this.#settle(false);
    this.#ask(this.#text);
  }

  #ask(text: string): void {
    this.open = true;
    this.busy = true;
    this.#asked += 1; // an answer still on its way is for an older text
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#fetch(text), text ? PAUSE : 0);
  }

  async #fetch(text: string): Promise<void> {
    const asked = this.#asked;
    const search = new URLSearchParams({ limit: String(HITS) });
    if (text.trim()) search.set('q', text.trim());
    if (this.lookup) search.set('lookup', this.lookup);
    const page = await api.list(this.entity, search).catch(() => null);
    if (asked !== this.#asked) return;
    this.hits = page?.rows ?? [];
    this.at = text && this.hits.length ? 0 : -1;
    this.busy = false;
    if (this.#answer) this.#settle(this.#pickAt());
  }

  #settle(found: boolean): void {
    this.#answer?.(found);
    this.#answer = null;
  }

  #pickAt(): boolean {
    const row = this.hits[this.at];
    if (row) this.#pick({ id: row.id, label: titleOf(this.entity, row) });
    return !!row;
  }

  #key(event: KeyboardEvent): void {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!this.open) {
        this.#ask(this.#text ?? '');
        return;
      }
      const step = event.key === 'ArrowDown' ? 1 : -1;
      this.at = (this.at + step + this.hits.length) % Math.max(1, this.hits.length);
    } else if (event.key === 'Enter' && !event.ctrlKey && this.open && (this.at >= 0 || this.#text)) {
      event.preventDefault();
      if (!this.busy) this.#pickAt();
      else if (!this.#answer) expectPick(new Promise((resolve) => (this.#answer = resolve)));
    } else if (event.key === 'Escape' && this.open) {
      event.preventDefault();
      event.stopPropagation();
      this.#text = null;
      this.open = false;
      this.#settle(false);
    }
  }

  #leave(): void {
    if (this.#text === '' && this.value) this.#pick(null);
    this.#text = null;
    this.open = false;
    this.requestUpdate();
  }

  #pick(ref: Ref | null): void {
    this.value = ref;
    this.#text = null;
    this.open = false;
    this.dispatchEvent(new CustomEvent('ui-pick', { bubbles: true, detail: ref }));
  }
}

customElements.define('crm-combo', Combo);
