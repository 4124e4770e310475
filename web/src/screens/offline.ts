// The bar that says the stream is gone, what that means and when it is tried again.
import { html, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { link, retryNow } from '../core/events.ts';
import { t } from '../core/i18n.ts';
import { Watch } from '../core/store.ts';

const PATIENCE = 1500;

class Offline extends El {
  static override properties = { shown: { state: true } };
  shown = false;
  #watch = new Watch(this, link);
  #timer = 0;
  #off: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    this.#off = link.watch(({ state }) => {
      if (state === 'live' || state === 'off') {
        clearTimeout(this.#timer);
        this.#timer = 0;
        this.shown = false;
      } else if (!this.#timer)
        this.#timer = window.setTimeout(() => {
          this.shown = link.value.state === 'lost' || link.value.state === 'connecting';
        }, PATIENCE);
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#off?.();
    clearTimeout(this.#timer);
  }

  override render() {
    return html`<div role="status">
      ${
        this.shown
          ? html`<div class="offline">
              ${icon('offline')}
              <span><span class="strong">${t('offline.title')}</span> ${t('offline.text')}</span>
              <button class="btn btn-sm push" @click=${() => retryNow()}>${t('offline.retry')}</button>
            </div>`
          : nothing
      }
    </div>`;
  }
}

customElements.define('crm-offline', Offline);
