// The timeline of a record: what happened about it, the newest first, by day, with the field for a new note kept in
// sight. It is drawn from what /meta says of the entity's timeline: kinds that join it need nothing here.
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { empty, failure, problemText, skeletonRows } from '../ui/parts.ts';
import { isOnTop } from '../ui/pop.ts';
import { toast } from '../ui/toast.ts';
import { api, ApiError } from '../core/api.ts';
import { date, dayNumber } from '../core/fmt.ts';
import { capital, lang, t } from '../core/i18n.ts';
import { bindKeys } from '../core/keys.ts';
import { entityOf, meta } from '../core/meta.ts';
import { Watch } from '../core/store.ts';
import type { Row } from '../core/types.ts';
import { change, joined, note, notTold, words } from './item.ts';
import { keyOf, Timeline, type Item } from './model.ts';
import './note.ts';
import './overdue.ts';
import type { NoteEdit } from './note.ts';
import { say } from './texts.ts';

const CHANGES = ['stage', 'file', 'change'];

class Feed extends El {
  static override properties = {
    entity: {},
    recordId: { attribute: false },
    editing: { state: true },
    whole: { state: true },
    said: { state: true },
  };
  entity = '';
  recordId = 0;
  editing: number | null = null; // the note that is being changed
  whole = new Set<string>(); // changes that are shown to their end
  said = '';
  #model: Timeline | null = null;
  #watch = new Watch(this, lang, meta);
  #off = () => {};

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    const isHere = () => this.isConnected && isOnTop(this) && this.#mayWrite;
    this.#off = bindKeys(
      'note',
      {
        write: { run: () => this.#composer?.focus() },
        send: { run: () => void this.#focused?.send(), now: () => !!this.#focused },
      },
      isHere,
    );
    if (this.#model) this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#off();
    this.#model?.stop();
  }

  override willUpdate(changed: PropertyValues): void {
    if (changed.has('entity') || changed.has('recordId')) this.#begin();
  }

  #begin(): void {
    this.#model?.stop();
    this.editing = null;
    this.whole = new Set();
    this.#model = new Timeline(this.entity, this.recordId, () => this.requestUpdate());
  }

