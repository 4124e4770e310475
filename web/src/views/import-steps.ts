// The steps of an import as they are drawn: choosing a file, what its columns mean, how it went.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { number } from '../core/fmt.ts';
import { t } from '../core/i18n.ts';
import { label } from '../fields/view.ts';
import {
  errorText,
  fieldAt,
  hasSeveral,
  keys,
  missing,
  missingOf,
  refers,
  SEPARATORS,
  targets,
  whyEnded,
  type Import,
  type Options,
  type Pass,
  type Notes,
} from './import-model.ts';

const PREVIEW = 5;

/* ---- the file ------------------------------------------------------------------------------- */

export interface PickSpec {
  busy: number | null; // the share that is uploaded; 1: the server looks it over
  onFile: (file: File) => void;
  onStop: () => void;
}

export function pickStep({ busy, onFile, onStop }: PickSpec): TemplateResult {
  const take = (files?: FileList | null) => files?.[0] && onFile(files[0]);
  const over = (e: DragEvent, isOver: boolean) => {
    e.preventDefault();
    (e.currentTarget as HTMLElement).classList.toggle('is-over', isOver);
  };
  if (busy !== null) return uploading(busy, onStop);
  return html`<div
    class="drop"
    @dragover=${(e: DragEvent) => over(e, true)}
    @dragleave=${(e: DragEvent) => over(e, false)}
    @drop=${(e: DragEvent) => {
      over(e, false);
      take(e.dataTransfer?.files);
    }}
  >
    <span class="empty-mark">${icon('upload', 'icon-24')}</span>
    <p class="title">
      <span class="if-mouse">${t('import.drop')}</span><span class="if-touch">${t('import.drop.touch')}</span>
    </p>
    <p class="muted">${t('import.drop.text')}</p>
    <label class="btn btn-primary" data-action="pick"
      >${t('import.pick')}<input
        class="sr"
        id="import-file"
        type="file"
        accept=".csv,.tsv,.txt,.xlsx,.vcf,text/csv,text/vcard"
        @change=${(e: Event) => take((e.target as HTMLInputElement).files)}
    /></label>
  </div>`;
}

function uploading(share: number, onStop: () => void): TemplateResult {
  return html`<div class="drop">
    <p class="title">${t(share < 1 ? 'import.uploading' : 'import.looking')}</p>
    <progress class="progress" max="1" .value=${share} aria-label=${t('import.uploading')}></progress>
    ${share < 1 ? html`<button class="btn" @click=${onStop}>${t('cancel')}</button>` : nothing}
  </div>`;
}

/* ---- columns -------------------------------------------------------------------------------- */

export interface MapSpec {
  file: Import;
  options: Options;
  busy: boolean;
  onReading: (change: Record<string, unknown>) => void;
  onColumn: (at: number, field: string) => void;
  onMatch: (name: string, isOn: boolean) => void;
  onOptions: (change: Partial<Options>) => void;
}

export function mapStep(spec: MapSpec): TemplateResult {
  return html`<div class="import-cols">
    <section class="import-main" aria-label=${t('import.columns')}>
      ${reading(spec)}
      <h2 class="import-h">${t('import.columns')}</h2>
      ${spec.file.remembered ? html`<p class="muted small">${t('import.remembered')}</p>` : nothing}
      <ul class="import-map">
        ${spec.file.columns.map((_, i) => column(spec, i))}
      </ul>
      ${preview(spec.file)}
    </section>
    <section class="import-side" aria-label=${t('import.rules.title')}>${rules(spec)}</section>
  </div>`;
}

function pick(
  id: string,
  text: string,
  value: string,
  all: [string, string][],
  onChange: (v: string) => void,
): TemplateResult {
  return html`<div class="field is-short">
    <label for=${id}>${text}</label>
    <select
      class="input"
      id=${id}
      @change=${(e: Event) => onChange((e.target as HTMLSelectElement).value)}
    >
      ${all.map(([v, l]) => html`<option value=${v} ?selected=${v === value}>${l}</option>`)}
    </select>
  </div>`;
}

function reading({ file, onReading }: MapSpec): TemplateResult {
  const { encoding, separator, header, sheet } = file.reading;
  const names = (all: string[], key: string): [string, string][] => all.map((v) => [v, t(`${key}.${v}`)]);
  return html`<div class="import-reading">
    ${file.format !== 'xlsx' ? pick('import-encoding', t('import.encoding'), encoding, names(file.encodings, 'import.enc'), (v) => onReading({ encoding: v })) : nothing}
    ${file.format === 'csv' ? pick('import-separator', t('import.separator'), separator, names(SEPARATORS, 'import.sep'), (v) => onReading({ separator: v })) : nothing}
    ${file.sheets.length > 1 ? pick('import-sheet', t('import.sheet'), String(sheet), file.sheets.map((name, i) => [String(i), name]), (v) => onReading({ sheet: Number(v), header: undefined })) : nothing}
    ${file.format !== 'vcf' ? check('import-header', t('import.header'), header, (v) => onReading({ header: v })) : nothing}
  </div>`;
}

