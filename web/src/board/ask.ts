// What a stage needs and a record does not have yet, asked for when its card is let go there. Closing the dialog gives
// the move up; what the server says against it stands under the fields, and what was typed stays.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { dialogBox } from '../ui/form.ts';
import { icon } from '../ui/icon.ts';
import { problemText } from '../ui/parts.ts';
import '../fields/edit.ts';
import type { FieldEdit } from '../fields/edit.ts';
import { picked } from '../fields/picks.ts';
import { numberFaults, toApi } from '../fields/value.ts';
import { ApiError } from '../core/api.ts';
import { isEmpty } from '../core/filter.ts';
import { lang, t } from '../core/i18n.ts';
import { fieldOf, isEditable, titleOf } from '../core/meta.ts';
import { Watch } from '../core/store.ts';
import type { FieldError } from '../core/types.ts';
import { reasons } from './reasons.ts';
import type { Asking } from './mover.ts';

export class MoveAsk extends El {
  static override properties = {
    entity: {},
    asking: { state: true },
    values: { state: true },
    errors: { state: true },
    wrong: { state: true },
    isBusy: { state: true },
  };
  entity = '';
  asking: Asking | null = null;
  values: Record<string, unknown> = {};
  errors: FieldError[] = [];
  wrong = '';
  isBusy = false;
  #watch = new Watch(this, lang);
  #over: () => void = () => undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
  }

  /** Whoever leaves the board gives the move up. */
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#over();
  }

  /** Resolves once it is saved or given up. */
  async ask(asking: Asking): Promise<void> {
    const held = asking.fields.map((name) => [name, asking.record[name] ?? null]);
    Object.assign(this, { asking, errors: asking.errors, wrong: '', isBusy: false });
    this.values = Object.fromEntries(held);
    await this.#drawn();
    this.querySelector('dialog')!.showModal();
    this.querySelector<FieldEdit>('crm-field')?.focus();
    await new Promise<void>((over) => (this.#over = over));
    this.asking = null;
  }

  #set(name: string, value: unknown): void {
    this.values = { ...this.values, [name]: value };
    this.errors = this.errors.filter(({ field }) => field !== name);
  }

  async #submit(): Promise<void> {
    const { asking } = this;
    if (!asking || this.isBusy || !(await picked()) || this.isBusy) return;
    const missing = asking.fields.filter((name) => isEmpty(toApi(fieldOf(this.entity, name)!, this.values[name])));
    const lacks = missing.map((field) => ({ field, code: 'stage_needs', params: { stage: t(asking.to.l) } }));
    this.errors = [...lacks, ...numberFaults(this.entity, this.values)];
    this.wrong = '';
    if (this.errors.length) return this.#toWrong();
    this.isBusy = true;
    try {
      await asking.save(this.values);
      this.querySelector('dialog')?.close();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#refused(asking, error);
      await this.#toWrong();
    } finally {
      this.isBusy = false;
    }
  }

  /** Fields that are asked for only now join the form; about the others one can but read. */
  #refused(asking: Asking, error: ApiError): void {
    const errors = error.problem.fields ?? [];
    const rest = errors.filter(({ field }) => !isEditable(this.entity, field));
    const known = errors.filter((one) => !rest.includes(one));
    asking.fields = [...new Set([...asking.fields, ...known.map(({ field }) => field)])];
    this.errors = known;
    if (error.status === 412) this.wrong = t('board.stale.form');
    else this.wrong = errors.length ? reasons(this.entity, rest) : problemText(error);
  }

  async #drawn(): Promise<void> {
    await this.updateComplete;
    await Promise.all([...this.querySelectorAll<FieldEdit>('crm-field')].map((field) => field.updateComplete));
  }

  async #toWrong(): Promise<void> {
    await this.#drawn();
    this.querySelector<HTMLElement>('.is-invalid :is(input, select, textarea)')?.focus();
  }

  override render() {
    const { asking } = this;
    if (!asking) return nothing;
    return dialogBox(
      'board-ask',
      t('card.move', { stage: t(asking.to.l) }),
      () => this.#over(),
      html`<p class="muted">${titleOf(this.entity, asking.record)}</p>
        ${this.wrong ? html`<div class="note-bar is-danger-bg" role="alert">${icon('alert', 'icon-16')}<span>${this.wrong}</span></div>` : nothing}
        ${asking.fields.map((name) => this.#field(name))}`,
      html`<button class="btn btn-primary" data-action="move" ?disabled=${this.isBusy}>${t('card.save.move')}</button>
        <button
          class="btn btn-ghost"
          type="button"
          @click=${(e: Event) => (e.target as Element).closest('dialog')!.close()}
        >
          ${t('cancel')}
        </button>`,
      () => void this.#submit(),
    );
  }

  #field(name: string): TemplateResult {
    return html`<crm-field
      data-name=${name}
      .entity=${this.entity}
      .name=${name}
      .field=${fieldOf(this.entity, name)!}
      .value=${this.values[name] ?? null}
      .error=${this.errors.find(({ field }) => field === name) ?? null}
      @ui-change=${(e: CustomEvent<{ value: unknown }>) => this.#set(name, e.detail.value)}
    ></crm-field>`;
  }
}

customElements.define('crm-move-ask', MoveAsk);
