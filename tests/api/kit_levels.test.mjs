// Modules of another time: one built with the oldest SDK runs here, one of a later SDK runs or is refused by what it uses (item 7 of the ABI's promise).

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Author } from '../harness/author.mjs';
import { root } from '../harness/server.mjs';

let author;
const header = (name) => path.join(author.sdk, 'include/crm', name);

before(() => (author = new Author()));
after(() => author.remove());

function edit(file, from, to) {
  const text = fs.readFileSync(file, 'utf8');
  assert.ok(text.includes(from), `${file} has no ${from}`);
  fs.writeFileSync(file, text.replace(from, to));
}

const lint = async (name) => {
  const build = await author.run('cmake', ['-S', name, '-B', `${name}/build`]);
  assert.equal(build.code, 0, build.out);
  const made = await author.run('cmake', ['--build', `${name}/build`]);
  assert.equal(made.code, 0, made.out);
  return author.karkas('module', 'lint', `${name}/build/modules/${name}`);
};

describe('a module of the oldest SDK', () => {
  it('is as good on this kernel as on its own', async () => {
    fs.cpSync(path.join(root, 'sdk/abi/level-1'), path.join(author.sdk, 'include'), { recursive: true });
    await author.make('old', '--native');
    const said = await author.karkas('module', 'check', 'old');
    assert.equal(said.code, 0, said.out);
  });
});

describe('a module of a later SDK', () => {
  let latest;

  before(() => {
    fs.cpSync(path.join(root, 'sdk/include'), path.join(author.sdk, 'include'), { recursive: true });
    latest = Number(fs.readFileSync(header('crm.h'), 'utf8').match(/#define CRM_ABI_LEVEL_LATEST (\d+)/)[1]);
    edit(header('crm.h'), `#define CRM_ABI_LEVEL_LATEST ${latest}`, `#define CRM_ABI_LEVEL_LATEST ${latest + 1}`);
    const last = '    CRM_TABLE_OF(crm_service_def) services; /* at most 16 */\n';
    edit(header('module.h'), last, `${last}    const char *later; /* of the next level */\n`);
  });

  it('runs while it uses nothing newer', async () => {
    await author.make('ahead', '--native');
    const said = await lint('ahead');
    assert.equal(said.code, 0, said.out);
    assert.match(said.out, /ahead 1\.0\.0: в порядке/);
  });

  it('is refused by the field of its descriptor that this kernel does not know', async () => {
    await author.make('lies', '--native');
    author.change('lies/lies.c', '.license = "Apache-2.0",', '.license = "Apache-2.0", .later = "x",');
    const said = await lint('lies');
    assert.equal(said.code, 1);
    assert.match(said.out, /lies: .*descriptor field at offset/);
  });

  it('is refused by the level it asks for, in code and in module.yaml', async () => {
    await author.make('asks', '--native');
    author.write('asks/asks.c', `#define CRM_API_LEVEL ${latest + 1}\n${author.read('asks/asks.c')}`);
    const said = await lint('asks');
    assert.equal(said.code, 1);
    assert.match(said.out, new RegExp(`level ${latest + 1}, this kernel has level ${latest}`));
    await author.make('wants');
    author.change('wants/module.yaml', 'level: 1', `level: ${latest + 1}`);
    const yaml = await author.karkas('module', 'lint', 'wants');
    assert.equal(yaml.code, 1);
    assert.match(yaml.out, new RegExp(`level ${latest + 1}, this kernel has level ${latest}`));
  });

  it('does not compile when it asks for a level that its SDK does not have', async () => {
    await author.make('wishes', '--native');
    author.write('wishes/wishes.c', `#define CRM_API_LEVEL ${latest + 2}\n${author.read('wishes/wishes.c')}`);
    await author.run('cmake', ['-S', 'wishes', '-B', 'wishes/build']);
    const made = await author.run('cmake', ['--build', 'wishes/build']);
    assert.notEqual(made.code, 0);
    assert.match(made.out, /CRM_API_LEVEL is newer than this SDK/);
  });
});
