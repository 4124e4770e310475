// A page of a module's service, in a frame with an origin of its own: scripts and forms, no cookies, nothing of the
// page around it. What is said between them is the contract in sdk/MANIFEST.md.
import { html, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { failure } from '../ui/parts.ts';
import { api, ApiError } from '../core/api.ts';
import { lang, locale, t } from '../core/i18n.ts';
import { meta } from '../core/meta.ts';
import { openCard } from '../core/router.ts';
import { Watch } from '../core/store.ts';
import { theme } from '../core/theme.ts';
import type { Frame, Row } from '../core/types.ts';

const HEIGHT_MOST = 4000;

interface Said {
  karkas?: number;
  type?: string;
  id?: unknown;
  height?: unknown;
  entity?: unknown;
  values?: unknown;
}

class FrameView extends El {
  static override properties = {
    frame: { attribute: false },
    record: { attribute: false },
    src: { state: true },
    height: { state: true },
    problem: { state: true },
  };
  frame!: Frame;
  record: Row | null = null;
  src = '';
  height = 0;
  problem: ApiError | null = null;
  #watch = new Watch(this, lang, theme, meta);
  #opened = '';
  #ready = false;
  /** Only of its own window, and only while that is as strange as the sandbox makes it. */
  #hear = (event: MessageEvent<Said>) => {
    const isIts = event.origin === 'null' && event.source === this.#window();
    if (isIts && event.data?.karkas === 1) void this.#take(event.data);
  };

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    addEventListener('message', this.#hear);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('message', this.#hear);
    this.#opened = '';
  }

  #window() {
    return this.querySelector('iframe')?.contentWindow ?? null;
  }

  override updated(): void {
    const shown = `${this.#path()} ${this.record?.id ?? ''}`;
    if (this.#opened !== shown) {
      this.#opened = shown;
      this.src = ''; // another record or module gets a window of its own
      void this.#open();
    } else if (this.#ready) {
      this.#tell();
    }
  }

  #path(): string {
    return `${this.frame.module}/${this.frame.id}`;
  }

  async #open(): Promise<void> {
    const shown = this.#opened;
    this.#ready = false;
    this.problem = null;
    try {
      const { src } = await api.post<{ src: string }>(`/frames/${this.#path()}`);
      if (this.#opened === shown) this.src = src;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.#opened === shown) this.problem = error;
    }
  }

  #say(what: object): void {
    this.#window()?.postMessage({ karkas: 1, ...what }, '*'); // its origin is opaque and has no name
  }

  /** Who reads, and the declared fields of the record as he sees them. */
  #tell(): void {
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    const { record, frame } = this;
    const fields = record && Object.fromEntries((frame.send ?? []).filter((f) => f in record).map((f) => [f, record[f]]));
    this.#say({
      type: 'context',
      context: {
        theme: theme.value === 'auto' ? (dark ? 'dark' : 'light') : theme.value,
        locale: locale(),
        user: { id: meta.value!.user.id, name: meta.value!.user.name },
        record: record && { entity: frame.entity, id: record.id, rev: record.rev, fields },
      },
    });
  }

  async #take(said: Said): Promise<void> {
    if (said.type === 'ready') {
      this.#ready = true;
      this.#tell();
    } else if (said.type === 'height' && Number.isFinite(said.height)) {
      this.height = Math.min(Math.max(Math.ceil(said.height as number), 40), HEIGHT_MOST);
    } else if (said.type === 'open' && typeof said.entity === 'string' && Number.isInteger(said.id)) {
      if (meta.value!.entities[said.entity]) openCard(said.entity, said.id as number);
    } else if (said.type === 'set' && Number.isSafeInteger(said.id)) {
      await this.#set(said);
    }
  }

  /** As the user himself, this record alone, the declared fields alone. */
  async #set(said: Said): Promise<void> {
    const { record, frame } = this;
    const isMap = !!said.values && typeof said.values === 'object' && !Array.isArray(said.values);
    const values = isMap ? (said.values as Record<string, unknown>) : {};
    const names = Object.keys(values);
    const fail = (detail: string, fields: unknown = []) =>
      this.#say({ type: 'failed', answers: said.id, problem: { detail, fields } });
    if (!record || !names.length || !names.every((name) => frame.set?.includes(name)))
      return fail(t('frame.undeclared'));
    try {
      const body = Object.fromEntries(names.map((name) => [name, values[name]]));
      const saved = await api.save(frame.entity!, record.id, record.rev, body);
      const fields = Object.fromEntries((frame.send ?? []).filter((f) => f in saved).map((f) => [f, saved[f]]));
      this.#say({ type: 'done', answers: said.id, fields });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const first = error.problem.fields?.[0]?.detail;
      fail(first ?? error.problem.detail ?? '', error.problem.fields);
    }
  }

  override render() {
    if (this.problem) return failure(this.problem, () => void this.#open());
    if (!this.src) return nothing;
    const height = this.height || this.frame.height;
    return html`<iframe
      class="frame"
      sandbox="allow-scripts allow-forms"
      referrerpolicy="no-referrer"
      title=${t(this.frame.label)}
      src=${this.src}
      height=${height}
    ></iframe>`;
  }
}

customElements.define('crm-frame', FrameView);
