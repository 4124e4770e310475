// Groups and measures over HTTP (S-51, S-60..S-62): figures, rights, values of other rows, refusals.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';

let server, head, petrov, sidorova, belova, visitor;
const LEADS = '/api/v1/sales.lead';
const DEALS = '/api/v1/sales.deal';
const PEOPLE = '/api/v1/contacts.person';
const deals = {};

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z' });
  head = await server.as('ivanova');
  petrov = await server.as('petrov');
  sidorova = await server.as('sidorova');
  belova = await server.as('belova');
  visitor = server.client();
  for (const [name, who, amount] of [
    ['a', petrov, '100.00'],
    ['b', petrov, '300.50'],
    ['c', sidorova, '1000.00'],
  ])
    deals[name] = (await who.post(DEALS, { title: name, amount }, { expect: 201 })).json;
  await petrov.patch(`${DEALS}/${deals.b.id}`, { stage: 'work' }, { expect: 200 });
});
after(() => server.stop());

async function group(client, question, path = DEALS) {
  return (await client.post(`${path}/aggregate`, question, { expect: 200 })).json;
}

/** [["field","code"]…] of a refusal, whose texts are sentences and no keys of the catalogue. */
async function refusal(client, question, path = DEALS) {
  const reply = await client.post(`${path}/aggregate`, question, { expect: 422 });
  for (const f of reply.json.fields) assert.match(f.detail, /^\p{Lu}.* .*\.$/u, reply.text);
  return reply.json.fields.map((f) => [f.field, f.code]);
}

describe('a report', () => {
  it('gives groups, measures and totals', async () => {
    const got = await group(head, {
      by: ['stage'],
      measures: {
        n: 'count',
        sum: { sum: 'amount' },
        big: { count: true, where: ['amount', 'gte', '300.00'] },
        rate: { share: ['big', 'n'] },
        mean: { avg: 'amount' },
        owners: { distinct: 'owner' },
        half: { p50: 'amount' },
      },
      sort: ['-sum'],
      totals: true,
    });
    assert.deepEqual(got, {
      rows: [
        { stage: 'new', n: 2, sum: '1100.00', big: 1, rate: '50.00', mean: '550.0000', owners: 2, half: '100.00' },
        { stage: 'work', n: 1, sum: '300.50', big: 1, rate: '100.00', mean: '300.5000', owners: 1, half: '300.50' },
      ],
      more: false,
      totals: { n: 3, sum: '1400.50', big: 2, rate: '66.67', mean: '466.8333', owners: 2, half: '300.50' },
    });
  });

  it('names people and departments, and keeps the first groups', async () => {
    const got = await group(head, {
      by: ['owner', 'owner.department'],
      measures: { sum: { sum: 'amount' } },
      sort: ['-sum'],
      limit: 1,
    });
    assert.equal(got.more, true);
    assert.equal(got.rows.length, 1);
    assert.equal(got.rows[0].owner.id, sidorova.user.id);
    assert.equal(got.rows[0].owner.label, sidorova.user.name);
    assert.equal(got.rows[0]['owner.department'].label, 'Отдел продаж');
  });

  it('cuts time by the clocks of the deployment', async () => {
    const by = (bucket) => [{ field: 'created_at', bucket, as: 'at' }];
    const at = async (bucket) => (await group(head, { by: by(bucket), measures: { n: 'count' } })).rows;
    assert.deepEqual(await at('day'), [{ at: '2027-01-18', n: 3 }]);
    assert.deepEqual(await at('hour'), [{ at: '2027-01-18T07:00:00.000Z', n: 3 }]);
    assert.deepEqual(await at('hour_of_day'), [{ at: 10, n: 3 }]);
    assert.deepEqual(await at('weekday'), [{ at: 1, n: 3 }]);
    assert.deepEqual(await at('month'), [{ at: '2027-01-01', n: 3 }]);
  });

  it('without keys is one row, also of nothing', async () => {
    const measures = { n: 'count', sum: { sum: 'amount' } };
    assert.deepEqual((await group(head, { where: ['title', 'eq', 'z'], measures })).rows, [{ n: 0, sum: null }]);
    assert.deepEqual((await group(head, { where: ['title', 'eq', 'z'], by: ['stage'], measures })).rows, []);
  });

  it('keeps groups by what was measured, totals by all', async () => {
    const got = await group(head, {
      by: ['title'],
      measures: { sum: { sum: 'amount' } },
      having: [['sum', 'gt', '100.00'], ['sum', 'lt', 1000]],
      totals: true,
    });
    assert.deepEqual(got, { rows: [{ title: 'b', sum: '300.50' }], more: false, totals: { sum: '1400.50' } });
  });
});

