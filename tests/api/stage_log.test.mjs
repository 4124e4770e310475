// Stage logs over HTTP when what they speak of changes: a stage's title, its word, the stages there are, the name of the
// entity, to which others refer.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const right = (before, text) => (tz) => tz.replace(before, `      ${text}\n${before}`);
const heads = '      contacts.*: {read: team';
/** The dealer with cars of his own that are repaired; `was` says what the entity was called before. */
function withCars({ name = 'own.auto', was = '', work = 'work: {title: В работе}' } = {}) {
  const cars = `entities:
  ${name}:
    ${was && `was: ${was}\n    `}title: [машина, машины, машин]
    shown: number
    owner: owner
    fields:
      number: {type: text, title: Номер, required: true}
      owner:  {type: user, title: Мастер, default: me}
      stage:  {type: stage, title: Стадия}
fields:
  sales.lead:
    car:  {type: ref, to: ${name}, title: Машина}
    cars: {type: refs, to: ${name}, title: Машины}
`;
  const repair = `  repair:
    title: Ремонт
    of: ${name}
    stages:
      new:  {title: Принята}
      ${work}
      done: {title: Готова, outcome: won}
    start: [new]
`;
  return right(heads, `${name}: {read: all, create: all, update: all}`)(dealer).replace('pipelines:\n', `${cars}pipelines:\n${repair}`);
}

let server, head, car, lead;

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z', tz: withCars() });
  head = await server.as('ivanova');
  car = (await head.post('/api/v1/own.auto', { number: 'А 123 АА' }, { expect: 201 })).json;
  lead = (await head.post('/api/v1/sales.lead', { title: 'Ремонт', car: car.id, cars: [car.id] }, { expect: 201 })).json;
  await server.advance('1h');
  await head.patch(`/api/v1/own.auto/${car.id}`, { stage: 'work' }, { expect: 200 });
  await server.advance('2h');
});
after(() => server.stop());

async function apply(text) {
  const file = path.join(server.home, 'cars.yaml');
  fs.writeFileSync(file, text);
  const done = await server.command('tz', 'apply', file);
  assert.equal(done.code, 0, done.out + done.err);
}

const stays = async (entity) => (await head.get(`/api/v1/${entity}_stages?record=${car.id}&sort=id`, { expect: 200 })).json.rows;
const brief = (rows) => rows.map((r) => [r.from, r.stage, r.to, r.ms]);
const hour = 3_600_000;

describe('a stage log', () => {
  it('names a stage by the title it has now', async () => {
    await apply(withCars({ work: 'work: {title: На подъёмнике}' }));
    const { fields } = (await head.get('/api/v1/meta', { expect: 200 })).json.entities['own.auto_stages'];
    const { strings } = (await head.get('/api/v1/i18n/ru', { expect: 200 })).json;
    const { l } = fields.stage.options.find((o) => o.v === 'work');
    assert.equal(strings[l] ?? l, 'На подъёмнике');
    assert.deepEqual(brief(await stays('own.auto')), [[null, 'new', 'work', hour], ['new', 'work', null, null]]);
  });

  it('takes a stage that the pipeline gets', async () => {
    await apply(withCars({ work: 'work: {title: В работе}\n      wait: {title: Ждёт деталей}' }));
    const { fields } = (await head.get('/api/v1/meta', { expect: 200 })).json.entities['own.auto_stages'];
    assert.deepEqual(fields.stage.options.map((o) => o.v), ['new', 'work', 'wait', 'done']);
    await apply(withCars());
  });

  it('keeps the stays of an entity that was renamed, and goes on with them', async () => {
    await apply(withCars({ name: 'own.car', was: 'own.auto' }));
    assert.deepEqual(brief(await stays('own.car')), [[null, 'new', 'work', hour], ['new', 'work', null, null]]);
    const former = await head.get('/api/v1/own.auto_stages', { asWritten: true });
    assert.deepEqual([former.status, former.json.code, former.json.params.name], [404, 'renamed', 'own.car_stages']);
    const refers = (await head.get(`/api/v1/sales.lead/${lead.id}`, { expect: 200 })).json;
    assert.deepEqual([refers.car, refers.cars], [lead.car, lead.cars]);
    await head.patch(`/api/v1/own.car/${car.id}`, { stage: 'done' }, { expect: 200 });
    assert.deepEqual(brief(await stays('own.car')), [[null, 'new', 'work', hour], ['new', 'work', 'done', 2 * hour], ['work', 'done', null, null]]);
  });

  it('keeps the stays when the pipeline gets another name', async () => {
    const deal = (await head.post('/api/v1/sales.deal', { title: 'Кран' }, { expect: 201 })).json;
    await head.patch(`/api/v1/sales.deal/${deal.id}`, { stage: 'work' }, { expect: 200 });
    await apply(withCars({ name: 'own.car' }).replace('\n  main:\n', '\n  sale:\n').replace('\n  repair:\n', '\n  service:\n'));
    assert.equal((await head.get(`/api/v1/sales.deal/${deal.id}`, { expect: 200 })).json.stage, 'work');
    const log = (await head.get(`/api/v1/sales.deal_stages?record=${deal.id}&sort=id`, { expect: 200 })).json.rows;
    assert.deepEqual(log.map((r) => r.stage), ['new', 'work']);
    assert.deepEqual((await stays('own.car')).map((r) => r.stage), ['new', 'work', 'done']);
  });

  it('keeps the stays in a stage that there is no more, under its former word', async () => {
    await apply(withCars({ name: 'own.car', work: 'lift: {title: На подъёмнике}' }));
    const groups = await head.post('/api/v1/own.car_stages/aggregate', { where: ['record', 'eq', car.id], by: ['stage'], measures: { n: 'count', ms: { sum: 'ms' } } }, { expect: 200 });
    assert.deepEqual(groups.json.rows, [
      { stage: 'done', n: 1, ms: null },
      { stage: 'new', n: 1, ms: hour },
      { stage: 'work', n: 1, ms: 2 * hour },
    ]);
    const filtered = await head.get('/api/v1/own.car_stages?stage=lift', { expect: 200 });
    assert.deepEqual(filtered.json.rows, []);
  });

  it('goes when its entity is purged: a later one of that name begins without stays', async () => {
    await apply(dealer); // the references to cars leave with them
    const ENTITY = '/api/v1/model/entity';
    const gone = async (at, name) => {
      await head.del(at, { expect: 200 });
      const { change } = (await head.post(`${at}/purge`, { name }, { expect: 202 })).json;
      const batch = await until(async () => {
        const b = (await head.get(`/api/v1/batch/${change.batch}`, { expect: 200 })).json;
        return ['done', 'failed', 'canceled'].includes(b.state) && b;
      }, 'the end of the purge', 60000);
      assert.deepEqual([batch.state, batch.changed], ['done', 1]);
    };
    await head.post(ENTITY, { name: 'own.car', title: 'Машина', roles: ['head'], fields: { number: { type: 'text', title: 'Номер' } } }, { expect: 201 });
    await gone(`${ENTITY}/own.car`, 'own.car');
    await apply(withCars({ name: 'own.car' }));
    const later = (await head.post('/api/v1/own.car', { number: 'В 1' }, { expect: 201 })).json;
    assert.equal(later.id, car.id, 'the number that the purged record had');
    assert.deepEqual(brief(await stays('own.car')), [[null, 'new', null, null]]);
  });
});
