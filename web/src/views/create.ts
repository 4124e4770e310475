// A new record: the fields of the quick form and whatever else is required. What was typed is kept until it is saved
// or given up.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { problemText } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import '../fields/edit.ts';
import { places } from './alike.ts';
import { summaryBar } from './card-fields.ts';
import { sayHidden } from './hidden.ts';
import { picked } from '../fields/picks.ts';
import { numberFaults, toApi } from '../fields/value.ts';
import { isEmpty } from '../fields/view.ts';
import { api, ApiError, writeKey } from '../core/api.ts';
import * as drafts from '../core/drafts.ts';
import { lang, t } from '../core/i18n.ts';
import { bindKeys, ctrl } from '../core/keys.ts';
import { entityOf, fieldOf, isEditable, meta, ownFields, titleOf } from '../core/meta.ts';
import { closeCard, openCard } from '../core/router.ts';
import { Watch } from '../core/store.ts';
import type { FieldError, Row } from '../core/types.ts';

const SHORT = new Set([
  'money',
  'int',
  'decimal',
  'percent',
  'date',
  'datetime',
  'choice',
  'inn',
  'kpp',
  'duration',
]);

class Create extends El {
  static override properties = {
    entity: {},
    search: { attribute: false },
    layer: { type: Boolean },
    errors: { state: true },
    general: { state: true },
    busy: { state: true },
    values: { state: true },
  };
  entity = '';
  search = new URLSearchParams();
  layer = false;
  values: Record<string, unknown> = {};
  errors: FieldError[] = [];
  general: ApiError | null = null;
  busy = false;
  #key = writeKey();
  #started = '';
  #watch = new Watch(this, meta, lang);
  #off: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    this.#off = bindKeys('create', { save: { run: () => void this.#save() } });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#off?.();
  }

  override willUpdate(): void {
    if (this.#started === this.entity) return;
    this.#started = this.entity;
    const draft = drafts.load(this.entity, 'new');
    this.values = { ...draft?.values, ...this.#given() };
    this.#key = draft?.key ?? writeKey();
  }

  override firstUpdated(): void {
    requestAnimationFrame(() => {
      if (this.querySelector('.drawer-body :focus')) return; // somebody types already
      this.querySelector<HTMLElement>(
        '.drawer-body input, .drawer-body textarea, .drawer-body select',
      )?.focus();
    });
  }

  /** Values that the address gives, as "?record=12". */
  #given(): Record<string, unknown> {
    const found = [...this.search].filter(([name]) => fieldOf(this.entity, name));
    return Object.fromEntries(
      found.map(([name, text]) => [
        name,
        /^(ref|user)$/.test(fieldOf(this.entity, name)!.type)
          ? { id: Number(text), label: `№ ${text}` }
          : fieldOf(this.entity, name)!.type === 'tags'
            ? [text]
            : text,
      ]),
    );
  }

  get #names(): string[] {
    const entity = entityOf(this.entity)!;
    const quick = entity.views?.quick ?? ownFields(this.entity);
    const required = Object.entries(entity.fields)
      .filter(([, f]) => f.required && f.type !== 'stage')
      .map(([name]) => name);
    const wrong = this.errors.map((e) => e.field);
    return [...new Set([...quick, ...required, ...this.search.keys(), ...Object.keys(this.values), ...wrong])].filter(
      (name) => isEditable(this.entity, name) && fieldOf(this.entity, name)!.type !== 'stage',
    );
  }

  #set(name: string, value: unknown): void {
    this.values = { ...this.values, [name]: value };
    this.errors = this.errors.filter((e) => e.field !== name);
    this.#key = writeKey();
    const filled = Object.fromEntries(Object.entries(this.values).filter(([, v]) => !isEmpty(v)));
    drafts.keep(this.entity, 'new', { values: filled, base: {}, rev: 0, key: this.#key });
  }

  #pick = (e: CustomEvent<{ name: string; value: unknown }>) => this.#set(e.detail.name, e.detail.value);

  async #save(): Promise<void> {
    if (this.busy || !(await picked()) || this.busy) return;
    const missing = this.#names.filter(
      (name) =>
        fieldOf(this.entity, name)!.required &&
        isEmpty(toApi(fieldOf(this.entity, name)!, this.values[name])),
    );
    const lacks = missing.map((field) => ({ field, code: 'required' }));
    this.errors = [...lacks, ...numberFaults(this.entity, this.values)];
    this.general = null;
    if (!this.errors.length) await this.#send();
    await this.updateComplete;
    this.querySelector<HTMLElement>('.summary')?.focus();
  }

  async #send(): Promise<void> {
    const body: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(this.values)) {
      const field = fieldOf(this.entity, name);
      if (field && !isEmpty(value)) body[name] = toApi(field, value);
    }
    this.busy = true;
    try {
      const row = await api.create(this.entity, body, this.#key);
      drafts.drop(this.entity, 'new');
      this.#created(row);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.errors = error.problem.fields ?? [];
      this.general = this.errors.length ? null : error;
    } finally {
      this.busy = false;
    }
  }

  #created(row: Row): void {
    if (row.hidden) {
      sayHidden('created', this.entity, row, titleOf(this.entity, { ...this.values, id: row.id }));
      closeCard();
      return;
    }
    toast({ text: t('create.done', { name: titleOf(this.entity, row) }), icon: 'check', kind: 'ok' });
    openCard(this.entity, row.id);
  }

  #cancel(): void {
    drafts.drop(this.entity, 'new');
    closeCard();
  }

  override render() {
    const entity = entityOf(this.entity)!;
    const title = t('create.what', { name: t(entity.label.one) });
    if (!entity.can.create)
      return html`<div class="drawer-body"><p class="muted">${t('create.denied')}</p></div>`;
    return html`<form
      class="create"
      data-entity=${this.entity}
      novalidate
      @submit=${(e: Event) => {
        e.preventDefault();
        void this.#save();
      }}
    >
      <header class="head">
        ${this.layer ? html`<h2 class="title">${title}</h2>` : html`<h1 class="title">${title}</h1>`}
        <div class="actions">
          <button type="button" class="icon-btn" aria-label=${t('close')} @click=${() => closeCard()}>
            ${icon('x')}
          </button>
        </div>
      </header>
      <div class="drawer-body">
        ${this.general ? html`<div class="note-bar is-danger-bg" role="alert">${icon('alert', 'icon-16')}<span>${problemText(this.general)}</span></div>` : nothing}
        ${summaryBar(this.entity, this.errors, this)} ${this.#fields()}
        ${places(this.entity).length ? html`<crm-alike .entity=${this.entity} .values=${this.values} @ui-pick=${this.#pick}></crm-alike>` : nothing}
      </div>
      <footer class="drawer-foot">
        <button class="btn btn-primary" data-action="save" ?disabled=${this.busy}>
          ${t('create')}<span class="kbd only-desk">${ctrl()} Enter</span>
        </button>
        <button type="button" class="btn btn-ghost" @click=${() => this.#cancel()}>${t('cancel')}</button>
      </footer>
    </form>`;
  }

  /** Short fields that follow each other share a line. */
  #fields(): TemplateResult[] {
    const names = this.#names;
    const out: TemplateResult[] = [];
    for (let i = 0; i < names.length; i += 1) {
      const pair = [names[i], names[i + 1]].filter(
        (name) => name && SHORT.has(fieldOf(this.entity, name)!.type),
      );
      if (pair.length === 2) {
        out.push(html`<div class="two">${pair.map((name) => this.#field(name))}</div>`);
        i += 1;
      } else out.push(this.#field(names[i]));
    }
    return out;
  }

  #field(name: string): TemplateResult {
    return html`<crm-field
      .entity=${this.entity}
      .name=${name}
      .field=${fieldOf(this.entity, name)!}
      .value=${this.values[name] ?? null}
      .error=${this.errors.find((e) => e.field === name) ?? null}
      @ui-change=${(e: CustomEvent<{ value: unknown }>) => this.#set(name, e.detail.value)}
    ></crm-field>`;
  }
}

customElements.define('crm-create', Create);
