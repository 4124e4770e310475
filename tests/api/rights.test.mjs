// Who sees and does what (S-13, S-14, S-15, S-40, S-41, S-42, S-44, T-1): one rule under every way in.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

let server, head, petrov, sidorova, kuznetsov, belova, visitor;
const LEADS = '/api/v1/sales.lead';
const DEALS = '/api/v1/sales.deal';

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z' });
  head = await server.as('ivanova');
  petrov = await server.as('petrov');
  sidorova = await server.as('sidorova');
  kuznetsov = await server.as('kuznetsov');
  belova = await server.as('belova');
  visitor = server.client();
});
after(() => server.stop());

async function make(client, path, data) {
  return (await client.post(path, data, { expect: 201 })).json;
}

async function ids(client, path, query = {}) {
  const reply = await client.get(`${path}?${new URLSearchParams({ limit: 200, ...query })}`, { expect: 200 });
  assert.equal(reply.json.total, reply.json.rows.length, 'the count tells no more than the rows');
  return reply.json.rows.map((r) => r.id);
}

describe('S-44: a manager', () => {
  let mine, hers;

  before(async () => {
    mine = await make(petrov, LEADS, { title: 'Заявка Петрова', city: 'Казань', phone: ['+79031112233'] });
    hers = await make(sidorova, LEADS, { title: 'Заявка Сидоровой', city: 'Тверь', phone: ['+79035556677'] });
  });

  it('sees only his own in lists, filters, sorts and searches', async () => {
    for (const query of [
      {},
      { sort: 'city' },
      { sort: '-updated_at' },
      { q: 'заявка' },
      { filter: '["city","in",["Казань","Тверь"]]' },
      { filter: JSON.stringify(['or', ['city', 'eq', 'Тверь'], ['city', 'eq', 'Казань']]) },
      { filter: '["not",["city","eq","Псков"]]' },
      { 'id.in': `${mine.id},${hers.id}` },
    ])
      assert.deepEqual(await ids(petrov, LEADS, query), [mine.id], JSON.stringify(query));
    for (const query of [{ q: 'сидоровой' }, { city: 'Тверь' }, { id: hers.id }, { phone: '+79035556677' }, { owner: sidorova.user.id }])
      assert.deepEqual(await ids(petrov, LEADS, query), [], JSON.stringify(query));
  });

  it('does not find a foreign record by any other way in', async () => {
    const at = `${LEADS}/${hers.id}`;
    for (const reply of [
      await petrov.get(at),
      await petrov.get(`${at}/history`),
      await petrov.patch(at, { city: 'Псков' }),
      await petrov.patch(at, { city: 'Псков' }, { headers: { 'if-match': '"1"' } }),
      await petrov.del(at),
      await petrov.post(`${at}/restore`),
    ]) {
      assert.equal(reply.status, 404, reply.text);
      assert.ok(!reply.text.includes('Сидоровой') && !reply.text.includes('Тверь'));
    }
    const found = (await petrov.get('/api/v1/search?q=' + encodeURIComponent('сидоровой'), { expect: 200 })).json;
    assert.deepEqual(found.groups.filter((g) => g.entity === 'sales.lead').flatMap((g) => g.rows), []);
    assert.equal((await sidorova.get(at)).json.city, 'Тверь');
  });

  it('gives away what he made himself, and nothing else', async () => {
    const given = await make(head, LEADS, { title: 'Поручена', owner: petrov.user.id });
    const reply = await petrov.patch(`${LEADS}/${given.id}`, { owner: sidorova.user.id });
    assert.equal(reply.status, 422, reply.text);
    assert.deepEqual(reply.json.fields.map((f) => [f.field, f.code]), [['owner', 'owner_denied']]);
    assert.equal((await petrov.get(`${LEADS}/${given.id}`)).json.owner.id, petrov.user.id);
    await head.del(`${LEADS}/${given.id}`, { expect: 204 });
    const foreign = await petrov.post(LEADS, { title: 'Сразу другому', owner: sidorova.user.id });
    assert.deepEqual([foreign.status, foreign.json.fields.map((f) => [f.field, f.code])], [422, [['owner', 'owner_denied']]]);
  });

  it('sees through a reference no more than directly', async () => {
    const secret = await make(sidorova, '/api/v1/contacts.person', { name: 'Тайный Клиент', city: 'Ржев' });
    const blind = await petrov.post(LEADS, { title: 'Подсмотреть', contact: secret.id });
    if (blind.status === 201) {
      assert.deepEqual(blind.json.contact, { id: secret.id, denied: true });
      await head.del(`${LEADS}/${blind.json.id}`, { expect: 204 });
    } else {
      assert.equal(blind.json.fields[0].code, 'no_such_record');
    }
    const shared = await make(head, LEADS, { title: 'Общая', owner: petrov.user.id, contact: secret.id });
    const seen = (await petrov.get(`${LEADS}/${shared.id}`, { expect: 200 })).json;
    assert.deepEqual(seen.contact, { id: secret.id, denied: true });
    const row = (await petrov.list('sales.lead', `id=${shared.id}`))[0];
    assert.deepEqual(row.contact, { id: secret.id, denied: true });
    assert.deepEqual(await ids(petrov, LEADS, { filter: '["contact.city","eq","Ржев"]' }), []);
    const history = (await petrov.get(`${LEADS}/${shared.id}/history`, { expect: 200 })).text;
    assert.ok(!history.includes('Тайный'), history);
    await head.del(`${LEADS}/${shared.id}`, { expect: 204 });
  });

  it('hears nothing about foreign records', async () => {
    const stream = await petrov.events();
    await sidorova.patch(`${LEADS}/${hers.id}`, { city: 'Клин' }, { expect: 200 });
    await petrov.patch(`${LEADS}/${mine.id}`, { city: 'Чита' }, { expect: 200 });
    await until(() => stream.seen.some((e) => e.data.id === mine.id), 'his own change arrives');
    assert.ok(!stream.seen.some((e) => e.event === 'record' && e.data.id === hers.id), JSON.stringify(stream.seen));
    stream.close();
  });
});

