// What was retired is purged: values or records, what history holds of them, and the name.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, withFiles } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const ENTITY = '/api/v1/model/entity';
const DEALS = `${ENTITY}/sales.deal/field`;
const tz = withFiles(dealer).replace('bulk: [head, manager]', 'bulk: [head, manager]\n  import: [head]');

const ended = (head, id) =>
  until(async () => {
    const batch = (await head.get(`/api/v1/batch/${id}`, { expect: 200 })).json;
    return ['done', 'failed', 'canceled'].includes(batch.state) && batch;
  }, 'the end of the batch', 60000);

describe('purging what was retired', () => {
  let server, head;
  before(async () => {
    server = await startServer({ tz });
    head = await server.as('ivanova');
  });
  after(() => server.stop());

  const add = (name, declaration) => head.post(DEALS, { name, title: name, roles: ['head'], type: 'text', ...declaration }, { expect: 201 });
  const deal = async (fields) => (await head.post('/api/v1/sales.deal', { title: 'Кран', ...fields }, { expect: 201 })).json;
  const purge = (path, name, options) => head.post(`${path}/purge`, { name }, options);
  const named = async (name) =>
    (await head.get('/api/v1/model', { expect: 200 })).json.entities.find((e) => e.name === 'sales.deal').fields.find((f) => f.name === name);

  it('says what would go, wants the name, and takes values and their past', async () => {
    await add('secret');
    const one = await deal({ secret: 'важно' });
    await head.patch(`/api/v1/sales.deal/${one.id}`, { secret: 'очень важно', title: 'Кран 2' }, { expect: 200 });
    await deal({});
    const active = await purge(`${DEALS}/secret`, 'secret');
    assert.deepEqual([active.status, active.json.code], [409, 'model_active']);
    await head.del(`${DEALS}/secret`, { expect: 200 });
    const plan = (await head.post(`${DEALS}/secret/purge?check=1`, {}, { expect: 200 })).json;
    assert.deepEqual([plan.ok, plan.rows, plan.files], [true, 1, 0]);
    const unsaid = await purge(`${DEALS}/secret`, 'sekret');
    assert.deepEqual([unsaid.status, unsaid.json.fields[0].code], [422, 'name_differs']);
    const started = (await purge(`${DEALS}/secret`, 'secret', { expect: 202 })).json;
    const batch = await ended(head, started.change.batch);
    assert.deepEqual([batch.kind, batch.state, batch.changed, batch.error], ['purge', 'done', 1, null]);
    assert.equal((await head.post(`/api/v1/batch/${batch.id}/undo`)).json.code, 'model_stays');
    assert.equal(await named('secret'), undefined);
    await add('secret');
    assert.equal((await head.get(`/api/v1/sales.deal/${one.id}`, { expect: 200 })).json.secret, null);
    const history = (await head.get(`/api/v1/sales.deal/${one.id}/history`, { expect: 200 })).json.rows;
    assert.equal(JSON.stringify(history).includes('важно'), false);
    assert.equal(history[0].changes.find((c) => c.field === 'title').new, 'Кран 2', 'the rest of the past stays');
  });

  it('takes the notes on its records along: another entity of that name has none', async () => {
    const make = () => head.post(ENTITY, { name: 'own.case', title: 'Дело', roles: ['head'], timeline: true, fields: { subject: { type: 'text', title: 'Предмет' } } }, { expect: 201 });
    const record = async () => (await head.post('/api/v1/own.case', { subject: 'Спор' }, { expect: 201 })).json.id;
    await make();
    const words = (await head.post('/api/v1/own.case_notes', { record: await record(), text: 'Тайное слово' }, { expect: 201 })).json;
    await head.patch(`/api/v1/own.case_notes/${words.id}`, { text: 'Другое тайное слово' }, { expect: 200 });
    await head.del(`${ENTITY}/own.case`, { expect: 200 });
    const started = (await head.post(`${ENTITY}/own.case/purge`, { name: 'own.case' }, { expect: 202 })).json;
    assert.equal((await ended(head, started.change.batch)).state, 'done');
    await make();
    const again = await record();
    assert.equal((await head.get('/api/v1/own.case_notes', { expect: 200 })).json.total, 0);
    const timeline = (await head.get(`/api/v1/own.case/${again}/timeline`, { expect: 200 })).json;
    assert.deepEqual(timeline.rows.map((r) => r.kind), ['change']);
  });

  it('tells who did what to the model when, and of what is gone', async () => {
    await add('trace');
    await head.patch(`${DEALS}/trace`, { index: true, title: 'След' }, { expect: 200 });
    await head.patch(`${DEALS}/trace`, { name: 'track' }, { expect: 200 });
    await head.del(`${DEALS}/track`, { expect: 200 });
    const started = (await purge(`${DEALS}/track`, 'track', { expect: 202 })).json;
    assert.equal((await ended(head, started.change.batch)).state, 'done');
    const { rows, next } = (await head.get('/api/v1/model/changes', { expect: 200 })).json;
    const told = rows.filter((row) => row.declaration === rows[0].declaration);
    assert.deepEqual(told.map((row) => row.did), ['purged', 'retired', 'renamed', 'changed', 'added']);
    assert.deepEqual([told[3].keys.sort(), told[2].was, told[0].via], [['index', 'title'], 'trace', 'batch:purge']);
    assert.ok(told.every((row) => row.entity === 'sales.deal' && row.field === 'track' && row.by.label === 'Анна Иванова'));
    assert.equal(next, null);
    const older = (await head.get(`/api/v1/model/changes?before=${told[3].position}`, { expect: 200 })).json.rows;
    assert.equal(older[0].did, 'added');
    assert.equal((await (await server.as('petrov')).get('/api/v1/model/changes')).status, 403);
    for (const before of ['x', '-12']) {
      const refused = await head.get(`/api/v1/model/changes?before=${before}`, { asWritten: true });
      assert.deepEqual([refused.status, refused.json.code], [400, 'bad_cursor'], before);
    }
  });

  it('takes what the field held as another type, too', async () => {
    await add('power');
    const one = await deal({ power: '987654321' });
    const change = (await head.patch(`${DEALS}/power`, { type: 'int' }, { expect: 202 })).json.change;
    assert.equal((await ended(head, change.batch)).state, 'done');
    await head.del(`${DEALS}/power`, { expect: 200 });
    const started = (await purge(`${DEALS}/power`, 'power', { expect: 202 })).json;
    assert.equal((await ended(head, started.change.batch)).state, 'done');
    await add('power', { type: 'int' });
    const history = (await head.get(`/api/v1/sales.deal/${one.id}/history`, { expect: 200 })).json.rows;
    assert.equal(JSON.stringify(history).includes('987654321'), false);
  });

  it('frees the name of a field with an index, a unique one, and of many values', async () => {
    await add('mails', { type: 'email', many: true, index: true });
    await add('code', { unique: true });
    await deal({ mails: ['a@dealer.example', 'b@dealer.example'], code: 'Ы-1' });
    for (const name of ['mails', 'code']) {
      await head.del(`${DEALS}/${name}`, { expect: 200 });
      const started = (await purge(`${DEALS}/${name}`, name, { expect: 202 })).json;
      assert.equal((await ended(head, started.change.batch)).state, 'done');
      await add(name, { type: 'int', index: true });
      await deal({ [name]: 7 });
      assert.equal((await head.get(`/api/v1/sales.deal?${name}=7`, { expect: 200 })).json.rows.length, 1);
    }
  });

  it('takes files with the field that held them', async () => {
    await add('paper', { type: 'file' });
    const file = (await head.request('POST', '/api/v1/file?name=a.txt', Buffer.from('договор'), { raw: true, headers: { 'content-type': 'application/octet-stream' }, expect: 201 })).json;
    await deal({ paper: file.id });
    await head.get(`/api/v1/file/${file.id}`, { expect: 200 });
    await head.del(`${DEALS}/paper`, { expect: 200 });
    assert.equal((await head.post(`${DEALS}/paper/purge?check=1`, {}, { expect: 200 })).json.files, 1);
    const started = (await purge(`${DEALS}/paper`, 'paper', { expect: 202 })).json;
    assert.equal((await ended(head, started.change.batch)).state, 'done');
    assert.equal((await head.get(`/api/v1/file/${file.id}`)).status, 404);
  });

  it('purges an entity with its records, and refuses while a reference to it may come back', async () => {
    const make = () =>
      head.post(ENTITY, { name: 'own.car', title: 'Машина', roles: ['head'], fields: { number: { type: 'text', title: 'Номер', index: true, search: true } } }, { expect: 201 });
    await make();
    for (let i = 0; i < 5; i++) await head.post('/api/v1/own.car', { number: `А${i}` }, { expect: 201 });
    await add('car', { type: 'ref', to: 'own.car' });
    const referred = await head.del(`${ENTITY}/own.car`);
    assert.equal(referred.status, 422, referred.text);
    await head.del(`${DEALS}/car`, { expect: 200 });
    await head.del(`${ENTITY}/own.car`, { expect: 200 });
    const refused = await purge(`${ENTITY}/own.car`, 'own.car');
    assert.deepEqual([refused.json.fields[0].code, refused.json.fields[0].params.where], ['in_use', 'sales.deal.car']);
    const field = (await purge(`${DEALS}/car`, 'car', { expect: 202 })).json;
    assert.equal((await ended(head, field.change.batch)).state, 'done');
    const plan = (await head.post(`${ENTITY}/own.car/purge?check=1`, {}, { expect: 200 })).json;
    assert.equal(plan.rows, 5);
    const started = (await purge(`${ENTITY}/own.car`, 'own.car', { expect: 202 })).json;
    const batch = await ended(head, started.change.batch);
    assert.deepEqual([batch.state, batch.changed, batch.error], ['done', 5, null]);
    await make();
    assert.equal((await head.get('/api/v1/own.car', { expect: 200 })).json.rows.length, 0);
    const car = (await head.post('/api/v1/own.car', { number: 'Б1' }, { expect: 201 })).json;
    assert.equal((await head.get('/api/v1/own.car?q=Б1', { expect: 200 })).json.rows[0].id, car.id);
    assert.equal((await head.get(`/api/v1/own.car/${car.id}/history`, { expect: 200 })).json.rows.length, 1);
  });

  it('is for who holds the function delete', async () => {
    await add('low');
    await head.del(`${DEALS}/low`, { expect: 200 });
    head.bearer = (await head.post('/api/v1/tokens', { name: 'Без удаления', access: 'write', functions: ['settings'] }, { expect: 201 })).json.token;
    const denied = await purge(`${DEALS}/low`, 'low');
    head.bearer = '';
    assert.equal(denied.status, 403, denied.text);
  });

  it('kill -9 in the middle and a stop lose nothing but what was to go', async () => {
    await add('big');
    const rows = Array.from({ length: 6000 }, (_, i) => `Сделка ${i};${i}`).join('\n');
    const file = await head.request('POST', '/api/v1/import/sales.deal?name=a.csv', `Название;big\n${rows}\n`, {
      raw: true,
      headers: { 'content-type': 'application/octet-stream' },
      expect: 201,
    });
    await head.post(`/api/v1/import/${file.json.id}/run`, { columns: ['title', 'big'], mode: 'create' }, { expect: 202 });
    await until(async () => (await head.get(`/api/v1/import/${file.json.id}`, { expect: 200 })).json.run?.state === 'done', 'the import', 60000);
    await head.del(`${DEALS}/big`, { expect: 200 });
    const stopped = (await purge(`${DEALS}/big`, 'big', { expect: 202 })).json;
    const busy = await head.post(`${DEALS}/big/restore`, {});
    assert.ok(busy.status === 200 || busy.json.code === 'model_busy', busy.text);
    await head.post(`/api/v1/batch/${stopped.change.batch}/cancel`);
    const first = await ended(head, stopped.change.batch);
    if (first.state === 'canceled') assert.equal((await named('big')).state, 'retired');
    const started = first.state === 'canceled' ? (await purge(`${DEALS}/big`, 'big', { expect: 202 })).json : stopped;
    await server.kill();
    await server.start();
    head = await server.as('ivanova');
    const batch = await ended(head, started.change.batch);
    assert.deepEqual([batch.state, batch.error], ['done', null]);
    assert.equal(await named('big'), undefined);
    await add('big');
    const rest = (await head.get('/api/v1/sales.deal?limit=200&fields=title,big', { expect: 200 })).json.rows;
    assert.deepEqual([rest.length, rest.filter((row) => row.big !== null).length], [200, 0]);
  });
});
