// Picks a record or a user by typing: the ARIA combobox pattern over the ordinary list with `q`. The list of hits is a
// popover, so that no scrolling box cuts it off.
import { html, nothing } from 'lit';
import { El, uid } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { avatar } from '../ui/parts.ts';
import { placeAt } from '../ui/pop.ts';
import { t } from '../core/i18n.ts';
import { titleOf } from '../core/meta.ts';
import type { Ref, Row } from '../core/types.ts';
import { offer } from './offer.ts';
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
    said: { state: true },
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
  said = ''; // below the hits
  #isOver = true; // there will be no more hits
  #isOld = true; // they are of an older text
  #timer = 0;
  #halt = new AbortController();
  #text: string | null = null;
  #answer: ((found: boolean) => void) | null = null; // Enter came before the hits did: the first of them is meant

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#end();
  }

  override render() {
    const list = `${this.inputId}-list`;
    const shown = this.#text ?? this.value?.label ?? '';
    const hint = this.said || (this.hits.length ? '' : t('loading'));
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
          ${hint ? html`<li class="hint" role="option" aria-disabled="true" aria-selected="false">${hint}</li>` : nothing}
        </ul>
      </div>
      <span class="sr" role="status">${this.open ? this.said : ''}</span></span
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
    this.said = '';
    this.#isOver = false;
    this.#isOld = true;
    this.#stop();
    const { signal } = (this.#halt = new AbortController());
    this.#timer = window.setTimeout(() => void this.#find(text, signal), text ? PAUSE : 0);
  }

  /** What is still on its way is for an older text. */
  #stop(): void {
    clearTimeout(this.#timer);
    this.#halt.abort();
  }

  #end(): void {
    this.#stop();
    this.#settle(false);
  }

  async #find(text: string, signal: AbortSignal): Promise<void> {
    const search = new URLSearchParams({ limit: String(HITS) });
    if (text.trim()) search.set('q', text.trim());
    if (this.lookup) search.set('lookup', this.lookup);
    await offer(this.entity, search, signal, (hits, said, isOver) => {
      this.hits = hits;
      if (this.#isOld || this.at < 0) this.at = text && hits.length ? 0 : -1;
      this.#isOld = false;
      this.#isOver = isOver;
      this.said = said || (isOver && !hits.length ? t('combo.none') : '');
      if (this.#answer && (isOver || hits.length)) this.#settle(this.#pickAt());
    });
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
      const isPicked = !this.#isOld && this.#pickAt();
      if (!isPicked && !this.#isOver && !this.#answer) expectPick(new Promise((resolve) => (this.#answer = resolve)));
    } else if (event.key === 'Escape' && this.open) {
      event.preventDefault();
      event.stopPropagation();
      this.#text = null;
      this.open = false;
      this.#end();
    }
  }

  #leave(): void {
    if (this.#text === '' && this.value) this.#pick(null);
    this.#text = null;
    this.open = false;
    if (!this.#answer) this.#stop(); // else the first hit is meant, whenever it comes
    this.requestUpdate();
  }

  #pick(ref: Ref | null): void {
    this.value = ref;
    this.#text = null;
    this.open = false;
    this.#stop();
    this.dispatchEvent(new CustomEvent('ui-pick', { bubbles: true, detail: ref }));
  }
}

customElements.define('crm-combo', Combo);
