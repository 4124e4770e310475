// A version changes what earlier ones have stored, beside requests; one that cannot goes out of force again.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fleetFolder, fleetTz, idOf, putFleet } from '../harness/fleet.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer, withFiles, writeTz } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const CARS = '/api/v1/fleet.car';
const tz = withFiles(fleetTz).replace('bulk: [head, manager]', 'bulk: [head, manager]\n  import: [head]');

describe('a change of what earlier versions have stored', () => {
  let modules, server, head;

  before(async () => {
    modules = fleetFolder([1, 6, 7]);
    server = await startServer({ modules, tz });
    head = await server.as('ivanova');
    const plates = Array.from({ length: 300 }, (_, i) => `C${i}`).join('\n');
    const file = (await head.request('POST', '/api/v1/import/fleet.car?name=a.csv', `plate\n${plates}\n`, { raw: true, headers: { 'content-type': 'application/octet-stream' }, expect: 201 })).json;
    await head.post(`/api/v1/import/${file.id}/run`, { columns: ['plate'], mode: 'create' }, { expect: 202 });
    await until(async () => (await head.get(`/api/v1/import/${file.id}`, { expect: 200 })).json.run?.state === 'done', 'the import');
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  const fleet = async () => (await head.get('/api/v1/modules', { expect: 200 })).json.modules.find((m) => m.name === 'fleet');
  const version = async () => (await head.get('/api/v1/fleet/version', { expect: 200 })).json.version;
  const change = (verb, body, expect = 200) => head.post(`/api/v1/modules/fleet/${verb}`, body, { expect });
  const migrated = () => until(async () => (await fleet()).migration === null, 'the end of the migration');
  const without = async () => (await head.get(`${CARS}?region.none=1&limit=200`, { expect: 200, asWritten: true })).json.rows;
  const batches = async () => (await head.get('/api/v1/batch?kind=migrate&sort=-id', { expect: 200 })).json.rows;

  it('is told before it is begun, with the fields that come; nothing is changed by that', async () => {
    const plan = (await change('upgrade?check=1', { version: '1.5.0' })).json;
    assert.deepEqual([plan.ok, plan.from, plan.to, plan.migrations], [true, 'bundled', idOf(6), 1]);
    assert.deepEqual([plan.added, plan.hidden, plan.with], [{ count: 1, names: ['fleet.car.region'] }, { count: 0, names: [] }, []]);
    assert.match(await server.tell('module', 'look', 'fleet', '1.5.0'), /^fleet: bundled → 1\.5\.0-6+\n {4}появится: fleet\.car\.region\n {4}подготовка данных: изменений 1$/);
    await assert.rejects(server.tell('module', 'look', 'fleet', '9.9.9'), /не установлена версия 9\.9\.9/);
    const row = await fleet();
    assert.deepEqual([row.version, row.migration], ['bundled', null]);
    assert.equal((await change('upgrade?check=1', { version: '9.9.9' }, 409)).json.code, 'module_no_version');
  });

  it('goes over all records while they are read and written, and no request fails', async () => {
    const failed = [];
    let goes = true, requests = 0;
    const me = (n) => Object.assign(server.client(), { cookie: head.cookie, csrf: head.csrf, n });
    const write = (c, method, path, body) => {
      const text = JSON.stringify(body);
      return c.send(method, path, text, c.signed(method, text, { 'content-type': 'application/json' }));
    };
    const asks = [
      (c) => c.send('GET', `${CARS}?limit=50&sort=-id`, null, c.signed('GET', null, {})),
      (c, i) => write(c, 'POST', CARS, { plate: `N${c.n}-${i}` }),
      (c, i) => write(c, 'PATCH', `${CARS}/${1 + ((i * 37 + c.n) % 300)}`, { body: i % 2 ? 'van' : 'sedan' }),
    ];
    const work = async (n) => {
      for (let c = me(n), i = 0; goes; i++, requests++) {
        const reply = await asks[n % asks.length](c, i);
        if (reply.status >= 300) failed.push(`${reply.status} ${reply.text}`);
      }
    };
    const all = Array.from({ length: 3 }, (_, n) => work(n));
    try {
      const row = (await change('upgrade', { version: '1.5.0' })).json;
      assert.deepEqual([row.version, row.migration?.state ?? 'done'], [idOf(6), row.migration ? 'running' : 'done']);
      await migrated();
    } finally {
      goes = false;
      await Promise.all(all);
    }
    assert.deepEqual(failed, []);
    assert.ok(requests > 20, `${requests}`);
    assert.deepEqual(await without(), []);
    const [car] = (await head.get(`${CARS}?plate=C299`, { expect: 200 })).json.rows;
    assert.equal(car.region, 'C299');
    const [batch] = await batches();
    assert.deepEqual([batch.kind, batch.state, batch.title, batch.failed], ['migrate', 'done', 'fleet', 0]);
    assert.ok(batch.done > 10, `it went in slices: ${batch.done}`);
    assert.equal((await head.post(`/api/v1/batch/${batch.id}/undo`)).json.code, 'migration_stays');
  });

  it('is not repeated by a restart, but by an upgrade after the version before has written, over a kill -9', async () => {
    const { length } = await batches();
    await server.restart();
    head = await server.as('ivanova');
    assert.equal((await batches()).length, length);
    assert.equal((await change('rollback')).json.version, 'bundled');
    await head.post(CARS, { plate: 'OLD1' }, { expect: 201 });
    await change('upgrade', { version: '1.5.0' });
    await server.kill();
    await server.start();
    head = await server.as('ivanova');
    await migrated();
    assert.equal(await version(), '1.5.0');
    assert.equal((await head.get(`${CARS}?plate=OLD1`, { expect: 200 })).json.rows[0].region, 'OLD1');
  });

  it('that refuses leaves the version before in force, says why in the module’s words, and may be tried again', async () => {
    const bad = (await head.post(CARS, { plate: 'BAD' }, { expect: 201 })).json;
    await change('upgrade', { version: '1.6.0' });
    const row = await until(async () => {
      const now = await fleet();
      return now.version === idOf(6) && now.migration?.state === 'failed' && now;
    }, 'the former version to be back');
    assert.deepEqual([row.state, row.migration.version, row.migration.why], ['running', idOf(7), `car ${bad.id} has no region`]);
    assert.equal(await version(), '1.5.0');
    const [batch] = await batches();
    assert.deepEqual([batch.state, batch.error], ['failed', 'migration_failed']);
    const [notice] = (await head.get('/api/v1/notification?kind=module&sort=-id', { expect: 200 })).json.rows;
    assert.match(notice.text, /^Модуль fleet: данные для версии 1\.6\.0-7+ не подготовлены, действует прежняя версия/);
    assert.match(await server.tell('module', 'list'), /данные для версии 1\.6\.0-7+ не подготовлены: car \d+ has no region/);
    await head.post(CARS, { plate: 'GOOD' }, { expect: 201 });
    await head.patch(`${CARS}/${bad.id}`, { plate: 'FINE' }, { expect: 200 });
    await change('upgrade', { version: '1.6.0' });
    await migrated();
    assert.equal(await version(), '1.6.0');
  });

  it('that is stopped leaves the version before in force, too', async () => {
    assert.equal((await change('rollback')).json.version, idOf(6));
    const row = (await change('upgrade', { version: '1.6.0' })).json;
    if (row.migration) await head.post(`/api/v1/batch/${row.migration.batch}/cancel`);
    const [batch] = await batches();
    const wanted = batch.state === 'canceled' ? '1.5.0' : '1.6.0'; // it may have been too quick to be stopped
    await until(async () => (await version()) === wanted, 'the version before');
  });

  it('begins anew after another version was in force in between: what that has written is looked at, too', async () => {
    if ((await version()) !== '1.5.0') assert.equal((await change('rollback')).json.version, idOf(6));
    const early = (await head.get(`${CARS}?plate=C7`, { expect: 200 })).json.rows[0];
    const last = (await head.post(CARS, { plate: 'LATER' }, { expect: 201 })).json;
    await change('upgrade', { version: '1.6.0' });
    const [goes] = await batches();
    await until(() => new RegExp(`job.failed job="?kernel.batch"? key="?${goes.id}"? `).test(server.log), 'it to wait at the last car');
    assert.equal((await change('rollback')).json.version, idOf(6));
    assert.equal((await batches()).find((b) => b.id === goes.id).state, 'canceled');
    const { migration } = await fleet();
    assert.deepEqual([migration.state, migration.why], ['stopped', null], 'nothing has failed');
    assert.match(await server.tell('module', 'list'), /подготовка данных для версии 1\.6\.0-7+ остановлена/);
    await head.patch(`${CARS}/${early.id}`, { plate: 'BAD' }, { expect: 200 });
    await head.patch(`${CARS}/${last.id}`, { plate: 'NOW' }, { expect: 200 });
    await change('upgrade', { version: '1.6.0' });
    const row = await until(async () => {
      const now = await fleet();
      return now.version === idOf(6) && now.migration?.state === 'failed' && now;
    }, 'the former version to be back');
    assert.equal(row.migration.why, `car ${early.id} has no region`);
  });
});

describe('a change of data that neither of two versions can make', () => {
  let modules, server, head;

  before(async () => {
    modules = fleetFolder([1, 8]);
    server = await startServer({ modules, tz: fleetTz });
    head = await server.as('ivanova');
    await head.post(CARS, { plate: 'BAD' }, { expect: 201 });
    await server.kill(); // what it runs is not written over
    putFleet(modules, 7, true);
    await server.start();
    head = await server.as('ivanova');
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  const fleet = async () => (await head.get('/api/v1/modules', { expect: 200 })).json.modules.find((m) => m.name === 'fleet');
  const off = (version) =>
    until(async () => {
      const row = await fleet();
      return row.state === 'disabled' && row.migration?.version === version && row;
    }, `${version} to be off`);
  const notices = async () => (await head.get('/api/v1/notification?kind=module&sort=-id', { expect: 200 })).json.rows.map((n) => n.text);

  it('leaves the module off when there is no version before, with the reason in the list and a notice; its data are there', async () => {
    const row = await off('bundled');
    assert.deepEqual([row.off_by, row.version, row.migration.state, row.migration.why], ['server', 'bundled', 'failed', 'car 1 has no region']);
    assert.equal((await head.get('/api/v1/fleet/version', { asWritten: true })).status, 404, 'its code does not run');
    assert.deepEqual((await head.get(CARS, { expect: 200 })).json.rows.map((c) => c.plate), ['BAD']);
    assert.match(await server.tell('module', 'list'), /fleet [^\n]*выключен сервером: данные для него не подготовлены[^]*данные для версии bundled не подготовлены: car 1 has no region/);
    await until(async () => (await notices()).length, 'the notice');
    assert.match((await notices())[0], /^Модуль fleet: данные для версии bundled не подготовлены, а версии, к которой можно вернуться, нет, и он выключен/);
  });

  it('stays off over a restart, while other modules change', async () => {
    await server.restart();
    head = await server.as('ivanova');
    const kept = await fleet();
    assert.deepEqual([kept.state, kept.off_by], ['disabled', 'server']);
    const sales = await head.post('/api/v1/modules/sales/disable', {}, { expect: 409 });
    assert.match(sales.json.detail, /^sales: /, 'not for fleet’s sake');
  });

  it('is tried again by enable, in the version that is asked for, and goes off again rather than to the other that has failed', async () => {
    await head.post('/api/v1/modules/fleet/enable', { version: '1.7.0' }, { expect: 200 });
    const row = await off(idOf(8));
    assert.deepEqual([row.version, row.migration.why], [idOf(8), 'car 1 has no region']);
    const [car] = (await head.get(CARS, { expect: 200 })).json.rows;
    await head.patch(`${CARS}/${car.id}`, { plate: 'FINE' }, { expect: 200 });
    await head.post('/api/v1/modules/fleet/enable', {}, { expect: 200 });
    await until(async () => (await fleet()).migration === null, 'the end of the migration');
    assert.equal((await fleet()).off_by, null);
    assert.equal((await head.get('/api/v1/fleet/version', { expect: 200 })).json.version, '1.7.0');
  });
});

describe('a first change of data that refuses, of a module that nobody needs', () => {
  let modules, server, head;

  before(async () => {
    modules = fleetFolder([1]);
    server = await startServer({ modules, tz: fleetTz });
    head = await server.as('ivanova');
    await head.post(CARS, { plate: 'BAD' }, { expect: 201 });
    const { code, err } = await server.command('tz', 'apply', writeTz(server.home, dealer));
    assert.equal(code, 0, err);
    putFleet(modules, 7);
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  it('turns it off again', async () => {
    await head.post('/api/v1/modules/fleet/enable', { version: '1.6.0' }, { expect: 200 });
    const row = await until(async () => {
      const now = (await head.get('/api/v1/modules', { expect: 200 })).json.modules.find((m) => m.name === 'fleet');
      return now.state === 'disabled' && now;
    }, 'it to be off');
    assert.deepEqual([row.version, row.migration.state, row.migration.why], [null, 'failed', 'car 1 has no region']);
  });
});
