// Duplicates, merge and un-merge (S-58, D14; API.md, "Duplicates and merge").

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, people } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const tz = dealer
  .replace(
    'contacts.*: {read: team, create: team, update: team, reassign: team}',
    'contacts.*: {read: team, create: team, update: team, reassign: team, merge: team}',
  )
  .replace('    title: Менеджер\n', '    title: Менеджер\n    foreign: {show: [owner]}\n')
  .replace('  accountant:', `  stranger:
    title: Без чужих
    rights:
      contacts.*: {read: own, create: own, update: own, merge: own}
  accountant:`);
const staff = people.replace('kuznetsov@dealer.example,service,manager', 'kuznetsov@dealer.example,service,stranger');

let server, head, petrov, sidorova, stranger;

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z', tz, people: staff });
  [head, petrov, sidorova, stranger] = await Promise.all(['ivanova', 'petrov', 'sidorova', 'kuznetsov'].map((u) => server.as(u)));
});
after(() => server.stop());

const P = '/api/v1/contacts.person';
let n = 0;
const phone = () => `+7916${String(1000000 + n++)}`;

const add = async (client, data, entity = 'contacts.person') =>
  (await client.post(`/api/v1/${entity}`, data, { expect: 201 })).json.id;
const read = async (client, id, entity = 'contacts.person') =>
  (await client.get(`/api/v1/${entity}/${id}`, { expect: 200 })).json;
const found = async (client, id) => (await client.get(`${P}/${id}/duplicates`, { expect: 200 })).json.rows;
const typed = async (client, fields) => (await client.post(`${P}/duplicates`, { fields }, { expect: 200 })).json.rows;

async function ended(batch, client = head) {
  return until(async () => {
    const b = (await client.get(`/api/v1/batch/${batch.id}`, { expect: 200 })).json;
    return !['waiting', 'running'].includes(b.state) && b;
  });
}
const merge = async (body, client = head) => ended((await client.post(`${P}/merge`, body, { expect: 202 })).json, client);
const undo = async (b, client = head) => ended((await client.post(`/api/v1/batch/${b.id}/undo`, {}, { expect: 202 })).json, client);

describe('duplicates of a record', () => {
  it('are found by any phone, by e-mail and by a similar name, the surest first, with the reason', async () => {
    const [x, y] = [phone(), phone()];
    const a = await add(head, { name: 'Королёв Пётр', phone: [x, y], email: ['k@example.ru'] });
    const byName = await add(head, { name: 'Петр Корлоев' });
    const byBoth = await add(head, { name: 'Кто-то', phone: [y], email: ['K@Example.ru'] });
    const byPhone = await add(head, { name: 'Другой', phone: [x] });
    const rows = await found(head, a);
    assert.deepEqual(rows.map((r) => [r.record.id, r.sure]), [[byBoth, true], [byPhone, true], [byName, false]]);
    assert.deepEqual(rows[0].by, [{ rule: 'same', fields: ['phone'] }, { rule: 'same', fields: ['email'] }]);
    assert.equal(rows[2].by[0].rule, 'similar');
    assert.ok(rows[2].by[0].score >= 85, JSON.stringify(rows[2].by));
    assert.equal(rows[0].record.name, 'Кто-то');
  });

  it('of a company are found by ИНН unless КПП contradicts, and by the name without its form', async () => {
    const c = (data) => add(head, data, 'contacts.company');
    const a = await c({ name: 'ООО «Ромашка»', inn: '7707083893', kpp: '770701001' });
    await c({ name: 'Филиал', inn: '7707083893', kpp: '780001001' });
    const same = await c({ name: 'Ромашка, ООО', inn: '7707083893' });
    const alike = await c({ name: 'ЗАО Ромашко' });
    const rows = (await head.get(`/api/v1/contacts.company/${a}/duplicates`, { expect: 200 })).json.rows;
    assert.deepEqual(rows.map((r) => r.record.id), [same, alike]);
  });

  it('are asked for while somebody types, and what is not valid yet finds nothing', async () => {
    const x = phone();
    const a = await add(head, { name: 'Печатин Олег', phone: [x] });
    const spaced = `8 (${x.slice(2, 5)}) ${x.slice(5, 8)}-${x.slice(8)}`;
    assert.deepEqual((await typed(head, { phone: [spaced] })).map((r) => r.record.id), [a]);
    assert.deepEqual((await typed(head, { name: 'Олег Печатин' })).map((r) => r.record.id), [a]);
    assert.deepEqual(await typed(head, { phone: ['8 916'] }), []);
    const wrong = await head.post(`${P}/duplicates`, { fields: { phnoe: 1 } }, { expect: 422 });
    assert.equal(wrong.json.fields[0].code, 'unknown_field');
    await head.post(`${P}/duplicates`, { fields: [] }, { expect: 422 });
  });
});

