// Lists that have no place in their order to go on from, at full size: by something that no index has, and of who
// hardly may read any row of those along it. They come in parts; what came is compared with what a server that
// waits longer gives.

import { DIVER, FREE, PERSON, SCARCE } from './base.mjs';
import { restart } from './special.mjs';

const SHORT_MS = 100;
const LONG_MS = 4000;
const FOUND = 60; // more than a page of the scarce
const PAGE = 50;

const LISTS = [
  { name: 'all by what no index has', login: 'belov', search: 'sort=-position,name' },
  { name: 'a team by two sources (more ranges than lanes), by what no index has', login: 'ivanova', search: 'source.in=site,phone&sort=position' },
  { name: 'of who may read hardly any row, oldest first', login: SCARCE, search: 'sort=created_at', rows: FOUND },
];

/** A page, or so many rows, part by part: ids, how long each part took, and how many had no rows. */
async function inParts(client, { search, rows = PAGE }) {
  const seen = { ids: [], ms: [], empty: 0 };
  for (let next = ''; next !== null && seen.ids.length < rows; ) {
    const begun = performance.now();
    const { json } = await client.get(`${PERSON}?limit=${PAGE}&fields=id&${search}${next && `&after=${next}`}`, { expect: 200 });
    seen.ms.push(performance.now() - begun);
    seen.ids.push(...json.rows.map((row) => row.id));
    seen.empty += json.partial && !json.rows.length ? 1 : 0;
    next = json.next;
  }
  seen.ids.length = Math.min(seen.ids.length, rows);
  return seen;
}

async function allOf({ server }, args, part) {
  await restart(server, [...args, '--part', String(part)]);
  const seen = [];
  for (const one of LISTS) seen.push(await inParts(await server.as(one.login), one));
  return seen;
}

/** They are the newest, so that all others come before. */
async function addScarce({ server }) {
  const client = await server.as(FREE);
  const made = [];
  for (let i = 0; i < FOUND; i++) made.push((await client.post(PERSON, { name: `Водолаз ${i}`, position: DIVER }, { expect: 201 })).json.id);
  return made;
}

function lineOf({ name }, short, long) {
  const seconds = short.ms.reduce((sum, ms) => sum + ms, 0) / 1000;
  const isSame = JSON.stringify(short.ids) === JSON.stringify(long.ids) && new Set(short.ids).size === short.ids.length;
  const value = `${short.ids.length} rows in ${short.ms.length} parts (${short.empty} without), ${seconds.toFixed(1)} s, longest ${Math.max(...short.ms).toFixed(0)} ms; ${long.ms.length} parts of ${LONG_MS / 1000} s give ${isSame ? 'the same' : 'OTHERS'}`;
  return { name: `list ${name}`, value, bar: 'the same rows', isHeld: isSame };
}

export async function parts(base) {
  const { args } = base.server.options;
  const made = await addScarce(base);
  const [short, long] = [await allOf(base, args, SHORT_MS), await allOf(base, args, LONG_MS)];
  await restart(base.server, args);
  const last = short.at(-1).ids;
  const isWhole = JSON.stringify(last) === JSON.stringify(made.slice(-FOUND).slice(0, last.length));
  return [
    ...LISTS.map((one, i) => lineOf(one, short[i], long[i])),
    { name: 'the rows he may read, of those that there are', value: `${last.length} of ${FOUND}`, bar: 'all, in order', isHeld: isWhole && last.length === FOUND },
  ];
}
