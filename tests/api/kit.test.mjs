// What somebody has who writes a module of his own (D15, D17, S-39): the installed SDK and its guide, nothing of this tree.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Server, startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

const run = promisify(execFile);
const build = new Server({}).build;
let home, sdk;

/** `karkas …` in the author's folder. Resolves with {code, out}. */
async function karkas(...args) {
  try {
    const { stdout } = await run(path.join(build, 'karkas'), args, { cwd: home });
    return { code: 0, out: stdout };
  } catch (error) {
    return { code: error.code, out: error.stdout + error.stderr };
  }
}

const make = (name, ...more) => karkas('module', 'new', name, '--sdk', sdk, '--lang', 'ru', ...more);
const lint = (folder, ...more) => karkas('module', 'lint', folder, '--lang', 'ru', '--modules', path.join(build, 'modules'), ...more);

function change(file, from, to) {
  const at = path.join(home, file), text = fs.readFileSync(at, 'utf8');
  assert.ok(text.includes(from), `${file} has no ${from}`);
  fs.writeFileSync(at, text.replace(from, to));
}

async function compile(name) {
  await run('cmake', ['-S', name, '-B', `${name}/build`], { cwd: home });
  await run('cmake', ['--build', `${name}/build`], { cwd: home });
  return `${name}/build/modules/${name}`;
}

/** A server of the dealer's ТЗ with the author's modules beside the bundled ones; the head may use their entities. */
function serve(entities, ...folders) {
  const modules = path.join(home, 'served');
  fs.cpSync(path.join(build, 'modules'), modules, { recursive: true });
  const names = folders.map((one) => path.basename(one));
  folders.forEach((folder, i) => fs.cpSync(path.join(home, folder), path.join(modules, names[i]), { recursive: true }));
  const rights = entities.map((entity) => `      ${entity}: {read: team, create: team, update: team}\n`).join('');
  const tz = dealer
    .replace('  accountant:\n', `${rights}  accountant:\n`)
    .replace('  settings: [ivanova]', '  shop.close: [head]\n  settings: [ivanova]');
  return startServer({ modules, tz });
}

before(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-kit-'));
  fs.chmodSync(home, 0o755);
  await run('cmake', ['--install', build, '--prefix', path.join(home, 'usr'), '--component', 'sdk']);
  sdk = path.join(home, 'usr/share/karkas/sdk');
});
after(() => fs.rmSync(home, { recursive: true, force: true }));

describe('karkas module new', () => {
  it('refuses a name that is none, a folder that is there and an SDK that is not', async () => {
    const bad = await make('Shop-1');
    assert.equal(bad.code, 1);
    assert.match(bad.out, /имя модуля: латинские строчные буквы/);
    fs.mkdirSync(path.join(home, 'taken'));
    assert.match((await make('taken')).out, /такой каталог уже есть/);
    assert.deepEqual(fs.readdirSync(path.join(home, 'taken')), []);
    const nowhere = await karkas('module', 'new', 'x', '--sdk', '/nowhere', '--lang', 'ru');
    assert.match(nowhere.out, /нет шаблона \/nowhere\/visits: укажите каталог SDK/);
  });
});

describe('a module of data alone', () => {
  before(async () => assert.equal((await make('gate')).code, 0));

  it('carries its own name everywhere and is in order', async () => {
    const said = await lint('gate');
    assert.equal(said.out, 'gate 1.0.0: в порядке\n');
    for (const file of fs.readdirSync(path.join(home, 'gate'), { recursive: true, withFileTypes: true }))
      if (file.isFile()) assert.doesNotMatch(fs.readFileSync(path.join(file.parentPath ?? file.path, file.name), 'utf8'), /visits/);
  });

  it('is told of a wrong word with file, line and the nearest known one', async () => {
    change('gate/module.yaml', 'required: true', 'requird: true');
    const said = await lint('gate');
    change('gate/module.yaml', 'requird: true', 'required: true');
    assert.equal(said.code, 1);
    assert.match(said.out, /gate\/module\.yaml:10: .*requird.*required/);
  });

  it('is told of each text that is missing, by language', async () => {
    change('gate/locales/en.yaml', 'gate.pass.f.came: Has come\n', '');
    change('gate/locales/ru.yaml', 'gate.pass.v.all: Все\n', '');
    const said = await lint('gate');
    change('gate/locales/en.yaml', 'gate.title', 'gate.pass.f.came: Has come\ngate.title');
    change('gate/locales/ru.yaml', 'gate.title', 'gate.pass.v.all: Все\ngate.title');
    assert.equal(said.code, 1);
    assert.equal(said.out, 'gate/locales/en.yaml: нет текста «gate.pass.f.came»\ngate/locales/ru.yaml: нет текста «gate.pass.v.all»\n');
  });

  it('is told of a setting whose default does not fit, and of one without a text', async () => {
    const wait = (def) => `settings:\n  wait: {type: duration, max: 2h, default: ${def}}\n`;
    change('gate/module.yaml', 'level: 1\n', `level: 1\n${wait('3h')}`);
    const wrong = await lint('gate');
    change('gate/module.yaml', 'default: 3h', 'default: 1h');
    const bare = await lint('gate');
    change('gate/module.yaml', wait('1h'), '');
    assert.match(wrong.out, /gate\/module\.yaml:5: «3h» вне допустимого: 0s\.\.2h/);
    assert.equal(bare.out, 'gate/locales/ru.yaml: нет текста «gate.setting.wait»\ngate/locales/en.yaml: нет текста «gate.setting.wait»\n');
  });

  it('is told of a module that it needs and that is not there', async () => {
    change('gate/module.yaml', 'level: 1\n', 'level: 1\nneeds: [warehouse]\n');
    const said = await lint('gate');
    change('gate/module.yaml', 'needs: [warehouse]\n', '');
    assert.equal(said.code, 1);
    assert.match(said.out, /warehouse/);
  });
});

