// One thing that happened about a record, as a line of its timeline. What people wrote stands out, what the system
// noted is quiet.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { avatar } from '../ui/parts.ts';
import { attachment } from '../fields/files.ts';
import { label, show, summary } from '../fields/view.ts';
import { clockTime, fullMoment } from '../core/fmt.ts';
import { capital, has, t } from '../core/i18n.ts';
import { entityOf, fieldOf, meta, titleOf } from '../core/meta.ts';
import type { Attachment, Ref, Row } from '../core/types.ts';
import { pieces } from './mention.ts';
import type { Item } from './model.ts';
import { say } from './texts.ts';

const FIELDS = 4, // of a longer change these are shown
  CHARS = 160; // and of a longer text these
const FILES = ['file', 'files'];

type Change = NonNullable<Item['changes']>[number];

/** What acted when nobody did: "rule:R-1", "form:site". */
function who(item: Item): string {
  if (item.by) return item.by.label ?? t('history.system');
  const [kind, name] = (item.via ?? '').split(':');
  return name && has(`history.${kind}`) ? t(`history.${kind}`, { name }) : t('history.system');
}

const time = (item: Item) =>
  html`<time datetime=${item.at} title=${fullMoment(item.at)}>${clockTime(Date.parse(item.at))}</time>`;

export const mentioned = (row: Row): Ref[] => (row.mentions as Ref[] | undefined) ?? [];
export const notTold = (row: Row): Ref[] => (row.not_told as Ref[] | undefined) ?? [];

/* ---- notes ---- */

export function words(row: Row): TemplateResult {
  const all = pieces(String(row.text ?? ''), mentioned(row));
  return html`<p class="event-body">${all.map((one) => (one.isName ? html`<span class="mention">${one.text}</span>` : one.text))}</p>`;
}

function untold(item: Item): TemplateResult | typeof nothing {
  const names = notTold(item.record!);
  if (!names.length || item.by?.id !== meta.value?.user.id) return nothing;
  const text = say('not.told', { n: names.length, names: names.map((ref) => ref.label ?? '').join(', ') });
  return html`<p class="small muted inline-4">${icon('eye-off', 'icon-16')}<span>${text}</span></p>`;
}

export function note(item: Item, foot: unknown, edit: unknown): TemplateResult {
  const row = item.record!;
  const files = (row.files as Attachment[] | undefined) ?? [];
  return html`<div class="event" data-kind="note" data-id=${item.id!}>
    <span class="event-mark">${item.by ? avatar(item.by, '') : icon('note', 'icon-16')}</span>
    <div>
      <div class="event-head">
        <span class="strong">${who(item)}</span
        >${row.edited_at ? html`<span class="small muted" title=${fullMoment(String(row.edited_at))}>${say('edited')}</span>` : nothing}
        ${row.pinned ? html`<span class="tag t-amber">${say('pinned')}</span>` : nothing}${time(item)}
      </div>
      ${edit ?? html`${words(row)}${files.length ? html`<ul class="file-list">${files.map((one) => html`<li>${attachment(one)}</li>`)}</ul>` : nothing}${untold(item)}${foot}`}
    </div>
  </div>`;
}

/* ---- records that refer to this one ---- */

const SERVICE = new Set(['id', 'created_at', 'created_by', 'updated_at']);

/** A currency stands with its money. */
function isShown(entity: string, name: string): boolean {
  const isCurrency = Object.values(entityOf(entity)?.fields ?? {}).some((f) => f.currencyField === name);
  return !!fieldOf(entity, name) && !SERVICE.has(name) && !isCurrency;
}