describe('a record that is not one\'s own', () => {
  it('is shown by its minimal card alone, by equal fields alone, where the role has such cards', async () => {
    const x = phone();
    const foreign = await add(petrov, { name: 'Тайный Клиент', phone: [x], note: 'секрет' });
    const rows = await typed(sidorova, { phone: [x], name: 'Тайный Клиент' });
    assert.equal(rows.length, 1);
    assert.deepEqual(Object.keys(rows[0].record).sort(), ['foreign', 'id', 'owner']);
    assert.deepEqual(rows[0].record, { id: foreign, foreign: true, owner: { id: petrov.user.id, label: 'Пётр Петров' } });
    assert.deepEqual(rows[0].by, [{ rule: 'same', fields: ['phone'] }]);
    assert.deepEqual(await typed(sidorova, { name: 'Тайный Клиент' }), []);
  });

  it('is not there for a role without such cards', async () => {
    const x = phone();
    await add(petrov, { name: 'Невидимый Олег', phone: [x] });
    assert.deepEqual(await typed(stranger, { phone: [x], name: 'Невидимый Олег' }), []);
    const own = await add(stranger, { name: 'Свой', phone: [x] });
    assert.deepEqual(await found(stranger, own), []);
  });

  it('is got as its minimal card, and as nothing more by any other way in', async () => {
    const id = await add(petrov, { name: 'Скрытый Яков', phone: [phone()], city: 'Вологда', note: 'секрет' });
    const at = `${P}/${id}`;
    const card = await sidorova.get(at, { expect: 200 });
    assert.deepEqual(card.json, { id, foreign: true, owner: { id: petrov.user.id, label: 'Пётр Петров' } });
    assert.equal(card.headers.etag, undefined, 'a revision would tell how often it changed');
    assert.equal((await sidorova.request('HEAD', at)).status, 200);
    const [{ position: change }] = (await petrov.get(`${at}/history`, { expect: 200 })).json.rows;
    for (const [method, path, body] of [
      ['GET', `${at}/history`], ['GET', `${at}/duplicates`], ['PATCH', at, { city: 'Омск' }], ['DELETE', at], ['POST', `${at}/restore`, {}], ['POST', `${at}/undo`, { change }],
    ]) {
      const reply = await sidorova.request(method, path, body);
      assert.deepEqual([reply.status, reply.json.code], [404, 'not_found'], `${method} ${path}`);
    }
    for (const query of [`id=${id}`, `id.in=${id}`, 'city=Вологда', 'q=скрытый', `owner=${petrov.user.id}`, 'deleted=only', `filter=["not",["id","eq",0]]&id=${id}`]) {
      const page = (await sidorova.get(`${P}?${encodeURI(query)}`, { expect: 200 })).json;
      assert.deepEqual([page.total, page.rows], [0, []], query);
    }
    const count = { where: ['id', 'eq', id], measures: { n: 'count' } };
    assert.equal((await sidorova.post(`${P}/aggregate`, count, { expect: 200 })).json.rows[0].n, 0);
    assert.deepEqual((await sidorova.get(`/api/v1/search?q=${encodeURIComponent('Скрытый')}`, { expect: 200 })).json.groups, []);
    const lead = await add(head, { title: 'Со скрытым', owner: sidorova.user.id, contact: id }, 'sales.lead');
    assert.deepEqual((await read(sidorova, lead, 'sales.lead')).contact, { id, denied: true });
    assert.equal((await sidorova.get('/api/v1/meta')).json.entities['contacts.person'].foreign, true);
  });

  it('is not got when it is deleted, is the kernel’s own, or the role reads none of its kind', async () => {
    const gone = await add(petrov, { name: 'В корзине' });
    await head.del(`${P}/${gone}`, { expect: 204 });
    const told = await sidorova.get(`${P}/${gone}`, { expect: 404 });
    const never = await sidorova.get(`${P}/999999`, { expect: 404 });
    const said = ({ json, headers }) => [{ ...json, request: '' }, Object.keys(headers).sort()];
    assert.deepEqual(said(told), said(never));
    const theirs = await add(petrov, { name: 'Не для странника' });
    assert.deepEqual(said(await stranger.get(`${P}/${theirs}`, { expect: 404 })), said(await stranger.get(`${P}/999999`, { expect: 404 })));
    assert.equal((await stranger.get('/api/v1/meta')).json.entities['contacts.person'].foreign, undefined);
    const b = await merge({ into: await add(head, { name: 'А' }), from: [await add(head, { name: 'Б' })] });
    await sidorova.get(`/api/v1/batch/${b.id}`, { expect: 404 });
    await stranger.get(`/api/v1/sales.lead/${await add(petrov, { title: 'Чужая' }, 'sales.lead')}`, { expect: 404 });
  });

  it('can be neither merged nor counted nor called different', async () => {
    const own = await add(stranger, { name: 'Свой Второй' });
    const foreign = await add(petrov, { name: 'Чужой Второй' });
    for (const [path, body] of [
      ['merge', { into: own, from: [foreign] }],
      ['merge', { into: foreign, from: [own] }],
      ['merge/preview', { into: own, from: [foreign] }],
      ['duplicates/different', { ids: [own, foreign] }],
    ])
      await stranger.post(`${P}/${path}`, body, { expect: 404 });
    const mine = await add(petrov, { name: 'Мой' });
    await petrov.post(`${P}/merge`, { into: mine, from: [foreign] }, { expect: 403 });
    assert.equal((await read(petrov, foreign)).name, 'Чужой Второй');
  });
});

