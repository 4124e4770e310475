// The catalogue: goods, what deals are made of, and that a deal comes to what its lines come to (S-59, S-95).

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const GOODS = '/api/v1/catalog.good';
const GROUPS = '/api/v1/catalog.group';
const TYPES = '/api/v1/catalog.price_type';
const PRICES = '/api/v1/catalog.price';
const LINES = '/api/v1/catalog.line';
const DEALS = '/api/v1/sales.deal';

const withCatalog = dealer
  .replace('      tasks.task: {read: own, create: own, update: own}\n', '$&      catalog.*: {read: all}\n')
  .replace('      tasks.task: {read: team, create: team, update: team}\n', '$&      catalog.*: {read: all, create: all, update: all, delete: all}\n')
  .replace('sales.*: {read: team, create: team, update: team, reassign: team}', 'sales.*: {read: team, create: team, update: team, reassign: team, merge: team}')
  .replace('  delete: [ivanova]\n', '$&  catalog.stock: [ivanova]\n');

let server, head, petrov, sidorova;

before(async () => {
  server = await startServer({ tz: withCatalog });
  [head, petrov, sidorova] = await Promise.all(['ivanova', 'petrov', 'sidorova'].map((who) => server.as(who)));
});
after(() => server?.stop());

const make = async (client, at, data) => (await client.post(at, data, { expect: 201 })).json;
const change = async (client, at, row, data) => (await client.patch(`${at}/${row.id}`, data, { expect: 200 })).json;
const read = async (client, at, id) => (await client.get(`${at}/${id}`, { expect: 200 })).json;
const amountOf = async (deal) => (await read(head, DEALS, deal.id)).amount;
const fault = async (asked) => {
  const { status, json } = await asked;
  assert.equal(status, 422, JSON.stringify(json));
  return json.fields.map((f) => [f.field, f.detail ?? f.code]);
};
const lines = (client, deal) => client.list('catalog.line', `deal=${deal.id}&sort=id`);
const good = (data) => make(head, GOODS, { title: 'Ковш', price: '1000.00', ...data });
const deal = (data) => make(petrov, DEALS, { title: 'Сделка', ...data });

describe('goods', () => {
  it('are found by name, article and barcode', async () => {
    const one = await good({ title: 'Гидромолот HB20G', article: 'HB-20', barcodes: ['4006381333931'] });
    for (const query of ['q=гидромолот', 'q=HB-20', 'q=4006381333931', 'barcodes=4006381333931', 'article=HB-20'])
      assert.deepEqual((await petrov.list('catalog.good', query)).map((g) => g.id), [one.id], query);
  });

  it('keep a code whose check digit is wrong, and tell of it', async () => {
    const one = await good({ barcodes: ['4 006381-333931', '4006381333930', 'INV-7', '4006381333931'] });
    assert.deepEqual(one.barcodes, ['4006381333931', '4006381333930', 'INV-7']);
    assert.equal(one.barcodes_wrong, '4006381333930');
    assert.deepEqual((await petrov.list('catalog.good', 'filter=["not",["barcodes_wrong","none"]]')).map((g) => g.id), [one.id]);
    assert.equal((await change(head, GOODS, one, { barcodes: ['4006381333931'] })).barcodes_wrong, null);
  });

  it('have a rate of VAT that the settings know', async () => {
    assert.deepEqual(await fault(head.post(GOODS, { title: 'Старый', vat: '18' })), [['vat', 'Такой ставки НДС нет, есть: 22, 20, 10, 7, 5, 0']]);
    await head.patch('/api/v1/modules/catalog/settings', { vat_rates: '22, 18, 16.67' }, { expect: 200 });
    assert.equal((await good({ vat: '16.67' })).vat, '16.67');
    await good({ vat: '18' });
    await head.patch('/api/v1/modules/catalog/settings', { vat_rates: null }, { expect: 200 });
  });

  it('stand in groups that make a tree', async () => {
    const [a, b] = [await make(head, GROUPS, { title: 'А' }), await make(head, GROUPS, { title: 'Б' })];
    await change(head, GROUPS, b, { parent: a.id });
    const wrong = [['parent', 'Группа не может входить сама в себя']];
    assert.deepEqual(await fault(head.patch(`${GROUPS}/${a.id}`, { parent: b.id })), wrong);
    assert.deepEqual(await fault(head.patch(`${GROUPS}/${a.id}`, { parent: a.id })), wrong);
  });

  it('get their stock from another system, and from nobody else', async () => {
    const one = await good({ article: 'ST"1' });
    assert.deepEqual(await fault(head.patch(`${GOODS}/${one.id}`, { stock: '5' })).then((f) => f[0][0]), 'stock');
    const rows = [{ article: 'ST"1', stock: '12.5', reserved: 2 }, { article: 'нет такого', stock: 1 }];
    const { json } = await head.post('/api/v1/catalog/stock', { rows }, { expect: 200 });
    assert.deepEqual(json, { unknown: ['нет такого'], taken: 1 });
    const now = await read(petrov, GOODS, one.id);
    assert.deepEqual([now.stock, now.reserved], ['12.500', '2.000']);
    assert.ok(now.stock_at);
    assert.equal((await petrov.post('/api/v1/catalog/stock', { rows })).status, 403);
    assert.equal((await head.post('/api/v1/catalog/stock', { rows: [] })).status, 422);
  });

  it('are changed by who may, and seen by the others', async () => {
    assert.equal((await petrov.post(GOODS, { title: 'Свой' })).status, 403);
  });
});