describe('a native module', () => {
  let built;

  before(async () => {
    const made = await make('shop', '--native');
    assert.equal(made.code, 0, made.out);
    assert.match(made.out, /cmake -S shop -B shop\/build/);
    built = await compile('shop');
  });

  it('is compiled by the SDK alone and is in order', async () => {
    const said = await lint(built);
    assert.equal(said.out, 'shop 1.0.0: в порядке\n');
  });

  it('is signed with what the SDK brings', async () => {
    await run('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'shop.key'], { cwd: home });
    const signed = path.join(home, 'signed/shop');
    fs.cpSync(path.join(home, built), signed, { recursive: true });
    await run(path.join(sdk, 'sign.sh'), [signed, 'shop.key'], { cwd: home });
    assert.match(fs.readFileSync(path.join(signed, 'module.list'), 'utf8'), /^[0-9a-f]{64} {2}(\.\/)?shop\.so$/m);
    assert.ok(fs.statSync(path.join(signed, 'module.sig')).size > 60);
  });

  it('does not build while it calls what belongs to the process or exports more than its descriptor', async () => {
    const source = fs.readFileSync(path.join(home, 'shop/shop.c'), 'utf8');
    change('shop/shop.c', '#include <crm/host.h>', '#include <crm/host.h>\n#include <locale.h>\n#include <stdlib.h>');
    change('shop/shop.c', '    (void)was;', '    (void)was;\n    setlocale(LC_ALL, "");\n    (void)!system("true");');
    await assert.rejects(compile('shop'), (e) => /shop\.so calls system, setlocale/.test((e.stdout + e.stderr).replace(/\s+/g, ' ')));
    fs.writeFileSync(path.join(home, 'shop/shop.c'), `${source}\nCRM_EXPORT int shop_more(void);\nint shop_more(void)\n{\n    return 1;\n}\n`);
    await assert.rejects(compile('shop'), (e) => /shop\.so exports shop_more/.test((e.stdout + e.stderr).replace(/\s+/g, ' ')));
    fs.writeFileSync(path.join(home, 'shop/shop.c'), source);
    await compile('shop');
  });

  it('is told of the same by lint, whatever built it', async () => {
    const own = path.join(sdk, 'cmake/symbols.cmake'), rules = fs.readFileSync(own), source = fs.readFileSync(path.join(home, 'shop/shop.c'));
    fs.writeFileSync(own, '');
    change('shop/shop.c', '#include <crm/host.h>', '#include <crm/host.h>\n#include <stdlib.h>');
    change('shop/shop.c', '    (void)was;', '    (void)was;\n    (void)!system("true");');
    await compile('shop');
    const said = await lint(built);
    fs.writeFileSync(own, rules);
    fs.writeFileSync(path.join(home, 'shop/shop.c'), source);
    await compile('shop');
    assert.equal(said.code, 1);
    assert.match(said.out, /shop\.so: запрещённые вызовы: system\.\n$/);
  });

  it('runs beside the bundled ones: its entity, its route and its hook', async () => {
    const server = await serve(['shop.ticket', 'gate.pass'], built, 'gate');
    try {
      const head = await server.as('ivanova');
      const ticket = (await head.post('/api/v1/shop.ticket', { title: 'Не включается' }, { expect: 201 })).json;
      const closed = await head.post(`/api/v1/shop/ticket/${ticket.id}/close`, {}, { expect: 200 });
      assert.equal(closed.json.ticket.stage, 'closed');
      assert.ok(closed.json.ticket.closed_at);
      const again = await head.post(`/api/v1/shop/ticket/${ticket.id}/close`, {}, { expect: 409 });
      assert.match(JSON.stringify(again.json), /уже закрыто/);
      const pass = (await head.post('/api/v1/gate.pass', { guest: 'Пётр', phone: '8 916 123-45-67' }, { expect: 201 })).json;
      assert.equal(pass.purpose, 'meeting');
      const petrov = await server.as('petrov');
      await petrov.post(`/api/v1/shop/ticket/${ticket.id}/close`, {}, { expect: 403 });
      const text = fs.readFileSync(server.tz, 'utf8');
      fs.writeFileSync(server.tz, text.replace('shop.close', 'shop.clos'));
      const refused = await server.command('tz', 'lint', server.tz);
      assert.match(refused.out + refused.err, /tz\.yaml:\d+:\d+: ни у одного модуля нет функции «shop\.clos», есть «shop\.close»/);
    } finally {
      await server.stop();
    }
  });
});
