// Taking back (D14) what many rows were changed by, from the batch and from the history of one record: what goes
// back, and per field what does not and why (API.md, "Changes that are more than one").

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, withFiles } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const P = '/api/v1/contacts.person';
const tz = withFiles(dealer
  .replace('contacts.*: {read: team, create: team,', 'contacts.*: {read: team, delete: team, create: team,')
  .replace('bulk: [head, manager]', 'bulk: [head, manager]\n  import: [head]'));
let server, head, n = 0;

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z', tz });
  head = await server.as('ivanova');
});
after(() => server.stop());

const phone = () => `+7916${String(2000000 + n++)}`;
const add = async (data) => (await head.post(P, data, { expect: 201 })).json;
const read = async (id) => (await head.get(`${P}/${id}`, { expect: 200 })).json;
const set = (id, data) => head.patch(`${P}/${id}`, data, { expect: 200 });
const history = async (id) => (await head.get(`${P}/${id}/history`, { expect: 200 })).json.rows;

async function ended(id) {
  return until(async () => {
    const b = (await head.get(`/api/v1/batch/${id}`, { expect: 200 })).json;
    return !['waiting', 'running'].includes(b.state) && b;
  }, `batch ${id}`);
}

async function imported(lines) {
  const bytes = { raw: true, expect: 201, headers: { 'content-type': 'application/octet-stream' } };
  const file = (await head.request('POST', `/api/v1/import/contacts.person?name=a.csv`, Buffer.from(`a;b;c;d\n${lines.join('\n')}\n`), bytes)).json;
  const wish = { columns: ['name', 'phone', 'city', 'position'], match: ['phone'], mode: 'both' };
  return ended((await head.post(`/api/v1/import/${file.id}/run`, wish, { expect: 202 })).json.run.batch);
}
const bulk = async (body) => ended((await head.post(`${P}/bulk`, body, { expect: 202 })).json.id);
const undo = async (b) => ended((await head.post(`/api/v1/batch/${b.id}/undo`, {}, { expect: 202 })).json.id);
const conflicts = async (b) =>
  (await head.get(`/api/v1/batch/${b.id}/rows?kind=conflict`, { expect: 200 })).json.rows;

describe('undoing an import', () => {
  it('lists each field that was changed since, and takes back all the others', async () => {
    const [x, y] = [phone(), phone()];
    const kept = await add({ name: 'Первый', phone: [x], city: 'Тверь', position: 'прораб' });
    const plain = await add({ name: 'Второй', phone: [y], city: 'Клин' });
    const b = await imported([`Первый;${x};Псков;директор`, `Другой;${y};Омск;инженер`]);
    assert.equal(b.changed, 2);
    await set(kept.id, { city: 'Ржев' });
    const u = await undo(b);
    assert.deepEqual([u.state, u.changed, u.failed, u.conflicts], ['done', 2, 0, 1]);
    const [one, two] = [await read(kept.id), await read(plain.id)];
    assert.deepEqual([one.city, one.position], ['Ржев', 'прораб']);
    assert.deepEqual([two.name, two.city, two.position], ['Второй', 'Клин', null]);
    const [row, ...more] = await conflicts(u);
    assert.deepEqual([row.entity, row.record, row.field, row.code, more.length], ['contacts.person', kept.id, 'city', 'changed_since', 0]);
    assert.match(row.detail, /[а-я]/);
  });

  it('keeps a record it made that somebody has worked on, and bins the others', async () => {
    const [x, y, z] = [phone(), phone(), phone()];
    const b = await imported([`Новый Раз;${x};Уфа;`, `Новый Два;${y};Уфа;`, `Новый Три;${z};Уфа;`]);
    const [one, two, three] = await Promise.all([x, y, z].map(async (p) => (await head.list('contacts.person', `phone=${encodeURIComponent(p)}`))[0]));
    await set(two.id, { note: 'Звонить в пять' });
    await head.del(`${P}/${three.id}`, { expect: 204 });
    const u = await undo(b);
    assert.deepEqual([u.state, u.failed, u.conflicts], ['done', 0, 1]);
    assert.deepEqual((await conflicts(u)).map((r) => [r.record, r.code]), [[two.id, 'changed_since']]);
    assert.equal((await read(two.id)).note, 'Звонить в пять');
    for (const gone of [one, three]) await head.get(`${P}/${gone.id}`, { expect: 404 });
    const bin = (await head.list('contacts.person', `deleted=only&id.in=${one.id},${three.id}`)).map((r) => r.id);
    assert.deepEqual(bin.sort(), [one.id, three.id].sort());
    const again = await undo(u);
    assert.deepEqual([again.state, again.conflicts], ['done', 0]);
    assert.equal((await read(one.id)).city, 'Уфа');
  });

  it('says of a record that was removed for ever that it is gone', async () => {
    const x = phone();
    const made = await add({ name: 'Исчезнет', phone: [x], city: 'Орёл' });
    const b = await imported([`Исчезнет;${x};Курск;`]);
    await head.del(`${P}/${made.id}`, { expect: 204 });
    await head.del(`${P}/${made.id}?forever=1`, { expect: 204 });
    const u = await undo(b);
    assert.deepEqual([u.state, u.changed, u.conflicts], ['done', 0, 1]);
    assert.deepEqual((await conflicts(u)).map((r) => [r.record, r.code]), [[made.id, 'record_gone']]);
  });
});

