// A module changes its version on a running server, to and fro, while requests run; nothing fails and nothing is lost.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fleetFolder, fleetTz, idOf, putFleet } from '../harness/fleet.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer, writeTz } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const CARS = '/api/v1/fleet.car';

const drained = (server) =>
  until(async () => !/дорабатывают/.test((await server.command('module', 'list')).out), 'the end of the earlier version');

describe('a version of a module', () => {
  let modules, server, head;

  before(async () => {
    modules = fleetFolder([1, 2, 3, 4]);
    server = await startServer({ modules, tz: fleetTz });
    head = await server.as('ivanova');
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  const fleet = async () =>
    (await head.get('/api/v1/modules', { expect: 200 })).json.modules.find((m) => m.name === 'fleet');
  const version = async () => (await head.get('/api/v1/fleet/version', { expect: 200 })).json.version;
  const change = (verb, body, expect = 200) => head.post(`/api/v1/modules/fleet/${verb}`, body, { expect });

  it('is the bundled one until another is chosen', async () => {
    const row = await fleet();
    assert.equal(row.state, 'running');
    assert.equal(row.version, 'bundled');
    assert.equal(row.before, null);
    assert.deepEqual(row.versions.map((v) => v.id), ['bundled', idOf(2), idOf(3), idOf(4)]);
    assert.equal(await version(), '1.0.0');
  });

  it('is upgraded with its fields, routes, hooks and files, and the data stay', async () => {
    const car = (await head.post(CARS, { plate: 'А001АА' }, { expect: 201 })).json;
    assert.equal(car.made_by, '1.0.0');
    assert.equal((await head.post(`/api/v1/fleet/car/${car.id}/drive`, {}, { asWritten: true })).status, 404);
    const row = (await change('upgrade', { version: '1.1.0' })).json;
    assert.deepEqual([row.version, row.before, row.state], [idOf(2), 'bundled', 'running']);
    assert.equal(await version(), '1.1.0');
    assert.equal((await head.post(`/api/v1/fleet/car/${car.id}/drive`, {}, { expect: 200 })).json.mileage, 100);
    assert.equal((await head.post(CARS, { plate: 'А002АА' }, { expect: 201 })).json.made_by, '1.1.0');
    const { ui } = (await head.get('/api/v1/meta')).json.modules.find((m) => m.id === 'fleet');
    assert.equal(ui.src, `/m/fleet/ui.js?v=${idOf(2)}`);
    assert.match((await head.get('/m/fleet/ui.js')).text, /1\.1\.0/);
    assert.match((await head.get('/m/fleet/part-11a2b3c4.js')).text, /1\.0\.0/, 'for a page opened before');
  });

  it('that is asked for by a word that is none is refused in JSON that can be read', async () => {
    const { json } = await head.post('/api/v1/modules/fleet/upgrade', { version: 'a","x":"b' }, { expect: 409, asWritten: true });
    assert.equal(json.params.version, 'a","x":"b');
  });

  it('survives a restart, and rolls back with what it stored kept for the next time', async () => {
    await server.restart();
    head = await server.as('ivanova');
    assert.equal(await version(), '1.1.0');
    assert.equal((await change('rollback', undefined)).json.version, 'bundled');
    assert.equal(await version(), '1.0.0');
    const [first] = (await head.get(`${CARS}?sort=id`)).json.rows;
    assert.equal('mileage' in first, false);
    await head.patch(`${CARS}/${first.id}`, { plate: 'А003АА' }, { expect: 200 });
    await change('upgrade', { version: idOf(2) });
    assert.equal((await head.get(`${CARS}/${first.id}`)).json.mileage, 100);
    assert.equal((await change('rollback', undefined)).json.before, idOf(2));
  });

  it('may give a choice more options, and leaves their values where they are when it is rolled back', async () => {
    const bodies = async () => (await head.get('/api/v1/meta', { expect: 200 })).json.entities['fleet.car'].fields.body.options.map((o) => o.v);
    assert.deepEqual(await bodies(), ['sedan', 'van']);
    const refused = await head.post(CARS, { plate: 'А004АА', body: 'pickup' }, { asWritten: true, expect: 422 });
    assert.equal(refused.json.fields[0].code, 'not_a_choice');
    await change('upgrade', { version: '1.1.0' });
    assert.deepEqual(await bodies(), ['sedan', 'van', 'pickup']);
    const car = (await head.post(CARS, { plate: 'А004АА', body: 'pickup' }, { expect: 201 })).json;
    await change('rollback', undefined);
    await head.patch(`${CARS}/${car.id}`, { plate: 'А005АА' }, { expect: 200 });
    assert.equal((await head.get(`${CARS}/${car.id}`, { asWritten: true, expect: 200 })).json.body, 'pickup');
  });

  it('is refused by name when it is not there, is in force, or would store values another way; what ran still runs', async () => {
    const refused = async (verb, body) => (await change(verb, body, 409)).json;
    assert.match((await refused('upgrade', { version: '9.9.9' })).detail, /fleet не установлена версия 9\.9\.9/);
    assert.equal((await refused('upgrade', { version: '1.0.0' })).code, 'module_in_force');
    assert.equal((await refused('upgrade', { version: '1.2.0' })).code, 'module_start_failed');
    await change('upgrade', { version: '1.1.0' });
    const shaped = await refused('upgrade', { version: '1.3.0' });
    assert.deepEqual([shaped.code, shaped.params.field], ['module_not_expanding', 'fleet.car.mileage']);
    assert.equal(await version(), '1.1.0');
    assert.equal((await change('rollback', undefined)).json.version, 'bundled');
    const stored = await refused('upgrade', { version: '1.3.0' }); // the version in force has no such field, the table does
    assert.equal(stored.code, 'module_refused');
    assert.match(stored.detail, /fleet\.car\.mileage/);
    assert.equal(await version(), '1.0.0');
    assert.equal((await head.post('/api/v1/modules/nothing/rollback', undefined, { expect: 404 })).json.code, 'unknown_module');
  });

  it('is for those with the function settings', async () => {
    const petrov = await server.as('petrov');
    assert.equal((await petrov.get('/api/v1/modules', { asWritten: true })).status, 403);
    assert.equal((await petrov.post('/api/v1/modules/fleet/upgrade', {}, { asWritten: true })).status, 403);
  });

  it('goes to and fro by command under requests without one failing, and every change is heard once', async () => {
    const failed = [];
    let goes = true, requests = 0, cars = 0;
    const from = Number((await head.get(`${CARS}?limit=1&sort=-id`)).json.rows[0].id);
    const work = async (n) => {
      const me = server.client();
      me.cookie = head.cookie;
      me.csrf = head.csrf;
      for (let i = 0; goes; i++) {
        const reply =
          n % 2 ? await me.send('GET', '/api/v1/fleet/version', null, me.signed('GET', null, {}))
                : await create(me, `${n}-${i}`);
        requests++;
        cars += n % 2 ? 0 : 1;
        if (reply.status >= 300) failed.push(`${reply.status} ${reply.text}`);
      }
    };
    const create = (me, plate) => {
      const body = JSON.stringify({ plate });
      return me.send('POST', CARS, body, me.signed('POST', body, { 'content-type': 'application/json' }));
    };
    const all = Array.from({ length: 16 }, (_, n) => work(n));
    try {
      for (let i = 0; i < 5; i++) {
        assert.match(await server.tell('module', 'upgrade', 'fleet', '1.1.0'), /1\.1\.0-2+ +работает/);
        assert.match(await server.tell('module', 'rollback', 'fleet'), /1\.0\.0 +работает/);
      }
    } finally {
      goes = false;
      await Promise.all(all);
    }
    assert.deepEqual(failed, []);
    assert.ok(requests > 50, `${requests}`);
    const heard = await until(async () => {
      const rows = [];
      for (let next = null; next !== undefined; ) {
        const page = (await head.get(`/api/v1/fleet.heard?limit=200&sort=id&car.gt=${from}${next ? `&after=${next}` : ''}`)).json;
        rows.push(...page.rows);
        next = page.next ?? undefined;
      }
      return rows.length >= cars && rows;
    }, 'all changes to be heard', 20000);
    assert.equal(heard.length, cars);
    assert.equal(new Set(heard.map((h) => h.position)).size, cars);
    await drained(server);
  });
});

describe('a module goes off and on', () => {
  let modules, server, head;

  before(async () => {
    modules = fleetFolder([1]);
    server = await startServer({ modules, tz: fleetTz });
    head = await server.as('ivanova');
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  const apply = async (text) => (await server.command('tz', 'apply', writeTz(server.home, text))).code;
  const change = (verb, expect = 200) => head.post(`/api/v1/modules/fleet/${verb}`, undefined, { expect });
  const versionStatus = async () => (await head.get('/api/v1/fleet/version', { asWritten: true })).status;

  it('not while the ТЗ needs it', async () => {
    await head.post(CARS, { plate: 'А001АА' }, { expect: 201 });
    const refused = (await change('disable', 409)).json;
    assert.equal(refused.code, 'module_refused');
    assert.match(refused.detail, /fleet: модуль нужен ТЗ/);
    assert.equal(await versionStatus(), 200);
  });

  it('without the ТЗ, by the administrator, and the data stay', async () => {
    assert.equal((await head.get('/m/fleet/ui.js')).status, 200);
    assert.equal(await apply(dealer), 0);
    assert.equal(await versionStatus(), 404);
    assert.equal((await head.get('/m/fleet/ui.js')).status, 404, 'nor its pages');
    assert.equal((await change('enable')).json.state, 'running');
    assert.equal(await versionStatus(), 200);
    await server.restart();
    head = await server.as('ivanova');
    assert.equal(await versionStatus(), 200);
    assert.equal((await change('enable', 409)).json.code, 'module_runs');
    const off = (await change('disable')).json;
    assert.deepEqual([off.state, off.off_by], ['disabled', 'admin']);
    assert.equal(await versionStatus(), 404);
    assert.equal(await apply(fleetTz), 1, 'which needs what the administrator has off');
    await change('enable');
    assert.equal(await apply(fleetTz), 0);
    assert.deepEqual((await head.get(CARS)).json.rows.map((c) => c.plate), ['А001АА']);
  });
});

describe('an installed module that ends the process', () => {
  let modules, server, head;

  before(async () => {
    modules = fleetFolder([]);
    putFleet(modules, 2);
    const tz = fleetTz.replace('  settings: [ivanova]', '  fleet.brake: [head]\n  settings: [ivanova]');
    server = await startServer({ modules, tz });
    head = await server.as('ivanova');
    await head.post(CARS, { plate: 'А001АА' }, { expect: 201 });
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  const fleet = async () => (await head.get('/api/v1/modules')).json.modules.find((m) => m.name === 'fleet');
  const versionStatus = async () => (await head.get('/api/v1/fleet/version', { asWritten: true })).status;
  const again = async () => {
    await server.restart();
    head = await server.as('ivanova');
  };
  const crash = async () => {
    await head.post('/api/v1/fleet/crash', {}, { asWritten: true }).catch(() => {});
    await server.exited;
    await again();
  };

  it('runs without its code after the third time, and its data are there', async () => {
    await crash();
    await crash();
    assert.equal((await fleet()).state, 'running');
    await crash();
    assert.equal((await fleet()).state, 'quarantined');
    assert.match((await server.command('module', 'list')).out, /fleet .*работает без кода: три падения за десять минут/);
    assert.equal(await versionStatus(), 404);
    assert.deepEqual((await head.get(CARS)).json.rows.map((c) => c.plate), ['А001АА']);
    await head.post(CARS, { plate: 'А002АА' }, { expect: 201 });
    await again();
    assert.equal((await fleet()).state, 'quarantined');
  });

  it('gets another chance from the administrator, with nothing held against it', async () => {
    await head.post('/api/v1/modules/fleet/enable', undefined, { expect: 200 });
    assert.equal(await versionStatus(), 200);
    await again();
    assert.equal((await fleet()).state, 'running');
    const { rows } = await until(async () => {
      const page = (await head.get('/api/v1/fleet.heard')).json;
      return page.rows.length >= 2 && page;
    }, 'the change made in quarantine to be heard');
    assert.equal(rows.length, 2);
  });

  it('is charged in spite of a file of crashes that was cut, which is told of and put away', async () => {
    const file = path.join(server.data, 'crash');
    await again();
    const now = Math.floor(Date.now() / 1000) + 5; // after the chance it was given
    const line = `signal=4 at=${now} module=fleet route=/crash`;
    fs.writeFileSync(file, `sig\0nal\n${line}\nsignal=11 at=17${line}\n${line}\n`);
    await until(() => Date.now() / 1000 > now, 'the moment of the crashes', 10000);
    await again();
    assert.equal((await fleet()).state, 'quarantined');
    assert.match(server.log, /event=crash\.damaged lines=2 kept=3 away=crash\.damaged/);
    assert.equal(fs.readFileSync(file, 'utf8'), `${line}\n`.repeat(3));
    assert.ok(fs.existsSync(`${file}.damaged`));
    await head.post('/api/v1/modules/fleet/enable', undefined, { expect: 200 });
  });

  it('is in force only when that is written down, and what is written down belongs to the server', async () => {
    const file = path.join(server.data, 'modules.json');
    putFleet(modules, 5);
    fs.chmodSync(server.data, 0o500);
    const refused = await head.post('/api/v1/modules/fleet/upgrade', { version: '1.4.0' }, { asWritten: true });
    fs.chmodSync(server.data, 0o700);
    assert.ok(refused.status >= 500, refused.text);
    assert.equal((await head.get('/api/v1/fleet/version')).json.version, '1.1.0');
    server.process.kill('SIGTERM');
    await server.exited;
    execFileSync(path.join(server.build, 'karkas'), ['--data', server.data, '--modules', modules, '--dev', 'module', 'enable', 'fleet']);
    assert.equal(fs.statSync(file).uid, fs.statSync(server.data).uid);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    await again();
    assert.equal((await fleet()).state, 'running');
  });

  it('runs without its code in a server started with --safe', async () => {
    server.options.args = ['--safe'];
    await again();
    assert.equal((await fleet()).state, 'safe');
    assert.equal(await versionStatus(), 404);
    server.options.args = [];
    await again();
    assert.equal(await versionStatus(), 200);
  });
});
