// Records from a file, step by step: the file, what its columns mean, a rehearsal, the import and its report. All but
// what is being chosen stands on the server, so a reload or another day goes on where it was.
import { html, nothing, type TemplateResult } from 'lit';
import { El } from '../ui/element.ts';
import { icon } from '../ui/icon.ts';
import { empty, failure, problemText } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { api, ApiError } from '../core/api.ts';
import { on } from '../core/events.ts';
import { capital, lang, t } from '../core/i18n.ts';
import { entityOf, meta } from '../core/meta.ts';
import { go } from '../core/router.ts';
import { Watch } from '../core/store.ts';
import { upload, type Upload } from '../core/upload.ts';
import { checkFailed, counts, mapStep, noteLists, obstacle, pickStep, progress, sharing } from './import-steps.ts';
import {
  isOpen,
  notesOf,
  whyEnded,
  withColumn,
  withMatch,
  type Import as File_,
  type Notes,
  type Options,
} from './import-model.ts';
import { verdictOf } from './import-verdict.ts';

const LOOK = 1000; // ms between looks at a check or run, beside its events

class Import extends El {
  static override properties = {
    entity: {},
    search: { attribute: false },
    file: { state: true },
    options: { state: true },
    share: { state: true },
    problem: { state: true },
    notes: { state: true },
    busy: { state: true },
    isEditing: { state: true },
    isUndone: { state: true },
  };
  entity = '';
  search = new URLSearchParams();
  file: File_ | null = null;
  options: Options | null = null;
  share: number | null = null;
  problem: ApiError | null = null;
  notes: Notes | null = null;
  busy = false;
  isEditing = false; // the columns again, after a check
  isUndone = false;
  #upload: Upload<File_> | null = null;
  #watch = new Watch(this, meta, lang);
  #timer = 0;
  #shown = '';
  #off: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch;
    this.#off = on('record', (event) => {
      if (event.entity === 'batch' && this.#isWatched(event.id)) void this.#look();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    this.#off?.();
    this.#upload?.stop();
  }

