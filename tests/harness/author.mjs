// Somebody who writes a module: a home of his own with nothing but the installed SDK and the program.

import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { root, Server } from './server.mjs';
import { until } from './until.mjs';

const NOBODY = 65534;
const identity = process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

const RUNS = /^(\S+-[0-9a-f]{12}) работает: (\d+\.\d\d) с \(сборка \d+\.\d\d, смена \d+\.\d\d\)/gm;

/** The versions that `module dev` says have run, in their order. */
export const versions = (dev) => [...dev.text.matchAll(RUNS)].map((found) => found[1]);

/** The administrator of the server that dev has started. */
export async function admin(dev) {
  const [, port, code] = await dev.says(/http:\/\/localhost:(\d+)\/ +вход: admin (\S+)/);
  await until(() => versions(dev).length > 0, dev.text, 60000);
  const url = `http://localhost:${port}`;
  const signed = await fetch(`${url}/api/v1/session`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ login: 'admin', password: code }),
  });
  const { csrf } = await signed.json();
  const headers = { 'content-type': 'application/json', 'x-csrf-token': csrf, cookie: signed.headers.get('set-cookie').split(';')[0] };
  const ask = (method, target, body) => fetch(`${url}${target}`, { method, headers, body: body && JSON.stringify(body) });
  const set = await ask('POST', '/api/v1/session/password', { new: 'верный конь и батарейка 27' });
  if (set.status !== 204) throw new Error(`${set.status} ${await set.text()}`);
  return { ask, url };
}

/** The row of a report of `module check`: {state: '+' | '-' | '?', found}. */
export function row(said, title) {
  const found = said.out.match(new RegExp(`^([-+?])  ${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\n((?:     .*\n)*)`, 'm'));
  if (!found) throw new Error(`no row ${title} in\n${said.out}`);
  return { state: found[1], found: found[2] };
}

export class Author {
  /** `sdkOf`: the build whose SDK he has, when it is not the tested one's. */
  constructor({ sdkOf } = {}) {
    this.build = new Server({}).build;
    this.begun = [];
    this.home = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-author-'));
    this.temp = path.join(this.home, 'tmp'); // what the kit leaves would lie here
    execFileSync('cmake', ['--install', sdkOf ?? this.build, '--prefix', path.join(this.home, 'usr'), '--component', 'sdk']);
    this.sdk = path.join(this.home, 'usr/share/karkas/sdk');
    fs.mkdirSync(this.temp);
    this.own(this.home);
    this.own(this.temp);
    fs.chmodSync(this.home, 0o755);
    this.modules = path.join(this.build, 'modules');
    this.env = { PATH: `/usr/bin:/bin:${this.build}`, TMPDIR: this.temp, HOME: this.home, LC_ALL: 'C.UTF-8', ...sanitizers() };
  }

  own(file) {
    if (identity.uid) fs.chownSync(file, identity.uid, identity.gid);
  }

  /** A program in the author's home, as he. Resolves with {code, out}: both streams. */
  run(program, args, { cwd = this.home } = {}) {
    return new Promise((resolve) => {
      execFile(program, args, { ...identity, cwd, env: this.env, maxBuffer: 1 << 24 }, (error, out, err) =>
        resolve({ code: error ? (error.code ?? 1) : 0, out: out + err }));
    });
  }

  karkas(...args) {
    return this.run(path.join(this.build, 'karkas'), [...args, ...this.places()]);
  }

  places() {
    return ['--sdk', this.sdk, '--modules', this.modules, '--web', path.join(root, 'web/dist'), '--lang', 'ru'];
  }

  /** `karkas …` that goes on: {text, end(signal), closed}. */
  begin(...args) {
    const child = spawn(path.join(this.build, 'karkas'), [...args, ...this.places()], {
      ...identity, cwd: this.home, env: this.env, stdio: ['ignore', 'pipe', 'pipe'],
    });
    const begun = { text: '', child, exited: once(child, 'exit') };
    this.begun.push(child);
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (b) => (begun.text += b));
    begun.says = (pattern) => until(() => begun.text.match(pattern), `${pattern} in\n${begun.text}`, 60000);
    begun.end = async (signal = 'SIGINT') => {
      child.kill(signal);
      return begun.exited;
    };
    return begun;
  }

  /** `karkas` as it is called when it is installed: it finds its SDK, its modules and its pages. */
  install() {
    const file = path.join(this.home, 'karkas');
    fs.writeFileSync(file, `#!/bin/sh\nexec ${this.build}/karkas "$@" ${this.places().join(' ')}\n`, { mode: 0o755 });
    this.env.PATH = `${this.home}:${path.dirname(process.execPath)}:/usr/bin:/bin`;
    this.env.SDK = this.sdk;
  }

  /** Runs the `sh` blocks of a guide of the SDK in their order; those that go on (`sh goes-on`) are ended with Ctrl-C. */
  async follow(guide) {
    this.install();
    const found = [...fs.readFileSync(path.join(this.sdk, guide), 'utf8').matchAll(/^```sh( goes-on)?\n([^]*?)^```$/gm)];
    assert.ok(found.length, guide);
    for (const [, goesOn, text] of found) {
      const script = text.replaceAll('cmake -S ', `cmake -DKARKAS_SDK=${this.sdk} -S `);
      if (!goesOn) {
        const said = await this.run('sh', ['-eu', '-c', script]);
        assert.equal(said.code, 0, `${text}\n${said.out}`);
        continue;
      }
      const going = this.begin(...script.trim().split(' ').slice(1));
      await going.says(/работает: \d/);
      assert.deepEqual(await going.end(), [0, null], going.text);
    }
  }

  async make(name, ...more) {
    const made = await this.karkas('module', 'new', name, ...more);
    if (made.code) throw new Error(made.out);
    return path.join(this.home, name);
  }

  read(file) {
    return fs.readFileSync(path.join(this.home, file), 'utf8');
  }

  write(file, text) {
    const at = path.join(this.home, file);
    const isNew = !fs.existsSync(at);
    fs.writeFileSync(at, text);
    if (isNew) this.own(at);
  }

  change(file, from, to) {
    const text = this.read(file);
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    this.write(file, text.replace(from, to));
  }

  /** What the commands have left behind in the folder for temporary files. */
  leftovers() {
    return fs.readdirSync(this.temp);
  }

  /** What a failed test has left running ends, too. */
  remove() {
    for (const child of this.begun) child.kill('SIGKILL');
    fs.rmSync(this.home, { recursive: true, force: true });
  }
}

function sanitizers() {
  const { ASAN_OPTIONS = 'detect_leaks=0:quarantine_size_mb=1', UBSAN_OPTIONS = '', TSAN_OPTIONS = '' } = process.env;
  return { ASAN_OPTIONS, UBSAN_OPTIONS, TSAN_OPTIONS, KARKAS_CHEAP_PASSWORDS: '1' };
}
