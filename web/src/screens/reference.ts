// The page of the API reference, which is a file of its own: loaded when it is opened for the first time.
import { html } from 'lit';
import { El } from '../ui/element.ts';
import { failure, skeletonRows } from '../ui/parts.ts';
import { ApiError } from '../core/api.ts';
import { lang } from '../core/i18n.ts';
import { Watch } from '../core/store.ts';

const PAGE = '/ui/reference.js'; // the build puts the hashed name here

class ReferenceGate extends El {
  static override properties = { search: { attribute: false }, state: { state: true } };
  search = new URLSearchParams();
  state: 'loading' | 'here' | 'failed' = 'loading';
  #watch = new Watch(this, lang);

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    void this.#load();
  }

  async #load(): Promise<void> {
    this.state = 'loading';
    this.state = await import(PAGE).then(
      () => 'here' as const,
      () => 'failed' as const,
    );
  }

  override render() {
    if (this.state === 'loading') return skeletonRows(6);
    if (this.state === 'failed')
      return failure(new ApiError({ status: 0, code: 'offline' }), () => void this.#load(), true);
    return html`<crm-reference .search=${this.search} .locale=${lang.value}></crm-reference>`;
  }
}

customElements.define('crm-reference-gate', ReferenceGate);
