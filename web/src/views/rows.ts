// The rows of a list on a desk: a table that draws only what the window holds. What has no room for a column of its own
// stands under the name.
import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { icon } from '../ui/icon.ts';
import type { BinActions } from './bin.ts';
import type { RowWindow } from '../ui/window.ts';
import { isNumeric, label, markText, placesOf, show, summary } from '../fields/view.ts';
import { t } from '../core/i18n.ts';
import { entityOf, fieldOf, idleOf, titleOf } from '../core/meta.ts';
import { width } from '../core/narrow.ts';
import type { Records } from '../core/records.ts';
import type { ListView, Ranges, Row } from '../core/types.ts';
import { excerpt, marked } from '../ui/found.ts';
import { fitting, widths } from './widths.ts';

export interface Shown {
  entity: string;
  view: ListView;
  records: Records;
  window: RowWindow;
  at: number;
  sort: string[];
  onSort: (field: string) => void;
  onOpen: (id: number) => void;
  /** Rows can be chosen; null: not by this user. On a phone the boxes stand only while some are. */
  pick: Pick | null;
  /** What is told of the record beside its name. */
  mark: (row: Row) => TemplateResult | typeof nothing;
  /** The list is the recycle bin: its rows have no card. */
  bin: BinActions | null;
}

export interface Pick {
  ids: Set<number>;
  isAll: boolean;
  shown: boolean;
  /** Either takes the click back where rows cannot be chosen just now. */
  toggle: (id: number, event: MouseEvent) => void;
  toggleAll: (event: Event) => void;
}

const PICK = 40,
  MARK = 80,
  BIN = 190,
  BESIDE = 260; // the menu, paddings and a bar to scroll by; all as in views.css

/** The columns of a table as there is room for them; `under` are those that gave way. */
interface Columns {
  main: string;
  shown: string[];
  under: string[];
}

/** A width that somebody has chosen; the column that names the record takes what is left. */
const chosenOf = ({ view }: Shown, name: string): number => view.widths?.[name] ?? 0;

function fixedOf(shown: Shown, main: string, names: string[]): number {
  const chosen = names.filter((name) => name !== main).reduce((all, name) => all + chosenOf(shown, name), 0);
  return (shown.pick ? PICK : 0) + (shown.bin ? BIN : 0) + chosen;
}

/** What stands beside the name takes from the others' room, where they have more than they need. */
const markRoom = ({ entity, bin }: Shown, least: number): number =>
  bin || !idleOf(entity) ? 0 : Math.max(0, Math.min(MARK, width.value - BESIDE - least));

function columnsOf(shown: Shown): Columns {
  const { entity, view } = shown;
  const all = [...(shown.bin ? ['deleted_at'] : []), ...view.columns].filter((name) => fieldOf(entity, name));
  const main = mainOf(entity, all);
  const others = all
    .filter((name) => name !== main && !chosenOf(shown, name))
    .map((name) => ({ name, type: fieldOf(entity, name)!.type, isKept: isKept(shown, name) }));
  const left = new Set(fitting(others, width.value - BESIDE - fixedOf(shown, main, all)).map(({ name }) => name));
  return {
    main,
    shown: all.filter((name) => name === main || chosenOf(shown, name) || left.has(name)),
    under: all.filter((name) => name !== main && !chosenOf(shown, name) && !left.has(name)),
  };
}

/** What a phone shows as well matters most; an order shows by its arrow, a yes or no says nothing without its name. */
function isKept({ entity, view, sort, bin }: Shown, name: string): boolean {
  const isAsked = view.phone?.includes(name) || sort[0]?.replace('-', '') === name;
  return isAsked || (bin !== null && name === 'deleted_at') || /^(bool|stage)$/.test(fieldOf(entity, name)!.type);
}