describe('a merge', () => {
  it('fills what is empty, unites many values, takes what is wished, and moves all references', async () => {
    const [x, y] = [phone(), phone()];
    const company = await add(head, { name: 'АО «Слияние»' }, 'contacts.company');
    const into = await add(head, { name: 'Сливин Илья', phone: [x] });
    const other = await add(head, { name: 'Сливин И.', phone: [x, y], city: 'Казань', company, email: ['s@example.ru'] });
    const third = await add(head, { name: 'Илья', city: 'Тверь', position: 'директор' });
    const leads = [await add(head, { title: 'Раз', contact: other }, 'sales.lead'), await add(head, { title: 'Два', contact: third }, 'sales.lead')];
    const moves = (await head.post(`${P}/merge/preview`, { into, from: [other, third] }, { expect: 200 })).json.moves;
    assert.deepEqual(moves.find((m) => m.entity === 'sales.lead'), { entity: 'sales.lead', field: 'contact', count: 2, approx: false });
    const b = await merge({ into, from: [other, third], take: { city: third } });
    assert.deepEqual([b.state, b.kind, b.failed, b.changed, b.title], ['done', 'merge', 0, 3, 'Сливин Илья']);
    const now = await read(head, into);
    assert.deepEqual([now.name, now.city, now.position, now.company.id], ['Сливин Илья', 'Тверь', 'директор', company]);
    assert.deepEqual([now.phone, now.email], [[x, y], ['s@example.ru']]);
    for (const id of leads) assert.equal((await read(head, id, 'sales.lead')).contact.id, into);
    const history = (await head.get(`/api/v1/sales.lead/${leads[0]}/history`, { expect: 200 })).json.rows[0];
    assert.deepEqual([history.by.id, history.via, history.batch.id], [head.user.id, 'batch:merge', b.id]);
  });

  it('leaves a durable pointer, through chains, for those who may read where it leads', async () => {
    const [a, b, c] = [await add(petrov, { name: 'Цепь Раз' }), await add(petrov, { name: 'Цепь Два' }), await add(petrov, { name: 'Цепь Три' })];
    await merge({ into: b, from: [a] });
    await merge({ into: c, from: [b] });
    const gone = await head.get(`${P}/${a}`, { expect: 404 });
    assert.deepEqual([gone.json.code, gone.json.params], ['merged', { id: a, merged_into: c }]);
    const write = await head.patch(`${P}/${a}`, { city: 'Омск' }, { expect: 404 });
    assert.equal(write.json.params.merged_into, c);
    assert.equal((await stranger.get(`${P}/${a}`, { expect: 404 })).json.code, 'not_found');
    const again = await head.post(`${P}/merge`, { into: c, from: [a] }, { expect: 409 });
    assert.deepEqual([again.json.code, again.json.params.merged_into], ['merged_already', c]);
    await head.del(`${P}/${b}?forever=1`, { expect: 204 });
    assert.equal((await head.get(`${P}/${b}`, { expect: 404 })).json.params.merged_into, c);
  });

  it('refuses what was changed meanwhile, what is wrong, and a wish of a field he may not set', async () => {
    const [a, b] = [await add(head, { name: 'Рев Раз' }), await add(head, { name: 'Рев Два' })];
    const stale = await head.post(`${P}/merge`, { into: a, from: [b], revs: { [a]: 1, [b]: 9 } }, { expect: 409 });
    assert.deepEqual([stale.json.code, stale.json.params], ['merge_changed', { id: b }]);
    for (const body of [{ into: a }, { into: a, from: [] }, { into: a, from: [a] }, { into: a, from: [b, b] }, { into: 'x', from: [b] },
      { into: a, from: [b], take: { nmae: b } }, { into: a, from: [b], take: { name: 999999 } }, { into: a, from: [b], take: { id: b } }])
      await head.post(`${P}/merge`, body, { expect: 422 });
    await head.post(`${P}/merge`, { into: a, from: [999999] }, { expect: 404 });
    assert.equal((await read(head, b)).name, 'Рев Два');
  });

  it('is done once under one Idempotency-Key', async () => {
    const [a, b] = [await add(head, { name: 'Ключ Раз' }), await add(head, { name: 'Ключ Два' })];
    const send = () => head.post(`${P}/merge`, { into: a, from: [b] }, { expect: 202, headers: { 'Idempotency-Key': 'merge-1' } });
    const first = await send(), second = await send();
    assert.equal(first.json.id, second.json.id);
  });
});

