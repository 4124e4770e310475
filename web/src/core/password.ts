// What a password must be. The server decides; this says it beforehand.

export interface Rule { id: 'length' | 'mixed' | 'same'; field: 'new' | 'again'; met: boolean; n?: number }

export const SHORTEST = 10;

export function checkPassword(next: string, again: string): Rule[] {
  const kinds = [/\p{L}/u, /\d/, /[^\p{L}\d\s]|\s/u].filter((kind) => kind.test(next)).length;
  return [
    { id: 'length', field: 'new', met: [...next].length >= SHORTEST, n: SHORTEST },
    { id: 'mixed', field: 'new', met: kinds >= 2 || [...next].length >= 16 },
    { id: 'same', field: 'again', met: next !== '' && next === again },
  ];
}