describe('under rights', () => {
  it('a manager counts only his own', async () => {
    const question = { measures: { n: 'count', sum: { sum: 'amount' } }, totals: true };
    const his = await group(petrov, question);
    assert.deepEqual(his, { rows: [{ n: 2, sum: '400.50' }], more: false, totals: { n: 2, sum: '400.50' } });
    assert.deepEqual((await group(sidorova, question)).rows, [{ n: 1, sum: '1000.00' }]);
    assert.deepEqual((await group(petrov, { ...question, where: ['owner', 'eq', sidorova.user.id] })).rows, [
      { n: 0, sum: null },
    ]);
  });

  it('a field hidden from her is unknown wherever it stands', async () => {
    const n = { n: 'count' };
    for (const question of [
      { by: ['owner'], measures: n },
      { by: ['owner.department'], measures: n },
      { measures: { n: { distinct: 'owner' } } },
      { measures: { n: { count: true, where: ['owner', 'me'] } } },
      { where: ['owner', 'me'], measures: n },
      { where: ['id', 'in_query', { entity: 'sales.deal', field: 'id', where: ['owner', 'me'] }], measures: n },
      { where: ['id', 'in_query', { entity: 'sales.deal', field: 'owner' }], measures: n },
    ])
      assert.ok(
        (await refusal(belova, question)).every(([field, code]) => /owner/.test(field) && /unknown_field|type_mismatch/.test(code)),
        JSON.stringify(question),
      );
    assert.deepEqual(await refusal(belova, { by: ['stage'], measures: n, having: [['owner', 'gt', 1]] }), [
      ['owner', 'unknown_field'],
    ]);
    assert.deepEqual((await group(belova, { by: ['stage'], measures: n })).rows, []);
  });

  it('what nobody granted is not there', async () => {
    assert.equal((await belova.post(`${LEADS}/aggregate`, { measures: { n: 'count' } })).status, 404);
    assert.equal((await head.post('/api/v1/sys.session/aggregate', { measures: { n: 'count' } }, { asWritten: true })).status, 404);
    assert.equal((await visitor.post(`${DEALS}/aggregate`, { measures: { n: 'count' } })).status, 401);
    const forged = await head.post(`${DEALS}/aggregate`, { measures: { n: 'count' } }, { headers: { 'x-csrf-token': 'x' } });
    assert.equal(forged.status, 403);
  });

  it('a reference he may not read is counted without its name', async () => {
    const secret = (await sidorova.post(PEOPLE, { name: 'Тайный Клиент', city: 'Ржев' }, { expect: 201 })).json;
    const shared = await head.post(LEADS, { title: 'Общая', owner: petrov.user.id, contact: secret.id }, { expect: 201 });
    const rows = async (by) => (await group(petrov, { by, measures: { n: 'count' } }, LEADS)).rows;
    assert.deepEqual(await rows(['contact']), [{ contact: { id: secret.id, denied: true }, n: 1 }]);
    assert.deepEqual(await rows(['contact.city']), [{ 'contact.city': null, n: 1 }]);
    await head.del(`${LEADS}/${shared.json.id}`, { expect: 204 });
  });
});

describe('values of other rows', () => {
  it('narrow lists and reports to what the asker may read', async () => {
    const known = (await petrov.post(PEOPLE, { name: 'Известный', city: 'Клин' }, { expect: 201 })).json;
    const other = (await sidorova.post(PEOPLE, { name: 'Чужой', city: 'Клин' }, { expect: 201 })).json;
    for (const [who, contact] of [
      [petrov, known],
      [sidorova, other],
    ])
      await who.post(LEADS, { title: 'Клин', contact: contact.id }, { expect: 201 });
    const from = { entity: 'contacts.person', field: 'id', where: ['city', 'eq', 'Клин'] };
    const filter = JSON.stringify(['contact', 'in_query', from]);
    const seen = async (who) =>
      (await who.get(`${LEADS}?${new URLSearchParams({ filter })}`, { expect: 200 })).json.rows.map((r) => r.contact.id);
    assert.deepEqual(await seen(petrov), [known.id]);
    assert.deepEqual((await seen(head)).sort(), [known.id, other.id].sort());
    const counted = await group(head, { where: ['not', ['contact', 'in_query', from]], measures: { n: 'count' } }, LEADS);
    assert.deepEqual(counted.rows, [{ n: 0 }]);
  });

  it('are refused by name', async () => {
    const ask = async (where) => await refusal(head, { where, measures: { n: 'count' } }, LEADS);
    assert.deepEqual(await ask(['contact', 'in_query', { entity: 'contacts.persn', field: 'id' }]), [
      ['contacts.persn', 'unknown_field'],
    ]);
    assert.deepEqual(await ask(['contact', 'in_query', { entity: 'user', field: 'id' }]), [['id', 'type_mismatch']]);
    assert.deepEqual(await ask(['title', 'in_query', { entity: 'user', field: 'password' }]), [['password', 'unknown_field']]);
  });
});