describe('a line of a deal', () => {
  it('takes title, unit, price and VAT from the good, and keeps what is said otherwise', async () => {
    const one = await good({ title: 'Масло', unit: '112', price: '310.00', vat: '10' });
    const d = await deal();
    const line = await make(petrov, LINES, { deal: d.id, good: one.id });
    assert.deepEqual([line.title, line.unit, line.quantity, line.price, line.vat, line.sum], ['Масло', '112', '1.000', '310.00', '10.00', '310.00']);
    const own = await make(petrov, LINES, { deal: d.id, good: one.id, title: 'Масло в подарок', price: '0', quantity: '2.5' });
    assert.deepEqual([own.title, own.price, own.sum], ['Масло в подарок', '0.00', '0.00']);
    const other = await change(petrov, LINES, line, { good: (await good({ title: 'Смазка', price: '520.00' })).id });
    assert.deepEqual([other.title, other.price, other.vat], ['Смазка', '520.00', '22.00']);
  });

  it('is counted exactly: discount, VAT in the price, rounding of each line', async () => {
    const d = await deal();
    const line = await make(petrov, LINES, { deal: d.id, title: 'Рукав', price: '3.33', quantity: '1.5', vat: '22' });
    assert.deepEqual([line.sum, line.vat_sum], ['5.00', '0.90']);
    const less = await change(petrov, LINES, line, { discount: '12.5' });
    assert.deepEqual([less.discount_sum, less.sum, less.vat_sum], ['0.63', '4.37', '0.79']);
    const fixed = await change(petrov, LINES, line, { discount_sum: '1.00' });
    assert.deepEqual([fixed.discount, fixed.discount_sum, fixed.sum], [null, '1.00', '4.00']);
    assert.deepEqual(await fault(petrov.patch(`${LINES}/${line.id}`, { discount_sum: '9' })), [['discount_sum', 'Скидка больше, чем сумма строки']]);
    const none = await change(petrov, LINES, line, { discount: '10' }).then(() => change(petrov, LINES, line, { discount: null }));
    assert.deepEqual([none.discount_sum, none.sum], ['0.00', '5.00']);
  });

  it('keeps its percentage when a change of its price is taken back', async () => {
    const d = await deal();
    const line = await make(petrov, LINES, { deal: d.id, title: 'Раз', price: '100', discount: '10' });
    await change(petrov, LINES, line, { price: '200' });
    const { rows } = (await petrov.get(`${LINES}/${line.id}/history`, { expect: 200 })).json;
    const back = (await petrov.post(`${LINES}/${line.id}/undo`, { change: rows[0].position }, { expect: 200 })).json;
    assert.deepEqual([back.price, back.discount, back.discount_sum, back.sum], ['100.00', '10.00', '10.00', '90.00']);
  });

  it('is looked at before it is written, whatever was typed', async () => {
    const d = await deal();
    const seen = async (values) => (await petrov.post(`/api/v1/catalog/line/preview/${d.id}`, { values, changed: ['price'] }, { expect: 200 })).json;
    assert.equal((await seen({ price: '0010.5', quantity: '2' })).sum, '21.00');
    for (const price of ['9'.repeat(40), '999999999999999', '-1', '1e9', '1.2.3']) assert.deepEqual(await seen({ price, quantity: '999999999999999' }), {}, price);
  });

  it('takes the price of the deal’s price type', async () => {
    const type = await make(head, TYPES, { title: 'Дилерская' });
    const one = await good({ price: '1000.00' });
    await make(head, PRICES, { good: one.id, type: type.id, price: '850.00' });
    const d = await deal({ price_type: type.id });
    assert.equal((await make(petrov, LINES, { deal: d.id, good: one.id })).price, '850.00');
    assert.equal((await make(petrov, LINES, { deal: d.id, good: (await good()).id })).price, '1000.00');
    const dollars = await deal({ currency: 'USD' });
    assert.equal((await make(petrov, LINES, { deal: dollars.id, good: one.id })).price, '0.00', 'nothing is converted');
  });

  it('is of a good, or has a name of its own', async () => {
    const d = await deal();
    assert.deepEqual(await fault(petrov.post(LINES, { deal: d.id, price: '1' })), [['title', 'Выберите товар или напишите название']]);
  });

  it('belongs to who may change the deal', async () => {
    const d = await deal();
    const line = await make(petrov, LINES, { deal: d.id, title: 'Своя', price: '1' });
    await sidorova.get(`${LINES}/${line.id}`, { expect: 404 });
    assert.equal((await sidorova.patch(`${LINES}/${line.id}`, { price: '2' })).status, 404);
    await petrov.del(`${LINES}/${line.id}`, { expect: 204 });
  });

  it('is one of 200 at most, all of them counted, also those that came back above that', async () => {
    const d = await deal();
    let line;
    for (let i = 0; i < 200; i += 1) line = await make(petrov, LINES, { deal: d.id, title: `Строка ${i}`, price: '1.01' });
    assert.equal(await amountOf(d), '202.00');
    assert.deepEqual(await fault(petrov.post(LINES, { deal: d.id, title: 'Лишняя', price: '1' })), [['deal', 'В сделке не больше 200 строк']]);
    await change(petrov, DEALS, d, { vat_on_top: true });
    assert.equal(await amountOf(d), '246.00');
    await petrov.del(`${LINES}/${line.id}`, { expect: 204 });
    await make(petrov, LINES, { deal: d.id, title: 'Другая', price: '1.01' });
    await petrov.post(`${LINES}/${line.id}/restore`, undefined, { expect: 200 });
    await until(async () => (await amountOf(d)) === '247.23');
  });
});

