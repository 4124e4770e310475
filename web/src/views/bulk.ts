// The bar over a list while rows are chosen: change one field of all of them, delete, restore. What is asked goes to
// the server as one batch; the messages with its progress and «Отменить» are core/batch.ts.
import { html, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { problemText } from '../ui/parts.ts';
import { toggleAt } from '../ui/pop.ts';
import { toast } from '../ui/toast.ts';
import '../fields/edit.ts';
import { openMerge } from './merge-open.ts';
import { picked } from '../fields/picks.ts';
import { numberFaults, toApi } from '../fields/value.ts';
import { ApiError } from '../core/api.ts';
import { bulk } from '../core/batch.ts';
import { number } from '../core/fmt.ts';
import { capital, t } from '../core/i18n.ts';
import { entityOf, fieldOf, isEditable, ownFields, stagesOf } from '../core/meta.ts';
import type { Condition, Field, FieldError } from '../core/types.ts';
import { label } from '../fields/view.ts';

/** What the list hands over: chosen ids, or the condition of the whole list. */
export interface Chosen {
  ids: number[];
  all: { where: Condition | true; q: string; total: number; approx: boolean } | null;
}

const MERGED = 3; // records that the window of a merge compares

class BulkBar extends El {
  static override properties = {
    entity: {},
    chosen: { attribute: false },
    offer: { attribute: false },
    bin: { type: Boolean },
    field: { state: true },
    value: { state: true },
    errors: { state: true },
    busy: { state: true },
  };
  entity = '';
  chosen: Chosen = { ids: [], all: null };
  /** How many the whole list holds, when that is more than what is chosen. */
  offer: { total: number; approx: boolean } | null = null;
  bin = false;
  field = '';
  value: unknown = null;
  errors: FieldError[] = [];
  busy = false;

  get #count(): string {
    const { ids, all } = this.chosen;
    if (!all) return t('bulk.chosen', { n: ids.length });
    return all.approx ? t('bulk.chosen.many', { n: number(all.total) }) : t('bulk.chosen', { n: all.total });
  }

  async #run(change: object): Promise<boolean> {
    const { ids, all } = this.chosen;
    const rows = all ? { where: all.where, ...(all.q ? { q: all.q } : {}), expect: all.total } : { ids };
    this.busy = true;
    this.errors = [];
    try {
      await bulk(this.entity, { ...rows, ...change });
      this.#tell('ui-done');
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.errors = error.problem.fields ?? [];
      if (!this.errors.some((e) => e.field === this.field))
        toast({ text: problemText(error), icon: 'alert', kind: 'danger' });
      return false;
    } finally {
      this.busy = false;
    }
  }

  get #mayMerge(): boolean {
    const n = this.chosen.all ? 0 : this.chosen.ids.length;
    return !this.bin && n > 1 && n <= MERGED && !!entityOf(this.entity)!.can.merge;
  }

  async #merge(): Promise<void> {
    if ((await openMerge(this.entity, this.chosen.ids)) !== null) this.#tell('ui-done');
  }

  /** Who is handed the records over to stands in the first field of a user. */
  get #owner(): string | null {
    if (this.bin || !entityOf(this.entity)!.can.update) return null;
    return ownFields(this.entity).find((name) => fieldOf(this.entity, name)!.type === 'user' && isEditable(this.entity, name)) ?? null;
  }

  #edit(event: Event, field: string): void {
    if (field !== this.field) Object.assign(this, { field, value: null, errors: [] });
    this.performUpdate(); // what is opened has to be there to get the focus
    toggleAt(event, 'bulk-edit');
  }

  /** A stage is chosen among those of its pipeline. */
  #fieldOf(name: string): Field {
    const field = { ...fieldOf(this.entity, name)!, required: false };
    return field.type === 'stage' ? { ...field, options: stagesOf(this.entity) } : field;
  }

  #tell(name: 'ui-done' | 'ui-all' | 'ui-none'): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true }));
  }

  async #set(event: Event): Promise<void> {
    event.preventDefault();
    if (this.busy || !(await picked())) return;
    this.errors = numberFaults(this.entity, { [this.field]: this.value });
    if (this.errors.length) return;
    const value = toApi(fieldOf(this.entity, this.field)!, this.value);
    if (!(await this.#run({ set: { [this.field]: value } }))) return;
    this.querySelector<HTMLElement>('#bulk-edit')?.hidePopover();
    this.field = '';
  }

  override render() {
    const entity = entityOf(this.entity)!;
    return html`<div class="bulk-bar" role="toolbar" aria-label=${t('bulk.bar')}>
      <span class="strong num" role="status">${this.#count}</span>
      ${this.offer && !this.chosen.all ? html`<button class="btn btn-sm btn-ghost" data-action="all" @click=${() => this.#tell('ui-all')}>${t('bulk.all', { n: number(this.offer.total) + (this.offer.approx ? '+' : '') })}</button>` : nothing}
      <span class="bulk-do">
        ${!this.bin && entity.can.update ? html`<button class="btn btn-sm" data-action="bulk-edit" aria-haspopup="true" ?disabled=${this.busy} @click=${(e: Event) => this.#edit(e, this.field)}>${icon('edit', 'icon-16')}${t('bulk.edit')}</button>` : nothing}
        ${this.#owner ? html`<button class="btn btn-sm" data-action="bulk-owner" aria-haspopup="true" ?disabled=${this.busy} @click=${(e: Event) => this.#edit(e, this.#owner!)}>${icon('user', 'icon-16')}${label(this.entity, this.#owner)}</button>` : nothing}
        ${!this.bin && entity.can.delete ? html`<button class="btn btn-sm" data-action="bulk-delete" ?disabled=${this.busy} @click=${() => void this.#run({ delete: true })}>${icon('trash', 'icon-16')}${t('bulk.delete')}</button>` : nothing}
        ${this.#mayMerge ? html`<button class="btn btn-sm" data-action="bulk-merge" ?disabled=${this.busy} @click=${() => void this.#merge()}>${icon('merge', 'icon-16')}${t('bulk.merge')}</button>` : nothing}
        ${this.bin ? html`<button class="btn btn-sm" data-action="bulk-restore" ?disabled=${this.busy} @click=${() => void this.#run({ restore: true })}>${icon('history', 'icon-16')}${t('bin.restore')}</button>` : nothing}
      </span>
      <button class="btn btn-sm btn-ghost push" data-action="bulk-none" @click=${() => this.#tell('ui-none')}>
        ${t('bulk.none')}<span class="kbd only-desk">Esc</span>
      </button>
      ${this.#editor()}
    </div>`;
  }

  #editor() {
    const names = ownFields(this.entity).filter((name) => isEditable(this.entity, name) || fieldOf(this.entity, name)!.type === 'stage');
    return html`<div class="pop bulk-edit" id="bulk-edit" popover role="dialog" aria-label=${t('bulk.edit')}>
      <form class="stack-12" novalidate @submit=${(e: Event) => void this.#set(e)}>
        <label class="field"
          ><span class="label">${t('bulk.field')}</span>
          <select
            class="input"
            data-first
            .value=${this.field}
            @change=${(e: Event) => {
              this.field = (e.target as HTMLSelectElement).value;
              this.value = null;
              this.errors = [];
            }}
          >
            <option value="">${t('choice.none')}</option>
            ${names.map((name) => html`<option value=${name}>${capital(t(fieldOf(this.entity, name)!.label))}</option>`)}
          </select></label
        >
        ${
          this.field
            ? html`<crm-field
                .entity=${this.entity}
                .name=${this.field}
                .field=${this.#fieldOf(this.field)}
                .value=${this.value}
                .error=${this.errors.find((e) => e.field === this.field) ?? null}
                .note=${(this.value === null || this.value === '') && fieldOf(this.entity, this.field)!.type !== 'stage' ? t('bulk.empty') : null}
                @ui-change=${(e: CustomEvent<{ value: unknown }>) => {
                  this.value = e.detail.value;
                  this.errors = [];
                }}
              ></crm-field>`
            : nothing
        }
        <button class="btn btn-primary btn-wide" data-action="bulk-apply" ?disabled=${!this.field || this.busy}>
          ${t('bulk.apply')}
        </button>
      </form>
    </div>`;
  }
}

customElements.define('crm-bulk', BulkBar);
