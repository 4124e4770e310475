// A field's control with its label, its hint and its error. It is a native control wherever there is one; it fires
// `ui-change` with the new value in the shape of a record.
import { html, nothing, type TemplateResult } from 'lit';
import { El, uid } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { slot } from '../ui/slot.ts';
import './combo.ts';
import './files.ts';
import { expectPick } from './picks.ts';
import { ownField } from '../plugins/part.ts';
import { option } from './view.ts';
import { decimalOf, groupedNumber, isNumberType, numberFault } from './number.ts';
import { currencySign, durationMs, durationText, isMany, jsonText, jsonValue, moment, same, valueNamed, writing } from './value.ts';
import { toast } from '../ui/toast.ts';
import * as fmt from '../core/fmt.ts';
import { has, t } from '../core/i18n.ts';
import type { Attachment, Field, FieldError, Ref } from '../core/types.ts';

const tags = slot('crm-tags', () => import('./tags.ts'));

const MODES: Record<string, string> = {
  phone: 'tel',
  email: 'email',
  url: 'url',
  int: 'numeric',
  money: 'decimal',
  decimal: 'decimal',
  percent: 'decimal',
  inn: 'numeric',
  ogrn: 'numeric',
  bik: 'numeric',
  account: 'numeric',
};
const TYPES: Record<string, string> = { phone: 'tel', url: 'url', date: 'date', datetime: 'datetime-local' };

/** The server's words for a wrong field, else our own for its code. */
export function errorText(error: FieldError): string {
  if (error.detail) return error.detail;
  return has(`error.${error.code}`) ? t(`error.${error.code}`, error.params ?? {}) : t('error.invalid');
}

export class FieldEdit extends El {
  static override properties = {
    entity: {},
    name: {},
    field: { attribute: false },
    value: { attribute: false },
    error: { attribute: false },
    note: { attribute: false },
    isOpen: { state: true },
  };
  entity = '';
  name = '';
  field: Field = { type: 'text', label: '' };
  value: unknown = null;
  error: FieldError | null = null;
  note: string | null = null;
  isOpen = false; // the parts of an address
  #id = uid('f');
  #typed = new Map<string, string>(); // what stands in an input while it is being typed, unformatted
  #sent: unknown = undefined;

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('value') && !same(this.value, this.#sent)) this.#typed.clear();
  }

  override focus(): void {
    this.querySelector<HTMLElement>('input, select, textarea, button')?.focus();
  }