function check(id: string, text: string, isOn: boolean, onChange: (v: boolean) => void): TemplateResult {
  return html`<div class="field is-bool">
    <label for=${id}>${text}</label>
    <input
      class="box"
      type="checkbox"
      id=${id}
      .checked=${isOn}
      @change=${(e: Event) => onChange((e.target as HTMLInputElement).checked)}
    />
  </div>`;
}

function column({ file, options, onColumn }: MapSpec, at: number): TemplateResult {
  const { title, samples } = file.columns[at];
  const name = title || t('import.column', { n: at + 1 });
  const chosen = fieldAt(options, at);
  return html`<li class="import-col" data-column=${at}>
    <span class="row-main"
      ><span class="clip strong" title=${name}>${name}</span
      ><span class="clip muted small">${samples.join(' · ') || t('import.blank')}</span></span
    >
    ${icon('arrow', 'icon-16')}
    <span class="field"
      ><select
        class="input ${chosen ? '' : 'is-off'}"
        aria-label=${t('import.to', { name })}
        @change=${(e: Event) => onColumn(at, (e.target as HTMLSelectElement).value)}
      >
        <option value="" ?selected=${!chosen}>${t('import.nowhere')}</option>
        ${targets(file.entity).map((f) => html`<option value=${f.name} ?selected=${f.name === chosen}>${f.label}</option>`)}
      </select></span
    >
  </li>`;
}