describe('the amount of a deal', () => {
  it('follows its lines as they come, change, move and go', async () => {
    const [d, other] = [await deal({ amount: '777.00' }), await deal()];
    const one = await make(petrov, LINES, { deal: d.id, title: 'Раз', price: '100.10', quantity: '3' });
    assert.equal(await amountOf(d), '300.30');
    const two = await make(petrov, LINES, { deal: d.id, title: 'Два', price: '0.70' });
    assert.equal(await amountOf(d), '301.00');
    await change(petrov, LINES, two, { quantity: '2' });
    assert.equal(await amountOf(d), '301.70');
    await change(petrov, LINES, one, { deal: other.id });
    assert.deepEqual([await amountOf(d), await amountOf(other)], ['1.40', '300.30']);
    await petrov.del(`${LINES}/${two.id}`, { expect: 204 });
    assert.equal(await amountOf(d), '0.00');
    await change(petrov, DEALS, d, { amount: '50' });
  });

  it('is not typed while there are lines, and says why', async () => {
    const d = await deal();
    const line = await make(petrov, LINES, { deal: d.id, title: 'Раз', price: '1234.56' });
    assert.deepEqual(await fault(petrov.patch(`${DEALS}/${d.id}`, { amount: '1000' })), [['amount', 'Сумма сделки складывается из её строк: 1234,56']]);
    assert.equal((await change(petrov, DEALS, d, { amount: null })).amount, '1234.56');
    await change(petrov, DEALS, d, { amount: '1234.56', title: 'Та же' });
    await petrov.del(`${LINES}/${line.id}`, { expect: 204 });
    await change(petrov, DEALS, d, { amount: '1000' });
  });

  it('takes VAT in the price or on top of it, each line of it', async () => {
    const d = await deal();
    for (const price of ['100.00', '0.03']) await make(petrov, LINES, { deal: d.id, title: 'Строка', price });
    await change(petrov, DEALS, d, { vat_on_top: true });
    assert.deepEqual((await lines(petrov, d)).map((l) => [l.vat_sum, l.sum]), [['22.00', '122.00'], ['0.01', '0.04']]);
    assert.equal(await amountOf(d), '122.04');
    await change(petrov, DEALS, d, { vat_on_top: false });
    assert.deepEqual((await lines(petrov, d)).map((l) => l.sum), ['100.00', '0.03']);
    assert.equal(await amountOf(d), '100.03');
  });

  it('is locked with the stage: so are the lines that make it up', async () => {
    const d = await deal();
    const line = await make(petrov, LINES, { deal: d.id, title: 'Раз', price: '10' });
    await change(petrov, DEALS, d, { stage: 'payment' });
    assert.deepEqual((await fault(petrov.patch(`${LINES}/${line.id}`, { price: '11' }))).map((f) => f[0]), ['amount']);
    assert.equal((await fault(petrov.post(LINES, { deal: d.id, title: 'Два', price: '5' })))[0][0], 'amount');
    assert.equal((await read(petrov, LINES, line.id)).price, '10.00');
    await change(head, LINES, line, { price: '11' });
    assert.equal(await amountOf(d), '11.00');
  });

  it('is locked with the stage: no line comes back from the recycle bin', async () => {
    const d = await deal();
    const two = [await make(petrov, LINES, { deal: d.id, title: 'Раз', price: '10' }), await make(petrov, LINES, { deal: d.id, title: 'Два', price: '5' })][1];
    await petrov.del(`${LINES}/${two.id}`, { expect: 204 });
    await change(petrov, DEALS, d, { stage: 'payment' });
    assert.deepEqual((await fault(petrov.post(`${LINES}/${two.id}/restore`))).map((f) => f[0]), ['amount']);
    assert.equal(await amountOf(d), '10.00');
    await head.post(`${LINES}/${two.id}/restore`, undefined, { expect: 200 });
    assert.equal(await amountOf(d), '15.00');
  });

  it('is that of both when deals are merged, and each has its own again when that is undone', async () => {
    const ended = (batch) => until(async () => ['done', 'failed'].includes(batch.state) ? batch : ((batch = await read(head, '/api/v1/batch', batch.id)), null));
    const [a, b, empty] = [await deal({ title: 'А' }), await deal({ title: 'Б' }), await deal({ title: 'В' })];
    await make(petrov, LINES, { deal: a.id, title: 'Раз', price: '100' });
    await make(petrov, LINES, { deal: b.id, title: 'Два', price: '30' });
    for (const [into, sum, own] of [[a, '130.00', '100.00'], [empty, '30.00', '0.00']]) {
      const merge = await ended((await head.post(`${DEALS}/merge`, { into: into.id, from: [b.id] }, { expect: 202 })).json);
      assert.equal(await amountOf(into), sum);
      const undo = await ended((await head.post(`/api/v1/batch/${merge.id}/undo`, {}, { expect: 202 })).json);
      assert.deepEqual([undo.state, await amountOf(into), await amountOf(b)], ['done', own, '30.00']);
    }
  });

  it('follows a line that comes back from the recycle bin', async () => {
    const d = await deal();
    const [one, two] = [await make(petrov, LINES, { deal: d.id, title: 'Раз', price: '10' }), await make(petrov, LINES, { deal: d.id, title: 'Два', price: '5' })];
    await petrov.del(`${LINES}/${two.id}`, { expect: 204 });
    assert.equal(await amountOf(d), '10.00');
    await petrov.post(`${LINES}/${two.id}/restore`, undefined, { expect: 200 });
    await until(async () => (await amountOf(d)) === '15.00');
    assert.equal((await lines(petrov, d)).length, 2);
    assert.ok(one);
  });
});

