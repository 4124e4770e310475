// Signing in, and choosing a password after a one-time code. The same screen lies over the work when a session ends
// in the middle of it.
import { html, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { icon, mark } from '../ui/icon.ts';
import { problemText } from '../ui/parts.ts';
import { chooseLang } from '../ui/lang.ts';
import { errorText } from '../fields/edit.ts';
import { ApiError } from '../core/api.ts';
import { lang, t } from '../core/i18n.ts';
import { meta } from '../core/meta.ts';
import { login, session, setPassword } from '../core/session.ts';
import { Watch } from '../core/store.ts';
import { checkPassword, type Rule } from '../core/password.ts';

class Login extends El {
  static override properties = {
    busy: { state: true },
    error: { state: true },
    shown: { state: true },
    left: { state: true },
    rules: { state: true },
    field: { state: true },
  };
  busy = false;
  error = '';
  field: Record<string, string> = {};
  shown = false;
  left = 0;
  rules: Rule[] = checkPassword('', '');
  #watch = new Watch(this, session, lang, meta);
  #timer = 0;

  override firstUpdated(): void {
    void this.#watch;
    this.#focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  #focus(): void {
    const inputs = [...this.querySelectorAll<HTMLInputElement>('input:not([type=hidden])')];
    (inputs.find((i) => !i.value) ?? inputs[0])?.focus();
  }

  override render() {
    const password = session.value.phase === 'password';
    return html`<div class="login">
      ${password ? this.#password() : this.#login()}
      <button
        class="btn btn-ghost btn-sm login-lang"
        @click=${() => void chooseLang(lang.value === 'ru' ? 'en' : 'ru')}
      >
        ${icon('globe', 'icon-16')}${t('lang.other')}
      </button>
    </div>`;
  }

  #top(title: string, text: string) {
    return html`<div class="stack-12">
      <span class="brand-mark brand-lg">${mark()}</span>
      <div>
        <h1 class="display">${title}</h1>
        <p class="muted">${text}</p>
      </div>
    </div>`;
  }

  #alert() {
    const text = this.left > 0 ? t('login.wait', { n: this.left }) : this.error;
    return html`<div role="alert">
      ${text ? html`<div class="note-bar is-danger-bg">${icon(this.left ? 'clock' : 'alert', 'icon-16')}<span>${text}</span></div>` : nothing}
    </div>`;
  }

  #login() {
    const expired = session.value.expired;
    const company = meta.value?.title;
    return html`<form class="login-form" @submit=${this.#enter} novalidate>
      ${this.#top(t(expired ? 'login.again' : 'login.title'), expired ? t('login.kept') : company ? t('login.company', { name: company }) : t('login.hint'))}
      ${this.#alert()}
      <div class="field ${this.field.login ? 'is-invalid' : ''}" data-field="login">
        <label for="login">${t('login.name')}</label>
        <input
          class="input"
          id="login"
          name="login"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          .value=${expired ? (meta.value?.user.login ?? '') : ''}
          aria-invalid=${this.field.login ? 'true' : nothing}
          aria-describedby=${this.field.login ? 'login-e' : nothing}
        />${this.#help('login')}
      </div>
      ${this.#secret('password', t('login.password'), 'current-password')}
      <button class="btn btn-primary btn-wide btn-lg" ?disabled=${this.busy || this.left > 0}>
        ${t(this.busy ? 'login.busy' : 'login.enter')}
      </button>
      <p class="small muted">${t('login.help')}</p>
    </form>`;
  }

  #password() {
    return html`<form class="login-form" @submit=${this.#set} @input=${this.#check} novalidate>
      ${this.#top(t('password.title'), t('password.hint'))} ${this.#alert()}
      <input
        class="sr"
        tabindex="-1"
        aria-hidden="true"
        name="username"
        autocomplete="username"
        .value=${session.value.login ?? ''}
        readonly
      />
      ${this.#secret('new', t('password.new'), 'new-password')}
      ${this.#secret('again', t('password.again'), 'new-password')}
      <ul class="rules" aria-label=${t('password.rules')}>
        ${this.rules.map(
          (rule) =>
            html`<li class=${rule.met ? 'is-ok' : 'muted'}>
              ${icon(rule.met ? 'check' : 'dot', 'icon-16')}<span
                >${t(`password.rule.${rule.id}`, { n: rule.n ?? 0 })}</span
              ><span class="sr">${t(rule.met ? 'password.met' : 'password.unmet')}</span>
            </li>`,
        )}
      </ul>
      <button class="btn btn-primary btn-wide btn-lg" ?disabled=${this.busy}>${t('password.save')}</button>
    </form>`;
  }

  #help(name: string) {
    return this.field[name]
      ? html`<span class="help" id="${name}-e"
          >${icon('alert', 'icon-16')}<span>${this.field[name]}</span></span
        >`
      : nothing;
  }

  #secret(name: string, label: string, complete: string) {
    const bad = !!this.field[name];
    return html`<div class="field ${bad ? 'is-invalid' : ''}" data-field=${name}>
      <label for=${name}>${label}</label>
      <span class="with-eye"
        ><input
          class="input"
          id=${name}
          name=${name}
          type=${this.shown ? 'text' : 'password'}
          autocomplete=${complete}
          autocapitalize="none"
          spellcheck="false"
          aria-invalid=${bad ? 'true' : nothing}
          aria-describedby=${bad ? `${name}-e` : nothing}
        />
        <button
          type="button"
          class="icon-btn icon-btn-sm"
          aria-pressed=${this.shown ? 'true' : 'false'}
          aria-label=${t('password.show')}
          @click=${() => {
            this.shown = !this.shown;
          }}
        >
          ${icon(this.shown ? 'eye-off' : 'eye', 'icon-16')}
        </button></span
      >
      ${this.#help(name)}
    </div>`;
  }

  async #enter(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const name = String(data.get('login')).trim(),
      password = String(data.get('password'));
    this.field = {};
    if (!name) this.field = { ...this.field, login: t('login.need.name') };
    if (!password) this.field = { ...this.field, password: t('login.need.password') };
    if (this.left > 0 || Object.keys(this.field).length) {
      await this.updateComplete;
      this.querySelector<HTMLElement>('[aria-invalid]')?.focus();
      return;
    }
    await this.#try(() => login(name, password));
    if (session.value.phase === 'password') {
      await this.updateComplete;
      this.#focus();
    }
  }

  async #set(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const next = String(data.get('new')),
      again = String(data.get('again'));
    const unmet = checkPassword(next, again, session.value.login).filter((rule) => !rule.met);
    this.field = {};
    for (const rule of unmet) this.field[rule.field] ??= t(`password.rule.${rule.id}`, { n: rule.n ?? 0 });
    if (unmet.length) {
      this.requestUpdate();
      await this.updateComplete;
      this.querySelector<HTMLElement>('[aria-invalid]')?.focus();
      return;
    }
    await this.#try(() => setPassword(null, next));
  }

  #check(event: Event): void {
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    this.rules = checkPassword(String(data.get('new')), String(data.get('again')), session.value.login);
  }

  async #try(act: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.error = '';
    try {
      await act();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#failed(error);
    } finally {
      this.busy = false;
    }
  }

  #failed(error: ApiError): void {
    for (const one of error.problem.fields ?? []) this.field = { ...this.field, [one.field]: errorText(one) };
    if (error.status === 429) this.#wait(error.retryAfter || 30);
    else if (error.code === 'login_failed') this.error = error.problem.detail ?? t('login.failed');
    else if (!error.problem.fields?.length) this.error = problemText(error);
    void this.updateComplete.then(() =>
      this.querySelector<HTMLInputElement>('input[type=password], input[name=new]')?.select(),
    );
  }

  #wait(seconds: number): void {
    this.left = seconds;
    clearTimeout(this.#timer);
    const tick = () => {
      this.left -= 1;
      if (this.left > 0) this.#timer = window.setTimeout(tick, 1000);
    };
    this.#timer = window.setTimeout(tick, 1000);
  }
}

customElements.define('crm-login', Login);
