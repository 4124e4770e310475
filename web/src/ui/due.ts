// The time that is left: it ticks each second within the hour and each half minute further away.
import { html } from 'lit';
import { El } from './element.ts';
import { icon } from './icon.ts';
import { due, fullMoment } from '../core/fmt.ts';

class DueTime extends El {
  static override properties = { at: {}, chip: { type: Boolean }, plain: { type: Boolean } };
  at = '';
  chip = false;
  plain = false; // of what is done: nothing is left to be late with
  #timer = 0;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate();
  }

  override render() {
    const { text, state, ticking } = due(this.at, Date.now(), this.plain);
    clearTimeout(this.#timer);
    if (this.isConnected)
      this.#timer = window.setTimeout(
        () => this.requestUpdate(),
        ticking ? 1000 - (Date.now() % 1000) : 30_000,
      );
    return html`<time
      class="timer ${this.chip ? 'timer-chip' : ''} ${state ? `is-${state}` : ''}"
      datetime=${this.at}
      title=${fullMoment(this.at)}
    >
      ${ticking || this.chip ? icon('clock', 'icon-16') : ''}${text}</time
    >`;
  }
}

customElements.define('crm-due', DueTime);
