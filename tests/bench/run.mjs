// What a request costs: server CPU (user and system time of the process) per request beside a floor
// server measured in the same run, in alternated rounds, medians with their spread. Prints and never
// judges: rates of a shared machine move by times, CPU per request by a tenth or two.
//
//   tests/bench/run.sh [--rows 20000] [--rounds 5] [--seconds 2] [--seed 1]

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { root, startServer } from '../harness/server.mjs';
import { dealerOf } from '../harness/tz.mjs';
import { contacts } from './contacts.mjs';

const number = (value) => ({ type: 'string', default: String(value) });
const options = { rows: number(20000), rounds: number(5), seconds: number(2), seed: number(1) };
const given = parseArgs({ options }).values;
const names = ['rows', 'rounds', 'seconds', 'seed'];
const [ROWS, ROUNDS, SECONDS, SEED] = names.map((name) => Number(given[name]));
const CONNECTIONS = 64;
const IDLE_CONNECTIONS = 1000;
const TICKS_PER_SECOND = 100; // USER_HZ, which Linux promises to user space
const BODIES = 5000;
const MANAGERS = ['petrov', 'sidorova', 'kuznetsov', 'akhmetova'];
const run = promisify(execFile);
const here = path.join(root, 'tests/bench');
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-bench-'));

// ---- what the system says of a process ----------------------------------------------------------

function cpuSeconds(pid) {
  const after = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(after[11]) + Number(after[12])) / TICKS_PER_SECOND;
}

function rssKb(pid) {
  return Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]);
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], low: sorted[0], high: sorted.at(-1) };
}

// ---- the servers ---------------------------------------------------------------------------------

