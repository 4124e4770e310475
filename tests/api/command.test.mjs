// `karkas …` (S-76): what an administrator asks of a running server, and what works without one.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, people as defaultPeople } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const LEADS = '/api/v1/sales.lead';
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

describe('the command line', () => {
  it('says its version and those of what it stands on', async () => {
    assert.match(await ok('version'), /^karkas \d+\.\d+\.\d+\n/);
  });

  it('helps, in both languages', async () => {
    assert.match(await ok('--help'), /karkas serve --data КАТАЛОГ/);
    assert.match(await ok('--lang', 'en', '--help'), /karkas serve --data DIR/);
  });

  it('helps with one command: its lines and no others', async () => {
    const users = await ok('user', '--help');
    for (const sub of ['list', 'invite', 'disable', 'enable', 'service']) assert.match(users, new RegExp(`^  karkas user ${sub}\\b`, 'm'));
    assert.doesNotMatch(users, /karkas (tz|token)/);
    assert.equal((await ok('user', 'invite', '--help')).trim().split('\n').length, 1);
    assert.match(await ok('serve', '--help'), /--group N/);
    for (const fallback of ['127.0.0.1:8443', '/usr/lib/karkas/modules', '/usr/share/karkas/web']) assert.ok((await ok('serve', '--help')).includes(fallback), fallback);
    for (const command of ['backup', 'restore']) assert.match(await ok(command, '--help'), /--data КАТАЛОГ/);
    assert.match(await ok('--version'), /^karkas \d+\.\d+\.\d+\n/);
  });

  it('names what a command lacks by its own lines', async () => {
    for (const args of [['tz', 'lint'], ['user', 'invite'], ['why', 'petrov'], ['backup']]) {
      const done = await server.command(...args);
      assert.equal(done.code, 2, args.join(' '));
      assert.match(done.err, new RegExp(`^  karkas ${args[0] === 'why' ? 'why' : args.join(' ')} `, 'm'));
      assert.doesNotMatch(done.err, /karkas serve/);
    }
  });

  it('refuses what it does not know and says where help is', async () => {
    for (const args of [['nosuch'], ['user'], ['user', 'nosuch'], ['user', 'invite'], ['why', 'petrov'], ['--nosuch']])
      assert.match(await fails(...args), /karkas/, args.join(' '));
  });

  it('lists the modules that run', async () => {
    const out = await ok('module', 'list');
    for (const name of ['contacts', 'sales', 'tasks', 'intake']) assert.match(out, new RegExp(`^${name} .*работает`, 'm'));
  });
});

describe('karkas user', () => {
  it('lists who can log in', async () => {
    const out = await ok('user', 'list');
    assert.match(out, /^petrov +Пётр Петров$/m);
    assert.match(out, /^admin /m);
  });

  it('invites by a code that works once', async () => {
    const code = (await ok('user', 'invite', 'kuznetsov')).trim().split(' ').pop();
    const c = server.client();
    assert.equal((await c.login('kuznetsov', code)).must, 'password');
  });

  it('shows who is disabled', async () => {
    await ok('user', 'disable', 'belova');
    assert.match(await ok('user', 'list'), /^belova .*отключ/m);
    await ok('user', 'enable', 'belova');
    assert.doesNotMatch(await ok('user', 'list'), /отключ/);
  });

  it('says when there is no such login', async () => {
    assert.match(await fails('user', 'invite', 'nosuch'), /нет такого логина/);
  });
});

describe('karkas why', () => {
  it('names the line of the ТЗ by which somebody sees a record, or says that none does', async () => {
    const r = (await petrov.post(LEADS, { title: 'Почему' }, { expect: 201 })).json;
    assert.match(await ok('why', 'petrov', 'sales.lead', String(r.id)), /^tz\.yaml:\d+ actions=read,create,update fields=title,/);
    assert.match(await ok('why', 'sidorova', 'sales.lead', String(r.id)), /не видит/);
    await fails('why', 'nosuch', 'sales.lead', String(r.id));
    await fails('why', 'petrov', 'sales.nosuch', String(r.id));
    assert.match(await fails('why', 'petrov', 'sales.lead', '999999'), /^записи с таким номером нет$/m);
  });
});

