// By what a list is ordered, where it has no headers to press: on a phone and as a board. Pressing an order again does
// what pressing a header again does.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { toggleAt, walkMenu } from '../ui/pop.ts';
import { capital, t } from '../core/i18n.ts';
import { entityOf } from '../core/meta.ts';

export interface Sorting {
  sort: string | null; // null: the view's own
  onSort: (field: string | null) => void;
}

export function sortMenu(entity: string, { sort, onSort }: Sorting): TemplateResult | typeof nothing {
  const fields = Object.entries(entityOf(entity)?.fields ?? {}).filter(([, f]) => f.sortable);
  if (!fields.length) return nothing;
  const item = (name: string | null, text: string, isOn: boolean, more: unknown = nothing) =>
    html`<button
      class="menu-item"
      data-sort=${name ?? ''}
      aria-pressed=${isOn ? 'true' : 'false'}
      @click=${() => onSort(name)}
    >
      <span class="clip">${text}</span>${isOn ? html`<span class="push muted">${more}${icon('check', 'icon-16')}</span>` : nothing}
    </button>`;
  return html`<button
      class="btn btn-sm btn-ghost"
      aria-haspopup="true"
      data-action="sort"
      @click=${(e: Event) => toggleAt(e, 'sort-menu')}
    >
      ${icon('sort', 'icon-16')}${t('sort')}
    </button>
    <div class="pop menu" id="sort-menu" popover role="group" aria-label=${t('sort')} @keydown=${walkMenu}>
      ${item(null, t('sort.own'), !sort)}
      ${fields.map(([name, field]) => {
        const isDown = sort === `-${name}`;
        return item(name, capital(t(field.label)), isDown || sort === name, t(isDown ? 'sort.down' : 'sort.up'));
      })}
    </div>`;
}
