// «Поля и объекты»: what this deployment has beside its modules, made and changed while people work.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { confirm } from '../ui/confirm.ts';
import { icon } from '../ui/icon.ts';
import { failure, problemText, skeletonRows, tag } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import './model-form.ts';
import './model-log.ts';
import './model-match.ts';
import type { ModelForm } from './model-form.ts';
import type { ModelMatch } from './model-match.ts';
import { api, type ApiError } from '../core/api.ts';
import { follow } from '../core/batch.ts';
import { capital, lang, t } from '../core/i18n.ts';
import { meta } from '../core/meta.ts';
import { inverse, model, problemOf, typeLabel } from '../core/model.ts';
import type { Declaration, Maker, MatchRule, Model, ModelEntity, ModelField } from '../core/model.ts';
import { go } from '../core/router.ts';
import { Watch } from '../core/store.ts';
import type { Batch, Json } from '../core/types.ts';

const MAKERS: Maker[] = ['model', 'tz', 'module'];

class ModelPage extends El {
  static override properties = { search: { attribute: false }, shown: { state: true }, problem: { state: true }, batch: { state: true } };
  search = new URLSearchParams();
  shown: Model | null = null;
  problem: ApiError | null = null;
  batch: Batch | null = null; // the change of type or the purge that is under way
  #watch = new Watch(this, lang, meta);
  #rev = '';

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    void this.#load();
  }

  /** Somebody, or an operation, has changed what there is. */
  override willUpdate(): void {
    const rev = meta.value?.rev ?? '';
    if (this.#rev && this.#rev !== rev) void this.#load();
    this.#rev = rev;
  }

  async #load(): Promise<void> {
    try {
      this.shown = await model.read();
      this.problem = null;
      const busy = this.shown.entities.flatMap((e) => [e, ...e.fields]).find((f) => f.change)?.change;
      if (busy && !this.batch) void this.#follow(busy.batch);
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  async #follow(id: number): Promise<void> {
    const ended = await follow(id, (now) => (this.batch = now)).catch(problemOf);
    this.batch = null;
    const state = 'state' in ended ? ended.state : '';
    const isPurge = 'kind' in ended && ended.kind === 'purge';
    if (state === 'failed') toast({ text: t(isPurge ? 'model.purge.failed' : 'model.failed'), kind: 'danger', icon: 'alert', action: { label: t('batch.look'), run: () => go(`/settings/batches?open=${id}`) } });
    if (state === 'done') toast({ text: t(isPurge ? 'model.purged' : 'model.converted'), kind: 'ok', icon: 'check' });
    await this.#load();
  }

  get #entity(): ModelEntity | undefined {
    const all = this.shown?.entities ?? [];
    const asked = this.search.get('of');
    return all.find((e) => e.name === asked) ?? all.find((e) => e.name.includes('.')) ?? all[0];
  }

  get #mayPurge(): boolean {
    return !!meta.value?.user.functions?.includes('delete');
  }

  get #form(): ModelForm {
    return this.querySelector('crm-model-form')!;
  }

  /** What was done is said, with the way back. */
  async #done(text: string, back?: () => Promise<unknown>): Promise<void> {
    await this.#load();
    const undo = async () => {
      try {
        await back!();
        await this.#load();
      } catch (error) {
        toast({ text: problemText(problemOf(error)), kind: 'danger', icon: 'alert' });
      }
    };
    toast({ text, kind: 'ok', icon: 'check', action: back ? { label: t('undo'), run: () => void undo() } : undefined });
  }

  #saved(event: CustomEvent<{ entity: string; was: ModelField | null; wish: Declaration; now: ModelField }>): void {
    const { entity, was, wish, now } = event.detail;
    if (now.change) {
      void this.#load();
      return;
    }
    const name = now.label || now.name;
    if (!was) void this.#done(t('model.added', { name }), () => model.retire(entity, now.name));
    else void this.#done(t('model.changed', { name }), () => model.change(entity, now.name, inverse(was.declaration ?? {}, wish, was.name)));
  }

  #made(event: CustomEvent<ModelEntity>): void {
    void this.#done(t('model.made', { name: capital(t(event.detail.label)) }));
    go(`/settings/model?of=${event.detail.name}`);
  }

  #matched(event: CustomEvent<{ entity: string; was: Json; now: ModelEntity }>): void {
    const { entity, was, now } = event.detail;
    if (now.change) void this.#load();
    else void this.#done(t('model.match.saved'), () => model.changeEntity(entity, { match: was }));
  }

  async #retire(entity: ModelEntity, f?: ModelField): Promise<void> {
    const name = f ? f.label || f.name : capital(t(entity.label));
    const is = await confirm({ title: t('model.retire.title', { name }), text: t('model.retire.text'), yes: t('model.retire'), danger: true });
    if (!is) return;
    try {
      const now = await model.retire(entity.name, f?.name);
      if (now?.change) return void (await this.#load());
      await this.#done(t('model.retired', { name }), () => model.restore(entity.name, f?.name));
    } catch (error) {
      toast({ text: problemText(problemOf(error)), kind: 'danger', icon: 'alert' });
    }
  }

  async #restore(entity: ModelEntity, f?: ModelField): Promise<void> {
    try {
      const now = await model.restore(entity.name, f?.name);
      if (now.change) return void (await this.#load());
      await this.#done(t('model.restored', { name: f?.label ?? capital(t(entity.label)) }));
    } catch (error) {
      toast({ text: problemText(problemOf(error)), kind: 'danger', icon: 'alert' });
    }
  }

  /** For ever, so the name is to be typed. */
  async #purge(entity: ModelEntity, f?: ModelField): Promise<void> {
    const name = f?.name ?? entity.name;
    try {
      const plan = await model.planPurge(entity.name, f?.name);
      const text = [t(f ? 'model.purge.values' : 'model.purge.records', { n: plan.rows })];
      if (plan.files) text.push(t('model.purge.files', { n: plan.files }));
      text.push(t('model.purge.text'));
      const question = { title: t('model.purge.title', { name: f?.label || capital(t(entity.label)) }), text: text.join(' '), yes: t('model.purge'), danger: true };
      if (!(await confirm({ ...question, typed: { value: name, label: t('model.purge.typed', { name }) } }))) return;
      const started = await model.purge(entity.name, f?.name);
      void this.#follow(started.change!.batch);
    } catch (error) {
      toast({ text: problemText(problemOf(error)), kind: 'danger', icon: 'alert' });
    }
  }

  override render() {
    document.title = `${t('model')} — ${meta.value?.title ?? ''}`;
    const { shown, problem } = this;
    return html`<div class="list" data-entity="model">
      <header class="head head-line">
        <h1 class="title">${t('model')}</h1>
        <div class="actions">
          <button class="btn" data-action="new-entity" ?disabled=${!shown} @click=${() => this.#form.openEntity(shown!)}>${icon('plus', 'icon-16')}${t('model.new.entity')}</button>
        </div>
      </header>
      ${problem ? failure(problem, () => void this.#load()) : !shown ? skeletonRows(6) : this.#page(shown)}
      <crm-model-form @saved=${(e: CustomEvent) => this.#saved(e)} @made=${(e: CustomEvent) => this.#made(e)}></crm-model-form>
      <crm-model-match @matched=${(e: CustomEvent) => this.#matched(e)}></crm-model-match>
    </div>`;
  }

  #page(shown: Model): TemplateResult {
    const entity = this.#entity;
    if (!entity) return html``;
    const retired = entity.state === 'retired';
    return html`<div class="model-bar">
        <div class="field"><select class="input" id="model-entity" aria-label=${t('model.entity')} @change=${(e: Event) => go(`/settings/model?of=${(e.target as HTMLSelectElement).value}`)}>
          ${shown.entities.map((e) => html`<option value=${e.name} ?selected=${e.name === entity.name}>${capital(t(e.label))}${e.state === 'retired' ? ` (${t('model.state.retired')})` : ''}</option>`)}
        </select></div>
        ${
          retired
            ? html`<button class="btn" data-action="restore-entity" ?disabled=${!!entity.change} @click=${() => void this.#restore(entity)}>${t('model.restore')}</button>
                ${this.#mayPurge ? html`<button class="btn btn-ghost" data-action="purge-entity" ?disabled=${!!entity.change} @click=${() => void this.#purge(entity)}>${t('model.purge')}</button>` : nothing}`
            : html`<button class="btn btn-primary" data-action="new-field" @click=${() => this.#form.openField(shown, entity, null)}>${icon('plus', 'icon-16')}${t('model.new.field')}</button>`
        }
        ${entity.made_by === 'model' && !retired ? html`<button class="btn" data-action="edit-match" ?disabled=${!!entity.change} @click=${() => this.querySelector<ModelMatch>('crm-model-match')!.open(entity)}>${t('model.match.edit')}</button>` : nothing}
        ${entity.made_by === 'model' && !retired ? html`<button class="btn btn-ghost" data-action="retire-entity" @click=${() => void this.#retire(entity)}>${t('model.retire.entity')}</button>` : nothing}
      </div>
      ${this.#matches(entity)}${this.#progress()}
      <div class="scroll" tabindex="0" role="region" aria-label=${t('model')}>
        ${MAKERS.map((maker) => this.#group(shown, entity, maker))}
        <crm-model-log></crm-model-log>
      </div>`;
  }

  /** By what duplicates of an entity of its own are found. */
  #matches(entity: ModelEntity): TemplateResult | typeof nothing {
    const rules = entity.declaration?.match as MatchRule[] | undefined;
    if (!rules?.length) return nothing;
    const label = (name: string) => capital(t(entity.fields.find((f) => f.name === name)?.label || name));
    const said = rules.map(({ same, similar }) =>
      similar ? t('model.match.similar', { name: label(similar) }) : [same ?? []].flat().map(label).join(' + '),
    );
    return html`<p class="muted model-none" data-match>${t('model.match', { rules: said.join(', ') })}</p>`;
  }

  #progress(): TemplateResult | typeof nothing {
    const batch = this.batch;
    if (!batch) return nothing;
    const isPurge = batch.kind === 'purge';
    return html`<div class="model-busy" role="status">
      <span>${t(isPurge ? 'model.purging' : 'model.converting', { name: batch.title ?? '', done: batch.done, total: batch.total })}</span>
      <progress class="batch-bar" max=${batch.total || 1} value=${batch.done} aria-label=${t(isPurge ? 'model.purging.short' : 'model.converting.short')}></progress>
      <button class="btn btn-sm" data-action="stop" @click=${() => void api.post(`/batch/${batch.id}/cancel`, {})}>${t('batch.stop')}</button>
    </div>`;
  }

  #group(shown: Model, entity: ModelEntity, maker: Maker): TemplateResult | typeof nothing {
    const fields = entity.fields.filter((f) => f.made_by === maker);
    if (!fields.length && maker !== 'model') return nothing;
    return html`<section class="model-group" data-maker=${maker}>
      <h2 class="model-head">${t(`model.by.${maker}`)}</h2>
      ${
        fields.length
          ? html`<ul class="batches">
              ${fields.map((f) => this.#row(shown, entity, f))}
            </ul>`
          : html`<p class="muted model-none">${t('model.none')}</p>`
      }
    </section>`;
  }

  #says(f: ModelField): string {
    const d = f.declaration;
    const parts = [f.name];
    if (d?.required) parts.push(t('model.required').toLowerCase());
    if (d?.unique) parts.push(t('model.unique').toLowerCase());
    else if (d?.index) parts.push(t('model.index').toLowerCase());
    if (f.was) parts.push(t('model.was', { name: f.was }));
    return parts.join(' · ');
  }

  #row(shown: Model, entity: ModelEntity, f: ModelField): TemplateResult {
    const retired = f.state === 'retired';
    return html`<li class="batch" data-field=${f.name} data-state=${f.state}>
      <div class="batch-head">
        <span class="strong clip">${capital(t(f.label || f.name))}</span>${tag(typeLabel(f.type))}
        ${retired ? tag(t('model.state.retired'), 'amber') : nothing}
        ${f.state === 'coming' ? tag(t('model.state.coming'), 'amber') : nothing}
        ${f.made_by === 'model' && f.unseen && !retired ? tag(t('model.unseen'), 'red') : nothing}
      </div>
      <span class="muted clip">${this.#says(f)}</span>
      ${f.made_by === 'model' && f.state !== 'coming' ? this.#actions(shown, entity, f, retired) : nothing}
    </li>`;
  }

  #actions(shown: Model, entity: ModelEntity, f: ModelField, retired: boolean): TemplateResult {
    if (retired)
      return html`<div class="batch-foot">
        <button class="btn btn-sm" data-action="restore" ?disabled=${!!f.change} @click=${() => void this.#restore(entity, f)}>${t('model.restore')}</button>
        ${this.#mayPurge ? html`<button class="btn btn-sm btn-ghost" data-action="purge" ?disabled=${!!f.change} @click=${() => void this.#purge(entity, f)}>${t('model.purge')}</button>` : nothing}
      </div>`;
    return html`<div class="batch-foot">
      <button class="btn btn-sm" data-action="edit" ?disabled=${!!f.change} @click=${() => this.#form.openField(shown, entity, f)}>${t('edit')}</button>
      <button class="btn btn-sm btn-ghost" data-action="retire" ?disabled=${!!f.change} @click=${() => void this.#retire(entity, f)}>${t('model.retire')}</button>
    </div>`;
  }
}

customElements.define('crm-model', ModelPage);