describe('an un-merge', () => {
  it('brings the records back, with exactly the references that still point where the merge put them', async () => {
    const [x, y] = [phone(), phone()];
    const into = await add(head, { name: 'Назад Раз', phone: [x] });
    const from = await add(head, { name: 'Назад Два', phone: [y], city: 'Пермь', position: 'шеф' });
    const elsewhere = await add(head, { name: 'Иной' });
    const [kept, moved] = [await add(head, { title: 'Остаётся', contact: from }, 'sales.lead'), await add(head, { title: 'Уходит', contact: from }, 'sales.lead')];
    const late = await add(head, { title: 'Своя', contact: into }, 'sales.lead');
    const b = await merge({ into, from: [from] });
    await head.patch(`/api/v1/sales.lead/${moved}`, { contact: elsewhere }, { expect: 200 });
    await head.patch(`${P}/${into}`, { city: 'Уфа' }, { expect: 200 });
    const u = await undo(b);
    assert.deepEqual([u.state, u.kind, u.undo_of.id, u.failed], ['done', 'undo', b.id, 0]);
    const [back, winner] = [await read(head, from), await read(head, into)];
    assert.deepEqual([back.phone, back.city, back.position], [[y], 'Пермь', 'шеф']);
    assert.deepEqual([winner.phone, winner.city, winner.position], [[x], 'Уфа', null]);
    const contactOf = async (id) => (await read(head, id, 'sales.lead')).contact.id;
    assert.deepEqual([await contactOf(kept), await contactOf(moved), await contactOf(late)], [from, elsewhere, into]);
    const conflicts = (await head.get(`/api/v1/batch/${u.id}/rows?kind=conflict`, { expect: 200 })).json.rows;
    assert.deepEqual(conflicts.map((r) => [r.entity, r.record, r.field, r.code]).sort(), [
      ['contacts.person', into, 'city', 'changed_since'], ['sales.lead', moved, 'contact', 'changed_since']]);
    assert.equal((await head.post(`/api/v1/batch/${u.id}/undo`, {}, { expect: 409 })).json.code, 'unmerge_stays');
    assert.equal((await merge({ into, from: [from] })).state, 'done');
  });

  it('fails, and moves nothing, when the winner was merged itself', async () => {
    const [a, b, c] = [await add(head, { name: 'Дальше Раз' }), await add(head, { name: 'Дальше Два' }), await add(head, { name: 'Дальше Три' })];
    const lead = await add(head, { title: 'Дальше', contact: a }, 'sales.lead');
    const first = await merge({ into: b, from: [a] });
    await merge({ into: c, from: [b] });
    const u = await undo(first);
    assert.deepEqual([u.state, u.error], ['failed', 'record_gone']);
    assert.equal((await read(head, lead, 'sales.lead')).contact.id, c);
  });
});

