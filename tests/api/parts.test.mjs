// Parts of other records (part_of): their rights are those of the record they belong to, on every way
// to them. No bundled module has parts, so the test brings a module of its own.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer, StartError, Server } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

const LINES = '/api/v1/goods.line';
const DEALS = '/api/v1/sales.deal';
const MODULE = `module: goods
version: 1.0.0
level: 1
needs: [sales]
entities:
  line:
    title: name
    part_of: deal
    stage: stage
    fields:
      deal:  {type: ref, to: sales.deal, required: true, index: true}
      name:  {type: text, required: true, max: 200, search: true}
      count: {type: int, index: true}
      cost:  {type: money, scale: 2}
      stage: {type: stage}
      instead: {type: ref, to: sales.deal}
    views:
      list: [{id: all, columns: [name, count, deal], sort: [-id]}]
`;
const STRINGS = `goods.title: Товары
goods.line.one: строка
goods.line.many: строки
goods.line.count: "{n, plural, one {# строка} few {# строки} many {# строк} other {# строки}}"
goods.line.f.deal: Сделка
goods.line.f.name: Товар
goods.line.f.count: Количество
goods.line.f.cost: Цена
goods.line.f.stage: Стадия
goods.line.f.instead: Вместо сделки
goods.line.all: Все
`;
const PIPELINE = `pipelines:
  picking:
    title: Сборка
    of: goods.line
    stages:
      new:   {title: Не собрано}
      ready: {title: Собрано, outcome: won}
    start: [new]
`;
/** Parts need no rights of their own; `own` is what the accountant is given to them all the same. */
const withLines = (tz, own = '') =>
  tz
    .replace('pipelines:\n', PIPELINE)
    .replace('modules: auto', 'modules: [contacts, sales, tasks, intake, goods]')
    .replace('      sales.deal: {read: {where:', own ? `      goods.line: ${own}\n$&` : '$&')
    .replaceAll('{read: own, create: own, update: own}', '{read: own, create: own, update: own, export: own}')
    .replace('  bulk: [head, manager]', '$&\n  export: [head, manager, accountant]');

function folder() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-modules-'));
  fs.chmodSync(dir, 0o755);
  fs.cpSync(path.join(new Server({}).build, 'modules'), dir, { recursive: true });
  fs.mkdirSync(path.join(dir, 'goods/locales'), { recursive: true });
  fs.writeFileSync(path.join(dir, 'goods/module.yaml'), MODULE);
  for (const lang of ['ru', 'en']) fs.writeFileSync(path.join(dir, `goods/locales/${lang}.yaml`), STRINGS);
  return dir;
}

