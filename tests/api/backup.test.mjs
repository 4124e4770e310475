// `karkas backup`, `restore` and `tz pull` (S-76): the same server again, whole or not at all.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, people as defaultPeople } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const LEADS = '/api/v1/sales.lead';
const COPIES = process.env.FULL === '1' ? 50 : 2;
let server, head, petrov;

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z' });
  head = await server.as('ivanova');
  petrov = await server.as('petrov');
});
after(() => server.stop());

async function ok(...args) {
  const done = await server.command(...args);
  assert.equal(done.code, 0, done.out + done.err);
  return done.out;
}

async function fails(...args) {
  const done = await server.command(...args);
  assert.notEqual(done.code, 0, done.out);
  return done.out + done.err;
}

function write(name, text) {
  const file = path.join(server.home, name);
  fs.writeFileSync(file, text);
  return file;
}

describe('karkas backup and restore', () => {
  /** Several write at once, some with an attachment: what was begun, and what was acknowledged, by title. */
  function writeUntilTold(people, round) {
    const work = { begun: new Set(), sure: new Map(), isOver: false };
    const upload = { raw: true, expect: 201, headers: { 'content-type': 'application/octet-stream' } };
    const write = async (client, n) => {
      for (let i = 0; !work.isOver; i++) {
        const title = `Копия ${round}.${n}.${i}`;
        const bytes = n % 2 ? randomBytes(20_000) : null;
        work.begun.add(title);
        const papers = bytes ? [(await client.request('POST', '/api/v1/file?name=a.bin', bytes, upload)).json.id] : [];
        await client.post(LEADS, { title, papers }, { expect: 201 });
        work.sure.set(title, bytes);
      }
    };
    work.end = Promise.all(people.map(write));
    return work;
  }

  it(`S-76: copies a consistent state while several write and upload, ${COPIES} times`, async () => {
    const fields = 'fields:\n  sales.lead: {papers: {type: files, title: Бумаги}}\n';
    server.tz = write('papers.yaml', dealer.replace('integrations:\n', `${fields}integrations:\n`));
    await ok('tz', 'apply', server.tz);
    const people = [petrov, petrov, petrov, await server.as('sidorova')];
    for (let round = 0; round < COPIES; round++) {
      const file = path.join(server.home, `copy${round}.karkas`);
      const work = writeUntilTold(people, round);
      await until(() => work.sure.size > 12);
      const sure = new Map(work.sure);
      assert.match(await server.tell('backup', file), /строк/);
      const begun = new Set(work.begun);
      work.isOver = true;
      await work.end;
      await checkCopy(file, sure, begun, `Копия ${round}.`);
    }
    assert.match(await fails('backup', path.join(server.home, 'copy0.karkas')), /уже есть/);
  });

  it('gives the same server back: its authority and the ТЗ in force, whatever file is named', async () => {
    const file = path.join(server.home, 'same.karkas');
    const given = server.tz;
    await ok('tz', 'apply', write('own.yaml', dealer.replace('integrations:\n', 'fields:\n  sales.lead:\n    delivery_yard: {type: text, title: Двор}\nintegrations:\n')));
    assert.match(await ok('backup', file), /same\.karkas\.data: ключи и ТЗ/);
    await ok('tz', 'apply', given);
    for (const name of ['ca.key', 'tz.in_force']) assert.equal(fs.statSync(path.join(`${file}.data`, name)).mode & 0o777, 0o600);
    const data = path.join(server.home, 'same');
    const done = await server.command('--data', data, 'restore', file);
    assert.equal(done.code, 0, done.err);
    const pulled = path.join(server.home, 'pulled');
    const { code, out } = await server.command('--data', data, 'tz', 'pull', pulled);
    assert.deepEqual([code, out], [0, `${pulled}/own.yaml\n`]);
    assert.equal(fs.readFileSync(path.join(pulled, 'people.csv'), 'utf8'), defaultPeople);
    fs.appendFileSync(path.join(pulled, 'own.yaml'), '# mine\n');
    const again = await server.command('--data', data, 'tz', 'pull', pulled);
    assert.match(again.err, /own\.yaml: там другой файл/);
    const other = await startServer({ data, tzFile: given });
    assert.deepEqual(other.ca, server.ca);
    assert.match(other.log, /Действует ТЗ из резервной копии\. Файл .* не применён.*karkas tz apply/);
    const yard = async () => (await (await other.as('petrov')).get(`${LEADS}?delivery_yard=x`)).status;
    other.passwords = { ...server.passwords };
    assert.equal(await yard(), 200);
    await other.restart();
    assert.equal(await yard(), 200);
    const applied = await other.command('tz', 'apply', given);
    assert.equal(applied.code, 0, applied.err);
    await other.restart();
    assert.equal(await yard(), 422);
    await other.stop();
  });

  /** All that was sure is in the copy, nothing that was not begun, and each record with its attachment. */
  async function checkCopy(file, sure, begun, prefix) {
    const other = await restored(file);
    const manager = await other.as('ivanova');
    const there = new Map((await all(manager)).map((r) => [r.id, r]));
    const here = (await all(head)).filter((r) => there.has(r.id));
    assert.deepEqual([...there.values()], here);
    const copied = new Map(here.filter((r) => r.title.startsWith(prefix)).map((r) => [r.title, r.papers]));
    for (const [title, bytes] of sure) {
      assert.ok(copied.has(title), title);
      if (bytes) assert.deepEqual((await manager.get(`/api/v1/file/${copied.get(title)[0].id}`, { expect: 200 })).bytes, bytes);
    }
    for (const [title, papers] of copied) {
      assert.ok(begun.has(title), title);
      for (const { id, size } of papers) assert.equal((await manager.get(`/api/v1/file/${id}`, { expect: 200 })).bytes.length, size);
    }
    await other.stop();
    fs.rmSync(other.data, { recursive: true, force: true });
  }

  it('knows a position of before a restore, and says to begin anew', async () => {
    const { id } = (await petrov.post(LEADS, { title: 'До восстановления' }, { expect: 201 })).json;
    const fresh = await head.events();
    const at = await until(() => fresh.last, 'where the stream begins');
    fresh.close();
    const { next } = (await head.get(`${LEADS}/changes`, { expect: 200 })).json;
    const [{ position }] = (await head.get(`${LEADS}/${id}/history`, { expect: 200 })).json.rows;
    const file = path.join(server.home, 'positions.karkas');
    await ok('backup', file);
    assert.ok(!fs.existsSync(path.join(`${file}.data`, 'position.key')), 'the key is in no copy');
    const other = await restored(file);
    assert.equal(fs.statSync(path.join(other.data, 'position.key')).mode & 0o777, 0o600);
    const manager = await other.as('ivanova');
    for (const [reply, what] of [
      [await manager.get(`${LEADS}/changes?after=${next}`), 'the feed'],
      [await manager.get(`${LEADS}/${id}/history?before=${position}`), 'a history'],
      [await manager.post(`${LEADS}/${id}/undo`, { change: position }), 'an undo'],
    ]) {
      assert.deepEqual([reply.status, reply.json.code], [409, 'changes_reset'], what);
      assert.match(reply.json.detail, /восстановлены из копии/);
    }
    const stream = await manager.events({ after: at });
    assert.equal((await until(() => stream.seen[0], 'the first event')).event, 'reset');
    stream.close();
    assert.deepEqual((await head.get(`${LEADS}/changes?after=${next}`, { expect: 200 })).json.rows, [], 'where it was given it is known');
    await other.stop();
    fs.rmSync(other.data, { recursive: true, force: true });
  });

  it('knows a position that the log of a directory that was put back has not come to', async () => {
    const file = path.join(server.home, 'put.karkas');
    await ok('backup', file);
    let other = await restored(file);
    const again = async () => {
      const { data } = other;
      other = await startServer({ data, tzFile: server.tz });
      other.passwords = { ...server.passwords };
      return other.as('ivanova');
    };
    await other.stop();
    const older = `${other.data}.older`;
    spawnSync('cp', ['-a', other.data, older]);
    let manager = await again();
    await manager.post(LEADS, { title: 'Только в новом' }, { expect: 201 });
    const { next } = (await manager.get(`${LEADS}/changes`, { expect: 200 })).json;
    let stream = await manager.events();
    const at = await until(() => stream.last, 'where the stream begins');
    stream.close();
    await other.stop();
    fs.rmSync(other.data, { recursive: true });
    fs.renameSync(older, other.data);
    manager = await again();
    const refused = await manager.get(`${LEADS}/changes?after=${next}`);
    assert.deepEqual([refused.status, refused.json.code], [409, 'changes_reset']);
    stream = await manager.events({ after: at });
    const { event, id } = await until(() => stream.seen[0], 'the first event');
    assert.equal(event, 'reset');
    stream.close();
    const lead = (await manager.post(LEADS, { title: 'После' }, { expect: 201 })).json;
    stream = await manager.events({ after: id });
    await until(() => stream.seen.some((e) => e.data.id === lead.id), 'what came behind the reset');
    stream.close();
    await other.stop();
    fs.rmSync(other.data, { recursive: true, force: true });
  });

  it('writes the files of the ТЗ in force all or not at all, and names the one that cannot be', async () => {
    const to = (name) => path.join(server.home, name);
    const nothing = 'Ничего не записано.\n';
    const { uid, gid } = fs.statSync(server.data);
    const folder = (name) => (fs.mkdirSync(to(name), { recursive: true }), fs.chownSync(to(name), uid, gid), to(name));
    const given = server.tz;
    fs.writeFileSync(path.join(folder('staff/a'), 'people.csv'), defaultPeople);
    await ok('tz', 'apply', write('deep.yaml', fs.readFileSync(given, 'utf8').replace('people.csv', 'staff/a/people.csv')));
    assert.equal(await fails('tz', 'pull', to('nosuch/pulled')), `${to('nosuch/pulled')}: не записать: такого файла или каталога нет.\n${nothing}`);
    folder('barred');
    fs.writeFileSync(path.join(folder('barred/staff'), 'a'), 'mine');
    assert.equal(await fails('tz', 'pull', to('barred')), `${to('barred/staff/a/people.csv')}: не записать: такого файла или каталога нет.\n${nothing}`);
    assert.deepEqual(fs.readdirSync(to('barred'), { recursive: true }), ['staff', 'staff/a']);
    const data = to('small');
    await ok('backup', to('small.karkas'));
    await ok('--data', data, 'restore', to('small.karkas'));
    const program = path.join(server.build, 'karkas');
    const cramped = await server.execute('/bin/sh', ['-c', 'trap "" XFSZ; ulimit -f 1; exec "$@"', 'sh', program, '--data', data, '--modules', path.join(server.build, 'modules'), '--lang', 'ru', 'tz', 'pull', to('cramped')]);
    assert.deepEqual([cramped.code, cramped.err], [1, `${to('cramped/deep.yaml')}: не записать: ошибка диска или системы.\n${nothing}`]);
    assert.equal(fs.existsSync(to('cramped')), false);
    assert.equal(await ok('tz', 'pull', to('whole')), `${to('whole/deep.yaml')}\n`);
    assert.equal(fs.readFileSync(to('whole/staff/a/people.csv'), 'utf8'), defaultPeople);
    assert.deepEqual(fs.readdirSync(to('whole')).sort(), ['deep.yaml', 'staff']);
    assert.equal(await ok('tz', 'pull', to('whole')), `${to('whole/deep.yaml')}\n`, 'the same is there');
    fs.mkdirSync(path.join(folder('cut'), '.karkas-pull'));
    for (const name of ['cut/.karkas-pull/deep.yaml', 'cut/deep.yaml']) fs.writeFileSync(to(name), '');
    for (const name of ['cut/.karkas-pull', 'cut/.karkas-pull/deep.yaml', 'cut/deep.yaml']) fs.chownSync(to(name), uid, gid);
    assert.equal(await ok('tz', 'pull', to('cut')), `${to('cut/deep.yaml')}\n`, 'a name that a kill has left empty');
    assert.deepEqual(fs.readdirSync(to('cut')).sort(), ['deep.yaml', 'staff']);
    const people = to('whole/staff/a/people.csv');
    fs.chmodSync(people, 0);
    assert.equal(await fails('tz', 'pull', to('whole')), `${people}: не прочитать: ошибка диска или системы.\n${nothing}`);
    fs.rmSync(people);
    fs.mkdirSync(people);
    assert.match(await fails('tz', 'pull', to('whole')), /people\.csv: там другой файл/);
    const held = path.join(server.data, 'tz.copy', fs.readdirSync(path.join(server.data, 'tz.copy'))[0], 'staff/a/people.csv');
    fs.chmodSync(held, 0);
    assert.equal(await fails('tz', 'pull', to('unread')), `${held}: не прочитать: ошибка диска или системы.\n${nothing}`);
    fs.chmodSync(held, 0o600);
    await ok('tz', 'apply', given);
  });

  it('refuses a directory that holds data, a server that runs and a damaged copy', async () => {
    const file = path.join(server.home, 'again.karkas');
    await ok('backup', file);
    assert.match(await fails('restore', file), /работает сервер/);
    const damaged = path.join(server.home, 'damaged.karkas');
    const bytes = fs.readFileSync(file);
    bytes[bytes.length >> 1] ^= 0xff;
    fs.writeFileSync(damaged, bytes);
    const fresh = path.join(server.home, 'fresh');
    const nothing = 'Ничего не восстановлено: каталог данных такой, каким был.\n';
    assert.equal(await fails('--data', fresh, 'restore', damaged), `${damaged}.json: описание копии не прочитать: такого файла или каталога нет. Без него это не копия.\n${nothing}`);
    fs.copyFileSync(`${file}.json`, `${damaged}.json`);
    const { uid, gid } = fs.statSync(server.data);
    fs.chownSync(`${damaged}.json`, uid, gid);
    assert.equal(await fails('--data', fresh, 'restore', damaged), `${damaged}: это не то, о чём говорит описание копии.\n${nothing}`);
    assert.equal(fs.existsSync(fresh), false);
  });

  it('leaves the directory as it was when the disk has no room, and says so in the asker’s language', async () => {
    const file = path.join(server.home, 'again.karkas');
    const program = path.join(server.build, 'karkas');
    const cramped = (data, lang) => server.execute('/bin/sh', ['-c', 'trap "" XFSZ; ulimit -f 8; exec "$@"', 'sh', program, '--data', data, '--lang', lang, 'restore', file]);
    const nowhere = path.join(server.home, 'nowhere');
    const ru = await cramped(nowhere, 'ru');
    assert.equal(ru.code, 1);
    assert.equal(ru.err, `${nowhere}: не записать: файл больше, чем здесь разрешено.\nНичего не восстановлено: каталог данных такой, каким был.\n`);
    assert.equal(fs.existsSync(nowhere), false, 'it was not there');
    const empty = path.join(server.home, 'empty');
    fs.mkdirSync(empty, { mode: 0o700 });
    const { uid, gid } = fs.statSync(server.data);
    fs.chownSync(empty, uid, gid);
    const en = await cramped(empty, 'en');
    assert.match(en.err, /cannot be written: the file is larger than is allowed here\.\nNothing was restored/);
    assert.deepEqual(fs.readdirSync(empty), ['lock']);
    const kept = path.join(empty, 'ca.key');
    fs.writeFileSync(kept, 'mine');
    const taken = await server.command('--data', empty, 'restore', file);
    assert.equal(taken.code, 1);
    assert.match(taken.err, new RegExp(`^${kept} уже есть: каталог данных не пуст`));
    assert.equal(fs.readFileSync(kept, 'utf8'), 'mine');
  });

  it('starts no server where a restore was cut off, and says what to do', async () => {
    const data = path.join(server.home, 'half');
    fs.mkdirSync(path.join(data, 'restore.part'), { recursive: true });
    const { uid, gid } = fs.statSync(server.data);
    fs.chownSync(data, uid, gid);
    await assert.rejects(startServer({ data, tzFile: server.tz }), /restore\.part: восстановление было прервано.*karkas restore/);
    assert.match(await fails('--data', data, 'user', 'list'), /^karkas: .*restore\.part: восстановление было прервано/);
    assert.equal(fs.existsSync(path.join(data, 'karkas.db')), false);
  });

  it('makes no sandbox of what a restore was cut off in, and restores into none', async () => {
    const file = path.join(server.home, 'real.karkas');
    await ok('backup', file);
    const data = path.join(server.home, 'real');
    await ok('--data', data, 'restore', file);
    const whole = path.join(data, 'restore.whole');
    fs.mkdirSync(whole);
    fs.renameSync(path.join(data, 'karkas.db'), path.join(whole, 'karkas.db'));
    fs.copyFileSync(`${file}.json`, path.join(whole, 'backup.json'));
    const { uid, gid } = fs.statSync(server.data);
    for (const made of [whole, path.join(whole, 'backup.json')]) fs.chownSync(made, uid, gid);
    await assert.rejects(startServer({ data, tzFile: server.tz, time: '2027-01-18T07:00:00Z' }), /holds real data: a sandbox needs a new directory/);
    assert.equal(fs.existsSync(path.join(data, 'sandbox')), false);
    const begun = path.join(server.home, 'begun');
    fs.mkdirSync(begun);
    fs.writeFileSync(path.join(begun, 'sandbox'), '2027-01-18T07:00:00Z');
    for (const made of [begun, path.join(begun, 'sandbox')]) fs.chownSync(made, uid, gid);
    assert.match(await fails('--data', begun, 'restore', file), /begun\/sandbox уже есть: каталог данных не пуст/);
  });

  // A disk of its own takes attachments by reading them, so one that nobody writes yet holds the copy where it is.
  const other = '/dev/shm';
  const isOne = !fs.existsSync(other) || fs.statSync(other).dev === fs.statSync(os.tmpdir()).dev;
  it('lets a ТЗ be applied while a copy is made, and tells who asks for a second', { skip: isOne && 'there is one file system', timeout: 60_000 }, async () => {
    const folder = fs.mkdtempSync(path.join(other, 'karkas-test-'));
    const { uid, gid } = fs.statSync(server.data);
    const held = path.join(server.data, 'files/00', ''.padEnd(64, '0'));
    try {
      fs.chownSync(folder, uid, gid);
      fs.mkdirSync(path.dirname(held), { recursive: true });
      assert.equal(spawnSync('mkfifo', ['-m', '666', held]).status, 0);
      for (const made of [path.dirname(held), held]) fs.chownSync(made, uid, gid);
      const file = path.join(folder, 'copy.karkas');
      const copying = ok('backup', file);
      await until(() => fs.existsSync(`${file}.files/00`), 'the copying of attachments');
      const text = fs.readFileSync(server.tz, 'utf8').replace('integrations:\n', 'roles_note: 1\nintegrations:\n');
      await ok('tz', 'apply', server.tz);
      assert.match(await fails('tz', 'apply', write('wrong.yaml', text)), /roles_note/);
      assert.equal(await fails('backup', `${file}.2`), `Уже делается копия ${file}: записано 100 % базы. Дождитесь её конца и повторите.\n`);
      fs.closeSync(fs.openSync(held, 'w'));
      assert.match(await copying, /строк/);
      await checkStopped(`${file}.3`, held, (data) => server.execute(path.join(server.build, 'karkas'), ['--data', data, '--lang', 'ru', 'backup', `${file}.3`]));
    } finally {
      fs.rmSync(held, { force: true });
      fs.rmSync(folder, { recursive: true });
    }
  });

  /** Of a copy that is at the attachments, held by the one that nobody writes. */
  async function checkStopped(file, held, backup) {
    const copying = backup(server.data);
    await until(() => fs.existsSync(`${file}.files/00`), 'the copying of attachments');
    copying.child.kill('SIGTERM');
    const signals = () => fs.readFileSync(`/proc/${copying.child.pid}/status`, 'utf8').match(/SigCgt:\s*(\w+)/)[1];
    await until(() => !((BigInt(`0x${signals()}`) >> 14n) & 1n), 'it has heard the signal');
    await server.client().get('/health'); // what it then told the server has arrived
    fs.closeSync(fs.openSync(held, 'w'));
    const { code, err } = await copying;
    assert.deepEqual([code, err], [1, `${file}: копия прервана, ничего от неё не осталось.\n`]);
    assert.deepEqual(fs.readdirSync(path.dirname(file)).filter((name) => name.startsWith(path.basename(file))), []);
  }

  it('leaves of a server that is killed no copy, and nothing that the next copy trips over', { skip: isOne && 'there is one file system', timeout: 120_000 }, async () => {
    const folder = fs.mkdtempSync(path.join(other, 'karkas-test-'));
    const own = await startServer({ time: '2027-01-18T07:00:00Z' });
    const { uid, gid } = fs.statSync(own.data);
    const held = path.join(own.data, 'files/00', ''.padEnd(64, '0'));
    const file = path.join(folder, 'copy.karkas');
    try {
      await (await own.as('petrov')).post(LEADS, { title: 'До копии' }, { expect: 201 });
      fs.chownSync(folder, uid, gid);
      fs.mkdirSync(path.dirname(held), { recursive: true });
      assert.equal(spawnSync('mkfifo', ['-m', '666', held]).status, 0);
      for (const made of [path.dirname(held), held]) fs.chownSync(made, uid, gid);
      const copying = own.command('backup', file);
      await until(() => fs.existsSync(`${file}.files/00`), 'the copying of attachments');
      await own.kill();
      fs.rmSync(held);
      assert.notEqual((await copying).code, 0);
      assert.deepEqual([fs.existsSync(file), fs.existsSync(`${file}.json`), fs.existsSync(`${file}.part`)], [false, false, true]);
      const fresh = path.join(own.home, 'fresh');
      const refused = await own.command('--data', fresh, 'restore', file);
      assert.equal(refused.out + refused.err, `${file}.json: описание копии не прочитать: такого файла или каталога нет. Без него это не копия.\nНичего не восстановлено: каталог данных такой, каким был.\n`);
      await own.restart();
      const done = await own.command('backup', file);
      assert.equal(done.code, 0, done.out + done.err);
      assert.equal(fs.existsSync(`${file}.part`), false);
      assert.equal((await own.command('--data', fresh, 'restore', file)).code, 0);
    } finally {
      fs.rmSync(held, { force: true });
      await own.stop();
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('lets root restore for the user the server runs as', { skip: process.getuid() !== 0 && 'only root can' }, async () => {
    const file = path.join(server.home, 'by-root.karkas');
    await ok('backup', file);
    const data = path.join(server.home, 'by-root');
    const restore = () => spawnSync(path.join(server.build, 'karkas'), ['--data', data, '--lang', 'ru', 'restore', file], { encoding: 'utf8' });
    const refused = restore();
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, /install -d -o karkas/);
    const { uid, gid } = fs.statSync(server.data);
    fs.mkdirSync(data, { mode: 0o700 });
    fs.chownSync(data, uid, gid);
    const done = restore();
    assert.equal(done.status, 0, done.stderr);
    const other = await startServer({ data, tzFile: server.tz });
    other.passwords = { ...server.passwords };
    assert.ok((await all(await other.as('petrov'))).length > 0);
    await other.stop();
  });

  async function all(client) {
    const rows = [];
    for (let after; ; ) {
      const page = (await client.get(`${LEADS}?limit=200&sort=id${after ? `&after=${encodeURIComponent(after)}` : ''}`, { expect: 200 })).json;
      rows.push(...page.rows);
      if (!(after = page.next)) return rows;
    }
  }

  async function restored(file) {
    const data = path.join(server.home, 'restored');
    const done = await server.command('--data', data, 'restore', file);
    assert.equal(done.code, 0, done.out + done.err);
    const other = await startServer({ data, tzFile: server.tz });
    other.passwords = { ...server.passwords };
    return other;
  }
});