function preview(file: Import): TemplateResult {
  return html`<details class="import-preview">
    <summary>${t('import.preview')}</summary>
    <div class="import-scroll" tabindex="0" role="region" aria-label=${t('import.preview')}>
      <table class="sheet-table">
        <thead>
          <tr>
            <th scope="col">${t('import.line')}</th>
            ${file.columns.map((c, i) => html`<th scope="col">${c.title || t('import.column', { n: i + 1 })}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${file.rows.slice(0, PREVIEW).map((row) => html`<tr><td class="faint">${row.line}</td>${file.columns.map((_, i) => html`<td>${row.cells[i] ?? ''}</td>`)}</tr>`)}
        </tbody>
      </table>
    </div>
  </details>`;
}

function radio<T extends string>(name: string, value: T, chosen: T, onPick: (v: T) => void): TemplateResult {
  const id = `import-${name}-${value}`;
  return html`<div class="field is-bool">
    <label for=${id}>${t(`import.${name}.${value}`)}</label>
    <input
      class="box round"
      type="radio"
      name="import-${name}"
      id=${id}
      .checked=${value === chosen}
      @change=${() => onPick(value)}
    />
  </div>`;
}

function rules({ file, options, onMatch, onOptions }: MapSpec): TemplateResult {
  const able = keys(file.entity, options);
  const modes: Options['mode'][] = options.match.length ? ['both', 'skip', 'update', 'create'] : ['create'];
  return html`<fieldset class="checks">
      <legend class="import-h">${t('import.match')}</legend>
      ${able.map((name) => check(`import-match-${name}`, label(file.entity, name), options.match.includes(name), (v) => onMatch(name, v)))}
      ${able.length ? nothing : html`<p class="muted small">${t('import.match.none')}</p>`}
    </fieldset>
    <fieldset class="checks">
      <legend class="import-h">${t('import.mode')}</legend>
      ${modes.map((m) => radio('mode', m, options.mode, (mode) => onOptions({ mode })))}
    </fieldset>
    <fieldset class="checks">
      <legend class="import-h">${t('import.empty')}</legend>
      ${(['keep', 'clear'] as const).map((e) => radio('empty', e, options.empty, (empty) => onOptions({ empty })))}
    </fieldset>
    ${hasSeveral(file.entity, options) && options.mode !== 'create'
      ? html`<fieldset class="checks">
          <legend class="import-h">${t('import.several')}</legend>
          ${(['add', 'replace'] as const).map((s) => radio('several', s, options.several ?? 'add', (several) => onOptions({ several })))}
        </fieldset>`
      : nothing}
    ${
      refers(file.entity, options)
        ? html`<fieldset class="checks">
            <legend class="import-h">${t('import.missing')}</legend>
            ${(['create', 'leave', 'refuse'] as const).map((m) => radio('missing', m, missingOf(file, options), (missing) => onOptions({ missing })))}
          </fieldset>`
        : nothing
    }
    <fieldset class="checks">
      <legend class="import-h">${t('import.rest')}</legend>
      ${check('import-lenient', t('import.lenient'), !!options.lenient, (lenient) => onOptions({ lenient }))}
      ${check('import-rules', t('import.rules'), options.rules, (rules) => onOptions({ rules }))}
    </fieldset>`;
}

/** What stands in the way of a check, said before it is tried. */
export function obstacle(file: Import, options: Options): string {
  if (!options.columns.some(Boolean)) return t('import.nothing');
  const lacks = missing(file.entity, options);
  return lacks.length ? t('import.lacks', { names: lacks.join(', ') }) : '';
}

/** A file that cannot be read as a whole ends its check, and the columns stand there again. */
export function checkFailed(check: Pass): TemplateResult {
  return html`<div class="note-bar is-danger-bg" role="alert" data-failed=${check.error}>
    ${icon('alert', 'icon-16')}<span>${t('import.check.failed', { why: whyEnded(check) })}</span>
  </div>`;
}

/* ---- how it goes, how it went ---------------------------------------------------------------- */

export function progress(pass: Pass, isCheck: boolean, onStop: () => void): TemplateResult {
  const isRead = pass.state !== 'waiting'; // until then the file is read, and its rows are counted
  const known = isRead && pass.total > 0;
  const text = known
    ? t('import.progress', { done: number(pass.done), total: number(pass.total) })
    : pass.total > 0
      ? t('import.reading', { n: pass.total })
      : '';
  return html`<div class="drop" role="status">
    <p class="title">${t(isCheck ? 'import.checking' : 'import.running')}</p>
    <progress
      class="progress"
      max=${known ? pass.total : 1}
      .value=${pass.done}
      aria-label=${t(isCheck ? 'import.checking' : 'import.running')}
    ></progress>
    <p class="muted num">${text || t('import.preparing')}</p>
    <button class="btn" data-action="stop" @click=${onStop}>${t('import.stop')}</button>
  </div>`;
}

const KINDS = ['created', 'updated', 'unchanged', 'skipped', 'warned', 'failed'] as const;

export function counts(pass: Pass, isCheck: boolean): TemplateResult {
  const words = isCheck ? 'import.will' : 'import.did';
  return html`<ul class="figures">
    ${KINDS.map((kind) => {
      const n = pass[kind] ?? 0;
      const quiet = !n && kind !== 'created';
      return quiet
        ? nothing
        : html`<li class="figure" data-count=${kind}>
            <span class="display ${kind === 'failed' ? 'is-danger' : ''}">${number(n)}</span>
            <span class="muted">${t(`${words}.${kind}`, { n })}</span>
          </li>`;
    })}
    ${
      pass.out_of_sight
        ? html`<li class="figure" data-count="hidden">
            <span class="display">${number(pass.out_of_sight)}</span>
            <span class="muted">${t(`${words}.hidden`, { n: pass.out_of_sight })}</span>
          </li>`
        : nothing
    }
  </ul>`;
}

/** The figures count rows, of which several may be of one record. */
export function sharing({ entity, check, options }: Import): TemplateResult | typeof nothing {
  if (!check?.updated || !options.match.length) return nothing;
  const names = options.match.map((name) => label(entity, name)).join(', ');
  return html`<p class="muted small">${t('import.one', { names })}</p>`;
}

export function noteLists(file: Import, of: 'check' | 'run', notes: Notes | null): TemplateResult {
  const get = html`<a
    class="btn btn-sm push"
    data-action="errors"
    download
    href="/api/v1/import/${file.id}/errors.csv?of=${of}"
    >${icon('download', 'icon-16')}${t('import.errors.get')}</a
  >`;
  const { failed = 0, warned = 0 } = file[of] ?? {};
  return html`${noteList(file, 'error', failed, notes, get)}${noteList(file, 'warning', warned, notes)}`;
}

function noteList(file: Import, kind: keyof Notes, n: number, notes: Notes | null, get?: TemplateResult) {
  if (!n) return nothing;
  const title = t(`import.${kind}s`);
  const seen = notes?.[kind] ?? [];
  const rows = new Set(seen.map((e) => e.row)).size;
  return html`<section class="block" aria-label=${title} data-notes=${kind}>
    <h2 class="block-head">${title} ${get ?? nothing}</h2>
    <ul class="rules">
      ${seen.map((e) => html`<li>${icon('alert', `icon-16 ${kind === 'error' ? 'is-danger' : 'is-warn'}`)}<span>${errorText(file.entity, e)}</span></li>`)}
    </ul>
    ${notes && n > rows ? html`<p class="muted small">${t('import.errors.more', { n: n - rows })}</p>` : nothing}
  </section>`;
}
