// The editor of a condition: one line for each field that is asked about, all of which must hold. It fires
// `ui-change` with the condition in prefix form, or null for none.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import './edit.ts';
import { toApi } from './value.ts';
import { api } from '../core/api.ts';
import { conditionOfParts, opsOf, optionsOf, partsOf, takesValue, type Part } from '../core/condition.ts';
import { capital, t } from '../core/i18n.ts';
import { fieldOf, ownFields, titleOf } from '../core/meta.ts';
import type { Condition, Field, Ref } from '../core/types.ts';

class ConditionEdit extends El {
  static override properties = {
    entity: {},
    value: { attribute: false },
    error: {},
    parts: { state: true },
    names: { state: true },
  };
  entity = '';
  value: Condition | true | null = null;
  error = '';
  parts: Part[] | null = [];
  names = new Map<string, string>(); // of records that the condition names, by "entity id"
  #sent: unknown = undefined;

  override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has('entity') && (!changed.has('value') || this.value === this.#sent)) return;
    this.parts = partsOf(this.entity, this.value);
    void this.#learn();
  }

  /** References stand in a condition by id. */
  async #learn(): Promise<void> {
    for (const { field: name, value } of this.parts ?? []) {
      const field = fieldOf(this.entity, name)!;
      const to = field.type === 'user' ? 'user' : field.type === 'ref' ? field.to! : '';
      const key = `${to} ${value}`;
      if (!to || !value || this.names.has(key)) continue;
      const row = await api.record(to, Number(value)).catch(() => null);
      this.names = new Map(this.names).set(key, row ? titleOf(to, row) : `№ ${value}`);
    }
  }

  #put(parts: Part[]): void {
    this.parts = parts;
    this.#sent = this.value = conditionOfParts(parts);
    this.dispatchEvent(new CustomEvent('ui-change', { bubbles: true, detail: { value: this.value } }));
  }

  #change(at: number, change: Partial<Part>): void {
    this.#put(this.parts!.map((part, i) => (i === at ? { ...part, ...change } : part)));
  }

  get #askable(): string[] {
    return ownFields(this.entity).filter((name) => opsOf(fieldOf(this.entity, name)!).length);
  }

  override render() {
    return html`<fieldset class="cond" data-field="where">
      <legend class="label">${t('cond')}</legend>
      ${
        this.parts
          ? html`${this.parts.map((part, i) => this.#part(part, i))}
              <button class="btn btn-sm" type="button" data-action="cond-add" @click=${() => this.#put([...this.parts!, { field: '', op: '', value: null }])}>
                ${icon('plus', 'icon-16')}${t('cond.add')}
              </button>`
          : html`<p class="muted" data-complex>${t('cond.complex')}</p>
              <button class="btn btn-sm" type="button" data-action="cond-clear" @click=${() => this.#put([])}>${t('cond.clear')}</button>`
      }
      ${this.error ? html`<span class="help is-danger" role="alert">${icon('alert')}${this.error}</span>` : nothing}
    </fieldset>`;
  }

  #part(part: Part, at: number): TemplateResult {
    const field = fieldOf(this.entity, part.field);
    return html`<div class="cond-part">
      <span class="field"><select
        class="input"
        aria-label=${t('cond.field')}
        data-cond="field"
        .value=${part.field}
        @change=${(e: Event) => this.#field(at, (e.target as HTMLSelectElement).value)}
      >
        <option value="">${t('choice.none')}</option>
        ${this.#askable.map((name) => html`<option value=${name} ?selected=${name === part.field}>${capital(t(fieldOf(this.entity, name)!.label))}</option>`)}
      </select></span>
      ${
        field
          ? html`<span class="field"><select
              class="input"
              aria-label=${t('cond.op')}
              data-cond="op"
              @change=${(e: Event) => this.#change(at, { op: (e.target as HTMLSelectElement).value })}
            >
              ${opsOf(field).map((op) => html`<option value=${op} ?selected=${op === part.op}>${t(`cond.${op}`)}</option>`)}
            </select></span>`
          : html`<span></span>`
      }
      <button class="icon-btn" type="button" aria-label=${t('cond.remove')} @click=${() => this.#put(this.parts!.filter((_, i) => i !== at))}>${icon('x')}</button>
      ${field && takesValue(part.op) ? this.#value(field, part, at) : nothing}
    </div>`;
  }

  #field(at: number, name: string): void {
    const field = fieldOf(this.entity, name);
    const op = field ? opsOf(field)[0] : '';
    this.#change(at, { field: name, op, value: field?.type === 'bool' ? true : op === 'in' ? [] : null });
  }

  /** The field's own control; of choices several may be named. */
  #value(field: Field, part: Part, at: number): TemplateResult {
    const several = part.op === 'in';
    const plain = { ...field, required: false, read_only: false, label: 'cond.value', lookup: false };
    const control: Field = several ? { ...plain, type: 'choices', options: optionsOf(field) } : plain;
    return html`<crm-field
      class="cond-value"
      .entity=${this.entity}
      .name=${part.field}
      .field=${control}
      .value=${this.#shown(field, part.value)}
      @ui-change=${(e: CustomEvent<{ value: unknown }>) => {
        e.stopPropagation();
        this.#take(field, at, e.detail.value, several);
      }}
    ></crm-field>`;
  }

  #take(field: Field, at: number, value: unknown, several: boolean): void {
    const ref = value as Ref | null;
    const to = field.type === 'user' ? 'user' : field.to;
    if ((field.type === 'user' || field.type === 'ref') && ref?.label)
      this.names = new Map(this.names).set(`${to} ${ref.id}`, ref.label);
    this.#change(at, { value: several ? value : toApi(field, value) });
  }

  #shown(field: Field, value: unknown): unknown {
    if (field.type !== 'user' && field.type !== 'ref') return value;
    const to = field.type === 'user' ? 'user' : field.to;
    return value ? { id: Number(value), label: this.names.get(`${to} ${value}`) ?? `№ ${value}` } : null;
  }
}

customElements.define('crm-condition', ConditionEdit);
