// Import and export over HTTP (D14): a file to records and back (API.md, "Import" and "Export").

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, people as dealerPeople, withFiles } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

export const everyType = `
entities:
  stock.item:
    title: [изделие, изделия, изделий]
    shown: name
    fields:
      name:     {type: text, title: Название, required: true, index: true}
      serial:   {type: text, title: Серийный номер, unique: true}
      about:    {type: multiline, title: Описание}
      mails:    {type: email, many: true, title: Почты}
      phones:   {type: phone, many: true, title: Телефоны}
      links:    {type: url, many: true, title: Ссылки}
      count:    {type: int, title: Штук}
      weight:   {type: decimal, scale: 3, title: Вес}
      price:    {type: money, title: Цена}
      share:    {type: percent, title: Доля}
      is_new:   {type: bool, title: Новое}
      made:     {type: date, title: Изготовлено}
      seen:     {type: datetime, title: Осмотрено}
      takes:    {type: duration, title: Занимает}
      kind:     {type: choice, title: Вид, options: {crane: "Кран, башенный", loader: Погрузчик}}
      kinds:    {type: choices, title: Виды, options: {a: "А, большой", b: Бэ, c: Це}}
      maker:    {type: ref, to: contacts.company, title: Изготовитель}
      friends:  {type: refs, to: contacts.company, title: Партнёры}
      keeper:   {type: user, title: Хранитель}
      place:    {type: address, title: Адрес}
      inn:      {type: inn, title: ИНН}
      kpp:      {type: kpp, title: КПП}
      ogrn:     {type: ogrn, title: ОГРН}
      bik:      {type: bik, title: БИК}
      account:  {type: account, title: Счёт}
      tags:     {type: tags, title: Метки}
      extra:    {type: json, title: Прочее}
`;
const LIMITED = `  clerk:
    title: Делопроизводитель
    rights:
      contacts.person: {read: all, create: all, update: all, reassign: all, export: {where: {city: Свой}}, import: own, fields: [name, city, owner]}
      stock.item: {read: all, create: all, update: all}
  accountant:`;
export const tz = withFiles(dealer
  .replace('  bulk: [head, manager]', '  bulk: [head, manager]\n  import: [head, petrov, clerk]\n  export: [head, petrov, clerk]\n  tokens: [clerk]')
  .replace('      sales.*: {read: team', '      stock.item: {read: all, create: all, update: all}\n      sales.*: {read: team')
  + everyType).replace('  accountant:', LIMITED);
const staff = dealerPeople.replace('finance,accountant', 'finance,clerk');

let server, head, manager, clerk;

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z', tz, people: staff });
  head = await server.as('ivanova');
  manager = await server.as('petrov');
  clerk = await server.as('belova');
});
after(() => server.stop());

const PERSON = 'contacts.person';

export async function upload(client, entity, bytes, name = 'file.csv') {
  return client.request('POST', `/api/v1/import/${entity}?name=${encodeURIComponent(name)}`, Buffer.from(bytes), {
    raw: true, headers: { 'content-type': 'application/octet-stream' },
  });
}

async function uploaded(client, entity, bytes, name) {
  const reply = await upload(client, entity, bytes, name);
  assert.equal(reply.status, 201, reply.text);
  return reply.json;
}

/** Starts a check or run and waits for its end; resolves with its counts. */
async function finish(client, id, what, options) {
  const started = await client.post(`/api/v1/import/${id}/${what}`, options);
  assert.equal(started.status, 202, started.text);
  return until(async () => {
    const now = (await client.get(`/api/v1/import/${id}`, { expect: 200 })).json[what];
    return now && !['waiting', 'running'].includes(now.state) && now;
  }, `${what} of ${id}`);
}

async function imported(client, entity, text, change = {}) {
  const file = await uploaded(client, entity, text);
  return { file, run: await finish(client, file.id, 'run', { ...file.options, ...change }) };
}

const counts = ({ created, updated, unchanged, skipped, failed }) => ({ created, updated, unchanged, skipped, failed });
const notes = async (client, batch) => (await client.get(`/api/v1/batch/${batch}/rows`, { expect: 200 })).json.rows;
const people = (query) => head.list(PERSON, query);

