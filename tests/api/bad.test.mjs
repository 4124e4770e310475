// What goes wrong outside: a broken ТЗ, a second server, a full disk, a foreign module, floods.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as https from 'node:https';
import * as path from 'node:path';
import * as tls from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { StartError, startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const LEADS = '/api/v1/sales.lead';
const isRoot = process.getuid() === 0;

/** What a server that must not start says. */
async function refusal(options) {
  let server;
  try {
    server = await startServer(options);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    assert.notEqual(error.code, 0);
    assert.notEqual(error.code, null, `it ended by a signal\n${error.log}`);
    return error.log;
  }
  await server.stop();
  assert.fail('the server started');
}

/** The answer to a POST of whose body nothing is sent. */
function statusOfHead(server, path, length) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': length };
    const sent = https.request(server.url + path, { method: 'POST', ca: server.ca, headers }, (reply) => {
      resolve(reply.statusCode);
      sent.destroy();
    });
    sent.on('error', reject);
    sent.flushHeaders();
  });
}

/** The body of the answer to these bytes, which end the connection. */
function problemOf(server, bytes) {
  return new Promise((resolve, reject) => {
    const parts = [];
    const socket = tls.connect({ host: 'localhost', port: server.port, ca: server.ca }, () => socket.write(bytes));
    socket.on('data', (part) => parts.push(part));
    socket.on('error', reject);
    socket.on('end', () => resolve(JSON.parse(Buffer.concat(parts).toString('utf8').split('\r\n\r\n')[1])));
  });
}

describe('a broken ТЗ', () => {
  const line = dealer.split('\n').findIndex((l) => l.startsWith('pipelines:')) + 1;
  const broken = [
    [dealer.replace('pipelines:', 'piplines:'), new RegExp(`tz\\.yaml:${line}:1: .*pipelines`)],
    [dealer.replace('roles:', 'roles: ['), /tz\.yaml:\d+/],
    [dealer.replace('timezone: Europe/Moscow', 'timezone: Europe/Moskva'), /tz\.yaml:6:\d+/],
    [dealer.replace('tz: 1', 'tz: 99'), /tz\.yaml:1:\d+/],
    ['', /tz\.yaml/],
    ['\0\xff', /tz\.yaml/],
  ];

  it('is refused with file, line and column where none was in force', async () => {
    for (const [text, where] of broken) assert.match(await refusal({ tz: text }), where);
  });

  it('is told of the same way where one was, and leaves that and the data as they were', async () => {
    const good = await startServer({ keep: true });
    const head = await good.as('ivanova');
    const made = (await head.post(LEADS, { title: 'Была' }, { expect: 201 })).json;
    const { rev } = (await head.get('/api/v1/meta')).json;
    for (const [text, where] of broken) {
      await good.stop();
      fs.writeFileSync(good.tz, text);
      const before = good.log.length;
      await good.start();
      assert.match(good.log.slice(before), where);
    }
    assert.equal((await head.get('/api/v1/meta')).json.rev, rev);
    assert.deepEqual((await head.get(`${LEADS}/${made.id}`)).json, made);
    await good.stop();
    fs.rmSync(good.home, { recursive: true, force: true });
  });

  it('that is not there is named', async () => {
    assert.match(await refusal({ tzFile: '/nonexistent/tz.yaml' }), /\/nonexistent\/tz\.yaml/);
  });
});

describe('a second server', () => {
  it('on the same directory is refused by the process that holds it; the first goes on', async () => {
    const first = await startServer();
    const said = await refusal({ data: first.data });
    assert.match(said, new RegExp(`\\b${first.process.pid}\\b`));
    assert.equal((await first.client().get('/health')).status, 200);
    await first.stop();
  });
});

