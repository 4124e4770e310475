// A read of the reference tried out: the address, asked with the session of who looks, and what is answered.
import { LitElement, html, nothing } from 'karkas-ui';

const SHOWN = 20000; // characters of an answer

export interface Words {
  title: string;
  address: string;
  run: string;
  answer: string;
  cut: string;
  lost: string;
}

class TryOut extends LitElement {
  static override properties = {
    address: {},
    words: { attribute: false },
    answer: { state: true },
    busy: { state: true },
  };
  address = '';
  words!: Words;
  answer: { head: string; text: string } | null = null;
  busy = false;

  override createRenderRoot() {
    return this;
  }

  async #run(event: Event): Promise<void> {
    event.preventDefault();
    const asked = new URL(this.querySelector('input')!.value, location.origin);
    this.busy = true;
    this.answer = asked.origin === location.origin ? await this.#ask(asked) : { head: '', text: this.words.lost };
    this.busy = false;
  }

  async #ask(address: URL): Promise<{ head: string; text: string }> {
    const begun = performance.now();
    try {
      const reply = await fetch(address, { headers: { Accept: 'application/json' }, credentials: 'same-origin' });
      const text = await reply.text();
      const head = `${reply.status} ${reply.statusText} · ${Math.round(performance.now() - begun)} ms`;
      return { head, text: this.#short(pretty(text)) };
    } catch {
      return { head: '', text: this.words.lost };
    }
  }

  #short(text: string): string {
    return text.length > SHOWN ? `${text.slice(0, SHOWN)}\n${this.words.cut}` : text;
  }

  override render() {
    const { words, answer } = this;
    return html`<h4 class="ref-h">${words.title}</h4>
      <form class="ref-try" @submit=${(e: Event) => void this.#run(e)}>
        <input class="input" aria-label=${words.address} spellcheck="false" autocomplete="off" value=${this.address} />
        <button class="btn" data-action="try" ?disabled=${this.busy}>${words.run}</button>
      </form>
      <div role="status">
        ${
          answer
            ? html`<p class="muted small">${answer.head}</p>
                <div class="ref-code"><pre tabindex="0" aria-label=${words.answer}>${answer.text}</pre></div>`
            : nothing
        }
      </div>`;
  }
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

customElements.define('crm-try', TryOut);
