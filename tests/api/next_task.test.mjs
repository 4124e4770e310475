// Deals about which nothing is planned: a view of their own, by a condition over the tasks that are not done.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

const DEALS = '/api/v1/sales.deal';
const TASKS = '/api/v1/tasks.task';
const viewsOf = async (client) => (await client.get('/api/v1/meta', { expect: 200 })).json.entities['sales.deal'].views.list;

describe('deals without a next task', () => {
  let server, petrov, filter;

  before(async () => {
    server = await startServer();
    petrov = await server.as('petrov');
    ({ filter } = (await viewsOf(petrov)).find(({ id }) => id === 'idle'));
  });
  after(() => server?.stop());

  const make = async (path, data) => (await petrov.post(path, data, { expect: 201 })).json;
  const idle = async () => (await petrov.get(`${DEALS}?${new URLSearchParams({ filter: JSON.stringify(filter) })}`, { expect: 200 })).json;
  const titles = async () => (await idle()).rows.map((row) => row.title).sort();

  it('are those that are open and have no task that is to be done', async () => {
    const bare = await make(DEALS, { title: 'Без задачи' });
    const busy = await make(DEALS, { title: 'С задачей' });
    const lost = await make(DEALS, { title: 'Потеряна' });
    await petrov.patch(`${DEALS}/${lost.id}`, { stage: 'lost', lost_reason: 'price' }, { expect: 200 });
    const task = await make(TASKS, { title: 'Позвонить', deal: busy.id, due: '2027-02-01T10:00:00Z' });
    assert.deepEqual(await titles(), ['Без задачи']);
    assert.equal((await idle()).total, 1);
    await petrov.patch(`${TASKS}/${task.id}`, { done: true }, { expect: 200 });
    assert.deepEqual(await titles(), ['Без задачи', 'С задачей'], 'its task is done');
    await make(TASKS, { title: 'Отправить', deal: bare.id, done: null });
    assert.deepEqual(await titles(), ['С задачей'], 'a task about which nobody said that it is done');
  });

  it('are told apart by one question over the tasks of many', async () => {
    const [one, two] = [await make(DEALS, { title: 'Раз' }), await make(DEALS, { title: 'Два' })];
    for (const due of ['2027-03-02T10:00:00Z', '2027-03-01T10:00:00Z']) await make(TASKS, { title: 'Дело', deal: one.id, due });
    const where = ['and', ['deal', 'in', [one.id, two.id]], ['done', 'ne', true]];
    const body = { where, by: ['deal'], measures: { n: 'count', next: { min: 'due' } }, limit: 1000 };
    const { rows } = (await petrov.post(`${TASKS}/aggregate`, body, { expect: 200 })).json;
    assert.deepEqual(rows.map((row) => [row.deal.id, row.n, row.next]), [[one.id, 2, '2027-03-01T10:00:00.000Z']]);
  });
});

it('the view of deals without a task is left out where there are no tasks', async () => {
  const [head] = dealer.split('integrations:');
  const server = await startServer({ tz: head.replace(/^ +tasks\.task:.*\n/gm, '') });
  try {
    const petrov = await server.as('petrov');
    assert.deepEqual((await viewsOf(petrov)).map(({ id }) => id), ['open', 'mine', 'all']);
  } finally {
    await server.stop();
  }
});
