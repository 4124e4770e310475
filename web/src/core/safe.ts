// Without any code or page of modules: `?safe=1`, for this tab until `?safe=0`. Whoever cannot work for a module's pages
// gets on so, and an administrator finds out whether it is them.
const STORED = 'karkas.safe';

function asked(): boolean {
  if (typeof location === 'undefined') return false;
  const word = new URLSearchParams(location.search).get('safe');
  if (word !== null) globalThis.sessionStorage?.setItem(STORED, word);
  return globalThis.sessionStorage?.getItem(STORED) === '1';
}

export const isSafe = asked();
