// A server of the tested build: its process, data directory, port, clock and commands.

import { spawn, execFile } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask } from './ask.mjs';
import { Client } from './client.mjs';
import { writeTz } from './tz.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const NOBODY = 65534;
const START_MS = 120000; // of a machine that does much besides

function buildFolder() {
  const wanted = process.env.KARKAS_BUILD;
  const folders = wanted ? [wanted] : ['build-asan', 'build-dev', 'build'];
  const found = folders.map((f) => path.resolve(root, f)).find((f) => fs.existsSync(path.join(f, 'karkas')));
  if (!found) throw new Error(`no karkas in ${folders.join(', ')}: build it first, or set KARKAS_BUILD`);
  return found;
}

const identity = process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

function give(file) {
  if (identity.uid) fs.chownSync(file, identity.uid, identity.gid);
}

/** The processes of servers that run: what a failed test leaves behind ends with the tests. */
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Whether node waits for a child before it ends. */
function hold(child, isHeld) {
  for (const one of [child, child.stdout, child.stderr]) isHeld ? one.ref() : one.unref();
}

export class Server {
  constructor(options) {
    this.options = options;
    this.build = buildFolder();
    this.home = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-test-'));
    give(this.home);
    this.data = options.data ?? path.join(this.home, 'data');
    this.tz = options.tzFile ?? writeTz(this.home, options.tz, options.people);
    this.log = '';
    this.port = 0; // the kernel's choice, another at each start: one that was let go may be somebody else's
    this.scheme = 'https';
  }

  get url() {
    return `${this.scheme}://localhost:${this.door?.address().port ?? this.port}`;
  }

  get ca() {
    return fs.readFileSync(path.join(this.data, 'ca.crt'));
  }

  /** [code, signal], when its process has ended. */
  get exited() {
    hold(this.process, true);
    return this.ended;
  }

  args() {
    const o = this.options;
    return [
      'serve', '--data', this.data, '--tz', this.tz, '--lang', 'ru',
      ...(o.isStrict ? ['--trust', path.join(this.home, 'trust')] : ['--dev']),
      '--modules', o.modules ?? path.join(this.build, 'modules'),
      '--web', o.web ?? path.join(root, 'web/dist'),
      '--listen', '127.0.0.1:0',
      ...(o.time ? ['--sandbox', o.time] : []),
      ...(o.args ?? []),
    ];
  }