describe('a module', () => {
  function folder(server, extra) {
    const into = fs.mkdtempSync(path.join(path.dirname(server.data), 'modules-'));
    fs.chmodSync(into, 0o755);
    for (const name of ['contacts', 'sales', 'tasks', 'intake'])
      fs.cpSync(path.join(server.build, 'modules', name), path.join(into, name), { recursive: true });
    fs.cpSync(path.join(server.build, 'tests/modules', extra), path.join(into, extra), { recursive: true });
    return into;
  }

  const withModule = (name) => dealer.replace('modules: auto', `modules: [contacts, sales, tasks, intake, ${name}]`);
  let good;

  before(async () => {
    good = await startServer();
  });
  after(() => good.stop());

  it('for a newer kernel is refused by name, with both levels', async () => {
    const modules = folder(good, 'newer');
    const said = await refusal({ modules, tz: withModule('newer') });
    assert.match(said, /newer.*needs API level 7, this kernel has level \d/);
  });

  it('that crashes when it is tried takes nobody with it', async () => {
    const modules = folder(good, 'crashes');
    assert.match(await refusal({ modules, tz: withModule('crashes') }), /module crashes: its file ends the process with signal \d+/);
  });

  it('that is not there is named where the ТЗ asks for it', async () => {
    assert.match(await refusal({ tz: withModule('nosuch') }), /tz\.yaml:\d+.*nosuch/);
  });
});

describe('a full disk', { skip: !isRoot && 'mounting a small disk takes root' }, () => {
  let server, head, disk;

  before(async () => {
    disk = fs.mkdtempSync('/tmp/karkas-disk-');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=777', 'tmpfs', disk]);
    server = await startServer({ data: path.join(disk, 'data') });
    head = await server.as('ivanova');
  });
  after(async () => {
    try {
      await server?.stop();
    } finally {
      execFileSync('umount', ['-l', disk]);
      fs.rmdirSync(disk);
    }
  });

  const filler = () => path.join(disk, 'filler');

  function fill() {
    const block = Buffer.alloc(1 << 16);
    const fd = fs.openSync(filler(), 'w');
    try {
      for (let size = block.length; size >= 4096; ) {
        try {
          if (fs.writeSync(fd, block, 0, size) < size) size >>= 1;
        } catch (error) {
          if (error.code !== 'ENOSPC') throw error;
          size >>= 1;
        }
      }
    } finally {
      fs.closeSync(fd);
    }
  }

  it('answers 507 to writes, never a false success, while reads go on; and heals', async () => {
    const acknowledged = new Map();
    const message = 'Много текста. '.repeat(2000);
    let refused = 0;
    const write = async (i) => {
      const reply = await head.post(LEADS, { title: `Диск ${i}`, message });
      if (reply.status === 201) acknowledged.set(reply.json.id, reply.json.title);
      else {
        assert.equal(reply.status, 507, reply.text);
        assert.equal(reply.json.code, 'no_space');
        refused++;
      }
      return reply.status;
    };
    for (let i = 0; i < 5; i++) await write(i);
    fill();
    for (let i = 5; refused < 10 && i < 1000; i++) await write(i);
    assert.equal(refused, 10);
    const form = await server.client().post('/hook/site', { name: 'Гость', phone: '+79161234567', text: message });
    assert.equal(form.status, 507, 'a form is not accepted that could not be kept');

    const health = await server.client().get('/health');
    assert.deepEqual([health.status, health.json], [503, { status: 'read_only' }]);
    assert.match(server.log, /event=disk\.full reserve=released/);
    const [first] = acknowledged.keys();
    assert.equal((await head.get(`${LEADS}/${first}`, { expect: 200 })).json.message, message.trim());
    const titles = async () => {
      const { rows } = (await head.get(`${LEADS}?limit=200&fields=title`, { expect: 200 })).json;
      return rows.map((r) => [r.id, r.title]).sort((a, b) => a[0] - b[0]);
    };
    const expected = () => [...acknowledged].sort((a, b) => a[0] - b[0]);
    assert.deepEqual(await titles(), expected());

    const other = await server.as('ivanova'); // whoever comes now can log in and read, and leave
    await other.get(`${LEADS}/${first}`, { expect: 200 });
    await other.del('/api/v1/session', { expect: 204 });

    fs.rmSync(filler());
    await until(async () => (await write('после')) === 201, 'it writes again without a restart');
    assert.equal((await server.client().get('/health')).json.status, 'ok');
    assert.deepEqual(await titles(), expected());
    await server.kill();
    await server.start();
    assert.deepEqual(await titles(), expected(), 'and all of it is there after a kill');
  });

  it('starts, reads and stops on a disk that is full already', async () => {
    await server.restart();
    fill();
    await until(async () => (await head.post(LEADS, { title: 'Не влезет', message: 'м'.repeat(20000) })).status === 507);
    await server.restart();
    await head.get(LEADS, { expect: 200 });
    assert.equal((await head.post(LEADS, { title: 'x' })).status, 507);
    fs.rmSync(filler());
    await until(async () => (await server.client().get('/health')).status === 200, 'room again');
    await head.post(LEADS, { title: 'после' }, { expect: 201 });
  });
});

