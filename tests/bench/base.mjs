// What a run measures on: a generated base, servers on copies of it, the people who ask, and the files
// that load.lua reads.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { Server } from '../harness/server.mjs';
import { dealerAtScale } from '../harness/tz.mjs';
import { ENTITY, FEW, fewBodies } from './few.mjs';
import { copyData, program, settled, startFloor } from './process.mjs';

export const PERSON = '/api/v1/contacts.person';
export const LIST = `${PERSON}?limit=50&sort=-created_at`;
const BRANCHES = 9;
const MANAGERS = 20; // of the sales department and of each branch: 200 owners
const IDS = 3000;
const LIST_BYTES = 26000; // of fifty contacts
const ASKED_AT_ONCE = 32;
export const SURNAMES = ['иванов', 'смирнов', 'кузнецова', 'попов', 'васильева', 'петров', 'соколов', 'щербаков', 'журавлёв', 'гусева'];

// Two who read, change and import all contacts, the second by a condition that is true of each; who has rows of
// few indexes; and who reads contacts by something that no index knows and hardly any has.
export const FREE = 'bench_free';
export const LIMITED = 'bench_limited';
export const CLIENTS = 'bench_few';
export const SCARCE = 'bench_scarce';
export const DIVER = 'водолаз';
const RIGHTS = 'read: all, create: all, update: all';
const ROLES = `roles:
  ${FREE}: {title: Без условий, rights: {contacts.*: {${RIGHTS}, import: all}}}
  ${CLIENTS}: {title: Клиенты, rights: {${FEW}: {${RIGHTS}}}}
  ${SCARCE}: {title: Немногие, rights: {contacts.person: {read: {where: {position: ${DIVER}}}}}}
  ${LIMITED}: {title: С условием, rights: {contacts.*: {${RIGHTS}, import: all, where: {name: {ne: "-"}}}}}
`;

export const target = (server) => ({ pid: server.process.pid, port: server.port, scheme: server.scheme });

