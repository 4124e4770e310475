// What is done with a list as a whole, for those who may: importing, looking for duplicates, exporting.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { loaded } from '../ui/later.ts';
import { toggleAt, walkMenu } from '../ui/pop.ts';
import { t } from '../core/i18n.ts';
import { entityOf } from '../core/meta.ts';

export function listMenu(entity: string, onExport: () => void): TemplateResult | typeof nothing {
  const { can, match } = entityOf(entity)!;
  const { import: imports, export: exports } = can;
  const merges = match && can.merge;
  if (!imports && !exports && !merges) return nothing;
  return html`<button
      class="icon-btn"
      aria-haspopup="true"
      aria-label=${t('list.menu')}
      title=${t('list.menu')}
      data-action="list-menu"
      @click=${(e: Event) => toggleAt(e, 'list-menu', 'end')}
    >
      ${icon('more')}
    </button>
    <div class="pop menu" id="list-menu" popover @keydown=${walkMenu}>
      ${imports ? html`<a class="menu-item" data-action="import" href="/e/${entity}/import">${icon('upload', 'icon-16')}${t('import.open')}</a>` : nothing}
      ${merges ? html`<a class="menu-item" data-action="duplicates" href="/e/${entity}/duplicates">${icon('merge', 'icon-16')}${t('dup.open')}</a>` : nothing}
      ${exports ? html`<button class="menu-item" data-action="export" @click=${onExport}>${icon('download', 'icon-16')}${t('export.open')}</button>` : nothing}
    </div>
    ${exports ? html`<crm-export .entity=${entity}></crm-export>` : nothing}`;
}

/** Its window is a file of its own. */
export async function openExport(list: HTMLElement, search: URLSearchParams, columns: string[]): Promise<void> {
  list.querySelector<HTMLElement>('#list-menu')?.hidePopover();
  if (await loaded(import('./export.ts'))) await list.querySelector('crm-export')?.open(search, columns);
}