describe('a flood', () => {
  let server, visitor;

  before(async () => {
    server = await startServer();
    visitor = server.client();
  });
  after(() => server.stop());

  it('of forms meets the quota: 429 with Retry-After', async () => {
    const statuses = [];
    let limited;
    for (let i = 0; i < 25; i++) {
      const reply = await visitor.post('/hook/site', { name: `Бот ${i}`, phone: '+79161234567', text: 'x' });
      statuses.push(reply.status);
      if (reply.status === 429) limited ??= reply;
    }
    assert.ok(statuses.slice(0, 20).every((s) => s === 202), statuses.join());
    assert.ok(limited, statuses.join());
    assert.equal(limited.json.code, 'limit');
    assert.ok(Number(limited.headers['retry-after']) >= 1);
    const head = await server.as('ivanova');
    await head.get(LEADS, { expect: 200 });
  });

  it('of bytes in one body is refused with 413', async () => {
    const head = await server.as('ivanova');
    const huge = { title: 'Огромная', message: 'я'.repeat(1 << 20) };
    const reply = await head.post(LEADS, huge).catch((error) => error);
    if (!(reply instanceof Error)) assert.equal(reply.status, 413);
    else assert.match(String(reply.code), /ECONNRESET|EPIPE/, 'cut while it was still sending');
    assert.equal(await statusOfHead(server, '/hook/site', 300 * 1024), 413, 'before any of it is sent');
    const form = await visitor.post('/hook/site', { name: 'x', phone: '1', text: 'x'.repeat(300 * 1024) });
    assert.equal(form.status, 413);
    assert.equal(form.json.code, 'too_large');
    assert.deepEqual((await head.list('sales.lead', 'title=Огромная')).length, 0);
  });

  it('of header bytes is refused with 431', async () => {
    const reply = await visitor.get('/api/v1/session', { headers: { 'x-long': 'x'.repeat(64 * 1024) } }).catch((e) => e);
    if (!(reply instanceof Error)) assert.equal(reply.status, 431);
  });

  it('of bytes that are no request is refused in the words of any other, in the language asked for', async () => {
    const head = 'GET / HTTP/1.1\r\nHost: localhost\r\n';
    for (const [bytes, status, title] of [
      ['nonsense\r\n\r\n', 400, 'Запрос не прочитан'],
      [`${head}Host: b\r\nAccept-Language: en-GB\r\n\r\n`, 400, 'The request could not be read'],
      [`${head}accept-language:en\r\nX: ${'x'.repeat(17000)}`, 431, 'Headers too long'],
      [`${head}X: ${'x'.repeat(17000)}`, 431, 'Слишком длинный заголовок'],
      [`${head.replace('GET', 'POST')}Accept-Language: en\r\nContent-Length: 999999999\r\n\r\n`, 413, 'The request is too large'],
    ]) {
      const told = await problemOf(server, bytes);
      assert.deepEqual([told.status, told.title, told.params], [status, title, {}], bytes.slice(0, 80));
      assert.match(told.detail, title.startsWith('T') || title.startsWith('H') ? /^[\x20-\x7e]+$/ : /[а-я]/);
    }
  });

  it('is no reason to stop serving', async () => {
    assert.equal((await server.client().get('/health')).json.status, 'ok');
  });
});
