// What a webhook is, as people decide it: the form, and what somebody else has changed while it was open.
import { html, nothing, type TemplateResult } from 'lit';
import '../fields/combo.ts';
import '../fields/condition.ts';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { check, field } from '../ui/form.ts';
import { same } from '../fields/value.ts';
import { conditionText } from '../core/condition.ts';
import { capital, t } from '../core/i18n.ts';
import { entityOf, fieldOf, meta, ownFields } from '../core/meta.ts';
import { fault, toldEntities } from '../core/outward.ts';
import type { Condition, FieldError, Ref, Webhook } from '../core/types.ts';

export const OPS = ['created', 'updated', 'deleted'];

export interface Wish {
  name: string;
  url: string;
  user: number;
  owner: Ref | null;
  entity: string;
  on: string[];
  fields: string[];
  where: Condition | true | null;
  each: boolean;
}
const PARTS = ['name', 'url', 'user', 'owner', 'entity', 'on', 'fields', 'where', 'each'] as const;
type Part = (typeof PARTS)[number];

export function wishOf(row: Webhook | null, users: Ref[]): Wish {
  const me = meta.value!.user;
  return {
    name: row?.name ?? '',
    url: row?.url ?? '',
    user: row?.user?.id ?? users[0]?.id ?? 0,
    owner: row ? row.owner : { id: me.id, label: me.name },
    entity: row?.entity ?? toldEntities()[0]?.name ?? '',
    on: row?.on ?? OPS,
    fields: row?.fields ?? [],
    where: row?.where ?? null,
    each: row?.batches === 'each',
  };
}

/** What differs between two of them. */
export const differing = (a: Wish, b: Wish): Part[] => PARTS.filter((part) => !same(a[part], b[part]));

/** The named parts as the API takes them. */
export function bodyOf(wish: Wish, parts: readonly Part[] = PARTS): Record<string, unknown> {
  const all: Record<Part, Record<string, unknown>> = {
    name: { name: wish.name, title: wish.name },
    url: { url: wish.url },
    user: { user: wish.user },
    owner: { owner: wish.owner?.id ?? null },
    entity: { entity: wish.entity },
    on: { on: wish.on },
    fields: { fields: wish.fields },
    where: { where: wish.where },
    each: { batches: wish.each ? 'each' : 'many' },
  };
  return Object.assign({}, ...parts.map((part) => all[part]));
}

/** Puts others' values in the place of one's own, for the named parts. */
export const taking = (wish: Wish, theirs: Wish, parts: Part[]): Wish => ({
  ...wish,
  ...Object.fromEntries(parts.map((part) => [part, theirs[part]])),
});

function said(wish: Wish, part: Part, users: Ref[]): string {
  const labels = (names: string[]) => names.map((name) => t(fieldOf(wish.entity, name)?.label ?? name)).join(', ');
  switch (part) {
    case 'user':
      return users.find((u) => u.id === wish.user)?.label ?? `№ ${wish.user}`;
    case 'owner':
      return wish.owner?.label ?? t('none');
    case 'entity':
      return capital(t(entityOf(wish.entity)?.label.many ?? wish.entity));
    case 'on':
      return wish.on.map((op) => t(`webhook.on.${op}`)).join(', ');
    case 'fields':
      return labels(wish.fields) || t('webhook.fields.any');
    case 'where':
      return conditionText(wish.entity, wish.where);
    case 'each':
      return t(wish.each ? 'yes' : 'no');
    default:
      return wish[part] || t('none');
  }
}

