// Choosing a filter: first the field, then its values. Each click takes effect at once.
import { html, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { avatar } from '../ui/parts.ts';
import { walkMenu } from '../ui/pop.ts';
import { dotClass, label } from '../fields/view.ts';
import { api } from '../core/api.ts';
import { ME } from '../core/filter.ts';
import { t } from '../core/i18n.ts';
import { entityOf, fieldOf, pipelineOf, titleOf } from '../core/meta.ts';
import type { Names } from './chips.ts';

const KINDS = new Set(['choice', 'choices', 'stage', 'user', 'bool']);
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
    names: { attribute: false },
  };
  entity = '';
  field: string | null = null;
  chips: Record<string, string[]> = {};
  people: Value[] = [];
  names: Names = new Map();

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('field') && this.field && fieldOf(this.entity, this.field)?.type === 'user')
      void this.#find('');
  }

  async #find(q: string): Promise<void> {
    const search = new URLSearchParams({ limit: '20' });
    if (q) search.set('q', q);
    const page = await api.list('user', search).catch(() => null);
    this.people = (page?.rows ?? []).map((row) => ({ v: String(row.id), l: titleOf('user', row) }));
    for (const { v, l } of this.people) this.names.set(v, l);
  }

  override render() {
    return html`<div
      class="pop menu"
      id="filter-menu"
      popover
      @keydown=${walkMenu}
      @toggle=${(e: ToggleEvent) => {
        if (e.newState === 'closed') this.field = null;
      }}
    >
      ${this.field ? this.#values(this.field) : this.#fields()}
    </div>`;
  }

  #fields() {
    const fields = Object.entries(entityOf(this.entity)?.fields ?? {}).filter(([, f]) => KINDS.has(f.type));
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
          ${t(field.label)}<span class="push muted"
            >${this.chips[name]?.length ? this.chips[name].length : nothing}${icon('right', 'icon-16')}</span
          >
        </button>`,
    );
  }

  #options(name: string): Value[] {
    const field = fieldOf(this.entity, name)!;
    if (field.type === 'stage') return pipelineOf(field)?.stages ?? [];
    if (field.type === 'user') return [{ v: ME, l: 'filter.me' }, ...this.people];
    if (field.type === 'bool')
      return [
        { v: 'true', l: 'yes' },
        { v: 'false', l: 'no' },
      ];
    return field.options ?? [];
  }

  #values(name: string) {
    const chosen = this.chips[name] ?? [];
    const user = fieldOf(this.entity, name)?.type === 'user';
    const put = (v: string, on: boolean) =>
      this.dispatchEvent(
        new CustomEvent('ui-filter', {
          bubbles: true,
          detail: { field: name, values: on ? [...chosen, v] : chosen.filter((one) => one !== v) },
        }),
      );
    return html`<div class="menu-head">
        <button
          class="btn btn-sm btn-ghost"
          @click=${() => {
            this.field = null;
          }}
        >
          ${icon('left', 'icon-16')}${label(this.entity, name)}
        </button>
      </div>
      ${user ? html`<input class="input" type="search" aria-label=${t('filter.people')} placeholder=${t('filter.people')} @input=${(e: Event) => void this.#find((e.target as HTMLInputElement).value)} />` : nothing}
      ${this.#options(name).map(
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
      )}`;
  }
}

customElements.define('crm-filter', FilterMenu);
