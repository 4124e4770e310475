// Settings of modules on a running server (S-39, S-71, S-72): seen, changed without a restart, refused by name, kept, and put
// aside when another version of the module does not take them.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fleetFolder, fleetTz } from '../harness/fleet.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer, writeTz } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const SETTINGS = '/api/v1/modules/fleet/settings';
const SECRET = 'тайна-42';
const withSettings = (given) => fleetTz.replace('modules: auto', `modules: auto\nsettings:\n  fleet: ${given}`);
const tz = withSettings('{wait: 20m}');
const MINUTE = 60000;

let modules, server, head;

before(async () => {
  modules = fleetFolder([1, 2]);
  server = await startServer({ modules, tz, time: '2027-01-18T07:00:00Z', env: { KARKAS_SECRET_FLEET_KEY: SECRET } });
  head = await server.as('ivanova');
});
after(async () => {
  await server?.stop();
  fs.rmSync(modules, { recursive: true, force: true });
});

const list = async () => (await head.get(SETTINGS, { expect: 200 })).json;
const named = async (name) => (await list()).settings.find((s) => s.name === name);
const set = (body, expect = 200, headers = {}) => head.patch(SETTINGS, body, { expect, headers });
const seen = async (name) => (await head.get(`/api/v1/fleet/setting/${name}`, { expect: 200 })).json.json;
const apply = async (text) => (await server.command('tz', 'apply', writeTz(server.home, text))).code;
const again = async () => {
  await server.restart();
  head = await server.as('ivanova');
};

/** As the ТЗ and the module have them. */
const forget = async () => {
  const all = await list();
  const changed = all.settings.filter((s) => s.changed && !(s.required && s.default === null && s.tz === null));
  await set(Object.fromEntries([...changed, ...all.aside].map((s) => [s.name, null])));
};

describe('the list of settings', () => {
  it('says what each is, what gives its value and what would be taken', async () => {
    const reply = await head.get(SETTINGS, { expect: 200 });
    assert.equal(reply.json.module, 'fleet');
    assert.equal(reply.headers.etag, `"${reply.json.rev}"`);
    assert.deepEqual(reply.json.settings.map((s) => s.name), ['wait', 'rate', 'greeting', 'plates', 'strict', 'key', 'seats']);
    assert.deepEqual(reply.json.settings[0], {
      name: 'wait', type: 'duration', label: 'Сколько ждать', help: 'После этого времени заявка уходит другому', required: false,
      min: 0, max: 120 * MINUTE, max_length: null, scale: null, choices: null, default: 10 * MINUTE, tz: 20 * MINUTE,
      value: 20 * MINUTE, from: 'tz', missing: false, given: null, changed: null,
    });
    const rate = await named('rate'), plates = await named('plates'), seats = await named('seats'), greeting = await named('greeting');
    assert.deepEqual([rate.value, rate.default, rate.tz, rate.from, rate.max, rate.scale], ['1.50', '1.50', null, 'default', '100.00', 2]);
    assert.deepEqual(plates.choices, [{ value: 'old', label: 'Прежние' }, { value: 'new', label: 'Новые' }]);
    assert.deepEqual([seats.value, seats.required, seats.missing], [null, true, true]);
    assert.deepEqual([greeting.max_length, greeting.help, greeting.missing], [20, null, false]);
    assert.equal(await seen('wait'), String(20 * MINUTE));
    assert.equal(await seen('seats'), 'null');
  });

  it('is for those with the function settings, of modules that are in force', async () => {
    const petrov = await server.as('petrov');
    assert.equal((await petrov.get(SETTINGS, { asWritten: true })).status, 403);
    assert.equal((await petrov.patch(SETTINGS, { wait: '5m' }, { asWritten: true })).status, 403);
    assert.equal(await seen('wait'), String(20 * MINUTE));
    const none = await head.get('/api/v1/modules/nothing/settings', { expect: 404 });
    assert.equal(none.json.code, 'module_not_in_force');
    assert.equal((await head.patch('/api/v1/modules/nothing/settings', {}, { expect: 404 })).json.code, 'module_not_in_force');
    const wrong = await head.request('DELETE', SETTINGS, undefined, { asWritten: true });
    assert.deepEqual([wrong.status, wrong.headers.allow], [405, 'GET, HEAD, PATCH']);
    assert.deepEqual((await head.get('/api/v1/modules/contacts/settings', { expect: 200 })).json.settings, []);
  });
});

