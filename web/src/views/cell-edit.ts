// One cell of a list changed where it stands: F2 or the pencil over it begins, Enter keeps it, Tab keeps it and goes on to
// the next cell, Escape leaves it. What the server refuses stays in the field, with the reason under it.
import { html, nothing } from 'lit';
import { El, uid } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { problemText } from '../ui/parts.ts';
import { placeAt } from '../ui/pop.ts';
import { toast } from '../ui/toast.ts';
import '../fields/edit.ts';
import type { FieldEdit } from '../fields/edit.ts';
import { picked } from '../fields/picks.ts';
import { isMany, numberFaults, same, toApi } from '../fields/value.ts';
import { label } from '../fields/view.ts';
import { api, ApiError } from '../core/api.ts';
import { t } from '../core/i18n.ts';
import { fieldOf, isEditable, may, stagesOf, titleOf } from '../core/meta.ts';
import type { Records } from '../core/records.ts';
import type { Field, FieldError, Row } from '../core/types.ts';
import { sayHidden } from './hidden.ts';

const LONG = new Set(['multiline', 'address', 'json', 'file', 'files', 'tags', 'refs', 'choices']); // have no room in a cell

interface Cell {
  row: Row;
  name: string;
  at: HTMLElement;
}

class CellEdit extends El {
  static override properties = {
    entity: {},
    records: { attribute: false },
    cell: { state: true },
    value: { state: true },
    error: { state: true },
    busy: { state: true },
    over: { state: true },
  };
  entity = '';
  records: Records | null = null;
  cell: Cell | null = null;
  value: unknown = null;
  error: FieldError | null = null;
  busy = false;
  over: HTMLElement | null = null; // the cell under the pointer
  #id = uid('cell');
  #isLeft = false; // by Escape: what was typed is given up
  #list: HTMLElement | null = null;
  #written = new Map<number, Row>(); // what this list has not read anew yet: the next cell goes on from there
  #hover = (event: Event) => this.#point(event.target as Element);
  #away = () => {
    this.over = null;
  };

  override connectedCallback(): void {
    super.connectedCallback();
    this.#list = this.closest('.rows');
    this.#list?.addEventListener('mouseover', this.#hover);
    this.#list?.addEventListener('mouseleave', this.#away);
    this.#list?.addEventListener('scroll', this.#away, true);
    const under = this.#list?.querySelector('td:hover'); // its file has come while the pointer was there
    if (under) void this.updateComplete.then(() => this.#point(under));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#list?.removeEventListener('mouseover', this.#hover);
    this.#list?.removeEventListener('mouseleave', this.#away);
    this.#list?.removeEventListener('scroll', this.#away, true);
  }

  #fieldOf(name: string): Field {
    const field = fieldOf(this.entity, name)!;
    return field.type === 'stage' ? { ...field, options: stagesOf(this.entity) } : field;
  }

  #rowOf(cell: Element): Row | undefined {
    const id = Number(cell.closest<HTMLElement>('tr[data-id]')?.dataset.id);
    const row = this.records?.rows.find((one) => one.id === id);
    const own = this.#written.get(id);
    return row && own && own.rev > row.rev ? { ...row, ...own } : row;
  }

  #mayEdit(cell: HTMLElement): boolean {
    const name = cell.dataset.field ?? '';
    const field = fieldOf(this.entity, name);
    if (!field || LONG.has(field.type) || (field.many && isMany(field))) return false;
    return (field.type === 'stage' || isEditable(this.entity, name)) && may(this.#rowOf(cell) ?? null, 'update');
  }

  #cellsOf(row: Element | null): HTMLElement[] {
    return [...(row?.querySelectorAll<HTMLElement>('td[data-field]') ?? [])].filter((cell) => this.#mayEdit(cell));
  }

  #point(target: Element): void {
    if (target.closest('.cell-pen')) return;
    const cell = target.closest<HTMLElement>('td[data-field]');
    this.over = cell && !this.cell && this.#mayEdit(cell) ? cell : null;
  }

  /** From the keyboard: the first cell of the record that can be changed. */
  async begin(id: number): Promise<void> {
    await this.updateComplete;
    const [first] = this.#cellsOf(this.#list?.querySelector(`tr[data-id="${id}"]`) ?? null);
    if (first) await this.#open(first);
    else toast({ text: t('cell.none'), icon: 'lock', kind: 'warn', key: 'cell' });
  }

  async #open(at: HTMLElement): Promise<void> {
    const row = this.#rowOf(at);
    const name = at.dataset.field!;
    if (!row) return;
    Object.assign(this, { cell: { row, name, at }, value: row[name] ?? null, error: null, over: null });
    this.#isLeft = false;
    await this.#show();
  }

  async #show(): Promise<void> {
    await this.updateComplete;
    const box = this.querySelector<HTMLElement>(`#${this.#id}`)!;
    const field = this.querySelector<FieldEdit>('crm-field')!;
    await field.updateComplete;
    if (!box.matches(':popover-open')) box.showPopover();
    placeAt(box, this.cell!.at);
    box.style.top = `${Math.max(8, Math.min(this.cell!.at.getBoundingClientRect().top - 4, innerHeight - box.offsetHeight - 8))}px`;
    field.focus();
    const input = field.querySelector('input');
    if (input && input.type === 'text') input.select();
  }

  get #isChanged(): boolean {
    const { row, name } = this.cell!;
    return !same(this.value, row[name] ?? null);
  }

  /** Whether there is nothing left to keep. */
  async #keep(): Promise<boolean> {
    if (!this.cell || this.busy || !(await picked()) || !this.cell) return false;
    const { row, name } = this.cell;
    if (!this.#isChanged) return true;
    const [fault] = numberFaults(this.entity, { [name]: this.value });
    this.error = fault ?? null;
    if (fault) return false;
    this.busy = true;
    try {
      await this.#write(row, name, this.value);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#refused(error, row, name);
      return false;
    } finally {
      this.busy = false;
    }
  }

  async #write(row: Row, name: string, value: unknown, isUndo = false): Promise<void> {
    const field = fieldOf(this.entity, name)!;
    const saved = (await api.save(this.entity, row.id, row.rev, { [name]: toApi(field, value) })) ?? row;
    if (!saved.hidden) this.#written.set(row.id, saved);
    this.records?.touch(row.id);
    const title = titleOf(this.entity, row);
    if (saved.hidden) return sayHidden('saved', this.entity, saved, title);
    const before = row[name] ?? null;
    const back = () =>
      void this.#write({ ...row, ...saved }, name, before, true).catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
        toast({ text: error.status === 412 ? t('cell.late', { name: title }) : problemText(error), icon: 'alert', kind: 'danger' });
      });
    const action = isUndo ? undefined : { label: t('batch.undo'), run: back };
    toast({ text: t('cell.kept', { field: label(this.entity, name), name: title }), icon: 'check', kind: 'ok', key: 'cell', action });
  }

  /** Pressing Enter again writes over what somebody else has saved meanwhile, which is told. */
  #refused(error: ApiError, row: Row, name: string): void {
    const wrong = error.problem.fields?.find((one) => one.field === name) ?? error.problem.fields?.[0];
    const now = error.problem.record;
    if (error.status === 412 && now && this.cell) this.cell = { ...this.cell, row: { ...row, ...now } };
    const detail = error.status === 412 ? t('cell.stale') : (wrong?.detail ?? problemText(error));
    const other = wrong && wrong.field !== name && fieldOf(this.entity, wrong.field) ? `${label(this.entity, wrong.field)}: ` : '';
    this.error = { field: name, code: wrong?.code ?? error.code, detail: `${other}${detail}` };
  }

  async #submit(step: -1 | 0 | 1): Promise<void> {
    const { cell } = this;
    if (!cell || !(await this.#keep())) {
      this.querySelector<FieldEdit>('crm-field')?.focus();
      return;
    }
    const cells = this.#cellsOf(cell.at.closest('tr'));
    const next = step ? cells[cells.indexOf(cell.at) + step] : undefined;
    this.#close();
    if (next) await this.#open(next);
    else this.#list?.querySelector<HTMLElement>('.table-wrap')?.focus({ preventScroll: true });
  }

  #close(): void {
    this.cell = null;
    this.querySelector<HTMLElement>(`#${this.#id}`)?.hidePopover();
  }

  #keyed(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === 'Tab') {
      event.preventDefault();
      void this.#submit(event.shiftKey ? -1 : 1);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      this.#isLeft = true;
      this.#close();
      this.#list?.querySelector<HTMLElement>('.table-wrap')?.focus({ preventScroll: true });
    } else if (event.key === 'Enter' && (event.target as Element).matches('select, input[type=checkbox]')) {
      event.preventDefault();
      void this.#submit(0);
    }
  }

  /** A press elsewhere keeps what was typed; what cannot be kept is shown again. */
  async #toggled(event: ToggleEvent): Promise<void> {
    if (event.newState !== 'closed' || !this.cell || this.#isLeft) return;
    if (await this.#keep()) this.cell = null;
    else if (this.cell) await this.#show();
  }

  override render() {
    const { cell, over } = this;
    const box = over?.getBoundingClientRect();
    const name = over?.dataset.field ?? '';
    return html`${
        over && box
          ? html`<button
              class="icon-btn icon-btn-sm cell-pen"
              tabindex="-1"
              aria-label=${t('cell.edit', { field: label(this.entity, name) })}
              title="${t('cell.edit', { field: label(this.entity, name) })} (F2)"
              .style=${`left:${box.right - 30}px;top:${box.top + (box.height - 24) / 2}px`}
              @click=${() => void this.#open(over)}
            >
              ${icon('edit', 'icon-16')}
            </button>`
          : nothing
      }
      <div class="pop cell-edit" id=${this.#id} popover role="dialog" aria-label=${cell ? t('cell.edit', { field: label(this.entity, cell.name) }) : nothing} @toggle=${(e: ToggleEvent) => void this.#toggled(e)}>
        ${cell ? this.#form(cell) : nothing}
      </div>`;
  }

  #form({ name }: Cell) {
    const send = (event: Event) => {
      event.preventDefault();
      void this.#submit(0);
    };
    return html`<form novalidate @submit=${send} @keydown=${(e: KeyboardEvent) => this.#keyed(e)}>
      <crm-field
        .entity=${this.entity}
        .name=${name}
        .field=${this.#fieldOf(name)}
        .value=${this.value}
        .error=${this.error}
        @ui-change=${(e: CustomEvent<{ value: unknown }>) => {
          this.value = e.detail.value;
          this.error = null;
        }}
      ></crm-field>
      <p class="small muted only-desk"><span class="kbd">Enter</span> ${t('save')} · <span class="kbd">Tab</span> ${t('cell.next')} · <span class="kbd">Esc</span> ${t('cancel')}</p>
    </form>`;
  }
}

customElements.define('crm-cell', CellEdit);

declare global {
  interface HTMLElementTagNameMap {
    'crm-cell': CellEdit;
  }
}