export function table(shown: Shown): TemplateResult {
  const { entity, records, window } = shown;
  const all = columnsOf(shown);
  const { main, shown: columns } = all;
  const wide = columns.length + (shown.pick ? 1 : 0) + (shown.bin ? 1 : 0);
  const { before, rows, after, from } = window.slice(records.rows);
  const places = window.places.of(records, rows);
  const others = columns.filter((name) => name !== main && !chosenOf(shown, name)).map((name) => fieldOf(entity, name)!.type);
  const fixed = fixedOf(shown, main, columns);
  const { least } = widths(others, fixed);
  const { of } = widths(others, fixed + markRoom(shown, least));
  const widthOf = (name: string) => (chosenOf(shown, name) ? `${chosenOf(shown, name)}px` : of(fieldOf(entity, name)!.type));
  const styleOf = (name: string) => (name === main ? '' : `width:${widthOf(name)}`);
  return html`<table
    class="table"
    aria-rowcount=${records.next ? -1 : records.rows.length + 1}
    .style=${`min-width:${least}px`}
  >
    <thead>
      <tr aria-rowindex="1">
        ${shown.pick ? pickAll(shown.pick, records.rows.length) : nothing}
        ${columns.map((name) => head(shown, name, styleOf(name)))}
        ${shown.bin ? html`<th scope="col" class="bin-do"><span class="sr">${t('bin.do')}</span></th>` : nothing}
      </tr>
    </thead>
    <tbody>
      ${
        before
          ? html`<tr class="gap" aria-hidden="true">
              <td colspan=${wide} .style=${`height:${before}px`}></td>
            </tr>`
          : nothing
      }
      ${repeat(
        rows,
        (row) => places.get(row.id),
        (row, i) => line(shown, all, row, from + i),
      )}
      ${
        after
          ? html`<tr class="gap" aria-hidden="true">
              <td colspan=${wide} .style=${`height:${after}px`}></td>
            </tr>`
          : nothing
      }
    </tbody>
  </table>`;
}

function head(shown: Shown, name: string, width: string): TemplateResult {
  const { entity, sort } = shown;
  const field = fieldOf(entity, name)!;
  const order = sort[0] === `-${name}` ? 'descending' : sort[0] === name ? 'ascending' : null;
  return html`<th
    scope="col"
    class=${isNumeric(field) ? 'end' : ''}
    aria-sort=${order ?? nothing}
    .style=${width}
    data-field=${name}
    title=${label(entity, name)}
  >
    ${field.sortable ? sorter(shown, name, order) : named(entity, name, order)}
  </th>`;
}

const arrow = (order: string) => icon(order === 'descending' ? 'down' : 'up', 'icon-16');

function sorter({ entity, onSort }: Shown, name: string, order: string | null): TemplateResult {
  return html`<button class="th-sort ${order ? 'is-on' : ''}" @click=${() => onSort(name)}>
    ${named(entity, name, order)}
  </button>`;
}

/** The arrow of an order and the name stand in one line. */
function named(entity: string, name: string, order: string | null): TemplateResult {
  const text = html`<span class="clip">${label(entity, name)}</span>`;
  return order ? html`<span class="th-name">${arrow(order)}${text}</span>` : text;
}

/** The column that names the record takes what room is left and carries the link. */
function mainOf(entity: string, columns: string[]): string {
  const title = entityOf(entity)?.title ?? '';
  return columns.includes(title) ? title : columns[0];
}

function line(shown: Shown, columns: Columns, row: Row, index: number): TemplateResult {
  const { entity, records, at, onOpen } = shown;
  const open = (event: MouseEvent) => {
    if (shown.bin || (event.target as Element).closest('a, button, input, label') || String(getSelection()))
      return;
    onOpen(row.id);
  };
  const td = (name: string) => {
    const kind = isNumeric(fieldOf(entity, name)) ? 'end num' : '';
    const inside =
      name !== columns.main
        ? cell(entity, name, row)
        : shown.bin
          ? html`<span class="strong">${first(entity, name, row)}</span>`
          : mainCell(shown, columns, row);
    return html`<td class=${kind} data-field=${name}>${inside}</td>`;
  };
  return html`<tr
    data-entity=${entity}
    data-id=${row.id}
    aria-rowindex=${index + 2}
    aria-selected=${index === at ? 'true' : nothing}
    class="${records.fresh.has(row.id) ? 'is-fresh' : ''} ${isPicked(shown, row.id) ? 'is-picked' : ''}"
    @click=${open}
  >
    ${shown.pick ? html`<td class="pick">${box(shown, row)}</td>` : nothing}${columns.shown.map(td)}${shown.bin ? html`<td class="bin-do">${binButtons(shown, row)}</td>` : nothing}
  </tr>`;
}

const isPicked = ({ pick }: Shown, id: number) => !!pick && (pick.isAll || pick.ids.has(id));

function pickAll(pick: Pick, count: number): TemplateResult {
  const some = pick.ids.size > 0;
  const every = pick.isAll || (some && pick.ids.size === count);
  return html`<th scope="col" class="pick">
    <input
      class="box"
      type="checkbox"
      aria-label=${t('bulk.every')}
      .checked=${every}
      .indeterminate=${some && !every}
      @click=${(e: Event) => pick.toggleAll(e)}
    />
  </th>`;
}

