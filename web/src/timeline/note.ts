// The field in which a note is written, a new one or one that is changed: @ mentions a colleague, files are attached.
// What is not sent yet outlives a reload and a lost connection.
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { El, uid } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { avatar, problemText } from '../ui/parts.ts';
import { placeAt } from '../ui/pop.ts';
import '../fields/files.ts';
import { offer } from '../fields/offer.ts';
import { picked } from '../fields/picks.ts';
import { api, ApiError, writeKey } from '../core/api.ts';
import * as drafts from '../core/drafts.ts';
import { t } from '../core/i18n.ts';
import { titleOf } from '../core/meta.ts';
import type { Attachment, Ref, Row } from '../core/types.ts';
import { askedAt, named, stillNamed, type Asked } from './mention.ts';
import { say } from './texts.ts';

const PAUSE = 150,
  HITS = 6;

export class NoteEdit extends El {
  static override properties = {
    notes: {},
    recordId: { attribute: false },
    note: { attribute: false },
    text: { state: true },
    files: { state: true },
    attaches: { state: true },
    asked: { state: true },
    hits: { state: true },
    finding: { state: true },
    said: { state: true },
    at: { state: true },
    busy: { state: true },
    error: { state: true },
  };
  notes = ''; // the entity
  recordId = 0;
  note: Row | null = null; // null: a new one
  text = '';
  files: Attachment[] = [];
  attaches = false;
  asked: Asked | null = null;
  hits: Row[] = [];
  finding = false;
  said = ''; // below the hits
  at = 0;
  busy = false;
  error: ApiError | null = null;
  #chosen: Ref[] = [];
  #key = '';
  #id = uid('note');
  #timer = 0;
  #halt = new AbortController();
  #isMeant = false; // Enter came before the hits did: the first of them is meant

