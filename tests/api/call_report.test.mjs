// The table of calls of S-51 over HTTP: an entity of the ТЗ, all its measures in numbers and percent, by line, direction,
// department and manager, with the line of totals, each under the asker's rights.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

const CALLS = '/api/v1/own.call';
const entity = `entities:
  own.call:
    title: [звонок, звонки, звонков]
    shown: number
    owner: owner
    fields:
      number:      {type: text, title: Номер, required: true}
      at:          {type: datetime, title: Когда, index: true}
      line:        {type: choice, title: Направление, options: {service: Сервис, sales: Продажи}}
      direction:   {type: choice, title: Вид, options: {in: Входящий, out: Исходящий}}
      outcome:     {type: choice, title: Итог, options: {done: Решено, refused: Отказ}}
      reason:      {type: choice, title: Причина отказа, options: {price: Дорого, bought: Купил в другом месте}}
      called_back: {type: duration, title: Перезвонили через}
      owner:       {type: user, title: Кто принял}
      department:  {type: ref, to: department, title: Отдел}
`;
const give = (text, before, right) => text.replace(before, `      own.call: {${right}}\n${before}`);
const manager = '      contacts.*: {read: involved', boss = '      contacts.*: {read: team';
const tz = give(give(dealer, manager, 'read: own, create: own, update: own'), boss, 'read: all, create: all, update: all')
  .replace('pipelines:\n', `${entity}pipelines:\n`);

/** What the words mean stands in the question, so that it is the deployment's: here called back within a quarter of an hour. */
const untaken = ['owner', 'none'];
const counted = {
  unfinished: ['and', ['owner', 'none', false], ['outcome', 'none']],
  untaken,
  refused: ['outcome', 'eq', 'refused'],
  missed: ['and', untaken, ['not', ['called_back', 'lte', 900_000]]],
};
const measures = { calls: 'count' };
for (const [name, where] of Object.entries(counted)) {
  measures[name] = { count: true, where };
  measures[`${name}_share`] = { share: [name, 'calls'] };
}
const today = ['and', ['at', 'gte', 'today'], ['at', 'lt', 'today+1d']];

let server, head, petrov, sidorova, sales, service;

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z', tz });
  head = await server.as('ivanova');
  petrov = await server.as('petrov');
  sidorova = await server.as('sidorova');
  const departments = await head.list('department');
  const department = (title) => departments.find((d) => Object.values(d).includes(title)).id;
  [sales, service] = [department('Отдел продаж'), department('Сервис')];
  const p = petrov.user.id, s = sidorova.user.id;
  const calls = [
    ['09:10', 'service', 'in', { owner: p, outcome: 'done' }],
    ['09:40', 'service', 'in', { owner: p }],
    ['10:05', 'service', 'in', {}],
    ['10:30', 'service', 'in', { owner: s, outcome: 'refused', reason: 'price' }],
    ['09:20', 'sales', 'out', { owner: s, outcome: 'done' }],
    ['14:00', 'sales', 'in', { called_back: '10m' }],
    ['14:59', 'sales', 'out', { owner: p, outcome: 'refused', reason: 'bought' }],
    ['23:30', 'sales', 'in', { called_back: '3h' }],
  ];
  for (const [i, [time, line, direction, rest]] of calls.entries())
    await head.post(CALLS, { number: `${i}`, at: `2027-01-18T${time}:00+03:00`, line, direction, department: line === 'sales' ? sales : service, ...rest }, { expect: 201 });
  await head.post(CALLS, { number: 'вчера', at: '2027-01-17T12:00:00+03:00', line: 'sales', owner: p }, { expect: 201 });
});
after(() => server.stop());

const line = (calls, unfinished, untaken, refused, missed) => {
  const of = (n) => ((n * 100) / calls).toFixed(2);
  return {
    calls, unfinished, unfinished_share: of(unfinished), untaken, untaken_share: of(untaken),
    refused, refused_share: of(refused), missed, missed_share: of(missed),
  };
};
const all = line(8, 1, 3, 2, 2);
const ask = async (who, by) => (await who.post(`${CALLS}/aggregate`, { where: today, by, measures, totals: true }, { expect: 200 })).json;
/** Keys to their ids, so that a line is short. */
const table = (got, by) => got.rows.map((row) => {
  const { [by]: key, ...figures } = row;
  return [key?.id ?? key, figures];
});

describe('S-51: the table of calls', () => {
  it('has all its measures in numbers and percent by line and direction, and their totals', async () => {
    const byLine = await ask(head, ['line']);
    assert.deepEqual(table(byLine, 'line'), [['sales', line(4, 0, 2, 1, 1)], ['service', line(4, 1, 1, 1, 1)]]);
    const byDirection = await ask(head, ['direction']);
    assert.deepEqual(table(byDirection, 'direction'), [['in', line(6, 1, 3, 1, 2)], ['out', line(2, 0, 0, 1, 0)]]);
    for (const got of [byLine, byDirection]) assert.deepEqual(got.totals, all);
  });

  it('has a line for each department and each manager, and one for what nobody took', async () => {
    const byDepartment = await ask(head, ['department']);
    assert.deepEqual(new Map(table(byDepartment, 'department')), new Map([[sales, line(4, 0, 2, 1, 1)], [service, line(4, 1, 1, 1, 1)]]));
    const byManager = await ask(head, ['owner']);
    assert.deepEqual(byManager.rows.map((r) => r.owner?.label ?? null), [null, petrov.user.name, sidorova.user.name]);
    assert.deepEqual(table(byManager, 'owner').map(([, figures]) => figures), [line(3, 0, 3, 0, 2), line(3, 1, 0, 1, 0), line(2, 0, 0, 1, 0)]);
    for (const got of [byDepartment, byManager]) assert.deepEqual(got.totals, all);
  });

  it('tells refusals with their reasons', async () => {
    const got = await head.post(`${CALLS}/aggregate`, { where: ['and', today, counted.refused], by: ['line', 'reason'], measures: { n: 'count' } }, { expect: 200 });
    assert.deepEqual(got.json.rows, [{ line: 'sales', reason: 'bought', n: 1 }, { line: 'service', reason: 'price', n: 1 }]);
  });

  it('is of his own calls to a manager, totals too', async () => {
    const got = await ask(petrov, ['line']);
    assert.deepEqual(table(got, 'line'), [['sales', line(1, 0, 0, 1, 0)], ['service', line(2, 1, 0, 0, 0)]]);
    assert.deepEqual(got.totals, line(3, 1, 0, 1, 0));
  });
});
