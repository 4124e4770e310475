// The words a list is searched for: soon after the last letter, and at once where the field is left, so that what is
// clicked next finds the search made.
import { html, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { t } from '../core/i18n.ts';

const TYPING = 250;

export class ListFind {
  #find: (q: string) => void;
  #timer = 0;

  constructor(find: (q: string) => void) {
    this.#find = find;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #typed = (event: Event): void => {
    this.stop();
    const find = () => this.#find((event.target as HTMLInputElement).value);
    if (event.type === 'change') find();
    else this.#timer = window.setTimeout(find, TYPING);
  };

  field(q: string): TemplateResult {
    return html`<label class="find"
      ><span class="sr">${t('list.find')}</span>${icon('search', 'icon-16')}
      <input
        id="list-q"
        class="bare"
        type="search"
        placeholder=${t('list.find')}
        .value=${q}
        @input=${this.#typed}
        @change=${this.#typed}
        @keydown=${(e: KeyboardEvent) => {
          if (e.key === 'Escape') (e.target as HTMLElement).blur();
        }}
      /><span class="kbd only-desk">/</span></label
    >`;
  }
}
