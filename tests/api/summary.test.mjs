// The right to figures without the records (design §6): marketing sees the revenue by source and not
// one deal, and cannot work out what a group too small to be shown holds.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, people } from '../harness/tz.mjs';

const DEALS = '/api/v1/sales.deal';
const MARKETER = `  marketer:
    title: Маркетолог
    rights:
      sales.deal: {aggregate: {of: [count, amount], by: [source, owner, created_at], at_least: 3}}
      sales.lead: {read: own, aggregate: {of: [count], by: [source], at_least: 1}}
functions:`;
const withMarketer = (tz) => tz.replace('functions:', MARKETER);
const staff = `${people}orlova,Вера Орлова,orlova@dealer.example,finance,marketer\n`;

describe('the right to figures', () => {
  let server, head, petrov, sidorova, orlova;

  before(async () => {
    server = await startServer({ tz: withMarketer(dealer), people: staff, time: '2027-01-18T07:00:00Z' });
    [head, petrov, sidorova, orlova] = [await server.as('ivanova'), await server.as('petrov'), await server.as('sidorova'), await server.as('orlova')];
    const deals = [
      [petrov, 'site', 5], [sidorova, 'site', 4], [petrov, 'phone', 4], [sidorova, 'phone', 1], [petrov, 'avito', 2], [sidorova, 'email', 1],
    ];
    for (const [client, source, count] of deals)
      for (let i = 0; i < count; i++) await client.post(DEALS, { title: `${source} ${i}`, source, amount: '100.00' }, { expect: 201 });
    for (const source of ['site', 'phone']) await head.post('/api/v1/sales.lead', { title: source, source }, { expect: 201 });
  });
  after(() => server.stop());

  const ask = async (question, client = orlova) => (await client.post(`${DEALS}/aggregate`, question, { expect: 200 })).json;
  const refused = async (question) => {
    const reply = await orlova.post(`${DEALS}/aggregate`, question, { expect: 422 });
    return Object.fromEntries(reply.json.fields.map((f) => [f.field, f.code]));
  };
  const measures = { n: 'count', sum: { sum: 'amount' } };

  it('gives the revenue by source and not one deal', async () => {
    const got = await ask({ by: ['source'], measures, sort: ['-n'] });
    assert.deepEqual(got.rows, [
      { source: 'site', n: 9, sum: '900.00' },
      { source: 'phone', n: 5, sum: '500.00' },
    ]);
    assert.equal(got.folded, true, 'avito and email have two deals and one');
    for (const path of [DEALS, `${DEALS}/1`, `${DEALS}/1/history`, `${DEALS}?title=site`]) assert.equal((await orlova.get(path)).status, 404, path);
    assert.deepEqual((await orlova.get('/api/v1/search?q=site', { expect: 200 })).json.groups.filter((g) => g.entity === 'sales.deal'), []);
    assert.equal((await orlova.post(DEALS, { title: 'x' })).status, 403);
  });

  it('gives totals, averages and shares, and what is had of the groups shown', async () => {
    const got = await ask({ by: ['source'], measures: { n: 'count', average: { avg: 'amount' }, filled: { filled: 'amount' } }, totals: true, having: [['n', 'gt', 5]] });
    assert.deepEqual(got.rows, [{ source: 'site', n: 9, average: '100.0000', filled: 9 }]);
    assert.deepEqual(got.totals, { n: 17, average: '100.0000', filled: 17 });
  });

  it('folds a second group away when the difference to a total would tell of one', async () => {
    const { rows, folded } = await ask({ by: ['source', 'owner'], measures: { n: 'count' } });
    const shown = Object.fromEntries(rows.map((r) => [`${r.source} ${r.owner.id === petrov.user.id ? 'petrov' : 'sidorova'}`, r.n]));
    assert.equal(folded, true);
    assert.ok(!('phone sidorova' in shown), 'one deal');
    assert.ok(!('phone petrov' in shown), 'five by phone less four would be that one deal');
    const sum = (of) => rows.filter(of).reduce((all, r) => all + r.n, 0);
    for (const [who, all] of [[petrov, 11], [sidorova, 6]]) {
      const rest = all - sum((r) => r.owner.id === who.user.id);
      assert.ok(rest === 0 || rest >= 3, `what is folded of ${who.user.name}: ${rest}`);
    }
    const rest = 17 - sum(() => true);
    assert.ok(rest === 0 || rest >= 3, `what is folded of all: ${rest}`);
  });

  it('a sum of too few values is folded too, whatever the number of rows', async () => {
    for (let i = 0; i < 3; i++) await petrov.post(DEALS, { title: `без суммы ${i}`, source: 'other', amount: i ? null : '777.00' }, { expect: 201 });
    const { rows } = await ask({ by: ['source'], measures });
    assert.ok(!rows.some((r) => r.source === 'other'));
    assert.equal((await ask({ by: ['source'], measures: { n: 'count' } })).rows.find((r) => r.source === 'other').n, 3);
  });

  it('takes no condition, no word, no single value and no short time', async () => {
    assert.deepEqual(await refused({ where: ['source', 'eq', 'avito'], measures }), { where: 'not_granted' });
    assert.deepEqual(await refused({ q: 'site', measures }), { q: 'not_granted' });
    assert.deepEqual(await refused({ measures: { n: { count: true, where: ['source', 'eq', 'avito'] } } }), { n: 'not_granted' });
    for (const kind of ['min', 'max', 'p50', 'p90']) assert.deepEqual(await refused({ measures: { m: { [kind]: 'amount' } } }), { m: 'not_granted' });
    for (const bucket of ['hour', 'day', 'week', 'weekday'])
      assert.deepEqual(await refused({ by: [{ field: 'created_at', bucket, as: 'at' }], measures }), { at: 'not_granted' });
    const months = await ask({ by: [{ field: 'created_at', bucket: 'month', as: 'month' }], measures: { n: 'count' } });
    assert.deepEqual(months.rows.map((r) => r.month), ['2027-01-01']);
  });

  it('fields that it does not name are unknown, as those that do not exist', async () => {
    assert.deepEqual(await refused({ by: ['stage'], measures }), { stage: 'unknown_field' });
    assert.deepEqual(await refused({ by: ['nosuch'], measures }), { nosuch: 'unknown_field' });
    assert.deepEqual(await refused({ by: ['owner.department'], measures }), { 'owner.department': 'unknown_field' });
    assert.deepEqual(await refused({ measures: { n: { sum: 'number' } } }), { number: 'unknown_field' });
  });

  it('stands beside the right to read: `summary` asks by it, and without it one’s own are counted', async () => {
    const LEADS = '/api/v1/sales.lead';
    const count = async (question) => (await orlova.post(`${LEADS}/aggregate`, question, { expect: 200 })).json.rows[0].n;
    assert.equal(await count({ measures: { n: 'count' } }), 0);
    assert.equal(await count({ measures: { n: 'count' }, summary: true }), 2);
    assert.equal((await petrov.post(`${DEALS}/aggregate`, { measures: { n: 'count' }, summary: true })).status, 403);
    const unknown = await orlova.post(`${LEADS}/aggregate`, { by: ['source'], measures: { n: 'count', m: { filled: 'city' } }, summary: true }, { expect: 422 });
    assert.deepEqual(unknown.json.fields.map((f) => [f.field, f.code]), [['city', 'unknown_field']]);
  });

  it('is in her OpenAPI document as the one thing she may ask of deals', async () => {
    const { paths } = (await orlova.get('/api/v1/openapi.json', { expect: 200 })).json;
    assert.deepEqual(Object.keys(paths).filter((p) => p.startsWith(DEALS)), [`${DEALS}/aggregate`]);
  });

  it('is checked when the ТЗ is read', async () => {
    const wrong = { 'of: [count, title]': /«title» не складывается/, 'of: [count], by: [title]': /«title» сводку не делят/, 'of: [count], by: [nosuch]': /нет поля «nosuch»/ };
    for (const [of, words] of Object.entries(wrong)) {
      const tz = withMarketer(dealer).replace('of: [count, amount], by: [source, owner, created_at]', of);
      await assert.rejects(startServer({ tz, people: staff }), (error) => words.test(error.log) || assert.fail(error.log), of);
    }
  });
});
