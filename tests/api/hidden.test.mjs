// A write after which its writer may not read the record any more is a write that succeeded: the answer says so, and no
// more than that and what his role shows of such records (API.md, "Records").

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, people, withFiles } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const LEADS = '/api/v1/sales.lead';
const tz = withFiles(dealer
  .replace('    title: Менеджер\n', '    title: Менеджер\n    foreign: {show: [owner]}\n')
  .replace('sales.*: {read: team, create: team, update: team, reassign: team}', 'sales.*: {read: team, create: team, update: team, reassign: team, delete: team}')
  .replace('bulk: [head, manager]', 'bulk: [head, manager, intake, reader]\n  import: [intake, reader]\n  export: [reader]')
  .replace('  accountant:', `  intake:
    title: Приём
    rights:
      sales.lead: {read: own, create: all, update: own}
  reader:
    title: Читатель
    rights:
      sales.lead: {read: all, create: all, update: all, fields: [title, contact, city]}
  accountant:`));
const staff = people
  .replace('belova@dealer.example,finance,accountant', 'belova@dealer.example,finance,intake')
  .replace('kuznetsov@dealer.example,service,manager', 'kuznetsov@dealer.example,service,reader');

let server, head, petrov, sidorova, intake, reader;

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z', tz, people: staff });
  [head, petrov, sidorova, intake, reader] = await Promise.all(['ivanova', 'petrov', 'sidorova', 'belova', 'kuznetsov'].map((u) => server.as(u)));
});
after(() => server.stop());

const make = async (client, data) => (await client.post(LEADS, data, { expect: 201 })).json;
const owner = () => ({ id: sidorova.user.id, label: 'Ольга Сидорова' });

async function ended(client, batch) {
  return until(async () => {
    const b = (await client.get(`/api/v1/batch/${batch.id}`, { expect: 200 })).json;
    return !['waiting', 'running'].includes(b.state) && b;
  });
}

describe('a record that its writer gives out of his own sight', () => {
  it('is answered with its minimal card where the role has one', async () => {
    const mine = await make(petrov, { title: 'Отдаю', city: 'Тверь' });
    const reply = await petrov.patch(`${LEADS}/${mine.id}`, { owner: sidorova.user.id, city: 'Клин' }, { headers: { 'if-match': `"${mine.rev}"` }, expect: 200 });
    assert.deepEqual(reply.json, { id: mine.id, hidden: true, foreign: true, owner: owner() });
    assert.equal(reply.headers.etag, undefined, 'a revision would tell how often it changes');
    const now = (await sidorova.get(`${LEADS}/${mine.id}`, { expect: 200 })).json;
    assert.deepEqual([now.city, now.owner.id], ['Клин', sidorova.user.id]);
    assert.equal((await petrov.patch(`${LEADS}/${mine.id}`, { city: 'Псков' })).status, 404, 'what follows is none of his');
  });

  it('is answered with its id alone where the role has none', async () => {
    const mine = await make(intake, { title: 'Передаю' });
    const reply = await intake.patch(`${LEADS}/${mine.id}`, { owner: sidorova.user.id }, { expect: 200 });
    assert.deepEqual(reply.json, { id: mine.id, hidden: true });
    const made = await intake.post(LEADS, { title: 'Сразу ей', owner: sidorova.user.id }, { expect: 201 });
    assert.deepEqual(made.json, { id: made.json.id, hidden: true });
    assert.equal(made.headers.location, `${LEADS}/${made.json.id}`);
  });

  it('is answered so again when the request is repeated', async () => {
    const mine = await make(petrov, { title: 'Дважды' });
    const headers = { 'idempotency-key': 'hand-over-1' };
    const give = () => petrov.patch(`${LEADS}/${mine.id}`, { owner: sidorova.user.id }, { headers, expect: 200 });
    const [first, again] = [await give(), await give()];
    assert.equal(again.headers['idempotency-replayed'], 'true');
    assert.deepEqual(again.json, first.json);
  });

  it('leaves by an undo as it does by a change', async () => {
    const hers = await make(sidorova, { title: 'Была её' });
    await sidorova.patch(`${LEADS}/${hers.id}`, { owner: petrov.user.id }, { expect: 200 });
    const [change] = (await petrov.get(`${LEADS}/${hers.id}/history`, { expect: 200 })).json.rows;
    await head.patch(`${LEADS}/${hers.id}`, { city: 'Омск' }, { expect: 200 });
    const reply = await head.post(`${LEADS}/${hers.id}/undo`, { change: change.position }, { expect: 200 });
    assert.equal(reply.json.owner.id, sidorova.user.id, 'who still reads it gets it whole');
    assert.equal((await petrov.get(`${LEADS}/${hers.id}`)).json.foreign, true);
  });
});

