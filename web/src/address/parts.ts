// The parts of an address, opened under its line. What is typed here goes into the line, and a line that is typed
// comes apart here, both as the server reads addresses. A file of its own, loaded when parts are opened first.
import { LitElement, html, host, nothing } from 'karkas-ui';

const PARTS = ['index', 'country', 'region', 'city', 'street', 'house', 'flat'] as const;
type Part = (typeof PARTS)[number];
type Parts = Partial<Record<Part, string>>;
interface Told {
  line: string;
  parts: Parts;
  mark?: string;
}
const TYPING = 250; // ms without a key before the server is asked

class AddressParts extends LitElement {
  static override properties = {
    line: { attribute: false },
    inputId: { attribute: false },
    label: { attribute: false },
    parts: { state: true },
    mark: { state: true },
    isRead: { state: true },
  };
  line = '';
  inputId = '';
  label = '';
  parts: Parts = {};
  mark = '';
  isRead = false; // until the line came apart nothing is typed: it would stand among what comes
  #known: string | null = null; // the line that the parts are those of
  #typed: Parts = {}; // what the line does not have yet
  #timer = 0;
  #settle: ((line: string | Parts) => void) | null = null;

  override createRenderRoot() {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.#settle) void this.#put();
  }

  override willUpdate(): void {
    if (this.line === this.#known || this.#settle) return;
    const first = this.#known === null;
    this.#known = this.line;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#split(), first ? 0 : TYPING);
  }

  async #split(): Promise<void> {
    const { line } = this;
    const told = await host.http.post<Told>('/address', { line }).catch(() => null);
    if (line !== this.line || this.#settle) return;
    this.isRead = true;
    if (told) this.#take(told);
  }

  #take({ parts, mark }: Told): void {
    this.parts = parts;
    this.mark = mark ?? '';
  }

  /** Whoever saves waits for the line that these letters will be in. */
  #type(part: Part, text: string): void {
    this.parts = { ...this.parts, [part]: text };
    this.#typed[part] = text;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#put(), TYPING);
    if (this.#settle) return;
    const detail = new Promise<string | Parts>((settle) => {
      this.#settle = settle;
    });
    this.dispatchEvent(new CustomEvent('ui-parts', { detail }));
  }

  /** Without a connection the parts themselves are the value: the server makes a line of them when it is saved. */
  async #put(): Promise<void> {
    clearTimeout(this.#timer);
    const { line } = this;
    const parts = this.#typed;
    this.#typed = {};
    const told = await host.http.post<Told>('/address', { line, parts }).catch(() => null);
    if (Object.keys(this.#typed).length) {
      this.#typed = { ...parts, ...this.#typed }; // typed on meanwhile: the next answer has it all
      return;
    }
    if (told && line !== this.line) {
      this.#typed = parts; // the line was typed on meanwhile, and these parts belong into that
      return this.#put();
    }
    const settle = this.#settle;
    this.#settle = null;
    if (told) {
      this.#known = this.line = told.line;
      this.mark = told.mark ?? '';
    }
    settle?.(told ? told.line : { ...this.parts });
  }

  override render() {
    return html`<div class="address-parts" role="group" aria-label=${host.t('address.of', { name: this.label })}>
      ${PARTS.map((part) => this.#part(part))}
    </div>`;
  }

  #part(part: Part) {
    const id = `${this.inputId}-${part}`;
    const mark = part === 'index' && this.mark ? host.t(`mark.${this.mark}`) : '';
    return html`<div class="address-part is-${part}">
      <label for=${id}>${host.t(`address.${part}`)}</label>
      <input
        class="input"
        id=${id}
        data-part=${part}
        inputmode=${part === 'index' ? 'numeric' : nothing}
        .value=${this.parts[part] ?? ''}
        ?readonly=${!this.isRead}
        aria-describedby=${mark ? `${id}-m` : nothing}
        autocomplete="off"
        maxlength="300"
        enterkeyhint="next"
        @input=${(e: Event) => this.#type(part, (e.target as HTMLInputElement).value)}
      />
      ${mark ? html`<span class="help is-warn" id="${id}-m">${mark}</span>` : nothing}
    </div>`;
  }
}

customElements.define('crm-address-parts', AddressParts);
