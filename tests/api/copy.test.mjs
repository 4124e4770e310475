// POST /api/v1/<entity>/<id>/copy: the same record once more, as one that its maker creates (S-18).

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

const DEALS = '/api/v1/sales.deal';

let server, head, petrov, sidorova, belova;

before(async () => {
  server = await startServer({ tz: dealer });
  [head, petrov, sidorova, belova] = await Promise.all(['ivanova', 'petrov', 'sidorova', 'belova'].map((who) => server.as(who)));
});
after(() => server?.stop());

const deal = async (data) => (await petrov.post(DEALS, { title: 'Сделка', ...data }, { expect: 201 })).json;
const copy = async (client, one, data = {}) => (await client.post(`${DEALS}/${one.id}/copy`, data, { expect: 201 })).json;

describe('a copy', () => {
  it('has the values that people write, not those of the one alone: number, stage, why it was lost, when it was closed', async () => {
    const one = await deal({ amount: '100.50', note: 'Как обычно', source: 'phone' });
    for (const step of [{ stage: 'work' }, { stage: 'lost', lost_reason: 'price' }]) await petrov.patch(`${DEALS}/${one.id}`, step, { expect: 200 });
    const made = await copy(petrov, one);
    assert.deepEqual([made.title, made.amount, made.note, made.source], ['Сделка', '100.50', 'Как обычно', 'phone']);
    assert.deepEqual([made.stage, made.lost_reason, made.closed_at], ['new', null, null]);
    assert.ok(made.number > one.number);
  });

  it('belongs to who makes it', async () => {
    const made = await copy(head, await deal());
    assert.deepEqual([made.owner.id, made.created_by.id], [head.user.id, head.user.id]);
  });

  it('is otherwise where the body says so', async () => {
    assert.equal((await copy(petrov, await deal(), { title: 'Другая' })).title, 'Другая');
    const wrong = await petrov.post(`${DEALS}/${(await deal()).id}/copy`, { titel: 'x' }, { expect: 422 });
    assert.equal(wrong.json.fields[0].code, 'unknown_field');
  });

  it('is made once under a key', async () => {
    const one = await deal(), headers = { 'Idempotency-Key': 'once' };
    const [a, b] = [await petrov.post(`${DEALS}/${one.id}/copy`, {}, { headers, expect: 201 }), await petrov.post(`${DEALS}/${one.id}/copy`, {}, { headers, expect: 201 })];
    assert.equal(a.json.id, b.json.id);
    assert.equal(a.headers.location, `${DEALS}/${a.json.id}`);
  });

  it('keeps a doubtful value with its mark', async () => {
    const AT = '/api/v1/contacts.company';
    const one = (await petrov.post(AT, { name: 'ООО «Проверка»', inn: '7707083890' }, { expect: 201 })).json;
    const made = (await petrov.post(`${AT}/${one.id}/copy`, {}, { expect: 201 })).json;
    assert.deepEqual([made.inn, made._marks], [one.inn, { inn: 'check_digits' }]);
  });

  it('is not made of what one does not see, nor by who may make none, nor of what is not there', async () => {
    const one = await deal();
    assert.equal((await sidorova.post(`${DEALS}/${one.id}/copy`)).status, 404);
    assert.equal((await belova.post(`${DEALS}/${one.id}/copy`)).status, 403);
    assert.equal((await petrov.post(`${DEALS}/999999/copy`)).status, 404);
  });
});
