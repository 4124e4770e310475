// A record: what it is, at which stage, its fields, what hangs on it and what happened to it. As a layer over a list
// it is one column with tabs; as a page it is three columns.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { empty, failure, person, problemText, skeletonRows } from '../ui/parts.ts';
import { loaded } from '../ui/later.ts';
import { toast } from '../ui/toast.ts';
import { isOnTop, toggleAt, walkMenu } from '../ui/pop.ts';
import './related.ts';
import { CardModel } from './card-model.ts';
import { conflicts, extra, section, summaryOf } from './card-fields.ts';
import { nextMove, otherMoves, steps } from './stages.ts';
import { tabList, type Tab } from './card-tabs.ts';
import { frames, slots } from '../plugins/part.ts';
import { parts, partsOf } from '../parts/slot.ts';
import { openTell } from '../tell/open.ts';
import { timeline } from '../timeline/part.ts';
import { slot } from '../ui/slot.ts';
import { picked } from '../fields/picks.ts';
import { label, show } from '../fields/view.ts';
import { api } from '../core/api.ts';
import { capital, lang, t } from '../core/i18n.ts';
import { bindKeys, ctrl } from '../core/keys.ts';
import {
  entityOf,
  fieldOf,
  may,
  meta,
  ownerOf,
  ownFields,
  stageField,
  stageOf,
  titleOf,
} from '../core/meta.ts';
import { narrow } from '../core/narrow.ts';
import { closeCard, go, openCard, place } from '../core/router.ts';
import { Watch } from '../core/store.ts';
import type { Ref } from '../core/types.ts';

/** Asked for with the first card whose duplicates are found; it fills the place that the card has drawn for it. */
let duplicates: Promise<unknown> | null = null;
const history = slot('crm-history', () => import('./history.ts'));

class Card extends El {
  static override properties = {
    entity: {},
    recordId: { attribute: false },
    layer: { type: Boolean },
    tab: { state: true },
    mid: { state: true },
  };
  entity = '';
  recordId = 0;
  layer = false;
  tab: Tab = 'fields';
  mid: Tab = 'history'; // of a page, which shows the others at once
  #model: CardModel | null = null;
  #watch = new Watch(this, meta, lang, narrow);
  #off = () => {};

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    const mine = () => this.isConnected && (this.layer || !place.value.under) && isOnTop(this);
    const may = () => !!this.#model?.canEdit;
    this.#off = bindKeys(
      'card',
      {
        edit: { run: () => this.#edit(), may },
        save: { run: () => void this.#save(), may },
        note: { run: () => this.#write(), may: () => this.#mayWrite },
        close: { run: () => closeCard(), now: () => !this.layer }, // a layer is closed by its dialog
      },
      mine,
    );
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#off();
    this.#model?.stop();
    this.#model = null;
  }

  override willUpdate(): void {
    if (this.#model?.entity === this.entity && this.#model.id === this.recordId) return;
    this.#model?.stop();
    this.tab = 'fields';
    this.mid = entityOf(this.entity)?.timeline ? 'timeline' : partsOf(this.entity).length ? 'parts' : 'history';
    this.#model = new CardModel(this.entity, this.recordId, () => this.requestUpdate());
  }

  #names(): string[] {
    const card = entityOf(this.entity)?.views?.card;
    const listed = [...(card?.header ?? []), ...(card?.sections ?? []).flatMap((s) => s.fields)];
    return listed.length ? [...new Set(listed)] : ownFields(this.entity);
  }

  #edit(): void {
    this.tab = 'fields';
    this.#model?.edit(this.#names());
  }

