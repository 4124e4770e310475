// What stands below the rows of a list: that more are read, a button for them, or how far the search of a long list is.
import { html, nothing, type ReactiveController, type TemplateResult } from 'lit';
import { number } from '../core/fmt.ts';
import { t } from '../core/i18n.ts';
import type { El } from '../ui/element.ts';
import type { Records } from '../core/records.ts';

export function more(records: Records): TemplateResult | typeof nothing {
  if (records.walked !== null) return progress(records);
  if (records.state === 'more') return html`<p class="more muted">${t('loading')}</p>`;
  if (!records.next || records.state !== 'ready') return nothing;
  return html`<p class="more">${button('list.more', () => void records.more())}</p>`;
}

/** How far the search of a long list is, with the button that stops it or goes on; nothing of any other list. */
export function progress(records: Records): TemplateResult | typeof nothing {
  if (records.walked === null) return nothing;
  const isRunning = records.state === 'more';
  return html`<p class="more" data-walked=${records.walked}>
    <span class="muted">${walkedText(records)}</span>
    ${isRunning ? button('list.halt', () => records.halt()) : button('list.look', () => void records.look())}
  </p>`;
}

const walkedText = ({ walked, rows }: Records) =>
  t('list.walked', { percent: number(walked!), count: number(rows.length) });

function button(name: string, act: () => void): TemplateResult {
  return html`<button class="btn btn-sm" data-action=${name.slice('list.'.length)} @click=${act}>${t(name)}</button>`;
}

/** Keeps the focus in a list whose drawing takes the focused button below the rows away: it passes to what holds the list. */
export class FootFocus implements ReactiveController {
  #host: El;
  #had = false;
  #box: HTMLElement | null = null;

  constructor(host: El) {
    this.#host = host;
    host.addController(this);
  }

  hostUpdate(): void {
    const foot = document.activeElement?.closest('.more');
    this.#had = !!foot && this.#host.contains(foot);
    this.#box = this.#had ? foot!.closest<HTMLElement>('[tabindex]') : null;
  }

  hostUpdated(): void {
    if (!this.#had || this.#host.contains(document.activeElement)) return;
    const next = this.#box?.isConnected ? this.#box : this.#host.querySelector<HTMLElement>('.fill .btn');
    (next ?? document.getElementById('main'))?.focus({ preventScroll: true });
    this.#box = null;
  }
}

/** What is said of the search of a long list to those who do not see it: seldom enough to be listened to. */
export class WalkVoice {
  #step = -1;
  #said = '';

  /** An element that says it, where the list has none of its own; it is to stay in its place while the list changes. */
  told(records: Records): TemplateResult {
    this.#said = this.say(records) ?? this.#said;
    return html`<span class="sr" role="status">${this.#said}</span>`;
  }

  /** The words for now, or null where there is nothing new to say. */
  say(records: Records): string | null {
    if (records.walked === null) {
      const isOver = this.#step >= 0;
      this.#step = -1;
      return isOver ? t('list.walked.end', { count: number(records.rows.length) }) : null;
    }
    const step = records.isHalted ? HALTED : Math.floor(records.walked / STEP);
    if (step === this.#step) return null;
    this.#step = step;
    return step === HALTED ? `${t('list.halted')} ${walkedText(records)}` : walkedText(records);
  }
}

const STEP = 25; // percent of the way between two announcements
const HALTED = 100;
