// The outermost element: the login, the shell, or why neither can be shown. The shell stays in the page behind a
// login that is asked for in the middle of work.
import { html, nothing } from 'lit';
import { El, clear } from '../ui/element.ts';
import { mark } from '../ui/icon.ts';
import { failure } from '../ui/parts.ts';
import './login.ts';
import './shell.ts';
import { ApiError } from '../core/api.ts';
import { has, lang, t } from '../core/i18n.ts';
import { enter, session } from '../core/session.ts';
import { Watch } from '../core/store.ts';

class App extends El {
  #watch = new Watch(this, session, lang);

  override connectedCallback(): void {
    clear(this);
    super.connectedCallback();
    void this.#watch;
  }

  override updated(): void {
    const dialog = this.querySelector<HTMLDialogElement>('dialog.relogin');
    if (dialog && !dialog.open) dialog.showModal();
    if (session.value.phase === 'login' && !session.value.expired) document.title = t('login.title');
  }

  override render() {
    const { phase, expired, problem } = session.value;
    const asks = phase === 'login' || phase === 'password';
    if (phase === 'starting')
      return html`<div class="boot" role="status" aria-label=${has('loading') ? t('loading') : nothing}>
        <span class="boot-mark brand-mark brand-lg">${mark()}</span>
      </div>`;
    if (phase === 'bare') return document.querySelector<HTMLTemplateElement>('#bare')!.content.cloneNode(true);
    if (phase === 'broken')
      return html`<main class="app-broken">
        ${failure(new ApiError(problem!), () => void enter(performance.now()), true)}
      </main>`;
    if (asks && !expired) return html`<main><crm-login></crm-login></main>`;
    return html`<crm-shell></crm-shell>
      ${asks ? html`<dialog class="relogin" aria-label=${t('login.again')} @cancel=${(e: Event) => e.preventDefault()}><crm-login></crm-login></dialog>` : nothing}`;
  }
}

customElements.define('crm-app', App);