describe('what cannot be asked', () => {
  const n = { n: 'count' };

  it('is named, each fault of it', async () => {
    assert.deepEqual(await refusal(head, { by: ['stag'], measures: { n: { sum: 'titel' } }, limit: 5000 }), [
      ['stag', 'unknown_field'],
      ['titel', 'unknown_field'],
      ['limit', 'out_of_range'],
    ]);
    const near = await head.post(`${DEALS}/aggregate`, { by: ['stag'], measures: n });
    assert.equal(near.json.fields[0].params.nearest, 'stage');
    assert.deepEqual(await refusal(head, { mesures: n }), [
      ['mesures', 'unknown_field'],
      ['measures', 'required'],
    ]);
    assert.deepEqual(await refusal(head, { by: [{ field: 'created_at', bucket: 'minute' }], measures: n }), [
      ['minute', 'not_a_choice'],
    ]);
    assert.deepEqual(await refusal(head, { measures: n, totals: 'yes' }), [['totals', 'type_mismatch']]);
  });

  it('is bounded', async () => {
    const thousand = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`m${i}`, 'count']));
    assert.deepEqual(await refusal(head, { measures: thousand }), [['measures', 'too_many']]);
    const nest = (n) => (n ? ['not', nest(n - 1)] : ['owner', 'me']);
    assert.deepEqual(await refusal(head, { where: nest(12), measures: n }), [['where', 'too_complex']]);
    const deep = await head.post(`${DEALS}/aggregate`, { where: nest(100), measures: n });
    assert.ok([400, 422].includes(deep.status), deep.text);
    const list = await head.get(`${DEALS}?${new URLSearchParams({ filter: JSON.stringify(nest(12)) })}`);
    assert.deepEqual([list.status, list.json.fields[0].code], [422, 'too_complex']);
  });

  it('is refused when it is no object', async () => {
    for (const body of ['[]', '5', '{', '"x"'])
      assert.equal((await head.request('POST', `${DEALS}/aggregate`, body, { raw: true })).status, 400, body);
    assert.equal((await head.get(`${DEALS}/aggregate`)).status, 404);
  });

  it('S-94: tells how long deals stay in each stage, to who sees those deals, and nobody writes that', async () => {
    const log = `${DEALS}_stages`;
    const deal = (await petrov.post(DEALS, { title: 'Застряла', amount: '1.00' }, { expect: 201 })).json;
    await server.advance('40m');
    await petrov.patch(`${DEALS}/${deal.id}`, { stage: 'work' }, { expect: 200 });
    const question = { where: ['record.title', 'eq', 'Застряла'], by: ['stage', 'record.owner'], measures: { n: 'count', half: { p50: 'ms' } }, sort: ['-half'] };
    const owner = { id: petrov.user.id, label: petrov.user.name };
    for (const who of [head, petrov])
      assert.deepEqual((await group(who, question, log)).rows.map((r) => ({ ...r, 'record.owner': { id: r['record.owner'].id, label: r['record.owner'].label } })), [
        { stage: 'new', 'record.owner': owner, n: 1, half: 2_400_000 },
        { stage: 'work', 'record.owner': owner, n: 1, half: null },
      ]);
    for (const who of [sidorova, belova]) {
      assert.deepEqual((await group(who, { ...question, by: ['stage'] }, log)).rows, []);
      assert.deepEqual((await who.get(`${log}?record=${deal.id}`, { expect: 200 })).json.rows, []);
    }
    const [first, second] = (await petrov.get(`${log}?record=${deal.id}&sort=id`, { expect: 200 })).json.rows;
    assert.deepEqual([first.from, first.stage, first.to, first.ms], [null, 'new', 'work', 2_400_000]);
    assert.deepEqual([second.from, second.stage, second.left_at, second.entered_at], ['new', 'work', null, first.left_at]);
    assert.equal((await head.post(log, { record: deal.id, stage: 'work' }, { asWritten: true })).status, 403);
    const changed = await head.patch(`${log}/${second.id}`, { ms: 1 }, { asWritten: true });
    assert.deepEqual([changed.status, changed.json.fields.map((f) => [f.field, f.code])], [422, [['ms', 'read_only']]]);
    assert.equal((await head.patch(`${log}/${second.id}`, {}, { asWritten: true })).status, 403);
    assert.equal((await head.del(`${log}/${second.id}`, { asWritten: true })).status, 403);
    const meta = (await head.get('/api/v1/meta', { expect: 200 })).json.entities['sales.deal_stages'];
    assert.deepEqual(meta.can, { read: true, create: false, update: false, delete: false, merge: false, export: false, import: false });
    const paths = Object.keys((await head.get('/api/v1/openapi.json', { expect: 200 })).json.paths).filter((p) => p.startsWith('/api/v1/sales.deal_stages'));
    assert.ok(paths.includes('/api/v1/sales.deal_stages/aggregate') && !paths.some((p) => p.endsWith('/changes')), paths);
  });

  it('is told when a sum does not fit', async () => {
    for (let i = 0; i < 2; i++) await head.post(DEALS, { title: 'huge', amount: '90000000000000000.00' }, { expect: 201 });
    const huge = { where: ['title', 'eq', 'huge'], by: ['title'] };
    assert.deepEqual(await refusal(head, { ...huge, measures: { ok: 'count', sum: { sum: 'amount' } } }), [
      ['sum', 'sum_overflow'],
    ]);
    assert.deepEqual((await group(head, { ...huge, measures: { half: { p50: 'amount' } } })).rows, [
      { title: 'huge', half: '90000000000000000.00' },
    ]);
  });
});