describe('a setting', () => {
  beforeEach(forget);

  it('is changed without a restart, and the module sees it at its next call', async () => {
    const { json, headers } = await set({ wait: '90m', strict: true, rate: '2,5' });
    assert.equal(headers.etag, `"${json.rev}"`);
    const wait = json.settings[0];
    assert.deepEqual([wait.value, wait.from, wait.tz], [90 * MINUTE, 'server', 20 * MINUTE]);
    assert.equal(wait.changed.by.label, 'Анна Иванова');
    assert.equal(wait.changed.at, '2027-01-18T07:00:00.000Z');
    assert.deepEqual([await seen('wait'), await seen('strict'), await seen('rate')], [String(90 * MINUTE), 'true', '"2.50"']);
  });

  it('goes back to the value of the ТЗ, or of the module, by null', async () => {
    await set({ wait: '90m', rate: 7, seats: 5 });
    await set({ wait: null, rate: null });
    assert.deepEqual([(await named('wait')).from, await seen('wait')], ['tz', String(20 * MINUTE)]);
    assert.deepEqual([(await named('rate')).from, await seen('rate')], ['default', '"1.50"']);
    const { json } = await set({ seats: null }, 422);
    assert.deepEqual(json.fields.map((f) => [f.field, f.code]), [['seats', 'required']], 'nothing gives it a value then');
    assert.equal(await seen('seats'), '5');
  });

  it('is refused with what was expected, each by its name, and then none is changed', async () => {
    const { rev } = await list();
    const wrong = { wait: '15', rate: '1.234', greeting: ' ', plates: 'odd', strict: 'maybe', seats: 61, key: SECRET, watt: '1m', nonsuch: 1 };
    const { json, text } = await set({ ...wrong, greting: null }, 422);
    assert.equal(json.code, 'invalid');
    const codes = Object.fromEntries(json.fields.map((f) => [f.field, f.code]));
    assert.deepEqual(codes, {
      wait: 'setting_duration', rate: 'setting_decimal', greeting: 'required', plates: 'setting_choice', strict: 'setting_bool',
      seats: 'setting_range', key: 'setting_secret', watt: 'unknown_setting_near', nonsuch: 'unknown_setting', greting: 'unknown_setting_near',
    });
    const said = (name) => json.fields.find((f) => f.field === name).detail;
    assert.equal(said('wait'), 'Здесь ожидается срок с единицей, например 15m, 2h или 3d.');
    assert.equal(said('seats'), 'Здесь ожидается значение от 1 до 60.');
    assert.equal(said('plates'), 'Здесь может стоять: old, new.');
    assert.equal(said('watt'), 'У модуля нет такой настройки, есть wait.');
    assert.doesNotMatch(text, new RegExp(SECRET));
    assert.equal((await list()).rev, rev);
    assert.equal((await set({ wait: '3h' }, 422)).json.fields[0].detail, 'Здесь ожидается значение от 0s до 2h.');
    head.lang = 'en';
    const { fields } = (await set({ greeting: 'x'.repeat(21) }, 422)).json;
    head.lang = 'ru';
    assert.deepEqual([fields[0].code, fields[0].detail], ['too_long', 'Too long: at most 20 characters.']);
    const odd = await head.patch(SETTINGS, '["wait"]', { raw: true, asWritten: true });
    assert.deepEqual([odd.status, odd.json.code], [400, 'bad_json']);
  });

  it('is not overwritten by who saw an older state', async () => {
    const { rev } = await list();
    await set({ wait: '30m' }, 200, { 'if-match': `"${rev}"` });
    const late = await set({ wait: '40m' }, 412, { 'if-match': `"${rev}"` });
    assert.equal(late.json.code, 'stale');
    assert.equal(late.json.record.settings[0].value, 30 * MINUTE);
    await set({ wait: '40m' }, 200, { 'if-match': `"${late.json.record.rev}"` });
    assert.equal(await seen('wait'), String(40 * MINUTE));
  });

  it('that is changed is told to pages of those who may know it', async () => {
    const petrov = await server.as('petrov');
    const streams = [await head.events(), await petrov.events()];
    const told = (stream) => stream.seen.filter((e) => e.event === 'record' && e.data.entity === 'setting');
    await set({ wait: '70m' });
    await until(() => told(streams[0]).length > 0, 'the change to be told');
    assert.ok(told(streams[0])[0].data.fields.includes('value'));
    assert.doesNotMatch(JSON.stringify(streams[0].seen), new RegExp(String(70 * MINUTE)), 'and not what it is');
    await petrov.post('/api/v1/tasks.task', { title: 'Потом' }, { expect: 201 });
    await until(() => streams[1].seen.some((e) => e.data?.entity === 'tasks.task'), 'a later change');
    assert.deepEqual(told(streams[1]), []);
    streams.forEach((s) => s.close());
  });

  it('that is a secret is its name only', async () => {
    const { json, text } = await set({ key: { secret: 'FLEET_KEY' } });
    const key = json.settings.find((s) => s.name === 'key');
    assert.deepEqual([key.value, key.given], [{ secret: 'FLEET_KEY' }, true]);
    await set({ key: { secret: 'NOBODY_GAVE' } });
    assert.equal((await named('key')).given, false);
    await set({ key: { secret: 'FLEET_KEY' } });
    assert.equal(await seen('key'), '{"secret":"FLEET_KEY"}');
    for (const told of [text, (await head.get(SETTINGS)).text, server.log]) assert.doesNotMatch(told, new RegExp(SECRET));
  });

  it('has its values over a restart', async () => {
    await set({ wait: '90m', seats: 12 });
    const { rev } = await list();
    await again();
    assert.deepEqual([await seen('wait'), await seen('seats')], [String(90 * MINUTE), '12']);
    assert.equal((await list()).rev, rev);
    assert.equal((await named('wait')).changed.by.label, 'Анна Иванова');
  });

  it('has its values when its module went off and on', async () => {
    await set({ seats: 12 });
    assert.equal(await apply(dealer), 0);
    assert.equal((await head.get(SETTINGS, { expect: 404 })).json.code, 'module_not_in_force');
    await head.post('/api/v1/modules/fleet/enable', { version: 'bundled' }, { expect: 200 });
    assert.equal(await seen('seats'), '12');
    await head.post('/api/v1/modules/fleet/disable', undefined, { expect: 200 });
    await head.get(SETTINGS, { expect: 404 });
    await head.post('/api/v1/modules/fleet/enable', { version: 'bundled' }, { expect: 200 });
    assert.equal(await seen('seats'), '12');
    assert.equal((await named('wait')).from, 'default', 'the ТЗ of now says nothing about it');
    assert.equal(await apply(tz), 0);
    assert.equal((await named('wait')).from, 'tz');
  });

  it('that was changed here wins over the ТЗ of now and the next', async () => {
    await set({ wait: '90m' });
    assert.equal(await apply(withSettings('{wait: 40m, plates: new}')), 0);
    const wait = await named('wait');
    assert.deepEqual([wait.value, wait.from, wait.tz], [90 * MINUTE, 'server', 40 * MINUTE]);
    assert.deepEqual([(await named('plates')).from, await seen('plates')], ['tz', '"new"']);
    await set({ wait: null });
    assert.equal(await seen('wait'), String(40 * MINUTE));
    assert.equal(await apply(tz), 0);
  });

  it('of the ТЗ that does not fit refuses it with its place', async () => {
    const file = writeTz(server.home, withSettings('{wait: 3h, plate: old}'));
    const { code, out, err } = await server.command('tz', 'apply', file);
    assert.equal(code, 1);
    assert.match(out + err, /tz\.yaml:\d+:\d+: «3h» вне допустимого: 0s\.\.2h/);
    assert.match(out + err, /tz\.yaml:\d+:\d+: у модуля нет настройки «plate», есть «plates»/);
    assert.equal(await seen('wait'), String(20 * MINUTE));
  });
});

