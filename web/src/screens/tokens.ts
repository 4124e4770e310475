// API tokens: one's own and, for holders of "settings", those of programs. A token is shown once, when it is made.
import { html, nothing, type TemplateResult } from 'lit';
import { confirm } from '../ui/confirm.ts';
import { check, dialogBox, field, once } from '../ui/form.ts';
import { tag } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { OutwardPage } from './outward-page.ts';
import { api } from '../core/api.ts';
import { date, fullMoment, moment } from '../core/fmt.ts';
import { capital, has, t } from '../core/i18n.ts';
import { entityOf, meta } from '../core/meta.ts';
import { fault, workEntities } from '../core/outward.ts';
import type { Token } from '../core/types.ts';

const DAYS = [30, 90, 365, 0];

class Tokens extends OutwardPage<Token> {
  static override properties = {
    made: { state: true },
    access: { state: true },
    only: { state: true },
    entities: { state: true },
    functions: { state: true },
  };
  protected override readonly kind = 'token';
  made: Token | null = null;
  access: 'read' | 'write' = 'read';
  only = false;
  entities = new Set<string>();
  functions = new Set<string>();

  protected override begin(): void {
    this.made = null;
    this.faults = [];
    this.access = 'read';
    this.only = false;
    this.entities = new Set();
    this.functions = new Set();
    this.querySelector('form')!.reset();
    this.querySelector('dialog')!.showModal();
  }

  #make(): Promise<void> {
    const days = Number(this.given('token-days'));
    const wish = {
      name: this.given('token-name'),
      user: Number(this.given('token-user')),
      access: this.access,
      entities: this.only ? [...this.entities] : null,
      functions: [...this.functions],
      expires_at: days ? new Date(Date.now() + days * 86400000).toISOString() : null,
    };
    return this.submit(async () => {
      this.made = await api.post<Token>('/tokens', wish);
    });
  }

  async #revoke(row: Token): Promise<void> {
    const is = await confirm({
      title: t('token.revoke.title', { name: row.name }),
      text: t('token.revoke.text'),
      yes: t('token.revoke'),
      danger: true,
    });
    if (!is) return;
    await api.del(`/tokens/${row.id}`);
    toast({ text: t('token.revoked') });
    await this.load();
  }

  protected override row(row: Token): TemplateResult {
    const now = new Date().toISOString();
    const expired = row.expires_at !== null && row.expires_at < now;
    const scope = row.entities?.map((name) => capital(t(entityOf(name)?.label.many ?? name))).join(', ');
    const parts = [
      row.user.label ?? '',
      scope ?? t('token.all'),
      ...(row.functions.length ? [row.functions.map(functionName).join(', ')] : []),
      row.used_at ? t('token.used', { at: moment(row.used_at) }) : t('token.unused'),
    ];
    return html`<li class="batch" data-id=${row.id}>
      <div class="batch-head">
        <span class="strong clip">${row.name}</span>
        ${tag(t(`token.${row.access}`), row.access === 'write' ? 'amber' : 'gray')}
        ${expired ? tag(t('token.expired'), 'red') : nothing}
        <span class="muted num push mono">krk_${row.key}…</span>
      </div>
      <div class="batch-foot">
        <span class="muted"
          >${parts.join(' · ')}${
            row.expires_at && !expired
              ? html` · <time datetime=${row.expires_at} title=${fullMoment(row.expires_at)}>${t('token.until', { at: date(row.expires_at.slice(0, 10)) })}</time>`
              : nothing
          }</span
        >
        <span class="batch-do push"
          ><button class="btn btn-sm" data-action="revoke" @click=${() => void this.#revoke(row)}>${t('token.revoke')}</button></span
        >
      </div>
    </li>`;
  }

  protected override dialog(): TemplateResult {
    const done = this.made;
    return dialogBox(
      'token-title',
      t(done ? 'token.made' : 'token.new'),
      () => (this.made = null),
      done ? once('token-text', done.name, done.token!) : this.#form(),
      done
        ? html`<button class="btn btn-primary push" type="button" @click=${() => this.querySelector('dialog')!.close()}>${t('done')}</button>`
        : html`<button class="btn btn-primary push" data-action="make">${t('token.make')}</button>`,
      () => void this.#make(),
    );
  }

  #form(): TemplateResult {
    const me = meta.value!.user;
    const functions = me.functions ?? [];
    return html`${field(
      'token-name',
      t('token.name'),
      html`<input class="input" id="token-name" maxlength="100" autocomplete="off" placeholder=${t('token.name.hint')} />`,
      fault(this.faults, 'name'),
    )}
    ${field(
      'token-user',
      t('token.user'),
      html`<select class="input" id="token-user">
        ${this.users.map((u) => html`<option value=${u.id}>${u.label}</option>`)}
        <option value=${me.id}>${t('token.me', { name: me.name })}</option>
      </select>`,
      fault(this.faults, 'user'),
      t('token.user.help'),
    )}
    <div class="field">
      <span class="label" id="token-access">${t('token.access')}</span>
      <span class="seg" role="group" aria-labelledby="token-access"
        >${(['read', 'write'] as const).map((a) => html`<button type="button" data-access=${a} aria-pressed=${this.access === a ? 'true' : 'false'} @click=${() => (this.access = a)}>${t(`token.${a}`)}</button>`)}</span
      >
    </div>
    ${check('token-only', t('token.only'), this.only, (on) => (this.only = on))}
    ${this.only ? this.#checks('entities', workEntities().map((e) => [e.name, capital(t(e.label))])) : nothing}
    ${functions.length ? html`<div class="field"><span class="label">${t('token.functions')}</span>${this.#checks('functions', functions.map((f) => [f, functionName(f)]))}</div>` : nothing}
    ${field(
      'token-days',
      t('token.days'),
      html`<select class="input" id="token-days">
        ${DAYS.map((d) => html`<option value=${d} ?selected=${d === 90}>${d ? t('token.for', { n: d }) : t('token.forever')}</option>`)}
      </select>`,
      fault(this.faults, 'expires_at'),
    )}`;
  }

  #checks(of: 'entities' | 'functions', all: [string, string][]): TemplateResult {
    return html`<div class="export-fields">
      ${all.map(([name, label]) =>
        check(`token-${of}-${name}`, label, this[of].has(name), (on) => {
          const next = new Set(this[of]);
          if (on) next.add(name);
          else next.delete(name);
          this[of] = next;
        }),
      )}
    </div>`;
  }
}

const functionName = (name: string): string => (has(`function.${name}`) ? t(`function.${name}`) : name);

customElements.define('crm-tokens', Tokens);
