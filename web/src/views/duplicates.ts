// Records that may be the same: how one is shown, and what is said of them.
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../ui/icon.ts';
import { person, problemText, tag } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { label, isEmpty, summary } from '../fields/view.ts';
import { api, ApiError } from '../core/api.ts';
import { t } from '../core/i18n.ts';
import { entityOf, ownerOf, titleOf } from '../core/meta.ts';
import { openTell } from '../tell/open.ts';
import type { Ref, Row } from '../core/types.ts';

export interface Reason {
  rule: 'same' | 'similar';
  fields: string[];
  score?: number;
}
export interface Duplicate {
  record: Row;
  by: Reason[];
  sure: boolean;
}

/** What makes two records look the same, in the words of their fields. */
export function why(entity: string, by: Reason[]): TemplateResult {
  const same = by.filter((one) => one.rule === 'same').map((one) => label(entity, one.fields[0]));
  const similar = by.find((one) => one.rule === 'similar');
  return html`<span class="why"
    >${same.map((name) => tag(t('dup.same', { name }), 'red'))}${similar ? tag(alike(label(entity, similar.fields[0]), similar.score!), 'amber') : nothing}</span
  >`;
}

const alike = (name: string, n: number) => (n === 100 ? t('dup.equal', { name }) : t('dup.similar', { name, n }));

/** A record one may read is a link; of a foreign one there is only what the role shows. */
export function found(entity: string, dup: Duplicate, act: unknown = nothing): TemplateResult {
  const row = dup.record;
  const names = (entityOf(entity)?.views?.quick ?? []).filter((name) => name !== entityOf(entity)?.title && !isEmpty(row[name]));
  return html`<li class="row dup" data-id=${row.id} data-foreign=${row.foreign ? '1' : nothing}>
    ${
      row.foreign
        ? html`<span class="row-main"
            ><span class="clip strong inline-4">${icon('lock', 'icon-16')}${foreignName(entity, row)}</span>
            <span class="clip small muted">${foreignOwner(entity, row)}</span></span
          >`
        : html`<a class="row-main" href="/e/${entity}/${row.id}" data-layer
            ><span class="clip strong">${titleOf(entity, row)}</span>
            <span class="clip small muted">${summary(entity, names.slice(0, 3), row)}</span></a
          >`
    }
    <span class="dup-side">${why(entity, dup.by)}${act}</span>
  </li>`;
}

function foreignName(entity: string, row: Row): string {
  const title = entityOf(entity)?.title;
  return title && row[title] ? String(row[title]) : t('dup.foreign');
}

function foreignOwner(entity: string, row: Row) {
  const owner = ownerOf(entity, row);
  return owner ? html`${t('card.foreign.owner')} ${person(owner)}` : nothing;
}

/** Of a foreign record: hand over what one has of it, or write to who is responsible for it. */
export function foreignActs(entity: string, row: Row, known: () => string): unknown {
  if (!row.foreign || !ownerOf(entity, row)) return nothing;
  return html`<button type="button" class="btn btn-sm" data-action="hand" @click=${() => void openTell(entity, row, known())}>
      ${t('dup.hand')}</button
    ><button type="button" class="btn btn-sm btn-ghost" data-action="tell" @click=${() => void openTell(entity, row)}>
      ${t('dup.tell')}
    </button>`;
}

/** What is filled in of a record, a line a field, to be told to somebody. */
export function told(entity: string, values: Record<string, unknown>, names: string[]): string {
  const lines = names.filter((name) => !isEmpty(values[name])).map((name) => `${label(entity, name)}: ${words(values[name])}`);
  return lines.join('\n');
}

const words = (value: unknown): string =>
  Array.isArray(value) ? value.map(words).join(', ') : String((value as Ref)?.label ?? value);

/** Remembers that two records are not the same, or takes that back; false when it was refused. */
export async function setDifferent(entity: string, ids: [number, number], different = true): Promise<boolean> {
  try {
    await api.post(`/${entity}/duplicates/different`, { ids, different });
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast({ text: problemText(error), icon: 'alert', kind: 'danger' });
    return false;
  }
}
