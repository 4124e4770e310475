// The cases that are not one request asked in rounds: heavy neighbours, TLS, event streams, memory and
// start. Each gives lines {name, value, bar, isHeld} for the second table.

import { once } from 'node:events';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { metrics } from '../harness/metrics.mjs';
import { until } from '../harness/until.mjs';
import { PERSON, target } from './base.mjs';
import { cpuSeconds, load, loadOn, rssKb, settled, spread } from './process.mjs';

const FEW = 16; // connections beside heavy neighbours
const ALL = 64; // connections of a mixed load, of which a quarter asks for one record each
const IDLE_PLAIN = 1000;
const IDLE_TLS = 300;
const STREAMS = 1000;
const STREAMS_A_SESSION = 8; // the server's limit
const EVENTS = 20;
const OPENED_AT_ONCE = 50;
const SHAKEN_MS = 700; // 64 handshakes are over
const SAMPLE_MS = 1000;
const MS = ({ ms, cpu }) => `${ms.median.toFixed(0)} ms (${ms.low.toFixed(0)}-${ms.high.toFixed(0)}), CPU ${cpu.median.toFixed(0)} ms`;

export async function restart(server, args) {
  server.process.kill('SIGTERM');
  await server.exited;
  if (args) server.options.args = args;
  await server.start();
}

// ---- connections ---------------------------------------------------------------------------------

async function openOne(server, request) {
  const where = { host: '127.0.0.1', port: server.port };
  const socket = server.scheme === 'https' ? tls.connect({ ...where, rejectUnauthorized: false }) : net.connect(where);
  socket.on('error', () => {}); // it is cut when the server goes
  socket.write(request);
  await once(socket, 'data');
  return socket;
}

/** Each asks request(i) and waits for the beginning of the answer. */
async function open(server, count, request) {
  const sockets = [];
  while (sockets.length < count) {
    const from = sockets.length;
    const more = Math.min(OPENED_AT_ONCE, count - from);
    sockets.push(...(await Promise.all(Array.from({ length: more }, (_, i) => openOne(server, request(from + i))))));
  }
  return sockets;
}