export function box(shown: Shown, row: Row): TemplateResult {
  return html`<label class="pick-box"
    ><input
      class="box"
      type="checkbox"
      aria-label=${t('bulk.choose', { name: titleOf(shown.entity, row) })}
      .checked=${isPicked(shown, row.id)}
      @click=${(e: MouseEvent) => shown.pick!.toggle(row.id, e)}
  /></label>`;
}

export function binButtons({ bin, entity }: Shown, row: Row): TemplateResult {
  const name = titleOf(entity, row);
  return html`<span class="bin-buttons"
    >${
      row._can?.includes('delete')
        ? html`<button
            class="btn btn-sm"
            data-action="restore"
            aria-label=${t('bin.restore.what', { name })}
            @click=${() => bin!.restore(row)}
          >
            ${icon('history', 'icon-16')}<span class="only-desk">${t('bin.restore')}</span>
          </button>`
        : nothing
    }${
      bin!.purge
        ? html`<button
            class="icon-btn is-danger"
            data-action="purge"
            aria-label=${t('bin.purge.what', { name })}
            title=${t('bin.purge')}
            @click=${() => bin!.purge!(row)}
          >
            ${icon('trash', 'icon-16')}
          </button>`
        : nothing
    }</span
  >`;
}

/** Where a search has found the row, when none of the columns shows it. */
export function foundElsewhere(entity: string, columns: string[], row: Row, room = 0): TemplateResult | typeof nothing {
  const names = Object.keys(row.found ?? {});
  const name = names.find((n) => fieldOf(entity, n));
  if (!name || names.some((n) => columns.includes(n))) return nothing;
  const value = row[name];
  const many = Array.isArray(value) ? value : [value];
  const at = Math.max(
    0,
    many.findIndex((_, i) => placesOf(row, name, i)?.length),
  );
  const part = excerpt(String(many[at] ?? ''), placesOf(row, name, at) ?? ([] as Ranges), room);
  const title = label(entity, name);
  return html`<span class="found-in" title=${title}
    >${room ? `${title}: ` : nothing}${marked(part.text, part.ranges)}</span
  >`;
}

function mainCell({ entity, mark }: Shown, { main: name, shown, under }: Columns, row: Row): TemplateResult {
  const found = foundElsewhere(entity, shown, row);
  const named = markedElsewhere(entity, shown, row, link(entity, name, row));
  const told = mark(row);
  const main = told === nothing ? named : html`<span class="inline"><span class="clip">${named}</span>${told}</span>`;
  if (under.length)
    return html`<span class="row-two">${main}<span class="clip muted">${found === nothing ? summary(entity, under, row) : found}</span></span>`;
  if (found === nothing) return main;
  return html`<span class="row-found">${main}${found}</span>`;
}

/** A value that a person has to look at, in a field that none of the columns shows. */
function markedElsewhere(entity: string, columns: string[], row: Row, main: TemplateResult): TemplateResult {
  const name = Object.keys(row._marks ?? {}).find((n) => !columns.includes(n));
  if (!name) return main;
  const text = `${label(entity, name)}: ${markText(row._marks![name]!)}`;
  return html`<span class="inline"
    ><span class="is-warn" role="img" aria-label=${text} title=${text}>${icon('alert', 'icon-16')}</span
    ><span class="clip">${main}</span></span
  >`;
}

function link(entity: string, name: string, row: Row): TemplateResult {
  const href = `/e/${entity}/${row.id}`;
  return html`<a class="row-link strong" href=${href} data-layer>${first(entity, name, row)}</a>`;
}

export function first(entity: string, name: string, row: Row): unknown {
  const value = show({ entity, name, row, place: 'cell' });
  return value === nothing ? titleOf(entity, row) : value;
}

function cell(entity: string, name: string, row: Row): unknown {
  if (fieldOf(entity, name)!.type === 'bool' && row[name] === false) return noCell();
  const value = show({ entity, name, row, place: 'cell' });
  const mark = row._marks?.[name];
  if (!mark) return value;
  return html`<span class="inline is-warn" title=${markText(mark)}
    >${icon('alert', 'icon-16')}<span class="clip">${value}</span><span class="sr">${markText(mark)}</span></span
  >`;
}

/** In most rows of a column of yes or no it is no: a column full of the word would hide where it is yes. */
const noCell = () => html`<span class="faint" aria-hidden="true">—</span><span class="sr">${t('no')}</span>`;
