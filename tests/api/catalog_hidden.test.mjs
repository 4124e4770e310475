// Who does not see the rate of a deal's lines never writes an amount without their VAT.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

const LINES = '/api/v1/catalog.line';
const tz = dealer.replace(
  '      tasks.task: {read: own, create: own, update: own}\n',
  '$&      catalog.line: {fields: [title, price, quantity, discount, discount_sum, vat_sum, sum]}\n',
);

let server, head, petrov;

before(async () => {
  server = await startServer({ tz });
  [head, petrov] = await Promise.all(['ivanova', 'petrov'].map((who) => server.as(who)));
});
after(() => server?.stop());

it('a line is added with what it comes to, and none is changed by who does not see its rate', async () => {
  const deal = (await petrov.post('/api/v1/sales.deal', { title: 'Сделка', vat_on_top: true }, { expect: 201 })).json;
  const amount = async () => (await head.get(`/api/v1/sales.deal/${deal.id}`, { expect: 200 })).json.amount;
  const make = async (client, price) => (await client.post(LINES, { deal: deal.id, title: 'Строка', price }, { expect: 201 })).json;
  await make(head, '100');
  const own = await make(petrov, '1');
  assert.equal(own.vat, undefined);
  assert.equal(await amount(), '123.22');
  const { status, json } = await petrov.patch(`${LINES}/${own.id}`, { price: '2' });
  assert.deepEqual([status, json.fields?.[0].field], [422, 'amount']);
  assert.equal(await amount(), '123.22');
});
