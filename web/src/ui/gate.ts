// A screen that is a file of its own: loaded when it is opened for the first time. Where the file cannot be had the
// reason is a lost connection or an update of the server, after which files have other names.
import { html, nothing } from 'lit';
import { El } from './element.ts';
import { icon } from './icon.ts';
import { empty, skeletonRows } from './parts.ts';
import { lang, t } from '../core/i18n.ts';
import { Watch } from '../core/store.ts';

class Gate extends El {
  static override properties = {
    load: { attribute: false },
    page: { attribute: false },
    state: { state: true },
  };
  load: () => Promise<unknown> = () => Promise.resolve();
  page: unknown = nothing;
  state: 'loading' | 'here' | 'failed' = 'loading';
  #watch = new Watch(this, lang);

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('load')) void this.#open();
  }

  async #open(): Promise<void> {
    const { load } = this;
    this.state = 'loading';
    const state = await load().then(
      () => 'here' as const,
      () => 'failed' as const,
    );
    if (load === this.load) this.state = state;
  }

  override render() {
    if (this.state === 'loading') return skeletonRows(6);
    if (this.state === 'here') return this.page;
    return empty(
      'offline',
      t('later.title'),
      t('later.text'),
      html`<button class="btn" @click=${() => void this.#open()}>${icon('refresh', 'icon-16')}${t('retry')}</button>
        <a class="btn btn-ghost" href="" target="_self">${t('later.reload')}</a>`,
      true,
    );
  }
}

customElements.define('crm-gate', Gate);
