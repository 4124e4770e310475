// Turning a module on and off and changing its version: what is asked before, what is done, and the way back.
import { html, type TemplateResult } from 'lit';
import { confirm, type Question } from '../ui/confirm.ts';
import { isBack, modules, newer, numberOf } from './model.ts';
import type { Act, Module, Names, Outlook, Version } from './model.ts';
import { say } from './texts.ts';

/** The version an act leads to, by its number: the one that was picked, else what the act means by itself. */
const target = (m: Module, act: Act, to?: Version): string =>
  to?.version ?? (act === 'upgrade' ? newer(m)?.version : act === 'rollback' ? numberOf(m, m.before) : null) ?? '';

/** An upgrade to a version that was picked may be one back. */
const kindOf = (m: Module, act: Act, to?: Version): Act => (to && act === 'upgrade' && isBack(m, to) ? 'rollback' : act);

export const nameOf = (m: Module, act: Act, to?: Version): string =>
  say(`act.${kindOf(m, act, to)}`, { version: target(m, act, to) });

const names = ({ count, names: some }: Names): string => (count > some.length ? `${some.join(', ')}…` : some.join(', '));

/** What would follow, in lines. */
export function outlook(plan: Outlook): string[] {
  const said: string[] = [];
  if (plan.migrations) said.push(say('look.migrations', { n: plan.migrations }));
  if (plan.added.count) said.push(say('look.added', { n: plan.added.count, names: names(plan.added) }));
  if (plan.hidden.count) said.push(say('look.hidden', { n: plan.hidden.count, names: names(plan.hidden) }));
  if (plan.with.length) said.push(say('look.with', { names: plan.with.join(', ') }));
  return said.length ? said : [say('look.nothing')];
}

const asked = (text: string, lines: string[]): TemplateResult =>
  html`<p>${text}</p><ul class="stack-8" data-outlook>${lines.map((line) => html`<li>${line}</li>`)}</ul>`;

/** Asks with what would follow. A refusal of the server, which would meet the change itself, is thrown. */
export async function agreed(m: Module, act: Act, to?: Version): Promise<boolean> {
  const said = { name: m.name, version: target(m, act, to), now: numberOf(m, m.version) ?? '' };
  const kind = kindOf(m, act, to);
  const plan = await modules.look(m.name, act, to?.id ?? (act === 'upgrade' ? newer(m)?.id : undefined));
  const text = asked(say(`ask.${kind}.text`, said), outlook(plan));
  const question: Question = { title: say(`ask.${kind}`, said), text, yes: nameOf(m, act, to) };
  return confirm({ ...question, danger: act === 'disable' });
}

export const done = (m: Module, act: Act): string => say(`done.${act}`, { name: m.name, version: numberOf(m, m.version) ?? '' });

export const doing = (m: Module, act: Act, to?: Version): string =>
  say(`doing.${kindOf(m, act, to)}`, { name: m.name, version: target(m, act, to) });

/** What takes an act back, where something does: `was` is the module as it was before. */
export function back(was: Module, act: Act): { act: Act; version?: string } | null {
  if (act === 'disable') return was.state === 'running' ? { act: 'enable' } : null;
  if (act === 'enable') return was.state === 'disabled' ? { act: 'disable' } : null;
  return was.version ? { act: act === 'upgrade' ? 'rollback' : 'upgrade', version: was.version } : null;
}
