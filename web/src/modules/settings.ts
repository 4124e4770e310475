// The settings of one module: what each is, where its value comes from, and changing it while others may, too. What
// was typed outlives a reload and is never overwritten by what others save.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { confirm } from '../ui/confirm.ts';
import { icon } from '../ui/icon.ts';
import { empty, failure, problemText, skeletonRows, tag } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import '../fields/edit.ts';
import { numberFault } from '../fields/number.ts';
import { same, writing } from '../fields/value.ts';
import type { ApiError } from '../core/api.ts';
import * as drafts from '../core/drafts.ts';
import { on } from '../core/events.ts';
import { fullMoment, moment } from '../core/fmt.ts';
import { lang, t } from '../core/i18n.ts';
import { bindKeys, ctrl } from '../core/keys.ts';
import { problemOf } from '../core/model.ts';
import { Watch } from '../core/store.ts';
import type { FieldError } from '../core/types.ts';
import { fieldOf, held, inverse, isAsSeen, mayRevert, merge, modules, said, sent } from './model.ts';
import './changes.ts';
import type { Aside, Changed, Setting, Settings, Typed, Values } from './model.ts';
import { say } from './texts.ts';

const DRAFT = 'module.settings';
const MOST_TRIES = 3; // of a change that others' changes of other settings come before

class ModuleSettings extends El {
  static override properties = {
    module: { attribute: false },
    rev: { attribute: false },
    shown: { state: true },
    problem: { state: true },
    typed: { state: true },
    conflicts: { state: true },
    faults: { state: true },
    refusal: { state: true },
    busy: { state: true },
  };
  module = '';
  rev = ''; // of the deployment: what is declared changes with it
  shown: Settings | null = null;
  problem: ApiError | null = null;
  typed: Typed = { values: {}, base: {} };
  conflicts: string[] = [];
  faults: FieldError[] = [];
  refusal: ApiError | null = null; // of a change, where it is no field's
  busy = false;
  #watch = new Watch(this, lang);
  #off: (() => void)[] = [];
  #of = ''; // the module, the deployment and the language that are shown
  #turn = 0;
  #isMissed = false; // something was told of while a change was on its way

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    const again = () => void this.#load();
    const save = { run: () => void this.#save(), may: () => !!this.shown?.settings.length };
    this.#off = [on('record', (e) => e.entity === 'setting' && again()), on('reset', again), bindKeys('settings', { save })];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const off of this.#off) off();
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has('module')) this.#begin();
    const of = [this.module, this.rev, lang.value].join(' ');
    if (of !== this.#of) void this.#load();
    this.#of = of;
  }