  /** The page shows the middle one of its columns as a tab, a layer and a phone all of them. */
  get #isPage(): boolean {
    return !this.layer && !narrow.value;
  }

  /** The timeline, once it is shown, takes the key itself. */
  get #mayWrite(): boolean {
    const isShown = (this.#isPage ? this.mid : this.tab) === 'timeline';
    return !isShown && !!entityOf(this.entity)?.timeline?.notes && this.#model?.state === 'ready';
  }

  #write(): void {
    this.tab = this.mid = 'timeline';
    this.#isWriting = true;
  }
  #isWriting = false;

  override updated(): void {
    if (this.#isWriting) void this.#toNote();
  }

  /** The timeline is a file of its own, and draws its field after itself. */
  async #toNote(): Promise<void> {
    const feed = this.querySelector<El>('crm-timeline');
    if (!feed || !customElements.get('crm-timeline')) return;
    this.#isWriting = false;
    await feed.updateComplete;
    const field = feed.querySelector<El>(':scope > crm-note');
    await field?.updateComplete;
    field?.focus();
  }

  async #save(): Promise<void> {
    const model = this.#model!;
    if (!(await picked())) return;
    const saved = await model.save();
    if (!saved) this.tab = 'fields';
    await this.updateComplete;
    if (saved) this.#said = t('card.saved');
    else this.querySelector<HTMLElement>('.summary, .conflicts')?.focus();
    this.requestUpdate();
  }
  #said = '';

  async #move(stage: string): Promise<void> {
    const model = this.#model!;
    const moved = await model.moveTo(stage);
    if (!moved) this.tab = 'fields';
    await this.updateComplete;
    if (moved) this.#said = t('card.moved', { stage: t(stageOf(this.entity, model.record!)?.l ?? stage) });
    else
      this.querySelector<HTMLElement>('.is-invalid input, .is-invalid select, .is-invalid textarea')?.focus();
    this.requestUpdate();
  }

  async #remove(): Promise<void> {
    const name = titleOf(this.entity, this.#model!.record!);
    if (!(await this.#model!.remove())) return;
    const id = this.recordId,
      entity = this.entity;
    const back = () => void api.post(`/${entity}/${id}/restore`).catch(() => undefined);
    toast({ text: t('card.removed', { name }), icon: 'trash', action: { label: t('batch.undo'), run: back } });
    if (this.layer) closeCard();
    else go(`/e/${this.entity}`);
  }

  async #copy(): Promise<void> {
    const file = await loaded(import('./copy.ts'));
    await file?.copy(this.entity, this.recordId, this.layer);
  }

  /** The record that stayed takes the place of one that went. */
  #merged(into: number): void {
    if (into === this.recordId) void this.#model?.load();
    else if (this.layer) openCard(this.entity, into);
    else go(`/e/${this.entity}/${into}`, { replace: true });
  }

  override render() {
    const model = this.#model!;
    if (model.state === 'loading') return html`${this.#head(null)}${skeletonRows(8)}`;
    if (model.state === 'error')
      return html`${this.#head(null)}${failure(model.error!, () => void model.load(), !this.layer)}`;
    if (model.state === 'gone') return html`${this.#head(null)}${this.#gone()}`;
    if (model.record!.hidden) return html`${this.#head(null)}${this.#hidden()}`;
    if (model.record!.foreign) return html`${this.#head(null)}${this.#foreign()}`;
    if (!this.layer) document.title = `${titleOf(this.entity, model.record!)} — ${meta.value?.title ?? ''}`;
    const page = this.#isPage;
    return html`<article
      class="card ${page ? 'is-page' : 'is-layer'}"
      data-entity=${this.entity}
      data-id=${this.recordId}
    >
      ${this.#head(model)}
      <div class="deal-head">${this.#title(model)}${steps(model, (stage) => void this.#move(stage))}</div>
      <div class="sr" role="status">${this.#said}</div>
      ${page ? this.#columns(model) : this.#tabs(model)} ${this.#saveBar(model)}
    </article>`;
  }

  #head(model: CardModel | null) {
    const entity = entityOf(this.entity)!;
    return html`<header class="head">
      ${
        this.layer
          ? html`<span class="muted num">${capital(t(entity.label.one))} № ${this.recordId}</span>`
          : html`<a class="icon-btn only-phone" href="/e/${this.entity}" aria-label=${t('back')}
                >${icon('left')}</a
              >
              <span class="muted inline-4"
                ><a class="link only-desk" href="/e/${this.entity}">${capital(t(entity.label.many))}</a
                ><span class="only-desk">${icon('right', 'icon-16')}</span
                ><span class="num"
                  ><span class="only-phone">${capital(t(entity.label.one))} </span>№ ${this.recordId}</span
                ></span
              >`
      }
      <div class="actions">
        ${model ? this.#menu(model) : nothing}
        ${
          this.layer
            ? html`<a
                  class="icon-btn only-desk"
                  href="/e/${this.entity}/${this.recordId}"
                  aria-label=${t('card.page')}
                  title=${t('card.page')}
                  >${icon('open')}</a
                >
                <button class="icon-btn" aria-label=${t('close')} @click=${() => closeCard()}>
                  ${icon('x')}
                </button>`
            : nothing
        }
      </div>
    </header>`;
  }

  #menu(model: CardModel) {
    const moves = otherMoves(model);
    const items = [
      ...moves.map(
        (stage) =>
          html`<button class="menu-item" data-move=${stage.v} @click=${() => void this.#move(stage.v)}>
            ${icon('arrow', 'icon-16')}${t('card.move', { stage: t(stage.l) })}
          </button>`,
      ),
      ...(model.canEdit
        ? [
            html`<button class="menu-item" @click=${() => this.#edit()}>
              ${icon('edit', 'icon-16')}${t('card.edit')}<span class="push kbd kbd-one only-desk">E</span>
            </button>`,
          ]
        : []),
      ...(entityOf(this.entity)!.can.create
        ? [
            html`<button class="menu-item" data-action="copy" @click=${() => void this.#copy()}>
              ${icon('copy', 'icon-16')}${t('card.copy')}
            </button>`,
          ]
        : []),
      ...(may(model.record, 'delete')
        ? [
            html`<button class="menu-item is-danger" @click=${() => void this.#remove()}>
              ${icon('trash', 'icon-16')}${t('card.remove')}
            </button>`,
          ]
        : []),
    ];
    if (!items.length) return nothing;
    const id = `card-menu-${this.layer ? 'layer' : 'page'}`;
    return html`<button
        class="icon-btn"
        aria-label=${t('more')}
        aria-haspopup="true"
        @click=${(e: Event) => toggleAt(e, id, 'end')}
      >
        ${icon('more')}
      </button>
      <div
        class="pop menu"
        id=${id}
        popover
        @keydown=${walkMenu}
        @click=${(e: Event) => (e.currentTarget as HTMLElement).hidePopover()}
      >
        ${items}
      </div>`;
  }

  #title(model: CardModel): TemplateResult {
    const record = model.record!;
    const stage = stageField(this.entity);
    const header = (entityOf(this.entity)?.views?.card?.header ?? []).filter(
      (name) => name !== stage && fieldOf(this.entity, name),
    );
    const next = nextMove(model);
    const calm = model.isEditing || model.conflicts.length > 0;
    const money = header.find((name) => fieldOf(this.entity, name)!.type === 'money');
    const rest = header.filter((name) => name !== money);
    const H = this.layer
      ? html`<h2 class="display">${titleOf(this.entity, record)}</h2>`
      : html`<h1 class="display">${titleOf(this.entity, record)}</h1>`;
    return html`<div class="deal-title">
      ${H}
      ${money && record[money] !== null ? html`<span class="display num muted" data-field=${money}>${show({ entity: this.entity, name: money, row: record, place: 'card' })}</span>` : nothing}
      <span class="deal-side"
        >${rest.map((name) => html`<span class="fact" data-field=${name} title=${label(this.entity, name)}>${this.#fact(name, model)}</span>`)}
        ${next ? html`<button class="btn ${calm ? '' : 'btn-primary'} next" data-move=${next.v} ?disabled=${model.saving} @click=${() => void this.#move(next.v)}>${t('card.next', { stage: t(next.l) })}${icon('arrow', 'icon-16 after')}</button>` : nothing}</span
      >
    </div>`;
  }

  #fact(name: string, model: CardModel) {
    const value = show({ entity: this.entity, name, row: model.record!, place: 'card' });
    return value === nothing
      ? html`<span class="muted">${label(this.entity, name)}: ${t('none')}</span>`
      : value;
  }

  #notes(model: CardModel) {
    return html`${model.general ? html`<div class="note-bar is-danger-bg" role="alert">${icon('alert', 'icon-16')}<span>${problemText(model.general)}</span></div>` : nothing}
    ${summaryOf(model, this)}${conflicts(model)}
    ${model.restored && model.dirty.length ? html`<div class="note-bar is-warn-bg">${icon('edit', 'icon-16')}<span>${t('card.draft')}</span><button class="btn btn-sm push" @click=${() => model.discard()}>${t('card.discard')}</button></div>` : nothing}`;
  }

  #fields(model: CardModel) {
    const entity = entityOf(this.entity)!;
    const sections = entity.views?.card?.sections ?? [{ label: 'card.main', fields: ownFields(this.entity) }];
    return html`${this.#notes(model)}${extra(
      model,
      sections.flatMap((s) => s.fields),
    )}${sections.map((one) => section(model, one))}
    ${section(model, { label: 'card.service', fields: ['created_at', 'created_by', 'updated_at'].filter((n) => model.record![n]) })}`;
  }

  #related(model: CardModel) {
    const entity = entityOf(this.entity)!;
    const refs = Object.entries(entity.fields).filter(
      ([name, f]) => f.type === 'ref' && model.record![name] && canBeReached(f.to),
    );
    const lists = (entity.views?.card?.related ?? []).filter((r) => entityOf(r.entity));
    const own = [...slots('card.side', this.entity, model.record), ...frames(this.entity, model.record)];
    if (entity.match) duplicates ??= loaded(import('./duplicates-card.ts'));
    return html`${
      entity.match
        ? html`<crm-duplicates
            .entity=${this.entity}
            .record=${model.record}
            @ui-merged=${(e: CustomEvent<{ into: number }>) => this.#merged(e.detail.into)}
          ></crm-duplicates>`
        : nothing
    }${refs.map(([name, f]) => html`<crm-peek .entity=${f.to!} .ref=${model.record![name] as Ref} .label=${label(this.entity, name)}></crm-peek>`)}
    ${lists.map((r) => html`<crm-related .entity=${r.entity} .by=${r.by} .recordId=${this.recordId} .label=${capital(t(r.label ?? entityOf(r.entity)!.label.many))}></crm-related>`)}
    ${own}
    ${!refs.length && !lists.length && !own.length ? html`<p class="muted">${t('card.alone')}</p>` : nothing}`;
  }

  #history(model: CardModel) {
    const { entity, recordId } = this;
    const draw = () => html`<crm-history .entity=${entity} .recordId=${recordId} .version=${model.version} ?mayUndo=${model.canEdit}></crm-history>`;
    return history(this, draw);
  }

  #columns(model: CardModel) {
    return html`<div class="deal">
      <section class="deal-left" aria-label=${t('card.fields')} tabindex="0">${this.#fields(model)}</section>
      <section class="deal-mid" aria-label=${t(`card.${this.mid}`)} tabindex="0">${this.#middle(model)}</section>
      <section class="deal-right" aria-label=${t('card.related')} tabindex="0">
        ${this.#related(model)}
      </section>
    </div>`;
  }

  #middle(model: CardModel) {
    const tabs = this.#middleTabs;
    if (tabs.length === 1)
      return html`<h2 class="block-head">${t('card.history')}</h2>
        ${this.#history(model)}`;
    const go = (tab: Tab) => {
      this.mid = tab;
    };
    return html`${tabList(this, tabs, this.mid, 'mid', go, this.#tabName)}
      <div id="mid-panel" role="tabpanel" aria-labelledby="mid-${this.mid}">${this.#part(this.mid, model)}</div>`;
  }

  get #middleTabs(): Tab[] {
    return this.#shown(['timeline', 'parts', 'history']);
  }

  #shown(tabs: Tab[]): Tab[] {
    const has = (tab: Tab) =>
      tab === 'timeline' ? entityOf(this.entity)!.timeline : tab !== 'parts' || partsOf(this.entity).length;
    return tabs.filter(has);
  }

  #tabName = (tab: Tab): string =>
    tab === 'parts'
      ? partsOf(this.entity)
          .map((part) => capital(t(entityOf(part)!.label.many)))
          .join(', ')
      : t(`card.${tab}`);

  #part(tab: Tab, model: CardModel) {
    if (tab === 'parts') return parts(this, this.entity, model.record!);
    if (tab === 'timeline') return timeline(this, this.entity, model.record!);
    return tab === 'fields' ? this.#fields(model) : tab === 'related' ? this.#related(model) : this.#history(model);
  }

  #tabs(model: CardModel) {
    const tabs = this.#shown(['fields', 'parts', 'timeline', 'related', 'history']);
    const go = (tab: Tab) => {
      this.tab = tab;
    };
    return html`<div class="bar-row is-lined">${tabList(this, tabs, this.tab, 'tab', go, this.#tabName)}</div>
      <div
        class="scroll card-panel"
        id="tab-panel"
        role="tabpanel"
        aria-labelledby="tab-${this.tab}"
        tabindex="0"
      >
        ${this.#part(this.tab, model)}
      </div>`;
  }

  #saveBar(model: CardModel) {
    if (!model.isEditing && !model.dirty.length) return nothing;
    const n = model.dirty.length;
    return html`<footer class="save-bar">
      <button
        class="btn btn-primary"
        data-action="save"
        ?disabled=${model.saving || model.conflicts.length > 0 || (!n && !model.move)}
        @click=${() => void this.#save()}
      >
        ${model.move ? t('card.save.move') : t('save')}<span class="kbd only-desk">${ctrl()} Enter</span>
      </button>
      <button class="btn btn-ghost" data-action="discard" @click=${() => model.discard()}>
        ${t('cancel')}
      </button>
      <span class="muted small push">${n ? t('card.changed', { n }) : nothing}</span>
    </footer>`;
  }

  #gone() {
    const many = t(entityOf(this.entity)!.label.many);
    const into = this.#model!.mergedInto;
    if (into)
      return empty(
        'merge',
        t('card.merged'),
        t('card.merged.text'),
        html`<button class="btn btn-primary" data-action="merged" @click=${() => this.#merged(into)}>
          ${t('card.merged.open', { id: into })}
        </button>`,
        !this.layer,
      );
    return empty(
      'lock',
      t('card.gone'),
      t('card.gone.text'),
      html`<a class="btn" href="/e/${this.entity}">${t('card.tolist', { name: capital(many) })}</a>`,
      !this.layer,
    );
  }

  #foreign() {
    const row = this.#model!.record!;
    const act = html`<button class="btn btn-primary" data-action="tell" @click=${() => void openTell(this.entity, row)}>${t('dup.tell')}</button>`;
    return this.#unseen('lock', t('card.foreign'), t('card.gone.text'), ownerOf(this.entity, row) ? act : nothing);
  }

  /** The user's own change took the record out of his sight. */
  #hidden() {
    return html`<div role="status" data-hidden>
      ${this.#unseen('check', t('card.hidden'), t('card.hidden.text'))}
    </div>`;
  }

  #unseen(mark: string, title: string, text: string, act: unknown = nothing) {
    const owner = ownerOf(this.entity, this.#model!.record!);
    return empty(
      mark,
      title,
      owner ? html`${t('card.foreign.owner')} ${person(owner)}` : text,
      html`${act}<a class="btn" href="/e/${this.entity}"
          >${t('card.tolist', { name: capital(t(entityOf(this.entity)!.label.many)) })}</a
        >`,
      !this.layer,
    );
  }
}

/** Whom one can call or write to is shown beside the record. */
function canBeReached(entity?: string): boolean {
  const fields = Object.values(entityOf(entity ?? '')?.fields ?? {});
  return fields.some((f) => f.type === 'phone' || f.type === 'email');
}

customElements.define('crm-card', Card);
