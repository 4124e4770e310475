// Lists that people keep under a name: one's own, shared ones by who may share, and never of what one may not see.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';

const VIEWS = '/api/v1/view';
const STATE = { base: 'open', chips: { stage: ['work'] }, sort: '-amount', columns: 'title:320,amount' };
let server, head, petrov, belova;

before(async () => {
  server = await startServer();
  head = await server.as('ivanova');
  petrov = await server.as('petrov');
  belova = await server.as('belova');
});
after(() => server?.stop());

const make = async (client, more = {}) => (await client.post(VIEWS, { name: 'Горячие', entity: 'sales.deal', state: STATE, ...more }, { expect: 201 })).json;
const names = async (client) => (await client.get(`${VIEWS}?entity=sales.deal&sort=name`, { expect: 200 })).json.rows.map((row) => row.name);
const faults = (reply) => reply.json.fields.map((f) => [f.field, f.code]);

describe('a view of a list', () => {
  it('is kept as it was given, for its maker alone', async () => {
    const view = await make(petrov, { name: 'Только мои' });
    assert.deepEqual(view.state, STATE);
    assert.deepEqual([view._can, view.shared], [['update', 'delete'], null]);
    for (const other of [head, belova]) {
      assert.ok(!(await names(other)).includes('Только мои'));
      assert.equal((await other.get(`${VIEWS}/${view.id}`)).status, 404);
      assert.equal((await other.patch(`${VIEWS}/${view.id}`, { name: 'Чужой' })).status, 404);
    }
    await petrov.patch(`${VIEWS}/${view.id}`, { name: 'Мои горячие', first: true }, { expect: 200 });
    assert.ok((await names(petrov)).includes('Мои горячие'));
  });

  it('that is shared tells nobody what it was before', async () => {
    const view = await make(head, { name: 'Ещё моя' });
    await head.patch(`${VIEWS}/${view.id}`, { name: 'Уже общая', shared: true }, { expect: 200 });
    const told = async (client) => (await client.get(`${VIEWS}/${view.id}/history`, { expect: 200 })).json.rows.flatMap((row) => (row.changes ?? []).map((change) => change.field));
    assert.ok((await told(head)).includes('name'));
    assert.deepEqual((await told(petrov)).filter((field) => field !== 'shared'), []);
  });

  it('is shared by who holds the function settings, and then read by all', async () => {
    const view = await make(petrov, { name: 'Не общий' });
    assert.deepEqual(faults(await petrov.patch(`${VIEWS}/${view.id}`, { shared: true }, { expect: 422 })), [['shared', 'read_only']]);
    assert.deepEqual(faults(await petrov.post(VIEWS, { name: 'Сразу общий', entity: 'sales.deal', state: STATE, shared: true }, { expect: 422 })), [['shared', 'read_only']]);
    const common = await make(head, { name: 'Для всех', shared: true });
    for (const client of [petrov, belova]) {
      const seen = (await client.get(`${VIEWS}/${common.id}`, { expect: 200 })).json;
      assert.deepEqual([seen.name, seen._can], ['Для всех', []]);
      assert.equal((await client.patch(`${VIEWS}/${common.id}`, { name: 'Мой' })).status, 403);
      assert.equal((await client.del(`${VIEWS}/${common.id}`)).status, 403);
    }
    await head.patch(`${VIEWS}/${common.id}`, { shared: false }, { expect: 200 });
    assert.equal((await petrov.get(`${VIEWS}/${common.id}`)).status, 404);
  });

  it('is thrown away and brought back by its maker, who has no function delete', async () => {
    const view = await make(petrov, { name: 'Лишний' });
    assert.equal((await petrov.del(`${VIEWS}/${view.id}`)).status, 204);
    assert.ok(!(await names(petrov)).includes('Лишний'));
    await petrov.post(`${VIEWS}/${view.id}/restore`, undefined, { expect: 200 });
    assert.ok((await names(petrov)).includes('Лишний'));
  });

  it('is of a list that its maker reads, and no longer than it may be', async () => {
    for (const entity of ['sales.lead', 'no.such', 'sys.change', 'model'])
      assert.deepEqual(faults(await belova.post(VIEWS, { name: 'Чужое', entity, state: STATE }, { expect: 422 })), [['entity', 'not_a_choice']], entity);
    const long = { ...STATE, chips: { stage: ['x'.repeat(9000)] } };
    assert.deepEqual(faults(await petrov.post(VIEWS, { name: 'Длинный', entity: 'sales.deal', state: long }, { expect: 422 })), [['state', 'too_long']]);
    assert.deepEqual(faults(await petrov.post(VIEWS, { entity: 'sales.deal', state: STATE }, { expect: 422 })), [['name', 'required']]);
  });

  it('has no page of its own', async () => {
    assert.ok(!('view' in (await head.get('/api/v1/meta', { expect: 200 })).json.entities));
  });
});