  get #place(): string {
    return this.note ? String(this.note.id) : `on-${this.recordId}`;
  }
  get #area(): HTMLTextAreaElement {
    return this.querySelector('textarea')!;
  }

  override willUpdate(changed: PropertyValues): void {
    if (changed.has('recordId') || changed.has('note') || changed.has('notes')) this.#restore();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  /** What is still on its way is for an older text. */
  #stop(): void {
    clearTimeout(this.#timer);
    this.#halt.abort();
  }

  #restore(): void {
    const draft = drafts.load(this.notes, this.#place);
    const from = draft?.values ?? this.note ?? {};
    this.text = String(from.text ?? '');
    this.files = (from.files as Attachment[] | undefined) ?? [];
    this.#chosen = (from.mentions as Ref[] | undefined) ?? [];
    this.#key = draft?.key ?? '';
    this.attaches = this.files.length > 0;
    this.error = null;
    this.asked = null;
  }

  #keep(): void {
    const isEmpty = !this.note && !this.text && !this.files.length;
    const values = isEmpty ? {} : { text: this.text, files: this.files, mentions: this.#chosen };
    drafts.keep(this.notes, this.#place, { values, base: {}, rev: this.note?.rev ?? 0, key: this.#key });
  }

  override focus(): void {
    this.#area.focus();
  }

  /* ---- mentions ---- */

  #typed(): void {
    this.text = this.#area.value;
    this.#key = ''; // another text is another intention
    this.#keep();
    this.#look();
  }

  #look(): void {
    const asked = askedAt(this.text, this.#area.selectionStart);
    this.#stop();
    this.#isMeant = false;
    this.finding = asked !== null;
    this.said = '';
    this.asked = asked;
    if (!asked) return;
    const { signal } = (this.#halt = new AbortController());
    this.#timer = window.setTimeout(() => void this.#find(asked, signal), asked.text ? PAUSE : 0);
  }

  async #find(asked: Asked, signal: AbortSignal): Promise<void> {
    const search = new URLSearchParams({ limit: String(HITS), lookup: 'user' });
    if (asked.text.trim()) search.set('q', asked.text.trim());
    await offer('user', search, signal, (hits, said, isOver) => {
      if (this.finding) this.at = 0;
      this.hits = hits;
      this.said = said;
      this.finding = !isOver && !hits.length;
      if (this.#isMeant && hits.length) this.#choose(hits[0]!);
      else if (isOver && !hits.length && asked.text.includes(' ')) this.asked = null; // it has become a sentence
    });
  }

  #choose(row: Row): void {
    const name = titleOf('user', row);
    const put = named(this.text, this.asked!, name);
    this.#chosen = [...this.#chosen, { id: row.id, label: name }];
    this.text = put.text;
    this.asked = null;
    this.#stop();
    this.#keep();
    void this.updateComplete.then(() => {
      this.focus();
      this.#area.setSelectionRange(put.caret, put.caret);
    });
  }

  /** For who has no @ at hand: it is put where the caret is. */
  #begin(): void {
    const area = this.#area;
    const caret = area.selectionStart;
    const before = this.text.slice(0, caret);
    const sign = /(^|\s)$/.test(before) ? '@' : ' @';
    this.text = before + sign + this.text.slice(caret);
    void this.updateComplete.then(() => {
      this.focus();
      area.setSelectionRange(caret + sign.length, caret + sign.length);
      this.#typed();
    });
  }

  #keyed(event: KeyboardEvent): void {
    if (!this.asked) {
      if (event.key === 'Escape' && this.note) this.#leave(event);
      return;
    }
    const n = this.finding ? 0 : this.hits.length;
    const isPick = (event.key === 'Enter' || event.key === 'Tab') && !event.ctrlKey && !event.metaKey;
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      this.asked = null;
      this.#stop();
    } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && n) {
      event.preventDefault();
      this.at = (this.at + (event.key === 'ArrowDown' ? 1 : -1) + n) % n;
    } else if (isPick && this.finding && this.asked.text) {
      event.preventDefault();
      this.#isMeant = true;
    } else if (isPick && n) {
      event.preventDefault();
      this.#choose(this.hits[this.at]!);
    }
  }

  #leave(event: Event): void {
    event.preventDefault();
    event.stopPropagation();
    drafts.drop(this.notes, this.#place);
    this.dispatchEvent(new CustomEvent('ui-leave', { bubbles: true }));
  }

  /* ---- sending ---- */

  async send(): Promise<void> {
    if (this.busy || !this.text.trim()) return;
    this.asked = null;
    if (!(await picked())) return;
    this.busy = true;
    this.error = null;
    try {
      const row = await this.#write();
      drafts.drop(this.notes, this.#place);
      if (!this.note) this.#clear();
      this.dispatchEvent(new CustomEvent('ui-sent', { bubbles: true, detail: row }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error;
      this.#keep();
    } finally {
      this.busy = false;
    }
  }

  #write(): Promise<Row> {
    const mentions = stillNamed(this.text, this.#chosen).map((ref) => ref.id);
    const body = { text: this.text.trim(), mentions, files: this.files.map((file) => file.id) };
    if (this.note) return api.save(this.notes, this.note.id, this.note.rev, body);
    this.#key ||= writeKey();
    this.#keep(); // sent again after a reload it is the same note
    return api.create(this.notes, { record: this.recordId, ...body }, this.#key);
  }

  #clear(): void {
    this.text = '';
    this.files = [];
    this.#chosen = [];
    this.#key = '';
    this.attaches = false;
  }

  /* ---- what is seen ---- */

  override updated(): void {
    const pop = this.querySelector<HTMLElement>('.mentions')!;
    const isOpen = this.asked !== null;
    if (isOpen !== pop.matches(':popover-open')) pop.togglePopover(isOpen);
    if (!isOpen) return;
    pop.style.maxHeight = ''; // that of a shorter list
    placeAt(pop, this.#area);
    pop.querySelector('.is-active')?.scrollIntoView({ block: 'nearest' });
  }

  override render() {
    const list = `${this.#id}-list`;
    const isOpen = this.asked !== null;
    return html`<div class="composer ${this.note ? 'is-edit' : ''}">
      <textarea
        class="bare composer-text"
        rows=${this.note ? 3 : 1}
        maxlength="10000"
        aria-label=${say('text')}
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-controls=${list}
        aria-activedescendant=${isOpen && this.hits.length ? `${list}-${this.at}` : nothing}
        placeholder=${say('placeholder')}
        .value=${this.text}
        ?readonly=${this.busy}
        @input=${() => this.#typed()}
        @keydown=${(e: KeyboardEvent) => this.#keyed(e)}
        @click=${() => this.#look()}
        @blur=${() => {
          this.asked = null;
          this.#stop();
        }}
      ></textarea>
      ${this.#list(list)}
      ${
        this.attaches
          ? html`<crm-files
              many
              .value=${this.files}
              @ui-files=${(e: CustomEvent<Attachment[]>) => {
                this.files = e.detail;
                this.#keep();
              }}
            ></crm-files>`
          : nothing
      }
      ${this.error ? html`<p class="is-danger small" role="alert">${this.#why(this.error)}</p>` : nothing}
      ${this.#foot()}
    </div>`;
  }

  #why(error: ApiError): string {
    if (error.isOffline) return say('offline');
    return say('failed', { why: error.problem.fields?.[0]?.detail ?? problemText(error) });
  }

  #list(id: string): TemplateResult {
    const n = this.hits.length;
    const hint = this.said || (n ? '' : this.finding ? t('loading') : say('mention.none'));
    return html`<div class="pop mentions" popover="manual">
        <ul id=${id} role="listbox" aria-label=${say('mention')}>
          ${this.hits.map(
            (row, i) =>
              html`<li
                id="${id}-${i}"
                role="option"
                aria-selected=${i === this.at ? 'true' : 'false'}
                class="menu-item ${i === this.at ? 'is-active' : ''}"
                @mousedown=${(e: Event) => e.preventDefault()}
                @click=${() => this.#choose(row)}
              >
                ${avatar({ id: row.id, label: titleOf('user', row) })}<span class="clip">${titleOf('user', row)}</span>
              </li>`,
          )}
          ${hint ? html`<li class="hint" role="option" aria-disabled="true" aria-selected="false">${hint}</li>` : nothing}
        </ul>
      </div>
      <span class="sr" role="status">${this.asked ? this.said || (this.finding ? '' : n ? say('mention.found', { n }) : say('mention.none')) : ''}</span>`;
  }

  #foot(): TemplateResult {
    const isBlank = !this.text.trim();
    return html`<div class="composer-foot">
      <button
        type="button"
        class="icon-btn"
        data-action="mention"
        aria-label=${say('mention')}
        title=${say('mention')}
        @mousedown=${(e: Event) => e.preventDefault()}
        @click=${() => this.#begin()}
      >
        <span aria-hidden="true">@</span>
      </button>
      <button
        type="button"
        class="icon-btn"
        data-action="attach"
        aria-label=${say('attach')}
        title=${say('attach')}
        aria-expanded=${this.attaches ? 'true' : 'false'}
        @click=${() => {
          this.attaches = !this.attaches || this.files.length > 0;
        }}
      >
        ${icon('upload')}
      </button>
      ${this.note ? nothing : html`<span class="small muted only-desk">${say('hint')}</span>`}
      ${
        this.note
          ? html`<button type="button" class="btn btn-sm push" data-action="leave" @click=${(e: Event) => this.#leave(e)}>
              ${say('cancel')}
            </button>`
          : nothing
      }
      <button
        type="button"
        class="btn btn-sm btn-primary ${this.note ? '' : 'push'}"
        data-action="send"
        ?disabled=${this.busy || isBlank}
        @click=${() => void this.send()}
      >
        ${this.busy ? t('loading') : say(this.note ? 'save' : 'send')}
      </button>
    </div>`;
  }
}

customElements.define('crm-note', NoteEdit);
