// What a record is made of, as a table to type into: on the card, at any width. Enter goes to the same cell of the next
// row; a new row comes from a search, from a scanned code, or blank.
import { html, nothing, svg, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { shapes } from '../ui/icon-shapes.ts';
import { failure, problemText, skeletonRows } from '../ui/parts.ts';
import { isOnTop } from '../ui/pop.ts';
import { toast } from '../ui/toast.ts';
import { toApi } from '../fields/value.ts';
import { type Combo } from '../fields/combo.ts';
import { errorText } from '../fields/edit.ts';
import { label, show, isNumeric } from '../fields/view.ts';
import { api, ApiError } from '../core/api.ts';
import { number } from '../core/fmt.ts';
import { capital, lang, t } from '../core/i18n.ts';
import { entityOf, fieldOf, isEditable, may, meta, titleOf } from '../core/meta.ts';
import { openCard } from '../core/router.ts';
import { Watch } from '../core/store.ts';
import type { FieldError, Ref, Row, TableView } from '../core/types.ts';
import { canScan, scanWithCamera } from './camera.ts';
import { addUp } from './decimal.ts';
import { MOST, PartRows } from './model.ts';
import { Scanning } from './scan.ts';
import { say } from './texts.ts';
import { listenToScanner } from './wedge.ts';

shapes.scan = svg`<path d="M4 8V5.5A1.5 1.5 0 0 1 5.5 4H8M16 4h2.5A1.5 1.5 0 0 1 20 5.5V8M20 16v2.5a1.5 1.5 0 0 1-1.5 1.5H16M8 20H5.5A1.5 1.5 0 0 1 4 18.5V16M8 8.5v7M11 8.5v7M13.5 8.5v7M16 8.5v7"/>`;

declare const PARTS_CSS: string; // the build puts the address of the styles here

function loadStyles(): Promise<void> {
  const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: PARTS_CSS });
  return new Promise((resolve) => {
    link.onload = link.onerror = () => resolve();
    document.head.append(link);
  });
}
export const styled = loadStyles();

const BLANK: Row = { id: 0, rev: 0, _can: ['update'] };