  async start() {
    if (this.options.keepsUrl) this.door ??= await openDoor(this);
    this.process = spawn(path.join(this.build, 'karkas'), this.args(), {
      ...identity,
      cwd: this.home,
      env: { PATH: process.env.PATH, ...sanitizers(), KARKAS_CHEAP_PASSWORDS: '1', ...this.options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const child = this.process;
    this.ended = once(child, 'exit').finally(() => running.delete(child));
    running.add(child);
    let out = '';
    this.process.stderr.on('data', (b) => (this.log += b));
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no start\n${this.log}`)), START_MS);
      const over = () => {
        clearTimeout(timer); // which would keep the tests' process alive
        reject(new StartError(this.log, out, this.process.exitCode));
      };
      this.process.once('exit', over);
      this.process.stdout.on('data', (b) => {
        out += b;
        this.log += b;
        const at = out.match(/listening (\w+):\/\/\S*:(\d+)/);
        if (!at) return;
        this.scheme = at[1];
        this.port = Number(at[2]);
        clearTimeout(timer);
        this.process.removeListener('exit', over);
        resolve();
      });
    });
    hold(child, false);
    const login = out.match(/first login: (\S+)/);
    if (login) this.adminCode = fs.readFileSync(login[1], 'utf8').trim().split(' ')[1];
    return this;
  }

  get isRunning() {
    return this.process && this.process.exitCode === null && this.process.signalCode === null;
  }

  /** Ends as a service manager would; fails when the server did not end cleanly (a leak, a crash). */
  async stop() {
    this.door?.close();
    if (this.isRunning) {
      this.process.kill('SIGTERM');
      const [code, signal] = await this.exited;
      if (code !== 0) throw new Error(`the server ended with ${code ?? signal}\n${this.log.slice(-8000)}`);
    }
    if (!this.options.keep) fs.rmSync(this.home, { recursive: true, force: true });
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.exited;
  }

  /** The same data again. */
  async restart() {
    if (this.isRunning) {
      this.process.kill('SIGTERM');
      await this.exited;
    }
    return this.start();
  }

  /** `karkas …` against this server, as its own user. Resolves with {code, out, err}. */
  command(...args) {
    const modules = this.args()[this.args().indexOf('--modules') + 1];
    return this.execute(path.join(this.build, 'karkas'), ['--data', this.data, '--lang', 'ru', '--modules', modules, ...args]);
  }

  /** What the running server says to `karkas …`; throws when it refuses. */
  async tell(...args) {
    const { code, out } = await ask(this.data, args);
    if (code) throw new Error(out);
    return out.trim();
  }

  /** A program as the server's own user, in its home. Resolves with {code, out, err}; has its `child` until then. */
  execute(program, args) {
    const options = { ...identity, cwd: this.home, maxBuffer: 1 << 26, env: { PATH: process.env.PATH, ...sanitizers() } };
    let child;
    const done = new Promise((resolve) => {
      child = execFile(program, args, options, (error, out, err) => {
        process.removeListener('exit', end);
        resolve({ code: error ? (error.code ?? 1) : 0, out, err });
      });
      const end = () => child.kill(); // it is not to outlive who waits for it
      process.once('exit', end);
    });
    return Object.assign(done, { child });
  }

  /** Moves the virtual clock, waiting at every due moment until all work is done. */
  async advance(duration) {
    return this.tell('clock', 'advance', duration);
  }

  client(options) {
    return new Client(this, options);
  }

  /** A signed-in client: sets a password through the one-time code the first time. */
  async as(login) {
    this.passwords ??= {};
    const c = this.client();
    if (!this.passwords[login]) {
      const code = login === 'admin' ? this.adminCode : await this.invite(login);
      await c.login(login, code);
      this.passwords[login] = "верный конь и батарейка 27";
      await c.post('/api/v1/session/password', { new: this.passwords[login] }, { expect: 204 });
    }
    await c.login(login, this.passwords[login]);
    return c;
  }

  async invite(login) {
    return (await this.tell('user', 'invite', login)).split(' ').pop();
  }
}

/** A listener that stays while the server goes and comes: to it, what a page has open is one address. */
async function openDoor(server) {
  const door = net.createServer((outer) => {
    if (!server.isRunning) return outer.destroy();
    const inner = net.connect(server.port, '127.0.0.1');
    const end = () => [inner, outer].forEach((socket) => socket.destroy());
    for (const socket of [inner, outer]) socket.on('error', end).on('close', end);
    inner.pipe(outer).pipe(inner);
  });
  await new Promise((resolve) => door.listen(0, '127.0.0.1', resolve));
  return door.unref();
}

export class StartError extends Error {
  constructor(log, out, code) {
    super(`the server did not start (${code})\n${log}`);
    this.log = log;
    this.code = code;
  }
}

/** The memory freed last is kept from use: 16 MB of it, as 256 take a fifth of the whole time in fresh pages. */
function sanitizers() {
  return {
    ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0:exitcode=99:quarantine_size_mb=16',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    TSAN_OPTIONS: 'exitcode=98',
    LSAN_OPTIONS: `suppressions=${path.join(root, 'tests/harness/lsan.supp')}:print_suppressions=0`,
  };
}

/**
 * Starts a server. Options: tz (text), tzFile, people (CSV text), time (start of the virtual clock),
 * args, env, web, modules, data, keep, keepsUrl (through restarts: for pages), isStrict (without --dev; trusts the keys in <home>/trust). A build with AddressSanitizer hashes passwords cheaply, unless env
 * has KARKAS_CHEAP_PASSWORDS empty.
 */
export async function startServer(options = {}) {
  const server = new Server(options);
  try {
    return await server.start();
  } catch (error) {
    if (!options.keep) fs.rmSync(server.home, { recursive: true, force: true });
    throw error;
  }
}
