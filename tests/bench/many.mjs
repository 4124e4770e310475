// What a million rows cost where they come and go by the thousand: import, export, bulk changes and their
// undo. Rows a second, the server's CPU a row and its peak memory, what was told of the progress, and how
// long a GET waits beside them. Each gives lines {name, value, bar, isHeld} for the second table.

import { once } from 'node:events';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as path from 'node:path';
import { until } from '../harness/until.mjs';
import { CLIENTS, FREE, LIMITED, PERSON, SCARCE, target } from './base.mjs';
import { writePeople } from './people.mjs';
import { cpuSeconds, load, peakKb, resetPeak, rssKb, settled, spread, watchPeak } from './process.mjs';

const LONGEST_MS = 4 * 3600 * 1000;
const BULK_MOST = 100000;
const SHEET_MOST = 1048575; // what Excel has beside the header
const BOTH_ROWS = 5000; // imported in turns, with and without a condition in the rights
const BESIDE = 8; // connections that ask meanwhile
const SLOW_BYTES = 32 << 20; // taken by the slow client before it is measured
const OPEN = ['waiting', 'running'];
/** Of a file: a phone that two have is nobody's, and a million people share some. */
const MOST_REFUSED = 0.001;

const mb = (kb) => `${(kb / 1024).toFixed(0)} MB`;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ---- asking --------------------------------------------------------------------------------------

/** A request whose body and answer are streams. */
async function open(server, client, method, where, { headers = {}, from } = {}) {
  const request = http.request({
    host: '127.0.0.1', port: server.port, method, path: where,
    headers: { cookie: client.cookie, 'x-csrf-token': client.csrf, ...headers },
  });
  if (from) from.pipe(request);
  else request.end();
  const [reply] = await once(request, 'response');
  return reply;
}

async function upload({ server, clients }, file) {
  const headers = { 'content-type': 'application/octet-stream', 'content-length': fs.statSync(file).size };
  const where = `/api/v1/import/contacts.person?name=${path.basename(file)}`;
  const reply = await open(server, clients.hot, 'POST', where, { headers, from: fs.createReadStream(file) });
  reply.setEncoding('utf8');
  let text = '';
  for await (const part of reply) text += part;
  if (reply.statusCode !== 201) throw new Error(text);
  return JSON.parse(text);
}

/** "27 × import_ambiguous", or nothing. */
async function refused(client, { id, failed }) {
  if (!failed) return '';
  const { rows } = (await client.get(`/api/v1/batch/${id}/rows?kind=error`, { expect: 200 })).json;
  const codes = new Set(rows.map((row) => row.code));
  return `${failed} × ${[...codes].join(', ')}`;
}

/** Runs `start`, which gives a batch, to its end: what it cost and what was told of it meanwhile. */
async function batch({ server, clients }, start, mostRefused = 0) {
  const { pid } = server.process;
  await settled(pid);
  resetPeak(pid);
  const stream = await clients.hot.events();
  const [idle, cpu, begun] = [rssKb(pid), cpuSeconds(pid), performance.now()];
  const id = await start();
  const read = async () => (await clients.hot.get(`/api/v1/batch/${id}`, { expect: 200 })).json;
  const isTold = (e) => e.event === 'record' && e.data.entity === 'batch' && e.data.id === id;
  let last;
  while (OPEN.includes((last = await read()).state)) {
    if (performance.now() - begun > LONGEST_MS) throw new Error(`batch ${id} does not end`);
    await pause(100);
  }
  const seconds = (performance.now() - begun) / 1000;
  stream.close();
  if (last.state !== 'done' || last.failed > last.total * mostRefused) throw new Error(JSON.stringify(last));
  const rows = Math.max(last.done, 1);
  return {
    id, rows, seconds, rate: rows / seconds, us: ((cpuSeconds(pid) - cpu) * 1e6) / rows,
    peak: peakKb(pid), idle, refused: await refused(clients.hot, last), told: stream.seen.filter(isTold).length,
  };
}

const undo = (base, id) => batch(base, async () => (await base.clients.hot.post(`/api/v1/batch/${id}/undo`, {}, { expect: 202 })).json.id);

function lineOf(name, seen, more = '') {
  const told = seen.told === undefined ? '' : `, told ${seen.told} times`;
  return { name, value: `${seen.rate.toFixed(0)} rows/s, ${seen.us.toFixed(0)} us CPU each, peak ${mb(seen.peak)} (idle ${mb(seen.idle)})${told}${more}${seen.refused ? `, refused: ${seen.refused}` : ''}` };
}

/** p99 of a GET while `run` goes on, asked second by second. */
async function beside({ server, sessions, files }, run) {
  let isOver = false;
  const over = run().finally(() => (isOver = true));
  const seen = [];
  while (!isOver) seen.push(await load(target(server), { args: ['get', ...sessions.hot, files.ids], seconds: 1, connections: BESIDE }));
  await over;
  const p99 = Math.max(...seen.map((one) => one.p99 ?? 0));
  const failed = seen.reduce((sum, one) => sum + one.failed, 0);
  return { p99, failed, p50: Math.max(...seen.map((one) => one.p50 ?? 0)), rate: seen.reduce((sum, one) => sum + one.rate, 0) / seen.length };
}

