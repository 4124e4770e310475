// Modules whose code is kept from running take what depends on them aside with them: the server starts, the rest works,
// what was asked of them waits, and the way back is open without a server.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { fleetFolder, fleetTz, idOf, putDepot, putFleet } from '../harness/fleet.mjs';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

const CARS = '/api/v1/fleet.car';
const tz = fleetTz
  .replace('modules: auto', 'modules: [contacts, sales, tasks, intake, fleet, depot]')
  .replace('integrations:', 'integrations:\n  station: {type: pump, litres: 40}')
  .replace('rules:', `rules:
  R-9:
    text: Новый автомобиль заправлен.
    when: {created: fleet.car}
    do: [{refuel: {at: АЗС}}]
  R-10:
    text: Автомобиль достаётся ближайшему.
    when: {created: fleet.car, where: {plate: А000АА}}
    do: [{assign: {role: manager, strategy: nearest}}]
  R-11:
    text: Проданный стоит на стоянке.
    when: {deleted: fleet.car}
    do: [{park: {}}]`);

describe('what depends on a module without code', () => {
  let modules, server, head;

  before(async () => {
    modules = fleetFolder([]);
    putFleet(modules, 5);
    putDepot(modules);
    server = await startServer({ modules, tz, time: '2027-03-01T06:00:00Z' });
    head = await server.as('ivanova');
  });
  afterEach(() => (server.options.args = []));
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  const again = async (...args) => {
    server.options.args = args;
    await server.restart();
    head = await server.as('ivanova');
  };
  const advance = async (by) => {
    await server.advance(by);
    head = await server.as('ivanova');
  };
  const row = async (name) => (await head.get('/api/v1/modules')).json.modules.find((m) => m.name === name);
  const distance = async () => head.get('/api/v1/depot/distance', { asWritten: true });
  const made = async (plate) =>
    (await head.get(`${CARS}?plate=${encodeURIComponent(plate)}`)).json.rows.map((c) => c.made_by);
  const held = (m) => m.held.map((h) => `${h.kind} ${h.name}`);

  it('runs while that has its code', async () => {
    assert.equal((await head.get('/api/v1/depot/distance', { expect: 200 })).json.distance, 42);
    await head.post(CARS, { plate: 'А001АА' }, { expect: 201 });
    await server.advance('1s');
    assert.deepEqual(await made('А001АА'), ['АЗС']);
    assert.deepEqual([(await row('fleet')).held, (await row('depot')).state], [[], 'running']);
  });

  it('is put aside by --safe and named, with the reason; the server starts and stores what comes', async () => {
    await again('--safe');
    const fleet = await row('fleet'), depot = await row('depot');
    assert.deepEqual([fleet.state, held(fleet)], ['safe', ['rule R-9', 'rule R-10', 'integration station']]);
    assert.deepEqual([depot.state, depot.lacks, held(depot)], ['waiting', 'fleet.drive 1.0', ['rule R-11']]);
    const { out } = await server.command('module', 'list');
    assert.match(out, /^depot .*работает без кода: нет интерфейса fleet\.drive 1\.0\n +ждёт: правило R-11$/m);
    assert.match(out, /^fleet .*\n +ждёт: правило R-9\n +ждёт: правило R-10\n +ждёт: интеграция station$/m);
    assert.equal((await distance()).status, 404);
    const enabled = await head.post('/api/v1/modules/depot/enable', undefined, { expect: 409 });
    assert.equal(enabled.json.code, 'module_kept');
    await head.post(CARS, { plate: 'А002АА' }, { expect: 201 });
    assert.equal((await head.post('/hook/station', { litres: 1 }, { asWritten: true })).status, 202);
    await advance('2h'); // some hundred tries: more than what fails is given
    assert.deepEqual(await made('А002АА'), [null]);
  });

  it('goes on with what waited when the code is there again, however long that took', async () => {
    await again();
    await advance('3h'); // the clock of a sandbox begins anew
    assert.deepEqual(await made('А002АА'), ['АЗС']);
    assert.equal((await made('pumped')).length, 1);
    assert.equal((await distance()).json.distance, 42);
  });

  it('is put aside with a module in quarantine, too, whose words the ТЗ holds', async () => {
    for (let i = 0; i < 3; i++) {
      await head.post('/api/v1/fleet/crash', {}, { asWritten: true }).catch(() => {});
      await server.exited;
      await again();
    }
    assert.deepEqual([(await row('fleet')).state, (await row('depot')).state], ['quarantined', 'waiting']);
  });

  it('has a way back without a server, on the file of choices alone', async () => {
    server.process.kill('SIGTERM');
    await server.exited;
    fs.renameSync(server.tz, `${server.tz}.away`);
    fs.renameSync(path.join(server.data, 'karkas.db'), path.join(server.data, 'karkas.away'));
    const tell = async (...args) => {
      const { code, out, err } = await server.command('--dev', 'module', ...args);
      assert.equal(code, 0, err);
      return out;
    };
    assert.match(await tell('list'), /^fleet .*работает без кода: три падения/m);
    assert.match(await tell('enable', 'fleet'), /^fleet +1\.4\.0-5+ +сервер не запущен$/m);
    assert.match(await tell('disable', 'fleet'), /^fleet .*выключен администратором$/m);
    assert.match((await server.command('module', 'enable', 'nothing')).err, /Такого модуля нет|нет/);
    assert.match((await server.command('module', 'rollback', 'fleet')).err, /Модуль fleet выключен/);
    fs.renameSync(`${server.tz}.away`, server.tz);
    fs.renameSync(path.join(server.data, 'karkas.away'), path.join(server.data, 'karkas.db'));
    await again();
    assert.equal((await row('fleet')).state, 'disabled', 'started without the code of what the ТЗ needs and an administrator has off');
    assert.equal((await head.get(CARS)).status, 200);
    server.process.kill('SIGTERM');
    await server.exited;
    await tell('enable', 'fleet');
    await again();
    assert.deepEqual([(await row('fleet')).state, (await row('depot')).state], ['running', 'running']);
  });

  it('gets back by one enable what was quarantined and disabled, in the version that is asked for', async () => {
    const file = path.join(server.data, 'modules.json');
    putFleet(modules, 2);
    fs.writeFileSync(file, JSON.stringify({ fleet: { version: idOf(5), enabled: false, quarantined: true } }));
    await again();
    assert.equal((await row('fleet')).state, 'disabled');
    const none = await head.post('/api/v1/modules/fleet/enable', { version: '9.9.9' }, { expect: 409 });
    assert.equal(none.json.code, 'module_no_version');
    const back = (await head.post('/api/v1/modules/fleet/enable', { version: '1.4.0' }, { expect: 200 })).json;
    assert.deepEqual([back.state, back.version], ['running', idOf(5)]);
    const kept = JSON.parse(fs.readFileSync(file)).fleet;
    assert.deepEqual([kept.enabled, kept.quarantined], [true, undefined]);
  });

  it('is refused, by name, when the version that gives it is gone; what ran still runs', async () => {
    fs.rmSync(path.join(modules, 'fleet', idOf(5)), { recursive: true });
    const { code, err } = await server.command('tz', 'apply', server.tz);
    assert.notEqual(code, 0);
    assert.match(err, /fleet/);
    await until(async () => (await row('fleet')).state === 'running', 'what ran to run still');
  });
});