describe('S-40: a head', () => {
  it('sees her department, not the others', async () => {
    const ours = await make(petrov, LEADS, { title: 'Наша' });
    const theirs = await make(kuznetsov, LEADS, { title: 'Сервисная' });
    const seen = await ids(head, LEADS);
    assert.ok(seen.includes(ours.id));
    assert.ok(!seen.includes(theirs.id));
    assert.equal((await head.get(`${LEADS}/${theirs.id}`)).status, 404);
    assert.equal((await head.patch(`${LEADS}/${theirs.id}`, { city: 'x' })).status, 404);
  });

  it('hands a record over, after which the former owner does not see it', async () => {
    const r = await make(petrov, LEADS, { title: 'Передать' });
    await head.patch(`${LEADS}/${r.id}`, { owner: sidorova.user.id }, { expect: 200 });
    assert.equal((await petrov.get(`${LEADS}/${r.id}`)).status, 404);
    assert.equal((await sidorova.get(`${LEADS}/${r.id}`)).status, 200);
  });
});

describe('S-41 S-42: an accountant', () => {
  let open, won;

  before(async () => {
    open = await make(petrov, DEALS, { title: 'Открытая', amount: '100', note: 'торг' });
    won = await make(petrov, DEALS, { title: 'Выигранная', amount: '500', note: 'скидка личная' });
    await petrov.patch(`${DEALS}/${won.id}`, { stage: 'payment' }, { expect: 200 });
    await head.patch(`${DEALS}/${won.id}`, { stage: 'paid' }, { expect: 200 });
  });

  it('sees closed deals only', async () => {
    assert.deepEqual(await ids(belova, DEALS), [won.id]);
    assert.equal((await belova.get(`${DEALS}/${open.id}`)).status, 404);
    assert.equal((await belova.get(LEADS)).json.rows?.length ?? 0, 0);
  });

  it('sees the granted fields and no trace of others', async () => {
    const r = (await belova.get(`${DEALS}/${won.id}`, { expect: 200 })).json;
    const own = Object.keys(r).filter((k) => !k.startsWith('_'));
    for (const f of ['title', 'amount', 'stage', 'closed_at']) assert.ok(own.includes(f), f);
    for (const f of ['note', 'owner', 'contact', 'company', 'lead', 'currency', 'number']) assert.ok(!own.includes(f), f);
    const [row] = await belova.list('sales.deal');
    assert.ok(!('note' in row) && !('owner' in row));
    const meta = (await belova.get('/api/v1/meta', { expect: 200 })).json;
    assert.ok(!('note' in meta.entities['sales.deal'].fields));
    assert.ok(!('owner' in meta.entities['sales.deal'].fields));
    assert.deepEqual(meta.entities['sales.deal'].can.update, false);
    assert.ok(!('sales.lead' in meta.entities), 'what she may not read is not offered');
    assert.ok(!meta.menu.some((m) => m.entity === 'sales.lead'));
  });

  it('cannot ask by a hidden field: it is unknown to her', async () => {
    for (const query of [
      { note: 'торг' },
      { 'note.has': 'скидка' },
      { sort: 'note' },
      { fields: 'title,note' },
      { filter: '["note","eq","x"]' },
      { filter: '["owner.name","eq","Пётр Петров"]' },
      { filter: '["not",["contact.city","none"]]' },
      { owner: petrov.user.id },
      { 'note.like': 'x' },
      { owner: 'abc' },
      { filter: '["note","like","x"]' },
      { filter: '["owner","eq","abc"]' },
      { filter: '["and",["title","has","x"],["owner","in","abc"]]' },
    ]) {
      const reply = await belova.get(`${DEALS}?${new URLSearchParams(query)}`);
      assert.equal(reply.status, 422, `${JSON.stringify(query)} ${reply.text}`);
      assert.equal(reply.json.fields[0].code, 'unknown_field');
      const nosuch = await belova.get(`${DEALS}?sort=nosuch`);
      assert.equal(nosuch.json.fields[0].code, 'unknown_field', 'the same answer as for a field that is not there');
    }
  });

  it('does not find a record by words of a hidden field', async () => {
    assert.deepEqual(await ids(belova, DEALS, { q: 'скидка' }), []);
    assert.deepEqual(await ids(belova, DEALS, { q: 'выигранная' }), [won.id]);
    const { groups } = (await belova.get('/api/v1/search?q=' + encodeURIComponent('скидка'), { expect: 200 })).json;
    assert.deepEqual(groups.flatMap((g) => g.rows), []);
  });

  it('reads a history without hidden fields', async () => {
    const { rows } = (await belova.get(`${DEALS}/${won.id}/history`, { expect: 200 })).json;
    const fields = new Set(rows.flatMap((r) => r.changes.map((c) => c.field)));
    assert.ok(fields.has('stage'));
    assert.ok(!fields.has('note') && !fields.has('owner'), [...fields].join());
  });

  it('changes nothing', async () => {
    const at = `${DEALS}/${won.id}`;
    for (const reply of [
      await belova.patch(at, { title: 'x' }),
      await belova.del(at),
      await belova.post(DEALS, { title: 'x' }),
    ])
      assert.equal(reply.status, 403, reply.text);
    for (const field of ['note', 'nosuch'])
      assert.equal((await belova.patch(at, { [field]: 'x' })).json.fields[0].code, 'unknown_field');
    assert.deepEqual((await belova.get(at)).json._can, []);
  });

  it('hears of the deals she may see, with the fields she may see', async () => {
    const stream = await belova.events();
    const deal = await make(petrov, DEALS, { title: 'К закрытию', amount: '7', note: 'секрет' });
    await petrov.patch(`${DEALS}/${deal.id}`, { stage: 'payment', note: 'ещё секрет' }, { expect: 200 });
    await head.patch(`${DEALS}/${deal.id}`, { stage: 'paid', note: 'и ещё' }, { expect: 200 });
    const got = await until(() => stream.seen.find((e) => e.data.id === deal.id), 'it came into her sight');
    assert.equal(got.data.op, 'created');
    assert.ok(!got.data.fields.includes('note'));
    assert.equal(stream.seen.filter((e) => e.data.id === deal.id).length, 1, JSON.stringify(stream.seen));
    stream.close();
  });
});

