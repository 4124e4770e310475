// A module that comes into force because another one needs it keeps its version like one that was asked for.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fleetFolder } from '../harness/fleet.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer, withFiles } from '../harness/tz.mjs';

const FIRST = '1.0.0-aaaaaaaaaaaa';

describe('a module that another one needs', () => {
  let modules, server, head;
  const put = (name, id, more = '') => {
    const into = path.join(modules, name, id);
    fs.mkdirSync(path.join(into, 'locales'), { recursive: true });
    fs.writeFileSync(path.join(into, 'module.yaml'), `module: ${name}\nversion: ${id.split('-')[0]}\n${more}`);
    for (const lang of ['ru', 'en']) fs.writeFileSync(path.join(into, `locales/${lang}.yaml`), `${name}.title: ${name}\n`);
  };
  before(async () => {
    modules = fleetFolder([]);
    put('garage', FIRST);
    put('valet', FIRST, 'needs: [garage]\n');
    put('wash', FIRST);
    server = await startServer({ modules, tz: withFiles(dealer) });
    head = await server.as('ivanova');
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  const act = (name, verb) => head.post(`/api/v1/modules/${name}/${verb}`, undefined, { expect: 200 });
  const garage = async () =>
    (await head.get('/api/v1/modules', { expect: 200 })).json.modules.find((m) => m.name === 'garage').version;

  it('stays in the version that came into force when a newer one is installed and something else changes', async () => {
    await act('valet', 'enable');
    assert.equal(await garage(), FIRST);
    put('garage', '2.0.0-bbbbbbbbbbbb');
    await act('wash', 'enable');
    assert.equal(await garage(), FIRST);
    await server.restart();
    head = await server.as('ivanova');
    assert.equal(await garage(), FIRST);
  });

  it('is not uninstalled while it runs', async () => {
    const args = ['--data', server.data, '--modules', modules, '--lang', 'ru', '--dev', 'module', 'uninstall', 'garage', FIRST];
    assert.throws(() => execFileSync(path.join(server.build, 'karkas'), args, { encoding: 'utf8', stdio: 'pipe' }), (error) =>
      /сначала karkas module disable/.test(error.stderr));
    assert.ok(fs.existsSync(path.join(modules, 'garage', FIRST)));
  });
});