  override willUpdate(): void {
    const id = Number(this.search.get('id')) || 0;
    const shown = `${this.entity}/${id}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (this.file?.id === id) return;
    this.#forget();
    if (id) void this.#load(id);
  }

  #forget(): void {
    this.file = this.options = this.problem = this.notes = null;
    this.isEditing = this.isUndone = false;
  }

  #isWatched(batch: number): boolean {
    const { check, run } = this.file ?? {};
    return batch === check?.batch || batch === run?.batch || batch === run?.undo;
  }

  #fail(error: unknown): void {
    this.busy = false;
    if (!(error instanceof ApiError)) throw error;
    if (error.code !== 'aborted') this.problem = error;
  }

  async #load(id: number): Promise<void> {
    try {
      this.#take(await api.get<File_>(`/import/${id}`));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What the server says now; the choice under way stays the user's. */
  #take(file: File_): void {
    const isNew = this.file?.id !== file.id;
    this.file = file;
    this.problem = null;
    if (isNew || !this.options) this.options = file.options;
    if (isOpen(file.check) || isOpen(file.run) || (file.run?.undo && !this.isUndone)) this.#lookSoon();
    void this.#readNotes();
    if (file.run?.undo) void this.#lookAtUndo(file.run.undo);
  }

  async #readNotes(): Promise<void> {
    const pass = this.file?.run ?? this.file?.check;
    if (!pass || isOpen(pass)) return;
    this.notes = await notesOf(pass).catch(() => null);
  }

  async #lookAtUndo(batch: number): Promise<void> {
    const undo = await api.record('batch', batch).catch(() => null);
    this.isUndone = !!undo && undo.state !== 'waiting' && undo.state !== 'running';
  }

  #lookSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#look(), LOOK);
  }

  async #look(): Promise<void> {
    if (this.file && this.isConnected) await this.#load(this.file.id);
  }

  /* ---- what the user does -------------------------------------------------------------------- */

  #send = async (picked: File): Promise<void> => {
    this.problem = null;
    this.share = 0;
    const path = `/import/${this.entity}?name=${encodeURIComponent(picked.name)}`;
    this.#upload = upload<File_>(path, picked, (share) => {
      this.share = share;
    });
    try {
      const file = await this.#upload.done;
      this.#take(file);
      go(`/e/${this.entity}/import?id=${file.id}`, { replace: true });
    } catch (error) {
      this.#fail(error);
    } finally {
      this.share = null;
      this.#upload = null;
    }
  };

  async #post(what: string, body: unknown): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = null;
    try {
      const file = await api.post<File_>(`/import/${this.file!.id}/${what}`, body);
      if (what === 'reading') this.options = file.options;
      this.isEditing = what === 'reading' && this.isEditing;
      this.notes = null;
      this.#take(file);
    } catch (error) {
      this.#fail(error);
    }
    this.busy = false;
  }

  async #stop(batch: number): Promise<void> {
    await api.post(`/batch/${batch}/cancel`).catch(() => undefined);
    await this.#look();
  }

  async #undo(): Promise<void> {
    try {
      await api.post(`/batch/${this.file!.run!.batch}/undo`);
      toast({ text: t('import.undoing'), icon: 'history' });
      await this.#look();
    } catch (error) {
      this.#fail(error);
    }
  }

  #again = (): void => {
    go(`/e/${this.entity}/import`);
  };

  /* ---- drawing ------------------------------------------------------------------------------- */

  override render() {
    const entity = entityOf(this.entity)!;
    const name = t('import.what', { name: t(entity.label.many) });
    document.title = `${name} — ${meta.value?.title ?? ''}`;
    return html`<div class="import" data-entity=${this.entity}>
      <header class="head">
        <a class="icon-btn" href="/e/${this.entity}" aria-label=${t('back')}>${icon('left')}</a>
        <h1 class="title clip">${capital(name)}</h1>
        ${this.file ? html`<span class="muted clip">${this.file.name}</span>` : nothing}
      </header>
      <div class="import-body">${this.#problem()} ${this.#body()}</div>
      ${this.#foot()}
    </div>`;
  }

  #problem() {
    const p = this.problem;
    if (!p || (!this.file && this.search.get('id'))) return nothing;
    const fields = p.problem.fields?.map((f) => f.detail).join(' ');
    return html`<div class="note-bar is-danger-bg" role="alert">
      ${icon('alert', 'icon-16')}<span>${problemText(p)} ${fields ?? ''}</span>
    </div>`;
  }

  #body(): TemplateResult {
    const { file } = this;
    if (!entityOf(this.entity)?.can.import)
      return empty('lock', t('import.denied'), t('import.denied.text'));
    if (!file && this.search.get('id'))
      return this.problem
        ? failure(this.problem, this.#again)
        : html`<div class="drop" role="status">${t('loading')}</div>`;
    if (!file)
      return pickStep({ busy: this.share, onFile: (f) => void this.#send(f), onStop: () => this.#upload?.stop() });
    if (file.run) return this.#report(file);
    if (isOpen(file.check)) return progress(file.check!, true, () => void this.#stop(file.check!.batch));
    if (file.check?.state === 'done' && !this.isEditing) return this.#checked(file);
    return this.#map(file);
  }

  #map(file: File_): TemplateResult {
    const options = this.options!;
    const set = (next: Options) => {
      this.options = next;
    };
    const map = mapStep({
      file,
      options,
      busy: this.busy,
      onReading: (change) => void this.#post('reading', { ...file.reading, ...change }),
      onColumn: (at, field) => set(withColumn(this.entity, options, at, field)),
      onMatch: (name, isOn) => set(withMatch(options, name, isOn)),
      onOptions: (change) => set({ ...options, ...change }),
    });
    return file.check?.state === 'failed' ? html`${checkFailed(file.check)} ${map}` : map;
  }

  #checked(file: File_): TemplateResult {
    const { title, text } = verdictOf(file.check!);
    return html`<div class="import-report">
      <h2 class="display" tabindex="-1">${t(title)}</h2>
      <p class="muted">${t(text)}</p>
      ${counts(file.check!, true)} ${sharing(file)} ${noteLists(file, 'check', this.notes)}
    </div>`;
  }

  #report(file: File_): TemplateResult {
    const run = file.run!;
    if (isOpen(run)) return progress(run, false, () => void this.#stop(run.batch));
    const title = run.undo ? (this.isUndone ? 'undone' : 'undoing') : run.state;
    return html`<div class="import-report">
      <h2 class="display">${t(`import.end.${title}`)}</h2>
      ${run.error ? html`<p class="is-danger">${t('import.end.error', { why: whyEnded(run) })}</p>` : nothing}
      ${counts(run, false)} ${noteLists(file, 'run', this.notes)}
    </div>`;
  }

  #foot() {
    const { file, options } = this;
    if (!file || !options || isOpen(file.check) || isOpen(file.run)) return nothing;
    if (file.run) return this.#reportFoot(file);
    return file.check?.state === 'done' && !this.isEditing ? this.#checkedFoot(file) : this.#mapFoot(file, options);
  }

  #mapFoot(file: File_, options: Options) {
    const why = obstacle(file, options);
    return html`<footer class="import-foot">
      <button class="btn btn-primary" data-action="check" ?disabled=${!!why || this.busy} @click=${() => void this.#post('check', options)}>${t('import.check')}</button>
      <button class="btn btn-ghost" @click=${this.#again}>${t('import.other')}</button>
      <span class="muted small" role="status">${why || t('import.check.text')}</span>
    </footer>`;
  }

  #checkedFoot(file: File_) {
    const { rows } = verdictOf(file.check!);
    return html`<footer class="import-foot">
      ${rows ? html`<button class="btn btn-primary" data-action="run" ?disabled=${this.busy} @click=${() => void this.#post('run', file.options)}>${t('import.run', { n: rows })}</button>` : nothing}
      <button class="btn ${rows ? '' : 'btn-primary'}" data-action="edit" @click=${() => { this.isEditing = true; }}>${t('import.edit')}</button>
      <button class="btn btn-ghost" @click=${this.#again}>${t('import.other')}</button>
    </footer>`;
  }

  #reportFoot(file: File_) {
    const run = file.run!;
    const did = (run.created ?? 0) + (run.updated ?? 0) > 0;
    return html`<footer class="import-foot">
      <a class="btn btn-primary" href="/e/${this.entity}">${t('import.tolist')}</a>
      ${did && !run.undo ? html`<button class="btn" data-action="undo" @click=${() => void this.#undo()}>${icon('history', 'icon-16')}${t('import.undo')}</button>` : nothing}
      <button class="btn btn-ghost" @click=${this.#again}>${t('import.other')}</button>
    </footer>`;
  }
}

customElements.define('crm-import', Import);
