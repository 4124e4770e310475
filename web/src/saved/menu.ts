// What is done with a list as it is looked at: it is kept under a name, for oneself or for all; a kept one is renamed,
// shown first, brought up to date and thrown away. What was typed stays until the server has taken it.
import { html, nothing, type TemplateResult } from 'lit';
import { El, uid } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { check } from '../ui/form.ts';
import { problemText } from '../ui/parts.ts';
import { toggleFor } from '../ui/pop.ts';
import { toast } from '../ui/toast.ts';
import { errorText } from '../fields/edit.ts';
import { api, ApiError, writeKey } from '../core/api.ts';
import { columnsText } from '../core/columns.ts';
import { isChanged, type ListState } from '../core/filter.ts';
import { t } from '../core/i18n.ts';
import { meta } from '../core/meta.ts';
import { reread, type SavedState } from '../core/saved.ts';
import type { ListView, Row } from '../core/types.ts';
import './columns.ts';
import { say } from './texts.ts';

const LONGEST = 60;

type Form = 'new' | 'own';

interface Typed {
  name: string;
  shared: boolean;
  first: boolean;
}

const EMPTY: Typed = { name: '', shared: false, first: false };

class ViewMenu extends El {
  static override properties = {
    entity: {},
    state: { attribute: false },
    view: { attribute: false },
    views: { attribute: false },
    typed: { state: true },
    wrong: { state: true },
    busy: { state: true },
  };
  entity = '';
  state!: ListState;
  view!: ListView;
  views: ListView[] = [];
  typed: Record<Form, Typed> = { new: EMPTY, own: EMPTY };
  wrong: { form: Form; text: string } | null = null;
  busy = false;
  #id = uid('view');
  #key = writeKey();

  /** Also right after its file has been loaded, when nothing is drawn yet. */
  async open(anchor: HTMLElement): Promise<void> {
    const { saved, label } = this.view;
    this.wrong = null;
    this.typed = { new: this.typed.new, own: saved ? { name: label, shared: saved.shared, first: saved.first } : EMPTY };
    this.requestUpdate();
    await this.updateComplete;
    toggleFor(anchor, this.#id, 'end');
  }

  get #mayShare(): boolean {
    return !!meta.value?.user.functions?.includes('settings');
  }

  get #mayChange(): boolean {
    const { saved } = this.view;
    return !!saved && (saved.isMine || (saved.shared && this.#mayShare));
  }

  /** The list as it is looked at. */
  get #kept(): SavedState {
    const { state, view } = this;
    const own = view.saved && view.widths ? columnsText({ columns: view.columns, widths: view.widths }) : null;
    return {
      base: view.saved?.base ?? view.id,
      chips: state.chips,
      sort: state.sort ?? (view.saved ? (view.sort?.[0] ?? null) : null),
      columns: state.columns ?? own,
    };
  }

