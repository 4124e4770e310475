// Whom a note mentions: where somebody types a name after @, and which of the names still stand in the text.
import type { Ref } from '../core/types.ts';

const TYPED = /(?:^|[\s(«"])@([\p{L}\p{N}.\-]{0,30}(?: [\p{L}\p{N}.\-]{0,30})?)$/u;

export interface Asked {
  from: number; // of the @
  text: string;
}

/** What is typed after @ right before the caret; null: nobody is being mentioned. */
export function askedAt(text: string, caret: number): Asked | null {
  const found = TYPED.exec(text.slice(0, caret));
  return found && { from: caret - found[1]!.length - 1, text: found[1]! };
}

/** The text with the name in place of what was typed, and where the caret goes. */
export function named(text: string, asked: Asked, name: string): { text: string; caret: number } {
  const end = asked.from + 1 + asked.text.length;
  const rest = text.slice(end);
  const head = `${text.slice(0, asked.from)}@${name}${/^[\s.,;:!?)]/.test(rest) ? '' : ' '}`;
  return { text: head + rest, caret: head.length };
}

/** Those whose names still stand there, each once. */
export function stillNamed(text: string, chosen: Ref[]): Ref[] {
  const found = new Map<number, Ref>();
  for (const ref of chosen) if (ref.label && text.includes(`@${ref.label}`)) found.set(ref.id, ref);
  return [...found.values()];
}

/** The text cut where somebody is mentioned. */
export function pieces(text: string, who: Ref[]): { text: string; isName: boolean }[] {
  const names = who.map((ref) => `@${ref.label ?? ''}`).filter((name) => name.length > 1);
  if (!names.length) return [{ text, isName: false }];
  const escaped = names.sort((a, b) => b.length - a.length).map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return text
    .split(new RegExp(`(${escaped.join('|')})`))
    .filter(Boolean)
    .map((piece) => ({ text: piece, isName: names.includes(piece) }));
}
