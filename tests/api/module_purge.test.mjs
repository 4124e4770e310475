// What is left of a module that is off goes for ever, and whoever installs it again begins anew.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fleetFolder, fleetTz, idOf, putFleet } from '../harness/fleet.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer, withFiles, writeTz } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const GARAGE = 'garage/1.0.0-aaaaaaaaaaaa';
const MODULES = {
  [GARAGE]: `module: garage
version: 1.0.0
entities:
  slot:
    title: name
    timeline: true
    fields:
      name: {type: text, required: true, max: 50}
      photo: {type: file}
extends:
  sales.deal:
    slot: {type: ref, to: garage.slot}
    wheels: {type: int}
settings:
  limit: {type: int, default: 3}
`,
  parking: `module: parking
version: 1.0.0
entities:
  place:
    title: name
    fields:
      name: {type: text, required: true, max: 50}
      slot: {type: ref, to: garage.slot, optional: true}
`,
  valet: 'module: valet\nversion: 1.0.0\nneeds: [garage]\n',
};
const LATER = 'garage/2.0.0-bbbbbbbbbbbb';
MODULES[LATER] = MODULES[GARAGE].replace('1.0.0', '2.0.0');
const rights = (names) => names.map((name) => `\n      ${name}: {read: all, create: all, update: all}`).join('');
const withRights = (...names) =>
  withFiles(
    dealer
      .replace('bulk: [head, manager]', 'bulk: [head, manager]\n  import: [head]')
      .replace('tasks.task: {read: team, create: team, update: team}', (line) => line + rights(names)),
  );

/** As an administrator would put it there: root's, or the server's own to remove. */
function put(dir, name, isServers = false) {
  const into = path.join(dir, name);
  const texts = MODULES[name];
  const [own] = name.split('/');
  const keys = [...texts.matchAll(/^ {2}(\w+):$/gm)].map((m) => m[1]);
  const strings = [`${own}.title: ${own}`, ...keys.filter((k) => k !== 'sales').flatMap((k) => ['one', 'many', 'count'].map((w) => `${own}.${k}.${w}: ${k}`))];
  fs.mkdirSync(path.join(into, 'locales'), { recursive: true });
  fs.writeFileSync(path.join(into, 'module.yaml'), texts);
  for (const lang of ['ru', 'en']) fs.writeFileSync(path.join(into, `locales/${lang}.yaml`), `${strings.join('\n')}\n`);
  if (isServers && process.getuid() === 0) execFileSync('chown', ['-R', 'nobody', dir]);
}

const ended = (head, id) =>
  until(async () => {
    const batch = (await head.get(`/api/v1/batch/${id}`, { expect: 200 })).json;
    return ['done', 'failed', 'canceled'].includes(batch.state) && batch;
  }, 'the end of the batch', 60000);

