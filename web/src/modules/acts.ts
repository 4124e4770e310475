// Turning a module on and off and changing its version: what is asked before, what is done, and the way back.
import { confirm, type Question } from '../ui/confirm.ts';
import { newer, numberOf } from './model.ts';
import type { Act, Module } from './model.ts';
import { say } from './texts.ts';

/** The version an act leads to, by its number. */
const target = (m: Module, act: Act): string =>
  (act === 'upgrade' ? newer(m)?.version : act === 'rollback' ? numberOf(m, m.before) : null) ?? '';

export const nameOf = (m: Module, act: Act): string => say(`act.${act}`, { version: target(m, act) });

export function agreed(m: Module, act: Act): Promise<boolean> {
  const said = { name: m.name, version: target(m, act), now: numberOf(m, m.version) ?? '' };
  const question: Question = { title: say(`ask.${act}`, said), text: say(`ask.${act}.text`, said), yes: nameOf(m, act) };
  return confirm({ ...question, danger: act === 'disable' });
}

export const done = (m: Module, act: Act): string => say(`done.${act}`, { name: m.name, version: numberOf(m, m.version) ?? '' });

export const doing = (m: Module, act: Act): string => say(`doing.${act}`, { name: m.name, version: target(m, act) });

/** What takes an act back, where something does: `was` is the module as it was before. */
export function back(was: Module, act: Act): { act: Act; version?: string } | null {
  if (act === 'disable') return was.state === 'running' ? { act: 'enable' } : null;
  if (act === 'enable') return was.state === 'disabled' ? { act: 'disable' } : null;
  return was.version ? { act: act === 'upgrade' ? 'rollback' : 'upgrade', version: was.version } : null;
}
