// Search that forgives (S-38): how people type, in two languages and layouts, under rights.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

let server, head, petrov, sidorova, belova;
const PEOPLE = '/api/v1/contacts.person';
const LEADS = '/api/v1/sales.lead';

before(async () => {
  server = await startServer({
    tz: dealer.replace('accountant:\n    title: Бухгалтер\n    rights:\n',
      'accountant:\n    title: Бухгалтер\n    rights:\n      contacts.person: {read: all, fields: [name, city]}\n'),
  });
  head = await server.as('ivanova');
  petrov = await server.as('petrov');
  sidorova = await server.as('sidorova');
  belova = await server.as('belova');
});
after(() => server.stop());

const make = async (client, path, data) => (await client.post(path, data, { expect: 201 })).json;
const search = async (client, q, more = {}) =>
  (await client.get(`/api/v1/search?${new URLSearchParams({ q, ...more })}`, { expect: 200 })).json;
const listed = async (client, path, query) =>
  (await client.get(`${path}?${new URLSearchParams(query)}`, { expect: 200 })).json;
const labels = (answer) => answer.groups.flatMap((g) => g.rows.map((r) => r.label));

describe('what people type', () => {
  before(async () => {
    await make(head, PEOPLE, { name: 'Семён Ёлкин', phone: ['+7 921 555-44-33'], email: ['s.elkin@client-mail.ru'] });
    await make(head, PEOPLE, { name: 'Мария Кузнецова', phone: ['8 495 000-11-22', '8 (916) 123-45-67'], note: 'Договор Д-0042, VIN XTA21124070445066' });
    await make(head, PEOPLE, { name: 'John Hello', email: ['john@example.com'] });
    await make(head, '/api/v1/contacts.company', { name: 'ООО «БетонПром»', inn: '7707083893' });
    await make(head, LEADS, { title: 'Аренда экскаваторов', name: 'Кузнецов' });
  });

  const cases = [
    ['ёлкин', 'Семён Ёлкин'], ['елк', 'Семён Ёлкин'], ['кузнецовой', 'Мария Кузнецова'], ['экскаватора', 'Аренда экскаваторов'],
    ['hel', 'John Hello'],
    ['916 123', 'Мария Кузнецова'], ['8(916)', 'Мария Кузнецова'], ['+7916', 'Мария Кузнецова'], ['8 916 123 45 67', 'Мария Кузнецова'],
    ['2345', 'Мария Кузнецова'], ['123-45-67', 'Мария Кузнецова'], ['кузнецова 916', 'Мария Кузнецова'],
    ['7707083893', 'ООО «БетонПром»'], ['77070', 'ООО «БетонПром»'],
    ['s.elkin@client-mail.ru', 'Семён Ёлкин'], ['s.elkin', 'Семён Ёлкин'], ['elkin', 'Семён Ёлкин'], ['@client-mail', 'Семён Ёлкин'],
    ['client-mail.ru', 'Семён Ёлкин'],
    ['Д-0042', 'Мария Кузнецова'], ['д-00', 'Мария Кузнецова'], ['xta2112', 'Мария Кузнецова'],
  ];
  for (const [q, label] of cases)
    it(`finds “${label}” by “${q}”`, async () => {
      const answer = await search(head, q);
      assert.ok(labels(answer).includes(label), JSON.stringify(answer));
      assert.equal(answer.read_as, undefined);
      assert.equal(answer.corrected, undefined);
    });

  it('reads the other keyboard layout when nothing matches as typed, and says so', async () => {
    const swapped = await search(head, 'tkrby');
    assert.deepEqual([labels(swapped), swapped.read_as], [['Семён Ёлкин'], 'елкин']);
    const english = await search(head, 'руддщ');
    assert.deepEqual([labels(english), english.read_as], [['John Hello'], 'hello']);
    const list = await listed(head, PEOPLE, { q: 'repytwjdf' });
    assert.deepEqual([list.rows.map((r) => r.name), list.total, list.read_as], [['Мария Кузнецова'], 1, 'кузнецова']);
    const signs = await listed(head, PEOPLE, { q: 'жъэ' }); // ;]' is no word, and asks for nothing
    assert.deepEqual([signs.rows, signs.total, signs.read_as], [[], 0, undefined]);
  });

  it('forgives one error in a short word and two in a long one, and says what it took', async () => {
    const one = await search(head, 'елкен');
    assert.deepEqual([labels(one), one.corrected], [['Семён Ёлкин'], 'елкин']);
    const two = await search(head, 'экскватороф');
    assert.deepEqual([labels(two), two.corrected], [['Аренда экскаваторов'], 'экскаваторов']);
    const list = await listed(head, PEOPLE, { q: 'семен елкен' });
    assert.deepEqual([list.rows.map((r) => r.name), list.corrected], [['Семён Ёлкин'], 'семен елкин']);
    for (const q of ['ялкен', 'jrjkj', 'ббббб']) assert.deepEqual(labels(await search(head, q)), [], q);
  });

  it('marks the places in code units of JavaScript, and shows the field beside the title', async () => {
    const [group] = (await search(head, '916123')).groups;
    const [row] = group.rows;
    assert.deepEqual(row.found, { phone: [[], [[2, 8]]] });
    assert.deepEqual(row.excerpt, { field: 'phone', text: '+79161234567', at: [[2, 8]] });
    const { rows } = await listed(head, PEOPLE, { q: 'елкин' });
    assert.deepEqual(rows[0].found, { name: [[6, 11]] });
    assert.equal(rows[0].name.slice(6, 11), 'Ёлкин');
    const note = (await search(head, 'договор')).groups[0].rows[0];
    assert.deepEqual([note.excerpt.field, note.excerpt.text.slice(...note.excerpt.at[0])], ['note', 'Договор']);
    assert.equal('found' in (await listed(head, PEOPLE, { limit: 1 })).rows[0], false);
  });

  it('ranks the word itself before its forms and beginnings, then the title, then the newest', async () => {
    await make(head, LEADS, { title: 'Ротор новый', message: 'старый' });
    await make(head, LEADS, { title: 'Роторы', message: '' });
    await make(head, LEADS, { title: 'Насос', message: 'ротор' });
    await make(head, LEADS, { title: 'Роторный экскаватор' });
    await make(head, LEADS, { title: 'Ротор второй' });
    const { groups } = await search(head, 'ротор');
    assert.deepEqual(groups.map((g) => [g.entity, g.total]), [['sales.lead', 5]]);
    assert.deepEqual(groups[0].rows.map((r) => r.label), ['Ротор второй', 'Ротор новый', 'Насос', 'Роторы', 'Роторный экскаватор']);
  });

  it('counts beyond the rows it gives, and gives as many as asked', async () => {
    for (let i = 0; i < 8; i++) await make(head, LEADS, { title: `Погрузчик ${i}` });
    const { groups } = await search(head, 'погрузчик');
    assert.deepEqual([groups[0].total, groups[0].approx, groups[0].rows.length], [8, false, 5]);
    assert.equal((await search(head, 'погрузчик', { limit: 7 })).groups[0].rows.length, 7);
  });

  it('refuses what is no question', async () => {
    const long = await head.get(`/api/v1/search?q=${'a'.repeat(500)}`);
    assert.deepEqual([long.status, long.json.fields[0].field, long.json.fields[0].code], [422, 'q', 'too_long']);
    assert.equal((await head.get(`${LEADS}?q=${'a'.repeat(500)}`)).status, 422);
    assert.equal((await head.get('/api/v1/search?q=a&limit=1000')).status, 422);
    assert.ok([400, 422].includes((await head.get('/api/v1/search?q=%FF', { asWritten: true })).status));
    assert.deepEqual((await search(head, '')).groups, []);
    assert.deepEqual((await search(head, ' «—» ')).groups, []);
    for (const q of ['" OR 1', "'; --", 'a*b', '{s1} : x', 'NEAR(a b)', '^a', 'a|b', 'a&b', '=a', '*'])
      assert.ok(Array.isArray((await search(head, q)).groups), q);
  });
});

