// The list as a file: its form, its columns, and how many rows that will be, told before anything is made.
import { html, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { problemText } from '../ui/parts.ts';
import { ApiError } from '../core/api.ts';
import { lang, t } from '../core/i18n.ts';
import { entityOf, meta, ownFields } from '../core/meta.ts';
import { Watch } from '../core/store.ts';
import { exportSize, type ExportSize } from '../core/upload.ts';
import { label } from '../fields/view.ts';

type Format = 'csv' | 'xlsx' | 'vcf';
const SHEET_ROWS = 1048575;

class Export extends El {
  static override properties = {
    entity: {},
    format: { state: true },
    encoding: { state: true },
    columns: { state: true },
    size: { state: true },
    problem: { state: true },
  };
  entity = '';
  format: Format = 'csv';
  encoding = 'utf-8';
  columns = new Set<string>();
  size: ExportSize | null = null;
  problem: ApiError | null = null;
  #search = new URLSearchParams();
  #watch = new Watch(this, meta, lang);
  #abort = new AbortController();

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
  }

  /** Also right after its file has been loaded, when nothing is drawn yet. */
  async open(search: URLSearchParams, columns: string[]): Promise<void> {
    await this.updateComplete;
    this.#search = search;
    this.columns = new Set(columns.filter((name) => this.#all.includes(name)));
    this.querySelector('dialog')!.showModal();
    void this.#count();
  }

  get #all(): string[] {
    return ownFields(this.entity);
  }

  get #hasCards(): boolean {
    return this.#all.some((name) => /^(phone|email)$/.test(entityOf(this.entity)!.fields[name].type));
  }

  get #address(): string {
    const search = new URLSearchParams(this.#search);
    search.set('format', this.format);
    if (this.format !== 'vcf') search.set('fields', this.#all.filter((name) => this.columns.has(name)).join(','));
    if (this.format === 'csv' && this.encoding !== 'utf-8') search.set('encoding', this.encoding);
    return `/api/v1/${this.entity}/export?${search}`;
  }

  async #count(): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.size = this.problem = null;
    try {
      this.size = await exportSize(this.#address, signal);
    } catch (error) {
      if (!signal.aborted) this.problem = error instanceof ApiError ? error : new ApiError({ status: 0, code: 'offline' });
    }
  }

  #set(change: Partial<Pick<Export, 'format' | 'encoding'>>): void {
    Object.assign(this, change);
    void this.#count();
  }

  #toggle(name: string, isOn: boolean): void {
    const next = new Set(this.columns);
    if (isOn) next.add(name);
    else next.delete(name);
    this.columns = next;
  }

  #close = (): void => {
    this.#abort.abort();
    this.querySelector('dialog')!.close();
  };

  override render() {
    const formats: Format[] = this.#hasCards ? ['csv', 'xlsx', 'vcf'] : ['csv', 'xlsx'];
    return html`<dialog
      class="dialog"
      aria-labelledby="export-title"
      @mousedown=${(e: Event) => {
        if (e.target === e.currentTarget) this.#close();
      }}
    >
      <div class="dialog-box">
        <header class="dialog-head">
          <h2 class="title" id="export-title">${t('export.title', { name: t(entityOf(this.entity)!.label.many) })}</h2>
          <button class="icon-btn push" aria-label=${t('close')} @click=${this.#close}>${icon('x')}</button>
        </header>
        <div class="dialog-body">
          <div class="field">
            <span class="label" id="export-format">${t('export.format')}</span>
            <span class="seg" role="group" aria-labelledby="export-format"
              >${formats.map((f) => html`<button data-format=${f} aria-pressed=${this.format === f ? 'true' : 'false'} @click=${() => this.#set({ format: f })}>${t(`export.format.${f}`)}</button>`)}</span
            >
          </div>
          ${this.format === 'csv' ? this.#encodings() : nothing}
          ${this.format === 'vcf' ? html`<p class="muted small">${t('export.cards')}</p>` : this.#fields()}
        </div>
        ${this.#foot()}
      </div>
    </dialog>`;
  }

  #encodings() {
    return html`<div class="field">
      <label for="export-encoding">${t('import.encoding')}</label>
      <select
        class="input"
        id="export-encoding"
        @change=${(e: Event) => this.#set({ encoding: (e.target as HTMLSelectElement).value })}
      >
        ${['utf-8', 'windows-1251'].map((v) => html`<option value=${v} ?selected=${v === this.encoding}>${t(`import.enc.${v}`)}</option>`)}
      </select>
      ${this.size?.lost ? html`<span class="help is-warn">${icon('alert')}${t('export.lost', { n: this.size.lost })}</span>` : nothing}
    </div>`;
  }

  #fields() {
    const all = this.#all;
    const isAll = this.columns.size === all.length;
    return html`<fieldset class="checks">
      <legend class="import-h">
        ${t('export.columns')}
        <button class="link small" @click=${() => { this.columns = new Set(isAll ? [] : all); }}>${t(isAll ? 'export.none' : 'export.all')}</button>
      </legend>
      <div class="export-fields">
        ${all.map((name) => {
          const id = `export-${name}`;
          return html`<div class="field is-bool">
            <label for=${id}>${label(this.entity, name)}</label>
            <input class="box" type="checkbox" id=${id} .checked=${this.columns.has(name)} @change=${(e: Event) => this.#toggle(name, (e.target as HTMLInputElement).checked)} />
          </div>`;
        })}
      </div>
    </fieldset>`;
  }

  #foot() {
    const { size, problem } = this;
    const isTooMuch = this.format === 'xlsx' && (size?.rows ?? 0) > SHEET_ROWS;
    const hasColumns = this.format === 'vcf' || this.columns.size > 0;
    const can = size && !isTooMuch && hasColumns;
    const said = problem
      ? problemText(problem)
      : !size
        ? t('export.counting')
        : isTooMuch
          ? t('export.toomuch')
          : size.rows === null
            ? ''
            : t('export.rows', { n: size.rows });
    return html`<footer class="dialog-foot">
      <span class="muted" role="status" data-rows=${size?.rows ?? ''}>${said}</span>
      ${
        can
          ? html`<a class="btn btn-primary push" data-action="download" download href=${this.#address} @click=${() => setTimeout(this.#close)}>${icon('download', 'icon-16')}${t('export.get')}</a>`
          : html`<button class="btn btn-primary push" disabled>${icon('download', 'icon-16')}${t('export.get')}</button>`
      }
    </footer>`;
  }
}

customElements.define('crm-export', Export);
declare global {
  interface HTMLElementTagNameMap {
    'crm-export': Export;
  }
}