class Parts extends El {
  static override properties = { entity: {}, by: {}, whole: { attribute: false }, said: { state: true } };
  entity = '';
  by = '';
  whole: Row = BLANK;
  said = '';
  #rows: PartRows | null = null;
  #scanning: Scanning | null = null;
  #watch = new Watch(this, lang, meta);
  #off = () => {};

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    const isMeant = () => !!this.#view.scan && this.#canAdd && isOnTop(this) && this.checkVisibility();
    this.#off = listenToScanner(isMeant, (code) => this.#scanning?.take(code));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#off();
    this.#rows?.stop();
    this.#rows = null;
  }

  override willUpdate(): void {
    if (this.#rows?.entity === this.entity && this.#rows.whole === this.whole.id) return;
    this.#rows?.stop();
    this.#rows = new PartRows(this.entity, this.by, this.whole.id, () => this.requestUpdate());
    const { scan } = this.#view;
    this.#scanning = scan ? new Scanning(this.#rows, scan, (text) => this.#tell(text)) : null;
  }

  get #view(): TableView {
    return entityOf(this.entity)?.views?.table ?? { columns: [] };
  }
  get #canAdd(): boolean {
    return may(this.whole, 'update') && !!entityOf(this.entity)?.can.create;
  }

  #tell(text: string): void {
    this.said = text;
    this.requestUpdate();
  }

  override render() {
    const { records, isAdding } = this.#rows!;
    const many = capital(t(entityOf(this.entity)!.label.many));
    const rows = isAdding ? [...records.rows, BLANK] : records.rows;
    return html`<section class="block parts" data-parts=${this.entity} tabindex="-1">
      <div class="block-head">
        <h2>${many}</h2>
        ${records.rows.length ? html`<span class="count">${records.rows.length}</span>` : nothing}
        <span class="push parts-acts">${this.#acts()}</span>
      </div>
      ${this.#above()} ${this.#body(rows, many)} ${this.#adding()} ${records.rows.length ? this.#totals(records.rows) : nothing}
      <p class="small muted" role="status">${this.said}</p>
      ${this.#scanning?.unknown ? this.#unknown(this.#scanning.unknown) : nothing}
    </section>`;
  }

  get #of(): string {
    return fieldOf(this.entity, this.by)!.to!;
  }

  /** What of the whole decides over its parts. */
  #above(): TemplateResult | typeof nothing {
    const names = (this.#view.whole ?? []).filter((name) => isEditable(this.#of, name));
    if (!names.length || !may(this.whole, 'update')) return nothing;
    return html`<div class="part-whole">
      ${names.map(
        (name) =>
          html`<crm-field
            .entity=${this.#of}
            .name=${name}
            .field=${fieldOf(this.#of, name)!}
            .value=${this.whole[name] ?? null}
            .error=${this.#wrong?.field === name ? this.#wrong : null}
            @ui-change=${(e: CustomEvent<{ value: unknown }>) => void this.#change(name, e.detail.value)}
          ></crm-field>`,
      )}
    </div>`;
  }
  #wrong: FieldError | null = null;

  async #change(name: string, value: unknown): Promise<void> {
    const patch = { [name]: toApi(fieldOf(this.#of, name)!, value) };
    try {
      this.whole = await api.patch<Row>(`/${this.#of}/${this.whole.id}`, patch);
      this.#wrong = null;
      await this.#rows!.records.load();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const first = error.problem.fields?.[0];
      this.#wrong = { field: name, code: error.code, detail: first ? errorText(first) : problemText(error) };
    }
    this.requestUpdate();
  }

  #body(rows: Row[], many: string): TemplateResult {
    const { records } = this.#rows!;
    if (records.state === 'loading') return skeletonRows(3);
    if (records.state === 'error') return failure(records.error!, () => void records.load());
    if (!rows.length) return html`<p class="faint">${say('empty')}</p>`;
    const { columns } = this.#view;
    return html`<div class="part-table" role="table" aria-label=${many}>
        <div class="part-row part-head" role="row">
          ${columns.map((name) => html`<span class="part-cell ${this.#kind(name)}" role="columnheader">${label(this.entity, name)}${fieldOf(this.entity, name)?.type === 'percent' ? ', %' : ''}</span>`)}
          <span class="part-end" role="columnheader"><span class="sr">${t('more')}</span></span>
        </div>
        ${repeat(
          rows,
          (row) => row.id,
          (row) => this.#row(row),
        )}
      </div>
      ${records.next ? html`<p class="faint">${say('more', { n: MOST })}</p>` : nothing}`;
  }

  /** Texts and references take the room that numbers leave. */
  #kind(name: string): string {
    const field = fieldOf(this.entity, name);
    const isMain = name === entityOf(this.entity)!.title || field?.type === 'ref';
    return `${isMain ? 'is-main' : ''} ${isNumeric(field) ? 'is-number' : ''} is-${field?.type}`;
  }

  #row(row: Row): TemplateResult {
    const typing = this.#rows!.typing(row.id);
    const name = titleOf(this.entity, row);
    return html`<div class="part-row" role="row" data-id=${row.id} aria-busy=${typing.saving ? 'true' : 'false'}>
      ${this.#view.columns.map((column) => this.#cell(row, column, typing.errors))}
      <span class="part-end" role="cell"
        >${
          may(row, 'delete') || !row.id
            ? html`<button
                class="icon-btn icon-btn-sm"
                data-action="remove-part"
                aria-label=${say('remove', { name })}
                @click=${() => void this.#remove(row)}
              >
                ${icon('x', 'icon-16')}
              </button>`
            : nothing
        }</span
      >
      ${this.#problem(typing.errors, typing.problem)}
    </div>`;
  }

  #cell(row: Row, name: string, errors: FieldError[]): TemplateResult {
    const can = may(row, 'update') && isEditable(this.entity, name);
    const isTyped = name in this.#rows!.typing(row.id).values;
    return html`<div class="part-cell ${this.#kind(name)} ${isTyped ? 'is-typed' : ''}" role="cell" data-cell=${name}>
      ${can ? this.#editor(row, name, errors) : this.#shown(row, name)}
    </div>`;
  }

  #shown(row: Row, name: string): TemplateResult {
    const value = show({ entity: this.entity, name, row: this.#priced(this.#rows!.shown(row)), place: 'cell' });
    return html`<span class="part-label">${label(this.entity, name)}</span
      ><span class="part-value num">${value === nothing ? '—' : value}</span>`;
  }

  /** Money of parts is in the currency of the whole. */
  #priced(row: Row): Row {
    return { currency: this.whole.currency, ...row };
  }

  #editor(row: Row, name: string, errors: FieldError[]): TemplateResult {
    const rows = this.#rows!;
    const error = errors.find((e) => e.field === name) ?? null;
    return html`<crm-field
      .entity=${this.entity}
      .name=${name}
      .field=${fieldOf(this.entity, name)!}
      .value=${rows.value(row, name) ?? null}
      .error=${error && this.#worded(row, error)}
      @ui-change=${(e: CustomEvent<{ value: unknown }>) => rows.set(row, name, e.detail.value)}
      @focusout=${(e: FocusEvent) => this.#left(row, e)}
      @keydown=${(e: KeyboardEvent) => this.#key(row, name, e)}
    ></crm-field>`;
  }

  #worded(row: Row, error: FieldError): FieldError {
    if (error.code !== 'stale') return error;
    const value = show({ entity: this.entity, name: error.field, row: this.#priced(row), place: 'text' });
    return { ...error, detail: say('stale', { value: value === nothing ? '—' : value }) };
  }

  /** What is wrong with a field that is no column here, or with all of it. */
  #problem(errors: FieldError[], problem: ApiError | null): TemplateResult | typeof nothing {
    const other = errors.find((e) => !this.#view.columns.includes(e.field));
    const isTold = errors.length && !other;
    if (!problem || isTold) return nothing;
    const why = other ? errorText(other) : problemText(problem);
    return html`<div class="part-problem is-danger" role="cell">
      <span role="alert">${icon('alert', 'icon-16')}${say('failed', { why })}</span>
    </div>`;
  }

  #left(row: Row, event: FocusEvent): void {
    const cell = event.currentTarget as Element;
    const place = row.id ? cell : cell.closest('.part-row')!; // a new row is left as a whole
    if (!place.contains(event.relatedTarget as Node | null)) void this.#rows!.commit(row);
  }

  #key(row: Row, name: string, event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === 'Escape' && name in this.#rows!.typing(row.id).values) {
      event.preventDefault();
      event.stopPropagation();
      this.#rows!.revert(row, name);
    } else if (event.key === 'Enter' && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      void this.#enter(row, name);
    }
  }

  async #enter(row: Row, name: string): Promise<void> {
    const ids = [...this.#rows!.records.rows.map((r) => r.id), ...(this.#rows!.isAdding ? [0] : [])];
    const next = ids[ids.indexOf(row.id) + 1];
    const saved = await this.#rows!.commit(row);
    if (!saved) return;
    await this.updateComplete;
    const below = next === undefined ? null : this.querySelector(`[data-id="${next}"] [data-cell="${name}"] crm-field`);
    const to = (below ?? this.querySelector('.part-add')) as HTMLElement | null;
    const input = to?.querySelector<HTMLInputElement>('input, select, textarea, button');
    input?.focus();
    if (below && input instanceof HTMLInputElement) input.select();
  }

  /* ---- new rows ---- */

  #adding(): TemplateResult | typeof nothing {
    const { scan } = this.#view;
    if (!this.#canAdd || this.#rows!.records.state === 'loading') return nothing;
    const blank = html`<button class="btn btn-sm btn-ghost" data-action="add-part" @click=${() => void this.#blank()}>
      ${icon('plus', 'icon-16')}${say('add')}
    </button>`;
    if (!scan) return html`<div class="part-add">${this.#rows!.isAdding ? nothing : blank}</div>`;
    return html`<div class="part-add">
      <crm-combo
        class="part-find"
        .entity=${fieldOf(this.entity, scan.into)!.to!}
        .lookup=${fieldOf(this.entity, scan.into)!.lookup ? `${this.entity}.${scan.into}` : ''}
        .value=${null}
        .labelText=${say('add.find')}
        .hint=${say('add.find')}
        @ui-pick=${(e: CustomEvent<Ref | null>) => void this.#picked(e)}
      ></crm-combo>
      ${canScan() ? html`<button class="icon-btn" data-action="camera" aria-label=${say('camera')} title=${say('camera')} @click=${() => void scanWithCamera((code) => this.#scanning!.take(code))}>${icon('scan')}</button>` : nothing}
      ${this.#rows!.isAdding ? nothing : blank}
    </div>`;
  }

  async #picked(event: CustomEvent<Ref | null>): Promise<void> {
    event.stopPropagation();
    const combo = event.currentTarget as Combo;
    const ref = event.detail;
    combo.value = null;
    if (ref) await this.#scanning!.addNew(ref);
  }

  async #blank(): Promise<void> {
    this.#rows!.isAdding = true;
    this.requestUpdate();
    await this.updateComplete;
    await new Promise(requestAnimationFrame); // the fields draw themselves
    this.querySelector<HTMLElement>('[data-id="0"] :is(input, select)')?.focus();
  }

  #unknown(code: string): TemplateResult {
    const { scan } = this.#view;
    const target = fieldOf(this.entity, scan!.into)!.to!;
    const create = () => openCard(target, 'new', `?${scan!.by[0]}=${encodeURIComponent(code)}`);
    return html`<div class="note-bar is-warn-bg" role="alert" data-unknown=${code}>
      ${icon('alert', 'icon-16')}<span>${say('scan.unknown', { code })}</span>
      ${entityOf(target)?.can.create ? html`<button class="btn btn-sm push" data-action="create-scanned" @click=${create}>${say('scan.create')}: ${t(entityOf(target)!.label.one)}</button>` : nothing}
      <button class="icon-btn icon-btn-sm" aria-label=${t('close')} @click=${() => this.#scanning!.forget()}>${icon('x', 'icon-16')}</button>
    </div>`;
  }

  async #remove(row: Row): Promise<void> {
    const name = titleOf(this.entity, row);
    if (!(await this.#rows!.remove(row)) || !row.id) return;
    const rows = this.#rows!;
    const back = () => void rows.restore(row).catch(() => undefined);
    toast({ text: say('removed', { name }), icon: 'trash', action: { label: say('undo'), run: back } });
  }

  /* ---- below and above ---- */

  #totals(rows: Row[]): TemplateResult | typeof nothing {
    const names = this.#view.totals ?? [];
    if (!names.length) return nothing;
    return html`<dl class="part-totals">
      ${names.map((name) => {
        const sum = addUp(
          rows.map((row) => this.#rows!.shown(row)[name]),
          fieldOf(this.entity, name)!.scale ?? 2,
        );
        const row = this.#priced({ ...BLANK, [name]: sum });
        return html`<div data-total=${name}>
          <dt>${label(this.entity, name)}</dt>
          <dd class="num">${show({ entity: this.entity, name, row, place: 'cell' })}</dd>
        </div>`;
      })}
    </dl>`;
  }

  #acts(): TemplateResult[] {
    if (!may(this.whole, 'update') || !this.#rows!.records.rows.length) return [];
    return (this.#view.acts ?? []).map(
      (act) =>
        html`<button class="btn btn-sm btn-ghost" data-act=${act} @click=${() => void this.#act(act)}>
          ${icon('refresh', 'icon-16')}${t(`${this.entity}.a.${act}`)}
        </button>`,
    );
  }

  async #act(act: string): Promise<void> {
    const path = `/${this.entity.replace('.', '/')}/${act}/${this.whole.id}`;
    try {
      const { changed } = await api.post<{ changed?: number }>(path);
      await this.#rows!.records.load();
      if (changed !== undefined) this.#tell(say('updated', { n: changed }));
      toast({ text: this.said || number(changed), icon: 'check', kind: 'ok' });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const first = error.problem.fields?.[0];
      toast({ text: first ? errorText(first) : problemText(error), icon: 'alert', kind: 'danger' });
    }
  }
}

customElements.define('crm-parts', Parts);
