// Modules from outside: what a server says of those it cannot take, and what becomes of a deployment that asks for one.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer, StartError, Server } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

/** The bundled modules with some of the loader's broken ones beside them. */
function folderWith(build, names) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-modules-'));
  fs.chmodSync(dir, 0o755);
  fs.cpSync(path.join(build, 'modules'), dir, { recursive: true });
  for (const name of names) fs.cpSync(path.join(build, 'tests/modules', name), path.join(dir, name), { recursive: true });
  return dir;
}

describe('modules a kernel cannot take', () => {
  let modules, server;

  before(async () => {
    modules = folderWith(new Server({}).build, ['newer', 'crashes', 'lying_tail', 'ok']);
    fs.mkdirSync(path.join(modules, 'typo'));
    fs.writeFileSync(path.join(modules, 'typo/module.yaml'), 'module: typo\nversion: 1.0.0\nentites: {}\n');
    fs.mkdirSync(path.join(modules, 'later'));
    fs.writeFileSync(path.join(modules, 'later/module.yaml'), 'module: later\nversion: 1.0.0\nlevel: 9\n');
    server = await startServer({ modules });
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  it('are refused by name, with what this kernel does not know, and the rest runs', async () => {
    const { code, out } = await server.command('module', 'list');
    assert.equal(code, 0);
    const line = (name) => out.split('\n').find((l) => l.startsWith(`${name} `)) ?? `no ${name} in:\n${out}`;
    assert.match(line('sales'), /работает/);
    assert.match(line('ok'), /выключен/);
    assert.match(line('newer'), /отклонён: модуль сделан для более нового ядра \(module newer needs API level 7, this kernel has level 2/);
    assert.match(line('later'), /отклонён: .*module later needs API level 9, this kernel has level 2/);
    assert.match(line('lying_tail'), /отклонён: .*offset 280/);
    assert.match(line('crashes'), /отклонён: .*signal 6/);
    assert.match(line('typo'), /отклонён: .*module\.yaml:3: unknown_key entites, nearest is entities/);
  });

  it('stop a deployment that asks for one', async () => {
    const tz = dealer.replace('modules: auto', 'modules: [contacts, sales, tasks, intake, newer]');
    await assert.rejects(
      startServer({ modules, tz }),
      (e) => e instanceof StartError && /module newer needs API level 7, this kernel has level 2/.test(e.log),
    );
  });
});

describe('a task', () => {
  let server, petrov;

  before(async () => {
    server = await startServer({ time: '2027-01-18T07:00:00Z' });
    petrov = await server.as('petrov');
  });
  after(() => server?.stop());

  const make = (fields) => petrov.post('/api/v1/tasks.task', { title: 'Позвонить', ...fields }, { expect: 201 });

  it('is done by its route and by its field alike', async () => {
    const first = (await make({})).json;
    const done = await petrov.post(`/api/v1/tasks/task/${first.id}/done`, {}, { expect: 200 });
    assert.equal(done.json.task.done_at, '2027-01-18T07:00:00.000Z');
    const second = (await make({})).json;
    const patched = await petrov.patch(`/api/v1/tasks.task/${second.id}`, { done: true });
    assert.equal(patched.json.done_at, '2027-01-18T07:00:00.000Z');
    const refused = await petrov.patch(`/api/v1/tasks.task/${second.id}`, { done_at: null });
    assert.equal(refused.json.fields[0].code, 'read_only');
  });

  it('of somebody else is not found', async () => {
    const { json } = await make({});
    const sidorova = await server.as('sidorova');
    const reply = await sidorova.post(`/api/v1/tasks/task/${json.id}/done`, {});
    assert.equal(reply.status, 404);
  });

  it('reminds once, at the moment it was moved to', async () => {
    const { json } = await make({ title: 'Перенесённая', due: '2027-01-18T08:00:00Z' });
    await petrov.patch(`/api/v1/tasks.task/${json.id}`, { due: '2027-01-18T09:00:00Z', remind: 600000 });
    await server.advance('3h');
    const notices = (await petrov.list('notification')).filter((n) => n.text.includes('Перенесённая'));
    assert.deepEqual(notices.map((n) => n.created_at), ['2027-01-18T08:50:00.000Z']);
    assert.match(notices[0].text, /^Пора: /);
  });
});

describe('what a page reads first', () => {
  it('has the strings of the modules with it when they are asked for, the same as by themselves', async () => {
    const server = await startServer();
    const head = await server.as('ivanova');
    const { strings } = (await head.get('/api/v1/i18n/ru', { expect: 200 })).json;
    assert.equal(strings['sales.lead.one'], 'лид');
    assert.deepEqual((await head.get('/api/v1/meta?strings=ru', { expect: 200 })).json.strings, strings);
    assert.equal((await head.get('/api/v1/meta', { expect: 200 })).json.strings, undefined);
    await server.stop();
  });
});
