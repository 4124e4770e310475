// «Модули»: what lies in the folder of modules, in which version and state, changing that, and the settings of one.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { empty, failure, problemText, skeletonRows, tag } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import type { ApiError } from '../core/api.ts';
import { follow } from '../core/batch.ts';
import { on } from '../core/events.ts';
import { moment } from '../core/fmt.ts';
import { capital, has, lang, t } from '../core/i18n.ts';
import { meta } from '../core/meta.ts';
import { problemOf } from '../core/model.ts';
import { Watch } from '../core/store.ts';
import { agreed, back, doing, done, nameOf } from './acts.ts';
import { actsOf, isInForce, isOneTooMany, modules, newer, numberOf, wayTo } from './model.ts';
import type { Act, Module, Service, ServiceState, State, Version } from './model.ts';
import { beginPurge, followPurge, mayPurge, purging } from './purge.ts';
import './settings.ts';
import { say } from './texts.ts';

const COLORS: Record<State, string> = {
  running: 'green', quarantined: 'red', waiting: 'amber', safe: 'amber', off: 'gray', disabled: 'gray', refused: 'red',
};

const SERVICE_COLORS: Record<ServiceState, string> = {
  ok: 'green', degraded: 'amber', down: 'red', waiting: 'amber', failing: 'red', stopping: 'gray', stuck: 'red', idle: 'gray', off: 'gray', safe: 'amber',
};

const LOOK_MS = 15000;

const told = (title: string, text: string) =>
  html`<span class="setting-aside"><span class="strong">${title}</span><span class="prose">${text}</span></span>`;

/** What runs here has given its title with its texts; of another only the name is known. */
const titled = (name: string): TemplateResult =>
  has(`${name}.title`)
    ? html`<span class="strong">${t(`${name}.title`)}</span> <span class="muted">${name}</span>`
    : html`<span class="strong">${name}</span>`;

class ModulesPage extends El {
  static override properties = { search: { attribute: false }, shown: { state: true }, problem: { state: true }, busy: { state: true }, refusal: { state: true } };
  search = new URLSearchParams();
  shown: Module[] | null = null;
  problem: ApiError | null = null;
  busy: { name: string; text: string } | null = null; // one change at a time: each builds all anew
  refusal: { name: string; error: ApiError } | null = null;
  #watch = new Watch(this, lang, meta);
  #off: (() => void)[] = [];
  #of = ''; // the deployment and the language that are shown
  #turn = 0;
  #followed = new Set<number>(); // batches that purge a module or change its data

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    const timer = setInterval(() => this.#lookAgain(), LOOK_MS);
    this.#off = [on('meta', () => void this.#load()), on('reset', () => void this.#load()), () => clearInterval(timer)];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const off of this.#off) off();
  }

  override willUpdate(): void {
    const of = `${meta.value?.rev} ${lang.value}`;
    if (of !== this.#of) void this.#load();
    this.#of = of;
  }

  /** Of services nobody is told. */
  #lookAgain(): void {
    const has = this.shown?.some((m) => m.services.length);
    if (has && !this.busy && !document.hidden) void this.#load();
  }

  async #load(): Promise<void> {
    const turn = ++this.#turn;
    try {
      const shown = await modules.list();
      if (turn !== this.#turn) return;
      this.shown = shown;
      this.problem = null;
      for (const m of shown) if (m.purging) void this.#follow(m, m.purging.batch);
      for (const m of shown) if (m.migration?.state === 'running') void this.#migration(m, m.migration.batch);
    } catch (error) {
      if (turn === this.#turn) this.problem = problemOf(error);
    }
  }

  async #ask(m: Module, act: Act, to?: Version): Promise<void> {
    this.refusal = null;
    try {
      if (await agreed(m, act, to)) await this.#do(m, act, to ?? (act === 'upgrade' ? (newer(m) ?? undefined) : undefined));
    } catch (error) {
      this.#refused(m, problemOf(error));
    }
  }

  /** Done, it is said with the way back; refused, it is told at the module, where nothing has changed. */
  async #do(m: Module, act: Act, to?: Version): Promise<void> {
    if (this.busy) return;
    this.busy = { name: m.name, text: doing(m, act, to) };
    this.refusal = null;
    try {
      const now = await modules.act(m.name, act, to?.id);
      const way = back(m, act);
      const before = way?.act === 'upgrade' ? m.versions.find((one) => one.id === way.version) : undefined;
      const undo = way && (way.act !== 'upgrade' || before) ? { label: t('undo'), run: () => void this.#do(now, way.act, before) } : undefined;
      toast({ text: done(now, act), kind: 'ok', icon: 'check', key: 'modules', action: undo });
    } catch (error) {
      this.#refused(m, problemOf(error));
    } finally {
      this.busy = null;
      await this.#load();
    }
  }

