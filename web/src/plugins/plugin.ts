// One element of a module's script in its place. What it is told is frozen and given before it is connected and whenever
// it changes. When it fails, in its constructor, while it is connected or drawn, a card says so in its place.
import { html, nothing } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { toast } from '../ui/toast.ts';
import './kit.ts';
import { commands, hostOf } from './host.ts';
import { load, make, Unusable } from './load.ts';
import { say } from './texts.ts';
import { lang, t } from '../core/i18n.ts';
import { narrow } from '../core/narrow.ts';
import { Watch } from '../core/store.ts';
import type { Given } from './part.ts';

type Own = Awaited<ReturnType<typeof make>>;

const differs = (a: object | undefined, b: object | undefined): boolean => {
  const [x, y] = [a ?? {}, b ?? {}].map((one) => Object.entries(one));
  return x!.length !== y!.length || x!.some(([key, value]) => !Object.is(value, (b as Record<string, unknown>)?.[key]));
};

class Plugin extends El {
  static override properties = {
    module: { attribute: false },
    tag: { attribute: false },
    given: { attribute: false, hasChanged: differs },
    instead: { attribute: false },
    made: { state: true },
    why: { state: true },
  };
  module = '';
  tag = '';
  given: Given = { place: '' };
  instead: unknown = null;
  made: Own | null = null;
  why = '';
  #watch = new Watch(this, lang, narrow);
  #shown = '';
  #told: object = {};

  override willUpdate(): void {
    void this.#watch;
    const shown = `${this.module} ${this.tag}`;
    if (this.#shown !== shown) {
      this.#shown = shown;
      void this.#open();
    } else if (this.made) {
      this.#tell(this.made);
    }
  }

  async #open(): Promise<void> {
    const shown = this.#shown;
    this.made = null;
    this.why = '';
    try {
      const made = await make(this.module, this.tag);
      if (shown !== this.#shown) return;
      this.#tell(made);
      if (!this.why) this.made = made;
    } catch (error) {
      if (shown === this.#shown) this.#fail(error);
    }
  }

  /** One that is defined later than it is waited for takes its place then. */
  #await(): void {
    const shown = this.#shown;
    void customElements.whenDefined(this.tag).then(() => {
      if (shown === this.#shown) void this.#open();
    });
  }

  #tell(made: Own): void {
    const now = { ...this.given, lang: lang.value, narrow: narrow.value };
    if (made === this.made && !differs(this.#told, now)) return;
    this.#told = now;
    try {
      made.ctx = Object.freeze({ host: hostOf(this.module), ...now });
    } catch (error) {
      this.#fail(error);
      return;
    }
    void Promise.resolve(made.updateComplete).catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    console.warn(`The element ${this.tag} of the module ${this.module} has failed:`, error);
    this.why = error instanceof Unusable ? say(error.key) : String(error instanceof Error ? error.message : error);
    this.made = null;
    if (error instanceof Unusable && error.key === 'undefined') this.#await();
  }

  /** What is thrown while it is connected is not thrown here but told to the window. */
  override update(changed: Map<string, unknown>): void {
    let thrown: unknown;
    const hear = (event: ErrorEvent) => {
      thrown ??= event.error ?? event.message;
      event.preventDefault();
    };
    addEventListener('error', hear);
    try {
      super.update(changed);
    } finally {
      removeEventListener('error', hear);
    }
    if (thrown !== undefined) queueMicrotask(() => this.#fail(thrown));
  }

  override render() {
    if (this.made) return this.made;
    if (this.instead) return (this.instead as () => unknown)();
    if (!this.why) return nothing;
    const name = t(`${this.module}.title`);
    return html`<div class="note-bar is-danger-bg" role="alert" data-plugin-failed=${this.module}>
      ${icon('alert', 'icon-16')}<span><span class="strong">${say('failed', { name })}</span> ${this.why}</span>
      <a class="btn btn-sm push" href="?safe=1" target="_self">${say('without')}</a>
    </div>`;
  }
}

customElements.define('crm-plugin', Plugin);

/** What a command has done it says by itself; that it is not there or fails is said here. */
export async function run(module: string, id: string): Promise<void> {
  try {
    await load(module);
    const act = commands.get(`${module}.${id}`);
    if (!act) throw new Unusable('no_command');
    await act();
  } catch (error) {
    const why = error instanceof Unusable ? say(error.key) : String(error);
    toast({ text: `${say('failed', { name: t(`${module}.title`) })} ${why}`, kind: 'danger', icon: 'alert' });
  }
}
