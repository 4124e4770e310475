// SQLite alone beside the server: asked so that it gives the same answers, byte for byte, by SQL that one
// would write by hand. Who may see what is not judged there: it is told whose rows they are and what
// `_can` says. Its lists merge the newest rows of each owner. It counts once, as the server keeps a count
// until the next commit.

import { isDeepStrictEqual } from 'node:util';
import { LIST, PERSON } from './base.mjs';
import { sqliteAlone } from './process.mjs';

const LISTS = ['own', 'team', 'hot', 'all'];

/** Ids of those whose rows the list of that person shows; undefined: everybody's. */
async function ownersOf({ all }, who, { user }) {
  if (who === 'own') return [user.id];
  if (who === 'all') return undefined;
  const [{ department }] = await all.list('user', `id=${user.id}`);
  const colleagues = await all.list('user', `department=${department.id}&limit=200`);
  return colleagues.map(({ id }) => id);
}

async function argumentsOf(base, who) {
  const { json } = await base.clients[who].get(LIST, { expect: 200 });
  const [can, next] = [json.rows[0]._can, json.next].map((part) => JSON.stringify(part));
  const owners = [];
  for (const person of base.people[who]) owners.push(await ownersOf(base.clients, who, person));
  return ['list', base.sqliteData, can, next, ...owners.filter(Boolean).map((ids) => ids.join(','))];
}

/** Whether both answer the same, and with how many bytes. */
async function compare(base, id, client, path, args) {
  const [served, alone] = [await client.get(path, { expect: 200 }), await sqliteAlone(base.build, ...args)];
  return {
    id,
    isSame: isDeepStrictEqual(served.json, alone.answer),
    bytes: [served.bytes.length, Buffer.byteLength(JSON.stringify(alone.answer))],
    count: alone.count_us,
  };
}

/** What the cases `sqlite-…` ask, and how their answers stand beside the server's, asked before anything is written. */
export async function prepareAlone(base) {
  const { hot } = base.clients;
  const first = `${PERSON}/${base.firstId}`;
  const can = JSON.stringify((await hot.get(first, { expect: 200 })).json._can);
  const asked = { get: ['get', base.sqliteData, base.files.ids, can] };
  const compared = [await compare(base, 'get', hot, first, asked.get)];
  for (const who of LISTS) {
    asked[`list-${who}`] = await argumentsOf(base, who);
    compared.push(await compare(base, `list-${who}`, base.clients[who], LIST, asked[`list-${who}`]));
  }
  base.alone = { asked, compared };
}

/** One round of SQLite alone on what the server's case `id` asks. */
export async function askAlone(base, id) {
  return { us: (await sqliteAlone(base.build, ...base.alone.asked[id])).us };
}

export function aloneLines({ compared }) {
  const bytes = compared.map(({ id, isSame, bytes: [served, alone] }) => `${id} ${served}${isSame ? ' = ' : ' ≠ '}${alone}`);
  const counts = compared.filter(({ count }) => count).map(({ id, count }) => `${id} ${count.toFixed(0)}`);
  return [
    { name: 'bytes of the server and of SQLite alone', value: bytes.join(', '), bar: 'the same answers', isHeld: compared.every(({ isSame }) => isSame) },
    { name: 'us of counting once, which both keep until the next commit', value: counts.join(', ') },
  ];
}
