// An old module runs on a new kernel; a new one runs on an old kernel or is refused with the exact reason. With two real builds: the
// tested one, and the one of another revision that run.sh has made.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Author, row } from '../harness/author.mjs';
import { startServer } from '../harness/server.mjs';

const old = process.env.KARKAS_OLD_BUILD;
const modulesOf = (build) => fs.readdirSync(path.join(build, 'modules')).filter((name) => fs.existsSync(path.join(build, 'modules', name, 'module.yaml')));

describe('a module that the earlier SDK makes and builds', () => {
  let author;
  before(() => (author = new Author({ sdkOf: old })));
  after(() => author.remove());

  for (const [name, ...more] of [['gate'], ['shop', '--native']])
    it(`is sound on this kernel: ${more.length ? 'of C' : 'of data alone'}`, async () => {
      await author.make(name, ...more);
      const said = await author.karkas('module', 'check', name);
      assert.equal(said.code, 0, said.out);
    });
});

describe('the modules that came with the earlier kernel', () => {
  it('all run on this one, as they were built', async () => {
    const { dealer, people } = await import(path.join(old, '../tests/harness/tz.mjs')); // as its ТЗs were written
    const server = await startServer({ modules: path.join(old, 'modules'), tz: dealer, people });
    try {
      const head = await server.as('ivanova');
      const { modules } = (await head.get('/api/v1/modules', { expect: 200 })).json;
      assert.ok(modules.length >= modulesOf(old).length, 'none is passed over');
      assert.deepEqual(modules.filter((m) => m.state !== 'running').map((m) => `${m.name}: ${m.state}`), []);
      const lead = (await head.post('/api/v1/sales.lead', { title: 'Прежний модуль' }, { expect: 201 })).json;
      assert.equal((await head.get(`/api/v1/sales.lead/${lead.id}`, { expect: 200 })).json.title, 'Прежний модуль');
    } finally {
      await server.stop();
    }
  });
});

describe('a module of this SDK', () => {
  let author;
  before(() => (author = new Author()));
  after(() => author.remove());

  for (const [name, ...more] of [['gate'], ['shop', '--native']])
    it(`that asks for level 1 is sound on the earlier kernel: ${more.length ? 'of C' : 'of data alone'}`, async () => {
      await author.make(name, ...more);
      const said = await author.karkas('module', 'check', name, '--kernel', path.join(old, 'karkas'));
      assert.equal(said.code, 0, said.out);
      assert.match(said.out, /^\+ {2}Исправен на ядре karkas/m);
    });
});

describe('the modules of this tree', () => {
  let author;
  before(() => (author = new Author()));
  after(() => author.remove());

  /** What the earlier kernel says of them: the name of what it does not know, with the line or the level. */
  const REASON = /module\.yaml:\d+:|уровень|level \d+|descriptor field/;

  it('run on the earlier kernel, or are refused there with what it does not know', async (t) => {
    const there = path.join(author.build, 'modules');
    for (const name of modulesOf(author.build)) {
      const said = await author.run(path.join(old, 'karkas'), ['module', 'lint', path.join(there, name), '--modules', there, '--lang', 'ru']);
      assert.ok(said.code === 0 || (said.code === 1 && REASON.test(said.out)), `${name}: ${said.code}\n${said.out}`);
      t.diagnostic(`${name}: ${said.out.trim().split('\n').at(-1)}`);
    }
  });
});