describe('the undo of a creation', () => {
  it('leaves the record in the bin, and is answered as done', async () => {
    const mine = await make(head, { title: 'Зря' });
    const [made] = (await head.get(`${LEADS}/${mine.id}/history`, { expect: 200 })).json.rows;
    const reply = await head.post(`${LEADS}/${mine.id}/undo`, { change: made.position });
    assert.deepEqual([reply.status, reply.json.id, reply.json.title], [200, mine.id, 'Зря'], reply.text);
    assert.ok(reply.json.deleted_at, reply.text);
    assert.equal((await head.get(`${LEADS}/${mine.id}`)).status, 404);
  });
});

describe('a batch that takes records out of its owner’s sight', () => {
  it('ends well, counts them, and its undo brings them back', async () => {
    const ids = [];
    for (const title of ['Первая', 'Вторая', 'Третья']) ids.push((await make(petrov, { title })).id);
    const body = { ids, set: { owner: sidorova.user.id } };
    const batch = await ended(petrov, (await petrov.post(`${LEADS}/bulk`, body, { expect: 202 })).json);
    assert.deepEqual([batch.state, batch.changed, batch.failed, batch.out_of_sight], ['done', 3, 0, 3]);
    const undo = await ended(petrov, (await petrov.post(`/api/v1/batch/${batch.id}/undo`, {}, { expect: 202 })).json);
    assert.deepEqual([undo.state, undo.changed, undo.failed, undo.out_of_sight], ['done', 3, 0, 0]);
    for (const id of ids) assert.equal((await petrov.get(`${LEADS}/${id}`, { expect: 200 })).json.owner.id, petrov.user.id);
  });

  it('so does an import of what is somebody else’s', async () => {
    const csv = Buffer.from('Название;Ответственный\r\nЧужая;sidorova\r\nСвоя;belova\r\n');
    const file = (await intake.request('POST', '/api/v1/import/sales.lead?name=x.csv', csv, { raw: true, headers: { 'content-type': 'application/octet-stream' }, expect: 201 })).json;
    const options = { columns: ['title', 'owner'], match: [], mode: 'create', empty: 'keep' };
    await intake.post(`/api/v1/import/${file.id}/run`, options, { expect: 202 });
    const { run } = await until(async () => {
      const one = (await intake.get(`/api/v1/import/${file.id}`, { expect: 200 })).json;
      return one.state === 'done' && one;
    });
    assert.deepEqual([run.created, run.failed], [2, 0]);
    assert.equal((await intake.get(`/api/v1/batch/${run.batch}`, { expect: 200 })).json.out_of_sight, 1);
  });
});