describe('the job of a setting', () => {
  beforeEach(async () => {
    await forget();
    await server.advance('1s');
    head = await server.as('ivanova');
  });

  /** What `wait` was each time the job was told. */
  const told = async () => {
    await server.advance('1s');
    head = await server.as('ivanova');
    return (await head.get('/api/v1/fleet.heard?position.none=1&sort=id&limit=200')).json.rows.map((r) => r.car / MINUTE);
  };

  it('is told once the value in force is another, with that value', async () => {
    const before = await told();
    await set({ wait: '30m' });
    assert.deepEqual((await told()).slice(before.length), [30]);
    await set({ wait: '30m' });
    await set({ wait: '35m', seats: 99 }, 422);
    await set({ rate: 3 });
    assert.deepEqual((await told()).slice(before.length), [30], 'what leaves it as it is tells nobody');
    await set({ wait: null });
    assert.deepEqual((await told()).slice(before.length), [30, 20]);
    await set({ wait: '20m' });
    assert.deepEqual((await told()).slice(before.length), [30, 20], 'the value of the ТЗ was in force before');
  });

  it('is told of another value of the ТЗ, unless one of the server hides it', async () => {
    const before = await told();
    assert.equal(await apply(withSettings('{wait: 50m}')), 0);
    assert.deepEqual((await told()).slice(before.length), [50]);
    await set({ wait: '5m' });
    assert.equal(await apply(tz), 0);
    assert.deepEqual((await told()).slice(before.length), [50, 5]);
  });

  it('waits while the code of its module does not run', async () => {
    const before = await told();
    await head.post('/api/v1/modules/fleet/upgrade', { version: '1.1.0' }, { expect: 200 }); // --safe is about installed ones
    server.options.args = ['--safe'];
    await again();
    await set({ wait: '45m' });
    server.options.args = [];
    await again();
    await server.advance('3h');
    assert.deepEqual((await told()).slice(before.length), [45]);
    await head.post('/api/v1/modules/fleet/rollback', undefined, { expect: 200 });
  });
});

