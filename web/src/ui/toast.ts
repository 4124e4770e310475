// Short messages above everything, read out politely. They wait while the pointer or the focus is on them, and outlive
// the dialog over which they were shown. F8 goes to the newest, Escape back to where one was.
import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { El } from './element.ts';
import { icon } from './icon.ts';
import { t } from '../core/i18n.ts';
import { bindKeys } from '../core/keys.ts';
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
  SAID = 500, // ms after which a message has been read out
  MOST = 4;
let counter = 0;
let newest = 0; // when the last of them came

export function toast(message: Omit<Toast, 'id'>): void {
  counter += 1;
  const id = counter;
  const made = { ...message, id };
  newest = Date.now();
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
  #back: HTMLElement | null = null;

  /** When the dialog that held the messages goes away, they move on. */
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (toasts.value.length) queueMicrotask(place);
  }

  override updated(): void {
    void this.#watch;
    this.show();
    this.#box!.ariaLive = 'polite';
  }

  get #box(): HTMLElement | null {
    return this.querySelector('.toasts');
  }

  /** Over whatever was opened since. */
  show(): void {
    const box = this.#box;
    if (box?.matches(':popover-open')) box.hidePopover();
    if (toasts.value.length) box?.showPopover();
  }

  /** What has been read out once is not read out again because it stands elsewhere. */
  moveTo(home: Element): void {
    const focused = this.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
    if (this.#box && Date.now() - newest > SAID) this.#box.ariaLive = 'off';
    home.append(this);
    this.show();
    focused?.focus();
  }

  enter(): void {
    if (!this.contains(document.activeElement)) this.#back = document.activeElement as HTMLElement | null;
    this.querySelector<HTMLElement>('.toast:last-child button')?.focus();
  }

  #leave(): void {
    if (this.#back?.isConnected) this.#back.focus();
    else (document.activeElement as HTMLElement | null)?.blur();
    this.#back = null;
  }

  #escape(event: KeyboardEvent): void {
    if (event.code !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    this.#leave();
  }

  /** The focus goes back with the message that it was on. */
  #done(id: number): void {
    if (this.contains(document.activeElement)) this.#leave();
    close(id);
  }

  override render() {
    return html`<div
      class="toasts"
      popover="manual"
      role="status"
      aria-live="polite"
      @keydown=${(e: KeyboardEvent) => this.#escape(e)}
    >
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
                    aria-keyshortcuts="F8"
                    title="F8"
                    @click=${() => {
                      this.#done(one.id);
                      one.action!.run();
                    }}
                  >
                    ${one.action.label}
                  </button>`
                : nothing
            }
            <button class="icon-btn icon-btn-sm" aria-label=${t('close')} @click=${() => this.#done(one.id)}>
              ${icon('x', 'icon-16')}
            </button>
          </div>`,
      )}
    </div>`;
  }
}

customElements.define('crm-toasts', Toasts);

let holder: Toasts | null = null;
bindKeys('messages', { enter: { run: () => holder?.enter(), now: () => toasts.value.length > 0 } });

/** What is outside a modal dialog is inert, so the messages stand inside the topmost one, where the focus is. */
function place(): void {
  holder ??= document.createElement('crm-toasts') as Toasts;
  const home =
    document.activeElement?.closest('dialog:modal') ??
    [...document.querySelectorAll('dialog:modal')].at(-1) ??
    document.body;
  if (holder.parentElement !== home) holder.moveTo(home);
}

let dialogs: MutationObserver | null = null; // that open and close while there are messages

toasts.watch((all) => {
  if (all.length) place();
  else return dialogs?.disconnect();
  dialogs ??= new MutationObserver(place);
  dialogs.observe(document.body, { subtree: true, attributeFilter: ['open'] });
});