  #to(change: Partial<ListState>): void {
    this.querySelector<HTMLElement>(`#${this.#id}`)?.hidePopover();
    this.dispatchEvent(new CustomEvent('ui-state', { bubbles: true, detail: change }));
  }

  async #try(form: Form, run: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.wrong = null;
    try {
      await run();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const text = error.problem.fields?.map(errorText).join(' ') || problemText(error);
      this.wrong = { form, text };
      if (error.status === 412 || error.status === 404) await reread(this.entity);
    } finally {
      this.busy = false;
    }
  }

  /** One view is the first; the others of one's own are not any more. */
  async #onlyFirst(id: number): Promise<void> {
    for (const { saved } of this.views)
      if (saved?.first && saved.id !== id) await api.save('view', saved.id, saved.rev, { first: false });
  }

  #isNamed(form: Form): boolean {
    const isThere = this.typed[form].name.trim() !== '';
    if (!isThere) this.wrong = { form, text: say('name.needed') };
    return isThere;
  }

  #create(): Promise<void> | void {
    if (!this.#isNamed('new')) return;
    const { name, shared, first } = this.typed.new;
    return this.#try('new', async () => {
      const body = { name: name.trim(), entity: this.entity, state: this.#kept, ...(shared ? { shared } : {}), ...(first ? { first } : {}) };
      const row = await api.create('view', body, this.#key);
      this.#key = writeKey();
      if (first) await this.#onlyFirst(row.id);
      await this.#done(row, say('kept', { name: name.trim() }));
      this.typed = { ...this.typed, new: EMPTY };
    });
  }

  async #done(row: Row, text: string): Promise<void> {
    const { chips } = this.state;
    await reread(this.entity);
    this.#to({ view: `v${row.id}`, chips, sort: null, columns: null });
    toast({ text, icon: 'check', kind: 'ok', key: 'view' });
  }

  /** The list as it is now, or its name and what else is said of it. */
  #save(patch: object, isFirst: boolean): Promise<void> {
    const { saved, label } = this.view;
    return this.#try('own', async () => {
      const row = await api.save('view', saved!.id, saved!.rev, patch);
      if (isFirst) await this.#onlyFirst(row.id);
      await reread(this.entity);
      const isRows = 'state' in patch;
      this.#to(isRows ? { sort: null, columns: null } : {});
      toast({ text: say('kept', { name: String(row.name ?? label) }), icon: 'check', kind: 'ok', key: 'view' });
    });
  }

  #change(): Promise<void> | void {
    if (!this.#isNamed('own')) return;
    const { name, shared, first } = this.typed.own;
    const { isMine } = this.view.saved!;
    const patch = { name: name.trim(), ...(this.#mayShare ? { shared } : {}), ...(isMine ? { first } : {}) };
    return this.#save(patch, isMine && first);
  }

  #remove(): Promise<void> {
    const { saved, label } = this.view;
    const { entity } = this;
    return this.#try('own', async () => {
      await api.del(`/view/${saved!.id}`);
      this.#to({ view: saved!.base, chips: {}, sort: null, columns: null });
      await reread(entity);
      const back = async () => {
        await api.post(`/view/${saved!.id}/restore`);
        await reread(entity);
        toast({ text: say('returned', { name: label }), icon: 'check', key: 'view' });
      };
      const refused = (error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
        toast({ text: problemText(error), icon: 'alert', kind: 'danger' });
      };
      const action = { label: t('batch.undo'), run: () => void back().catch(refused) };
      toast({ text: say('deleted', { name: label }), icon: 'trash', key: 'view', action });
    });
  }

  override render() {
    return html`<div class="pop menu view-menu" id=${this.#id} popover role="dialog" aria-label=${say('menu')}>
      ${this.#mayChange ? this.#own() : nothing}
      ${this.#form('new', say('keep.new'), () => this.#create())}
    </div>`;
  }

  #own(): TemplateResult {
    const { label, saved } = this.view;
    const keep = () => void this.#save({ state: this.#kept }, false);
    return html`${
        isChanged(this.state, this.view)
          ? html`<button class="menu-item" data-action="view-update" ?disabled=${this.busy} @click=${keep}>${icon('check', 'icon-16')}<span class="clip">${say('keep.changes', { name: label })}</span></button>`
          : nothing
      }
      ${this.#form('own', label, () => this.#change(), saved!.isMine)}
      <button class="menu-item is-danger" data-action="view-delete" ?disabled=${this.busy} @click=${() => void this.#remove()}>
        ${icon('trash', 'icon-16')}${say('delete')}
      </button>`;
  }

  #form(form: Form, title: string, submit: () => Promise<void> | void, isMine = true): TemplateResult {
    const typed = this.typed[form];
    const wrong = this.wrong?.form === form ? this.wrong.text : '';
    const id = `${this.#id}-${form}`;
    const put = (change: Partial<Typed>) => {
      this.typed = { ...this.typed, [form]: { ...typed, ...change } };
      this.#key = writeKey();
    };
    const send = (event: Event) => {
      event.preventDefault();
      void submit();
    };
    return html`<form class="menu-form" data-form=${form} novalidate @submit=${send}>
      <p class="small strong clip">${title}</p>
      <label
        ><span>${say('name')}</span>
        <input
          class="input"
          ?data-first=${form === 'new' && !this.view.saved}
          maxlength=${LONGEST}
          autocomplete="off"
          .value=${typed.name}
          aria-invalid=${wrong ? 'true' : nothing}
          aria-describedby=${wrong ? `${id}-help` : nothing}
          @input=${(e: Event) => put({ name: (e.target as HTMLInputElement).value })}
      /></label>
      ${wrong ? html`<p class="small is-danger" id="${id}-help" role="alert">${wrong}</p>` : nothing}
      ${this.#mayShare ? check(`${id}-shared`, say('shared'), typed.shared, (shared) => put({ shared })) : nothing}
      ${this.#mayShare && typed.shared ? html`<p class="small muted">${say('shared.note')}</p>` : nothing}
      ${isMine ? check(`${id}-first`, say('first'), typed.first, (first) => put({ first })) : nothing}
      <button class="btn btn-wide ${form === 'new' ? 'btn-primary' : ''}" data-action="view-save" ?disabled=${this.busy}>${say('save')}</button>
    </form>`;
  }
}

customElements.define('crm-view-menu', ViewMenu);

declare global {
  interface HTMLElementTagNameMap {
    'crm-view-menu': ViewMenu;
  }
}