describe('another version of the module', () => {
  beforeEach(forget);

  const notices = async () => (await head.list('notification')).filter((n) => n.kind === 'settings').map((n) => n.text);

  it('puts aside what it does not take, tells it once, and loses nothing', async () => {
    await set({ wait: '90m', seats: 12, rate: '2.5' });
    const before = (await notices()).length;
    await head.post('/api/v1/modules/fleet/upgrade', { version: '1.1.0' }, { expect: 200 });
    const now = await list();
    const wait = now.settings.find((s) => s.name === 'wait');
    assert.deepEqual([wait.value, wait.from, wait.max], [20 * MINUTE, 'tz', 60 * MINUTE]);
    assert.equal(await seen('wait'), String(20 * MINUTE));
    assert.equal(await seen('rate'), '"2.50"');
    assert.deepEqual(now.aside.map((s) => [s.name, s.value, s.code]), [['wait', 90 * MINUTE, 'setting_range'], ['seats', 12, 'unknown_setting']]);
    assert.equal(now.aside[0].detail, 'Здесь ожидается значение от 0s до 1h.');
    await again();
    const texts = await notices();
    assert.equal(texts.length, before + 2, 'told once, not again by the start');
    for (const name of ['wait', 'seats']) assert.ok(texts.some((text) => text.includes(`настройки ${name} `)), texts.join('\n'));
    await head.post('/api/v1/modules/fleet/rollback', undefined, { expect: 200 });
    assert.deepEqual([await seen('wait'), await seen('seats')], [String(90 * MINUTE), '12']);
    assert.deepEqual((await list()).aside, []);
  });

  it('lets go of it by null, and takes another value in its place', async () => {
    await set({ wait: '90m', seats: 12 });
    await head.post('/api/v1/modules/fleet/upgrade', { version: '1.1.0' }, { expect: 200 });
    assert.equal((await set({ seats: 5 }, 422)).json.fields[0].code, 'unknown_setting');
    const { json } = await set({ seats: null, wait: '45m' });
    assert.deepEqual(json.aside, []);
    assert.equal(await seen('wait'), String(45 * MINUTE));
    await head.post('/api/v1/modules/fleet/rollback', undefined, { expect: 200 });
    assert.equal(await seen('seats'), 'null');
  });
});

describe('karkas module settings', () => {
  beforeEach(forget);

  const tell = async (...args) => {
    const { code, out, err } = await server.command(...args);
    assert.equal(code, 0, out + err);
    return out;
  };
  const refuse = async (...args) => {
    const { code, out, err } = await server.command(...args);
    assert.equal(code, 1, out + err);
    return out + err;
  };

  it('shows and changes them', async () => {
    assert.match(await tell('module', 'settings', 'fleet'), /^wait +20m +из ТЗ\n {4}Сколько ждать$/m);
    const out = await tell('module', 'settings', 'fleet', 'wait=90m', 'plates=new', 'key=secret:FLEET_KEY');
    assert.match(out, /^wait +90m +изменено на сервере, в ТЗ 20m$/m);
    assert.match(out, /^plates +new +изменено на сервере, обычное old$/m);
    assert.match(out, /^key +secret:FLEET_KEY +/m);
    assert.doesNotMatch(out, new RegExp(SECRET));
    assert.equal(await seen('wait'), String(90 * MINUTE));
    assert.equal((await named('wait')).changed.by, null);
    assert.match(await tell('module', 'settings', 'fleet', 'wait='), /^wait +20m +из ТЗ$/m);
    assert.match(await tell('--lang', 'en', 'module', 'settings', 'fleet'), /^wait +20m +from the ТЗ$/m);
    assert.match(await tell('module', 'settings', 'contacts'), /у модуля нет настроек/);
  });

  it('names what is wrong and changes nothing then', async () => {
    const said = await refuse('module', 'settings', 'fleet', 'wait=soon', 'plates=new');
    assert.match(said, /^wait: Здесь ожидается срок с единицей/m);
    assert.match(said, /^ничего не изменено$/m);
    assert.equal(await seen('plates'), '"old"');
    assert.match(await refuse('--lang', 'en', 'module', 'settings', 'fleet', `key=${SECRET}`), /^key: The secret itself is not written here/m);
    assert.match(await refuse('module', 'settings', 'fleet', 'wait'), /КЛЮЧ=ЗНАЧЕНИЕ/);
    assert.match(await refuse('module', 'settings', 'nothing'), /такого модуля нет, или он выключен/);
  });

  it('is told by an upgrade what the version does not take', async () => {
    await set({ wait: '90m' });
    assert.match(await tell('module', 'upgrade', 'fleet', '1.1.0'), /^ {4}wait +90m +отложено: Здесь ожидается значение от 0s до 1h\.$/m);
    assert.doesNotMatch(await tell('module', 'rollback', 'fleet'), /отложено/);
  });

  it('stands in the help', async () => {
    assert.match(await tell('module', 'settings', '--help'), /^ {2}karkas module settings ИМЯ \[КЛЮЧ=ЗНАЧЕНИЕ …\]/m);
    assert.match(await tell('--lang', 'en', 'module', 'settings', '--help'), /^ {2}karkas module settings NAME \[KEY=VALUE …\]/m);
  });
});

