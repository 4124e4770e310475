// What one person waits for an answer of the search, one request after the other: words as people type
// them, the way they mistype them. Through HTTP, and compared with the bar of a common word.

import { PERSON, SURNAMES } from './base.mjs';

const ROUNDS = 20;
const MOST_MS = 20;

const swapLayout = (word) => [...word].map((c) => 'f,dult`;pbqrkvyjghcnea[wxio]sm\'.z'['абвгдеёжзийклмнопрстуфхцчшщъыьэюя'.indexOf(c)]).join('');
/** The third and the fourth letter changed places. */
const mistype = (word) => word.slice(0, 2) + word[3] + word[2] + word.slice(4);
const digits = (i) => String(10000 + ((i * 7919) % 90000));

const KINDS = [
  { name: 'a surname', words: SURNAMES, isHeld: true },
  { name: 'its first three letters', words: SURNAMES.map((w) => w.slice(0, 3)), isHeld: true },
  { name: 'a name and a surname', words: SURNAMES.filter((w) => !w.endsWith('а')).map((w) => `сергей ${w}`), isHeld: true },
  { name: 'five digits of a phone', words: SURNAMES.map((_, i) => digits(i)) },
  { name: 'a surname in the other layout', words: SURNAMES.map(swapLayout) },
  { name: 'a surname with two letters changed over', words: SURNAMES.map(mistype) },
];

async function wait(client, word) {
  const begun = performance.now();
  const reply = await client.get(`${PERSON}?limit=50&q=${encodeURIComponent(word)}`, { expect: 200, asWritten: true });
  return { ms: performance.now() - begun, found: reply.json.rows.length };
}

async function searchFor(client, { name, words, isHeld }) {
  const took = [];
  let empty = 0;
  for (const word of words) await wait(client, word); // what is read for the first time comes from the disk
  for (let i = 0; i < ROUNDS; i++)
    for (const word of words) {
      const { ms, found } = await wait(client, word);
      took.push(ms);
      empty += found ? 0 : 1;
    }
  took.sort((a, b) => a - b);
  const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))];
  const value = `p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms${empty ? `, ${empty} of ${took.length} found nothing` : ''}`;
  const bar = isHeld ? { bar: `p99 ≤ ${MOST_MS} ms`, isHeld: at(0.99) <= MOST_MS } : {};
  return { name: `one searches for ${name}`, value, ...bar };
}

export async function searches({ clients }) {
  const lines = [];
  for (const kind of KINDS) lines.push(await searchFor(clients.all, kind));
  return lines;
}
