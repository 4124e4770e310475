// The lines between a list's name and its rows: saved views as tabs, filters as chips, and what stands at their end.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { loaded } from '../ui/later.ts';
import type { El } from '../ui/element.ts';
import { toggleFor } from '../ui/pop.ts';
import { chipText, type Names } from './chips.ts';
import type { Count } from './list-counts.ts';
import { sortMenu, type Sorting } from './sort-menu.ts';
import { label } from '../fields/view.ts';
import { atLeast } from '../core/fmt.ts';
import { isChanged, kept, writeState, type ListState } from '../core/filter.ts';
import { capital, t } from '../core/i18n.ts';
import { entityOf, viewName } from '../core/meta.ts';
import { narrow } from '../core/narrow.ts';
import type { ListView } from '../core/types.ts';

type Nothing = typeof nothing;

export interface Tabs {
  entity: string;
  state: ListState;
  views: ListView[];
  view: ListView;
  counts: Record<string, Count>;
  to: (change: Partial<ListState>) => void;
}

/** What narrows a list goes on in another of its views, but for what a saved one has brought. */
function hrefOf({ entity, state, views, view: here }: Tabs, view: ListView): string {
  const { chips, ...own } = kept(view);
  return `/e/${entity}${writeState({ ...state, ...own, chips: view.saved ? chips : here.saved ? {} : state.chips }, views)}`;
}

export function viewTabs(tabs: Tabs): TemplateResult {
  const { entity, state, views, view: here, counts, to } = tabs;
  return html`<nav class="bar-row is-lined" aria-label=${t('list.views')}>
    <div class="tabs">
      ${views.map((view) => {
        const count = counts[view.id];
        return html`<a
          class="tab"
          href=${hrefOf(tabs, view)}
          data-view=${view.id}
          aria-current=${view.id === state.view ? 'page' : nothing}
          >${view.saved?.shared ? icon('users', 'icon-16') : nothing}${viewName(view)}${count ? html` <span class="count">${atLeast(count)}</span>` : nothing}</a
        >`;
      })}
    </div>
    ${keeper(here, state)}
    <crm-view-menu
      .entity=${entity}
      .state=${state}
      .view=${here}
      .views=${views}
      @ui-state=${(e: CustomEvent<Partial<ListState>>) => to(e.detail)}
    ></crm-view-menu>
  </nav>`;
}

/** Keeps the list under a name, and what is done with one that is kept. */
function keeper(here: ListView, state: ListState): TemplateResult {
  const name = t(here.saved ? 'view.menu' : 'view.keep');
  const open = (event: Event) => void openLate(event, 'crm-view-menu');
  if (isChanged(state, here))
    return html`<button class="btn btn-sm btn-ghost" data-action="view" aria-haspopup="true" @click=${open}>
      ${icon('plus', 'icon-16')}${t('view.keep')}
    </button>`;
  return html`<button class="icon-btn icon-btn-sm" data-action="view" aria-haspopup="true" aria-label=${name} title=${name} @click=${open}>
    ${icon(here.saved ? 'more' : 'plus', 'icon-16')}
  </button>`;
}

/** Its file comes when it is wanted for the first time. */
async function openLate(event: Event, name: 'crm-view-menu' | 'crm-columns'): Promise<void> {
  const anchor = event.currentTarget as HTMLElement;
  if (await loaded(import('../saved/menu.ts'))) anchor.closest('crm-list')?.querySelector(name)?.open(anchor);
}

export function binNote(entity: string): TemplateResult {
  return html`<div class="bar-row is-lined">
    <a class="btn btn-sm btn-ghost" href="/e/${entity}"
      >${icon('left', 'icon-16')}${capital(t(entityOf(entity)!.label.many))}</a
    >
    <span class="muted">${t('bin.note')}</span>
  </div>`;
}

export interface Filters {
  entity: string;
  chips: ListState['chips'];
  names: Names;
  isBin: boolean;
  /** Where there are no headers to press. */
  sorting: Sorting | null;
  /** Which columns there are can be chosen; null: there are none. */
  columns: { view: ListView; set: (columns: string | null) => void } | null;
  /** Rows can be chosen here; null: they cannot. */
  pick: { isOn: boolean; toggle: () => void } | null;
  set: (changed: ListState['chips']) => void;
  reset: () => void;
}