export function joined(item: Item): TemplateResult {
  const entity = item.entity!;
  const known = entityOf(entity);
  const row = { ...item.record!, title: item.title };
  const title = item.title || titleOf(entity, item.record!);
  const shown = Object.keys(item.record!).filter((name) => name !== known?.title && isShown(entity, name));
  return html`<div class="event" data-kind=${item.kind} data-id=${item.id!}>
    <span class="event-mark">${icon(known?.icon, 'icon-16')}</span>
    <div>
      <div class="event-head">
        <span class="muted">${capital(t(known?.label.one ?? item.kind))}</span>
        <a class="strong link" href="/e/${entity}/${item.id}" data-layer>${title}</a>${time(item)}
      </div>
      <p class="small muted">${summary(entity, shown, row as unknown as Row)}</p>
    </div>
  </div>`;
}

/* ---- changes ---- */

const isBlank = (value: unknown) =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length);

function value(entity: string, name: string, one: unknown): unknown {
  if (isBlank(one)) return html`<span class="faint">${t('none')}</span>`;
  if (Array.isArray(one) && fieldOf(entity, name)!.type !== 'json')
    return one.map((part, i) => html`${i ? ', ' : ''}${value(entity, name, part)}`);
  const field = fieldOf(entity, name)!;
  const bare = (field.type === 'ref' || field.type === 'user') && typeof one === 'number';
  const row = { id: 0, rev: 0, [name]: bare ? { id: one } : one } as Row;
  const text = show({ entity, name, row, place: 'text' });
  return typeof text === 'string' && text.length > CHARS ? `${text.slice(0, CHARS).replace(/[\ud800-\udbff]$/, '')}…` : text;
}

function step(entity: string, c: Change, isNew: boolean): TemplateResult {
  const was =
    isNew || isBlank(c.old)
      ? nothing
      : html`<span class="was">${value(entity, c.field, c.old)}</span> <span aria-hidden="true">→</span
          ><span class="sr">${t('history.became')}</span> `;
  return html`${was}<span>${value(entity, c.field, c.new)}</span>`;
}

/** Files that came with it, to be taken at once. */
function came(c: Change): Attachment[] {
  const list = (one: unknown) => (Array.isArray(one) ? one : one ? [one] : []) as Attachment[];
  const before = new Set(list(c.old).map((file) => file.id));
  return list(c.new).filter((file) => file.id && !before.has(file.id));
}

function line(entity: string, c: Change, isNew: boolean): TemplateResult {
  const files = FILES.includes(fieldOf(entity, c.field)!.type) ? came(c) : [];
  return html`<li data-field=${c.field}>
    <span
      ><span class="muted">${label(entity, c.field)}:</span> ${files.length ? files.map((one) => attachment(one)) : step(entity, c, isNew)}</span
    >
  </li>`;
}

const MARKS: Record<string, string> = { stage: 'arrow', file: 'file', change: 'edit' };
const OPS: Record<string, 'created' | 'deleted' | 'restored'> = { c: 'created', d: 'deleted', r: 'restored' };

/** Of the making of a record only that it was made: its fields stand beside. */
export function change(entity: string, item: Item, whole: boolean, open: () => void): TemplateResult {
  const op = OPS[item.op ?? ''];
  const all = op === 'created' ? [] : (item.changes ?? []).filter((c) => fieldOf(entity, c.field));
  const shown = whole ? all : all.slice(0, FIELDS);
  return html`<div class="event event-quiet" data-kind=${item.kind} data-position=${item.position!}>
    <span class="event-mark">${icon(op ? 'history' : (MARKS[item.kind] ?? 'edit'), 'icon-16')}</span>
    <div>
      <div class="event-head"><span class="muted">${op ? `${say(op)}, ${who(item)}` : who(item)}</span>${time(item)}</div>
      ${shown.length ? html`<ul class="changes">${shown.map((c) => line(entity, c, false))}</ul>` : nothing}
      ${all.length > FIELDS ? html`<button class="btn btn-sm btn-ghost event-whole" aria-expanded=${whole ? 'true' : 'false'} @click=${open}>${t(whole ? 'history.less' : 'history.whole')}</button>` : nothing}
    </div>
  </div>`;
}
