// The window in which several records become one: who stays, whose value each field takes, and what will move.
import { html, nothing, render, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { failure, problemText, skeletonRows } from '../ui/parts.ts';
import { isEmpty, label, show } from '../fields/view.ts';
import { same } from '../fields/value.ts';
import { api, ApiError, writeKey } from '../core/api.ts';
import { say } from '../core/batch.ts';
import { fullMoment, moment, number } from '../core/fmt.ts';
import { capital, t } from '../core/i18n.ts';
import { bindKeys, ctrl } from '../core/keys.ts';
import { entityOf, fieldOf, isEditable, ownFields, titleOf } from '../core/meta.ts';
import type { Batch, Row } from '../core/types.ts';

interface Move {
  entity: string;
  field: string;
  count: number;
  approx: boolean;
}

/** Resolves with the record that stayed, or null when nothing was merged. */
export function openMerge(entity: string, ids: number[]): Promise<number | null> {
  const dialog = document.createElement('dialog');
  const opener = document.activeElement as HTMLElement | null;
  dialog.className = 'dialog';
  dialog.setAttribute('aria-labelledby', 'merge-title');
  render(html`<crm-merge class="dialog-box is-wide" .entity=${entity} .ids=${ids}></crm-merge>`, dialog);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (opener?.isConnected) opener.focus();
      done(Number(dialog.returnValue) || null);
    });
  });
}

class Merge extends El {
  static override properties = {
    entity: {},
    ids: { attribute: false },
    rows: { state: true },
    into: { state: true },
    take: { state: true },
    moves: { state: true },
    problem: { state: true },
    refused: { state: true },
    busy: { state: true },
  };
  entity = '';
  ids: number[] = [];
  rows: Row[] | null = null;
  into = 0;
  take: Record<string, number> = {};
  moves: Move[] | null = null;
  problem: ApiError | null = null;
  refused: ApiError | null = null;
  busy = false;
  #key = writeKey();

  override connectedCallback(): void {
    super.connectedCallback();
    this.#off = bindKeys('merge', { merge: { run: () => void this.#merge() } });
    void this.#load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#off();
  }
  #off = () => {};