describe('rights', () => {
  let his, hers;
  before(async () => {
    his = await make(petrov, LEADS, { title: 'Бульдозер Петрова', phone: ['+79031112233'] });
    hers = await make(sidorova, LEADS, { title: 'Бульдозер Сидоровой', message: 'Экструдер', phone: ['+79035556677'] });
    await make(head, PEOPLE, { name: 'Зинаида Щукина', note: 'Пескоструй', city: 'Тверь' });
  });

  it('are inside the match: rows, counts and places', async () => {
    const { groups } = await search(petrov, 'бульдозер');
    assert.deepEqual(groups.map((g) => [g.entity, g.total, g.rows.map((r) => r.id)]), [['sales.lead', 1, [his.id]]]);
    assert.deepEqual(labels(await search(petrov, '5556677')), []);
    assert.deepEqual((await listed(petrov, LEADS, { q: 'бульдозер' })).rows.map((r) => r.id), [his.id]);
  });

  it('hold for corrections and the other layout: a foreign word is none', async () => {
    assert.equal((await search(sidorova, 'экструдир')).corrected, 'экструдер');
    const foreign = await search(petrov, 'экструдир');
    assert.deepEqual([foreign.groups, foreign.corrected, foreign.read_as], [[], undefined, undefined]);
    const swapped = await search(petrov, 'rcnhelth');
    assert.deepEqual([swapped.groups, swapped.read_as], [[], undefined]);
  });

  it('hold for fields: a word of a hidden field is found, counted, marked and corrected for nobody else', async () => {
    assert.deepEqual(labels(await search(belova, 'щукина')), ['Зинаида Щукина']);
    assert.deepEqual(labels(await search(belova, 'пескоструй')), []);
    assert.equal((await search(belova, 'пескоструг')).corrected, undefined);
    assert.equal((await search(head, 'пескоструг')).corrected, 'пескоструй');
    const both = await listed(belova, PEOPLE, { q: 'щукина' });
    assert.deepEqual(both.rows[0].found, { name: [[8, 14]] });
    assert.deepEqual((await listed(belova, PEOPLE, { q: 'щукина пескоструй' })).total, 0);
  });

  it('follow a record that changes hands', async () => {
    await head.patch(`${LEADS}/${hers.id}`, { owner: petrov.user.id }, { expect: 200 });
    assert.deepEqual((await search(petrov, 'экструдер')).groups[0].rows.map((r) => r.id), [hers.id]);
    assert.deepEqual((await search(sidorova, 'экструдер')).groups, []);
  });
});

