// Who changed what of a module's settings and when, and taking one of those changes back.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { problemText } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { fullMoment, moment } from '../core/fmt.ts';
import { lang } from '../core/i18n.ts';
import { problemOf } from '../core/model.ts';
import { Watch } from '../core/store.ts';
import { held, modules, said } from './model.ts';
import type { Setting, SettingChange, Settings } from './model.ts';
import { say } from './texts.ts';

/** What is shown is read when it is opened, and again when the settings become others. */
class SettingChanges extends El {
  static override properties = { module: { attribute: false }, settings: { attribute: false }, rows: { state: true }, next: { state: true }, busy: { state: true } };
  module = '';
  settings: Settings | null = null;
  rows: SettingChange[] | null = null;
  next: string | null = null;
  busy = false;
  #watch = new Watch(this, lang);
  #isOpen = false;
  #turn = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('module')) this.rows = null;
    if (this.#isOpen && (changed.has('settings') || changed.has('module'))) void this.#load();
  }

  async #load(before?: string): Promise<void> {
    const turn = ++this.#turn;
    try {
      const page = await modules.changes(this.module, before);
      if (turn !== this.#turn) return;
      this.rows = before ? [...(this.rows ?? []), ...page.rows] : page.rows;
      this.next = page.next;
    } catch (error) {
      if (turn === this.#turn) this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    toast({ text: problemText(problemOf(error)), kind: 'danger', icon: 'alert' });
  }

  #toggled(event: Event): void {
    this.#isOpen = (event.target as HTMLDetailsElement).open;
    if (this.#isOpen && !this.rows) void this.#load();
  }

  /** The form beside hears of the change as of anybody's. */
  async #undo(change: SettingChange): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      await modules.undo(this.module, change);
      toast({ text: say('changes.undone', { name: change.label }), kind: 'ok', icon: 'check' });
    } catch (error) {
      this.#failed(error);
    } finally {
      this.busy = false;
      await this.#load();
    }
  }

  #value(of: Setting | undefined, value: unknown): string {
    if (value === null) return say('changes.given');
    return of ? said(of, value) : String(held(value));
  }

  override render() {
    return html`<details class="fold" data-part="changes" @toggle=${(e: Event) => this.#toggled(e)}>
      <summary>${say('changes')}</summary>
      ${this.rows?.length === 0 ? html`<p class="muted">${say('changes.none')}</p>` : nothing}
      <ul class="stack-8" aria-label=${say('changes.of', { name: this.module })}>${(this.rows ?? []).map((one) => this.#row(one))}</ul>
      ${this.next ? html`<button class="btn btn-sm" type="button" data-action="more" @click=${() => void this.#load(this.next!)}>${say('changes.more')}</button>` : nothing}
    </details>`;
  }

  #row(one: SettingChange): TemplateResult {
    const of = this.settings?.settings.find((s) => s.name === one.name);
    const who = one.by ? (one.by.label || `№ ${one.by.id}`) : say('console');
    return html`<li class="batch-foot" data-change=${one.name}>
      <span class="setting-aside"><span><span class="strong">${one.label}</span>: ${this.#value(of, one.old)} → ${this.#value(of, one.new)}</span>
        <span class="muted small">${who}, <time datetime=${one.at} title=${fullMoment(one.at)}>${moment(one.at)}</time></span></span>
      <button class="btn btn-sm btn-ghost push" type="button" data-action="undo" ?disabled=${this.busy} aria-label=${say('changes.undo.of', { name: one.label, at: moment(one.at) })} @click=${() => void this.#undo(one)}>${say('changes.undo')}</button>
    </li>`;
  }
}

customElements.define('crm-setting-changes', SettingChanges);