describe('prices of today', () => {
  it('come into the lines at a wish, discounts by per cent with them', async () => {
    const one = await good({ price: '100.00' });
    const d = await deal();
    const line = await make(petrov, LINES, { deal: d.id, good: one.id, quantity: '2', discount: '10' });
    await make(petrov, LINES, { deal: d.id, title: 'Без товара', price: '5' });
    await change(head, GOODS, one, { price: '150.00', vat: '10' });
    assert.equal((await petrov.post(`/api/v1/catalog/line/reprice/${d.id}`, {}, { expect: 200 })).json.changed, 1);
    const now = await read(petrov, LINES, line.id);
    assert.deepEqual([now.price, now.discount_sum, now.vat, now.sum], ['150.00', '30.00', '10.00', '270.00']);
    assert.equal(await amountOf(d), '275.00');
    assert.equal((await petrov.post(`/api/v1/catalog/line/reprice/${d.id}`, {}, { expect: 200 })).json.changed, 0);
    assert.equal((await sidorova.post(`/api/v1/catalog/line/reprice/${d.id}`)).status, 404);
  });
});

describe('a copy of a deal', () => {
  it('has its lines, its amount and a number of its own, in the first stage', async () => {
    const d = await deal({ title: 'Повторим', vat_on_top: true, note: 'Как в прошлый раз' });
    await make(petrov, LINES, { deal: d.id, title: 'Раз', price: '100', discount: '5', quantity: '2' });
    await make(petrov, LINES, { deal: d.id, title: 'Два', price: '7', discount_sum: '1' });
    await change(petrov, DEALS, d, { stage: 'work' });
    await change(petrov, DEALS, d, { stage: 'lost', lost_reason: 'price' });
    const copy = (await petrov.post(`${DEALS}/${d.id}/copy`, {}, { expect: 201 })).json;
    const was = await read(petrov, DEALS, d.id);
    assert.notEqual(copy.id, d.id);
    const now = await read(petrov, DEALS, copy.id);
    assert.deepEqual([now.title, now.note, now.amount, now.vat_on_top, now.stage, now.lost_reason, now.closed_at], ['Повторим', 'Как в прошлый раз', was.amount, true, 'new', null, null]);
    assert.notEqual(now.number, was.number);
    const told = (rows) => rows.map((l) => [l.title, l.price, l.quantity, l.discount, l.discount_sum, l.vat_sum, l.sum]);
    assert.deepEqual(told(await lines(petrov, copy)), told(await lines(petrov, d)));
  });

  it('keeps lines free of VAT, and those of goods that are archived by now', async () => {
    const d = await deal({ vat_on_top: true });
    const one = await good();
    for (const data of [{ good: one.id }, { title: 'Без товара', price: '10' }])
      await change(petrov, LINES, await make(petrov, LINES, { deal: d.id, ...data }), { vat: null });
    await change(head, GOODS, one, { archived: true });
    const copy = (await petrov.post(`${DEALS}/${d.id}/copy`, {}, { expect: 201 })).json;
    assert.deepEqual((await lines(petrov, copy)).map((l) => [l.good?.id ?? null, l.vat, l.sum]), [[one.id, null, '1000.00'], [null, null, '10.00']]);
    assert.equal(await amountOf(copy), '1010.00');
  });

  it('comes without the good that was thrown away, with all that the line says of it', async () => {
    const [d, one] = [await deal(), await good({ title: 'Был' })];
    await make(petrov, LINES, { deal: d.id, good: one.id });
    await head.del(`${GOODS}/${one.id}`, { expect: 204 });
    const copy = (await petrov.post(`${DEALS}/${d.id}/copy`, {}, { expect: 201 })).json;
    assert.deepEqual((await lines(petrov, copy)).map((l) => [l.good, l.title, l.price]), [[null, 'Был', '1000.00']]);
  });

  it('is made of many lines before its time is over', async () => {
    const d = await deal();
    for (let i = 0; i < 100; i += 1) await make(petrov, LINES, { deal: d.id, title: 'Строка', price: '1.01' });
    const copy = (await petrov.post(`${DEALS}/${d.id}/copy`, {}, { expect: 201 })).json;
    const rows = await petrov.list('catalog.line', `deal=${copy.id}&limit=200`);
    assert.deepEqual([rows.length, await amountOf(copy)], [100, '101.00']);
  });

  it('takes what the body says otherwise, and is made once under a key', async () => {
    const d = await deal({ title: 'Было' });
    const headers = { 'Idempotency-Key': 'copy-1' };
    const [a, b] = [await petrov.post(`${DEALS}/${d.id}/copy`, { title: 'Стало' }, { headers, expect: 201 }), await petrov.post(`${DEALS}/${d.id}/copy`, { title: 'Стало' }, { headers, expect: 201 })];
    assert.equal(a.json.title, 'Стало');
    assert.equal(a.json.id, b.json.id);
  });

  it('is nothing to who may not see the deal', async () => {
    const d = await deal();
    assert.equal((await sidorova.post(`${DEALS}/${d.id}/copy`)).status, 404);
    assert.equal((await head.post(`${DEALS}/${d.id}/copy`, {}, { expect: 201 })).json.owner.id, head.user.id);
  });
});