function besideLine(what, seen, bar) {
  const value = `p99 ${seen.p99.toFixed(1)} ms, p50 ${seen.p50.toFixed(2)} ms at the worst second (${seen.rate.toFixed(0)}/s, ${seen.failed} failed)`;
  return { name: `get one beside ${what}, c${BESIDE}`, value, bar: `p99 ≤ ${bar} ms`, isHeld: seen.p99 <= bar && !seen.failed };
}

// ---- import --------------------------------------------------------------------------------------

/** Who may own a contact: not the one who may read none. */
async function staff({ server }) {
  const rows = fs.readFileSync(path.join(path.dirname(server.tz), 'people.csv'), 'utf8').split('\n').map((line) => line.split(';'));
  return rows.filter((row) => row[4] === 'sales' && ![CLIENTS, SCARCE].includes(row[1])).map((row) => row[1]);
}

async function runImport(base, file, change = {}, what = 'run') {
  const { clients } = base;
  const made = await upload(base, file);
  const start = () => clients.hot.post(`/api/v1/import/${made.id}/${what}`, { ...made.options, ...change }, { expect: 202 });
  return batch(base, async () => (await start()).json[what].batch, MOST_REFUSED);
}

/** What a condition in the rights adds to an import: the same new people by one who has none and by one who
 * has one that is true of each, in turns. */
async function importsOfBoth(base, owners, rounds) {
  const file = path.join(base.server.home, 'both.csv');
  await writePeople(file, { rows: BOTH_ROWS, seed: 9, owners });
  const us = { [FREE]: [], [LIMITED]: [] };
  const who = { [FREE]: await base.server.as(FREE), [LIMITED]: await base.server.as(LIMITED) };
  for (let round = 0; round < rounds; round++) {
    for (const login of round % 2 ? [LIMITED, FREE] : [FREE, LIMITED]) {
      const as = { ...base, clients: { ...base.clients, hot: who[login] } };
      const made = await runImport(as, file, { mode: 'create', match: [] });
      us[login].push(made.us);
      await undo(as, made.id); // each begins with as many rows
    }
  }
  fs.rmSync(file);
  const [free, limited] = [FREE, LIMITED].map((login) => spread(us[login]));
  const times = spread(us[LIMITED].map((each, i) => each / us[FREE][i]));
  const value = `${times.median.toFixed(2)} (${times.low.toFixed(2)}-${times.high.toFixed(2)}): ${limited.median.toFixed(0)} and ${free.median.toFixed(0)} us CPU each`;
  return { name: `import of ${BOTH_ROWS} new people with a condition in the rights, times without`, value };
}

/** A file of as many people as the base has, or as --many says; its undo; a tenth of it beside GETs; then what
 * rights cost. */
export async function imports(base, { many, seen, rounds }) {
  const rows = many || base.rows;
  const [whole, tenth] = ['people.csv', 'more.csv'].map((name) => path.join(base.server.home, name));
  const owners = await staff(base);
  await writePeople(whole, { rows, seed: 7, owners });
  await writePeople(tenth, { rows: Math.max(rows / 10, 2000), seed: 8, owners });
  const made = await runImport(base, whole);
  const back = await undo(base, made.id);
  const waits = await beside(base, () => runImport(base, tenth, { mode: 'create', match: [] }));
  for (const file of [whole, tenth]) fs.rmSync(file);
  const both = await importsOfBoth(base, owners, rounds);
  const alone = seen.get('create-alone')?.rate.median;
  const share = alone && { name: 'rows a second of it, of what SQLite alone gives in groups of 32', value: `${((100 * made.rate) / alone).toFixed(0)} %` };
  return [
    lineOf(`import of ${rows} people, found by phone and e-mail`, made),
    ...(share ? [share] : []),
    lineOf('undo of it', back),
    besideLine('an import', waits, 50),
    both,
  ];
}

/** A file of people in this format and the check of its import, without matching: what the format itself costs. */
async function thereAndBack(base, format, { many }) {
  const { server, clients } = base;
  const rows = Math.min(many || base.rows, SHEET_MOST);
  const file = path.join(server.home, `people.${format}`);
  const { rows: last } = (await clients.all.get(`${PERSON}?limit=1&sort=id&id.gt=${Math.max(base.rows - rows, 0)}`)).json;
  const where = `${PERSON}/export?format=${format}&fields=name,phone,email,city,note&id.gte=${last[0].id}&id.lt=${last[0].id + rows}`;
  const writer = watchPeak('karkas-sheet');
  const written = await exported(base, where, { to: fs.createWriteStream(file) });
  const writing = writer.stop();
  const { size } = fs.statSync(file);
  const reader = watchPeak('karkas-sheet');
  const made = await runImport(base, file, { mode: 'create', match: [] }, 'check');
  const reading = reader.stop();
  fs.rmSync(file);
  if (Number.isNaN(written.rows)) Object.assign(written, costs(made.rows, written.seconds, written.spent)); // not counted in time
  const of = (peak) => (peak ? `, helper ${mb(peak)}` : '');
  return [
    lineOf(`export of ${written.rows} rows as ${format}, ${mb(size / 1024)}`, written, of(writing)),
    lineOf(`check of an import of ${made.rows} rows of it`, made, of(reading)),
  ];
}