async function connectionKb(server, count) {
  const before = rssKb(server.process.pid);
  const sockets = await open(server, count, () => 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const after = rssKb(server.process.pid);
  for (const socket of sockets) socket.destroy();
  return (after - before) / count;
}

// ---- heavy neighbours ----------------------------------------------------------------------------

/** GETs by themselves and beside two clients whose every request reads the whole table. */
export async function stuck(base, { seconds, rounds }) {
  const { files, sessions, server } = base;
  const args = ['get', ...sessions.hot, files.ids];
  const get = async () => load(target(server), { args, seconds, connections: FEW });
  const seen = { alone: [], beside: [] };
  for (let i = 0; i < rounds; i++) {
    await settled(server.process.pid);
    seen.alone.push(await get());
    const heavy = ['hot', 'all'].map((who) => loadOn(target(server), { args: ['paths', ...sessions[who], files.nothing], seconds: 60, connections: 1 }));
    seen.beside.push(await get());
    for (const stop of heavy) await stop();
  }
  const of = (list, key) => spread(list.map((one) => one[key])).median;
  const share = (100 * of(seen.alone, 'loopUs')) / of(seen.beside, 'loopUs');
  const p99 = of(seen.beside, 'p99');
  return [
    { name: 'get one per CPU second of the loop beside 2 heavy clients, c16', value: `${share.toFixed(0)} %`, bar: '≥ 50 % of without', isHeld: share >= 50 },
    { name: 'p99 of it', value: `${p99.toFixed(1)} ms (without ${of(seen.alone, 'p99').toFixed(1)})`, bar: '≤ 10 ms', isHeld: p99 <= 10 },
    { name: 'requests a second of it', value: `${of(seen.beside, 'rate').toFixed(0)} (without ${of(seen.alone, 'rate').toFixed(0)})` },
  ];
}

// ---- among others --------------------------------------------------------------------------------

/** How long a GET takes by itself, and when as many connections also list and create. */
export async function among(base, { seconds, rounds }) {
  const { files, sessions, server } = base;
  const args = ['get', ...sessions.hot, files.ids];
  const others = ['mixed', ...sessions.hot, files.ids, files.list, files.bodies];
  const seen = { alone: [], among: [] };
  for (let i = 0; i < rounds; i++) {
    await settled(server.process.pid);
    seen.alone.push((await load(target(server), { args, seconds, connections: ALL })).p50);
    const stop = loadOn(target(server), { args: others, seconds: 60, connections: ALL - ALL / 4 });
    seen.among.push((await load(target(server), { args, seconds, connections: ALL / 4 })).p50);
    await stop();
  }
  const [alone, mixed] = [spread(seen.alone).median, spread(seen.among).median];
  const value = `${mixed.toFixed(2)} ms (${alone.toFixed(2)} alone)`;
  return [{ name: 'p50 of get one among gets, lists and creates', value, bar: '≤ 2 × alone', isHeld: mixed <= 2 * alone }];
}

// ---- TLS -----------------------------------------------------------------------------------------

/** CPU per request while the load is on: handshakes at its beginning are another figure. */
async function inTheMiddle(server, run) {
  const client = server.client();
  const pause = (part) => new Promise((resolve) => setTimeout(resolve, part));
  const sample = async () => [cpuSeconds(server.process.pid), (await metrics(client)).karkas_requests_total];
  const over = run();
  await pause(SHAKEN_MS);
  const was = await sample();
  await pause(SAMPLE_MS);
  const now = await sample();
  await over;
  return ((now[0] - was[0]) * 1e6) / Math.max(now[1] - was[1], 1);
}

export async function secure(base, { seconds, rounds }) {
  const { server, files, sessions, floor } = base;
  await restart(server, []);
  const seen = { floor: [], get: [] };
  for (let i = 0; i < rounds; i++) {
    seen.floor.push((await load(floor, { args: ['floor'], seconds })).us);
    await settled(server.process.pid);
    seen.get.push(await inTheMiddle(server, () => load(target(server), { args: ['get', ...sessions.hot, files.ids], seconds: 2 * seconds })));
  }
  const [least, us] = [spread(seen.floor).median, spread(seen.get)];
  const kb = await connectionKb(server, IDLE_TLS);
  await restart(server, ['--tls', 'off']);
  return [
    { name: 'get one over TLS, c64', value: `${us.median.toFixed(1)} us (${us.low.toFixed(1)}-${us.high.toFixed(1)}), ${(us.median / least).toFixed(2)} × plain floor` },
    { name: 'an idle TLS connection', value: `${kb.toFixed(1)} KB`, bar: '≤ 36 KB', isHeld: kb <= 36 },
  ];
}

// ---- event streams -------------------------------------------------------------------------------

async function change(client, id, n) {
  await client.patch(`${PERSON}/${id}`, { position: `прораб № ${n}` }, { expect: 200 });
}

/** One change after the other, each awaited by every stream; the CPU the loop spent. */
async function fanOut(base, id, from, arrived) {
  const { server, clients } = base;
  await settled(server.process.pid);
  const before = cpuSeconds(server.process.pid);
  for (let n = 0; n < EVENTS; n++) {
    await change(clients.hot, id, from + n);
    await until(() => arrived() >= n + 1, 'every stream has the event', 10000);
  }
  return cpuSeconds(server.process.pid) - before;
}

/** Cookies of that many sessions of one person. */
async function signInAgain(server, count) {
  const cookies = [];
  while (cookies.length < count) {
    const client = server.client();
    await client.login('ivanova', server.passwords.ivanova);
    cookies.push(client.cookie);
  }
  return cookies;
}

/** Events of records that the socket has received; one may come in two parts. */
function countEvents(socket) {
  const mark = 'event: record\n';
  const counter = { events: 0, rest: '' };
  socket.on('data', (bytes) => {
    const text = counter.rest + bytes;
    counter.events += text.split(mark).length - 1;
    counter.rest = text.slice(1 - mark.length);
  });
  return counter;
}

export async function streams(base) {
  const { server, clients } = base;
  await restart(server);
  const [row] = await clients.hot.list('contacts.person', 'limit=1');
  const quiet = await fanOut(base, row.id, 0, () => EVENTS);
  const cookies = await signInAgain(server, Math.ceil(STREAMS / STREAMS_A_SESSION));
  const sockets = await open(server, STREAMS, (i) => {
    const cookie = cookies[i % cookies.length];
    return `GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`;
  });
  const counters = sockets.map(countEvents);
  await settled(server.process.pid); // opening so many is no event
  const was = await metrics(clients.hot);
  const spent = await fanOut(base, row.id, EVENTS, () => Math.min(...counters.map((counter) => counter.events)));
  const now = await metrics(clients.hot);
  for (const socket of sockets) socket.destroy();
  const us = (Math.max(spent - quiet, 0) * 1e6) / (STREAMS * EVENTS);
  const [long, work] = ['turns', 'work'].map((what) => now[`karkas_loop_long_${what}_total`] - was[`karkas_loop_long_${what}_total`]);
  return [
    { name: `an event to one of ${STREAMS} streams`, value: `${us.toFixed(1)} us`, bar: '≤ 10 us', isHeld: us <= 10 },
    { name: `turns of the loop over 2 ms in ${EVENTS} events`, value: `${work} by its own work, ${long} by the clock`, bar: '0', isHeld: work === 0 },
  ];
}

// ---- memory and start ----------------------------------------------------------------------------

/** What a server holds once people have signed in, and once it has done some of everything. */
export async function memory(base, { seconds }) {
  const { files, server, sessions } = base;
  await restart(server);
  await signInAgain(server, 2);
  await settled(server.process.pid);
  const mb = rssKb(server.process.pid) / 1024;
  const kb = await connectionKb(server, IDLE_PLAIN);
  await load(target(server), { args: ['mixed', ...sessions.hot, files.ids, files.list, files.bodies], seconds: 3 * seconds });
  await settled(server.process.pid);
  const after = rssKb(server.process.pid) / 1024;
  return [
    { name: 'idle RSS after two logins', value: `${mb.toFixed(1)} MB`, bar: '≤ 20 MB', isHeld: mb <= 20 },
    { name: 'RSS at rest after a mixed load', value: `${after.toFixed(1)} MB` },
    { name: 'an idle connection', value: `${kb.toFixed(1)} KB`, bar: '≤ 4 KB', isHeld: kb <= 4 },
  ];
}

async function startTimes(server, rounds, end) {
  const seen = { ms: [], cpu: [] };
  for (let i = 0; i < rounds; i++) {
    await end();
    const begun = performance.now();
    await server.start();
    seen.ms.push(performance.now() - begun);
    seen.cpu.push(cpuSeconds(server.process.pid) * 1000);
  }
  return { ms: spread(seen.ms), cpu: spread(seen.cpu) };
}

export async function starts(base, { rounds }) {
  const { server, sessions, files } = base;
  const stop = async () => {
    server.process.kill('SIGTERM');
    await server.exited;
  };
  /** In the middle of writing, so that there is something to recover. */
  const kill = async () => {
    await load(target(server), { args: ['create', ...sessions.hot, files.bodies], seconds: 1 });
    await server.kill();
  };
  const clean = await startTimes(server, rounds, stop);
  const killed = await startTimes(server, rounds, kill);
  return [
    { name: 'start', value: MS(clean), bar: '≤ 100 ms', isHeld: clean.ms.median <= 100 },
    { name: 'start after kill -9 under writes', value: MS(killed), bar: '≤ 500 ms', isHeld: killed.ms.median <= 500 },
  ];
}