describe('purging a module', () => {
  const named = withRights('garage.slot', 'parking.place');
  const without = withRights('parking.place');
  let modules, server, head, one, hook;
  before(async () => {
    modules = fleetFolder([]);
    for (const name of Object.keys(MODULES).filter((one) => one !== LATER)) put(modules, name);
    server = await startServer({ modules, tz: named });
    head = await server.as('ivanova');
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  const apply = async (text) => {
    const { code, err, out } = await server.command('tz', 'apply', writeTz(server.home, text));
    assert.equal(code, 0, out + err);
  };
  const act = (name, verb) => head.post(`/api/v1/modules/${name}/${verb}`, undefined, { expect: 200 });
  const purge = (body, options) => head.post('/api/v1/modules/garage/purge', body, options);
  const plan = async () => (await head.post('/api/v1/modules/garage/purge?check=1', {}, { expect: 200 })).json;
  const refusal = async () => {
    const { json } = await purge({ name: 'garage' }, { expect: 409 });
    return [json.code, json.params?.by];
  };
  const row = async () => (await head.get('/api/v1/modules', { expect: 200 })).json.modules.find((m) => m.name === 'garage');
  const slots = async () => (await head.get('/api/v1/garage.slot', { expect: 200 })).json.rows;

  it('is refused by name of who needs it, and while it is on', async () => {
    const slot = (name, more = {}) => head.post('/api/v1/garage.slot', { name, ...more }, { expect: 201 });
    const file = (await head.request('POST', '/api/v1/file?name=a.txt', Buffer.from('бокс'), { raw: true, headers: { 'content-type': 'application/octet-stream' }, expect: 201 })).json;
    const first = (await slot('Бокс 1', { photo: file.id })).json;
    await slot('Бокс 2');
    await slot('Бокс 3');
    await head.post('/api/v1/garage.slot_notes', { record: first.id, text: 'Протекает крыша' }, { expect: 201 });
    assert.equal((await head.get('/api/v1/garage.slot_notes', { expect: 200 })).json.rows.length, 1);
    for (const name of ['А', 'Б']) await head.post('/api/v1/parking.place', { name, slot: first.id }, { expect: 201 });
    one = (await head.post('/api/v1/sales.deal', { title: 'Кран', slot: first.id, wheels: 47110 }, { expect: 201 })).json;
    const { json } = await head.get('/api/v1/modules/garage/settings', { expect: 200 });
    await head.patch('/api/v1/modules/garage/settings', { limit: 7 }, { headers: { 'if-match': `"${json.rev}"` }, expect: 200 });
    await server.tell('user', 'service', 'robot', 'Робот', 'head');
    const [robot] = (await head.get(`/api/v1/user?name=${encodeURIComponent('Робот')}`, { expect: 200 })).json.rows;
    hook = (await head.post('/api/v1/webhooks', { name: 'slots', user: robot.id, entity: 'garage.slot', url: 'https://example.com/hook' }, { expect: 201 })).json;
    assert.deepEqual(await refusal(), ['module_needed_by_tz', undefined]);
    await apply(without);
    await act('valet', 'enable');
    assert.deepEqual(await refusal(), ['module_needed_by', 'valet']);
    await act('valet', 'disable');
    await act('garage', 'enable');
    assert.deepEqual(await refusal(), ['module_active', undefined]);
    await act('garage', 'disable');
    assert.equal((await head.post('/api/v1/modules/nothing/purge', { name: 'nothing' }, { expect: 404 })).json.code, 'unknown_module');
  });

  it('is refused while a webhook tells of its records', async () => {
    const { json } = await purge({ name: 'garage' }, { expect: 409 });
    assert.deepEqual([json.code, json.params.where], ['module_in_use', 'webhook slots']);
    await head.del(`/api/v1/webhooks/${hook.id}`);
  });

  it('says what would go and wants the name; what refers to its records is told, too', async () => {
    const said = await plan();
    assert.deepEqual(said.entities, [{ entity: 'garage.slot', rows: 3, files: 1 }]);
    assert.deepEqual(said.fields.map((f) => [`${f.entity}.${f.field}`, f.rows]), [['sales.deal.slot', 1], ['sales.deal.wheels', 1], ['parking.place.slot', 2]]);
    assert.deepEqual([said.ok, said.rows, said.files, said.settings, said.versions], [true, 7, 1, 1, ['1.0.0-aaaaaaaaaaaa']]);
    const unsaid = await purge({ name: 'garag' });
    assert.deepEqual([unsaid.status, unsaid.json.fields[0].code], [422, 'name_differs']);
    assert.equal((await plan()).rows, 7, 'nothing has gone');
  });

  it('is for who holds the functions settings and delete', async () => {
    head.bearer = (await head.post('/api/v1/tokens', { name: 'Без удаления', access: 'write', functions: ['settings'] }, { expect: 201 })).json.token;
    const denied = await purge({ name: 'garage' });
    head.bearer = '';
    assert.equal(denied.status, 403, denied.text);
    const petrov = await server.as('petrov');
    assert.equal((await petrov.post('/api/v1/modules/garage/purge', { name: 'garage' }, { asWritten: true })).status, 403);
  });

  it('takes records, fields, references, settings; installed again, the module begins anew', async () => {
    const started = (await purge({ name: 'garage' }, { expect: 202 })).json;
    const batch = await ended(head, started.change.batch);
    assert.deepEqual([batch.kind, batch.state, batch.changed, batch.error], ['purge', 'done', 7, null]);
    assert.equal((await head.post(`/api/v1/batch/${batch.id}/undo`)).json.code, 'model_stays');
    const left = await row();
    if (started.removable) {
      assert.equal(left, undefined);
    } else {
      assert.deepEqual([left.state, left.purging], ['off', null]);
      const { rows } = (await head.get(`/api/v1/batch/${batch.id}/rows?kind=warning`, { expect: 200 })).json;
      assert.deepEqual(rows.map((r) => r.code), ['module_files_stay']);
      assert.match(rows[0].detail, /karkas module uninstall garage/);
    }
    put(modules, GARAGE);
    await apply(named);
    assert.deepEqual(await slots(), []);
    const deal = (await head.get(`/api/v1/sales.deal/${one.id}`, { expect: 200 })).json;
    assert.deepEqual([deal.slot, deal.wheels], [null, null]);
    const history = await head.get(`/api/v1/sales.deal/${one.id}/history`, { expect: 200 });
    assert.equal(history.text.includes('47110'), false);
    const later = (await head.post('/api/v1/garage.slot', { name: 'Новый' }, { expect: 201 })).json;
    assert.equal(later.id, 1, 'the number that a purged record had');
    assert.deepEqual((await head.get('/api/v1/garage.slot_notes', { expect: 200 })).json.rows, []);
    const places = (await head.get('/api/v1/parking.place', { expect: 200 })).json.rows;
    assert.deepEqual(places.map((p) => p.slot ?? null), [null, null], 'a reference would lead to another record of that number');
    const [limit] = (await head.get('/api/v1/modules/garage/settings', { expect: 200 })).json.settings;
    assert.deepEqual([limit.value, limit.from], [3, 'default']);
  });

  it('goes on over kill -9, and the module is not turned on meanwhile', async () => {
    const lines = Array.from({ length: 9000 }, (_, i) => `Бокс ${i}`).join('\n');
    const file = await head.request('POST', '/api/v1/import/garage.slot?name=a.csv', `name\n${lines}\n`, {
      raw: true,
      headers: { 'content-type': 'application/octet-stream' },
      expect: 201,
    });
    await head.post(`/api/v1/import/${file.json.id}/run`, { columns: ['name'], mode: 'create' }, { expect: 202 });
    await until(async () => (await head.get(`/api/v1/import/${file.json.id}`, { expect: 200 })).json.run?.state === 'done', 'the import');
    await apply(without);
    const started = (await purge({ name: 'garage' }, { expect: 202 })).json;
    assert.equal(started.rows, 9001);
    const [byText, again, enabled, byAnother] = await Promise.all([
      server.command('tz', 'apply', writeTz(server.home, named)),
      purge({ name: 'garage' }),
      head.post('/api/v1/modules/garage/enable', undefined, {}),
      head.post('/api/v1/modules/valet/enable', undefined, {}),
    ]);
    const { state } = (await head.get(`/api/v1/batch/${started.change.batch}`, { expect: 200 })).json;
    assert.ok(['waiting', 'running'].includes(state), `nothing was tried meanwhile: ${state}`);
    assert.deepEqual([again.json.code, enabled.json.code], ['module_purging', 'module_purging']);
    assert.deepEqual([byAnother.status, byAnother.json.code], [409, 'module_refused']);
    assert.match(byAnother.json.detail, /^garage: .*выключен/);
    assert.match(byText.out + byText.err, /garage: .*выключен/);
    writeTz(server.home, named); // a start reads the file anew
    put(modules, LATER, true);
    await server.kill();
    const offline = await server.command('module', 'enable', 'garage');
    assert.deepEqual([offline.code, /удаляется навсегда|Дождитесь конца операции/.test(offline.out + offline.err)], [1, true], offline.out + offline.err);
    await server.start();
    assert.match(server.log, /event=tz\.refused .*garage: модуль нужен ТЗ или другому модулю, а выключен: он удаляется навсегда/);
    head = await server.as('ivanova');
    writeTz(server.home, without);
    const batch = await ended(head, started.change.batch);
    assert.deepEqual([batch.state, batch.error], ['done', null]);
    assert.equal(fs.existsSync(path.join(modules, GARAGE)), false);
    assert.ok(fs.existsSync(path.join(modules, LATER)), 'it was installed meanwhile');
    fs.rmSync(path.join(modules, LATER), { recursive: true });
    put(modules, GARAGE);
    await apply(named);
    assert.deepEqual(await slots(), []);
  });

  it('takes what the ТЗ’s rights named of it: installed again, its fields are seen by nobody they were not given to', async () => {
    const fields = async () => Object.keys((await head.get(`/api/v1/sales.deal/${one.id}`, { expect: 200, asWritten: true })).json);
    await apply(without);
    await act('garage', 'enable');
    await apply(without.replace('version: "1.0"', 'version: "1.1"'));
    assert.ok((await fields()).includes('wheels'), 'a role without a list of fields sees those that were there');
    await act('garage', 'disable');
    assert.equal((await plan()).rights, 5); // two of slots, two of deals, one of places
    const { change } = (await purge({ name: 'garage' }, { expect: 202 })).json;
    assert.equal((await ended(head, change.batch)).state, 'done');
    put(modules, GARAGE);
    await act('garage', 'enable');
    assert.ok(!(await fields()).includes('wheels'));
  });
});

describe('purging a module with code', () => {
  let modules, server, head;
  before(async () => {
    modules = fleetFolder([]);
    putFleet(modules, 2);
    if (process.getuid() === 0) execFileSync('chown', ['-R', 'nobody', modules]);
    server = await startServer({ modules, tz: fleetTz, args: ['--safe'] });
    head = await server.as('ivanova');
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  const apply = async (text) => (await server.command('tz', 'apply', writeTz(server.home, text))).code;

  it('by command, which shows first: its due work goes and so do the files that the server may remove', async () => {
    await head.post('/api/v1/fleet.car', { plate: 'А001АА' }, { expect: 201 });
    const { json } = await head.get('/api/v1/modules/fleet/settings', { expect: 200 });
    await head.patch('/api/v1/modules/fleet/settings', { wait: '5m' }, { headers: { 'if-match': `"${json.rev}"` }, expect: 200 });
    const early = await server.command('module', 'purge', 'fleet', 'fleet');
    assert.equal(early.code, 1);
    assert.match(early.out + early.err, /ТЗ называет модуль fleet/);
    assert.equal(await apply(dealer), 0);
    const shown = await server.tell('module', 'purge', 'fleet');
    assert.match(shown, /fleet\.car: записей 1/);
    assert.match(shown, /настроек 1, отложенных дел 1/);
    assert.match(shown, /karkas module purge fleet fleet/);
    assert.ok(fs.existsSync(path.join(modules, 'fleet', idOf(2))), 'only shown');
    assert.match(await server.tell('module', 'purge', 'fleet', 'fleet'), /удаляется, операция \d+/);
    await until(() => !fs.existsSync(path.join(modules, 'fleet')), 'the files to go');
    await until(async () => !/fleet/.test(await server.tell('module', 'list')), 'the module to be gone');
    putFleet(modules, 2);
    const plan = (await head.post('/api/v1/modules/fleet/purge?check=1', {}, { expect: 200 })).json;
    assert.deepEqual([plan.entities, plan.jobs, plan.settings, plan.rows], [[], 0, 0, 0]);
    assert.deepEqual(JSON.parse(fs.readFileSync(path.join(server.data, 'modules.json'), 'utf8')).fleet, undefined);
  });

  it('goes on with files that a kill has left of a version: at a start, and when root takes another one away', async () => {
    const left = path.join(modules, '.purging-garage-1.0.0-aaaaaaaaaaaa');
    const leave = () => {
      fs.mkdirSync(path.join(left, 'ui'), { recursive: true });
      fs.writeFileSync(path.join(left, 'ui/ui.js'), '');
      if (process.getuid() === 0) execFileSync('chown', ['-R', 'nobody', modules]);
    };
    leave();
    await server.restart();
    head = await server.as('ivanova');
    assert.equal(fs.existsSync(left), false);
    leave();
    execFileSync(path.join(server.build, 'karkas'), ['--data', server.data, '--modules', modules, '--dev', 'module', 'uninstall', 'fleet'], { stdio: 'pipe' });
    assert.equal(fs.existsSync(left), false);
    putFleet(modules, 2);
  });

  it('leaves files to root, who takes away none that was chosen to run', async () => {
    const karkas = (...args) => {
      try {
        return [0, execFileSync(path.join(server.build, 'karkas'), ['--data', server.data, '--modules', modules, '--lang', 'ru', '--dev', ...args], { encoding: 'utf8', stdio: 'pipe' })];
      } catch (error) {
        return [error.status, error.stderr];
      }
    };
    assert.equal(await apply(fleetTz), 0);
    const refused = karkas('module', 'uninstall', 'fleet');
    assert.deepEqual([refused[0], /сначала karkas module disable/.test(refused[1])], [1, true]);
    assert.equal(await apply(dealer), 0);
    await head.post('/api/v1/modules/fleet/disable', undefined, { expect: 200 });
    assert.deepEqual(karkas('module', 'uninstall', 'fleet', '9.9.9')[0], 1);
    assert.match(karkas('module', 'uninstall', 'fleet', '1.1.0')[1], /убрано: fleet 1\.1\.0-2+/);
    assert.equal(fs.existsSync(path.join(modules, 'fleet')), false);
  });
});