describe('what one may not know of is not told from what is not there, by no answer', () => {
  const bad = ['no_such', 'eq', 1];
  const filters = {
    'an entity': ['sales.deal', 'no.such', (e) => [
      ['exists', e, 'lead'], ['exists', e, 'no_such'], ['exists', e, 'lead', bad], ['exists', e, 'lead', ['odd']],
      ['exists', e, 'lead', ['title', 'odd', 1]], ['exists', e, 'lead', bad, 1], ['and', ['exists', e, 'lead'], bad],
      ['id', 'in_query', { entity: e, field: 'lead' }], ['title', 'in_query', { entity: e, field: 'id' }],
      ['and', ['id', 'in_query', { entity: e, field: 'lead', where: ['title', 'eq', 5] }], bad],
    ]],
    'a field behind a reference': ['contact.name', 'contact.no_such', (f) => [
      [f, 'eq', 'x'], [f, 'odd', 1], [f, 'eq', {}], [f], [`${f}.id`, 'eq', 1], ['and', [f, 'eq', 'x'], bad],
    ]],
    'a field': ['message', 'no_such_field', (f) => [
      [f, 'eq', 'x'], [f, 'odd', 1], [f, 'eq', {}], [f], [`${f}.id`, 'eq', 1], ['and', [f, 'eq', 'x'], bad], ['exists', 'sales.lead', f],
    ]],
  };
  const same = async (hidden, absent, ask) => {
    const [is, isNot] = [await ask(hidden), await ask(absent)];
    const told = (reply, name) => JSON.stringify([reply.status, { ...reply.json, request: 0 }]).replaceAll(name, '?').replaceAll(name.split('.').pop(), '?');
    assert.equal(told(is, hidden), told(isNot, absent));
    assert.ok(is.status >= 400, `${hidden}: ${is.text}`);
  };

  for (const [what, [hidden, absent, make]] of Object.entries(filters))
    it(`${what}, in a condition`, async () => {
      for (let i = 0; i < make('').length; i++) {
        const filter = (name) => encodeURIComponent(JSON.stringify(make(name)[i]));
        await same(hidden, absent, (name) => reader.get(`${LEADS}?filter=${filter(name)}`));
        await same(hidden, absent, (name) => reader.get(`${LEADS}/export?filter=${filter(name)}`));
        await same(hidden, absent, (name) => reader.post(`${LEADS}/aggregate`, { where: make(name)[i], measures: { n: 'count' } }));
        await same(hidden, absent, (name) => reader.post(`${LEADS}/bulk`, { where: make(name)[i], set: { city: 'Клин' } }));
      }
    });

  it('in every other place that takes a name', async () => {
    for (const [hidden, absent] of [['message', 'no_such'], ['contact.name', 'contact.no_such'], ['page', 'no_such']])
      for (const ask of [
        (f) => reader.get(`${LEADS}?sort=${f},odd`),
        (f) => reader.get(`${LEADS}?sort=-${f}&limit=9999`),
        (f) => reader.get(`${LEADS}?fields=${f},odd`),
        (f) => reader.get(`${LEADS}?${f}.odd=1`),
        (f) => reader.get(`${LEADS}?${f}=1&limit=9999`),
        (f) => reader.get(`${LEADS}/export?fields=${f}`),
        (f) => reader.get(`${LEADS}/999999/history?field=${f}`),
        (f) => reader.post(`${LEADS}/aggregate`, { by: [{ field: f, bucket: 'odd' }], measures: { n: 'count' } }),
        (f) => reader.post(`${LEADS}/aggregate`, { by: [f], measures: { n: { max: f } }, sort: ['odd'] }),
        (f) => reader.post(`${LEADS}/aggregate`, { by: [f], measures: { n: 'count' }, summary: true }),
      ])
        await same(hidden, absent, ask);
    const csv = Buffer.from('Название\r\nРаз\r\n');
    const send = (entity) => reader.request('POST', `/api/v1/import/${entity}?name=x.csv`, csv, { raw: true, asWritten: true, headers: { 'content-type': 'application/octet-stream' } });
    await same('sales.deal', 'no.such', send);
    for (const query of ['', '?no_such=1', '?sort=odd', '/aggregate'])
      await same('sales.deal', 'no.such', (e) =>
        query === '/aggregate' ? reader.post(`/api/v1/${e}/aggregate`, { by: ['odd'] }, { asWritten: true }) : reader.get(`/api/v1/${e}${query}`, { asWritten: true }));
    const { id } = (await send('sales.lead')).json;
    for (const column of [(f) => f, (f) => ({ field: 'contact', by: f }), (f) => ({ field: f, by: 'id' })])
      for (const [hidden, absent] of [['message', 'no_such'], ['name', 'no_such']])
        await same(hidden, absent, (f) => reader.post(`/api/v1/import/${id}/check`, { columns: [column(f)] }));
  });
});