  async #purge(m: Module): Promise<void> {
    this.refusal = null;
    try {
      const batch = await beginPurge(m);
      if (batch) void this.#follow(m, batch);
    } catch (error) {
      this.#refused(m, problemOf(error));
    }
  }

  /** A purge that is under way, whoever began it. */
  async #follow(m: Module, id: number): Promise<void> {
    if (this.#followed.has(id)) return;
    this.#followed.add(id);
    await followPurge(m.name, id, ({ done, total }) => {
      this.shown = this.shown?.map((one) => (one.name === m.name ? { ...one, purging: { batch: id, done, total } } : one)) ?? null;
    });
    if (this.isConnected) await this.#load();
  }

  /** A change of data that is under way: how far it is, and then what became of the version. */
  async #migration(m: Module, id: number): Promise<void> {
    if (this.#followed.has(id)) return;
    this.#followed.add(id);
    const step = (one: Module, done: number): Module => (one.name === m.name && one.migration ? { ...one, migration: { ...one.migration, done } } : one);
    await follow(id, ({ done }) => (this.shown = this.shown?.map((one) => step(one, done)) ?? null)).catch(problemOf);
    if (this.isConnected) await this.#load();
  }

  /** The message serves whoever has left the page meanwhile. */
  #refused(m: Module, error: ApiError): void {
    this.refusal = { name: m.name, error };
    if (!this.isConnected) toast({ text: problemText(error), kind: 'danger', icon: 'alert' });
  }

  override render() {
    const of = this.search.get('of');
    document.title = `${of ? say('module', { name: of }) : t('modules')} — ${meta.value?.title ?? ''}`;
    return html`<div class="list" data-entity="module">
      ${of ? this.#one(of) : html`<header class="head head-line"><h1 class="title">${t('modules')}</h1></header>${this.#all()}`}
    </div>`;
  }

  /** What was read stays in sight when it cannot be read again. */
  #all(): TemplateResult {
    const { shown, problem } = this;
    if (problem && !shown) return failure(problem, () => void this.#load());
    if (!shown) return skeletonRows(6);
    if (!shown.length) return empty('box', say('empty'), say('empty.text'));
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${t('modules')}>
      <ul class="batches">${shown.map((m) => this.#row(m))}</ul>
    </div>`;
  }

  /* ---- one row ---- */

  #row(m: Module): TemplateResult {
    return html`<li class="batch" data-module=${m.name} data-state=${m.state}>
      <div class="batch-head"><span class="clip">${titled(m.name)}</span>${tag(say(`state.${m.state}`), COLORS[m.state])}${this.#newer(m)}</div>
      <span class="muted">${[this.#version(m), this.#entities(m)].filter(Boolean).join(' · ')}</span>
      ${this.#why(m)}${this.#services(m)}${this.#versions(m)}${this.#change(m)}${m.purging ? purging(m.purging) : nothing}
      <div class="batch-foot">
        ${isInForce(m) ? html`<a class="btn btn-sm" data-action="settings" href="/settings/modules?of=${encodeURIComponent(m.name)}" aria-label=${say('settings.of', { name: m.name })}>${icon('settings', 'icon-16')}${say('settings')}</a>` : nothing}
        ${actsOf(m).map((act) => html`<button class="btn btn-sm ${act === 'disable' ? 'btn-ghost' : ''}" data-action=${act} ?disabled=${!!this.busy} aria-label=${say('act.of', { act: nameOf(m, act), name: m.name })} @click=${() => void this.#ask(m, act)}>${nameOf(m, act)}</button>`)}
        ${mayPurge(m) ? html`<button class="btn btn-sm btn-ghost" data-action="purge" ?disabled=${!!this.busy} aria-label=${say('act.of', { act: say('act.purge'), name: m.name })} @click=${() => void this.#purge(m)}>${say('act.purge')}</button>` : nothing}
      </div>
    </li>`;
  }

  /** What is under way, or why it was not done. */
  #change(m: Module): TemplateResult {
    const { busy, refusal } = this;
    const error = refusal?.name === m.name ? refusal.error : null;
    return html`<div role="status">${busy?.name === m.name ? html`<span>${busy.text}</span><progress class="batch-bar" aria-label=${busy.text}></progress>` : nothing}</div>
      ${
        error
          ? html`<div class="note-bar is-danger-bg" role="alert" data-refusal>${icon('alert', 'icon-16')}${told(error.problem.title ?? '', problemText(error))}
              <button class="icon-btn push" aria-label=${t('close')} @click=${() => (this.refusal = null)}>${icon('x', 'icon-16')}</button></div>`
          : nothing
      }`;
  }

  #newer(m: Module): TemplateResult | typeof nothing {
    const one = newer(m);
    return one ? tag(say('newer', { version: one.version }), 'blue') : nothing;
  }

  #version(m: Module): string {
    const now = numberOf(m, m.version);
    if (now) return say(m.version === 'bundled' ? 'version.bundled' : 'version', { version: now });
    return m.versions.length ? say('version.there', { versions: m.versions.map((v) => v.version).join(', ') }) : '';
  }

  /** Each that lies there, with the way to it. */
  #versions(m: Module): TemplateResult | typeof nothing {
    if (m.versions.length < 2) return nothing;
    return html`<details class="fold" data-part="versions"><summary>${say('versions', { n: m.versions.length })}</summary>
      <ul class="stack-8">${m.versions.map((one) => this.#oneVersion(m, one))}</ul>
    </details>`;
  }

  #oneVersion(m: Module, one: Version): TemplateResult {
    const act = wayTo(m, one);
    const name = act ? nameOf(m, act, one) : '';
    return html`<li class="batch-foot" data-version=${one.id}>
      <span class="mono" title=${one.id}>${one.version}</span>${one.id === 'bundled' ? html`<span class="muted">${say('version.shipped')}</span>` : nothing}
      ${one.id === m.version ? tag(say('version.now'), COLORS[m.state]) : one.id === m.before ? tag(say('version.before'), 'gray') : nothing}
      ${act ? html`<button class="btn btn-sm push" data-action="go" ?disabled=${!!this.busy} aria-label=${say('act.of', { act: `${name} ${one.version}`, name: m.name })} @click=${() => void this.#ask(m, act, one)}>${name}</button>` : nothing}
    </li>`;
  }

  /** By what people know it: its objects. */
  #entities(m: Module): string {
    const own = Object.entries(meta.value?.entities ?? {}).filter(([name]) => name.startsWith(`${m.name}.`));
    return own.map(([, entity]) => capital(t(entity.label.many))).join(', ');
  }

  #why(m: Module): TemplateResult {
    const lines: string[] = [];
    if (m.state === 'disabled' && m.off_by === 'server') lines.push(say('state.disabled.server'));
    else if (m.state !== 'running' && m.state !== 'refused') lines.push(say(`state.${m.state}.text`));
    if (m.lacks) lines.push(say('lacks', { name: m.lacks }));
    if (m.held.length) lines.push(say('held', { n: m.held.length, names: m.held.map((one) => one.name).join(', ') }));
    if (m.draining) lines.push(say('draining', { n: m.draining }));
    if (m.migration) lines.push(say(`migration.${m.migration.state}`, { ...m.migration, version: numberOf(m, m.migration.version) ?? m.migration.version }));
    if (m.remote && m.remote.state !== 'ok') lines.push([say(`remote.${m.remote.state}`), m.remote.detail].filter(Boolean).join(' '));
    return html`${lines.map((line) => html`<span>${line}</span>`)}
    ${m.refused ? html`<div class="note-bar is-danger-bg" data-refused>${icon('alert', 'icon-16')}${told(m.refused.title, m.refused.text)}</div>` : nothing}`;
  }

  /** A line for each: how it is, what it says of itself, and when it is tried again. */
  #services(m: Module): TemplateResult | typeof nothing {
    if (!m.services.length) return nothing;
    const why = (one: Service) => [
      one.text,
      one.next ? say('service.next', { at: moment(one.next) }) : '',
      isOneTooMany(one) ? say('service.too_many') : '',
    ].filter(Boolean).join(' · ');
    return html`<ul aria-label=${say('services.of', { name: m.name })}>
      ${m.services.map((one) => html`<li data-service=${one.name} data-state=${one.state}>
        <span>${one.title}</span> ${tag(say(`service.${one.state}`), SERVICE_COLORS[one.state])} <span class="muted">${why(one)}</span>
      </li>`)}
    </ul>`;
  }

  /* ---- one module ---- */

  #one(name: string): TemplateResult {
    const m = this.shown?.find((one) => one.name === name);
    return html`<header class="head head-line">
        <a class="icon-btn" href="/settings/modules" aria-label=${say('back')} data-action="back">${icon('left')}</a>
        <h1 class="title">${say('module', { name })}</h1>${m ? tag(say(`state.${m.state}`), COLORS[m.state]) : nothing}
      </header>
      <crm-module-settings .module=${name} .rev=${meta.value?.rev ?? ''}></crm-module-settings>`;
  }
}

customElements.define('crm-modules', ModulesPage);
