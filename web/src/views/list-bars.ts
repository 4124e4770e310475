// The lines between a list's name and its rows: saved views as tabs, filters as chips, and what stands at their end.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { toggleAt } from '../ui/pop.ts';
import './filter-menu.ts';
import { chipText, type Names } from './chips.ts';
import type { Count } from './list-counts.ts';
import { sortMenu, type Sorting } from './sort-menu.ts';
import { label } from '../fields/view.ts';
import { atLeast } from '../core/fmt.ts';
import { writeState, type ListState } from '../core/filter.ts';
import { capital, t } from '../core/i18n.ts';
import { entityOf } from '../core/meta.ts';
import { narrow } from '../core/narrow.ts';
import type { ListView } from '../core/types.ts';

type Nothing = typeof nothing;

export function viewTabs(
  entity: string,
  state: ListState,
  views: ListView[],
  counts: Record<string, Count>,
): TemplateResult {
  if (views.length < 2) return html`<div class="bar-row is-lined is-thin"></div>`;
  return html`<nav class="bar-row is-lined" aria-label=${t('list.views')}>
    <div class="tabs">
      ${views.map((view) => {
        const count = counts[view.id];
        const to = `/e/${entity}${writeState({ ...state, view: view.id, sort: null }, views)}`;
        return html`<a
          class="tab"
          href=${to}
          data-view=${view.id}
          aria-current=${view.id === state.view ? 'page' : nothing}
          >${t(view.label)}${count ? html` <span class="count">${atLeast(count)}</span>` : nothing}</a
        >`;
      })}
    </div>
  </nav>`;
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
      @click=${(e: Event) => openFilter(e, null)}
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
    ${filters.sorting ? sortMenu(entity, filters.sorting) : nothing}${pickButton(filters)}${binLink(filters)}
  </div>`;
}

function chip(filters: Filters, field: string, values: string[]): TemplateResult {
  const { entity, names } = filters;
  return html`<span class="chip" data-chip=${field}>
    <button class="chip-body" @click=${(e: Event) => openFilter(e, field)}>
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

function openFilter(event: Event, field: string | null): void {
  const menu = barOf(event).querySelector('crm-filter') as HTMLElement & { field: string | null };
  menu.field = field && field.split('.')[0]!; // a part is chosen among those of its address
  toggleAt(event, 'filter-menu');
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

function binLink({ entity, isBin }: Filters): TemplateResult | Nothing {
  if (isBin || !entityOf(entity)!.can.delete) return nothing;
  return html`<a class="btn btn-sm btn-ghost push" data-action="bin" href="/e/${entity}?bin=1"
    >${icon('trash', 'icon-16')}${t('bin')}</a
  >`;
}