  #begin(): void {
    const draft = drafts.load(DRAFT, this.module);
    this.typed = draft ? { values: draft.values, base: draft.base } : { values: {}, base: {} };
    this.shown = this.problem = this.refusal = null;
    this.faults = [];
    this.conflicts = [];
  }

  async #load(): Promise<void> {
    if (this.busy) {
      this.#isMissed = true;
      return;
    }
    const turn = ++this.#turn;
    try {
      const now = await modules.settings(this.module);
      if (turn !== this.#turn) return;
      this.problem = null;
      this.#take(now);
    } catch (error) {
      if (turn === this.#turn) this.problem = problemOf(error);
    }
  }

  #take(now: Settings): void {
    const { conflicts, ...typed } = merge(this.typed, now.settings);
    this.shown = now;
    this.conflicts = conflicts;
    this.#type(typed);
  }

  #type(typed: Typed): void {
    this.typed = typed;
    drafts.keep(DRAFT, this.module, { ...typed, rev: 0 });
  }

  /* ---- what a person does ---- */

  #put(s: Setting, value: unknown): void {
    const values = { ...this.typed.values, [s.name]: value };
    const base = { ...this.typed.base, [s.name]: s.name in this.typed.base ? this.typed.base[s.name] : held(s.value) };
    if (same(value, held(s.value))) return this.#forget(s.name);
    this.faults = this.faults.filter((f) => f.field !== s.name);
    this.#type({ values, base });
  }

  #forget(name: string): void {
    const { [name]: _value, ...values } = this.typed.values;
    const { [name]: _base, ...base } = this.typed.base;
    this.conflicts = this.conflicts.filter((one) => one !== name);
    this.faults = this.faults.filter((f) => f.field !== name);
    this.#type({ values, base });
  }

  #keepMine(s: Setting): void {
    this.conflicts = this.conflicts.filter((one) => one !== s.name);
    this.#type({ ...this.typed, base: { ...this.typed.base, [s.name]: held(s.value) } });
  }

  #discard(): void {
    this.faults = [];
    this.conflicts = [];
    this.refusal = null;
    this.#type({ values: {}, base: {} });
  }

  /** Numbers that are none are told of beside them and not sent. */
  #isNumberWrong(): boolean {
    const wrong = (s: Setting) => numberFault(s.name, fieldOf(s), this.typed.values[s.name], writing());
    return !!this.shown?.settings.some((s) => s.name in this.typed.values && wrong(s));
  }

  async #save(): Promise<void> {
    const names = Object.keys(this.typed.values);
    if (this.busy || !this.shown || !names.length || this.conflicts.length || this.#isNumberWrong()) return;
    await this.#change(() => this.#body(), names, () => say('saved'));
  }

  /** What was typed, as it is sent. */
  #body(): Values {
    const { settings } = this.shown!;
    const changed = settings.filter((s) => s.name in this.typed.values);
    return Object.fromEntries(changed.map((s) => [s.name, sent(s, this.typed.values[s.name])]));
  }

  async #revert(s: Setting): Promise<void> {
    await this.#change(() => ({ [s.name]: null }), [s.name], () => say('reverted', { name: s.label }), { [s.name]: s.value });
  }

  async #drop(a: Aside): Promise<void> {
    const question = { title: say('aside.drop.title', { name: a.name }), text: say('aside.drop.text'), yes: say('aside.drop'), danger: true };
    if (await confirm(question)) await this.#change(() => ({ [a.name]: null }), [], () => say('aside.dropped'));
  }

  /**
   * Changes settings, says so and offers the way back. Whatever of them was typed is typed no more. What was decided by
   * a value that was seen is only done while that holds.
   */
  async #change(body: () => Values, names: string[], text: () => string, seen: Values = {}): Promise<void> {
    this.busy = true;
    this.faults = [];
    this.refusal = null;
    try {
      const was = await this.#send(body, seen);
      if (!was) return;
      for (const name of names) this.#forget(name);
      const back = inverse(was, names);
      const made = Object.fromEntries(this.shown!.settings.filter((s) => s.name in back).map((s) => [s.name, s.value]));
      const undo = { label: t('undo'), run: () => void this.#undo(back, made) };
      toast({ text: text(), kind: 'ok', icon: 'check', key: DRAFT, action: names.length ? undo : undefined });
    } catch (error) {
      this.#failed(problemOf(error));
    } finally {
      this.#ended();
    }
  }

  #ended(): void {
    this.busy = false;
    if (this.#isMissed) void this.#load();
    this.#isMissed = false;
  }

  /** What holds now is taken; where others have changed other settings, the change is sent again. Null: it was not made. */
  async #send(body: () => Values, seen: Values): Promise<Setting[] | null> {
    for (let tries = 1; ; tries += 1) {
      const was = this.shown!;
      if (!isAsSeen(seen, was.settings)) return this.#tellChanged();
      this.#turn += 1; // what is being read may be older than the answer
      try {
        const now = await modules.set(this.module, body(), was.rev);
        this.#take(now);
        return was.settings;
      } catch (error) {
        const problem = problemOf(error);
        if (problem.status !== 412 || !problem.problem.record || tries > MOST_TRIES) throw error;
        this.#take(problem.problem.record as unknown as Settings);
        if (this.conflicts.length) return this.#tellConflicts();
      }
    }
  }

  #tellConflicts(): null {
    void this.updateComplete.then(() => this.querySelector<HTMLElement>('.conflicts')?.focus());
    return null;
  }

  #tellChanged(): null {
    toast({ text: say('changed.since'), kind: 'warn', icon: 'alert' });
    return null;
  }

  async #undo(back: Values, made: Values): Promise<void> {
    if (this.busy || !this.shown) return;
    await this.#change(() => back, [], () => say('undone'), made);
  }

  #failed(problem: ApiError): void {
    const known = new Set(this.shown?.settings.map((s) => s.name));
    this.faults = (problem.problem.fields ?? []).filter((f) => known.has(f.field));
    this.refusal = this.faults.length ? null : problem;
    if (this.faults.length) void this.updateComplete.then(() => this.querySelector<HTMLElement>('.is-invalid input, .is-invalid select, .is-invalid textarea')?.focus());
  }

  /* ---- how it looks ---- */

  override render() {
    const { shown, problem } = this;
    if (problem?.code === 'module_not_in_force') return empty('box', problem.problem.title ?? '', problemText(problem));
    if (problem && !shown) return failure(problem, () => void this.#load());
    if (!shown) return skeletonRows(4);
    if (!shown.settings.length && !shown.aside.length) return empty('settings', say('none.title'), say('none.text'));
    return html`<form class="module-form" novalidate aria-label=${say('settings')} @submit=${(e: Event) => this.#submitted(e)}>
      <div class="scroll" tabindex="0" role="region" aria-label=${say('settings')}>
        <div class="settings">
          ${this.#refused()}${this.#conflicting(shown)}
          ${shown.settings.map((s) => this.#setting(s))}
          ${shown.aside.length ? this.#asides(shown) : nothing}
          <crm-setting-changes .module=${this.module} .settings=${shown}></crm-setting-changes>
        </div>
      </div>
      ${this.#saveBar()}
    </form>`;
  }

  #submitted(event: Event): void {
    event.preventDefault();
    void this.#save();
  }

  #refused(): TemplateResult | typeof nothing {
    const problem = this.refusal ?? this.problem;
    if (!problem) return nothing;
    return html`<div class="note-bar is-danger-bg" role="alert" data-refusal>${icon('alert', 'icon-16')}<span>${problemText(problem)}</span></div>`;
  }

  #saveBar(): TemplateResult | typeof nothing {
    const n = Object.keys(this.typed.values).length;
    if (!n) return nothing;
    return html`<footer class="save-bar">
      <button class="btn btn-primary" data-action="save" ?disabled=${this.busy || this.conflicts.length > 0}>${t('save')}<span class="kbd only-desk">${ctrl()} Enter</span></button>
      <button class="btn btn-ghost" type="button" data-action="discard" ?disabled=${this.busy} @click=${() => this.#discard()}>${t('cancel')}</button>
      <span class="muted small push" role="status">${say('unsaved', { n })}</span>
    </footer>`;
  }

  #setting(s: Setting): TemplateResult {
    const isTyped = s.name in this.typed.values;
    const value = isTyped ? this.typed.values[s.name] : held(s.value);
    return html`<div class="setting ${this.conflicts.includes(s.name) ? 'is-conflict' : ''}" data-setting=${s.name} data-from=${s.from}>
      <crm-field
        .entity=${''}
        .name=${s.name}
        .field=${fieldOf(s)}
        .value=${value}
        .error=${this.faults.find((f) => f.field === s.name) ?? null}
        .note=${this.#note(s, isTyped, value)}
        @ui-change=${(e: CustomEvent<{ value: unknown }>) => this.#put(s, e.detail.value)}
      ></crm-field>
      ${this.#origin(s)}
    </div>`;
  }

  #note(s: Setting, isTyped: boolean, value: unknown): string | null {
    const parts = [s.help ?? '', this.#limits(s), s.type === 'duration' ? t('duration.hint') : '', s.type === 'secret' ? say('secret.help') : ''];
    if (isTyped && (value === null || value === '')) parts.push(say(s.tz === null ? 'emptied.default' : 'emptied.tz', { value: said(s, s.tz ?? s.default) }));
    return parts.filter(Boolean).map((part) => part.replace(/[.\s]*$/, '.')).join(' ') || null;
  }

  #limits(s: Setting): string {
    const least = s.type === 'duration' && s.min === 0 ? null : s.min; // no time is negative: that need not be said
    const [min, max] = [least, s.max].map((bound) => (bound === null || bound === undefined ? '' : said(s, bound)));
    if (min && max) return say('limits', { min, max });
    if (min) return say('limits.min', { min });
    if (max) return say('limits.max', { max });
    return s.max_length !== null ? say('limits.length', { n: s.max_length }) : '';
  }

  /** Where the value comes from, what stands behind it, and the way back to that. */
  #origin(s: Setting): TemplateResult {
    return html`<div class="setting-from muted small">
      ${s.missing ? tag(say('missing'), 'red') : nothing}
      ${s.given === null ? nothing : tag(say(s.given ? 'given' : 'given.not'), s.given ? 'green' : 'amber')}
      <span>${s.from === 'server' && s.changed ? html`${this.#changed(s.changed)} · ${say(s.tz === null ? 'behind.default' : 'behind.tz', { value: said(s, s.tz ?? s.default) })}` : say(s.value === null ? 'from.none' : s.from === 'tz' ? 'from.tz' : 'from.default')}</span>
      ${
        mayRevert(s)
          ? html`<button class="btn btn-sm btn-ghost" type="button" data-action="revert" ?disabled=${this.busy} aria-label=${say(s.tz === null ? 'revert.default.of' : 'revert.tz.of', { name: s.label })} @click=${() => void this.#revert(s)}>
              ${say(s.tz === null ? 'revert.default' : 'revert.tz')}
            </button>`
          : nothing
      }
    </div>`;
  }

  #changed({ at, by }: Changed): TemplateResult {
    return html`${say('from.server', { who: by ? (by.label ?? `№ ${by.id}`) : say('console') })}, <time datetime=${at} title=${fullMoment(at)}>${moment(at)}</time>`;
  }

  #conflicting(shown: Settings): TemplateResult | typeof nothing {
    if (!this.conflicts.length) return nothing;
    return html`<section class="conflicts" tabindex="-1" role="group" aria-label=${say('stale')}>
      <div class="note-bar is-warn-bg">${icon('users', 'icon-16')}<span><span class="strong">${say('stale')}</span> ${t('conflict.text')}</span></div>
      ${shown.settings.filter((s) => this.conflicts.includes(s.name)).map(
        (s) =>
          html`<div class="conflict" data-conflict=${s.name}>
            <span class="strong">${s.label}</span>
            ${this.#side('mine', said(s, this.typed.values[s.name]), nothing, () => this.#keepMine(s))}
            ${this.#side('theirs', said(s, s.value), s.changed ? this.#changed(s.changed) : nothing, () => this.#forget(s.name))}
          </div>`,
      )}
    </section>`;
  }

  #side(which: 'mine' | 'theirs', value: string, who: unknown, choose: () => void): TemplateResult {
    return html`<div class="conflict-side">
      <span class="muted small">${t(`conflict.${which}`)}</span><span class="conflict-value">${value}</span>
      ${who === nothing ? nothing : html`<span class="muted small">${who}</span>`}
      <button class="btn btn-sm" type="button" data-choice=${which} @click=${choose}>${t(`conflict.keep.${which}`)}</button>
    </div>`;
  }

  #asides(shown: Settings): TemplateResult {
    const name = (a: Aside) => shown.settings.find((s) => s.name === a.name)?.label ?? a.name;
    const value = (a: Aside) => (typeof held(a.value) === 'string' ? String(held(a.value)) : JSON.stringify(a.value));
    return html`<section class="stack-12" data-part="aside" aria-labelledby="aside-title">
      <h2 class="strong" id="aside-title">${say('aside')}</h2>
      <p class="muted">${say('aside.text')}</p>
      <ul class="stack-12">
        ${shown.aside.map(
          (a) =>
            html`<li class="note-bar is-warn-bg" data-aside=${a.name}>
              ${icon('alert', 'icon-16')}
              <span class="setting-aside"><span class="strong">${name(a)}: <span class="mono">${value(a)}</span></span><span>${a.detail}</span>${a.changed ? html`<span class="small">${this.#changed(a.changed)}</span>` : nothing}</span>
              <button class="btn btn-sm push" type="button" data-action="drop" ?disabled=${this.busy} @click=${() => void this.#drop(a)}>${say('aside.drop')}</button>
            </li>`,
        )}
      </ul>
    </section>`;
  }
}

customElements.define('crm-module-settings', ModuleSettings);