  async #load(): Promise<void> {
    this.problem = this.refused = this.moves = null;
    try {
      this.rows = await Promise.all(this.ids.map((id) => api.record(this.entity, id)));
      this.into = this.rows.some((row) => row.id === this.into) ? this.into : fullest(this.entity, this.rows);
      await this.#look();
      await this.updateComplete;
      this.querySelector<HTMLElement>('input:checked')?.focus();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = error;
    }
  }

  /** What moves says more than a question; a merge does not wait for it. */
  async #look(): Promise<void> {
    const body = { into: this.into, from: this.#from };
    const page = await api.post<{ moves: Move[] }>(`/${this.entity}/merge/preview`, body);
    this.moves = page.moves;
  }

  get #from(): number[] {
    return this.ids.filter((id) => id !== this.into);
  }

  async #stay(id: number): Promise<void> {
    this.into = id;
    this.take = {};
    this.#key = writeKey();
    await this.#look().catch(() => undefined);
  }

  #choose(name: string, id: number): void {
    this.take = { ...this.take, [name]: id };
    this.#key = writeKey();
  }

  /** Whose value the field takes when nobody chooses: the winner's, else the first there is. */
  #usual(name: string): number {
    const order = [this.into, ...this.#from].map((id) => this.rows!.find((row) => row.id === id)!);
    return (order.find((row) => !isEmpty(row[name])) ?? order[0]).id;
  }

  async #merge(): Promise<void> {
    if (this.busy || !this.rows) return;
    const take = Object.fromEntries(Object.entries(this.take).filter(([name, id]) => id !== this.#usual(name)));
    const revs = Object.fromEntries(this.rows.map((row) => [row.id, row.rev]));
    this.busy = true;
    this.refused = null;
    try {
      const body = { into: this.into, from: this.#from, take, revs };
      const batch = await api.post<Batch>(`/${this.entity}/merge`, body, { 'Idempotency-Key': this.#key });
      void say(batch);
      this.#close(String(this.into));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.refused = error;
      await this.updateComplete;
      this.querySelector<HTMLElement>('[role=alert]')?.scrollIntoView({ block: 'nearest' });
    } finally {
      this.busy = false;
    }
  }

  #close = (value = ''): void => this.closest('dialog')?.close(value);

  override render() {
    return html`<header class="dialog-head">
        <h2 class="title" id="merge-title">${t('merge.title', { name: t(entityOf(this.entity)!.label.many) })}</h2>
        <button class="icon-btn push" aria-label=${t('close')} @click=${() => this.#close()}>${icon('x')}</button>
      </header>
      ${this.problem ? failure(this.problem, () => void this.#load()) : this.rows ? this.#body(this.rows) : skeletonRows(6)}
      ${this.rows && !this.problem ? this.#foot() : nothing}`;
  }

  #body(rows: Row[]) {
    const names = ownFields(this.entity).filter((name) => rows.some((row) => !isEmpty(row[name])));
    const differing = names.filter((name) => rows.some((row) => !same(row[name], rows[0][name])));
    return html`<div class="dialog-body merge" .tabIndex=${-1} data-count=${rows.length}>
      ${this.refused ? this.#refusal(this.refused) : nothing}
      <fieldset class="merge-field is-head">
        <legend class="muted small">${t('merge.stays')}</legend>
        <div class="merge-options">${rows.map((row) => this.#record(row))}</div>
      </fieldset>
      ${differing.map((name) => this.#field(name, rows))}
      ${names.length > differing.length ? html`<p class="muted small">${t('merge.equal', { n: names.length - differing.length })}</p>` : nothing}
    </div>`;
  }

  #refusal(error: ApiError) {
    const again = error.code === 'merge_changed' || error.code === 'merged_already';
    const fields = error.problem.fields ?? [];
    const said = fields.length
      ? fields.map((f) => `${capital(label(this.entity, f.field))}: ${f.detail ?? f.code}`).join(' ')
      : problemText(error);
    return html`<div class="note-bar is-danger-bg" role="alert">
      ${icon('alert', 'icon-16')}<span>${said}</span
      >${again ? html`<button class="btn btn-sm push" @click=${() => void this.#load()}>${t('merge.again')}</button>` : nothing}
    </div>`;
  }

  #record(row: Row) {
    const at = String(row.created_at);
    return html`<label class="merge-option" data-id=${row.id}>
      <input
        type="radio"
        class="box round"
        name="merge-into"
        value=${row.id}
        .checked=${row.id === this.into}
        @change=${() => void this.#stay(row.id)}
      />
      <span class="row-main"
        ><span class="strong clip">${titleOf(this.entity, row)}</span>
        <span class="small muted">№ ${row.id} · <time datetime=${at} title=${fullMoment(at)}>${moment(at)}</time></span></span
      >
    </label>`;
  }

  /** Many values are united; of one value somebody's is taken. */
  #field(name: string, rows: Row[]): TemplateResult {
    const field = fieldOf(this.entity, name)!;
    const fixed = field.many || !isEditable(this.entity, name);
    const taken = this.take[name] ?? this.#usual(name);
    return html`<fieldset class="merge-field" data-field=${name}>
      <legend class="muted small">
        ${capital(label(this.entity, name))}${field.many ? html` <span class="faint">· ${t('merge.united')}</span>` : nothing}
      </legend>
      <div class="merge-options">
        ${rows.map((row) => this.#value(name, row, fixed ? null : taken === row.id, field.many === true))}
      </div>
    </fieldset>`;
  }

  #value(name: string, row: Row, taken: boolean | null, united: boolean) {
    const text = html`<span class="row-main">${values(this.entity, name, row)}</span>`;
    if (taken === null)
      return html`<div class="merge-option is-fixed ${united || row.id === this.#usual(name) ? '' : 'is-off'}">${text}</div>`;
    return html`<label class="merge-option">
      <input
        type="radio"
        class="box round"
        name="merge-${name}"
        value=${row.id}
        .checked=${taken}
        @change=${() => this.#choose(name, row.id)}
      />${text}
    </label>`;
  }

  #foot() {
    const moved = this.moves?.map((m) => `${capital(t(entityOf(m.entity)?.label.many ?? m.entity))} — ${number(m.count)}${m.approx ? '+' : ''}`);
    const said = !moved ? '' : moved.length ? t('merge.moves', { list: moved.join(', ') }) : t('merge.moves.none');
    return html`<footer class="dialog-foot">
      <span class="muted merge-moves" role="status">${said}</span>
      <button class="btn push" @click=${() => this.#close()}>${t('cancel')}</button>
      <button class="btn btn-primary" data-action="do-merge" ?disabled=${this.busy} @click=${() => void this.#merge()}>
        ${icon('merge', 'icon-16')}${t('merge.do', { n: this.ids.length })}<span class="kbd only-desk">${ctrl()} Enter</span>
      </button>
    </footer>`;
  }
}

/** All of them, as text: a link would lead away from the choice. */
function values(entity: string, name: string, row: Row) {
  const value = row[name];
  if (isEmpty(value)) return html`<span class="faint">${t('none')}</span>`;
  const parts = Array.isArray(value) ? value : [value];
  return parts.map((one) => html`<span>${show({ entity, name, row: { ...row, [name]: one }, place: 'text' })}</span>`);
}

/** The record with most to tell stays; of equals the older one. */
function fullest(entity: string, rows: Row[]): number {
  const filled = (row: Row) => ownFields(entity).filter((name) => !isEmpty(row[name])).length;
  return [...rows].sort((a, b) => filled(b) - filled(a) || a.id - b.id)[0].id;
}

customElements.define('crm-merge', Merge);
