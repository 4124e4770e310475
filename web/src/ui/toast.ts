// Short messages above everything, read out politely. They wait while the pointer or the focus is on them.
import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { El } from './element.ts';
import { icon } from './icon.ts';
import { t } from '../core/i18n.ts';
import { Store, Watch } from '../core/store.ts';

export interface Toast {
  id: number;
  text: string;
  icon?: string;
  kind?: 'ok' | 'danger' | 'warn';
  action?: { label: string; run: () => void };
  title?: string;
  /** Takes the place of an earlier message of the same key. */
  key?: string;
  /** Does not go by itself: another of its key follows. */
  stays?: boolean;
}

const toasts = new Store<Toast[]>([]);
const LIFE = 7000,
  MOST = 4;
let counter = 0;

export function toast(message: Omit<Toast, 'id'>): void {
  counter += 1;
  const id = counter;
  const made = { ...message, id };
  const at = message.key ? toasts.value.findIndex((one) => one.key === message.key) : -1;
  toasts.update((all) => (at < 0 ? [...all, made].slice(-MOST) : all.map((one, i) => (i === at ? made : one))));
  if (!message.stays) window.setTimeout(() => fade(id), LIFE);
}

function fade(id: number): void {
  const held = document.querySelector('.toasts:hover, .toasts:focus-within');
  if (held) window.setTimeout(() => fade(id), 2000);
  else close(id);
}

function close(id: number): void {
  toasts.update((all) => all.filter((one) => one.id !== id));
}

class Toasts extends El {
  #watch = new Watch(this, toasts);

  /** When the dialog that held the messages goes away, they move on. */
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (toasts.value.length) queueMicrotask(place);
  }

  override updated(): void {
    void this.#watch;
    const box = this.querySelector<HTMLElement>('.toasts')!;
    if (box.matches(':popover-open')) box.hidePopover();
    if (toasts.value.length) box.showPopover();
  }

  override render() {
    return html`<div class="toasts" popover="manual" role="status" aria-live="polite">
      ${repeat(
        toasts.value,
        (one) => one.id,
        (one) =>
          html`<div class="toast pop" data-kind=${one.kind ?? ''}>
            ${one.icon ? html`<span class="toast-mark">${icon(one.icon)}</span>` : nothing}
            <span class="toast-text"
              >${one.title ? html`<span class="strong">${one.title}</span>` : nothing}<span
                >${one.text}</span
              ></span
            >
            ${
              one.action
                ? html`<button
                    class="btn btn-sm"
                    @click=${() => {
                      one.action!.run();
                      close(one.id);
                    }}
                  >
                    ${one.action.label}
                  </button>`
                : nothing
            }
            <button class="icon-btn icon-btn-sm" aria-label=${t('close')} @click=${() => close(one.id)}>
              ${icon('x', 'icon-16')}
            </button>
          </div>`,
      )}
    </div>`;
  }
}

customElements.define('crm-toasts', Toasts);

let holder: HTMLElement | null = null;

/** What is outside a modal dialog is inert, so the messages stand inside the topmost one. */
function place(): void {
  holder ??= document.createElement('crm-toasts');
  const home = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;
  if (holder.parentElement !== home) home.append(holder);
}

toasts.watch((all) => {
  if (all.length) place();
});