export function filterBar(filters: Filters): TemplateResult {
  const { entity, chips, names, set, reset } = filters;
  const fields = Object.entries(chips);
  return html`<div class="bar-row is-filters">
    ${fields.map(([field, values]) => chip(filters, field, values))}
    <button
      class="btn btn-sm btn-ghost"
      aria-haspopup="true"
      data-action="filter"
      @click=${(e: Event) => void openFilter(e, null)}
    >
      ${icon('filter', 'icon-16')}${t('filter')}
    </button>
    ${fields.length > 1 ? html`<button class="btn btn-sm btn-ghost" @click=${reset}>${t('filter.reset')}</button>` : nothing}
    <crm-filter
      .entity=${entity}
      .chips=${chips}
      .names=${names}
      @ui-filter=${(e: CustomEvent<ListState['chips']>) => set(e.detail)}
    ></crm-filter>
    ${filters.sorting ? sortMenu(entity, filters.sorting) : nothing}${pickButton(filters)}${columnsButton(filters)}${binLink(filters)}
  </div>`;
}

function chip(filters: Filters, field: string, values: string[]): TemplateResult {
  const { entity, names } = filters;
  return html`<span class="chip" data-chip=${field}>
    <button class="chip-body" @click=${(e: Event) => void openFilter(e, field)}>
      <span class="muted">${label(entity, field)}:</span>
      <b>${chipText(entity, field, values, names)}</b>
    </button>
    <button
      class="icon-btn"
      aria-label=${t('filter.remove', { name: label(entity, field) })}
      @click=${(e: Event) => dropChip(e, filters, field)}
    >
      ${icon('x')}
    </button></span
  >`;
}

const barOf = (event: Event) => (event.currentTarget as Element).closest('.bar-row')!;

/** The button goes with its chip, so the focus passes to the one that brings chips. */
function dropChip(event: Event, { set }: Filters, field: string): void {
  barOf(event).querySelector<HTMLElement>('[data-action=filter]')?.focus();
  set({ [field]: [] });
}

async function openFilter(event: Event, field: string | null): Promise<void> {
  const anchor = event.currentTarget as HTMLElement;
  const menu = barOf(event).querySelector('crm-filter') as El & { field: string | null };
  if (!(await loaded(import('./filter-menu.ts')))) return;
  menu.field = field && field.split('.')[0]!; // a part is chosen among those of its address
  await menu.updateComplete;
  toggleFor(anchor, 'filter-menu');
}

function columnsButton({ entity, columns }: Filters): TemplateResult | Nothing {
  if (!columns) return nothing;
  return html`<button class="btn btn-sm btn-ghost push" data-action="columns" aria-haspopup="true" @click=${(e: Event) => void openLate(e, 'crm-columns')}>
      ${icon('columns', 'icon-16')}${t('columns')}
    </button>
    <crm-columns .entity=${entity} .view=${columns.view} @ui-columns=${(e: CustomEvent<string | null>) => columns.set(e.detail)}></crm-columns>`;
}

/** A phone shows the boxes of rows only while they are being chosen. */
function pickButton({ pick }: Filters): TemplateResult | Nothing {
  if (!pick || !narrow.value) return nothing;
  return html`<button
    class="btn btn-sm btn-ghost"
    data-action="pick"
    aria-pressed=${pick.isOn ? 'true' : 'false'}
    @click=${pick.toggle}
  >
    ${icon('task', 'icon-16')}${t('bulk.pick')}
  </button>`;
}

function binLink({ entity, isBin, columns }: Filters): TemplateResult | Nothing {
  if (isBin || !entityOf(entity)!.can.delete) return nothing;
  return html`<a class="btn btn-sm btn-ghost ${columns ? '' : 'push'}" data-action="bin" href="/e/${entity}?bin=1"
    >${icon('trash', 'icon-16')}${t('bin')}</a
  >`;
}
