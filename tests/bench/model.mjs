// What the people who work feel while the model changes: 64 connections read, list and create, and meanwhile
// a field of all contacts is made, indexed, renamed, re-typed, made searchable and retired. Each gives a line
// {name, value, bar, isHeld}: how long until it was in force, p50 and p99 of the load beside the load alone, and the longest that one more
// client waited for a write, who asks again as soon as he is answered: whoever waits at the end of a second is none of its p99.

import * as fs from 'node:fs';
import { until } from '../harness/until.mjs';
import { PERSON, target } from './base.mjs';
import { load, settled, spread } from './process.mjs';

const FIELDS = '/api/v1/model/entity/contacts.person/field';
const ALL = 64;
const ALONE_SECONDS = 3;
const LONGEST_MS = 30 * 60000;
const P99_MS = 100;
const OPEN = ['waiting', 'running'];

/** In the order they are made. */
const CHANGES = [
  { name: 'a new field with a value in every row', change: ['POST', FIELDS, { name: 'bench_code', type: 'text', title: 'Код', required: true, default: '7', roles: ['bench_free'] }] },
  { name: 'an index over it', change: ['PATCH', `${FIELDS}/bench_code`, { index: true }] },
  { name: 'another name', change: ['PATCH', `${FIELDS}/bench_code`, { name: 'bench_number' }] },
  { name: 'text becomes a number', change: ['PATCH', `${FIELDS}/bench_number`, { type: 'int' }] },
  { name: 'and text again', change: ['PATCH', `${FIELDS}/bench_number`, { type: 'text' }] },
  { name: 'it becomes searchable', change: ['PATCH', `${FIELDS}/bench_number`, { search: true }] },
  { name: 'it is retired', change: ['DELETE', `${FIELDS}/bench_number`] },
];

/** As the load asks: the harness's client would read the OpenAPI document anew after every change. */
function asker({ server, clients }) {
  const headers = { cookie: clients.hot.cookie, 'x-csrf-token': clients.hot.csrf, 'content-type': 'application/json' };
  return async (method, path, body) => {
    const reply = await fetch(`${server.scheme}://127.0.0.1:${server.port}${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await reply.text();
    if (reply.status > 202) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
    return { status: reply.status, json: text && JSON.parse(text) };
  };
}

/** The change until it is in force: seconds. */
async function whole(ask, change) {
  const begun = performance.now();
  const reply = await ask(...change);
  const id = reply.status === 202 && reply.json.change.batch;
  if (id) {
    const ended = async () => {
      const batch = (await ask('GET', `/api/v1/batch/${id}`)).json;
      return !OPEN.includes(batch.state) && batch;
    };
    const batch = await until(ended, 'the end of the change', LONGEST_MS);
    if (batch.state !== 'done') throw new Error(JSON.stringify(batch));
  }
  return (performance.now() - begun) / 1000;
}

/** One write after the other until `isOver`: the longest wait. */
async function longestWait(write, isOver) {
  let longest = 0;
  while (!isOver()) {
    const begun = performance.now();
    await write();
    longest = Math.max(longest, performance.now() - begun);
  }
  return longest;
}

/** Second by second while `run` goes on, one at least: the worst p99. */
async function beside(run, mixed, write) {
  let isOver = false;
  const over = run().finally(() => (isOver = true));
  const waiting = longestWait(write, () => isOver);
  const seen = [];
  do seen.push(await mixed(1));
  while (!isOver);
  const seconds = await over;
  const longest = await waiting;
  const of = (key) => spread(seen.map((one) => one[key] ?? Infinity));
  return { seconds, longest, p50: of('p50').median, p99: of('p99').high, usual: of('p99').median, failed: seen.reduce((sum, one) => sum + one.failed, 0) };
}

const ms = (n) => `${n.toFixed(n < 10 ? 1 : 0)} ms`;

export async function model(base) {
  const { files, sessions, server } = base;
  const ask = asker(base);
  const args = ['mixed', ...sessions.hot, files.ids, files.list, files.bodies];
  const mixed = (seconds) => load(target(server), { args, seconds, connections: ALL });
  const person = JSON.parse(fs.readFileSync(files.bodies, 'utf8').split('\n', 1)[0]);
  const write = () => ask('POST', PERSON, person);
  await settled(server.process.pid);
  const alone = await mixed(ALONE_SECONDS);
  const lines = [{ name: `the load alone, c${ALL}: 70 % get, 20 % list, 10 % create`, value: `p50 ${ms(alone.p50)}, p99 ${ms(alone.p99)}` }];
  for (const { name, change } of CHANGES) {
    const seen = await beside(() => whole(ask, change), mixed, write);
    lines.push({
      name,
      value: `${seen.seconds.toFixed(2)} s, load meanwhile p50 ${ms(seen.p50)}, p99 ${ms(seen.p99)} at the worst second, ${ms(seen.usual)} usually, the longest write ${ms(seen.longest)} (${seen.failed} failed)`,
      bar: `p99 ≤ ${P99_MS} ms`,
      isHeld: seen.p99 <= P99_MS && !seen.failed,
    });
  }
  return lines;
}