describe('karkas tz', () => {
  const withField = dealer.replace(
    'integrations:\n',
    'fields:\n  sales.lead:\n    delivery_city: {type: text, title: Город поставки, max: 120}\nintegrations:\n',
  );

  it('lints without changing anything', async () => {
    assert.match(await ok('tz', 'lint', server.tz), /применимо/);
    const file = write('lint.yaml', withField);
    await ok('tz', 'lint', file);
    const reply = await head.get(`${LEADS}?delivery_city=x`);
    assert.equal(reply.status, 422);
  });

  it('says that the folder of the modules is not there, to lint and at a start', async () => {
    const nowhere = path.join(server.home, 'nowhere');
    const program = path.join(server.build, 'karkas');
    const commands = [
      ['tz', 'lint', server.tz],
      ['serve', '--data', path.join(server.home, 'other'), '--tz', server.tz, '--listen', '127.0.0.1:0', '--dev', '--web', server.home],
    ];
    for (const command of commands) {
      const done = await server.execute(program, [...command, '--modules', nowhere, '--lang', 'ru']);
      assert.equal(done.code, 1);
      assert.match(done.out + done.err, new RegExp(`${nowhere}: папка с модулями не читается.*--modules`), command[0]);
    }
  });

  it('names file, line and the nearest known name of a mistake', async () => {
    const file = write('typo.yaml', dealer.replace('departments:', 'departmens:'));
    const said = await fails('tz', 'lint', file);
    const line = dealer.split('\n').findIndex((l) => l.includes('departments:')) + 1;
    assert.match(said, new RegExp(`typo\\.yaml:${line}:\\d+`));
    assert.match(said, /departments/);
  });

  it('S-76: puts a new field into force on the running server, whose tables it changes itself, and tells open pages', async () => {
    const before = (await head.get('/api/v1/meta')).json;
    const stream = await petrov.events();
    const record = (await petrov.post(LEADS, { title: 'До поля' }, { expect: 201 })).json;
    assert.match(await ok('tz', 'apply', write('tz2.yaml', withField)), /применено/);
    const meta = (await head.get('/api/v1/meta')).json;
    assert.notEqual(meta.rev, before.rev);
    assert.equal(meta.entities['sales.lead'].fields.delivery_city.type, 'text');
    const told = await until(() => stream.seen.find((e) => e.event === 'meta'), 'the meta event');
    assert.equal(told.data.rev, meta.rev);
    assert.equal(stream.seen.filter((e) => e.event === 'meta').length, 1, 'once');
    await petrov.patch(`${LEADS}/${record.id}`, { delivery_city: 'Пермь' }, { expect: 200 });
    assert.equal((await petrov.list('sales.lead', 'delivery_city=Пермь')).length, 1);
    stream.close();
  });

  it('names the field whose values would have to be unique and are not, however many records there are, and goes on', async () => {
    const rows = Array.from({ length: 520 }, (_, i) => head.post(LEADS, { title: `Заявка ${i}`, delivery_city: i % 260 ? `Город ${i}` : 'Тверь' }, { expect: 201 }));
    await Promise.all(rows);
    const unique = withField.replace(/(delivery_city: *\{)/, '$1unique: true, ');
    assert.notEqual(unique, withField);
    const said = await fails('tz', 'apply', write('tz2.yaml', unique));
    assert.match(said, /tz2\.yaml:\d+: в «sales\.lead\.delivery_city» уже есть одинаковые значения/);
    await head.post(LEADS, { title: 'Ещё одна', delivery_city: 'Тверь' }, { expect: 201 });
    assert.match(await ok('tz', 'apply', write('tz2.yaml', withField)), /применено/);
  });

  it('stays in force after a restart with the same text', async () => {
    server.tz = path.join(server.home, 'tz2.yaml');
    await server.restart();
    assert.equal((await petrov.list('sales.lead', 'delivery_city=Пермь')).length, 1);
  });

  it('stays in force when the server is killed, though it was started with another file, and that one is said', async () => {
    const given = server.tz;
    const file = write('later.yaml', withField.replace('delivery_city', 'delivery_gate'));
    await ok('tz', 'apply', file);
    await server.kill();
    await server.start();
    assert.equal((await petrov.get(`${LEADS}?delivery_gate=x`)).status, 200);
    assert.match(server.log, /tz\.kept.*later\.yaml/);
    assert.match(server.log, /Действует ТЗ, применённое из .*later\.yaml.*karkas tz apply/);
    fs.rmSync(file);
    await server.restart();
    assert.equal((await petrov.get(`${LEADS}?delivery_gate=x`)).status, 200, 'the file itself is not needed');
    await ok('tz', 'apply', given);
    await server.restart();
    assert.equal((await petrov.get(`${LEADS}?delivery_gate=x`)).status, 422);
  });

  it('is read again from the file of --tz, and from a copy when that is gone', async () => {
    const text = fs.readFileSync(server.tz, 'utf8');
    fs.writeFileSync(server.tz, text.replace('delivery_city', 'delivery_door'));
    await server.restart();
    assert.equal((await petrov.get(`${LEADS}?delivery_door=x`)).status, 200);
    fs.rmSync(server.tz);
    await server.restart();
    assert.equal((await petrov.get(`${LEADS}?delivery_door=x`)).status, 200);
    assert.match(server.log, /не читается: действует то, что было из него применено/);
    fs.writeFileSync(server.tz, text);
    await server.restart();
  });

  it('goes on at a start with what was in force when the file of --tz has got a fault, says where, and takes the mended one', async () => {
    const text = fs.readFileSync(server.tz, 'utf8');
    const name = path.basename(server.tz);
    const admin = await server.as('admin');
    for (const [broken, place] of [
      [text.replace('roles:', 'roles: ['), name],
      [text.replace('head: ivanova', 'head: nobody'), name],
    ]) {
      const from = server.log.length;
      fs.writeFileSync(server.tz, broken);
      await server.restart();
      const said = server.log.slice(from);
      assert.match(said, new RegExp(`^${place}:\\d+:\\d+: .*[^]*действует то, что было применено до него[^]*karkas tz apply ${server.tz}$`, 'm'));
      assert.match(said, /tz\.refused/);
      assert.equal((await petrov.get(`${LEADS}?delivery_city=x`)).status, 200);
    }
    const told = await admin.list('notification', 'kind=tz');
    assert.equal(told.length, 1, 'one notice until it is read');
    assert.match(told[0].text, new RegExp(`действует прежнее:\n${name}:\\d+`));
    fs.writeFileSync(server.tz, text.replace('delivery_city', 'delivery_hall'));
    await ok('tz', 'apply', server.tz);
    await server.restart();
    assert.equal((await petrov.get(`${LEADS}?delivery_hall=x`)).status, 200);
    fs.writeFileSync(server.tz, text);
    await server.restart();
  });

  it('starts a new server on the text that was in force, though it judges more strictly what that says of itself', async () => {
    const text = fs.readFileSync(server.tz, 'utf8');
    const state = JSON.parse(fs.readFileSync(path.join(server.data, 'tz.in_force'), 'utf8'));
    const copy = path.join(server.data, state.copy);
    const kept = fs.readFileSync(copy, 'utf8');
    const old = (was) => `${was}requirements:\n  T-1: {text: Было, served_by: [roles.nosuch]}\n`;
    fs.writeFileSync(server.tz, old(text));
    fs.writeFileSync(copy, old(kept)); // as an earlier server took both
    const from = server.log.length;
    await server.restart();
    const said = server.log.slice(from);
    assert.match(said, /^tz\d*\.yaml:\d+:\d+: в ТЗ нет «roles\.nosuch»/m);
    assert.match(said, /tz\.refused/);
    assert.equal((await petrov.get(`${LEADS}?delivery_city=x`)).status, 200);
    assert.match(await fails('tz', 'apply', server.tz), /roles\.nosuch/);
    const file = fs.realpathSync(server.tz);
    fs.rmSync(path.join(server.data, 'tz.in_force'));
    fs.writeFileSync(path.join(server.data, 'tz.path'), file); // as a server that kept no copies left it
    await server.restart();
    assert.match(await fails('tz', 'apply', server.tz), /roles\.nosuch/);
    fs.writeFileSync(server.tz, text);
    await server.restart();
  });

  it('ends a start when the database refuses people, for fields may have got other names by then', async () => {
    const text = fs.readFileSync(server.tz, 'utf8');
    write('long.csv', defaultPeople.replace('Иванова', 'Иванова'.padEnd(300, 'я')));
    const lead = (await petrov.post(LEADS, { title: 'В город', delivery_city: 'Тверь' }, { expect: 201 })).json;
    const renamed = text.replace('delivery_city: {', 'delivery_place: {was: delivery_city, ');
    assert.notEqual(renamed, text);
    fs.writeFileSync(server.tz, renamed.replace('people.csv', 'long.csv'));
    const from = server.log.length;
    await assert.rejects(server.restart());
    assert.match(server.log.slice(from), /long\.csv:\d+/);
    assert.doesNotMatch(server.log.slice(from), /действует то, что было/);
    fs.writeFileSync(server.tz, renamed);
    await server.start();
    assert.equal((await petrov.get(`${LEADS}/${lead.id}`)).json.delivery_place, 'Тверь');
    fs.writeFileSync(server.tz, text.replace('delivery_city: {', 'delivery_city: {was: delivery_place, '));
    await server.restart();
    fs.writeFileSync(server.tz, text);
    await server.restart();
    assert.equal((await petrov.get(`${LEADS}/${lead.id}`)).json.delivery_city, 'Тверь');
  });

  it('changes nothing by a broken text: the server goes on with the old one', async () => {
    const before = (await head.get('/api/v1/meta')).json;
    for (const [name, text] of [
      ['broken.yaml', dealer.replace('roles:', 'roles: [')],
      ['unknown.yaml', withField.replace('type: text', 'type: txt')],
      ['nobody.yaml', withField.replace('head: ivanova', 'head: nobody')],
    ]) {
      const said = await fails('tz', 'apply', write(name, text));
      assert.match(said, new RegExp(`${name}:\\d+`));
      assert.match(said, /ничего не изменено/);
      assert.equal((await head.get('/api/v1/meta')).json.rev, before.rev);
    }
    await petrov.post(LEADS, { title: 'Работа идёт' }, { expect: 201 });
    assert.match(await fails('tz', 'apply', path.join(server.home, 'nosuch.yaml')), /nosuch\.yaml/);
  });

  it('changes nothing when a person cannot be written: neither rights nor fields nor people', async () => {
    const before = (await head.get('/api/v1/meta')).json;
    const people = defaultPeople.replace('Иванова', 'Иванова'.padEnd(300, 'я')).replace('Петров', 'Сидоров');
    fs.writeFileSync(path.join(server.home, 'long.csv'), people);
    const text = withField
      .replace('people.csv', 'long.csv')
      .replace('delivery_city', 'delivery_town')
      .replace('      sales.deal: {read: own, create: own, update: own}\n', '');
    const said = await fails('tz', 'apply', write('long.yaml', text));
    assert.match(said, /long\.csv:\d+.*«ivanova» не записать: name: Слишком длинно: можно не больше 200 знаков/);
    assert.match(said, /ничего не изменено/);
    assert.equal((await head.get('/api/v1/meta')).json.rev, before.rev);
    await petrov.get('/api/v1/sales.deal', { expect: 200 });
    assert.equal((await petrov.get(`${LEADS}?delivery_town=x`)).status, 422);
    assert.match((await petrov.get('/api/v1/session')).json.user.name, /Петров/);
    await server.restart();
    await petrov.get('/api/v1/sales.deal', { expect: 200 });
  });

  it('takes rights away from who is working, with the next request', async () => {
    const file = write('less.yaml', withField.replace('      sales.deal: {read: own, create: own, update: own}\n', ''));
    await petrov.get('/api/v1/sales.deal', { expect: 200 });
    await ok('tz', 'apply', file);
    assert.notEqual((await petrov.get('/api/v1/sales.deal')).status, 200);
    assert.equal((await petrov.post('/api/v1/sales.deal', { title: 'x' })).status, 403);
    await ok('tz', 'apply', server.tz);
    await petrov.get('/api/v1/sales.deal', { expect: 200 });
  });
});

/** The port is taken: by this one, or by whoever else was faster. */
function hold(port) {
  const other = net.createServer();
  return new Promise((resolve) => {
    other.once('error', () => resolve(other));
    other.listen(port, '127.0.0.1', () => resolve(other));
  });
}

async function freePort() {
  const other = await hold(0);
  const { port } = other.address();
  await new Promise((resolve) => other.close(resolve));
  return port;
}

describe('an address that cannot be listened on', () => {
  const serve = (listen) => {
    const data = path.join(server.home, 'never');
    const args = ['serve', '--data', data, '--tz', server.tz, '--lang', 'ru', '--listen', listen];
    return server.execute(path.join(server.build, 'karkas'), args).then((done) => ({ ...done, made: fs.existsSync(data) }));
  };

  it('is refused before anything is made, with what is wrong about it', async () => {
    for (const [listen, why] of [
      ['0.0.0.0', /нужен АДРЕС:ПОРТ/],
      ['localhost:8443', /нужен АДРЕС:ПОРТ/],
      ['127.0.0.1:99999', /нужен АДРЕС:ПОРТ/],
      [`127.0.0.1:${server.port}`, /этот порт занят/],
    ]) {
      const { code, out, err, made } = await serve(listen);
      assert.equal(code, 1, listen);
      assert.match(err, why);
      assert.doesNotMatch(out, /first login/);
      assert.equal(made, false, 'no data directory');
    }
  });

  // A build with a leak sanitizer ends with 99 and says what was left.
  it('ends a start that has made all but its sockets with what is wrong, and nothing of it is left in memory', async () => {
    const modules = ['--modules', path.join(server.build, 'modules')];
    const begin = (data, port) =>
      server.execute(path.join(server.build, 'karkas'), ['serve', '--dev', ...modules, '--data', data, '--tz', server.tz, '--lang', 'ru', '--listen', `127.0.0.1:${port}`]);
    // The start looks at the port, locks the directory and waits at its pipe until somebody reads there.
    const late = async () => {
      const data = fs.mkdtempSync(path.join(server.home, 'late-'));
      const pipe = path.join(data, 'crash');
      assert.equal(spawnSync('mkfifo', ['-m', '666', pipe]).status, 0);
      const { uid, gid } = fs.statSync(server.data);
      for (const made of [data, pipe]) fs.chownSync(made, uid, gid);
      const port = await freePort();
      const starting = begin(data, port);
      const isPast = () => fs.existsSync(path.join(data, 'lock'));
      await Promise.race([starting, until(isPast, 'the start is past its look at the port')]);
      if (!isPast()) return null; // somebody took the port before the start looked
      const other = await hold(port);
      const reader = fs.openSync(pipe, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
      try {
        return await starting;
      } finally {
        fs.closeSync(reader);
        await new Promise((resolve) => other.close(resolve));
      }
    };
    const refused = (await late()) ?? (await late());
    assert.match(refused.err, /этот порт занят/);
    assert.equal(refused.code, 1, refused.err);
    const long = await begin(path.join(server.home, 'x'.repeat(100)), 0);
    assert.match(long.err, /путь слишком длинный для сокета/);
    assert.equal(long.code, 1, long.err);
  });
});

describe('a command without a server', () => {
  let lone;

  before(async () => {
    lone = await startServer({ keep: true });
    await lone.stop();
  });
  after(() => fs.rmSync(lone.home, { recursive: true, force: true }));

  const run = (...args) => lone.execute(path.join(lone.build, 'karkas'), ['--lang', 'ru', ...args]);
  const modules = () => path.join(lone.build, 'modules');

  it('opens the data directory itself', async () => {
    const listed = await lone.command('user', 'list');
    assert.equal(listed.code, 0, listed.err);
    assert.match(listed.out, /^petrov /m);
  });

  it('makes nothing where its folder is mistyped, and names the folder', async () => {
    const data = path.join(lone.home, 'dtaa');
    const empty = path.join(lone.home, 'empty');
    fs.mkdirSync(empty);
    for (const [args, why] of [
      [['--data', data, '--modules', modules(), 'user', 'list'], `--data ${data}: нет такого каталога\n`],
      [['--data', empty, '--modules', modules(), 'user', 'list'], `--data ${empty}: в этом каталоге нет данных Каркаса\n`],
      [['--data', lone.data, '--modules', '/nosuch', 'user', 'list'], '--modules /nosuch: нет такого каталога\n'],
    ]) {
      const { code, err } = await run(...args);
      assert.deepEqual([code, err], [1, why]);
    }
    assert.equal(fs.existsSync(data), false);
    assert.deepEqual(fs.readdirSync(empty), []);
  });

  it('leaves data alone that a newer version wrote, or is in the middle of changing, and says so; so does a start', async () => {
    const file = path.join(lone.data, 'karkas.db');
    const says = 'эти данные записала более новая версия Каркаса';
    const format = (n) => {
      const at = fs.openSync(file, 'r+');
      fs.writeSync(at, Buffer.from([0, 0, 0, n]), 0, 4, 60); // SQLite's user_version
      fs.closeSync(at);
    };
    format(9);
    const before = fs.readFileSync(file);
    const { code, err } = await lone.command('user', 'list');
    assert.notEqual(code, 0);
    assert.ok(err.includes(says), err);
    const copied = await lone.command('backup', path.join(lone.home, 'newer.db'));
    assert.ok(copied.err.includes(says), copied.err);
    await assert.rejects(lone.start(), /written|записала|newer version/);
    assert.ok(before.equals(fs.readFileSync(file)));
    format(1);
    assert.equal((await lone.command('user', 'list')).code, 0);
  });

  it('names the path a copy cannot be written to, and why', async () => {
    const file = path.join(lone.home, 'nosuch/copy.db');
    const { code, err } = await lone.command('backup', file);
    assert.equal(code, 1);
    assert.ok(err.includes(`${file}: нет каталога ${path.dirname(file)}\n`), err);
  });

  it('refuses a word too many and a language it does not speak', async () => {
    for (const [args, why] of [
      [['version', 'extra'], /^karkas: лишнее слово «extra»: version extra\n/],
      [['user', 'list', 'extra'], /^karkas: лишнее слово «extra»/],
      [['--lang', 'xx', 'version'], /^karkas: --lang xx: такого значения нет\n/],
    ]) {
      const { code, out, err } = await run(...args);
      assert.deepEqual([code, out], [2, '']);
      assert.match(err, why);
    }
  });
});

describe('the clock of a sandbox', () => {
  it('goes on from where it stood, whatever the next start asks for', async () => {
    const held = await startServer({ time: '2027-01-18T07:00:00Z' });
    await held.advance('73h');
    await held.kill();
    await held.start();
    assert.equal(await held.tell('clock'), '2027-01-21T08:00:00.000Z');
    held.options.time = '2027-02-01T00:00:00Z';
    await held.restart();
    held.options.time = '2027-01-18T07:00:00Z';
    await held.restart();
    assert.equal(await held.tell('clock'), '2027-02-01T00:00:00.000Z');
    await held.stop();
  });
});