describe('the recycle bin', () => {
  const inBin = async (client, path, q) => listed(client, path, { deleted: 'only', q, sort: '-deleted_at' });
  let his, person;
  before(async () => {
    his = await make(petrov, LEADS, { title: 'Аренда бетононасосов', phone: ['8 (926) 700-80-90'] });
    person = await make(head, PEOPLE, { name: 'Ёжиков Лев', note: 'Скалолаз', city: 'Пермь' });
    await make(head, PEOPLE, { name: 'Ёжикова Нина' });
    await head.del(`${LEADS}/${his.id}`, { expect: 204 });
    await head.del(`${PEOPLE}/${person.id}`, { expect: 204 });
  });

  const cases = [['бетононасоса', 'another form'], ['АРЕНДА бетонон', 'a beginning'], ['926 700', 'a part of the phone']];
  for (const [q, what] of cases)
    it(`finds by ${what}, counts and marks, and the live search does not`, async () => {
      const { rows, total, next } = await inBin(head, LEADS, q);
      assert.deepEqual([rows.map((r) => r.id), total, next], [[his.id], 1, null]);
      assert.ok(rows[0].found);
      assert.deepEqual((await listed(head, LEADS, { q })).rows, []);
    });

  it('finds nothing that is not there, or that lives', async () => {
    assert.deepEqual((await inBin(head, LEADS, 'бетономешалка')).rows, []);
    assert.deepEqual((await inBin(head, PEOPLE, 'ежиков')).rows.map((r) => r.id), [person.id]);
  });

  it('keeps rights: neither records of others nor hidden fields', async () => {
    assert.deepEqual((await inBin(petrov, LEADS, 'бетононасос')).rows.map((r) => r.id), [his.id]);
    assert.deepEqual(await inBin(sidorova, LEADS, 'бетононасос'), { rows: [], next: null, total: 0, approx: false });
    assert.deepEqual((await inBin(belova, PEOPLE, 'ёжиков')).rows.map((r) => r.id), [person.id]);
    assert.deepEqual((await inBin(belova, PEOPLE, 'скалолаз')).rows, []);
    assert.deepEqual((await inBin(head, PEOPLE, 'скалолаз')).rows.map((r) => r.id), [person.id]);
  });

  it('finds nothing there once it is restored, and the search has it again', async () => {
    await head.post(`${LEADS}/${his.id}/restore`, {}, { expect: 200 });
    assert.deepEqual((await inBin(head, LEADS, 'бетононасос')).rows, []);
    assert.deepEqual((await listed(head, LEADS, { q: 'бетононасос' })).rows.map((r) => r.id), [his.id]);
  });
});