describe('parts of records', () => {
  let modules, server, head, petrov, sidorova, belova, his, hers, line, other;
  const make = async (client, at, data) => (await client.post(at, data, { expect: 201 })).json;
  const names = async (client, query = '') => (await client.get(`${LINES}${query}`, { expect: 200 })).json.rows.map((r) => r.name).sort();

  before(async () => {
    modules = folder();
    server = await startServer({ modules, tz: withLines(dealer) });
    [head, petrov, sidorova, belova] = await Promise.all(['ivanova', 'petrov', 'sidorova', 'belova'].map((who) => server.as(who)));
    his = await make(petrov, DEALS, { title: 'Сделка Петрова' });
    hers = await make(sidorova, DEALS, { title: 'Сделка Сидоровой' });
    line = await make(petrov, LINES, { deal: his.id, name: 'Ковш', count: 2, cost: '10.00' });
    other = await make(sidorova, LINES, { deal: hers.id, name: 'Ковш скальный', count: 5, cost: '20.00' });
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  it('are read, listed and counted by who reads the record they belong to', async () => {
    assert.deepEqual(await names(petrov), ['Ковш']);
    assert.deepEqual(await names(sidorova), ['Ковш скальный']);
    assert.deepEqual(await names(head), ['Ковш', 'Ковш скальный']);
    assert.equal((await petrov.get(LINES, { expect: 200 })).json.total, 1);
    await petrov.get(`${LINES}/${other.id}`, { expect: 404 });
    await petrov.get(`${LINES}/${line.id}`, { expect: 200 });
  });

  it('are filtered and sorted, through the record too, within those rights', async () => {
    assert.deepEqual(await names(petrov, '?count.gte=1&sort=-count'), ['Ковш']);
    assert.deepEqual(await names(petrov, `?deal=${hers.id}`), []);
    const through = encodeURIComponent(JSON.stringify(['deal.title', 'starts', 'Сделка']));
    assert.deepEqual(await names(petrov, `?filter=${through}`), ['Ковш']);
    const exists = encodeURIComponent(JSON.stringify(['exists', 'goods.line', 'deal', ['name', 'starts', 'Ковш']]));
    assert.deepEqual((await petrov.get(`${DEALS}?filter=${exists}`, { expect: 200 })).json.rows.map((r) => r.id), [his.id]);
  });

  it('are searched within those rights', async () => {
    const found = async (client) => (await client.get('/api/v1/search?q=ковш', { expect: 200 })).json.groups.flatMap((g) => g.rows.map((r) => r.label)).sort();
    assert.deepEqual(await found(petrov), ['Ковш']);
    assert.deepEqual(await found(head), ['Ковш', 'Ковш скальный']);
    assert.deepEqual(await names(petrov, '?q=скальный'), []);
  });

  it('have a history and an export within those rights', async () => {
    await petrov.patch(`${LINES}/${line.id}`, { count: 3 }, { expect: 200 });
    await petrov.get(`${LINES}/${line.id}/history`, { expect: 200 });
    await petrov.get(`${LINES}/${other.id}/history`, { expect: 404 });
    const file = (await petrov.get(`${LINES}/export?format=json`, { expect: 200 })).text;
    assert.match(file, /Ковш/);
    assert.doesNotMatch(file, /скальный/);
  });

  it('are written by who may change the record they belong to', async () => {
    await petrov.patch(`${LINES}/${other.id}`, { count: 9 }, { expect: 404 });
    const refused = await petrov.post(LINES, { deal: hers.id, name: 'Чужая' });
    assert.ok([403, 422].includes(refused.status), `${refused.status}`);
    assert.deepEqual(await names(sidorova), ['Ковш скальный']);
  });

  it('follow the record when it changes hands', async () => {
    await head.patch(`${DEALS}/${hers.id}`, { owner: petrov.user.id }, { expect: 200 });
    assert.deepEqual(await names(petrov), ['Ковш', 'Ковш скальный']);
    assert.deepEqual(await names(sidorova), []);
  });

  it('come into sight with a record that a condition shows, and only with that', async () => {
    assert.deepEqual(await names(belova), []);
    await head.patch(`${DEALS}/${his.id}`, { stage: 'work' }, { expect: 200 });
    await head.patch(`${DEALS}/${his.id}`, { stage: 'lost', lost_reason: 'price' }, { expect: 200 });
    assert.deepEqual(await names(belova), ['Ковш']);
    assert.equal((await belova.post(LINES, { deal: his.id, name: 'Лишняя' })).status, 403);
  });

  it('share the fate of a record in the recycle bin: in no list, search or figure, and back with it', async () => {
    const deal = await make(petrov, DEALS, { title: 'Уйдёт и вернётся' });
    const live = await make(petrov, DEALS, { title: 'Остаётся' });
    const [one, thrown] = [await make(petrov, LINES, { deal: deal.id, name: 'Гидромолот', count: 7, instead: live.id }), await make(petrov, LINES, { deal: deal.id, name: 'Гидромолот старый', count: 7 })];
    await head.del(`${LINES}/${thrown.id}`, { expect: 204 });
    const exists = encodeURIComponent(JSON.stringify(['exists', 'goods.line', 'instead', ['count', 'eq', 7]]));
    const seen = async (client) => {
      const listed = (await client.get(`${LINES}?count=7`, { expect: 200 })).json;
      const found = (await client.get('/api/v1/search?q=гидромолот', { expect: 200 })).json.groups.flatMap((g) => g.rows.map((r) => r.id));
      const figures = (await client.post(`${LINES}/aggregate`, { where: ['count', 'eq', 7], measures: { n: 'count' } }, { expect: 200 })).json.rows;
      const file = (await petrov.get(`${LINES}/export?format=json&count=7`, { expect: 200 })).text;
      return {
        listed: listed.rows.map((r) => r.id), total: listed.total, found, words: await names(client, '?q=гидромолот'), n: figures[0].n, inFile: /Гидромолот/.test(file),
        read: (await client.get(`${LINES}/${one.id}`)).status, deals: (await client.get(`${DEALS}?filter=${exists}`, { expect: 200 })).json.rows.map((r) => r.id),
        bin: (await client.get(`${LINES}?deleted=only&count=7`, { expect: 200 })).json.rows.map((r) => r.id),
      };
    };
    const there = { listed: [one.id], total: 1, found: [one.id], words: ['Гидромолот'], n: 1, inFile: true, read: 200, deals: [live.id], bin: [thrown.id] };
    const away = { listed: [], total: 0, found: [], words: [], n: 0, inFile: false, read: 404, deals: [], bin: [] };
    for (const client of [petrov, head]) assert.deepEqual(await seen(client), there);
    await head.del(`${DEALS}/${deal.id}`, { expect: 204 });
    for (const client of [petrov, head]) assert.deepEqual(await seen(client), away);
    await head.patch(`${LINES}/${one.id}`, { count: 8 }, { expect: 404 });
    await head.post(`${DEALS}/${deal.id}/restore`, undefined, { expect: 200 });
    for (const client of [petrov, head]) assert.deepEqual(await seen(client), there);
  });

  it('have stage logs of their own, which tell nothing of a part in the recycle bin, nor of one whose record is there', async () => {
    const LOG = '/api/v1/goods.line_stages';
    const deal = await make(petrov, DEALS, { title: 'Собирается' });
    const lines = await Promise.all(['Раз', 'Два'].map((name) => make(petrov, LINES, { deal: deal.id, name })));
    const ids = lines.map((l) => l.id);
    const stays = async (client) => {
      const { rows, total } = (await client.get(`${LOG}?record.in=${ids}&sort=id`, { expect: 200 })).json;
      const counted = (await client.post(`${LOG}/aggregate`, { where: ['record', 'in', ids], measures: { n: 'count' } }, { expect: 200 })).json.rows[0].n;
      assert.deepEqual([total, counted], [rows.length, rows.length]);
      return rows.map((r) => r.record.id);
    };
    const both = async () => [await stays(petrov), await stays(head)];
    assert.deepEqual(await both(), [ids, ids]);
    assert.deepEqual(await stays(sidorova), []);
    const { id } = (await petrov.get(`${LOG}?record=${ids[0]}`, { expect: 200 })).json.rows[0];

    await head.del(`${LINES}/${ids[0]}`, { expect: 204 });
    assert.deepEqual(await both(), [[ids[1]], [ids[1]]]);
    await petrov.get(`${LOG}/${id}`, { expect: 404 });
    await head.post(`${LINES}/${ids[0]}/restore`, undefined, { expect: 200 });
    assert.deepEqual(await both(), [ids, ids]);

    await head.del(`${DEALS}/${deal.id}`, { expect: 204 });
    assert.deepEqual(await both(), [[], []]);
  });
});

describe('a record with many parts', () => {
  const PARTS = 70; // more than one commit takes
  let modules, server, head;
  before(async () => {
    modules = folder();
    server = await startServer({ modules, tz: withLines(dealer), time: '2027-01-18T07:00:00Z', keep: true });
  });
  after(async () => {
    await server.stop();
    for (const dir of [modules, server.home]) fs.rmSync(dir, { recursive: true, force: true });
  });
  const holds = (text) => ['karkas.db', 'karkas.db-wal'].map((name) => path.join(server.data, name)).some((file) => fs.existsSync(file) && fs.readFileSync(file).includes(text));

  it('goes for ever as one, and nothing of its parts stays, kill -9 whenever it comes', async () => {
    for (let reads = 0; reads < 3; reads++) {
      head = await server.as('ivanova');
      const name = (n) => `СЕКРЕТ-${reads}-${n}-КОНЕЦ`;
      const deal = (await head.post(DEALS, { title: 'Большая' }, { expect: 201 })).json;
      for (let n = 0; n < PARTS; n++) await head.post(LINES, { deal: deal.id, name: name(n) }, { expect: 201 });
      const log = (await head.get(`${LINES}?deal=${deal.id}&limit=1`, { expect: 200 })).json;
      assert.equal(log.total, PARTS);
      assert.ok(holds(name(PARTS - 1)));
      await head.del(`${DEALS}/${deal.id}`, { expect: 204 });
      await head.del(`${DEALS}/${deal.id}?forever=1`, { expect: 204 });
      for (let n = 0; n < reads; n++) assert.equal((await head.get(`${LINES}?deleted=only&deal=${deal.id}`, { expect: 200 })).json.rows.length, 0);
      await server.kill();
      await server.start();
      head = await server.as('ivanova');
      await head.get(`${DEALS}/${deal.id}`, { expect: 404 });
      assert.deepEqual((await head.get(`${LINES}?deal=${deal.id}`, { expect: 200 })).json.rows, []);
      await server.advance('1s'); // waits until nothing is due
      await server.stop();
      assert.deepEqual(Array.from({ length: PARTS }, (_, n) => name(n)).filter(holds), []);
      await server.start();
    }
  });
});

describe('rights written on parts', () => {
  let modules;
  before(() => {
    modules = folder();
  });
  after(() => fs.rmSync(modules, { recursive: true, force: true }));
  const manager = (own) => (tz) => tz.replace('sales.deal: {read: own, create: own, update: own}', `$&\n      goods.line: ${own}`);

  it('hide fields from that role, and from no other', async () => {
    const server = await startServer({ modules, tz: manager('{hide: [cost]}')(withLines(dealer).replaceAll(', export: own}', '}')) });
    try {
      const [head, petrov] = await Promise.all(['ivanova', 'petrov'].map((who) => server.as(who)));
      const deal = (await petrov.post(DEALS, { title: 'Сделка' }, { expect: 201 })).json;
      const line = (await head.post(LINES, { deal: deal.id, name: 'Ковш', cost: '10.00' }, { expect: 201 })).json;
      const seen = (await petrov.get(`${LINES}/${line.id}`, { expect: 200 })).json;
      assert.ok(!('cost' in seen));
      assert.equal(seen.deal.id ?? seen.deal, deal.id);
      assert.equal((await head.get(`${LINES}/${line.id}`, { expect: 200 })).json.cost, '10.00');
      for (const at of [`${LINES}?cost=10`, `${LINES}?sort=cost`]) assert.equal((await petrov.get(at)).json.fields[0].code, 'unknown_field');
      assert.equal((await petrov.patch(`${LINES}/${line.id}`, { cost: '1.00' }, { expect: 422 })).json.fields[0].code, 'unknown_field');
      assert.doesNotMatch((await petrov.get('/api/v1/meta', { expect: 200 })).text, /"cost"/);
    } finally {
      await server.stop();
    }
  });

  it('may not say who reads or changes them: that is refused where it stands', async () => {
    const said = await startServer({ modules, tz: manager('{read: all, fields: [name]}')(withLines(dealer).replaceAll(', export: own}', '}')) }).then(
      (server) => server.stop().then(() => 'taken'),
      (e) => (e instanceof StartError ? e.log : Promise.reject(e)),
    );
    assert.match(said, /:\d+:\d+: .*права на части решают права на запись, к которой они относятся, «sales\.deal»/);
  });
});

describe('figures of parts', () => {
  let modules;
  before(() => {
    modules = folder();
  });
  after(() => fs.rmSync(modules, { recursive: true, force: true }));
  const refusal = (own) =>
    startServer({ modules, tz: withLines(dealer, own) }).then(
      async (server) => {
        await server.stop();
        return 'taken';
      },
      (e) => (e instanceof StartError ? e.log : Promise.reject(e)),
    );

  it('are refused without the right to those of the whole', async () => {
    const said = await refusal('{aggregate: {of: [count, cost], by: [name]}}');
    assert.match(said, /записи этой сущности — части записей «sales\.deal»: сводка по ним даётся вместе с правом aggregate на «sales\.deal»/);
  });

  it('are refused a condition of their own', async () => {
    const said = await refusal('{aggregate: {of: [count], by: [name], scope: all}}');
    assert.match(said, /какие части входят в сводку, решает право aggregate на «sales\.deal»/);
  });
});
