// A record in one line with two texts: on the start screen and among what hangs on another record. What can be
// finished with one move has a round box before it.
import { html, nothing, type TemplateResult } from 'lit';
import { problemText } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import '../ui/due.ts';
import { show, summary } from '../fields/view.ts';
import { api, ApiError } from '../core/api.ts';
import { t } from '../core/i18n.ts';
import { dueField, entityOf, fieldOf, isClosed, may, stageField, stageOf, stagesOf, titleOf } from '../core/meta.ts';
import type { ListView, Row, Stage } from '../core/types.ts';

/** The stage that finishes the record well, when the caller may move it there. */
function finishing(entity: string, row: Row): Stage | undefined {
  return stagesOf(entity).find((s) => (s.outcome === 'won' || s.outcome === 'done') && may(row, `move:${s.v}`));
}

async function finish(entity: string, row: Row, stage: Stage, box: HTMLInputElement): Promise<void> {
  const from = row[stageField(entity)!];
  box.disabled = true;
  try {
    const saved = await api.save(entity, row.id, row.rev, { [stageField(entity)!]: stage.v });
    const undo = saved && may(saved, `move:${from}`)
      ? { label: t('undo'), run: () => void api.save(entity, row.id, saved.rev, { [stageField(entity)!]: from }) } : undefined;
    toast({ text: t('line.done', { name: titleOf(entity, row) }), icon: 'check', kind: 'ok', action: undo });
  } catch (error) {
    box.checked = false;
    if (error instanceof ApiError) toast({ text: error.problem.fields?.[0]?.detail ?? problemText(error), icon: 'alert', kind: 'danger' });
  } finally {
    box.disabled = false;
  }
}

/** Box, title and second line, then the time that is left or the stage. */
export function line(entity: string, row: Row, view: ListView | null, fresh = false, but = ''): TemplateResult {
  const done = finishing(entity, row);
  const closed = isClosed(entity, row);
  const due = dueField(entity, view ?? undefined);
  const names = second(entity, view, due).filter((name) => name !== but);
  return html`<li class="row ${fresh ? 'is-fresh' : ''} ${closed ? 'is-closed' : ''}" data-entity=${entity} data-id=${row.id}>
    ${done || closed ? html`<input class="box round" type="checkbox" .checked=${closed} ?disabled=${!done} aria-label=${t('line.finish', { name: titleOf(entity, row) })}
      @change=${(e: Event) => void finish(entity, row, done!, e.target as HTMLInputElement)}>` : nothing}
    <a class="row-main" href="/e/${entity}/${row.id}" data-layer><span class="clip strong">${titleOf(entity, row)}</span>
      <span class="clip small muted">${summary(entity, names, row)}</span></a>
    <span class="row-end">${due && row[due] ? html`<crm-due .at=${String(row[due])} .plain=${closed} ?chip=${!closed && !!view?.live}></crm-due>` : tail(entity, view, row)}</span></li>`;
}

function second(entity: string, view: ListView | null, due: string | null): string[] {
  const title = entityOf(entity)?.title;
  const stage = stageField(entity);
  const names = view?.phone ?? view?.columns ?? Object.entries(entityOf(entity)?.fields ?? {}).filter(([, f]) => ['ref', 'user', 'money'].includes(f.type)).map(([name]) => name);
  return names.filter((name) => name !== title && name !== due && name !== stage && name !== 'created_at' && fieldOf(entity, name)).slice(0, 3);
}

function tail(entity: string, view: ListView | null, row: Row) {
  if (view?.live && row.created_at) return show({ entity, name: 'created_at', row, place: 'cell' });
  const stage = stageField(entity);
  return stage && stageOf(entity, row) ? show({ entity, name: stage, row, place: 'cell' }) : nothing;
}