  #change(value: unknown): void {
    this.value = value;
    this.#sent = value;
    this.dispatchEvent(new CustomEvent('ui-change', { bubbles: true, detail: { name: this.name, value } }));
  }

  /** Native date controls follow the browser's language, so the value is also written out. */
  get #said(): string | null {
    if (this.field.type === 'json' && typeof this.value === 'string') return t('json.text');
    if (this.note || typeof this.value !== 'string') return this.note;
    if (this.field.type === 'datetime' && /T.*Z$/.test(this.value)) return fmt.fullMoment(this.value);
    return this.field.type === 'date' && /^\d{4}-\d\d-\d\d$/.test(this.value)
      ? fmt.date(this.value, Date.now(), true)
      : null;
  }

  /** A number that is none is told of once it is no longer being typed, in the place of what the server says of it. */
  get #wrong(): FieldError | null {
    if (this.#typed.has(this.#id) && !this.error) return null;
    return numberFault(this.name, this.field, this.value, writing()) ?? this.error;
  }

  override render() {
    const note = this.#said;
    const wrong = this.#wrong;
    const text = wrong && errorText(wrong);
    const own = this.#own();
    const group = own || ['choices', 'file'].includes(this.field.type) || this.field.many;
    const name = html`${t(this.field.label)}${this.#unit()}${this.field.required ? html`<span class="needed" aria-hidden="true">*</span>` : nothing}`;
    return html`<div
      class="field ${text ? 'is-invalid' : ''} ${this.field.type === 'bool' ? 'is-bool' : ''}"
      data-field=${this.name}
      role=${group ? 'group' : nothing}
      aria-labelledby=${group ? `${this.#id}-l` : nothing}
    >
      ${group ? html`<span class="label" id="${this.#id}-l">${name}</span>` : html`<label for=${this.#id} id="${this.#id}-l">${name}</label>`}
      ${own ?? this.#control()}
      ${
        text
          ? html`<span class="help" id="${this.#id}-e">${icon('alert', 'icon-16')}<span>${text}</span></span>`
          : note
            ? html`<span class="help is-note" id="${this.#id}-e">${note}</span>`
            : nothing
      }
    </div>`;
  }

  /** A module's element in place of the control, which stands there until it has come and when it fails. */
  #own(): TemplateResult | null {
    const { entity, name, value } = this;
    const given = () => ({ place: 'field.edit', value, label: t(this.field.label) });
    const element = ownField('edit', entity, name, given, () => this.#control());
    const said = (event: CustomEvent<{ value: unknown }>) => {
      event.stopPropagation();
      this.#change(event.detail.value);
    };
    return element && html`<div @ui-change=${said}>${element}</div>`;
  }

  #unit(): string {
    if (this.field.type === 'percent') return ', %';
    return this.field.type === 'money' ? `, ${currencySign()}` : '';
  }

  #control(): TemplateResult {
    const { field } = this;
    if (field.many && isMany(field)) return this.#many();
    switch (field.type) {
      case 'multiline':
        return html`<textarea
          class="input"
          id=${this.#id}
          rows="4"
          .value=${String(this.value ?? '')}
          aria-invalid=${this.#invalid()}
          aria-describedby=${this.#hint()}
          @input=${(e: Event) => this.#change((e.target as HTMLTextAreaElement).value)}
        ></textarea>`;
      case 'bool':
        return html`<input
          class="box"
          type="checkbox"
          id=${this.#id}
          .checked=${!!this.value}
          @change=${(e: Event) => this.#change((e.target as HTMLInputElement).checked)}
        />`;
      case 'choice':
      case 'stage':
        return this.#select();
      case 'choices':
        return this.#checks();
      case 'user':
      case 'ref':
        return this.#combo();
      case 'refs':
        return this.#refs();
      case 'tags':
        return this.#tags();
      case 'file':
      case 'files':
        return this.#files();
      case 'json':
        return this.#json();
      case 'address':
        return this.#address();
      default:
        return this.#input(this.value, this.#id, (text) => this.#change(this.#read(text)));
    }
  }

  #invalid() {
    return this.#wrong ? 'true' : nothing;
  }
  #hint() {
    return this.#wrong || this.#said ? `${this.#id}-e` : nothing;
  }

  #shown(value: unknown): string {
    if (value === null || value === undefined) return '';
    if (typeof value === 'object') return Object.values(value).filter(Boolean).join(', ');
    const text = String(value);
    if (this.field.type === 'datetime')
      return /T.*Z|[+-]\d\d:\d\d$/.test(text) ? fmt.toLocalInput(text) : text;
    if (this.field.type === 'duration') return typeof value === 'number' ? durationText(value) : text;
    if (this.field.type === 'phone') return fmt.phone(text);
    const named = this.field.type === 'text' && option(this.field, value);
    if (named) return t(named.l);
    return isNumberType(this.field.type) ? this.#grouped(text) : text;
  }

  #grouped(text: string): string {
    const decimal = decimalOf(text, writing());
    return decimal === null ? text : groupedNumber(this.field.type, decimal, writing().isEnglish);
  }

  #read(text: string): unknown {
    if (text === '') return null;
    if (this.field.type === 'datetime') return moment(text);
    if (this.field.type === 'duration') return durationMs(text, t('unit.letters')) ?? text;
    if (isNumberType(this.field.type)) return decimalOf(text, writing()) ?? text;
    return this.field.type === 'text' ? valueNamed(this.field, text) : text;
  }

  /** A number stands grouped once it is typed. */
  #left(id: string): void {
    if (isNumberType(this.field.type) && this.#typed.delete(id)) this.requestUpdate();
  }

  #input(
    value: unknown,
    id: string,
    put: (text: string) => void,
    aria: string | typeof nothing = nothing,
  ): TemplateResult {
    const { type, min, max, required, options } = this.field;
    const typed = (event: Event) => {
      const text = (event.target as HTMLInputElement).value;
      this.#typed.set(id, text);
      put(text);
      this.requestUpdate(); // also when the value stays: what stands in the input is to be known
    };
    return html`<input
      class="input"
      id=${id}
      type=${TYPES[type] ?? 'text'}
      inputmode=${MODES[type] ?? nothing}
      .value=${this.#typed.get(id) ?? this.#shown(value)}
      maxlength=${type === 'text' && typeof max === 'number' && max ? max : nothing}
      min=${type === 'date' && min ? min : nothing}
      max=${type === 'date' && max ? max : nothing}
      placeholder=${type === 'duration' ? t('duration.hint') : nothing}
      aria-required=${required ? 'true' : nothing}
      aria-invalid=${this.#invalid()}
      aria-describedby=${this.#hint()}
      aria-label=${aria}
      list=${options ? `${id}-names` : nothing}
      autocomplete="off"
      enterkeyhint="done"
      @input=${typed}
      @blur=${() => this.#left(id)}
    />${options ? html`<datalist id="${id}-names">${options.map((o) => html`<option value=${t(o.l)}></option>`)}</datalist>` : nothing}`;
  }

  #tags(): TemplateResult {
    const draw = () => html`<crm-tags
      .inputId=${this.#id}
      .entity=${this.entity}
      .name=${this.name}
      .value=${(this.value as string[] | null) ?? []}
      .invalid=${!!this.error}
      .describedBy=${this.error ? `${this.#id}-e` : ''}
      .labelText=${t(this.field.label)}
      @ui-tags=${(e: CustomEvent<string[]>) => {
        e.stopPropagation();
        this.#change(e.detail);
      }}
    ></crm-tags>`;
    return tags(this, draw);
  }

  #files(): TemplateResult {
    const many = this.field.type === 'files';
    const held = Array.isArray(this.value) ? this.value : this.value ? [this.value] : [];
    return html`<crm-files
      .inputId=${this.#id}
      .many=${many}
      .value=${held as Attachment[]}
      .invalid=${!!this.error}
      .describedBy=${this.error ? `${this.#id}-e` : ''}
      @ui-files=${(e: CustomEvent<Attachment[]>) => {
        e.stopPropagation();
        this.#change(many ? e.detail : (e.detail[0] ?? null));
      }}
    ></crm-files>`;
  }

  #json(): TemplateResult {
    return html`<textarea
      class="input is-code"
      id=${this.#id}
      rows="4"
      spellcheck="false"
      .value=${this.#typed.get(this.#id) ?? jsonText(this.value)}
      aria-invalid=${this.#invalid()}
      aria-describedby=${this.#hint()}
      @input=${(e: Event) => {
        const text = (e.target as HTMLTextAreaElement).value;
        this.#typed.set(this.#id, text);
        this.#change(jsonValue(text));
      }}
    ></textarea>`;
  }

  /** One line; its parts, which are a file of their own, when they are wanted. */
  #address(): TemplateResult {
    const put = (text: string) => this.#change(this.#read(text));
    const parts = `${this.#id}-parts`;
    return html`<span class="address-line">
        ${this.#input(this.value, this.#id, put)}
        <button
          type="button"
          class="btn btn-sm btn-ghost"
          data-action="parts"
          aria-expanded=${this.isOpen ? 'true' : 'false'}
          aria-controls=${parts}
          aria-label=${t('address.of', { name: t(this.field.label) })}
          @click=${() => void this.#toggleParts()}
        >
          ${t('address.parts')}${icon(this.isOpen ? 'up' : 'down', 'icon-16')}
        </button>
      </span>
      <div id=${parts} ?hidden=${!this.isOpen}>
        ${
          this.isOpen
            ? html`<crm-address-parts
                .inputId=${parts}
                .label=${t(this.field.label)}
                .line=${this.#typed.get(this.#id) ?? this.#shown(this.value)}
                @ui-parts=${(e: CustomEvent<Promise<unknown>>) => expectPick(this.#takeParts(e.detail))}
              ></crm-address-parts>`
            : nothing
        }
      </div>`;
  }

  async #toggleParts(): Promise<void> {
    if (this.isOpen) {
      this.isOpen = false;
      return;
    }
    this.isOpen = await import('../address/parts.ts').then(
      () => true,
      () => false,
    );
    if (!this.isOpen) toast({ text: t('offline.title'), icon: 'alert', kind: 'danger' });
  }

  async #takeParts(line: Promise<unknown>): Promise<boolean> {
    const value = (await line) || null;
    this.#typed.delete(this.#id);
    this.#change(value);
    return true;
  }

  #select(): TemplateResult {
    const options = this.field.options ?? [];
    return html`<select
      class="input"
      id=${this.#id}
      aria-invalid=${this.#invalid()}
      aria-describedby=${this.#hint()}
      @change=${(e: Event) => this.#change((e.target as HTMLSelectElement).value || null)}
    >
      <option value="" ?selected=${!this.value}>${t('choice.none')}</option>
      ${options.map((o) => html`<option value=${o.v} ?selected=${o.v === this.value}>${t(o.l)}</option>`)}
    </select>`;
  }

  #checks(): TemplateResult {
    const chosen = (this.value as string[] | null) ?? [];
    return html`<span class="checks"
      >${(this.field.options ?? []).map(
        (o) =>
          html`<label class="inline">
            <input
              class="box"
              type="checkbox"
              .checked=${chosen.includes(o.v)}
              @change=${(e: Event) => this.#change((e.target as HTMLInputElement).checked ? [...chosen, o.v] : chosen.filter((v) => v !== o.v))}
            />${t(o.l)}</label
          >`,
      )}</span
    >`;
  }

  /** Whose condition limits what may be chosen. */
  get #lookup(): string {
    return this.field.lookup ? `${this.entity}.${this.name}` : '';
  }

  #combo(): TemplateResult {
    return html`<crm-combo
      .inputId=${this.#id}
      .entity=${this.field.to ?? 'user'}
      .lookup=${this.#lookup}
      .value=${this.value as Ref | null}
      .invalid=${!!this.error}
      .describedBy=${this.error || this.note ? `${this.#id}-e` : ''}
      @ui-pick=${(e: CustomEvent<Ref | null>) => {
        e.stopPropagation();
        this.#change(e.detail);
      }}
    ></crm-combo>`;
  }

  #refs(): TemplateResult {
    const refs = (this.value as Ref[] | null) ?? [];
    return html`<span class="values"
        >${refs.map(
          (ref) =>
            html`<span class="chip"
              >${ref.label ?? ref.id}
              <button
                type="button"
                class="icon-btn"
                aria-label=${t('remove.what', { name: ref.label ?? ref.id })}
                @click=${() => this.#change(refs.filter((r) => r.id !== ref.id))}
              >
                ${icon('x')}
              </button></span
            >`,
        )}</span
      >
      <crm-combo
        .inputId=${this.#id}
        .entity=${this.field.to ?? 'user'}
        .lookup=${this.#lookup}
        .value=${null}
        @ui-pick=${(e: CustomEvent<Ref | null>) => {
          e.stopPropagation();
          if (e.detail && !refs.some((r) => r.id === e.detail!.id)) this.#change([...refs, e.detail]);
        }}
      ></crm-combo>`;
  }

  #many(): TemplateResult {
    const all = Array.isArray(this.value) && this.value.length ? (this.value as unknown[]) : [''];
    const several = all.length > 1;
    const put = (at: number, text: string) => this.#change(all.map((v, i) => (i === at ? text : v)));
    const less = (at: number) => {
      this.#typed.clear();
      this.#change(all.filter((_, i) => i !== at));
    };
    const name = t(this.field.label);
    return html`<span class="stack-8"
      >${all.map(
        (one, at) =>
          html`<span class="many">
            ${this.#input(one, `${this.#id}-${at}`, (text) => put(at, text), several ? `${name} ${at + 1}` : name)}
            ${several ? html`<button type="button" class="icon-btn" aria-label=${t('remove')} @click=${() => less(at)}>${icon('x', 'icon-16')}</button>` : nothing}
          </span>`,
      )}
      ${all.at(-1) !== '' ? html`<button type="button" class="btn btn-sm btn-ghost add-more" @click=${() => this.#change([...all, ''])}>${icon('plus', 'icon-16')}${t('add.more')}</button>` : nothing}</span
    >`;
  }
}

customElements.define('crm-field', FieldEdit);
