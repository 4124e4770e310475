// Own entities and fields of a deployment, made and changed while the server works.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const MODEL = '/api/v1/model';
const DEALS = `${MODEL}/entity/sales.deal/field`;

const fieldsOf = async (head, entity = 'sales.deal') =>
  (await head.get(MODEL, { expect: 200 })).json.entities.find((e) => e.name === entity)?.fields ?? [];
const fieldOf = async (head, name, entity) => (await fieldsOf(head, entity)).find((f) => f.name === name);
const codes = (reply) => (reply.json.fields ?? []).map((f) => `${f.field}:${f.code}`);
const ended = (head, id) =>
  until(async () => {
    const batch = (await head.get(`/api/v1/batch/${id}`, { expect: 200 })).json;
    return ['done', 'failed', 'canceled'].includes(batch.state) && batch;
  }, 'the end of the batch');

describe('the model', () => {
  let server, head, petrov;
  before(async () => {
    server = await startServer({ tz: dealer });
    head = await server.as('ivanova');
    petrov = await server.as('petrov');
  });
  after(() => server.stop());

  const add = (name, declaration, expect = 201) => head.post(DEALS, { name, title: name, roles: ['head'], ...declaration }, { expect });
  const deal = async (fields) => (await head.post('/api/v1/sales.deal', { title: 'Кран', ...fields }, { expect: 201 })).json;
  const get = async (id) => (await head.get(`/api/v1/sales.deal/${id}`, { expect: 200 })).json;

  it('is for holders of settings only', async () => {
    assert.equal((await petrov.get(MODEL)).status, 403);
    assert.equal((await petrov.post(DEALS, { name: 'x', type: 'text', title: 'X' })).status, 403);
  });

  it('adds a field that lists, filters and writes know at once, and only for the roles it is given to', async () => {
    const before = (await deal({})).id;
    const made = (await add('fuel', { type: 'choice', options: { diesel: 'Дизель', petrol: 'Бензин' }, required: true, default: 'diesel', index: true })).json;
    assert.equal(made.made_by, 'model');
    assert.equal(made.unseen, false);
    assert.equal((await get(before)).fuel, 'diesel', 'a required field has its default in every record');
    const other = await deal({ fuel: 'petrol' });
    const list = (await head.get('/api/v1/sales.deal?fuel=petrol', { expect: 200 })).json;
    assert.deepEqual(list.rows.map((r) => r.id), [other.id]);
    assert.ok((await head.get('/api/v1/meta', { expect: 200 })).json.entities['sales.deal'].fields.fuel.required);
    assert.equal((await petrov.get('/api/v1/meta', { expect: 200 })).json.entities['sales.deal'].fields.fuel, undefined);
    assert.equal((await petrov.get('/api/v1/sales.deal?fuel=petrol')).status, 422);
  });

  it('makes an entity whose records can be worked with', async () => {
    const made = await head.post(
      `${MODEL}/entity`,
      { name: 'own.car', title: ['машина', 'машины', 'машин'], roles: ['head'], fields: { number: { type: 'text', title: 'Номер', index: true }, deal: { type: 'ref', to: 'sales.deal', title: 'Сделка' } } },
      { expect: 201 },
    );
    assert.equal(made.json.name, 'own.car');
    const car = (await head.post('/api/v1/own.car', { number: 'А123ВС' }, { expect: 201 })).json;
    assert.equal((await head.get(`/api/v1/own.car/${car.id}`, { expect: 200 })).json.number, 'А123ВС');
    await head.post(`${MODEL}/entity/own.car/field`, { name: 'year', type: 'int', title: 'Год', roles: ['head'] }, { expect: 201 });
    await head.patch(`/api/v1/own.car/${car.id}`, { year: 2020 }, { expect: 200 });
    await head.patch(`${MODEL}/entity/own.car`, { name: 'own.vehicle' }, { expect: 200 });
    const renamed = (await head.get(`/api/v1/own.vehicle/${car.id}`, { expect: 200 })).json;
    assert.equal(renamed.year, 2020);
    const gone = await head.get(`/api/v1/own.car/${car.id}`, { asWritten: true });
    assert.equal(gone.status, 404);
    assert.deepEqual([gone.json.code, gone.json.params], ['renamed', { name: 'own.vehicle' }]);
  });

  it('renames an entity that others refer to', async () => {
    const fields = { name: { type: 'text', title: 'Имя' } };
    await head.post(`${MODEL}/entity`, { name: 'own.shed', title: ['сарай', 'сараи', 'сараев'], roles: ['head'], fields }, { expect: 201 });
    await add('shed', { type: 'ref', to: 'own.shed' });
    await add('sheds', { type: 'refs', to: 'own.shed' });
    const shed = (await head.post('/api/v1/own.shed', { name: 'Дальний' }, { expect: 201 })).json;
    const referring = await deal({ shed: shed.id, sheds: [shed.id] });
    await head.patch(`${MODEL}/entity/own.shed`, { name: 'own.barn' }, { expect: 200 });
    const after = await get(referring.id);
    assert.deepEqual([after.shed, after.sheds], [referring.shed, referring.sheds]);
    assert.equal((await head.get('/api/v1/meta', { expect: 200 })).json.entities['sales.deal'].fields.shed.to, 'own.barn');
    const filter = encodeURIComponent(JSON.stringify(['shed.name', 'eq', 'Дальний']));
    assert.deepEqual((await head.list('sales.deal', `filter=${filter}`)).map((r) => r.id), [referring.id]);
  });

  it('retires an entity and brings it back with its records', async () => {
    const at = `${MODEL}/entity/own.vehicle`;
    const [car] = await head.list('own.vehicle');
    await head.del(at, { expect: 200 });
    assert.equal((await head.get('/api/v1/own.vehicle', { asWritten: true })).status, 404);
    await head.post(`${at}/restore`, {}, { expect: 200 });
    assert.equal((await head.get(`/api/v1/own.vehicle/${car.id}`, { expect: 200 })).json.number, 'А123ВС');
  });

  it('renames a field: the data stays, the former name is answered with the new one', async () => {
    await add('colour', { type: 'text' });
    const one = await deal({ colour: 'синий' });
    await head.patch(`${DEALS}/colour`, { name: 'color', title: 'Цвет' }, { expect: 200 });
    assert.equal((await get(one.id)).color, 'синий');
    const former = await head.get('/api/v1/sales.deal?colour=x');
    assert.equal(former.status, 422);
    assert.deepEqual(former.json.fields[0].code, 'renamed');
    const filter = encodeURIComponent(JSON.stringify(['colour', 'eq', 'x']));
    for (const reply of [
      await head.get(`/api/v1/sales.deal?filter=${filter}`),
      await head.patch(`/api/v1/sales.deal/${one.id}`, { colour: 'x' }),
      await head.post('/api/v1/sales.deal', { title: 'x', colour: 'x' }),
    ])
      assert.deepEqual([reply.json.fields[0].code, reply.json.fields[0].params], ['renamed', { name: 'color' }]);
    assert.deepEqual(former.json.fields[0].params, { name: 'color' });
    assert.equal((await fieldOf(head, 'color')).was, 'colour');
  });

  it('changes a type when every value fits, as an operation', async () => {
    await add('mileage', { type: 'text' });
    const one = await deal({ mileage: '12 500' });
    const two = await deal({ mileage: 'много' });
    const refused = await head.patch(`${DEALS}/mileage`, { type: 'int' });
    assert.equal(refused.status, 422);
    assert.deepEqual(codes(refused), ['type:values_do_not_fit']);
    assert.deepEqual(refused.json.fields[0].params, { count: 1, first: [two.id] });
    assert.equal((await get(two.id)).mileage, 'много');
    await head.patch(`/api/v1/sales.deal/${two.id}`, { mileage: '7' }, { expect: 200 });
    const plan = (await head.patch(`${DEALS}/mileage?check=1`, { type: 'int' }, { expect: 200 })).json;
    assert.deepEqual([plan.ok, plan.converts, plan.misfits], [true, true, 0]);
    const started = await head.patch(`${DEALS}/mileage`, { type: 'int' }, { expect: 202 });
    const batch = await ended(head, started.json.change.batch);
    assert.deepEqual([batch.kind, batch.state], ['model', 'done']);
    assert.equal((await get(one.id)).mileage, 12500);
    const history = (await head.get(`/api/v1/sales.deal/${two.id}/history?field=mileage`, { expect: 200 })).json.rows;
    const told = history.map((h) => h.changes[0]);
    assert.deepEqual(told.map((c) => [c.old, c.new]), [[null, 7], [null, null]], 'what was written before is told as far as it fits');
    assert.equal((await head.get('/api/v1/sales.deal?mileage.gt=100', { expect: 200 })).json.rows.length, 1);
    const undo = await head.post(`/api/v1/batch/${batch.id}/undo`);
    assert.deepEqual([undo.status, undo.json.code], [409, 'model_stays'], 'a type is changed back by another change');
    assert.equal((await head.get(`/api/v1/batch/${batch.id}`, { expect: 200 })).json.undone_by, null);
  });

  it('names the records whose values keep a field from becoming unique, before and when it is tried', async () => {
    await add('plate', { type: 'text' });
    const [one, two] = [await deal({ plate: 'Ё 1' }), await deal({ plate: 'ё 1' })];
    await deal({ plate: 'Ж 2' });
    await deal({});
    await deal({});
    const plan = (await head.patch(`${DEALS}/plate?check=1`, { unique: true }, { expect: 200 })).json;
    assert.deepEqual([plan.ok, plan.duplicates, plan.twins], [false, 1, [[one.id, two.id]]]);
    const refused = await head.patch(`${DEALS}/plate`, { unique: true });
    assert.deepEqual(codes(refused), ['unique:duplicates']);
    assert.deepEqual(refused.json.fields[0].params, { count: 1, first: [one.id, two.id] });
    await head.del(`/api/v1/sales.deal/${two.id}`, { expect: 204 });
    assert.equal((await head.patch(`${DEALS}/plate?check=1`, { unique: true }, { expect: 200 })).json.ok, true, 'the recycle bin does not count');
    await head.patch(`${DEALS}/plate`, { unique: true }, { expect: 200 });
    assert.equal((await head.post('/api/v1/sales.deal', { title: 'Кран', plate: 'Ё 1' })).status, 422);
  });

  it('shows the beginning of a value that does not fit in whole letters', async () => {
    await head.post(DEALS, { name: 'long', type: 'text', title: 'Длинное', roles: ['head'] }, { expect: 201 });
    await head.post('/api/v1/sales.deal', { title: 'Проба', long: `a${'щ'.repeat(100)}` }, { expect: 201 });
    const plan = (await head.patch(`${DEALS}/long?check=1`, { type: 'int' }, { expect: 200 })).json;
    assert.equal(plan.first[0].value, `a${'щ'.repeat(39)}`);
  });

  it('finds what is equal only as another type, and among many values', async () => {
    await add('serial', { type: 'text' });
    const [one, two] = [await deal({ serial: '1' }), await deal({ serial: '01' })];
    assert.equal((await head.patch(`${DEALS}/serial?check=1`, { unique: true }, { expect: 200 })).json.ok, true);
    const plan = (await head.patch(`${DEALS}/serial?check=1`, { type: 'int', unique: true }, { expect: 200 })).json;
    assert.deepEqual([plan.ok, plan.twins], [false, [[one.id, two.id]]]);
    await add('mails', { type: 'email', many: true });
    const [three, four] = [await deal({ mails: ['a@dealer.example', 'b@dealer.example'] }), await deal({ mails: ['B@dealer.example'] })];
    assert.deepEqual((await head.patch(`${DEALS}/mails?check=1`, { unique: true }, { expect: 200 })).json.twins, [[three.id, four.id]]);
    await add('line', { type: 'phone' });
    const [five, six] = [await deal({ line: '+7 495 123-45-67 доб. 1' }), await deal({ line: '+7 495 123-45-67 доб. 2' })];
    assert.deepEqual((await head.patch(`${DEALS}/line?check=1`, { unique: true }, { expect: 200 })).json.twins, [[five.id, six.id]], 'an extension makes no other number');
  });

  it('finds duplicates of an entity of its own by the rules it is given, and merges them there and back', async () => {
    const declared = { name: 'own.boat', title: 'Лодка', roles: ['head'], match: [{ same: 'phone' }],
      fields: { name: { type: 'text', title: 'Название' }, phone: { type: 'phone', title: 'Телефон', many: true } } };
    const wrong = async (match) => codes(await head.post(`${MODEL}/entity`, { ...declared, match }, { expect: 422 }));
    assert.deepEqual(await wrong([{ same: 'mast' }]), ['mast:unknown_field']);
    assert.deepEqual(await wrong([{ same: 'phone', similar: 'name' }]), ['match:same_or_similar']);
    assert.deepEqual(await wrong([{ similar: 'phone' }]), ['match:bad_match']);
    await head.post(`${MODEL}/entity`, declared, { expect: 201 });
    const boat = async (name, phone) => (await head.post('/api/v1/own.boat', { name, phone }, { expect: 201 })).json.id;
    const [into, from, alike] = [await boat('Чайка', '8 495 123-45-67 доб. 12'), await boat('Буревестник', '+74951234567'), await boat('Буревестнник', null)];
    const found = async (id) => (await head.get(`/api/v1/own.boat/${id}/duplicates`, { expect: 200 })).json.rows.map((r) => r.record.id);
    const pairs = (await head.get('/api/v1/own.boat/duplicates', { expect: 200 })).json.rows;
    assert.deepEqual(pairs.map((p) => [p.first.id, p.second.id, p.by[0].fields]), [[from, into, ['phone']]]);
    const merge = (await head.post('/api/v1/own.boat/merge', { into, from: [from] }, { expect: 202 })).json;
    await ended(head, merge.id);
    assert.deepEqual((await head.get(`/api/v1/own.boat/${into}`)).json.phone, ['+74951234567;ext=12', '+74951234567']);
    const undo = (await head.post(`/api/v1/batch/${merge.id}/undo`, {}, { expect: 202 })).json;
    assert.equal((await ended(head, undo.id)).state, 'done');
    assert.deepEqual(await found(into), [from]);
    const patched = await head.patch(`${MODEL}/entity/own.boat`, { match: [{ similar: 'name' }] }, { expect: 200 });
    assert.deepEqual(patched.json.declaration.match, [{ similar: 'name' }]);
    await until(async () => (await found(from)).includes(alike), 'the keys of names that were there before');
    await head.patch(`${MODEL}/entity/own.boat`, { match: null }, { expect: 200 });
    assert.equal((await head.get('/api/v1/meta')).json.entities['own.boat'].match, undefined);
  });

  it('compares an indexed phone without its extension, and as a text whole', async () => {
    await add('desk', { type: 'phone', index: true });
    const one = await deal({ desk: '8 495 123-45-67 доб. 12' });
    const ids = async (text) => (await head.list('sales.deal', `desk=${encodeURIComponent(text)}`)).map((row) => row.id);
    assert.deepEqual([await ids('+74951234567'), await ids('84951234567 доб. 7')], [[one.id], [one.id]]);
    await head.patch(`${DEALS}/desk`, { type: 'text' }, { expect: 200 });
    assert.deepEqual([await ids('+74951234567'), await ids('+74951234567;ext=12')], [[], [one.id]]);
  });

  it('refuses by name what is not safe', async () => {
    const bad = async (body, expected, status = 422) => {
      const reply = await head.post(DEALS, { name: 'bad', title: 'X', type: 'text', ...body });
      assert.equal(reply.status, status, reply.text);
      assert.deepEqual(codes(reply).slice(0, 1), [expected], reply.text);
    };
    await bad({ type: 'colour' }, 'type:unknown_type');
    await bad({ name: 'title' }, 'name:taken');
    await bad({ name: 'limit' }, 'name:reserved_name');
    await bad({ name: 'Цвет' }, 'name:bad_field_name');
    await bad({ name: 'a.b' }, 'name:bad_field_name');
    await bad({ title: 'я'.repeat(201) }, 'title:too_long');
    await bad({ type: 'ref', to: 'no.thing' }, 'to:unknown_entity');
    await bad({ type: 'ref' }, 'to:required');
    await bad({ type: 'choice' }, 'options:no_choices');
    await bad({ roles: ['nobody'] }, 'roles:unknown_role');
    await bad({ of: 'user' }, 'of:unknown_field');
    assert.equal((await head.patch(`${DEALS}/title`, { title: 'Имя' })).json.code, 'model_of_module');
    assert.equal((await head.patch(`${DEALS}/nothing`, { title: 'Имя' })).status, 404);
    await deal({ fuel: 'petrol' });
    const taken = await head.patch(`${DEALS}/fuel`, { options: { diesel: 'Дизель' } });
    assert.deepEqual(codes(taken), ['options:choice_in_use']);
    const unsafe = await head.patch(`${DEALS}/fuel`, { type: 'file', options: null, default: null });
    assert.deepEqual(codes(unsafe), ['type:retype_unsafe']);
    const labels = await head.post(DEALS, { name: 'huge', type: 'text', title: 'я'.repeat(5_000_000) });
    assert.ok([413, 422].includes(labels.status), labels.text);
  });

  it('retires a field and brings it back with its data', async () => {
    await add('secret_note', { type: 'text' });
    const one = await deal({ secret_note: 'важно' });
    await head.del(`${DEALS}/secret_note`, { expect: 200 });
    assert.equal((await get(one.id)).secret_note, undefined);
    assert.equal((await head.get('/api/v1/sales.deal?secret_note=x')).status, 422);
    assert.equal((await fieldOf(head, 'secret_note')).state, 'retired');
    await head.post(`${DEALS}/secret_note/restore`, {}, { expect: 200 });
    assert.equal((await get(one.id)).secret_note, 'важно');
  });

  it('keeps what was made when the ТЗ is applied, exports it, and hands it over', async () => {
    fs.writeFileSync(server.tz, dealer.replace('version: "1.0"', 'version: "1.1"'));
    const applied = await server.command('tz', 'apply', server.tz);
    assert.equal(applied.code, 0, applied.err + applied.out);
    assert.ok(await fieldOf(head, 'fuel'));
    const out = (await server.command('model', 'export')).out;
    assert.match(out, /fields:\n {2}sales\.deal:\n(.*\n)* {4}fuel: \{/);
    fs.writeFileSync(server.tz, `${dealer}${out}`);
    const again = await server.command('tz', 'apply', server.tz);
    assert.equal(again.code, 0, again.err + again.out);
    assert.equal((await fieldOf(head, 'fuel')).made_by, 'tz', 'what stands in the text is the text’s');
    assert.equal((await head.patch(`${DEALS}/fuel`, { title: 'Иное' })).json.code, 'model_of_tz');
    fs.writeFileSync(server.tz, dealer);
    const without = await server.command('tz', 'apply', server.tz);
    assert.equal(without.code, 0, without.err + without.out);
    assert.equal(await fieldOf(head, 'fuel'), undefined, 'it left the text: it is retired');
    await add('fuel', { type: 'choice', options: { diesel: 'Дизель', petrol: 'Бензин' } });
    assert.ok((await head.get('/api/v1/sales.deal?fuel=petrol', { expect: 200 })).json.rows.length, 'its data was kept');
    const conflict = `${dealer}fields:\n  sales.deal:\n    fuel: {type: int, title: Топливо}\n`;
    fs.writeFileSync(server.tz, conflict);
    const refused = await server.command('tz', 'apply', server.tz);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /sales\.deal\.fuel.*сделано в браузере/);
    fs.writeFileSync(server.tz, dealer);
  });

  it('has all of it after a restart', async () => {
    await server.restart();
    head = await server.as('ivanova');
    const names = (await fieldsOf(head)).filter((f) => f.made_by === 'model').map((f) => `${f.name}:${f.type}`);
    assert.deepEqual(names, ['fuel:choice']);
  });
});
