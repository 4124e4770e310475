// The dialog of the rules that find duplicates of one object of one's own: one or several values that are the same, or
// a name that is alike.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { dialogBox, field } from '../ui/form.ts';
import { icon } from '../ui/icon.ts';
import { problemText } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { capital, lang, t } from '../core/i18n.ts';
import { ALIKE_FROM, model, problemOf, ruleOf, rulesOf, SAME_MOST, SAME_TYPES } from '../core/model.ts';
import type { MatchWish, ModelEntity, ModelField } from '../core/model.ts';
import { Watch } from '../core/store.ts';

const RULES_MOST = 8;

export class ModelMatch extends El {
  static override properties = { entity: { state: true }, rules: { state: true }, wrong: { state: true }, busy: { state: true } };
  entity: ModelEntity | null = null;
  rules: MatchWish[] = [];
  wrong = '';
  busy = false;
  #watch = new Watch(this, lang);

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
  }

  open(entity: ModelEntity): void {
    const rules = rulesOf(entity.declaration?.match);
    Object.assign(this, { entity, rules: rules.length ? rules : [this.#fresh(entity)], wrong: '', busy: false });
    void this.updateComplete.then(() => this.querySelector('dialog')!.showModal());
  }

  #fields(entity: ModelEntity, kind: MatchWish['kind']): ModelField[] {
    const fits = kind === 'same' ? SAME_TYPES : ['text'];
    return entity.fields.filter((f) => f.state === 'active' && fits.includes(f.type));
  }

  #fresh(entity: ModelEntity): MatchWish {
    const kind = this.#fields(entity, 'same').length ? 'same' : 'similar';
    return { kind, fields: [this.#fields(entity, kind)[0]?.name ?? ''], from: ALIKE_FROM };
  }

  #set(at: number, change: Partial<MatchWish>): void {
    this.rules = this.rules.map((rule, i) => (i === at ? { ...rule, ...change } : rule));
  }

  #turn(at: number, kind: MatchWish['kind']): void {
    this.#set(at, { kind, fields: [this.#fields(this.entity!, kind)[0]?.name ?? ''] });
  }

  /** The fields behind one that was emptied move up. */
  #choose(at: number, nth: number, name: string): void {
    const fields = [...this.rules[at]!.fields];
    fields[nth] = name;
    this.#set(at, { fields: fields.filter(Boolean) });
  }

  #drop(at: number): void {
    this.rules = this.rules.filter((_, i) => i !== at);
    void this.updateComplete.then(() => this.querySelector<HTMLElement>('[data-action=add-rule]')?.focus());
  }

  async #submit(): Promise<void> {
    if (this.busy) return;
    const [entity, was] = [this.entity!, this.entity!.declaration?.match ?? null];
    const match = this.rules.length ? this.rules.map(ruleOf) : null;
    if (JSON.stringify(match) === JSON.stringify(was)) return this.#close();
    this.busy = true;
    this.wrong = '';
    try {
      const now = await model.changeEntity(entity.name, { match });
      this.#close();
      this.dispatchEvent(new CustomEvent('matched', { detail: { entity: entity.name, was, now } }));
    } catch (error) {
      const problem = problemOf(error);
      this.wrong = problem.problem.fields?.[0]?.detail ?? '';
      if (!this.wrong) toast({ text: problemText(problem), kind: 'danger', icon: 'alert' });
    } finally {
      this.busy = false;
    }
  }

  #close(): void {
    this.querySelector('dialog')!.close();
  }

  override render() {
    const mayAdd = this.rules.length < RULES_MOST;
    return dialogBox(
      'model-match-dialog',
      t('model.match.edit'),
      () => (this.rules = []),
      html`<div class="stack-12">
        <p class="muted">${t(this.rules.length ? 'model.match.help' : 'model.match.none')}</p>
        ${this.rules.map((rule, at) => this.#rule(rule, at))}
        ${this.wrong ? html`<p class="help" role="alert">${icon('alert')} ${this.wrong}</p>` : nothing}
      </div>`,
      html`${mayAdd ? html`<button class="btn" type="button" data-action="add-rule" @click=${() => (this.rules = [...this.rules, this.#fresh(this.entity!)])}>${icon('plus', 'icon-16')}${t('model.match.add')}</button>` : nothing}
        <button class="btn btn-primary push" data-action="save" ?disabled=${this.busy}>${t('save')}</button>`,
      () => void this.#submit(),
    );
  }

  #rule(rule: MatchWish, at: number): TemplateResult {
    const n = at + 1;
    return html`<fieldset class="stack-12" data-rule=${at}>
      <legend class="strong">${t('model.match.rule', { n })}</legend>
      ${field(
        `match-kind-${at}`,
        t('model.match.kind'),
        html`<select class="input" id="match-kind-${at}" @change=${(e: Event) => this.#turn(at, (e.target as HTMLSelectElement).value as MatchWish['kind'])}>
          ${(['same', 'similar'] as const).map((kind) => html`<option value=${kind} ?selected=${kind === rule.kind}>${t(`model.match.kind.${kind}`)}</option>`)}
        </select>`,
      )}
      ${rule.kind === 'same' ? this.#same(rule, at) : this.#similar(rule, at)}
      <button class="btn btn-sm btn-ghost" type="button" data-action="drop-rule" aria-label=${t('model.match.drop', { n })} @click=${() => this.#drop(at)}>${t('model.match.drop.short')}</button>
    </fieldset>`;
  }

  /** One more may always be added, up to the most. */
  #same(rule: MatchWish, at: number): TemplateResult {
    const count = Math.min(rule.fields.length + 1, SAME_MOST);
    return html`${Array.from({ length: count }, (_, nth) => this.#select(rule, at, nth))}`;
  }

  #select(rule: MatchWish, at: number, nth: number): TemplateResult {
    const id = `match-field-${at}-${nth}`;
    const taken = rule.fields.filter((_, i) => i !== nth);
    const offered = this.#fields(this.entity!, rule.kind).filter(
      (f) => !taken.includes(f.name) && (nth === 0 || !f.declaration?.many),
    );
    if (nth && !offered.length) return html``;
    return field(
      id,
      t(nth ? 'model.match.also' : 'model.match.field'),
      html`<select class="input" id=${id} @change=${(e: Event) => this.#choose(at, nth, (e.target as HTMLSelectElement).value)}>
        ${nth ? html`<option value="" ?selected=${!rule.fields[nth]}>${t('model.match.nothing')}</option>` : nothing}
        ${offered.map((f) => html`<option value=${f.name} ?selected=${f.name === rule.fields[nth]}>${capital(t(f.label || f.name))}</option>`)}
      </select>`,
    );
  }

  #similar(rule: MatchWish, at: number): TemplateResult {
    return html`${this.#select(rule, at, 0)}
    ${field(
      `match-from-${at}`,
      t('model.match.from'),
      html`<input class="input" type="number" inputmode="numeric" id="match-from-${at}" min="50" max="100" .value=${String(rule.from)} @change=${(e: Event) => this.#set(at, { from: Number((e.target as HTMLInputElement).value) })} />`,
    )}`;
  }
}

customElements.define('crm-model-match', ModelMatch);
