// A word to the colleague who is responsible for a record that one may not read.
import { html, render } from 'lit';
import { dialogBox, field } from '../ui/form.ts';
import { problemText } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { api, ApiError } from '../core/api.ts';
import { t } from '../core/i18n.ts';
import { ownerOf } from '../core/meta.ts';
import type { Row } from '../core/types.ts';
import { say } from './texts.ts';

const MOST = 2000; // characters, as the server takes them

class Telling {
  #host = document.createElement('div');
  #opener = document.activeElement as HTMLElement | null;
  #text: string;
  #wrong = '';
  #busy = false;

  constructor(
    private entity: string,
    private row: Row,
    private known?: string,
  ) {
    this.#text = known === undefined ? '' : `${say('hand')}\n${known}`.slice(0, MOST);
  }

  open(): void {
    this.#draw();
    document.body.append(this.#host);
    this.#host.querySelector('dialog')!.showModal();
    this.#host.querySelector('textarea')!.focus();
  }

  get #name(): string {
    return ownerOf(this.entity, this.row)?.label ?? '';
  }

  #draw(): void {
    const title = say(this.known === undefined ? 'title' : 'hand.title', { name: this.#name });
    const area = html`<textarea
      class="input"
      id="tell-text"
      rows="6"
      maxlength=${MOST}
      .value=${this.#text}
      @input=${(e: Event) => {
        this.#text = (e.target as HTMLTextAreaElement).value;
      }}
    ></textarea>`;
    const foot = html`<button class="btn btn-primary" data-action="send" ?disabled=${this.#busy}>${say('send')}</button>
      <button class="btn btn-ghost" type="button" @click=${() => this.#host.querySelector('dialog')!.close()}>${t('cancel')}</button>`;
    const body = field('tell-text', say('text'), area, this.#wrong, say('help'));
    render(dialogBox('tell-title', title, () => this.#close(), body, foot, () => void this.#send()), this.#host);
  }

  #close(): void {
    this.#host.remove();
    if (this.#opener?.isConnected) this.#opener.focus();
  }

  /** What was typed stays until it has been sent. */
  async #send(): Promise<void> {
    if (this.#busy) return;
    this.#wrong = this.#text.trim() ? '' : say('empty');
    this.#busy = !this.#wrong;
    this.#draw();
    if (!this.#busy) return;
    try {
      await api.post(`/${this.entity}/${this.row.id}/tell`, { text: this.#text });
      toast({ text: say('done', { name: this.#name }), icon: 'check', kind: 'ok' });
      this.#host.querySelector('dialog')!.close();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#wrong = problemText(error);
    } finally {
      this.#busy = false;
      this.#draw();
    }
  }
}

export const openTell = (entity: string, row: Row, known?: string): void => new Telling(entity, row, known).open();
