// `karkas module dev`: what an author saves runs; what does not build or is refused leaves the version before (D15, S-39).

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { admin, Author, versions } from '../harness/author.mjs';
import { fleetFolder, fleetTz } from '../harness/fleet.mjs';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

let author;

before(() => (author = new Author()));
after(() => author.remove());

/** Saves, and waits until a further version runs. */
async function saved(dev, change) {
  const count = versions(dev).length;
  change();
  await until(() => versions(dev).length > count, `another version in\n${dev.text}`, 60000);
}

const isAlive = (url) => fetch(`${url}/health`).then(() => true, () => false);

describe('a module of data alone, being written', () => {
  it('runs as it was saved, and as before while it is wrong; nothing is left at the end', async () => {
    await author.make('gate');
    const dev = author.begin('module', 'dev', 'gate');
    const { ask, url } = await admin(dev);
    const pass = { guest: 'Пётр', car: 'а123вс' };
    assert.equal((await ask('POST', '/api/v1/gate.pass', pass)).status, 422);
    await saved(dev, () => {
      author.change('gate/locales/ru.yaml', 'gate.pass.f.came', 'gate.pass.f.car: Машина\ngate.pass.f.came');
      author.change('gate/module.yaml', '      came: {type: bool}', '      came: {type: bool}\n      car: {type: text}');
    });
    const made = await ask('POST', '/api/v1/gate.pass', pass);
    assert.equal(made.status, 201);
    assert.equal((await made.json()).car, 'а123вс');

    author.change('gate/module.yaml', 'required: true', 'requird: true');
    await dev.says(/\/gate\/module\.yaml:10: .*requird/);
    await dev.says(/не принято, работает прежняя 1\.0\.0-[0-9a-f]{12}/);
    assert.equal((await ask('POST', '/api/v1/gate.pass', pass)).status, 201);

    const [code, signal] = await dev.end();
    assert.deepEqual([code, signal], [0, null], dev.text);
    assert.equal(await isAlive(url), false);
    assert.deepEqual(author.leftovers(), []);
  });
});

describe('a native module, being written', () => {
  it('is compiled and upgraded at each save; a compiler error leaves the version before', async () => {
    await author.make('shop', '--native');
    const dev = author.begin('module', 'dev', 'shop');
    const { ask } = await admin(dev);
    const ticket = await (await ask('POST', '/api/v1/shop.ticket', { title: 'Сломано' })).json();
    await saved(dev, () => author.change('shop/shop.c', 'crm_put_record(out, "ticket", ticket);', 'crm_put_text(out, "said", CRM_S("по-новому"));'));
    author.change('shop/shop.c', 'CRM_S("по-новому")', 'CRM_S("по-новому"');
    await dev.says(/shop\.c:\d+:\d+: error/);
    await dev.says(/не принято, работает прежняя/);
    const closed = await ask('POST', `/api/v1/shop/ticket/${ticket.id}/close`, {});
    assert.equal(closed.status, 200);
    assert.equal((await closed.json()).said, 'по-новому');
    await dev.end('SIGTERM');
    assert.deepEqual(author.leftovers(), []);
    assert.deepEqual(fs.readdirSync(path.join(author.home, 'shop')).filter((name) => name === 'build'), []);
  });

  it('stops the version that spoils the process before it runs', async () => {
    await author.make('till', '--native');
    const dev = author.begin('module', 'dev', 'till');
    await admin(dev);
    author.write('till/till.c', `${author.read('till/till.c')}\n#include <stdlib.h>\n__attribute__((constructor)) static void fall(void)\n{\n    __builtin_trap();\n}\n`);
    await dev.says(/не принято, работает прежняя/);
    await dev.end();
  });
});

describe('beside a server that runs already', () => {
  it('the saved version runs there, and after the end the one of before', async () => {
    const modules = fleetFolder([1]);
    author.own(modules);
    author.own(path.join(modules, 'fleet'));
    const server = await startServer({ modules, tz: fleetTz });
    fs.cpSync(path.join(modules, 'fleet'), path.join(author.home, 'fleet'), { recursive: true });
    for (const file of ['fleet', ...fs.readdirSync(path.join(author.home, 'fleet')).map((name) => `fleet/${name}`)]) author.own(path.join(author.home, file));
    const own = author.modules;
    author.modules = modules;
    try {
      const dev = author.begin('module', 'dev', 'fleet', '--data', server.data);
      await until(() => versions(dev).length > 0, dev.text, 60000);
      assert.match(await server.tell('module', 'list'), new RegExp(`fleet +${versions(dev)[0]} `));
      await dev.end();
      assert.match(await server.tell('module', 'list'), /fleet +1\.0\.0 +работает/);
      assert.deepEqual(fs.readdirSync(path.join(modules, 'fleet')).filter((name) => name.includes('-')), []);
    } finally {
      author.modules = own;
      await server.stop();
      fs.rmSync(modules, { recursive: true, force: true });
    }
  });
});
