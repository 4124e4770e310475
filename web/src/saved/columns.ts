// Which columns a list has, in which order and how wide. Each press takes effect at once and stands in the address.
import { html, nothing, type TemplateResult } from 'lit';
import { El, uid } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { toggleFor } from '../ui/pop.ts';
import { columnsText } from '../core/columns.ts';
import { capital } from '../core/i18n.ts';
import { entityOf, fieldOf } from '../core/meta.ts';
import type { ListView } from '../core/types.ts';
import { label } from '../fields/view.ts';
import { rangeOf } from '../views/widths.ts';
import { say } from './texts.ts';

const STEP = 24;
const HARD = new Set(['json', 'file', 'files']); // what no cell can tell of

class ColumnMenu extends El {
  static override properties = { entity: {}, view: { attribute: false } };
  entity = '';
  view!: ListView;
  #id = uid('columns');
  #stay = '';

  /** Also right after its file has been loaded, when nothing is drawn yet. */
  async open(anchor: HTMLElement): Promise<void> {
    await this.updateComplete;
    toggleFor(anchor, this.#id, 'end');
  }

  get #names(): string[] {
    return this.view.columns.filter((name) => fieldOf(this.entity, name));
  }

  #put(columns: string[], widths = this.view.widths ?? {}): void {
    const detail = columns.length ? columnsText({ columns, widths }) : null;
    this.dispatchEvent(new CustomEvent('ui-columns', { bubbles: true, detail }));
  }

  #move(name: string, by: number): void {
    const names = [...this.#names];
    const at = names.indexOf(name);
    const to = at + by;
    if (to < 0 || to >= names.length) return;
    [names[at], names[to]] = [names[to]!, names[at]!];
    this.#put(names);
    this.#stay = `[data-column-name="${CSS.escape(name)}"] [data-move="${by}"]`;
  }

  /** The line has another place once the list has other columns; the focus goes with it. */
  override updated(changed: Map<string, unknown>): void {
    if (!this.#stay || !changed.has('view')) return;
    this.querySelector<HTMLElement>(this.#stay)?.focus();
    this.#stay = '';
  }

  #widthOf(name: string): number {
    return this.view.widths?.[name] ?? rangeOf(fieldOf(this.entity, name)!.type)[0];
  }

  #widen(name: string, by: number): void {
    this.#put(this.#names, { ...this.view.widths, [name]: this.#widthOf(name) + by });
  }

  override render() {
    const shown = this.#names;
    const all = [...Object.keys(entityOf(this.entity)?.fields ?? {}), 'created_at', 'updated_at'];
    const rest = [...new Set(all)].filter((name) => !shown.includes(name) && !HARD.has(fieldOf(this.entity, name)!.type));
    return html`<div class="pop menu column-menu" id=${this.#id} popover role="dialog" aria-label=${say('menu')}>
      <ul>
        ${shown.map((name) => this.#line(name, true))} ${rest.map((name) => this.#line(name, false))}
      </ul>
      <button class="menu-item" data-action="columns-reset" @click=${() => this.#put([])}>${icon('refresh', 'icon-16')}${say('columns.reset')}</button>
    </div>`;
  }

  #line(name: string, isOn: boolean): TemplateResult {
    const text = capital(label(this.entity, name));
    const isMain = name === entityOf(this.entity)?.title;
    const toggle = () => this.#put(isOn ? this.#names.filter((one) => one !== name) : [...this.#names, name]);
    const isLast = isOn && this.#names.length === 1;
    return html`<li data-column-name=${name}>
      <label class="menu-item"
        ><input class="box" type="checkbox" .checked=${isOn} ?disabled=${isLast} @change=${toggle} /><span class="clip">${text}</span></label
      >
      ${
        isOn
          ? html`${isMain ? nothing : this.#button('minus', say('columns.narrower', { name: text }), '−', () => this.#widen(name, -STEP))}${
                isMain
                  ? nothing
                  : html`<span class="small muted num" title=${say('columns.width', { n: this.#widthOf(name) })}>${this.#widthOf(name)}</span>${this.#button('plus', say('columns.wider', { name: text }), '+', () => this.#widen(name, STEP))}`
              }
              ${this.#button('-1', say('columns.up', { name: text }), icon('up', 'icon-16'), () => this.#move(name, -1))}${this.#button('1', say('columns.down', { name: text }), icon('down', 'icon-16'), () => this.#move(name, 1))}`
          : nothing
      }
    </li>`;
  }

  #button(move: string, name: string, mark: unknown, run: () => void): TemplateResult {
    return html`<button class="icon-btn icon-btn-sm" data-move=${move} aria-label=${name} title=${name} @click=${run}>${mark}</button>`;
  }
}

customElements.define('crm-columns', ColumnMenu);

declare global {
  interface HTMLElementTagNameMap {
    'crm-columns': ColumnMenu;
  }
}