describe('an uploaded file', () => {
  it('is analysed: encoding, separator, header, columns and what they are likely to mean', async () => {
    const bytes = Buffer.concat([
      Buffer.from([0xd4, 0xc8, 0xce]), Buffer.from(';'), // "ФИО" in windows-1251
      Buffer.from([0xd2, 0xe5, 0xeb, 0xe5, 0xf4, 0xee, 0xed]), Buffer.from(';x\r\n'),
      Buffer.from([0xc8, 0xe2, 0xe0, 0xed]), Buffer.from(';8 (916) 123-45-67;ivan@example.ru\r\n'),
    ]);
    const file = await uploaded(head, PERSON, bytes, 'Клиенты.csv');
    assert.deepEqual(file.reading, { format: 'csv', encoding: 'windows-1251', separator: ';', header: true, sheet: 0 });
    assert.equal(file.name, 'Клиенты.csv');
    assert.equal(file.size, bytes.length);
    assert.deepEqual(file.columns.map((c) => c.title), ['ФИО', 'Телефон', 'x']);
    assert.deepEqual(file.options.columns, ['name', 'phone', 'email']);
    assert.deepEqual(file.options.match, ['phone', 'email']);
    assert.deepEqual(file.rows, [{ line: 2, cells: ['Иван', '8 (916) 123-45-67', 'ivan@example.ru'] }]);
    assert.equal(file.state, 'ready');
    const again = await head.post(`/api/v1/import/${file.id}/reading`, { encoding: 'koi8-r', header: false });
    assert.equal(again.json.columns[0].title, '');
    assert.equal(again.json.rows.length, 2);
    assert.equal((await manager.get(`/api/v1/import/${file.id}`)).status, 404, 'nobody else sees it');
    await head.del(`/api/v1/import/${file.id}`, { expect: 204 });
    assert.equal((await head.get(`/api/v1/import/${file.id}`)).status, 404);
  });

  it('that is no table is refused by the name of what it is', async () => {
    const strangers = { xls: '\xD0\xCF\x11\xE0', html: '<html><table>', pdf: '%PDF-1.7', image: '\x89PNG\r\n', empty: '', binary: 'a\x01\x02\x03\x04\x05' };
    for (const [found, text] of Object.entries(strangers)) {
      const reply = await upload(head, PERSON, Buffer.from(text, 'latin1'));
      assert.equal(reply.status, 422, found);
      assert.equal(reply.json.code, 'import_format');
      assert.deepEqual(reply.json.params, { found });
      assert.ok(reply.json.detail.length > 20 && !reply.json.detail.includes('import.'), reply.json.detail);
    }
    assert.equal((await upload(head, PERSON, 'PK\x03\x04 and no more')).json.code, 'xlsx_broken');
  });

  it('takes the function import, a known entity and a body that is no form', async () => {
    const sidorova = await server.as('sidorova');
    assert.equal((await upload(sidorova, PERSON, 'a;b\n1;2')).status, 403);
    assert.equal((await head.post('/api/v1/import/no.such?name=file.csv', {}, { asWritten: true })).status, 404);
    const form = await head.request('POST', `/api/v1/import/${PERSON}`, 'a=b', { raw: true, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    assert.equal(form.status, 415);
    const big = await head.request('POST', `/api/v1/import/${PERSON}`, 'x', { raw: true, headers: { 'content-type': 'text/csv', 'content-length': 600 * 1024 * 1024 } }).catch((e) => e);
    assert.equal(big.status, 413);
  });
});

describe('an import', () => {
  it('creates and updates by phone as it is written, and says what it did', async () => {
    await head.post(`/api/v1/${PERSON}`, { name: 'Старое имя', phone: ['+79160000001'], city: 'Тверь' }, { expect: 201 });
    const { run } = await imported(head, PERSON, 'Имя;Телефон;Город\nНовое имя;8 (916) 000-00-01;\nПётр;8-916-000-00-02;Клин\nПётр опять;+7 916 000 00 02;Клин\n');
    assert.deepEqual(counts(run), { created: 1, updated: 2, unchanged: 0, skipped: 0, failed: 0 });
    const [first] = await people('phone=+79160000001');
    assert.equal(first.name, 'Новое имя');
    assert.equal(first.city, 'Тверь', 'an empty cell keeps');
    assert.deepEqual((await people('phone=+79160000002')).map((r) => r.name), ['Пётр опять']);
  });

  it('is rehearsed by a check that leaves nothing behind', async () => {
    const file = await uploaded(head, PERSON, 'Имя;Телефон\nАнна;8 916 100-00-01\n;8 916 100-00-02\nОльга;7,91612E+10\nБорис;12\n');
    const check = await finish(head, file.id, 'check', file.options);
    assert.deepEqual(counts(check), { created: 1, updated: 0, unchanged: 0, skipped: 0, failed: 3 });
    assert.deepEqual(await people('phone=+79161000001'), []);
    const rows = await notes(head, check.batch);
    assert.deepEqual(rows.map((r) => [r.row, r.field, r.code]), [[3, 'name', 'required'], [4, 'phone', 'excel_number'], [5, 'phone', 'phone_invalid']]);
    const table = await head.get(`/api/v1/import/${file.id}/errors.csv?of=check`, { expect: 200 });
    const lines = table.text.replace('\ufeff', '').split('\r\n');
    assert.equal(lines[0], 'Строка;Причина;Имя;Телефон');
    assert.match(lines[1], /^3;.*Заполните.*;;8 916 100-00-02$/);
    assert.match(lines[2], /^4;.*Excel.*;Ольга;7,91612E\+10$/);
    const run = await finish(head, file.id, 'run', file.options);
    assert.deepEqual(counts(run), counts(check));
    assert.equal((await people('phone=+79161000001')).length, 1);
    assert.equal((await head.post(`/api/v1/import/${file.id}/run`, file.options)).json.code, 'import_done');
  });

  it('is run once under an Idempotency-Key, and tells a client that asks again how it goes', async () => {
    const file = await uploaded(head, PERSON, 'Имя;Телефон\nЕдинственный;8 916 160-00-01\n');
    const run = () => head.post(`/api/v1/import/${file.id}/run`, file.options, { headers: { 'idempotency-key': 'import-1' }, expect: 202 });
    const [first, again] = [await run(), await run()];
    assert.equal(again.json.run.batch, first.json.run.batch);
    assert.equal(again.headers['idempotency-replayed'], 'true');
  });

  it('tells by a check what the run will do, also of rows that stand far apart', async () => {
    const row = (i) => `Дважды ${i};8 916 150-${String(i).padStart(4, '0')};\n`;
    const text = 'Имя;Телефон;Город\n' + Array.from({ length: 700 }, (_, i) => row(i % 350)).join('');
    const file = await uploaded(head, PERSON, text);
    const check = await finish(head, file.id, 'check', file.options);
    assert.deepEqual(counts(check), { created: 350, updated: 350, unchanged: 0, skipped: 0, failed: 0 });
    const run = await finish(head, file.id, 'run', file.options);
    assert.equal(run.created, 350);
    assert.equal(run.updated + run.unchanged, 350);
  });

  it('tells by a check what the run will do with a key that a known record gets far above', async () => {
    await head.post(`/api/v1/${PERSON}`, { name: 'Старый', phone: ['+79161510001'] }, { expect: 201 });
    const filler = Array.from({ length: 300 }, (_, i) => `Между ${i};8 916 151-1${String(i).padStart(3, '0')};\n`).join('');
    const text = `Имя;Телефон;Почта\nСтарый;8 916 151-00-01;far@example.ru\n${filler}Старый;8 916 151-00-02;far@example.ru\n`;
    const file = await uploaded(head, PERSON, text);
    assert.deepEqual(file.options.match, ['phone', 'email']);
    const wanted = { created: 300, updated: 2, unchanged: 0, skipped: 0, failed: 0 };
    assert.deepEqual(counts(await finish(head, file.id, 'check', file.options)), wanted);
    assert.deepEqual(counts(await finish(head, file.id, 'run', file.options)), wanted);
  });

  it('makes one record of rows that mean one, as people write its keys', async () => {
    const text = 'Имя;Телефон;Почта\nРаз;8 916 170-00-01, 8 916 170-00-02;Raz@example.ru\nВторым;+7 916 170 00 02;\nПочтой;;raz@EXAMPLE.ru\n'
      + 'Добавочным;8 916 170-00-01 доб. 5;\nЧужой;8 916 170-00-09;\nДва;8 916 170-00-03;два@example.ru\nДва;;Два@example.ru\n';
    const file = await uploaded(head, PERSON, text);
    assert.deepEqual(file.options.match, ['phone', 'email']);
    const wanted = { created: 3, updated: 4, unchanged: 0, skipped: 0, failed: 0 };
    assert.deepEqual(counts(await finish(head, file.id, 'check', file.options)), { ...wanted });
    const run = counts(await finish(head, file.id, 'run', file.options));
    assert.deepEqual([run.created, run.updated + run.unchanged], [3, 4]);
    const [person] = await people('phone=+79161700002');
    assert.equal(person.name, 'Добавочным');
    assert.deepEqual(person.phone, ['+79161700001', '+79161700002', '+79161700001;ext=5']);
  });

  it('finds a record by a key that a row just before gave it', async () => {
    const old = (await head.post(`/api/v1/${PERSON}`, { name: 'Ключ', phone: ['+79161710001'] }, { expect: 201 })).json;
    const { run } = await imported(head, PERSON, 'Имя;Телефон;Почта\nКлюч;8 916 171-00-01;key@example.ru\nКлюч;8 916 171-00-02;KEY@example.ru\n');
    assert.deepEqual(counts(run), { created: 0, updated: 2, unchanged: 0, skipped: 0, failed: 0 });
    assert.deepEqual((await head.get(`/api/v1/${PERSON}/${old.id}`)).json.phone, ['+79161710001', '+79161710002']);
    const skipped = await imported(head, PERSON, 'Имя;Телефон;Почта\nКлюч;8 916 171-00-01;other@example.ru\nНовый;;other@example.ru\n', { mode: 'skip' });
    assert.deepEqual(counts(skipped.run), { created: 1, updated: 0, unchanged: 0, skipped: 1, failed: 0 }, 'what was skipped gave no key');
    const none = await imported(head, PERSON, 'Кто;Телефон\nНет;8 916 171-00-07\nНет;8 916 171-00-07\n', { columns: ['name', 'phone'], mode: 'update' });
    assert.deepEqual(counts(none.run), { created: 0, updated: 0, unchanged: 0, skipped: 2, failed: 0 });
  });

  it('makes the record of the first row that can be taken, and no second of the next', async () => {
    const text = 'Имя;Телефон\n;8 916 172-00-01\nПосле плохой;8 916 172-00-01\nЕщё раз;8 916 172-00-01\n';
    const file = await uploaded(head, PERSON, text);
    const wanted = { created: 1, updated: 1, unchanged: 0, skipped: 0, failed: 1 };
    assert.deepEqual(counts(await finish(head, file.id, 'check', file.options)), wanted);
    assert.deepEqual(counts(await finish(head, file.id, 'run', file.options)), wanted);
    assert.deepEqual((await people('phone=+79161720001')).map((r) => r.name), ['Ещё раз']);
  });

  it('adds to what a field of several values holds, or replaces it, and its mark with it', async () => {
    const old = (await head.post(`/api/v1/${PERSON}`, { name: 'Много', phone: ['+79161730001'], tags: ['опт'] }, { expect: 201 })).json;
    const now = async () => (await head.get(`/api/v1/${PERSON}/${old.id}`)).json;
    await imported(head, PERSON, 'Телефон;Имя;Теги\n"8 916 173-00-01; 12";Много;"ОПТ, VIP"\n', { lenient: true });
    assert.deepEqual([(await now()).phone, (await now()).tags], [['+79161730001', '12'], ['опт', 'VIP']]);
    await imported(head, PERSON, 'Телефон;Имя\n8 916 173-00-01, 8 916 173-00-02;Много\n');
    assert.deepEqual((await now())._marks, { phone: 'phone_invalid' }, 'the wrong one is still there');
    await imported(head, PERSON, 'Телефон;Имя\n8 916 173-00-02;Много\n', { several: 'replace' });
    assert.deepEqual((await now()).phone, ['+79161730002']);
    assert.deepEqual((await now())._marks ?? {}, {}, 'nothing wrong is left');
    const file = await uploaded(head, PERSON, 'Имя;Телефон\nМного;8 916 173-00-02\n');
    const bad = await head.post(`/api/v1/import/${file.id}/run`, { ...file.options, several: 'both' });
    assert.deepEqual(bad.json.fields.map((f) => [f.field, f.code]), [['several', 'not_a_choice']]);
  });

  it('changes of an address only the parts the file has columns for', async () => {
    const line = '650000, г Кемерово, ул. Весенняя, д.5';
    const item = async (serial, place) => (await head.post('/api/v1/stock.item', { name: 'Кран', serial, place }, { expect: 201 })).json.id;
    const place = async (id) => (await head.get(`/api/v1/stock.item/${id}`, { expect: 200 })).json.place;
    const [moved, same, kept, bare] = [await item('п1', line), await item('п2', line), await item('п3', line), await item('п4', null)];
    const text = 'Серийный номер;Город;Дом\nп1;Тверь;7\nп2;Кемерово;\nп3;;\nп4;Тверь;\nп5;Клин;\nп5;;3\n';
    const file = await uploaded(head, 'stock.item', text);
    assert.deepEqual(file.options.columns, ['serial', 'place.city', 'place.house']);
    assert.equal(file.options.mode, 'both');
    const run = await finish(head, file.id, 'run', { ...file.options, defaults: { name: 'Новый' } });
    assert.deepEqual(counts(run), { created: 1, updated: 3, unchanged: 2, skipped: 0, failed: 0 });
    assert.equal(await place(moved), '650000, г Тверь, ул. Весенняя, д 7');
    assert.equal(await place(same), line, 'a line whose parts stay is not written anew');
    assert.equal(await place(kept), line);
    assert.equal(await place(bare), 'г Тверь');
    assert.equal((await head.list('stock.item', `serial=${encodeURIComponent('п5')}`))[0].place, 'г Клин, д 3');
    const clear = await imported(head, 'stock.item', 'Серийный номер;Дом;Город\nп1;;Орёл\nп4;;\n', { empty: 'clear' });
    assert.deepEqual(counts(clear.run), { created: 0, updated: 2, unchanged: 0, skipped: 0, failed: 0 });
    assert.equal(await place(moved), '650000, г Орёл, ул. Весенняя');
    assert.equal(await place(bare), null);
    await imported(head, 'stock.item', 'Серийный номер;Индекс;Место\nп1;650001;Тула, Мира, 1\nп2;65;\n', { columns: ['serial', 'place.index', 'place'] });
    assert.equal(await place(moved), '650001, г Тула, ул Мира, д 1', 'a whole line replaces the whole');
    assert.deepEqual((await head.get(`/api/v1/stock.item/${same}`)).json._marks, { place: 'index_invalid' });
  });

  it('is undone as a whole, updates included', async () => {
    const old = (await head.post(`/api/v1/${PERSON}`, { name: 'Как было', phone: ['+79162000001'] }, { expect: 201 })).json;
    const { run } = await imported(head, PERSON, 'Имя;Телефон\nСтало;8 916 200-00-01\nСовсем новый;8 916 200-00-02\n');
    const undo = await head.post(`/api/v1/batch/${run.batch}/undo`, {}, { expect: 202 });
    await until(async () => (await head.get(`/api/v1/batch/${undo.json.id}`)).json.state === 'done');
    assert.equal((await head.get(`/api/v1/${PERSON}/${old.id}`)).json.name, 'Как было');
    assert.deepEqual(await people('phone=+79162000002'), []);
  });

  it('follows the mode: create, skip, update; and clears what an empty cell stands over when told so', async () => {
    const text = 'Имя;Телефон;Город\nОдин;8 916 300-00-01;\nДва;8 916 300-00-02;Орёл\n';
    await head.post(`/api/v1/${PERSON}`, { name: 'Один', phone: ['+79163000001'], city: 'Псков' }, { expect: 201 });
    const skip = await imported(head, PERSON, text, { mode: 'skip' });
    assert.deepEqual(counts(skip.run), { created: 1, updated: 0, unchanged: 0, skipped: 1, failed: 0 });
    const update = await imported(head, PERSON, text + 'Три;8 916 300-00-03;\n', { mode: 'update', empty: 'clear' });
    assert.deepEqual(counts(update.run), { created: 0, updated: 1, unchanged: 1, skipped: 1, failed: 0 });
    assert.equal((await people('phone=+79163000001'))[0].city, null);
    const create = await imported(head, PERSON, text, { mode: 'create', match: [] });
    assert.deepEqual(counts(create.run), { created: 2, updated: 0, unchanged: 0, skipped: 0, failed: 0 });
    const twice = await imported(head, PERSON, text, { mode: 'both', match: ['phone'] });
    assert.equal(twice.run.failed, 2, 'now each phone is held by two');
    assert.deepEqual((await notes(head, twice.run.batch)).map((r) => r.code), ['import_ambiguous', 'import_ambiguous']);
  });

  it('acts with the rights of who started it', async () => {
    const foreign = (await head.post(`/api/v1/${PERSON}`, { name: 'Чужой', phone: ['+79164000001'] }, { expect: 201 })).json;
    const { run } = await imported(manager, PERSON, 'Имя;Телефон\nНе чужой;8 916 400-00-01\n');
    assert.equal(run.created, 1, 'what he may not see he does not find');
    assert.equal((await head.get(`/api/v1/${PERSON}/${foreign.id}`)).json.name, 'Чужой');
    const file = await uploaded(manager, PERSON, 'a;b\n1;2\n');
    const denied = await manager.post(`/api/v1/import/${file.id}/run`, { columns: ['name', 'secret'] });
    assert.deepEqual(denied.json.fields.map((f) => [f.field, f.code]), [['secret', 'unknown_field']]);
  });

  it('remembers what was chosen for the same header', async () => {
    const text = 'Как звать;Куда звонить\nРоман;8 916 500-00-01\n';
    const first = await uploaded(head, PERSON, text);
    assert.equal(first.remembered, false);
    await finish(head, first.id, 'run', { columns: ['name', 'phone'], match: ['phone'], mode: 'both' });
    const second = await uploaded(head, PERSON, text);
    assert.equal(second.remembered, true);
    assert.deepEqual(second.options.columns, ['name', 'phone']);
  });

  it('reads what people write: several columns, owners, references, labels, dates', async () => {
    await head.post('/api/v1/contacts.company', { name: 'ООО «Ромашка»', inn: '7700000009' }, { expect: 201 });
    const { file, run } = await imported(head, PERSON,
      'Имя;Мобильный телефон;Рабочий телефон;Компания;Ответственный;Теги\n' +
      'Глеб;8 916 600-00-01;"8 916 600-00-02; 8 916 600-00-03";7700000009;Пётр Петров;"VIP; опт"\n' +
      'Клим;=""\n' + 'Лев;\'+79166000005;;ООО «Нет такой»;;\n', {
        columns: ['name', 'phone', 'phone', { field: 'company' }, 'owner', 'tags'] });
    assert.deepEqual(file.options.columns, ['name', 'phone', 'phone', 'company', 'owner', 'tags']);
    assert.deepEqual(counts(run), { created: 2, updated: 0, unchanged: 0, skipped: 0, failed: 1 });
    const [gleb] = await people('phone=+79166000003');
    assert.deepEqual(gleb.phone, ['+79166000001', '+79166000002', '+79166000003']);
    assert.equal(gleb.company.label, 'ООО «Ромашка»');
    assert.equal(gleb.owner.label, 'Пётр Петров');
    assert.deepEqual(gleb.tags, ['VIP', 'опт']);
    assert.deepEqual((await notes(head, run.batch)).map((r) => [r.row, r.field, r.code]), [[4, 'company', 'no_such_record']]);
  });

  it('reads and writes the sources of people by their names, and any other source as it is', async () => {
    const { fields } = (await head.get('/api/v1/meta', { expect: 200 })).json.entities[PERSON];
    assert.equal(fields.source.type, 'text');
    assert.deepEqual(fields.source.options[0], { v: 'site', l: 'sales.lead.source.site', color: 'blue' });
    await imported(head, PERSON, 'Имя;Источник\nИсток Первый;Сайт\nИсток Второй;avito\nИсток Третий;выставка\n');
    const kept = (await people('name.starts=Исток&sort=name')).map(({ name, source }) => `${name} ${source}`);
    assert.deepEqual(kept, ['Исток Второй avito', 'Исток Первый site', 'Исток Третий выставка']);
    const none = await head.get(`/api/v1/${PERSON}/export?fields=name&q=-`, { expect: 200 });
    assert.equal(none.text.trim().split('\n').length, 1, 'of no word nothing but the head');
    const file = await head.get(`/api/v1/${PERSON}/export?fields=name,source&sort=name&name.starts=Исток`, { expect: 200 });
    assert.match(file.text, /Второй[;,]Авито\r?\n.*Первый[;,]Сайт\r?\n.*Третий[;,]выставка/);
  });

  it('takes address cards', async () => {
    const card = 'BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=windows-1251;ENCODING=QUOTED-PRINTABLE:=C8=E2=E0=ED\r\nTEL;CELL:8 916 700-00-01\r\nEMAIL:i@example.ru\r\nEND:VCARD\r\n';
    const file = await uploaded(head, PERSON, card, 'people.vcf');
    assert.equal(file.format, 'vcf');
    const run = await finish(head, file.id, 'run', file.options);
    assert.equal(run.created, 1);
    assert.equal((await people('phone=+79167000001'))[0].name, 'Иван');
  });

  it('takes cards of 2.1 by N, with the organisation, the position and the town', async () => {
    await head.post('/api/v1/contacts.company', { name: 'ООО «Картон»', inn: '7700000016' }, { expect: 201 });
    const cards = 'BEGIN:VCARD\r\nVERSION:2.1\r\nN:Картонов;Карл;;;\r\nORG:ООО «Картон»;Цех\r\nTITLE:Мастер\r\nADR;WORK:;;Весенняя, 1;Кемерово;;650000;Россия\r\nEND:VCARD\r\n'
      + 'BEGIN:VCARD\r\nVERSION:3.0\r\nN:Картонова;Клара;;;\r\nFN:Картонова Клара\r\nEND:VCARD\r\n';
    const file = await uploaded(head, PERSON, cards, 'people.vcf');
    const suggested = Object.fromEntries(file.columns.map((c, i) => [c.title, file.options.columns[i]]));
    assert.deepEqual([suggested.ORG, suggested.TITLE, suggested['ADR.locality']], ['company', 'position', 'city']);
    const run = await finish(head, file.id, 'run', { ...file.options, mode: 'create', match: [] });
    assert.equal(run.created, 2, JSON.stringify(await notes(head, run.batch)));
    const kept = (await people('name.starts=Картонов&sort=id')).map((r) => [r.name, r.company?.label, r.position, r.city]);
    assert.deepEqual(kept, [['Картонов Карл', 'ООО «Картон»', 'Мастер', 'Кемерово'], ['Картонова Клара', undefined, null, null]]);
  });

  const cardsOf = (...people) => people.map(([name, org]) => `BEGIN:VCARD\r\nVERSION:3.0\r\nFN:${name}\r\nORG:${org}\r\nEND:VCARD\r\n`).join('');
  const companies = (name) => head.list('contacts.company', `name=${encodeURIComponent(name)}`);

  it('makes the company that a card names, once, and takes it back with the import', async () => {
    const file = await uploaded(head, PERSON, cardsOf(['Безвестный Первый', 'ООО «Безвестная»'], ['Безвестный Второй', 'ООО «Безвестная»']), 'people.vcf');
    assert.equal(file.options.missing, 'create');
    const options = { ...file.options, mode: 'create', match: [] };
    const check = await finish(head, file.id, 'check', options);
    assert.deepEqual([check.created, check.failed, check.warned], [2, 0, 0]);
    assert.deepEqual(await companies('ООО «Безвестная»'), []);
    const run = await finish(head, file.id, 'run', options);
    assert.deepEqual([run.created, run.failed, run.warned], [2, 0, 0]);
    const [made, ...more] = await companies('ООО «Безвестная»');
    assert.deepEqual(more, []);
    assert.deepEqual((await people('name.starts=Безвестный')).map((r) => r.company.id), [made.id, made.id]);
    const undo = await head.post(`/api/v1/batch/${run.batch}/undo`, {}, { expect: 202 });
    await until(async () => (await head.get(`/api/v1/batch/${undo.json.id}`)).json.state === 'done');
    assert.deepEqual(await companies('ООО «Безвестная»'), []);
  });

  it('takes a person without a company that cannot be told or made, and says so', async () => {
    for (const inn of ['7700000023', '7700000030']) await head.post('/api/v1/contacts.company', { name: 'ООО «Двойня»', inn }, { expect: 201 });
    const long = 'Д'.repeat(301);
    const cards = cardsOf(['Одинокий Раз', 'ООО «Двойня»'], ['Одинокий Два', long], ['Одинокий Три', '12345']);
    const file = await uploaded(head, PERSON, cards, 'people.vcf');
    const run = await finish(head, file.id, 'run', { ...file.options, mode: 'create', match: [] });
    assert.deepEqual([run.created, run.failed, run.warned], [3, 0, 3]);
    assert.deepEqual((await people('name.starts=Одинокий')).map((r) => r.company ?? null), [null, null, null]);
    const { rows } = (await head.get(`/api/v1/batch/${run.batch}/rows?kind=warning`, { expect: 200 })).json;
    assert.deepEqual(rows.map((r) => [r.kind, r.row, r.field, r.code, r.params.text]), [
      ['warning', 1, 'company', 'left_ambiguous', 'ООО «Двойня»'], ['warning', 6, 'company', 'left_unknown', long], ['warning', 11, 'company', 'left_unknown', '12345']]);
    assert.match(rows[2].detail, /«12345» не нашлось/);
    assert.deepEqual((await head.get(`/api/v1/batch/${run.batch}/rows?kind=error`, { expect: 200 })).json.rows, []);
    const table = await head.get(`/api/v1/import/${file.id}/errors.csv?of=run`, { expect: 200 });
    assert.equal(table.text.trim().split('\r\n').length, 1, 'who is imported is not to be imported again');
  });

  it('of a table refuses, leaves or makes what a reference names, as it is told', async () => {
    const text = 'Имя;Компания\nБродячий;ООО «Нигде»\n';
    const run = async (missing) => (await imported(head, PERSON, text, { mode: 'create', match: [], missing })).run;
    assert.deepEqual(counts(await run(undefined)), { created: 0, updated: 0, unchanged: 0, skipped: 0, failed: 1 });
    const left = await run('leave');
    assert.deepEqual([left.created, left.warned, (await companies('ООО «Нигде»')).length], [1, 1, 0]);
    const made = await run('create');
    assert.deepEqual([made.created, made.warned, (await companies('ООО «Нигде»')).length], [1, 0, 1]);
    const file = await uploaded(head, PERSON, text);
    const bad = await head.post(`/api/v1/import/${file.id}/run`, { ...file.options, missing: 'ask' });
    assert.deepEqual(bad.json.fields.map((f) => [f.field, f.code]), [['missing', 'not_a_choice']]);
    await head.del(`/api/v1/import/${file.id}`, { expect: 204 });
  });

  it('of a table does so with each of several references, and keeps the others', async () => {
    await head.post('/api/v1/contacts.company', { name: 'Свои люди' }, { expect: 201 });
    const options = { columns: ['name', 'friends'], mode: 'create', match: [] };
    const text = (name, friends) => `Название;Партнёры\n${name};"${friends}"\n`;
    const run = async (name, friends, more) => (await imported(head, 'stock.item', text(name, friends), { ...options, ...more })).run;
    const friends = async (name) => (await head.list('stock.item', `name=${encodeURIComponent(name)}`))[0].friends.map((f) => f.label);

    const refused = await run('Кран 1', 'Свои люди\nНиоткуда', {});
    assert.deepEqual([refused.created, refused.failed], [0, 1]);

    const left = await run('Кран 2', 'Ниоткуда, Свои люди, Ниоткудова', { missing: 'leave' });
    assert.deepEqual([left.created, left.warned, await friends('Кран 2')], [1, 1, ['Свои люди']]);
    const { rows } = (await head.get(`/api/v1/batch/${left.batch}/rows?kind=warning`, { expect: 200 })).json;
    assert.deepEqual(rows.map((r) => [r.field, r.code, r.params.text]), [
      ['friends', 'left_unknown', 'Ниоткуда'], ['friends', 'left_unknown', 'Ниоткудова']]);

    const made = await run('Кран 3', 'Свои люди; Новые; Новые; Новейшие', { missing: 'create' });
    assert.deepEqual([made.created, made.warned, await friends('Кран 3')], [1, 0, ['Свои люди', 'Новые', 'Новейшие']]);
    assert.equal((await companies('Новые')).length, 1, 'one record for one name');

    for (const [item, cell, names] of [
      ['Кран 4', 'Рога, копыта и ко', ['Рога, копыта и ко']],
      ['Кран 5', 'Свои люди, Недавние', ['Свои люди', 'Недавние']],
      ['Кран 6', 'Свои люди, дом и сад\nСамые последние', ['Свои люди, дом и сад', 'Самые последние']],
      ['Кран 7', 'Копыта, рога; Иные', ['Копыта, рога', 'Иные']],
      ['Кран 8', 'Запоздалые,', ['Запоздалые']],
    ]) {
      await run(item, cell, { missing: 'create' });
      assert.deepEqual(await friends(item), names, 'a comma within a name that is made does not divide it');
    }

    const again = { missing: 'create', mode: 'update', match: ['name'] };
    await run('Кран 3', 'Прибавленные', again);
    assert.deepEqual(await friends('Кран 3'), ['Свои люди', 'Новые', 'Новейшие', 'Прибавленные']);
    await run('Кран 3', 'Единственные', { ...again, several: 'replace' });
    assert.deepEqual(await friends('Кран 3'), ['Единственные']);
    await run('Кран 3', 'Нет таких', { ...again, missing: 'leave', several: 'replace' });
    assert.deepEqual(await friends('Кран 3'), ['Единственные'], 'nothing of the cell is known, so nothing is lost');
  });

  it('knows a property that only a late card has', async () => {
    const card = (i, more = '') => `BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Поздний ${i}\r\n${more}END:VCARD\r\n`;
    const cards = Array.from({ length: 205 }, (_, i) => card(i)).join('') + card('последний', 'X-KARKAS-SOURCE:Сайт\r\n');
    const file = await uploaded(head, PERSON, cards, 'people.vcf');
    assert.equal(file.options.columns.at(-1), 'source');
    await finish(head, file.id, 'run', { ...file.options, mode: 'create', match: [] });
    assert.deepEqual((await people('name=Поздний последний')).map((r) => r.source), ['site']);
  });

  it('keeps the extension of a phone however a file writes it', async () => {
    const card = 'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Добавочный Раз\r\nTEL;VALUE=uri:tel:+74959999999;ext=12\r\nEND:VCARD\r\n';
    const file = await uploaded(head, PERSON, card, 'people.vcf');
    assert.equal((await finish(head, file.id, 'run', { ...file.options, mode: 'create', match: [] })).created, 1);
    const { run } = await imported(head, PERSON,
      'Имя,Телефон\nДобавочный Два,"+74951234568;ext=7"\nДобавочный Три,"+74951234568; доб. 8; 8 916 711-00-01;ext=9"\n', { mode: 'create', match: [] });
    assert.equal(run.created, 2);
    const kept = (await people('name.starts=Добавочный&sort=id')).map((r) => r.phone);
    assert.deepEqual(kept, [['+74959999999;ext=12'], ['+74951234568;ext=7'], ['+74951234568;ext=8', '+79167110001;ext=9']]);
  });

  it('takes hostile rows one by one and loses no other', async () => {
    const { run } = await imported(head, PERSON, Buffer.concat([
      Buffer.from('Имя;Телефон\nДо;8 916 800-00-01\n'), Buffer.from([0xff]), Buffer.from('Порча;8 916 800-00-02\nНоль\0;8 916 800-00-03\n'),
      Buffer.from('Много;' + 'x'.repeat(2 << 20) + '\nШирокая;' + ';'.repeat(10000) + '\nПосле;8 916 800-00-04\nКонец;"8 916'),
    ]), { match: ['phone'] });
    const codes = (await notes(head, run.batch)).map((r) => [r.row, r.code]);
    assert.deepEqual(codes, [[3, 'bad_encoding'], [5, 'cell_too_long'], [6, 'too_many_columns'], [8, 'csv_quote']]);
    assert.equal(run.created, 3);
    assert.equal((await people('phone=+79168000004')).length, 1);
  });
});

describe('a long import', () => {
  it('goes on after kill -9 where it stood: no row is lost or done twice', async () => {
    const rows = 4000;
    const hardy = await startServer({ tz });
    const client = await hardy.as('ivanova');
    const text = 'Имя;Город\n' + Array.from({ length: rows }, (_, i) => `Стойкий ${i};Kill\n`).join('');
    const file = await uploaded(client, PERSON, text);
    await client.post(`/api/v1/import/${file.id}/run`, { ...file.options, mode: 'create', match: [] }, { expect: 202 });
    for (let kills = 0; kills < 3; kills++) {
      const before = kills * 900;
      await until(async () => (await client.get(`/api/v1/import/${file.id}`)).json.run.done > before, `${before} rows`, 60000);
      await hardy.kill();
      await hardy.start();
    }
    const done = await until(async () => {
      const { run } = (await client.get(`/api/v1/import/${file.id}`)).json;
      return run.state === 'done' && run;
    }, 'the end', 120000);
    assert.deepEqual(counts(done), { created: rows, updated: 0, unchanged: 0, skipped: 0, failed: 0 });
    const table = await client.get(`/api/v1/${PERSON}/export?city=Kill&fields=name`, { expect: 200 });
    const names = table.text.trim().split('\r\n').slice(1);
    assert.equal(names.length, rows);
    assert.equal(new Set(names).size, rows);
    await hardy.stop();
  });
});

describe('an export', () => {
  const fetchFile = (query, client = head, entity = PERSON) => client.get(`/api/v1/${entity}/export?${new URLSearchParams(query)}`);

  it('is a table with labels, a mark of its encoding, and the number of its rows', async () => {
    await head.post(`/api/v1/${PERSON}`, { name: '=1+1', phone: ['+79169000001', '+79169000002'], city: 'Экспорт', note: 'две\nстроки; и "кавычки"' }, { expect: 201 });
    const reply = await fetchFile({ city: 'Экспорт', fields: 'name,phone,note,owner' });
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['x-total-count'], '1');
    assert.match(reply.headers['content-type'], /^text\/csv; charset=utf-8/);
    assert.match(reply.headers['content-disposition'], /contacts\.person\.csv/);
    assert.equal(reply.text, '\ufeffИмя;Телефон;Заметка;Ответственный\r\n\'=1+1;+79169000001, +79169000002;"две\nстроки; и ""кавычки""";Анна Иванова\r\n');
    const told = await head.request('HEAD', `/api/v1/${PERSON}/export?city=${encodeURIComponent('Экспорт')}`);
    assert.equal(told.headers['x-total-count'], '1');
    assert.equal(told.text, '');
  });

  it('says what windows-1251 would lose', async () => {
    await head.post(`/api/v1/${PERSON}`, { name: 'Ёж 😀 ₸', city: 'Потери' }, { expect: 201 });
    const query = new URLSearchParams({ city: 'Потери', fields: 'name', encoding: 'windows-1251' });
    const told = await head.request('HEAD', `/api/v1/${PERSON}/export?${query}`);
    assert.equal(told.headers['x-lost-characters'], '2');
  });

  it('takes the function and shows only what its caller may see', async () => {
    assert.equal((await fetchFile({}, await server.as('sidorova'))).status, 403);
    const own = await fetchFile({ fields: 'name' }, manager);
    assert.ok(!own.text.includes('Чужой'));
    assert.equal((await fetchFile({ fields: 'nonsense' })).json.fields[0].code, 'unknown_field');
    assert.equal((await fetchFile({ format: 'doc' })).json.fields[0].field, 'format');
    assert.equal((await fetchFile({ format: 'vcf' }, head, 'tasks.task')).json.code, 'export_format');
  });

  it('makes cards and JSON', async () => {
    await head.post(`/api/v1/${PERSON}`, { name: 'Карточка', phone: ['+79169000009', '84951234567 доб. 12'], city: 'Карты' }, { expect: 201 });
    const cards = await fetchFile({ city: 'Карты', format: 'vcf' });
    assert.match(cards.text, /BEGIN:VCARD\r\nVERSION:4\.0\r\n[^]*FN:Карточка\r\nTEL:\+79169000009\r\nTEL;VALUE=uri:tel:\+74951234567;ext=12\r\n[^]*END:VCARD\r\n$/);
    const json = await fetchFile({ city: 'Карты', format: 'json', fields: 'name' });
    assert.equal(json.json[0].name, 'Карточка');
  });

  it('of cards reads back as the same: a phone with its extension, a tag with a comma', async () => {
    const person = { name: 'Туда и обратно', phone: ['+74951112266;ext=7'], tags: ['Б,в'], position: 'Мастер', city: 'Тверь', source: 'site' };
    await head.post(`/api/v1/${PERSON}`, person, { expect: 201 });
    const cards = await fetchFile({ name: person.name, format: 'vcf' });
    const { run } = await imported(head, PERSON, cards.text, { mode: 'create', match: [] });
    assert.equal(run.created, 1, JSON.stringify(await notes(head, run.batch)));
    const [copy] = await people('name=Туда и обратно&sort=-id');
    assert.deepEqual(Object.fromEntries(Object.keys(person).map((name) => [name, copy[name]])), person);
  });
});

describe('the rights to export and to import', () => {
  const row = async (name, by = head) => (await by.post(`/api/v1/${PERSON}`, { name, city: 'Файлы' }, { expect: 201 })).json;
  const can = async (client, entity = PERSON) => {
    const { export: goesOut, import: comesIn } = (await client.get('/api/v1/meta', { expect: 200 })).json.entities[entity].can;
    return [goesOut, comesIn];
  };
  const exported = (client, query, entity = PERSON) => client.get(`/api/v1/${entity}/export?${new URLSearchParams(query)}`);

  it('let out the rows and fields that the right to export covers, of those that are read', async () => {
    await row('Выгружать нельзя');
    await head.post(`/api/v1/${PERSON}`, { name: 'Выгружать можно', city: 'Свой', phone: ['+79167770001'] }, { expect: 201 });
    assert.equal((await clerk.list(PERSON, 'name=Выгружать нельзя')).length, 1, 'he reads it');
    const file = await exported(clerk, {});
    assert.equal(file.status, 200, file.text);
    assert.equal(file.headers['x-total-count'], '1');
    assert.match(file.text, /^\ufeffИмя;[^]*Выгружать можно/);
    assert.doesNotMatch(file.text, /Выгружать нельзя|Телефон|79167770001/);
    assert.equal((await exported(clerk, { fields: 'name,phone' })).json.fields[0].code, 'unknown_field');
  });

  it('refuse without them, by name and in the language of who asks', async () => {
    const refused = await exported(clerk, {}, 'stock.item');
    assert.deepEqual([refused.status, refused.json.code, refused.json.title], [403, 'export_denied', 'Выгружать нельзя']);
    assert.equal((await clerk.request('HEAD', '/api/v1/stock.item/export')).status, 403);
    const upload_ = await upload(clerk, 'stock.item', 'Название\nКран\n');
    assert.deepEqual([upload_.status, upload_.json.code, upload_.json.title], [403, 'import_denied', 'Загружать нельзя']);
    const english = await clerk.get('/api/v1/stock.item/export', { headers: { 'accept-language': 'en' } });
    assert.equal(english.json.code, 'export_denied');
  });

  it('are told to the page, so that it offers nothing in vain', async () => {
    assert.deepEqual(await can(clerk), [true, true]);
    assert.deepEqual(await can(clerk, 'stock.item'), [false, false]);
    assert.deepEqual(await can(head), [true, true]);
    assert.deepEqual(await can(await server.as('sidorova')), [false, false], 'the function is not hers');
  });

  it('refuse the rows of a file that they do not cover, in a check as in a run', async () => {
    const foreign = await row('Строка чужая');
    const own = await row('Строка своя', clerk);
    assert.equal((await clerk.patch(`/api/v1/${PERSON}/${foreign.id}`, { city: 'Рукой' })).status, 200, 'by hand he may');
    const text = `ID;Имя;Ответственный\n${foreign.id};Файлом;\n${own.id};Файлом;\n;Новая чужая;petrov\n;Новая своя;\n`;
    const file = await uploaded(clerk, PERSON, text);
    const options = { columns: ['id', 'name', 'owner'], match: ['id'], mode: 'both' };
    for (const what of ['check', 'run']) {
      const done = await finish(clerk, file.id, what, options);
      assert.deepEqual(counts(done), { created: 1, updated: 1, unchanged: 0, skipped: 0, failed: 2 }, what);
      assert.deepEqual((await notes(clerk, done.batch)).map((r) => [r.row, r.code]), [[2, 'import_denied'], [4, 'import_denied']], what);
    }
    const table = await clerk.get(`/api/v1/import/${file.id}/errors.csv?of=run`, { expect: 200 });
    assert.match(table.text, /не разрешает загружать/);
    assert.equal((await head.get(`/api/v1/${PERSON}/${foreign.id}`)).json.name, 'Строка чужая');
  });

  it('taken from somebody leave him the verdicts of his imports, and he may delete them', async () => {
    const text = 'Имя;Телефон\nОтнятый;\nНедозвон;1\n';
    const options = { columns: ['name', 'city'], mode: 'create', match: [] };
    const [past, next] = [await uploaded(clerk, PERSON, text), await uploaded(clerk, PERSON, text)];
    const ran = await finish(clerk, past.id, 'run', { ...options, columns: ['name', null] });
    const at = (file) => `/api/v1/import/${file.id}`;
    const made = await clerk.post('/api/v1/tokens', { name: 'Загрузки', access: 'write', functions: ['import'] }, { expect: 201 });
    const program = server.client();
    program.bearer = made.json.token;
    await program.get(at(past), { expect: 200 });

    const apply = async (words) => {
      fs.writeFileSync(server.tz, words);
      const done = await server.command('tz', 'apply', server.tz);
      assert.equal(done.code, 0, done.out + done.err);
    };
    await apply(tz.replace('import: [head, petrov, clerk]', 'import: [head, petrov]'));
    try {
      assert.equal((await upload(clerk, PERSON, text)).json.code, 'import_denied');
      const seen = (await clerk.get(at(past), { expect: 200 })).json;
      assert.deepEqual([seen.state, seen.run.batch, counts(seen.run)], ['done', ran.batch, counts(ran)]);
      await clerk.get(`/api/v1/batch/${ran.batch}/rows`, { expect: 200 });
      await clerk.get(`${at(past)}/errors.csv?of=run`, { expect: 200 });
      for (const what of ['reading', 'check', 'run']) {
        const refused = await clerk.post(`${at(next)}/${what}`, what === 'reading' ? { header: true } : options);
        assert.deepEqual([refused.status, refused.json.code], [403, 'import_denied'], what);
      }
      assert.equal((await program.get(at(past))).json.code, 'import_denied', 'a program has no more than its token');
      await head.get(at(past), { expect: 404 });
      await clerk.del(at(past), { expect: 204 });
      await clerk.del(at(next), { expect: 204 });
      await clerk.get(at(next), { expect: 404 });
    } finally {
      await apply(tz);
    }
  });
});

describe('every type of field', () => {
  const items = [
    { name: 'Полное', serial: 'A-1', about: 'строка\nвторая; "с кавычками"', mails: ['a@example.ru', 'b@example.ru'], phones: ['+79161112233', '+74951112233;ext=12'],
      links: ['https://example.ru/a,b', 'http://example.com/?q=1;2'], count: 42, weight: '1500.125', price: '-1500.50', share: '15', is_new: true,
      made: '2027-01-18', seen: '2027-01-18T07:00:30.250Z', takes: 131405000, kind: 'crane', kinds: ['a', 'b'], place: 'Москва, ул. Ленина, 1',
      inn: '7700000009', kpp: '770001001', ogrn: '1027700132195', bik: '044525225', account: '40702810000000000001', tags: ['VIP', 'a;b'], extra: { a: [1, 'б'] } },
    { name: "'=2+2", serial: '=3+3', about: '@x', is_new: false, made: '1899-12-31', seen: '2010-10-30T23:30:00.000Z', takes: 250, kind: 'loader', kinds: ['a'], tags: ['один;два'], count: -7, price: '0.00' },
    { name: '="001"', serial: '00123', tags: ['Б,в'] }, { name: '#12', serial: "'0", tags: ['Б,в', 'г'], phones: ['+74951112255;ext=7'] }, { name: 'да', about: '7', tags: ['x'], phones: ['+79161112244'] },
  ];
  let made;
  before(async () => {
    const maker = (await head.post('/api/v1/contacts.company', { name: 'Завод, №1; филиал' }, { expect: 201 })).json.id;
    const other = (await head.post('/api/v1/contacts.company', { name: 'Просто' }, { expect: 201 })).json.id;
    Object.assign(items[0], { maker, friends: [maker, other], keeper: manager.user.id });
    Object.assign(items[1], { friends: [maker] });
    made = [];
    for (const item of items) made.push((await head.post('/api/v1/stock.item', item, { expect: 201 })).json);
  });

  const values = (r) => Object.fromEntries(Object.entries(r).filter(([k]) => !/^(id|rev|created|updated|_)/.test(k)));
  it('shows the title of every record that a list of references holds, and of those one may not read none', async () => {
    const [maker, other] = items[0].friends;
    const friends = [{ id: maker, label: 'Завод, №1; филиал' }, { id: other, label: 'Просто' }];
    assert.deepEqual(made[0].friends, friends, 'in the answer to a write');
    assert.deepEqual((await head.get(`/api/v1/stock.item/${made[0].id}`, { expect: 200 })).json.friends, friends);
    assert.deepEqual((await head.list('stock.item', `id=${made[0].id}`))[0].friends, friends);
    const gone = (await head.post('/api/v1/contacts.company', { name: 'Уйдёт' }, { expect: 201 })).json.id;
    const item = (await head.post('/api/v1/stock.item', { name: 'С чужим', friends: [maker, gone] }, { expect: 201 })).json.id;
    const stranger = await server.as('kuznetsov');
    await head.patch(`/api/v1/contacts.company/${gone}`, { owner: stranger.user.id, department: null }, { expect: 200 });
    const seen = (await head.get(`/api/v1/stock.item/${item}`, { expect: 200 })).json.friends;
    assert.deepEqual(seen, [friends[0], { id: gone, denied: true }]);
  });

  const ignored = (r) => ({ ...values(r), friends: r.friends?.map((f) => f.id ?? f) });

  for (const [how, query] of Object.entries({
    'CSV in Russian': {}, 'CSV in English with commas': { separator: ',' }, 'CSV with names and ids': { header: 'names', refs: 'id' }, XLSX: { format: 'xlsx' },
  })) {
    it(`survives an export and an import as ${how}`, async () => {
      const client = how.includes('English') ? await server.as('ivanova') : head;
      if (how.includes('English')) client.lang = 'en';
      const reply = await exported({ ...query, 'id.in': made.map((r) => r.id).join(',') }, client);
      const copies = await reimport(reply, client);
      const want = made.map(ignored);
      assert.equal(copies.length, want.length);
      for (let i = 0; i < want.length; i++) assert.deepEqual({ ...ignored(copies[i]), serial: want[i].serial }, want[i]);
    });
  }

  async function exported(query, client) {
    const fields = Object.keys(items[0]).filter((f) => f !== 'serial').join(',');
    const reply = await client.get(`/api/v1/stock.item/export?${new URLSearchParams({ ...query, fields })}`, { expect: 200 });
    return reply.bytes;
  }

  async function reimport(bytes, client) {
    const file = await uploaded(client, 'stock.item', bytes);
    assert.deepEqual(file.options.columns, Object.keys(items[0]).filter((f) => f !== 'serial'));
    const run = await finish(client, file.id, 'run', { ...file.options, mode: 'create', match: [] });
    assert.deepEqual(counts(run), { created: items.length, updated: 0, unchanged: 0, skipped: 0, failed: 0 }, JSON.stringify(await notes(client, run.batch)));
    return (await client.list('stock.item', `sort=-id&limit=${items.length}`)).reverse();
  }
});
