// What a password must be. The server decides; this says it beforehand.

export interface Rule {
  id: 'length' | 'own' | 'same';
  field: 'new' | 'again';
  met: boolean;
  n?: number;
}

export const SHORTEST = 8;

export function checkPassword(next: string, again: string, login = ''): Rule[] {
  const text = next.toLowerCase();
  const own = [login.toLowerCase(), 'karkas'].some((word) => word.length > 2 && text.includes(word));
  return [
    { id: 'length', field: 'new', met: [...next].length >= SHORTEST, n: SHORTEST },
    { id: 'own', field: 'new', met: next !== '' && !own },
    { id: 'same', field: 'again', met: next !== '' && next === again },
  ];
}
