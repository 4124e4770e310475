// Webhooks: which systems are told what, whether they answer, and the journal of what was sent.
import { html, nothing, type TemplateResult } from 'lit';
import { confirm } from '../ui/confirm.ts';
import { dialogBox, once } from '../ui/form.ts';
import { problemText, tag } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import './deliveries.ts';
import { OutwardPage } from './outward-page.ts';
import { bodyOf, differing, taking, wishOf, type Wish } from './webhook-form.ts';
import { api, ApiError } from '../core/api.ts';
import { moment } from '../core/fmt.ts';
import { capital, t } from '../core/i18n.ts';
import { entityOf } from '../core/meta.ts';
import type { Webhook } from '../core/types.ts';

class Webhooks extends OutwardPage<Webhook> {
  static override properties = {
    open: { state: true },
    editing: { state: true },
    shown: { state: true },
    wish: { state: true },
    base: { state: true },
    theirs: { state: true },
  };
  protected override readonly kind = 'webhook';
  open = 0;
  editing: Webhook | null = null;
  shown: Webhook | null = null; // its secret is being shown
  wish: Wish = wishOf(null, []);
  base: Wish | null = null; // what the one being edited was
  theirs: Webhook | null = null; // what somebody else has made of it meanwhile

  /** Whatever is asked of a subscription; what went wrong is said. */
  async #act<T>(row: Webhook, what: string, body: unknown = {}): Promise<T | null> {
    try {
      const answer = await api.post<T>(`/webhooks/${row.id}/${what}`, body);
      await this.load();
      return answer ?? ({} as T);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      toast({ text: problemText(error), kind: 'danger' });
      return null;
    }
  }

  async #test(row: Webhook): Promise<void> {
    if (await this.#act(row, 'test')) {
      this.open = row.id;
      toast({ text: t('webhook.tested') });
      this.querySelector('crm-deliveries')?.refresh();
    }
  }

  async #rotate(row: Webhook): Promise<void> {
    const is = await confirm({ title: t('webhook.rotate.title'), text: t('webhook.rotate.text'), yes: t('webhook.rotate') });
    const made = is ? await this.#act<Webhook>(row, 'rotate') : null;
    if (!made) return;
    this.shown = made;
    this.querySelector('dialog')!.showModal();
  }

  async #remove(row: Webhook): Promise<void> {
    const is = await confirm({
      title: t('webhook.remove.title', { name: row.title }),
      text: t('webhook.remove.text'),
      yes: t('delete'),
      danger: true,
    });
    if (!is) return;
    await api.del(`/webhooks/${row.id}`);
    await this.load();
  }

  protected override begin(): void {
    this.#edit(null);
  }

  #edit(row: Webhook | null): void {
    this.shown = null;
    this.faults = [];
    this.#take(row);
    this.wish = wishOf(row, this.users);
    const dialog = this.querySelector('dialog')!;
    void this.updateComplete.then(() => dialog.showModal());
  }

  /** What the form's changes are changes of. */
  #take(row: Webhook | null): void {
    this.editing = row;
    this.base = row ? wishOf(row, this.users) : null;
    this.theirs = null;
  }

  #save(): Promise<void> {
    return this.submit(async () => {
      if (!this.editing) this.shown = await api.post<Webhook>('/webhooks', bodyOf(this.wish));
      else if (await this.#change(this.editing)) this.querySelector('dialog')!.close();
    });
  }

  /** Only what was changed here is sent; false: somebody else was first. */
  async #change(row: Webhook): Promise<boolean> {
    const body = bodyOf(this.wish, differing(this.base!, this.wish));
    try {
      await api.patch(`/webhooks/${row.id}`, body, { 'If-Match': `"${row.rev}"` });
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 412) throw error;
      this.theirs = error.problem.record as unknown as Webhook;
      return false;
    }
  }

  /** The form goes on from what is stored now: with others' changes in it, or with one's own over them. */
  #settle(isTheirs: boolean): void {
    const { base, theirs } = this;
    const now = wishOf(theirs, this.users);
    const others = differing(base!, now);
    const mine = new Set(differing(base!, this.wish));
    this.wish = taking(this.wish, now, isTheirs ? others : others.filter((part) => !mine.has(part)));
    this.#take(theirs);
    if (!isTheirs) void this.#save();
  }

  #state(row: Webhook): TemplateResult {
    if (row.state === 'paused') return tag(t('webhook.paused'), row.reason === 'person' ? 'gray' : 'red');
    return row.failures ? tag(t('webhook.failing'), 'amber') : tag(t('webhook.active'), 'green');
  }

  #says(row: Webhook): string {
    const ops = row.on.map((op) => t(`webhook.on.${op}`)).join(', ');
    const parts = [`${capital(t(entityOf(row.entity)?.label.many ?? row.entity))}: ${ops}`];
    if (row.user) parts.push(row.user.label ?? '');
    if (row.waiting) parts.push(t('webhook.waiting', { n: row.waiting }));
    if (row.state === 'paused' && row.reason) parts.push(t(`webhook.reason.${row.reason}`));
    else if (row.failing_since) parts.push(t('webhook.since', { at: moment(row.failing_since) }));
    if (row.of_tz) parts.push(t('webhook.tz'));
    return parts.join(' · ');
  }

  protected override row(row: Webhook): TemplateResult {
    const isOpen = this.open === row.id;
    const paused = row.state === 'paused';
    return html`<li class="batch" data-id=${row.id} data-state=${row.state}>
      <div class="batch-head"><span class="strong clip">${row.title}</span>${this.#state(row)}</div>
      <span class="muted clip mono" title=${row.url}>${row.url}</span>
      <span class="muted">${this.#says(row)}</span>
      <div class="batch-foot">
        <button class="btn btn-sm" data-action="journal" aria-expanded=${isOpen ? 'true' : 'false'} @click=${() => (this.open = isOpen ? 0 : row.id)}>${t('webhook.journal')}</button>
        <button class="btn btn-sm" data-action="test" @click=${() => void this.#test(row)}>${t('webhook.test')}</button>
        <button class="btn btn-sm" data-action=${paused ? 'resume' : 'pause'} @click=${() => void this.#act(row, paused ? 'resume' : 'pause')}>${t(paused ? 'webhook.resume' : 'webhook.pause')}</button>
        ${
          row.of_tz
            ? nothing
            : html`<button class="btn btn-sm btn-ghost" data-action="edit" @click=${() => this.#edit(row)}>${t('edit')}</button>
                <button class="btn btn-sm btn-ghost" data-action="rotate" @click=${() => void this.#rotate(row)}>${t('webhook.rotate')}</button>
                <button class="btn btn-sm btn-ghost" data-action="remove" @click=${() => void this.#remove(row)}>${t('delete')}</button>`
        }
      </div>
      ${isOpen ? html`<crm-deliveries .webhook=${row.id}></crm-deliveries>` : nothing}
    </li>`;
  }

  protected override dialog(): TemplateResult {
    const { shown, editing } = this;
    return dialogBox(
      'webhook-dialog',
      t(shown ? 'webhook.secret' : editing ? 'webhook.edit' : 'webhook.new'),
      () => (this.shown = null),
      shown ? once('webhook-secret', shown.title ?? '', shown.secret!) : this.#form(),
      shown
        ? html`<button class="btn btn-primary push" type="button" @click=${() => this.querySelector('dialog')!.close()}>${t('done')}</button>`
        : html`<button class="btn btn-primary push" data-action="save">${t('save')}</button>`,
      () => void this.#save(),
    );
  }

  #form(): TemplateResult {
    return html`<crm-webhook-form
      .users=${this.users}
      .faults=${this.faults}
      .wish=${this.wish}
      .base=${this.base}
      .theirs=${this.theirs ? wishOf(this.theirs, this.users) : null}
      @ui-wish=${(e: CustomEvent<Wish>) => (this.wish = e.detail)}
      @ui-take=${() => this.#settle(true)}
      @ui-keep=${() => this.#settle(false)}
    ></crm-webhook-form>`;
  }
}

customElements.define('crm-webhooks', Webhooks);
