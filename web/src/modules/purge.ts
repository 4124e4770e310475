// Purging what is left of a module that is off: what would go, the name typed, how far it is and how it ended.
import { html, type TemplateResult } from 'lit';
import { confirm } from '../ui/confirm.ts';
import { problemText } from '../ui/parts.ts';
import { toast } from '../ui/toast.ts';
import { api } from '../core/api.ts';
import { cancelBatch, follow } from '../core/batch.ts';
import { t } from '../core/i18n.ts';
import { problemOf } from '../core/model.ts';
import { holds } from '../core/outward.ts';
import { go } from '../core/router.ts';
import type { Batch, BatchRow } from '../core/types.ts';
import { modules } from './model.ts';
import type { Module, Purge } from './model.ts';
import { say } from './texts.ts';

export const mayPurge = (m: Module): boolean => ['off', 'disabled'].includes(m.state) && !m.purging && holds('delete');

/** What goes, in lines. */
function lines(plan: Purge): string[] {
  const said = [
    ...plan.entities.map((e) => say('purge.entity', { name: e.entity, n: e.rows })),
    ...plan.fields.map((f) => say('purge.field', { name: `${f.entity}.${f.field}`, n: f.rows })),
  ];
  if (!said.length) said.push(say('purge.nothing'));
  if (plan.files) said.push(say('purge.files', { n: plan.files }));
  if (plan.settings) said.push(say('purge.settings', { n: plan.settings }));
  if (plan.jobs) said.push(say('purge.jobs', { n: plan.jobs }));
  if (plan.numbers) said.push(say('purge.numbers', { n: plan.numbers }));
  if (plan.rights) said.push(say('purge.rights', { n: plan.rights }));
  if (plan.versions.length) said.push(say('purge.versions', { versions: plan.versions.join(', ') }));
  if (plan.versions.length && !plan.removable) said.push(say('purge.stay', { name: plan.name }));
  return said;
}

const asked = (plan: Purge): TemplateResult =>
  html`<p>${say('ask.purge.text')}</p><ul class="stack-8" data-plan>${lines(plan).map((line) => html`<li>${line}</li>`)}</ul>`;

/** Asks with what would go, and begins; the batch, or null when the answer was no. A refusal of the server is thrown. */
export async function beginPurge(m: Module): Promise<number | null> {
  const plan = await modules.planPurge(m.name);
  const typed = { value: m.name, label: say('ask.purge.typed', { name: m.name }) };
  const question = { title: say('ask.purge', { name: m.name }), text: asked(plan), yes: say('act.purge'), danger: true };
  if (!(await confirm({ ...question, typed }))) return null;
  return (await modules.purge(m.name)).change.batch;
}

/** What could not go is told in the server's words. */
async function warnings(id: number): Promise<string> {
  const page = await api.get<{ rows: BatchRow[] }>(`/batch/${id}/rows?kind=warning`);
  return page.rows.map((row) => row.detail ?? row.code).join(' ');
}

/** To the end of the batch, which is said. */
export async function followPurge(name: string, id: number, told: (batch: Batch) => void): Promise<void> {
  const look = { label: t('batch.look'), run: () => go(`/settings/batches?open=${id}`) };
  try {
    const { state } = await follow(id, told);
    const left = state === 'done' ? await warnings(id) : '';
    const done = say('done.purge', { name });
    if (left) toast({ title: done, text: left, kind: 'warn', icon: 'alert', key: 'modules' });
    else if (state === 'done') toast({ text: done, kind: 'ok', icon: 'check', key: 'modules' });
    else toast({ text: say(state === 'canceled' ? 'stopped.purge' : 'failed.purge', { name }), kind: 'danger', icon: 'alert', key: 'modules', action: look });
  } catch (error) {
    toast({ text: problemText(problemOf(error)), kind: 'danger', icon: 'alert', key: 'modules' });
  }
}

/** How far it is, with the way to stop it. */
export function purging(now: { batch: number; done: number; total: number }): TemplateResult {
  const text = say('doing.purge', { done: now.done, total: now.total });
  return html`<div class="batch-foot" data-purging=${now.batch}><span>${text}</span>
    <progress class="batch-bar" max=${now.total || 1} value=${now.done} aria-label=${text}></progress>
    <button class="btn btn-sm" data-action="stop-purge" @click=${() => void cancelBatch(now.batch)}>${t('batch.stop')}</button></div>`;
}
