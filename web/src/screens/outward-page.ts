// The frame of a settings page about other systems (tokens, webhooks): its rows, what failed, the dialog that
// makes one. Texts are `<kind>s…` and `<kind>.…` of the catalogue, rows come from `/<kind>s`.
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { empty, failure, problemText, skeletonRows } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { api, ApiError } from '../core/api.ts';
import { lang, t } from '../core/i18n.ts';
import { meta } from '../core/meta.ts';
import { holds, programs } from '../core/outward.ts';
import { Watch } from '../core/store.ts';
import type { FieldError, Ref } from '../core/types.ts';

export abstract class OutwardPage<T> extends El {
  static override properties: PropertyDeclarations = {
    rows: { state: true },
    problem: { state: true },
    users: { state: true },
    faults: { state: true },
  };
  rows: T[] | null = null;
  problem: ApiError | null = null;
  users: Ref[] = [];
  faults: FieldError[] = [];
  #watch = new Watch(this, lang, meta);

  protected abstract readonly kind: 'token' | 'webhook';
  protected abstract begin(): void;
  protected abstract row(row: T): TemplateResult;
  protected abstract dialog(): TemplateResult;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    void this.load();
  }

  protected async load(): Promise<void> {
    this.problem = null;
    try {
      this.rows = (await api.get<{ rows: T[] }>(`/${this.kind}s`)).rows;
      if (holds('settings')) this.users = await programs();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = error;
    }
  }

  /** Does what the form asks for; wrong fields are shown there, anything else is said. */
  protected async submit(ask: () => Promise<void>): Promise<void> {
    this.faults = [];
    try {
      await ask();
      await this.load();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.faults = error.problem.fields ?? [];
      if (!this.faults.length) toast({ text: problemText(error), kind: 'danger' });
    }
  }

  /** What stands in a control of the form. */
  protected given(id: string): string {
    return this.querySelector<HTMLInputElement>(`#${id}`)!.value;
  }

  #rows(make: TemplateResult): TemplateResult {
    const { rows, problem, kind } = this;
    if (problem) return failure(problem, () => void this.load());
    if (!rows) return skeletonRows(4);
    if (!rows.length) return empty('link', t(`${kind}s.empty`), t(`${kind}s.empty.text`), make);
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${t(`${kind}s`)}>
      <ul class="batches">
        ${rows.map((row) => this.row(row))}
      </ul>
    </div>`;
  }

  override render() {
    const { kind } = this;
    document.title = `${t(`${kind}s`)} — ${meta.value?.title ?? ''}`;
    const make = html`<button class="btn btn-primary" data-action="new" @click=${() => this.begin()}>
      ${icon('plus', 'icon-16')}${t(`${kind}.new`)}
    </button>`;
    return html`<div class="list" data-entity=${kind}>
      <header class="head head-line">
        <h1 class="title">${t(`${kind}s`)}</h1>
        <div class="actions">${this.rows?.length ? make : nothing}</div>
      </header>
      ${this.#rows(make)} ${this.dialog()}
    </div>`;
  }
}