class WebhookForm extends El {
  static override properties = {
    users: { attribute: false },
    faults: { attribute: false },
    wish: { attribute: false },
    base: { attribute: false },
    theirs: { attribute: false },
    open: { state: true },
  };
  users: Ref[] = [];
  faults: FieldError[] = [];
  wish!: Wish;
  base: Wish | null = null; // what it was when it was opened
  theirs: Wish | null = null; // what somebody else has made of it since
  open = false;

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('theirs')) this.open = false;
  }

  #tell(name: string, detail: unknown = null): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }

  #set(change: Partial<Wish>): void {
    this.#tell('ui-wish', { ...this.wish, ...change });
  }

  override render() {
    return html`${this.#conflict()} ${this.#who()} ${this.#what()}`;
  }

  #input(part: 'name' | 'url', type: string, hint: string): TemplateResult {
    const id = `webhook-${part}`;
    return field(
      id,
      t(`webhook.${part}`),
      html`<input
        class="input"
        id=${id}
        type=${type}
        maxlength=${part === 'name' ? 64 : 2000}
        autocomplete="off"
        placeholder=${hint || nothing}
        aria-describedby=${fault(this.faults, part) ? `${id}-help` : nothing}
        .value=${this.wish[part]}
        @input=${(e: Event) => this.#set({ [part]: (e.target as HTMLInputElement).value })}
      />`,
      fault(this.faults, part),
    );
  }

  #who(): TemplateResult {
    const { wish } = this;
    const wrong = (name: string) => fault(this.faults, name);
    return html`${this.#input('name', 'text', '')} ${this.#input('url', 'url', t('webhook.url.hint'))}
    ${field(
      'webhook-user',
      t('webhook.user'),
      html`<select class="input" id="webhook-user" @change=${(e: Event) => this.#set({ user: Number((e.target as HTMLSelectElement).value) })}>
        ${this.users.map((u) => html`<option value=${u.id} ?selected=${u.id === wish.user}>${u.label}</option>`)}
      </select>`,
      wrong('user'),
      t('webhook.user.help'),
    )}
    ${field(
      'webhook-owner',
      t('webhook.owner'),
      html`<crm-combo
        .inputId=${'webhook-owner'}
        .entity=${'user'}
        .lookup=${'user'}
        .value=${wish.owner}
        @ui-pick=${(e: CustomEvent<Ref | null>) => {
          e.stopPropagation();
          this.#set({ owner: e.detail });
        }}
      ></crm-combo>`,
      wrong('owner'),
      t('webhook.owner.help'),
    )}
    ${field(
      'webhook-entity',
      t('webhook.entity'),
      html`<select class="input" id="webhook-entity" @change=${(e: Event) => this.#set({ entity: (e.target as HTMLSelectElement).value, fields: [], where: null })}>
        ${toldEntities().map((e) => html`<option value=${e.name} ?selected=${e.name === wish.entity}>${capital(t(e.label))}</option>`)}
      </select>`,
      wrong('entity'),
    )}`;
  }

  #checks(id: string, names: string[], label: (name: string) => string, chosen: string[], set: (all: string[]) => void) {
    return html`<div class="export-fields">
      ${names.map((name) => check(`${id}-${name}`, label(name), chosen.includes(name), (on) => set(on ? [...chosen, name] : chosen.filter((one) => one !== name))))}
    </div>`;
  }

  #what(): TemplateResult {
    const { wish } = this;
    const wrong = (name: string) => fault(this.faults, name);
    const note = (name: string) => (wrong(name) ? html`<p class="is-danger small" role="alert">${wrong(name)}</p>` : nothing);
    const names = ownFields(wish.entity);
    return html`<fieldset class="stack-12">
        <legend class="label">${t('webhook.on')}</legend>
        ${this.#checks('webhook-on', OPS, (op) => capital(t(`webhook.on.${op}`)), wish.on, (on) => this.#set({ on: OPS.filter((op) => on.includes(op)) }))}
        ${note('on')}
      </fieldset>
      ${
        wish.on.includes('updated')
          ? html`<details class="webhook-fields" ?open=${wish.fields.length > 0 || !!wrong('fields')}>
              <summary>${t('webhook.fields')}: <span class="muted">${said(wish, 'fields', this.users)}</span></summary>
              ${this.#checks('webhook-field', names, (name) => capital(t(fieldOf(wish.entity, name)!.label)), wish.fields, (all) => this.#set({ fields: names.filter((name) => all.includes(name)) }))}
              ${note('fields')}
            </details>`
          : nothing
      }
      <crm-condition
        .entity=${wish.entity}
        .value=${wish.where}
        .error=${wrong('where') || this.#ofCondition()}
        @ui-change=${(e: CustomEvent<{ value: Condition | null }>) => this.#set({ where: e.detail.value })}
      ></crm-condition>
      ${check('webhook-each', t('webhook.each'), wish.each, (each) => this.#set({ each }))}`;
  }

  /** A fault inside the condition is told under the name of its field. */
  #ofCondition(): string {
    const own = new Set<string>([...PARTS, 'title', 'batches', 'parallel']);
    return this.faults.find((f) => !own.has(f.field))?.detail ?? '';
  }

  /** Somebody else saved first: nothing is lost on either side until a person has looked. */
  #conflict() {
    const { base, theirs } = this;
    if (!base || !theirs) return nothing;
    const parts = differing(base, theirs);
    return html`<div class="note-bar is-warn-bg" role="alert" data-conflict>
      ${icon('alert', 'icon-16')}
      <div class="stack-12">
        <span>${t('webhook.stale')}</span>
        ${this.open ? html`<dl class="webhook-theirs">${parts.map((part) => this.#difference(part))}</dl>` : nothing}
        <span class="inline">
          <button class="btn btn-sm" type="button" data-action="theirs" aria-expanded=${this.open ? 'true' : 'false'} @click=${() => (this.open = !this.open)}>${t(this.open ? 'webhook.theirs.hide' : 'webhook.theirs')}</button>
          ${
            this.open
              ? html`<button class="btn btn-sm" type="button" data-action="take" @click=${() => this.#tell('ui-take')}>${t('webhook.theirs.take')}</button>
                  <button class="btn btn-sm" type="button" data-action="keep" @click=${() => this.#tell('ui-keep')}>${t('webhook.theirs.keep')}</button>`
              : nothing
          }
        </span>
      </div>
    </div>`;
  }

  #difference(part: Part): TemplateResult {
    const mine = !same(this.base![part], this.wish[part]);
    return html`<dt>${t(part === 'where' ? 'cond' : `webhook.${part}`)}</dt>
      <dd data-theirs=${part}>
        <span class="muted">${said(this.base!, part, this.users)}</span> → <span class="strong">${said(this.theirs!, part, this.users)}</span>
        ${mine ? html`<br /><span class="small">${t('webhook.theirs.mine', { value: said(this.wish, part, this.users) })}</span>` : nothing}
      </dd>`;
  }
}

customElements.define('crm-webhook-form', WebhookForm);
