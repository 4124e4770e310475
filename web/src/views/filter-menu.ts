// Choosing a filter: first the field, then its values or how it compares. Each click takes effect at once. A file of its
// own, which comes when it is opened for the first time.
import { html, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { avatar } from '../ui/parts.ts';
import { walkMenu } from '../ui/pop.ts';
import { dotClass, label } from '../fields/view.ts';
import { offer } from '../fields/offer.ts';
import { ADDRESS_PARTS, askChip, dueChip, ME } from '../core/filter.ts';
import { t } from '../core/i18n.ts';
import { dueField, entityOf, fieldOf, pipelineOf, titleOf } from '../core/meta.ts';
import { askForm } from './filter-ask.ts';
import { nameKey, targetOf, type Names } from './chips.ts';

const KINDS = new Set(['choice', 'choices', 'stage', 'user', 'ref', 'bool', 'address']); // have values to be chosen
const FULL = new Set(['stage', 'bool']); // are never empty
interface Value {
  v: string;
  l: string;
  color?: string;
}

class FilterMenu extends El {
  static override properties = {
    entity: {},
    field: { state: true },
    chips: { attribute: false },
    people: { state: true },
    said: { state: true },
    names: { attribute: false },
  };
  entity = '';
  field: string | null = null;
  chips: Record<string, string[]> = {};
  people: Value[] = [];
  said = '';
  #halt = new AbortController();
  names: Names = new Map();

  override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has('field')) return;
    this.people = []; // of another field
    this.said = '';
    if (this.field && targetOf(fieldOf(this.entity, this.field))) void this.#find('');
  }

  override updated(changed: Map<string, unknown>): void {
    if (changed.has('field') && this.field) this.querySelector<HTMLElement>('.menu-form input')?.focus();
  }

  async #find(q: string): Promise<void> {
    const search = new URLSearchParams({ limit: '20' });
    if (q) search.set('q', q);
    this.#halt.abort();
    const target = targetOf(fieldOf(this.entity, this.field!));
    if (!target) return;
    const { signal } = (this.#halt = new AbortController());
    await offer(target, search, signal, (rows, said, isOver) => {
      this.people = rows.map((row) => ({ v: String(row.id), l: titleOf(target, row) }));
      for (const { v, l } of this.people) this.names.set(nameKey(target, v), l);
      this.said = said || (isOver && !rows.length ? t('combo.none') : '');
    });
  }

  override render() {
    return html`<div
      class="pop menu"
      id="filter-menu"
      popover
      @keydown=${walkMenu}
      @toggle=${(e: ToggleEvent) => {
        if (e.newState !== 'closed') return;
        this.field = null;
        this.#halt.abort();
      }}
    >
      ${this.field ? this.#values(this.field) : this.#fields()}
    </div>`;
  }

  #fields() {
    const fields = Object.entries(entityOf(this.entity)?.fields ?? {});
    if (!fields.length) return html`<p class="hint">${t('filter.none')}</p>`;
    return fields.map(
      ([name, field]) =>
        html`<button
          class="menu-item"
          data-filter=${name}
          @click=${() => {
            this.field = name;
          }}
        >
          <span class="clip">${t(field.label)}</span><span class="push muted">${this.#chosen(name)}${icon('right', 'icon-16')}</span>
        </button>`,
    );
  }

  /** How many values are chosen, of an address how many parts. */
  #chosen(name: string) {
    const parts = Object.keys(this.chips).filter((chip) => chip.startsWith(`${name}.`)).length;
    return this.chips[name]?.length || parts || nothing;
  }

  #options(name: string): Value[] {
    const field = fieldOf(this.entity, name)!;
    if (!KINDS.has(field.type)) return [];
    if (field.type === 'stage') return pipelineOf(field)?.stages ?? [];
    if (field.type === 'user') return [{ v: ME, l: 'filter.me' }, ...this.people];
    if (field.type === 'ref') return this.people;
    if (field.type === 'bool')
      return [
        { v: 'true', l: 'yes' },
        { v: 'false', l: 'no' },
      ];
    return field.options ?? [];
  }

  #head(name: string) {
    return html`<div class="menu-head">
      <button
        class="btn btn-sm btn-ghost"
        @click=${() => {
          this.field = null;
        }}
      >
        ${icon('left', 'icon-16')}${label(this.entity, name)}
      </button>
    </div>`;
  }

  /** What an address has in each of its parts; Enter shows the rows. */
  #parts(name: string) {
    const show = (event: Event) => {
      event.preventDefault();
      const form = event.target as HTMLFormElement;
      const texts = Object.entries(Object.fromEntries(new FormData(form)) as Record<string, string>);
      this.#put(Object.fromEntries(texts.map(([part, text]) => [`${name}.${part}`, text.trim() ? [text.trim()] : []])));
      form.closest<HTMLElement>('[popover]')?.hidePopover();
    };
    return html`<form class="menu-form" novalidate @submit=${show}>
      ${Object.keys(ADDRESS_PARTS).map(
        (part) =>
          html`<label
            ><span>${t(`address.${part}`)}</span>
            <input class="input" name=${part} autocomplete="off" maxlength="100" .value=${this.chips[`${name}.${part}`]?.[0] ?? ''}
          /></label>`,
      )}
      <button class="btn btn-primary btn-wide" data-action="filter-parts">${t('filter.apply')}</button>
    </form>`;
  }

  #put(chips: Record<string, string[]>): void {
    this.dispatchEvent(new CustomEvent('ui-filter', { bubbles: true, detail: chips }));
  }

  #values(name: string) {
    const chip = name === dueField(this.entity) ? dueChip(name) : name;
    const chosen = this.chips[chip] ?? [];
    const type = fieldOf(this.entity, name)?.type;
    const user = type === 'user';
    const target = targetOf(fieldOf(this.entity, name));
    const hint = t(user ? 'filter.people' : 'filter.find');
    const put = (v: string, on: boolean) =>
      this.#put({ [chip]: on ? [...chosen, v] : chosen.filter((one) => one !== v) });
    return html`${this.#head(name)} ${type === 'address' ? this.#parts(name) : nothing}
      ${target ? html`<input class="input" type="search" aria-label=${hint} placeholder=${hint} @input=${(e: Event) => void this.#find((e.target as HTMLInputElement).value)} />` : nothing}
      ${this.#options(chip).map(
        (o) =>
          html`<label class="menu-item" data-value=${o.v}>
            <input
              class="box"
              type="checkbox"
              .checked=${chosen.includes(o.v)}
              @change=${(e: Event) => put(o.v, (e.target as HTMLInputElement).checked)}
            />
            ${user && o.v !== ME ? avatar({ id: Number(o.v), label: o.l }) : o.color ? html`<span class=${dotClass(o.color)}></span>` : nothing}<span
              class="clip"
              >${t(o.l)}</span
            ></label
          >`,
      )}
      ${target ? html`<p class=${this.said ? 'hint' : 'sr'} role="status">${this.said}</p>` : nothing}
      ${
        FULL.has(type ?? '') || type === 'address'
          ? nothing
          : askForm({
              field: fieldOf(this.entity, name)!,
              hasValues: KINDS.has(type ?? ''),
              hasEmpty: chip === name,
              values: this.chips[askChip(name)] ?? [],
              put: (values) => this.#put({ [askChip(name)]: values }),
            })
      }`;
  }
}

customElements.define('crm-filter', FilterMenu);