async function startFloor(build) {
  const program = path.join(build, 'tests/bench/bench_floor');
  const child = spawn(program, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  return { pid: child.pid, port: Number(String(line).match(/:(\d+)/)[1]), stop: () => child.kill() };
}

/** Adds rows up to ROWS through the API, CONNECTIONS at a time, as an import without undo would. */
async function fill(server, head) {
  const owners = [];
  for (const login of MANAGERS) owners.push((await server.as(login)).user.id);
  const people = contacts(SEED, owners);
  let left = ROWS;
  const worker = async () => {
    while (left-- > 0)
      await head.post('/api/v1/contacts.person', people.next().value, { expect: 201 });
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  const [first] = await head.list('contacts.person', 'limit=1&sort=created_at');
  const [last] = await head.list('contacts.person', 'limit=1&sort=-created_at');
  return { owners, first: first.id, last: last.id };
}

function writeBodies(owners) {
  const people = contacts(SEED + 1, owners);
  const lines = Array.from({ length: BODIES }, () => JSON.stringify(people.next().value));
  const file = path.join(scratch, 'bodies.jsonl');
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

// ---- one round -----------------------------------------------------------------------------------

async function load({ pid, port, args }) {
  const script = ['-s', path.join(here, 'load.lua')];
  const command = ['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, '--latency', ...script];
  const url = `http://127.0.0.1:${port}`;
  const before = cpuSeconds(pid);
  const { stdout } = await run('wrk', [...command, url, '--', ...args.map(String)]);
  const cpu = cpuSeconds(pid) - before;
  const [, count, took] = stdout.match(/(\d+) requests in ([\d.]+)s/);
  if (/Non-2xx|connect [1-9]|read [1-9]|write [1-9]/.test(stdout)) throw new Error(stdout);
  return {
    us: (cpu * 1e6) / Number(count),
    rate: Number(count) / Number(took),
    p50: stdout.match(/50%\s+(\S+)/)[1],
    p99: stdout.match(/99%\s+(\S+)/)[1],
  };
}

async function rounds(cases) {
  const seen = new Map(cases.map(({ name }) => [name, []]));
  for (let i = 0; i < ROUNDS; i++)
    for (const one of cases) seen.get(one.name).push(await load(one));
  return seen;
}

// ---- memory and start ----------------------------------------------------------------------------

async function connectionBytes(server) {
  const ask = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const open = async () => {
    const socket = net.connect(server.port, '127.0.0.1');
    socket.write(ask);
    await once(socket, 'data');
    return socket;
  };
  const before = rssKb(server.process.pid);
  const sockets = [];
  for (let i = 0; i < IDLE_CONNECTIONS; i++) sockets.push(await open());
  const after = rssKb(server.process.pid);
  for (const socket of sockets) socket.destroy();
  return ((after - before) * 1024) / IDLE_CONNECTIONS;
}

async function startTimes(server, before) {
  const times = [];
  for (let i = 0; i < ROUNDS; i++) {
    await before(server);
    const begun = performance.now();
    await server.start();
    times.push(performance.now() - begun);
  }
  return spread(times);
}

const ended = async (server) => {
  server.process.kill('SIGTERM');
  await server.exited;
};

// ---- printing ------------------------------------------------------------------------------------

const fixed = (x, digits = 1) => x.toFixed(digits).padStart(8);

const inMs = (times) => {
  const { median, low, high } = times;
  return `${median.toFixed(0)} ms (${low.toFixed(0)}-${high.toFixed(0)})`;
};

function printRounds(seen) {
  const floor = spread(seen.get('floor').map((r) => r.us)).median;
  const columns = '  median      low     high  x floor    req/s   p50      p99';
  console.log(`\n${'c64, CPU per request, us'.padEnd(24)} ${columns}`);
  for (const [name, list] of seen) {
    const us = spread(list.map((r) => r.us));
    const rate = spread(list.map((r) => r.rate)).median;
    const middle = [...list].sort((a, b) => a.us - b.us)[list.length >> 1];
    console.log(
      `${name.padEnd(24)} ${[us.median, us.low, us.high].map((x) => fixed(x)).join(' ')} ` +
        `${fixed(us.median / floor, 2)} ${fixed(rate, 0)}   ${middle.p50.padEnd(8)} ${middle.p99}`,
    );
  }
  const rateOf = (name) => spread(seen.get(name).map((r) => r.rate)).median;
  const gain = rateOf('create, grouped') / rateOf('create, group of one');
  console.log(`grouping writes ${gain.toFixed(1)} times as many rows a second (bar: at least 5)`);
  console.log('bars: get one at most 1.9 x floor; create, grouped at most 150 us');
}

// ---- the run -------------------------------------------------------------------------------------

async function main() {
  const plain = { ...dealerOf(...MANAGERS), keep: true };
  const server = await startServer({ ...plain, args: ['--tls', 'off'] });
  const floor = await startFloor(server.build);
  const stops = [() => floor.stop(), () => server.stop()];
  try {
    const empty = rssKb(server.process.pid);
    const head = await server.as('ivanova');
    const begun = performance.now();
    const { owners, first, last } = await fill(server, head);
    const filled = (performance.now() - begun) / 1000;
    console.log(`${ROWS} contacts in ${filled.toFixed(1)} s, one POST each`);
    await ended(server);
    const data = path.join(scratch, 'data');
    fs.cpSync(server.data, data, { recursive: true });
    await run('chown', ['-R', `--reference=${server.data}`, scratch]);
    await server.start();
    const idle = rssKb(server.process.pid);
    const single = await startServer({ ...plain, data, args: ['--tls', 'off', '--group', '1'] });
    stops.push(() => single.stop());
    const bodies = writeBodies(owners);
    single.passwords = server.passwords;
    const session = ({ cookie, csrf }) => [cookie, csrf];
    const own = session(head);
    const every = session(await server.as('belov'));
    const other = session(await single.as('ivanova'));
    const at = (s) => ({ pid: s.process.pid, port: s.port });
    printRounds(
      await rounds([
        { name: 'floor', pid: floor.pid, port: floor.port, args: ['floor'] },
        { name: 'get one', ...at(server), args: ['get', ...own, first, last] },
        { name: 'list of 50, all', ...at(server), args: ['list', ...every] },
        { name: 'create, grouped', ...at(server), args: ['create', ...own, bodies] },
        // Before a case of another server: what it leaves waiting is not charged to the next.
        { name: 'list of 50, team', ...at(server), args: ['list', ...own] },
        { name: 'create, group of one', ...at(single), args: ['create', ...other, bodies] },
      ]),
    );
    const perConnection = await connectionBytes(single);
    const clean = await startTimes(server, ended);
    const killed = await startTimes(server, (s) => s.kill());
    const [rows, none] = [idle, empty].map((kb) => `${(kb / 1024).toFixed(1)} MB`);
    console.log(`\nidle RSS ${none} empty, ${rows} with the rows (bar: 20)`);
    console.log(`an idle connection ${(perConnection / 1024).toFixed(1)} KB (bar: 4)`);
    console.log(`start ${inMs(clean)} (bar: 100), after kill -9 ${inMs(killed)} (bar: 500)`);
  } finally {
    for (const stop of stops.reverse()) await stop();
    fs.rmSync(scratch, { recursive: true, force: true });
    fs.rmSync(server.home, { recursive: true, force: true });
  }
}

await main();
