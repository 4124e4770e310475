// What may be chosen in a field (S-37) is limited by a condition of the deployment, also where the caller may
// not see what the condition is about.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

const MACHINES = '/api/v1/fleet.machine';
const tz = dealer
  .replace('pipelines:', `entities:
  fleet.machine:
    title: [машина, машины, машин]
    shown: serial
    fields:
      serial: {type: text, title: Номер, required: true, search: true}
      secret: {type: choice, title: Скрытое, options: {free: Свободна, sold: Продана}}
fields:
  sales.deal:
    machine: {type: ref, to: fleet.machine, where: {secret: free}, title: Машина}
pipelines:`)
  .replace('      tasks.task: {read: own', '      fleet.machine: {read: all, hide: [secret]}\n      tasks.task: {read: own')
  .replace('sales.*: {read: team', 'fleet.machine: {read: all, create: all, update: all}\n      sales.*: {read: team');

describe('a look-up limited by a field that its user does not see', () => {
  let server, head, petrov;

  before(async () => {
    server = await startServer({ tz });
    [head, petrov] = [await server.as('ivanova'), await server.as('petrov')];
    for (const [serial, secret] of [['Д-1', 'free'], ['Д-2', 'sold'], ['Д-3', 'free'], ['К-4', 'free']])
      await head.post(MACHINES, { serial, secret }, { expect: 201 });
  });
  after(() => server.stop());

  const found = async (client, query) =>
    (await client.get(`${MACHINES}?${new URLSearchParams(query)}`, { expect: 200 })).json.rows.map((r) => r.serial).sort();

  it('finds what may be chosen, with words and conditions of one’s own besides', async () => {
    const lookup = 'sales.deal.machine';
    for (const client of [head, petrov]) {
      assert.deepEqual(await found(client, { lookup }), ['Д-1', 'Д-3', 'К-4']);
      assert.deepEqual(await found(client, { lookup, q: 'Д-3' }), ['Д-3']);
      assert.deepEqual(await found(client, { lookup, 'serial.starts': 'Д' }), ['Д-1', 'Д-3']);
    }
    const { total } = (await petrov.get(`${MACHINES}?lookup=${lookup}`, { expect: 200 })).json;
    assert.equal(total, 3);
  });

  it('shows and tells nothing of the condition', async () => {
    const { rows } = (await petrov.get(`${MACHINES}?lookup=sales.deal.machine`, { expect: 200 })).json;
    assert.ok(rows.every((r) => !('secret' in r)));
    const meta = (await petrov.get('/api/v1/meta', { expect: 200 })).json;
    assert.equal(meta.entities['sales.deal'].fields.machine.lookup, true);
    assert.ok(!JSON.stringify(meta).includes('secret'), JSON.stringify(meta).match(/.{200}secret.{200}/)?.[0]);
    const own = await petrov.get(`${MACHINES}?filter=${encodeURIComponent('["secret","eq","free"]')}`);
    assert.deepEqual([own.status, own.json.fields[0].code], [422, 'unknown_field']);
  });

  it('names a field that refers to these records and that he may see', async () => {
    for (const lookup of ['sales.deal.owner', 'sales.deal.nosuch', 'nosuch.deal.machine', 'machine', '']) {
      const reply = await petrov.get(`${MACHINES}?lookup=${lookup}`);
      assert.deepEqual([reply.status, reply.json.fields?.[0]], [422, { ...reply.json.fields?.[0], field: 'lookup', code: 'unknown_field' }], lookup);
    }
  });
});

describe('a look-up of people', () => {
  let server, head, petrov;

  before(async () => {
    const program = 'services: {exchange: {title: Обмен с сайтом, roles: [manager]}}\nfunctions:';
    server = await startServer({ tz: dealer.replace('functions:', program).replace('sales.*: {read: team', 'user: {read: all, update: all}\n      sales.*: {read: all') });
    [head, petrov] = [await server.as('ivanova'), await server.as('petrov')];
  });
  after(() => server.stop());

  const logins = async (query) => (await petrov.get(`/api/v1/user?${new URLSearchParams({ limit: 200, ...query })}`, { expect: 200 })).json.rows.map((r) => r.name);

  it('offers nobody who cannot be given work: no program, and nobody who has left', async () => {
    const lookup = 'sales.deal.owner';
    assert.ok((await logins({})).includes('Обмен с сайтом'), 'a list without a look-up, as of a filter, has them all');
    const before = await logins({ lookup });
    assert.ok(!before.includes('Обмен с сайтом') && before.includes('Ольга Сидорова'), before.join());
    assert.deepEqual(await logins({ lookup, q: 'обмен' }), []);
    const { id } = (await server.as('sidorova')).user;
    await head.patch(`/api/v1/user/${id}`, { is_disabled: true }, { expect: 200 });
    assert.ok(!(await logins({ lookup })).includes('Ольга Сидорова'));
    assert.equal((await petrov.get('/api/v1/meta', { expect: 200 })).json.entities['sales.deal'].fields.owner.lookup, true);
  });

  it('offers as an owner only who may read such records, and refuses others in the field', async () => {
    const found = await logins({ lookup: 'sales.lead.owner' });
    assert.ok(found.includes('Пётр Петров') && !found.includes('Мария Белова'), found.join());
    assert.ok((await logins({ lookup: 'sales.deal.owner' })).includes('Мария Белова'), 'she reads those that are closed');
    assert.deepEqual(await logins({ lookup: 'sales.lead.owner', q: 'белова' }), []);
    const lead = (await head.post('/api/v1/sales.lead', { title: 'Каток' }, { expect: 201 })).json;
    const give = async (client, id, owner) => (await client.patch(`/api/v1/sales.lead/${id}`, { owner })).json.fields?.map((f) => [f.field, f.code]);
    const [belova, sidorova] = [await server.as('belova'), (await head.get('/api/v1/user?is_disabled=true', { expect: 200 })).json.rows[0]];
    assert.deepEqual(await give(head, lead.id, belova.user.id), [['owner', 'owner_cannot_read']]);
    assert.deepEqual(await give(head, lead.id, sidorova.id), [['owner', 'owner_left']]);
    await head.patch(`/api/v1/sales.lead/${lead.id}`, { owner: petrov.user.id }, { expect: 200 });
    assert.deepEqual(await give(petrov, lead.id, head.user.id), [['owner', 'owner_denied']]);
  });

  it('leaves the name of a program that owns a record', async () => {
    const [program] = (await head.get('/api/v1/user?is_service=true', { expect: 200 })).json.rows;
    const deal = (await head.post('/api/v1/sales.deal', { title: 'С сайта' }, { expect: 201 })).json;
    const given = (await head.patch(`/api/v1/sales.deal/${deal.id}`, { owner: program.id }, { expect: 200 })).json;
    assert.deepEqual(given.owner, { id: program.id, label: 'Обмен с сайтом' });
  });
});