describe('changes of settings', () => {
  const changes = async (query = '') => (await head.get(`${SETTINGS}/changes${query}`, { expect: 200 })).json;
  const undo = (body, expect) => head.post(`${SETTINGS}/undo`, body, { expect });

  it('are told with who, when and both values, the newest first and in pages', async () => {
    await forget();
    await set({ wait: '30m' });
    await set({ wait: '40m', rate: '2' });
    await set({ wait: null, key: { secret: 'FLEET_KEY' } });
    const first = await changes('?limit=2');
    assert.deepEqual(first.rows.map((r) => [r.name, r.old, r.new]), [['key', null, { secret: 'FLEET_KEY' }], ['wait', 40 * MINUTE, null]]);
    const [, wait] = first.rows;
    assert.deepEqual([wait.label, wait.via], ['Сколько ждать', 'api']);
    assert.equal(wait.by.id, (await head.get('/api/v1/meta', { expect: 200 })).json.user.id);
    assert.match(wait.at, /^2027-01-.*Z$/);
    const second = await changes(`?limit=2&before=${first.next}`);
    assert.deepEqual(second.rows.map((r) => [r.name, r.old, r.new]), [['rate', null, '2.00'], ['wait', 30 * MINUTE, 40 * MINUTE]]);
    assert.equal((await head.get(`${SETTINGS}/changes?limit=0`, { expect: 422 })).json.fields[0].code, 'out_of_range');
    assert.equal((await head.get(`${SETTINGS}/changes?before=x`, { expect: 400 })).json.code, 'bad_cursor');
  });

  it('are taken back one by one while they hold, and that is a change, too', async () => {
    const { rows } = await changes('?limit=4');
    const [key, last, rate, earlier] = rows;
    const after = (await undo({ name: 'rate', change: rate.position }, 200)).json;
    assert.deepEqual(after.settings.find((s) => s.name === 'rate').from, 'default');
    assert.equal((await undo({ name: 'wait', change: earlier.position }, 409)).json.code, 'changed_since');
    await undo({ name: 'wait', change: last.position }, 200);
    assert.equal(await seen('wait'), String(40 * MINUTE), 'in force at once');
    await undo({ name: 'wait', change: earlier.position }, 200);
    assert.equal((await named('wait')).value, 30 * MINUTE);
    const [newest] = (await changes('?limit=1')).rows;
    assert.deepEqual([newest.name, newest.old, newest.new], ['wait', 40 * MINUTE, 30 * MINUTE]);
    assert.equal((await undo({ name: 'rate', change: key.position }, 400)).json.code, 'bad_cursor', 'of another setting');
    await undo({ name: 'nothing', change: key.position }, 404);
    assert.equal((await undo({ name: 'key' }, 422)).json.fields[0].field, 'change');
    await undo({ name: 'key', change: key.position }, 200);
    await forget();
  });

  it('are for those with the function settings', async () => {
    const petrov = await server.as('petrov');
    assert.equal((await petrov.get(`${SETTINGS}/changes`, { asWritten: true })).status, 403);
    assert.equal((await petrov.post(`${SETTINGS}/undo`, { name: 'wait', change: 'x' }, { asWritten: true })).status, 403);
  });
});
