// The words a list is searched for: soon after the last letter, and where the field is left, but never while a pointer
// is down: the rows under it would become others before it is up, and the click would mean one of those.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { t } from '../core/i18n.ts';
import type { Reading } from '../core/types.ts';

const TYPING = 250;

/** For which words rows are shown, where those that were typed match nothing. */
export function readingNote({ read_as, corrected }: Reading): TemplateResult | typeof nothing {
  const words = read_as ?? corrected;
  if (!words) return nothing;
  const key = read_as ? 'search.read_as' : 'search.corrected';
  return html`<p class="reading" role="status">${t(key, { words })}</p>`;
}

/** Once the pointer is up: what it clicked is followed after that, and other rows come later still. */
function afterPress(then: () => void): void {
  const ends = new AbortController();
  const up = () => {
    ends.abort();
    then();
  };
  for (const name of ['pointerup', 'pointercancel', 'dragend'])
    addEventListener(name, up, { capture: true, signal: ends.signal });
}

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
    if (event.type === 'change' && document.querySelector('body :active')) afterPress(find);
    else if (event.type === 'change') find();
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
      /><span class="kbd kbd-one only-desk">/</span></label
    >`;
  }
}
