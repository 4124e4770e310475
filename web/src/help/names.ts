// How a combination is written: the signs that stand on the keys of a PC or of a Mac.
import { layouts } from '../core/layout.ts';

export interface Key {
  /** Empty where the key has a name only. */
  sign: string;
  /** The text that names it. */
  name?: string;
  /** What it prints in the Russian layout. */
  russian?: string;
}

const SIGNS: Record<string, Key> = {
  ArrowUp: { sign: '↑', name: 'key.up' },
  ArrowDown: { sign: '↓', name: 'key.down' },
  ArrowLeft: { sign: '←', name: 'key.left' },
  ArrowRight: { sign: '→', name: 'key.right' },
  Space: { sign: '', name: 'key.space' },
  Escape: { sign: 'Esc' },
  Slash: { sign: '/', russian: '.' },
};
const ON_MAC: Record<string, string> = { Ctrl: '⌘', Alt: '⌥', Shift: '⇧' };

export function drawn(combo: string, isMac: boolean): Key[] {
  if (combo === 'Shift+Slash') return [{ sign: '?' }];
  return combo.split('+').map((code) => {
    const letter = /^Key(.)$/.exec(code)?.[1];
    if (letter) return { sign: letter, russian: layouts(letter.toLowerCase())[1]!.toUpperCase() };
    return SIGNS[code] ?? { sign: (isMac && ON_MAC[code]) || code };
  });
}