  get #about() {
    return entityOf(this.entity)?.timeline;
  }
  get #mayWrite(): boolean {
    return !!this.#about?.notes;
  }
  get #composer(): NoteEdit | null {
    return this.querySelector<NoteEdit>(':scope > crm-note');
  }
  get #focused(): NoteEdit | null {
    return (document.activeElement?.closest('crm-note') as NoteEdit | null) ?? null;
  }

  /* ---- notes ---- */

  #sent(row: Row, text: 'sent' | 'save'): void {
    const names = row.not_told ? notTold(row) : [];
    this.editing = null;
    this.said = say('sent');
    if (names.length)
      toast({
        text: say('not.told', { n: names.length, names: names.map((ref) => ref.label ?? '').join(', ') }),
        icon: 'eye-off',
        kind: 'warn',
      });
    else if (text === 'save') toast({ text: say('sent'), icon: 'check', kind: 'ok' });
    void this.#model!.load();
  }

  async #try(run: () => Promise<unknown>): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast({ text: problemText(error), icon: 'alert', kind: 'danger' });
      return false;
    } finally {
      void this.#model?.load();
    }
  }

  async #remove(item: Item): Promise<void> {
    const path = `/${item.entity}/${item.id}`;
    if (!(await this.#try(() => api.del(path)))) return;
    this.#model?.drop(item);
    this.focusFeed();
    const back = () => void this.#try(() => api.post(`${path}/restore`));
    toast({ text: say('removed'), icon: 'trash', action: { label: t('batch.undo'), run: back } });
  }

  /** The focus stays in the timeline when the button that had it goes. */
  focusFeed(): void {
    if (document.activeElement === document.body) this.querySelector<HTMLElement>('.feed')?.focus();
  }

  async #pin(item: Item): Promise<void> {
    const pinned = !item.record!.pinned;
    const done = await this.#try(() => api.save(item.entity!, item.id!, item.record!.rev, { pinned }));
    if (done) this.said = say(pinned ? 'pinned.done' : 'unpinned.done');
  }

  #button(item: Item, action: string, mark: string, text: string, run: () => void): TemplateResult {
    return html`<button class="btn btn-sm btn-ghost" data-action=${action} data-note=${item.id!} @click=${run}>
      ${icon(mark, 'icon-16')}${text}
    </button>`;
  }

  #foot(item: Item): TemplateResult | typeof nothing {
    const can = item.can ?? [];
    if (!can.length) return nothing;
    const edit = () => {
      this.editing = item.id!;
      void this.updateComplete.then(() => this.querySelector<NoteEdit>('.event crm-note')?.focus());
    };
    return html`<div class="event-foot">
      ${can.includes('edit') ? this.#button(item, 'edit', 'edit', say('change'), edit) : nothing}
      ${can.includes('pin') ? this.#button(item, 'pin', 'up', say(item.record!.pinned ? 'unpin' : 'pin'), () => void this.#pin(item)) : nothing}
      ${can.includes('delete') ? this.#button(item, 'remove', 'trash', say('remove'), () => void this.#remove(item)) : nothing}
    </div>`;
  }

  #edit(item: Item): TemplateResult {
    return html`<crm-note
      .notes=${item.entity!}
      .recordId=${this.recordId}
      .note=${item.record!}
      @ui-sent=${(e: CustomEvent<Row>) => this.#sent(e.detail, 'save')}
      @ui-leave=${() => {
        this.editing = null;
      }}
    ></crm-note>`;
  }

  /* ---- what is seen ---- */

  override render() {
    const model = this.#model!;
    return html`${this.#mayWrite ? this.#field() : nothing}
      <div class="sr" role="status">${this.said}</div>
      <div class="feed-body"><h2 class="sr">${t('card.timeline')}</h2><crm-overdue .entity=${this.entity} .recordId=${this.recordId}></crm-overdue>${this.#kinds(model)}${this.#pinned(model)}${this.#body(model)}</div>`;
  }

  #field(): TemplateResult {
    return html`<crm-note
      .notes=${this.#about!.notes!}
      .recordId=${this.recordId}
      @ui-sent=${(e: CustomEvent<Row>) => this.#sent(e.detail, 'sent')}
    ></crm-note>`;
  }

  #kinds(model: Timeline): TemplateResult | typeof nothing {
    const kinds = this.#about?.kinds ?? [];
    if (kinds.length < 2) return nothing;
    const one = (kinds: string[], name: string, isOn: boolean) =>
      html`<button class="btn btn-sm" data-kind=${kinds.join(',') || 'all'} aria-pressed=${isOn ? 'true' : 'false'} @click=${() => model.only(kinds)}>
        ${name}
      </button>`;
    return html`<div class="kinds" role="group" aria-label=${say('kinds')}>
      ${one([], say('all'), !model.kinds.length)}
      ${kinds.map(({ kind, label }) => one([kind], capital(t(label)), model.kinds.includes(kind)))}
    </div>`;
  }

  #pinned(model: Timeline): TemplateResult | typeof nothing {
    if (!model.pinned.length) return nothing;
    return html`<section class="pinned" aria-label=${say('pinned')}>
      <p class="small muted">${say('pinned')}</p>
      ${model.pinned.map((item) => html`<div class="pinned-note" data-pinned=${item.id!}>${words(item.record!)}<span class="small muted">${item.by?.label ?? ''}</span></div>`)}
    </section>`;
  }

  #body(model: Timeline): TemplateResult {
    if (model.state === 'loading') return skeletonRows(4);
    if (model.state === 'error') return failure(model.error!, () => model.only(model.kinds));
    if (!model.items.length) return this.#empty(model);
    let day = NaN;
    return html`<div class="feed" tabindex="-1">
        ${repeat(model.items, keyOf, (item) => {
          const own = dayNumber(Date.parse(item.at));
          const head = own === day ? nothing : html`<h3 class="day">${capital(date(new Date(own * 86400000).toISOString().slice(0, 10)))}</h3>`;
          day = own;
          return html`${head}${this.#item(item)}`;
        })}
      </div>
      ${model.error ? html`<p class="is-danger small" role="alert">${problemText(model.error)}</p>` : nothing}
      ${model.next ? html`<p class="more"><button class="btn btn-sm" data-action="more" ?disabled=${model.isBusy} @click=${() => void model.more()}>${t('list.more')}</button></p>` : nothing}`;
  }

  #empty(model: Timeline): TemplateResult {
    if (!model.kinds.length) return empty('note', say('empty'), this.#mayWrite ? say('empty.text') : '');
    return empty(
      'filter',
      say('empty.kinds'),
      '',
      html`<button class="btn" data-action="all" @click=${() => model.only([])}>${say('show.all')}</button>`,
    );
  }

  #item(item: Item): TemplateResult {
    if (item.kind === 'note') return note(item, this.#foot(item), this.editing === item.id ? this.#edit(item) : null);
    if (!CHANGES.includes(item.kind)) return joined(item);
    const key = keyOf(item);
    const isWhole = this.whole.has(key);
    return change(this.entity, item, isWhole, () => {
      this.whole = new Set([...this.whole, key].filter((one) => !isWhole || one !== key));
    });
  }
}

customElements.define('crm-timeline', Feed);
