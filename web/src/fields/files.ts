// Attachments of a field: picked, dropped or taken with a phone's camera, uploaded with progress, removed with undo.
// It fires `ui-files` with the new list; whoever saves waits for uploads under way (picks.ts).
import { html, nothing, type TemplateResult } from 'lit';
import { El, uid } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { ApiError } from '../core/api.ts';
import * as fmt from '../core/fmt.ts';
import { t } from '../core/i18n.ts';
import type { Attachment } from '../core/types.ts';
import { upload } from '../core/upload.ts';
import { expectPick } from './picks.ts';

const LARGEST = 100 * 1024 * 1024;

interface Under {
  name: string;
  share: number;
  stop: () => void;
  failed: string | null;
}

export const isImage = (file: Attachment) => /^image\/(png|jpeg|gif|webp)$/.test(file.type);
export const address = (file: Attachment) => `/api/v1/file/${file.id}`;

export function size(bytes: number): string {
  if (bytes < 1024) return t('fmt.bytes', { n: bytes });
  if (bytes < 1024 * 1024) return t('fmt.kb', { n: fmt.number(Math.round(bytes / 1024)) });
  return t('fmt.mb', { n: fmt.number(Math.round(bytes / 104857.6) / 10) });
}

/** An image opens in a page of its own, anything else is downloaded. */
export function attachment(file: Attachment): TemplateResult {
  const image = isImage(file);
  return html`<a
    class="file-link"
    href=${image ? `${address(file)}?inline=1` : address(file)}
    target=${image ? '_blank' : nothing}
    rel="noopener"
    ?download=${!image}
    data-native
  >
    ${
      image
        ? html`<img class="file-thumb" src="${address(file)}?inline=1" alt="" loading="lazy" />`
        : html`<span class="file-thumb is-mark">${icon('file', 'icon-16')}</span>`
    }
    <span class="file-name">${file.name || t('file.unnamed')}</span>
    <span class="muted small num">${size(file.size)}</span>
  </a>`;
}

export class FilesEdit extends El {
  static override properties = {
    value: { attribute: false },
    many: { type: Boolean },
    inputId: {},
    invalid: { type: Boolean },
    describedBy: {},
    under: { state: true },
    removed: { state: true },
  };
  value: Attachment[] = [];
  many = false;
  inputId = uid('files');
  invalid = false;
  describedBy = '';
  under: Under[] = [];
  removed: { file: Attachment; at: number }[] = [];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const one of this.under) one.stop();
  }

  #put(list: Attachment[]): void {
    this.value = list;
    this.dispatchEvent(new CustomEvent('ui-files', { bubbles: true, detail: list }));
  }

  #take(list?: FileList | null): void {
    const files = [...(list ?? [])];
    for (const file of this.many ? files : files.slice(0, 1)) this.#send(file);
  }

  #send(file: File): void {
    const one: Under = { name: file.name, share: 0, stop: () => {}, failed: null };
    this.under = [...this.under, one];
    if (file.size > LARGEST) {
      this.#fail(one, t('file.too_large'));
      return;
    }
    const path = `/file?name=${encodeURIComponent(file.name)}`;
    const sent = upload<Attachment>(path, file, (share) => {
      one.share = share;
      this.requestUpdate();
    });
    one.stop = sent.stop;
    expectPick(sent.done.then(() => true).catch(() => false));
    sent.done.then(
      (made) => {
        this.#drop(one);
        this.#put(this.many ? [...this.value, made] : [made]);
      },
      (error: unknown) => {
        const problem = error instanceof ApiError ? error.problem : null;
        if (problem?.code === 'aborted') this.#drop(one);
        else this.#fail(one, problem?.detail ?? t('file.failed'));
      },
    );
  }

  #fail(one: Under, why: string): void {
    one.failed = why;
    this.requestUpdate();
  }

  #drop(one: Under): void {
    this.under = this.under.filter((u) => u !== one);
  }

  #remove(file: Attachment): void {
    this.removed = [...this.removed, { file, at: this.value.indexOf(file) }];
    this.#put(this.value.filter((f) => f !== file));
  }

  #back(): void {
    const { file, at } = this.removed.at(-1)!;
    this.removed = this.removed.slice(0, -1);
    this.#put(this.many ? [...this.value.slice(0, at), file, ...this.value.slice(at)] : [file]);
  }

  override render() {
    const over = (e: DragEvent, isOver: boolean) => {
      e.preventDefault();
      this.querySelector('.files')!.classList.toggle('is-over', isOver);
    };
    return html`<div
      class="files"
      @dragover=${(e: DragEvent) => over(e, true)}
      @dragleave=${(e: DragEvent) => over(e, false)}
      @drop=${(e: DragEvent) => {
        over(e, false);
        this.#take(e.dataTransfer?.files);
      }}
    >
      <ul class="file-list">
        ${this.value.map((file) => this.#held(file))}${this.under.map((one) => this.#underWay(one))}
      </ul>
      ${this.removed.length ? this.#undo() : nothing}
      <span class="file-actions">
        ${this.#picker('file.pick', 'upload', '')} ${this.#picker('file.camera', 'plus', 'image/*')}
        <span class="muted small file-hint">${t('file.drop')}</span>
      </span>
    </div>`;
  }

  #picker(text: string, mark: string, accept: string): TemplateResult {
    const take = (e: Event) => {
      const input = e.target as HTMLInputElement;
      this.#take(input.files);
      input.value = '';
    };
    return html`<label class="btn btn-sm ${accept ? 'file-camera' : ''}"
      >${icon(mark, 'icon-16')}${t(text)}<input
        class="sr"
        id=${accept ? `${this.inputId}-camera` : this.inputId}
        type="file"
        ?multiple=${this.many && !accept}
        accept=${accept || nothing}
        capture=${accept ? 'environment' : nothing}
        aria-invalid=${this.invalid ? 'true' : nothing}
        aria-describedby=${this.describedBy || nothing}
        @change=${take}
    /></label>`;
  }

  #held(file: Attachment): TemplateResult {
    return html`<li class="file-item">
      ${attachment(file)}
      <button
        type="button"
        class="icon-btn icon-btn-sm"
        aria-label=${t('remove.what', { name: file.name })}
        @click=${() => this.#remove(file)}
      >
        ${icon('x', 'icon-16')}
      </button>
    </li>`;
  }

  #underWay(one: Under): TemplateResult {
    return html`<li class="file-item ${one.failed ? 'is-failed' : ''}" role="status">
      <span class="file-name">${one.name}</span>
      ${
        one.failed
          ? html`<span class="file-why">${one.failed}</span>`
          : html`<progress
              class="progress"
              max="1"
              .value=${one.share}
              aria-label=${t('file.uploading', { name: one.name })}
            ></progress>`
      }
      <button
        type="button"
        class="icon-btn icon-btn-sm"
        aria-label=${t(one.failed ? 'remove.what' : 'file.stop', { name: one.name })}
        @click=${() => (one.failed ? this.#drop(one) : one.stop())}
      >
        ${icon('x', 'icon-16')}
      </button>
    </li>`;
  }

  #undo(): TemplateResult {
    const { file } = this.removed.at(-1)!;
    return html`<p class="file-removed small" role="status">
      <span class="muted">${t('file.removed', { name: file.name })}</span>
      <button type="button" class="btn btn-sm btn-ghost" @click=${() => this.#back()}>${t('undo')}</button>
    </p>`;
  }
}

customElements.define('crm-files', FilesEdit);
