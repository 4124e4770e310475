// A record in one line with two texts: on the start screen and among what hangs on another record. What can be
// finished with one move has a round box before it.
import { html, nothing, type TemplateResult } from 'lit';
import { problemText } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import '../ui/due.ts';
import { warning } from './cards.ts';
import { sayHidden } from './hidden.ts';
import { isEmpty, show, summary } from '../fields/view.ts';
import { api, ApiError } from '../core/api.ts';
import { t } from '../core/i18n.ts';
import {
  doneField,
  dueField,
  entityOf,
  fieldOf,
  isClosed,
  isGood,
  may,
  meta,
  stageField,
  stageOf,
  stagesOf,
  titleOf,
} from '../core/meta.ts';
import type { ListView, Ref, Row } from '../core/types.ts';

interface Ending {
  done: Record<string, unknown>;
  undone: Record<string, unknown>;
}

/** What is written to finish the record and to take that back; null when the caller may not. */
function ending(entity: string, row: Row): Ending | null {
  const flag = doneField(entity);
  if (flag) return may(row, 'update') ? { done: { [flag]: true }, undone: { [flag]: false } } : null;
  const name = stageField(entity);
  const stage = stagesOf(entity).find((s) => isGood(s) && may(row, `move:${s.v}`));
  return name && stage ? { done: { [name]: stage.v }, undone: { [name]: row[name] } } : null;
}

async function write(entity: string, row: Row, patch: Record<string, unknown>): Promise<Row | null> {
  try {
    return (await api.save(entity, row.id, row.rev, patch)) ?? row;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast({ text: error.problem.fields?.[0]?.detail ?? problemText(error), icon: 'alert', kind: 'danger' });
    return null;
  }
}

async function finish(entity: string, row: Row, how: Ending, box: HTMLInputElement): Promise<void> {
  box.disabled = true;
  const on = box.checked;
  const saved = await write(entity, row, on ? how.done : how.undone);
  box.disabled = false;
  if (!saved) box.checked = !on;
  else if (saved.hidden) sayHidden('saved', entity, saved, titleOf(entity, row));
  else if (on) {
    toast({
      text: t('line.done', { name: titleOf(entity, row) }),
      icon: 'check',
      kind: 'ok',
      action: { label: t('undo'), run: () => void write(entity, saved, how.undone) },
    });
  }
}

/** Box, title and second line, then the time that is left or the stage. */
export function line(
  entity: string,
  row: Row,
  view: ListView | null,
  fresh = false,
  but = '',
): TemplateResult {
  const how = ending(entity, row);
  const closed = isClosed(entity, row);
  const due = dueField(entity, view ?? undefined);
  const names = second(entity, view, due, row).filter((name) => name !== but);
  return html`<li
    class="row ${fresh ? 'is-fresh' : ''} ${closed ? 'is-closed' : ''}"
    data-entity=${entity}
    data-id=${row.id}
  >
    ${
      how || closed
        ? html`<input
            class="box round"
            type="checkbox"
            .checked=${closed}
            ?disabled=${!how}
            aria-label=${t('line.finish', { name: titleOf(entity, row) })}
            @change=${(e: Event) => void finish(entity, row, how!, e.target as HTMLInputElement)}
          />`
        : nothing
    }
    <a class="row-main" href="/e/${entity}/${row.id}" data-layer
      ><span class="clip strong">${titleOf(entity, row)}</span>
      <span class="clip small muted">${warned(entity, row)}${summary(entity, names, row)}</span></a
    >
    <span class="row-end"
      >${due && row[due] ? html`<crm-due .at=${String(row[due])} .plain=${closed}></crm-due>` : tail(entity, view, row)}</span
    >
  </li>`;
}

function warned(entity: string, row: Row): TemplateResult | typeof nothing {
  const said = warning(entity, row);
  return said === nothing ? nothing : html`${said}<span class="sep-dot"> · </span>`;
}

/** What says most about the row beside its title: as the view's columns have it, people last. */
function second(entity: string, view: ListView | null, due: string | null, row: Row): string[] {
  const skip = [entityOf(entity)?.title, due, stageField(entity), doneField(entity), 'created_at'];
  const fields = Object.entries(entityOf(entity)?.fields ?? {});
  const names = view?.columns ?? fields.filter(([, f]) => TELLING.has(f.type)).map(([name]) => name);
  const isTold = (name: string) => !isEmpty(row[name]) && row[name] !== false;
  const filled = names.filter((name) => !skip.includes(name) && fieldOf(entity, name) && isTold(name));
  const isPerson = (name: string) => fieldOf(entity, name)!.type === 'user';
  const others = filled.filter((name) => isPerson(name) && (row[name] as Ref).id !== meta.value?.user.id);
  return [...filled.filter((name) => !isPerson(name)).slice(0, 3), ...others];
}

const TELLING = new Set(['choice', 'ref', 'user', 'money']);

function tail(entity: string, view: ListView | null, row: Row) {
  if (view?.live && row.created_at) return show({ entity, name: 'created_at', row, place: 'cell' });
  const stage = stageField(entity);
  return stage && stageOf(entity, row) ? show({ entity, name: stage, row, place: 'cell' }) : nothing;
}