describe('T-1 S-13 S-15: a stage', () => {
  it('is moved only by who may, along the moves that are there', async () => {
    const d = await make(petrov, DEALS, { title: 'Ход', amount: '10' });
    const at = `${DEALS}/${d.id}`;
    const first = (await petrov.get(at)).json;
    assert.deepEqual(first._can.filter((a) => a.startsWith('move:')).sort(), ['move:lost', 'move:payment', 'move:work']);
    const leap = await petrov.patch(at, { stage: 'paid' });
    assert.equal(leap.status, 422);
    assert.equal(leap.json.fields[0].code, 'stage_move_denied');
    const waiting = (await petrov.patch(at, { stage: 'payment' }, { expect: 200 })).json;
    assert.deepEqual(waiting._can.filter((a) => a.startsWith('move:')), []);
    const paid = await petrov.patch(at, { stage: 'paid' });
    assert.equal(paid.json.fields[0].code, 'stage_move_denied', 'only the head says "paid"');
    const done = (await head.patch(at, { stage: 'paid' }, { expect: 200 })).json;
    assert.equal(done.closed_at, '2027-01-18T07:00:00.000Z');
  });

  it('asks for what it needs', async () => {
    const d = await make(petrov, DEALS, { title: 'Отказ' });
    const bare = await petrov.patch(`${DEALS}/${d.id}`, { stage: 'lost' });
    assert.equal(bare.status, 422);
    assert.deepEqual(bare.json.fields.map((f) => [f.field, f.code]), [['lost_reason', 'stage_needs']]);
    await petrov.patch(`${DEALS}/${d.id}`, { stage: 'lost', lost_reason: 'price' }, { expect: 200 });
  });

  it('lets a record begin only where records begin', async () => {
    const reply = await petrov.post(DEALS, { title: 'Сразу', stage: 'paid' });
    assert.equal(reply.status, 422);
    assert.equal(reply.json.fields[0].field, 'stage');
    const unknown = await petrov.post(DEALS, { title: 'Сразу', stage: 'nosuch' });
    assert.equal(unknown.status, 422);
  });

  it('S-14: locks fields for everybody but who may', async () => {
    const d = await make(petrov, DEALS, { title: 'Замок', amount: '10' });
    const at = `${DEALS}/${d.id}`;
    await petrov.patch(at, { amount: '20' }, { expect: 200 });
    await petrov.patch(at, { stage: 'payment' }, { expect: 200 });
    const locked = await petrov.patch(at, { amount: '30' });
    assert.equal(locked.status, 422);
    assert.deepEqual(locked.json.fields.map((f) => [f.field, f.code]), [['amount', 'locked']]);
    await petrov.patch(at, { note: 'остальное можно' }, { expect: 200 });
    await head.patch(at, { amount: '30' }, { expect: 200 });
  });
});

