// Keyboard shortcuts, bound to the place of the key (event.code), so that they work in the Russian layout too.
// Single keys are off while the user types, all of them while a question waits for its answer or the keys are listed.
import { KEYS, type What, type Where } from './keymap.ts';

export type Handler = (event: KeyboardEvent) => void;
type Check = () => boolean;

export interface Act {
  run: Handler;
  /** The user has this here at all, now or after another step; if not, it is not listed either. */
  may?: Check;
  /** It can be done at this moment. */
  now?: Check;
}

/** A key as it is listed. */
export interface Listed {
  where: Where;
  what: string;
  combos: readonly string[];
}

interface Binding extends Listed, Partial<Act> {
  isHere: Check;
}

const bindings = new Set<Binding>();

const combosOf = (where: Where) => Object.entries<readonly string[]>(KEYS[where]);
const isOffered = ({ isHere, may }: Binding) => isHere() && (may?.() ?? true);
const isMeant = (one: Binding) => !!one.run && isOffered(one) && (one.now?.() ?? true);

/** Later bindings win. Returns what lets go of them. */
export function bindKeys<W extends Where>(where: W, acts: Record<What<W>, Act>, isHere?: Check): () => void {
  return add(where, acts, isHere);
}

/** Lists keys that a view takes by itself, with `actOf`; `may` as in Act. */
export function listKeys<W extends Where>(
  where: W,
  acts: Partial<Record<What<W>, { may: Check }>>,
  isHere?: Check,
): () => void {
  return add(where, acts, isHere);
}

function add(where: Where, acts: Record<string, Partial<Act> | undefined>, isHere: Check = () => true) {
  const added = combosOf(where).map(([what, combos]): Binding => ({ ...acts[what], where, what, combos, isHere }));
  for (const one of added) bindings.add(one);
  return () => {
    for (const one of added) bindings.delete(one);
  };
}

/** What the keys do here, in the order in which they were bound. */
export function keysHere(): Listed[] {
  return [...bindings].filter(isOffered);
}

const OFF = 'karkas.keys';
let isSingle = true;

/** Whether a letter or a sign pressed by itself does anything; not all who use a voice or a shaking hand can have that. */
export const singleKeys = (): boolean => isSingle;

/** The choice is kept in this browser. */
export function setSingleKeys(on: boolean): void {
  isSingle = on;
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, 'off');
  document.documentElement.toggleAttribute('data-no-single', !on);
}

export const isOn = (combo: string): boolean => isSingle || !/^(Shift\+)?(Key|Slash)/.test(combo);

export const isMac = (): boolean => /^(Mac|iP)/.test(navigator.platform);
/** How the key is called here that the table names Ctrl. */
export const ctrl = (): string => (isMac() ? '⌘' : 'Ctrl');

/** "?" is asked for by the key that prints it, wherever the user's layout has it, and as in the English one. */
export function comboOf(event: KeyboardEvent): string {
  const ctrl = event.ctrlKey || event.metaKey ? 'Ctrl+' : '';
  if (event.key === '?') return `${ctrl}Shift+Slash`;
  const held = ctrl + (event.altKey ? 'Alt+' : '') + (event.shiftKey ? 'Shift+' : '');
  return held + (event.code === 'NumpadEnter' ? 'Enter' : event.code);
}

/** What the key means there. */
export function actOf<W extends Where>(where: W, event: KeyboardEvent): What<W> | undefined {
  const combo = comboOf(event);
  if (!isOn(combo)) return undefined;
  return combosOf(where).find(([, combos]) => combos.includes(combo))?.[0] as What<W> | undefined;
}

export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest?.(
    'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]',
  );
}

export function startKeys(): void {
  if (localStorage.getItem(OFF)) setSingleKeys(false);
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector('dialog:is(.ask, .keys)[open]')) return;
    const combo = comboOf(event);
    if (!/^(Ctrl\+|F\d)/.test(combo) && isTyping(event.target)) return;
    if (!isOn(combo)) return;
    const found = [...bindings].reverse().find((b) => b.combos.includes(combo) && isMeant(b));
    if (!found) return;
    event.preventDefault();
    found.run!(event);
  });
}
