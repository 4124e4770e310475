// Programs beside and around the server: what the system says of a process, the floor, SQLite alone,
// and the load that wrk puts on a port.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { root } from '../harness/server.mjs';

const TICKS_PER_SECOND = 100; // USER_HZ, which Linux promises to user space
const ANSWERS_MAX = 16 * 1024 * 1024;
const SETTLE_MS = 20000; // a queue of slow reads takes its time
const run = promisify(execFile);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** User and system time of a process, or of one of its threads, in seconds. */
export function cpuSeconds(pid, thread) {
  const file = thread ? `/proc/${pid}/task/${thread}/stat` : `/proc/${pid}/stat`;
  const after = fs.readFileSync(file, 'utf8').split(') ')[1].split(' ');
  return (Number(after[11]) + Number(after[12])) / TICKS_PER_SECOND;
}

export function rssKb(pid) {
  return Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]);
}

/** The most memory it has had since the last reset. */
export function peakKb(pid) {
  return Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1]);
}

/** From now on; where another user's process may not be asked for that, the peak is since its start. */
export function resetPeak(pid) {
  try {
    fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // then the figure is too high rather than too low
  }
}

/** The most memory of any process of that name, looked at ten times a second; stop() gives it. */
export function watchPeak(name) {
  let most = 0;
  const look = () => {
    for (const pid of fs.readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)))
      try {
        if (fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name) most = Math.max(most, peakKb(pid));
      } catch {
        // it has ended
      }
  };
  const timer = setInterval(look, 100);
  return {
    stop() {
      clearInterval(timer);
      return most;
    },
  };
}

/** Waits until the process rests, so that what one case leaves is not charged to the next. False: it does not. */
export async function settled(pid) {
  const until = performance.now() + SETTLE_MS;
  for (let was = -1; performance.now() < until; await pause(40)) {
    const now = cpuSeconds(pid);
    if (now === was) return true;
    was = now;
  }
  return false;
}

export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], low: sorted[0], high: sorted.at(-1) };
}

export const program = (build, name) => path.join(build, 'tests/bench', name);

/** Answers every request with as many bytes. */
export async function startFloor(build, bytes = 300) {
  const child = spawn(program(build, 'bench_floor'), [String(bytes)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  return { pid: child.pid, port: Number(String(line).match(/:(\d+)/)[1]), scheme: 'http', stop: () => child.kill() };
}

/** SQLite alone on a copy of the data: see sqlite.c for what it is asked. */
export async function sqliteAlone(build, ...args) {
  return JSON.parse((await run(program(build, 'bench_sqlite'), args.map(String), { maxBuffer: ANSWERS_MAX })).stdout);
}

/** A copy of a data directory with its owners and modes. */
export async function copyData(from, to) {
  await run('cp', ['-a', '--reflink=auto', from, to]);
  return to;
}

// ---- wrk -----------------------------------------------------------------------------------------

const UNITS = { us: 0.001, ms: 1, s: 1000, m: 60000 };

/** Undefined where nothing was answered in time: wrk then says "-nan". */
function milliseconds(text) {
  const found = text.match(/^([\d.]+)(us|ms|s|m)$/);
  return found ? Number(found[1]) * UNITS[found[2]] : undefined;
}

/** wrk's own words as figures; `failed` counts answers that were none and answers of the wrong kind. */
function readWrk(stdout) {
  const [, count, took] = stdout.match(/(\d+) requests in ([\d.]+)(s|m)/);
  const errors = stdout.match(/Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/);
  const wrong = Number(stdout.match(/Non-2xx or 3xx responses: (\d+)/)?.[1] ?? 0);
  const lost = errors ? errors.slice(1).reduce((sum, n) => sum + Number(n), 0) : 0;
  return {
    count: Number(count),
    rate: Number(count) / Number(took),
    p50: milliseconds(stdout.match(/^ *50% +(\S+)/m)[1]),
    p99: milliseconds(stdout.match(/^ *99% +(\S+)/m)[1]),
    failed: wrong + lost,
  };
}

/**
 * Asks `at` (a server or the floor: {pid, port, scheme}) for `seconds` over `connections`, as load.lua
 * says. Resolves with count, rate, us (server CPU per request), loopUs (of the loop's thread), p50, p99.
 */
export async function load(at, { args, seconds, connections = 64 }) {
  const url = `${at.scheme}://127.0.0.1:${at.port}`;
  const script = path.join(root, 'tests/bench/load.lua');
  const command = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-s', script, url, '--'];
  const before = [cpuSeconds(at.pid), cpuSeconds(at.pid, at.pid)];
  const { stdout } = await run('wrk', [...command, ...args.map(String)]);
  const spent = [cpuSeconds(at.pid) - before[0], cpuSeconds(at.pid, at.pid) - before[1]];
  const seen = readWrk(stdout);
  const [us, loopUs] = spent.map((s) => (s * 1e6) / Math.max(seen.count, 1));
  return { ...seen, us, loopUs };
}

/** Load that goes on until it is stopped: the neighbours whose weight others feel. */
export function loadOn(at, { args, seconds, connections }) {
  const script = path.join(root, 'tests/bench/load.lua');
  const url = `${at.scheme}://127.0.0.1:${at.port}`;
  const child = spawn('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url, '--', ...args.map(String)], { stdio: 'ignore' });
  const over = once(child, 'exit');
  return async () => {
    child.kill('SIGKILL');
    await over;
  };
}