describe('a value that looks wrong', () => {
  it('is kept with its mark by an import, loses it by the next, and has it again when that one is undone', async () => {
    const wrong = { inn: 'check_digits' };
    const write = async (inn) => {
      const bytes = { raw: true, expect: 201, headers: { 'content-type': 'application/octet-stream' } };
      const file = (await head.request('POST', '/api/v1/import/contacts.company?name=a.csv', Buffer.from(`a;b\nАО «Два импорта»;${inn}\n`), bytes)).json;
      const wish = { columns: ['name', 'inn'], match: ['name'], mode: 'both' };
      return ended((await head.post(`/api/v1/import/${file.id}/run`, wish, { expect: 202 })).json.run.batch);
    };
    const marks = async () => (await head.list('contacts.company', 'name=АО «Два импорта»')).map((r) => r._marks);
    await write('7707083894');
    assert.deepEqual(await marks(), [wrong]);
    const b = await write('7707083893');
    assert.deepEqual(await marks(), [undefined]);
    assert.deepEqual([(await undo(b)).conflicts, await marks()], [0, [wrong]]);
  });
});

describe('from the history', () => {
  it('one record’s part of a bulk change is taken back alone, and the rest later, without a conflict', async () => {
    const people = await Promise.all([1, 2, 3].map((i) => add({ name: `Вместе ${i}`, city: 'Тула', position: 'сварщик' })));
    const ids = people.map((p) => p.id);
    const b = await bulk({ ids, set: { city: 'Бор', position: 'мастер' }, title: 'Переезд' });
    const [change] = await history(ids[0]);
    assert.deepEqual([change.via, change.batch], ['batch:bulk', { id: b.id, title: 'Переезд' }]);
    const back = (await head.post(`${P}/${ids[0]}/undo`, { change: change.position }, { expect: 200 })).json;
    assert.deepEqual([back.city, back.position], ['Тула', 'сварщик']);
    assert.equal((await read(ids[1])).city, 'Бор');
    const u = await undo(change.batch);
    assert.deepEqual([u.state, u.changed, u.conflicts, u.failed], ['done', 2, 0, 0]);
    for (const id of ids) assert.equal((await read(id)).city, 'Тула');
    const last = (await history(ids[2]))[0];
    assert.deepEqual([last.via, last.batch.id], ['batch:undo', u.id]);
  });

  it('a field of any kind goes back to what it held, and the others stay', async () => {
    const company = (await head.post('/api/v1/contacts.company', { name: 'АО «Было»' }, { expect: 201 })).json.id;
    const was = { phone: [phone(), phone()], email: ['a@example.ru'], tags: ['VIP', 'опт'], company, city: 'Тверь', note: 'две\nстроки' };
    const now = { phone: [], email: ['b@example.ru', 'c@example.ru'], tags: [], company: null, city: null, note: 'одна' };
    const { id } = await add({ name: 'Разный', ...was });
    await set(id, now);
    const [change] = await history(id);
    const plain = (r) => ({ ...r, company: r.company?.id ?? null });
    for (const field of Object.keys(was)) {
      const got = plain((await head.post(`${P}/${id}/undo`, { change: change.position, fields: [field] }, { expect: 200 })).json);
      assert.deepEqual(got[field], was[field], field);
    }
    const all = plain(await read(id));
    for (const field of Object.keys(was)) assert.deepEqual(all[field], was[field], field);
  });

  it('a value that looks wrong goes back with the mark that says so, and a right one without', async () => {
    const company = '/api/v1/contacts.company';
    const wrong = { inn: 'check_digits' };
    const made = (await head.post(company, { name: 'АО «Опечатка»', inn: '7707083894' }, { expect: 201 })).json;
    assert.deepEqual(made._marks, wrong);
    const at = `${company}/${made.id}`;
    await head.patch(at, { inn: '7707083893' }, { expect: 200 });
    const [mended, first] = (await head.get(`${at}/history`, { expect: 200 })).json.rows;
    const back = async (wish) => (await head.post(`${at}/undo`, wish, { expect: 200 })).json;
    assert.deepEqual((await back({ change: mended.position }))._marks, wrong);
    const [undone] = (await head.get(`${at}/history`, { expect: 200 })).json.rows;
    assert.equal((await back({ change: undone.position }))._marks, undefined);
    assert.deepEqual((await back({ to: first.position }))._marks, wrong);
  });

  it('a record out of the bin stands as it was at any moment', async () => {
    const { id } = await add({ name: 'Вернётся', city: 'А', position: '1' });
    await set(id, { city: 'Б' });
    await set(id, { position: '2' });
    await head.del(`${P}/${id}`, { expect: 204 });
    const at = (await history(id)).find((h) => h.changes.some((c) => c.new === 'Б'));
    const back = (await head.post(`${P}/${id}/undo`, { to: at.position }, { expect: 200 })).json;
    assert.deepEqual([back.city, back.position], ['Б', '1']);
  });
});

describe('a long undo', () => {
  it('is told of, and is stopped by cancel: what it left is undone by another', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `Долгий ${i};;Долгий;`);
    const b = await imported(lines);
    assert.deepEqual([b.state, b.changed], ['done', 3000]);
    const stream = await head.events();
    const first = (await head.post(`/api/v1/batch/${b.id}/undo`, {}, { expect: 202 })).json;
    await until(async () => (await head.get(`/api/v1/batch/${first.id}`)).json.done > 0, 'its first rows');
    await head.post(`/api/v1/batch/${first.id}/cancel`, {}, { expect: 204 });
    const last = await ended(first.id);
    assert.equal(last.state, 'canceled');
    await until(() => stream.seen.some((e) => e.data.entity === 'batch' && e.data.id === first.id && e.data.fields.includes('done')), 'its progress');
    stream.close();
    assert.ok(last.done < 3000 && last.total === 3000, JSON.stringify(last));
    const rest = await undo(b);
    assert.deepEqual([rest.state, rest.failed, rest.conflicts], ['done', 0, 0]);
    assert.equal((await head.get(`${P}?city=${encodeURIComponent('Долгий')}&limit=1`)).json.total, 0);
  });
});
