// Tags: typed with Enter or a comma, taken off one by one, suggested from those that other records have.
import { html, type TemplateResult } from 'lit';
import { El, uid } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { t } from '../core/i18n.ts';
import { offer } from './offer.ts';

const PAUSE = 150,
  ROWS = '100',
  SHOWN = 20;

/** What was typed as tags: apart by commas, each once, whatever its case. */
export function addTags(tags: string[], text: string): string[] {
  const known = new Set(tags.map((tag) => tag.toLowerCase()));
  const added = text.split(',').map((part) => part.trim());
  const fresh = added.filter((tag) => tag && !known.has(tag.toLowerCase()) && known.add(tag.toLowerCase()));
  return [...tags, ...fresh];
}

export class TagsEdit extends El {
  static override properties = {
    entity: {},
    name: {},
    value: { attribute: false },
    inputId: {},
    invalid: { type: Boolean },
    describedBy: {},
    labelText: {},
    offered: { state: true },
    said: { state: true },
  };
  entity = '';
  name = '';
  value: string[] = [];
  inputId = uid('tags');
  invalid = false;
  describedBy = '';
  labelText = '';
  offered: string[] = [];
  said = '';
  #timer = 0;
  #halt = new AbortController();

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#halt.abort();
    this.said = '';
  }

  #put(tags: string[]): void {
    this.value = tags;
    this.dispatchEvent(new CustomEvent('ui-tags', { bubbles: true, detail: tags }));
  }

  #take(input: HTMLInputElement): void {
    const tags = addTags(this.value, input.value);
    input.value = '';
    if (tags.length !== this.value.length) this.#put(tags);
  }

  #typed(event: Event): void {
    event.stopPropagation();
    const input = event.target as HTMLInputElement;
    const isOffered = this.offered.includes(input.value) && (event as InputEvent).inputType !== 'insertText';
    if (input.value.includes(',') || isOffered) this.#take(input);
    else this.#ask(input.value);
  }

  #ask(text: string): void {
    this.#stop();
    const { signal } = (this.#halt = new AbortController());
    this.#timer = window.setTimeout(() => void this.#find(text.trim(), signal), PAUSE);
  }

  async #find(text: string, signal: AbortSignal): Promise<void> {
    const search = new URLSearchParams({ fields: this.name, limit: ROWS, [`${this.name}.none`]: '0' });
    if (text) search.set(`${this.name}.starts`, text);
    await offer(this.entity, search, signal, (rows, said) => {
      const all = rows.flatMap((row) => (row[this.name] as string[] | null) ?? []);
      const begins = all.filter((tag) => tag.toLowerCase().startsWith(text.toLowerCase()));
      this.offered = [...new Set(begins)].filter((tag) => !this.value.includes(tag)).slice(0, SHOWN);
      this.said = said;
    });
  }

  #key(event: KeyboardEvent): void {
    const input = event.target as HTMLInputElement;
    if (event.key === 'Enter' && input.value.trim() && !event.ctrlKey) {
      event.preventDefault();
      event.stopPropagation();
      this.#take(input);
    } else if (event.key === 'Backspace' && !input.value && this.value.length) {
      this.#put(this.value.slice(0, -1));
    }
  }

  override render(): TemplateResult {
    return html`<span class="tags-edit">
      ${this.value.map(
        (tag) =>
          html`<span class="chip"
            >${tag}
            <button
              type="button"
              class="icon-btn"
              aria-label=${t('remove.what', { name: tag })}
              @click=${() => this.#put(this.value.filter((one) => one !== tag))}
            >
              ${icon('x')}
            </button></span
          >`,
      )}
      <input
        class="input"
        id=${this.inputId}
        list="${this.inputId}-list"
        autocomplete="off"
        enterkeyhint="done"
        placeholder=${t('tags.hint')}
        aria-label=${this.labelText}
        aria-invalid=${this.invalid ? 'true' : 'false'}
        aria-describedby=${this.describedBy}
        @focus=${() => this.#ask('')}
        @input=${this.#typed}
        @keydown=${this.#key}
        @blur=${(e: Event) => {
          this.#stop();
          this.#take(e.target as HTMLInputElement);
        }}
      />
      <datalist id="${this.inputId}-list">
        ${this.offered.map((tag) => html`<option value=${tag}></option>`)}
      </datalist>
      <span class="faint small" role="status">${this.said}</span>
    </span>`;
  }
}

customElements.define('crm-tags', TagsEdit);