/** The deployment with these three. */
function withOurs({ tz, people }) {
  const row = (login) => `${login};${login};${login}@example.ru;;sales;${login};\n`;
  const whole = tz.replace(/^roles:.*\n/m, ROLES).replace(/^( {2}import: *)\[/m, `$1[${FREE}, ${LIMITED}, `).replace(/^entities:.*\n/m, `entities:\n${ENTITY}`);
  return { tz: whole, people: `${people}${[FREE, LIMITED, CLIENTS, SCARCE].map(row).join('')}` };
}

function newServer(args, data) {
  return new Server({ ...withOurs(dealerAtScale(BRANCHES, MANAGERS)), keep: true, data, args: ['--tls', 'off', ...args] });
}

async function generate(server, rows, seed, extra) {
  const bodies = path.join(server.home, 'bodies.jsonl');
  const counts = extra ? { companies: rows / 10, leads: rows / 10, deals: rows / 10, tasks: rows / 10 } : {};
  const wanted = Object.entries({ rows, clients: rows, ...counts }).flatMap(([name, n]) => [`--${name}`, String(Math.round(n))]);
  const made = await server.execute(program(server.build, 'bench_generate'), [
    '--data', server.data, '--tz', server.tz, '--modules', path.join(server.build, 'modules'),
    '--seed', String(seed), '--bodies', bodies, ...wanted,
  ]);
  if (made.code) throw new Error(made.err);
  console.log(made.out);
  return { bodies, said: made.out.trim() };
}

/** The same from an earlier run that left it in `keep`, or for later ones. */
async function generateOnce(server, { rows, seed, extra, keep }) {
  if (!keep) return generate(server, rows, seed, extra);
  const dir = path.resolve(keep, `${rows}-${seed}${extra ? '-extra' : ''}`);
  const [data, bodies, saying] = ['data', 'bodies.jsonl', 'said.txt'].map((name) => path.join(dir, name));
  if (!fs.existsSync(saying)) {
    const made = await generate(server, rows, seed, extra);
    fs.mkdirSync(dir, { recursive: true });
    fs.copyFileSync(made.bodies, bodies);
    await copyData(server.data, data);
    fs.writeFileSync(saying, made.said); // last: now it is whole
    return { bodies, said: made.said };
  }
  await copyData(data, server.data);
  const said = fs.readFileSync(saying, 'utf8');
  console.log(`${said} (by an earlier run)\n`);
  return { bodies, said };
}

/** Ids of records the client may read, spread over the whole table. */
async function readableIds(client, most) {
  const ids = [];
  const worker = async () => {
    for (let left = IDS / ASKED_AT_ONCE; left > 0; left--) {
      const id = 1 + Math.floor(Math.random() * most);
      if ((await client.get(`${PERSON}/${id}`)).status === 200) ids.push(id);
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, worker));
  return ids;
}

/** Lists that begin on any day, so that hardly a row of one was shown before. */
async function listsOfAnyDay(client) {
  const moment = async (sort) => Date.parse((await client.get(`${PERSON}?limit=1&sort=${sort}`, { expect: 200 })).json.rows[0].created_at);
  const [oldest, newest] = [await moment('created_at'), await moment('-created_at')];
  const some = () => new Date(oldest + Math.random() * (newest - oldest)).toISOString();
  return Array.from({ length: IDS }, () => `${LIST}&created_at.lt=${encodeURIComponent(some())}`);
}

/** A file of lines for load.lua. */
export function writeLines(base, name, lines) {
  const file = path.join(base.server.home, name);
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

function writeFiles(base, ids, bodies) {
  const write = (name, lines) => writeLines(base, name, lines);
  const search = (words) => words.map((word) => `${PERSON}?limit=50&q=${encodeURIComponent(word)}`);
  const fragments = Array.from({ length: 200 }, () => String(Math.floor(10000 + Math.random() * 90000)));
  return {
    ids: write('ids', ids),
    bodies,
    few: write('few', fewBodies(bodies)),
    list: write('list', [LIST]),
    people: Object.fromEntries(Object.entries(base.people).map(([who, all]) => [who, write(`people-${who}`, all.map((one) => session(one).join('\t')))])),
    unindexed: write('unindexed', [`${LIST}&position=${encodeURIComponent('прораб')}`]),
    nothing: write('nothing', [`${LIST}&position=${encodeURIComponent(DIVER)}`]),
    words: write('words', search(SURNAMES)),
    prefixes: write('prefixes', search(SURNAMES.map((word) => word.slice(0, 3)))),
    phones: write('phones', search(fragments)),
  };
}

/**
 * Generates, starts and signs in. `wants` says which of the costlier parts are needed: {single: a second
 * server with one request a commit, sqlite: a copy of the data for SQLite alone, people: all who ask for lists}.
 */
export async function prepare(options, wants) {
  const { rows, stops } = options;
  const server = newServer([]);
  stops.push(() => fs.rmSync(server.home, { recursive: true, force: true }));
  const { bodies, said } = await generateOnce(server, options);
  const base = { server, build: server.build, generated: said, rows };
  if (wants.sqlite) base.sqliteData = await copyData(server.data, path.join(server.home, 'sqlite'));
  if (wants.single) base.single = newServer(['--group', '1'], await copyData(server.data, path.join(server.home, 'single')));
  await server.start();
  stops.push(() => server.stop());
  if (!(await settled(server.process.pid))) console.log('The server goes on with work of its own: the figures are not those of the requests alone.\n');
  base.floor = await startFloor(server.build);
  stops.push(() => base.floor.stop());
  base.listFloor = await startFloor(server.build, LIST_BYTES);
  stops.push(() => base.listFloor.stop());
  await signIn(base, wants.people);
  const ids = await readableIds(base.clients.hot, rows);
  base.firstId = ids[0];
  base.files = writeFiles(base, ids, bodies);
  if (wants.people) base.files.anywhere = writeLines(base, 'anywhere', await listsOfAnyDay(base.clients.all));
  if (wants.single) await startSingle(base, stops);
  return base;
}

const session = ({ cookie, csrf }) => [cookie, csrf];

const numbers = (n) => Array.from({ length: n }, (_, i) => i + 1);

/**
 * Who ask for lists: the managers of the branches for their own rows; the heads of 20 small owners; the
 * head of the 20 that own the most; a director. `clients` and `sessions` are those of the first.
 */
const ASKING = {
  own: numbers(BRANCHES).flatMap((b) => numbers(MANAGERS).map((m) => `branch${b}m${m}`)),
  team: numbers(BRANCHES).map((b) => `head${b}`),
  hot: ['ivanova'],
  all: ['belov'],
};

/** All of them, or the first of each. */
async function signIn(base, areAll) {
  base.people = {};
  base.clients = {};
  base.sessions = {};
  for (const [who, everybody] of Object.entries(ASKING)) {
    const logins = areAll ? everybody : everybody.slice(0, 1);
    base.people[who] = [];
    for (const login of logins) base.people[who].push(await base.server.as(login));
    [base.clients[who]] = base.people[who];
    base.sessions[who] = session(base.clients[who]);
  }
}

async function startSingle(base, stops) {
  stops.push(() => fs.rmSync(base.single.home, { recursive: true, force: true }));
  await base.single.start();
  stops.push(() => base.single.stop());
  base.singleSession = session(await base.single.as('ivanova'));
  base.few = [];
  for (const server of [base.server, base.single]) base.few.push(session(await server.as(CLIENTS)));
}
