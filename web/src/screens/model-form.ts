// The dialog of one field or one new object: what it is, and, before anything changes, what that means for the data.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { check, dialogBox, field } from '../ui/form.ts';
import { icon } from '../ui/icon.ts';
import { problemText } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { capital, lang, t } from '../core/i18n.ts';
import { beginning, choicesOf, difference, hasKey, linesOf, model, nameOf, numberOf, offered, problemOf, TYPES, typeLabel } from '../core/model.ts';
import type { Declaration, Model, ModelEntity, ModelField, Named, Plan } from '../core/model.ts';
import { fault } from '../core/outward.ts';
import { Watch } from '../core/store.ts';
import { numeric } from '../fields/number.ts';
import type { FieldError } from '../core/types.ts';

const MANY_ROWS = 10_000; // of which it is said that writing will wait, though not how long
const FLAGS = ['required', 'unique', 'index'] as const;
const BY_TYPE = ['search', 'many'] as const; // flags that only some types have
const NUMBERS = ['scale', 'min', 'max'] as const;
const NUMERIC = ['int', 'decimal', 'money', 'percent']; // types whose default is a number

export class ModelForm extends El {
  static override properties = {
    entity: { state: true }, was: { state: true }, isEntity: { state: true }, type: { state: true },
    flags: { state: true }, roles: { state: true }, faults: { state: true }, plan: { state: true }, busy: { state: true },
  };
  all: Model | null = null;
  entity: ModelEntity | null = null;
  was: ModelField | null = null;
  isEntity = false;
  type = 'text';
  flags = new Set<string>();
  roles = new Set<string>();
  faults: FieldError[] = [];
  plan: Plan | null = null; // shown before the change is made
  busy = false;
  #named = false; // the name was typed, so the title no longer makes it
  #wish: Declaration = {};
  #watch = new Watch(this, lang);

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
  }

  openField(all: Model, entity: ModelEntity, was: ModelField | null): void {
    this.#open(all, entity, was);
  }

  openEntity(all: Model): void {
    this.isEntity = true;
    this.#open(all, null, null, true);
  }

  #open(all: Model, entity: ModelEntity | null, was: ModelField | null, isEntity = false): void {
    const d = was?.declaration ?? {};
    Object.assign(this, { all, entity, was, isEntity, type: was?.type ?? 'text', faults: [], plan: null, busy: false });
    this.flags = new Set([...FLAGS, ...BY_TYPE].filter((flag) => d[flag]));
    this.roles = new Set(d.roles ?? []);
    this.#named = !!was;
    void this.updateComplete.then(() => {
      this.querySelector('form')!.reset();
      this.querySelector('dialog')!.showModal();
    });
  }

  #value(id: string): string {
    return this.querySelector<HTMLInputElement>(`#model-${id}`)?.value.trim() ?? '';
  }

  /** The declaration that the form says. */
  #read(): Declaration {
    const d: Declaration = { name: this.#value('name'), title: this.#value('title') };
    if (this.isEntity) {
      const words = this.#value('words').split(',').map((w) => w.trim()).filter(Boolean);
      if (words.length) d.title = words;
      return { ...d, ...beginning(t('model.first'), t('model.owner')), name: d.name ? `own.${d.name}` : '', roles: [...this.roles] };
    }
    d.type = this.type;
    const was = this.was?.declaration ?? {};
    for (const flag of this.#flags) d[flag] = this.flags.has(flag);
    for (const key of NUMBERS) if (this.#has(key)) d[key] = numberOf(this.#value(key), was[key]);
    for (const key of [...BY_TYPE, ...NUMBERS]) if (this.#lost(key)) d[key] = undefined;
    d.options = this.#has('options') ? choicesOf(this.#value('options')) : undefined;
    d.to = this.#has('to') ? was.to || this.#value('to') || undefined : undefined; // a reference keeps its target, so the closed list is not read
    for (const key of ['currency', 'formula']) d[key] = this.#value(key) || undefined;
    d.default = this.#default();
    d.roles = [...this.roles];
    return d;
  }

  /** By the field's type; what stands there already stays as it was written. */
  #default(): Declaration['default'] {
    const text = this.#value('default');
    const was = this.was?.declaration?.default;
    if (!text) return undefined;
    if (was !== undefined && String(was) === text && this.type === this.was?.type) return was;
    if (this.type === 'bool') return text === 'true';
    return (NUMERIC.includes(this.type) ? numeric(this.type, text) : text) ?? text;
  }

  /** A number that is none is told of at its field, before anything is sent. */
  #isNumberWrong(): boolean {
    const text = this.#value('default');
    if (!text || this.isEntity || !NUMERIC.includes(this.type) || numeric(this.type, text) !== null) return false;
    const detail = t(this.type === 'int' ? 'model.default.whole' : 'model.default.number');
    this.faults = [{ field: 'default', code: 'bad_default', detail }];
    this.querySelector<HTMLElement>('#model-default')?.focus();
    return true;
  }

  #has(key: string): boolean {
    return hasKey(this.type, key);
  }

  /** What the type it had could hold and this one cannot; what no form shows stays as it is. */
  #lost(key: string): boolean {
    return !this.#has(key) && !!this.was && hasKey(this.was.type, key);
  }

  get #isComputed(): boolean {
    return this.type === 'computed';
  }

  get #flags(): string[] {
    return [...(this.#isComputed ? ['index'] : FLAGS), ...BY_TYPE.filter((flag) => this.#has(flag))];
  }

  #clean(d: Declaration): Declaration {
    return Object.fromEntries(Object.entries(d).filter(([key, v]) => v !== undefined && v !== null && (v !== false || key === 'default')));
  }

  async #submit(): Promise<void> {
    if (this.busy || this.#isNumberWrong()) return;
    const wish = this.#read();
    this.#wish = this.was ? difference({ ...this.was.declaration, name: this.was.name }, wish) : this.#clean(wish);
    if (this.was && !Object.keys(this.#wish).length) return this.#close();
    await this.#try(async () => {
      if (this.isEntity || this.plan) return this.#save();
      const plan = this.was
        ? await model.plan(this.entity!.name, this.was.name, this.#wish)
        : await model.planNew(this.entity!.name, this.#wish);
      const isQuick = plan.seconds === null ? plan.rows < MANY_ROWS : plan.seconds < 1;
      const isPlain = plan.ok && !plan.converts && !plan.text && !plan.unseen && isQuick;
      if (isPlain) return this.#save();
      this.plan = plan;
      void this.updateComplete.then(() => this.querySelector<HTMLElement>('.model-plan')?.focus());
    });
  }

  async #try(act: () => Promise<void>): Promise<void> {
    this.faults = [];
    this.busy = true;
    try {
      await act();
    } catch (error) {
      const problem = problemOf(error);
      this.plan = null;
      this.faults = problem.problem.fields ?? [];
      if (!this.faults.length) toast({ text: problemText(problem), kind: 'danger', icon: 'alert' });
    } finally {
      this.busy = false;
    }
  }

  async #save(): Promise<void> {
    if (this.isEntity) {
      const made = await model.addEntity(this.#wish);
      this.#close();
      this.dispatchEvent(new CustomEvent('made', { detail: made }));
      return;
    }
    const entity = this.entity!.name;
    const now = this.was ? await model.change(entity, this.was.name, this.#wish) : await model.addField(entity, this.#wish);
    const detail = { entity, was: this.was, wish: this.#wish, now };
    this.#close();
    this.dispatchEvent(new CustomEvent('saved', { detail }));
  }

  #close(): void {
    this.querySelector('dialog')!.close();
  }

  override render() {
    const title = this.isEntity ? 'model.new.entity' : this.was ? 'model.edit' : 'model.new.field';
    const { plan } = this;
    return dialogBox(
      'model-dialog',
      t(title),
      () => (this.plan = null),
      html`<div class=${plan ? 'is-hidden' : 'stack-12'}>${this.isEntity ? this.#entityForm() : this.#fieldForm()}</div>${plan ? this.#planned(plan) : nothing}`,
      html`${plan ? html`<button class="btn" type="button" data-action="back" @click=${() => (this.plan = null)}>${t('model.back')}</button>` : nothing}
        <button class="btn btn-primary push" data-action="save" ?disabled=${this.busy || (plan ? !plan.ok : false)}>${t(plan ? 'model.apply' : 'save')}</button>`,
      () => void this.#submit(),
    );
  }

  /* ---- what would follow ---- */

  #link(id: number): TemplateResult {
    return html`<a class="link" href="/e/${this.entity!.name}/${id}">#${id}</a>`;
  }

  /** Why it cannot be, and the first records it is about. */
  #refused(key: string, n: number, records: TemplateResult[]): TemplateResult {
    return html`<p class="strong" role="alert">${icon('alert')} ${t(key, { n })}</p>
      <ul class="batch-rows">${records.map((record) => html`<li>${record}</li>`)}</ul>`;
  }

  #planned(plan: Plan): TemplateResult {
    const lines = [t('model.plan.rows', { n: plan.rows })];
    if (plan.converts && plan.ok) lines.push(t('model.plan.converts'));
    if (plan.text && plan.ok) lines.push(t('model.plan.text'));
    if (plan.seconds === null) lines.push(t('model.plan.waits'));
    if (plan.seconds) lines.push(t('model.plan.seconds', { n: plan.seconds }));
    if (plan.unseen) lines.push(t('model.plan.unseen'));
    return html`<div class="model-plan stack-12" tabindex="-1" data-ok=${plan.ok}>
      ${plan.misfits ? this.#refused('model.plan.misfits', plan.misfits, plan.first.map((row) => html`${this.#link(row.id)} <span class="mono">${row.value}</span>`)) : nothing}
      ${plan.duplicates ? this.#refused('model.plan.duplicates', plan.duplicates, plan.twins.map((ids) => html`${ids.map((id) => html`${this.#link(id)} `)}`)) : nothing}
      <ul class="model-lines">${lines.map((line) => html`<li>${line}</li>`)}</ul>
    </div>`;
  }

  /* ---- the form ---- */

  #wrong(name: string): string {
    return fault(this.faults, name);
  }

  #typed(): void {
    if (this.#named) return;
    this.querySelector<HTMLInputElement>('#model-name')!.value = nameOf(this.#value('title'));
  }

  #names(): TemplateResult {
    const own = this.was?.name ?? '';
    const title = this.was?.declaration?.title ?? '';
    return html`${field('model-title', t('model.title'), html`<input class="input" id="model-title" maxlength="200" autocomplete="off" value=${Array.isArray(title) ? (title[0] ?? '') : title} @input=${() => this.#typed()} />`, this.#wrong('title'))}
    ${field(
      'model-name',
      t('model.name'),
      html`<input class="input mono" id="model-name" maxlength="60" autocomplete="off" spellcheck="false" value=${own} @input=${() => (this.#named = true)} />`,
      this.#wrong('name'),
      t(this.was ? 'model.name.was' : 'model.name.help'),
    )}`;
  }

  #rolesField(): TemplateResult {
    const roles = (this.all?.roles ?? []).filter((r) => !r.name.includes(':') && r.name !== 'admin');
    return html`<fieldset class="field model-roles">
      <legend class="label">${t('model.roles')}</legend>
      <div class="export-fields">${roles.map((r) => check(`model-role-${r.name}`, capital(r.title), this.roles.has(r.name), (on) => (this.roles = toggled(this.roles, r.name, on))))}</div>
      ${this.#wrong('roles') ? html`<span class="help" role="alert">${this.#wrong('roles')}</span>` : html`<span class="help">${t('model.roles.help')}</span>`}
    </fieldset>`;
  }

  #entityForm(): TemplateResult {
    return html`${this.#names()}
    ${field('model-words', t('model.words'), html`<input class="input" id="model-words" maxlength="200" autocomplete="off" placeholder=${t('model.words.hint')} />`, '', t('model.words.help'))}
    ${this.#rolesField()}`;
  }

  /** One key of the declaration as a line of text. */
  #line(key: string, help: string, label = key): TemplateResult {
    const value = String(this.was?.declaration?.[key] ?? '');
    return field(`model-${key}`, t(`model.${label}`), html`<input class="input" id="model-${key}" autocomplete="off" value=${value} />`, this.#wrong(key), help);
  }

  #choose(key: string, among: Named[], isFixed: boolean, mayBeNone = false): TemplateResult {
    const chosen = this.was?.declaration?.[key];
    return field(
      `model-${key}`,
      t(`model.${key}`),
      html`<select class="input" id="model-${key}" ?disabled=${isFixed}>
        ${mayBeNone ? html`<option value=""></option>` : nothing}
        ${among.map((one) => html`<option value=${one.name} ?selected=${one.name === chosen}>${one.label ? capital(t(one.label)) : one.name}</option>`)}
      </select>`,
      this.#wrong(key),
    );
  }

  /** The default of a field that says yes or no; one that was written in other words stays among them. */
  #yesOrNo(): TemplateResult {
    const was = String(this.was?.declaration?.default ?? '');
    const values = [...new Set(['', 'true', 'false', was])];
    const said = (value: string) => (value === 'true' || value === 'false' ? t(value === 'true' ? 'yes' : 'no') : value);
    return field(
      'model-default',
      t('model.default'),
      html`<select class="input" id="model-default">
        ${values.map((value) => html`<option value=${value} ?selected=${value === was}>${said(value)}</option>`)}
      </select>`,
      this.#wrong('default'),
      t('model.default.help'),
    );
  }

  #fieldForm(): TemplateResult {
    const d = this.was?.declaration ?? {};
    const types = this.was ? TYPES.filter((type) => type === this.was!.type || this.was!.retypes?.includes(type)) : TYPES;
    return html`${this.#names()}
    ${field(
      'model-type',
      t('model.type'),
      html`<select class="input" id="model-type" @change=${(e: Event) => (this.type = (e.target as HTMLSelectElement).value)}>
        ${types.map((type) => html`<option value=${type} ?selected=${type === this.type}>${typeLabel(type)}</option>`)}
      </select>`,
      this.#wrong('type'),
    )}
    ${this.#has('options') ? field('model-options', t('model.options'), html`<textarea class="input" id="model-options" rows="4" spellcheck="false">${linesOf(d.options)}</textarea>`, this.#wrong('options'), t('model.options.help')) : nothing}
    ${this.#has('to') ? this.#choose('to', offered(this.all?.entities ?? [], (e) => e.state === 'active', d.to), !!d.to) : nothing}
    ${this.#has('formula') ? this.#line('formula', t('model.formula.help')) : nothing}
    ${this.#has('max') ? html`<div class="export-fields">${NUMBERS.filter((key) => this.#has(key)).map((key) => this.#line(key, '', this.#has('min') ? key : 'length'))}</div>` : nothing}
    ${this.#has('currency') ? this.#choose('currency', offered(this.entity?.fields ?? [], (f) => f.state === 'active' && f.type === 'choice', d.currency), false, true) : nothing}
    <div class="export-fields">
      ${this.#flags.map((flag) => check(`model-${flag}`, t(`model.${flag}`), this.flags.has(flag), (on) => (this.flags = toggled(this.flags, flag, on))))}
    </div>
    ${this.#wrong('unique') ? html`<p class="help" role="alert">${this.#wrong('unique')}</p>` : nothing}
    ${this.#isComputed ? nothing : this.type === 'bool' ? this.#yesOrNo() : this.#line('default', t('model.default.help'))}
    ${this.#rolesField()}`;
  }
}

function toggled(set: Set<string>, name: string, on: boolean): Set<string> {
  const next = new Set(set);
  if (on) next.add(name);
  else next.delete(name);
  return next;
}

customElements.define('crm-model-form', ModelForm);