describe('who is not signed in', () => {
  it('gets nothing but 401, also for what is not there', async () => {
    for (const path of [LEADS, `${LEADS}/1`, '/api/v1/meta', '/api/v1/search?q=x', '/api/v1/events', '/api/v1/user', '/api/v1/nosuch'])
      assert.equal((await visitor.get(path, { asWritten: true })).status, 401, path);
    assert.equal((await visitor.post(LEADS, { title: 'x' })).status, 401);
  });
});

describe("the kernel's own stores", () => {
  it('are closed to everybody', async () => {
    for (const name of ['credential', 'session', 'idem', 'due', 'inbox', 'outbox', 'change', 'tz'])
      for (const client of [petrov, head])
        assert.ok([404, 405].includes((await client.get(`/api/v1/${name}`, { asWritten: true })).status) || name === 'session', name);
  });

  it('gives a user no look at the notices of another', async () => {
    await visitor.post('/hook/site', { name: 'Гость', phone: '+79161234567', text: 'x' }, { expect: 202 });
    const reader = await until(async () => {
      for (const c of [petrov, sidorova]) if ((await c.list('notification')).length) return c;
    }, 'a notice');
    const [notice] = await reader.list('notification');
    const other = reader === petrov ? sidorova : petrov;
    assert.equal((await other.get(`/api/v1/notification/${notice.id}`)).status, 404);
    assert.equal((await belova.get(`/api/v1/notification/${notice.id}`)).status, 404);
  });
});