/** Through the process that reads and writes spreadsheets, which has a memory of its own. */
export const sheets = (base, how) => thereAndBack(base, 'xlsx', how);
export const cards = (base, how) => thereAndBack(base, 'vcf', how);

// ---- export --------------------------------------------------------------------------------------

/** Takes the whole file; `rest` makes the client stop for so long once, in the middle. */
async function exported({ server, clients }, where, { to, rest = 0 } = {}) {
  const { pid } = server.process;
  await settled(pid);
  resetPeak(pid);
  const [idle, cpu, begun] = [rssKb(pid), cpuSeconds(pid), performance.now()];
  const reply = await open(server, clients.all, 'GET', where);
  if (reply.statusCode !== 200) throw new Error(`export: ${reply.statusCode}`);
  const total = Number(reply.headers['x-total-count']); // NaN: not counted in time
  let [bytes, lines, hasRested] = [0, -1, false];
  for await (const part of reply) {
    bytes += part.length;
    for (let at = -1; !to && (at = part.indexOf(10, at + 1)) >= 0; ) lines++;
    if (to && !to.write(part)) await once(to, 'drain');
    if (rest && !hasRested && bytes > SLOW_BYTES) {
      hasRested = true;
      await pause(rest);
    }
  }
  if (to) await once(to.end(), 'finish');
  const seconds = (performance.now() - begun) / 1000;
  if (!to && total >= 0 && lines !== total) throw new Error(`export: ${lines} lines instead of ${total}`);
  const spent = cpuSeconds(pid) - cpu;
  return { ...costs(to ? total : lines, seconds, spent), bytes, seconds, spent, peak: peakKb(pid), idle };
}

const costs = (rows, seconds, spent) => ({ rows, rate: rows / seconds, us: (spent * 1e6) / rows });

/** All people as CSV, by a fast client, by one that rests in the middle, and beside GETs. */
export async function exports(base) {
  const where = `${PERSON}/export?fields=name,phone,email,city,owner`;
  const fast = await exported(base, where);
  const slow = await exported(base, where, { rest: 3000 });
  const waits = await beside(base, () => exported(base, where));
  return [
    lineOf(`export of ${fast.rows} rows as CSV`, fast, `, ${(fast.bytes / fast.rows).toFixed(0)} bytes a row`),
    { name: 'peak memory with a client that rests in the middle', value: `${mb(slow.peak)} (idle ${mb(slow.idle)})` },
    besideLine('an export', waits, 50),
  ];
}

// ---- bulk ----------------------------------------------------------------------------------------

/** How many of the people with `where` the one who asks may read, counted in full. */
async function countOf({ clients }, where) {
  const seen = await clients.hot.post(`${PERSON}/aggregate`, { where, measures: { n: 'count' } }, { expect: 200 });
  return seen.json.totals?.n ?? seen.json.rows[0].n;
}

/** A condition that at most as many of the people meet whom the one who asks may read: he changes no others. */
async function reach(base, most) {
  const share = (await countOf(base, ['id', 'gt', 0])) / base.rows;
  const where = ['id', 'lte', Math.min(base.rows, Math.round(most / share))];
  return { where, rows: await countOf(base, where) };
}

/** One field of about 100 000 people, its undo, and the same again beside GETs. Each row that is meant is changed. */
export async function bulk(base) {
  const { where, rows } = await reach(base, BULK_MOST);
  const start = (text) => async () => {
    const body = { where, set: { position: text } };
    return (await base.clients.hot.post(`${PERSON}/bulk`, body, { expect: 202 })).json.id;
  };
  const made = await batch(base, start('механик'));
  if (made.rows !== rows) throw new Error(`bulk: ${made.rows} of ${rows} rows`);
  const back = await undo(base, made.id);
  const waits = await beside(base, () => batch(base, start('прораб')));
  return [
    lineOf(`bulk change of ${made.rows} rows`, made),
    lineOf('undo of it', back),
    besideLine('a bulk change', waits, 50),
  ];
}

/** Cancelled in the middle: how long it takes to stop, and what is left of it. */
export async function canceled(base) {
  const { clients } = base;
  const body = { where: ['id', 'lte', BULK_MOST], set: { position: 'сварщик' } };
  const { id } = (await clients.hot.post(`${PERSON}/bulk`, body, { expect: 202 })).json;
  const read = async () => (await clients.hot.get(`/api/v1/batch/${id}`, { expect: 200 })).json;
  await until(async () => (await read()).done > 0, 'its first rows', 60000);
  const begun = performance.now();
  await clients.hot.post(`/api/v1/batch/${id}/cancel`, {}, { expect: 204 });
  const ms = performance.now() - begun;
  const last = await read();
  return [{ name: 'cancelling a bulk change', value: `${ms.toFixed(0)} ms, ${last.done} of ${last.total} rows done, state ${last.state}` }];
}