describe('a long merge', () => {
  it('goes on after kill -9 where it stood, into a winner that was merged meanwhile; its undo survives one too', async () => {
    const hardy = await startServer({ time: '2027-01-18T07:00:00Z', tz, people: staff });
    const client = await hardy.as('ivanova');
    const [a, b, c] = [await add(client, { name: 'Долго Раз' }), await add(client, { name: 'Долго Два' }), await add(client, { name: 'Долго Три' })];
    for (let i = 0; i < 12; i += 1)
      await Promise.all(Array.from({ length: 50 }, (_, k) => add(client, { title: `Ждёт ${i}-${k}`, contact: a }, 'sales.lead')));
    const total = async (id) => (await client.get(`/api/v1/sales.lead?contact=${id}&limit=1`, { expect: 200 })).json.total;
    const first = (await client.post(`${P}/merge`, { into: b, from: [a] }, { expect: 202 })).json;
    const second = (await client.post(`${P}/merge`, { into: c, from: [b] }, { expect: 202 })).json;
    await hardy.kill();
    await hardy.start();
    for (const batch of [first, second]) assert.equal((await ended(batch, client)).state, 'done');
    assert.deepEqual([await total(a), await total(b), await total(c)], [0, 0, 600]);
    assert.equal((await client.get(`${P}/${a}`, { expect: 404 })).json.params.merged_into, c);
    const back = (await client.post(`/api/v1/batch/${second.id}/undo`, {}, { expect: 202 })).json;
    await hardy.kill();
    await hardy.start();
    assert.equal((await ended(back, client)).state, 'done');
    const last = (await client.post(`/api/v1/batch/${first.id}/undo`, {}, { expect: 202 })).json;
    const done = await ended(last, client);
    assert.equal(done.state, 'done');
    const left = [await total(a), await total(b), await total(c)];
    assert.equal(left[0] + left[1] + left[2], 600);
    assert.equal(left[1], 0);
    assert.equal(done.conflicts, 0);
    assert.equal(left[0], 600);
    await hardy.stop();
  });
});

describe('pairs to work through', () => {
  const pairs = async (client, query = '') => {
    const rows = [];
    for (let after = ''; ;) {
      const page = (await client.get(`${P}/duplicates?limit=5${after}${query}`, { expect: 200 })).json;
      rows.push(...page.rows);
      if (!page.next) return rows;
      after = `&after=${page.next}`;
    }
  };
  const ids = (rows) => rows.map((r) => [r.first.id, r.second.id].join('-'));

  it('tell how far the work list is, from the newest record to the oldest', async () => {
    const x = phone();
    for (let i = 0; i < 6; i += 1) await add(head, { name: `Шаг ${i}`, phone: [x] });
    const seen = [];
    for (let after = ''; after !== null;) {
      const page = (await head.get(`${P}/duplicates?limit=1${after && `&after=${after}`}`, { expect: 200 })).json;
      seen.push(page.percent);
      after = page.next;
    }
    assert.ok(seen.length > 2, `in several steps: ${seen}`);
    assert.ok(seen[0] < 50 && seen.at(-1) === 100, `${seen}`);
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
  });

  it('come each once, and not again when they were called different', async () => {
    const x = phone();
    const a = await add(head, { name: 'Парный Раз', phone: [x] });
    const b = await add(head, { name: 'Сидящий Два', phone: [x] });
    assert.equal(ids(await pairs(head)).filter((p) => p === `${b}-${a}`).length, 1);
    await head.post(`${P}/duplicates/different`, { ids: [a, b] }, { expect: 204 });
    assert.ok(!ids(await pairs(head)).includes(`${b}-${a}`));
    assert.deepEqual(await found(head, a), []);
    await head.post(`${P}/duplicates/different`, { ids: [b, a], different: false }, { expect: 204 });
    assert.ok(ids(await pairs(head)).includes(`${b}-${a}`));
  });

  it('come without those of similar names where only sure ones are asked for', async () => {
    const x = phone();
    const a = await add(head, { name: 'Верный Василий', phone: [x] });
    const b = await add(head, { name: 'Надёжная Нина', phone: [x] });
    const c = await add(head, { name: 'Верный Василий' });
    const sure = await pairs(head, '&sure=1');
    assert.ok(sure.every((r) => r.sure));
    assert.ok(ids(sure).includes(`${b}-${a}`), 'by the phone');
    assert.ok(!ids(sure).includes(`${c}-${a}`) && ids(await pairs(head)).includes(`${c}-${a}`), 'by the name');
  });

  it('are those of which one may merge both', async () => {
    const x = phone();
    const own = await add(stranger, { name: 'Пара Своя', phone: [x] });
    await add(petrov, { name: 'Пара Чужая', phone: [x] });
    assert.ok(!(await pairs(stranger)).some((r) => r.first.id === own || r.second.id === own));
    await petrov.get(`${P}/duplicates`, { expect: 403 });
  });
});

describe('the description', () => {
  it('says which entities have duplicates and who may merge', async () => {
    const meta = (await head.get('/api/v1/meta', { expect: 200 })).json.entities;
    assert.equal(meta['contacts.person'].match, true);
    assert.equal(meta['contacts.person'].can.merge, true);
    assert.equal(meta['sales.lead'].match, undefined);
    await head.get('/api/v1/sales.lead/duplicates', { expect: 404 });
    assert.ok((await read(head, await add(head, { name: 'Можно' })))._can.includes('merge'));
    assert.ok(!meta['contacts.person'].fields._match);
  });
});
