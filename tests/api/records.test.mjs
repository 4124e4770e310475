// The records API (S-38): creating, changing, listing and their refusals (API.md, "Records" and "Errors").

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';

let server, head, manager;

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z' });
  head = await server.as('ivanova');
  manager = await server.as('petrov');
});
after(() => server.stop());

const LEADS = '/api/v1/sales.lead';

async function lead(data = {}, client = head) {
  return (await client.post(LEADS, { title: 'Нужен кран', ...data }, { expect: 201 })).json;
}

function list(query, client = head) {
  return client.get(`${LEADS}?${new URLSearchParams(query)}`);
}

describe('creating a record', () => {
  it('answers 201 with the record, its address and its revision', async () => {
    const reply = await head.post(LEADS, { title: 'Нужен кран', phone: ['8 916 123-45-67'], amount: '1250000.5' });
    assert.equal(reply.status, 201, reply.text);
    const r = reply.json;
    assert.equal(reply.headers.location, `${LEADS}/${r.id}`);
    assert.equal(reply.headers.etag, `"${r.rev}"`);
    assert.equal(r.title, 'Нужен кран');
    assert.deepEqual(r.phone, ['+79161234567']);
    assert.equal(r.amount, '1250000.50');
    assert.equal(r.currency, 'RUB');
    assert.equal(r.created_at, '2027-01-18T07:00:00.000Z');
    assert.deepEqual(r.created_by, { id: head.user.id, label: 'Анна Иванова' });
    assert.deepEqual(r.owner, { id: head.user.id, label: 'Анна Иванова' });
    assert.equal(r.stage, 'new');
    assert.equal(r.city, null);
    assert.deepEqual(r.email, []);
    assert.deepEqual((await head.get(`${LEADS}/${r.id}`, { expect: 200 })).json, r);
  });

  it('names every wrong field in one answer, in the language of the reader', async () => {
    const wrong = { titel: 'x', phone: ['12-3'], email: ['кот'], amount: 'много', source: 'сорока', contact: 999999 };
    const reply = await head.post(LEADS, wrong);
    assert.equal(reply.status, 422);
    assert.match(reply.headers['content-type'], /^application\/problem\+json/);
    assert.equal(reply.json.code, 'invalid');
    const codes = Object.fromEntries(reply.json.fields.map((f) => [f.field, f.code]));
    assert.deepEqual(codes, {
      titel: 'unknown_field',
      phone: 'phone_invalid',
      email: 'email_invalid',
      amount: 'type_mismatch',
      source: 'not_a_choice',
      contact: 'no_such_record',
    });
    for (const f of reply.json.fields) assert.match(f.detail, /[а-я]/i, f.field);
    const english = await head.post(LEADS, wrong, { headers: { 'accept-language': 'en' } });
    for (const f of english.json.fields) assert.doesNotMatch(f.detail, /[а-я]/i, f.field);
  });

  it('asks for what is required and refuses what is read-only', async () => {
    const none = await head.post('/api/v1/contacts.person', {});
    assert.equal(none.status, 422);
    assert.deepEqual(none.json.fields.map((f) => [f.field, f.code]), [['name', 'required']]);
    for (const field of ['id', 'rev', 'created_at', 'closed_at']) {
      const reply = await head.post(LEADS, { title: 'x', [field]: field.endsWith('_at') ? '2027-01-01T00:00:00Z' : 5 });
      assert.equal(reply.status, 422, field);
      assert.equal(reply.json.fields[0].code, 'read_only', field);
    }
  });

  it('bounds texts', async () => {
    const reply = await head.post(LEADS, { title: 'я'.repeat(301) });
    assert.equal(reply.status, 422);
    assert.equal(reply.json.fields[0].code, 'too_long');
    assert.equal(reply.json.fields[0].params.max, 300);
    await lead({ title: 'я'.repeat(300) });
  });

  it('refuses a body that is no JSON object, and says where and why', async () => {
    for (const [raw, line, reason] of [
      ['', 1, 'ends_early'],
      ['{', 1, 'ends_early'],
      ['[]', 1, 'not_object'],
      ['"x"', 1, 'not_object'],
      ['{"title":"a",\n"title":"b"}', 2, 'duplicate_key'],
      ['{\n\n"title":"a\\u0000"}', 3, 'nul'],
      ['{"title":"\\ud800"}', 1, 'not_json'],
      ['{"title":"x"}{}', 1, 'trailing'],
      [`{"title":${'['.repeat(100)}`, 1, 'too_deep'],
    ]) {
      const reply = await head.post(LEADS, raw, { raw: true });
      assert.equal(reply.status, 400, JSON.stringify(raw));
      const { code, params, detail } = reply.json;
      assert.deepEqual([code, params.line, params.reason], ['bad_json', line, reason]);
      assert.ok(params.column >= 0 && detail && (reason === 'not_object' || detail.includes(`строка ${line}`)), detail);
    }
  });

  it('answers 404 for an entity that is not there and 405 for a verb that is not', async () => {
    const asWritten = { asWritten: true };
    assert.equal((await head.post('/api/v1/sales.leed', {}, asWritten)).status, 404);
    assert.equal((await head.get('/api/v1/nothing', asWritten)).status, 404);
    assert.equal((await head.request('PUT', LEADS, {}, asWritten)).status, 405);
  });
});

describe('changing a record', () => {
  it('merges by field and raises the revision', async () => {
    const r = await lead({ city: 'Казань', amount: '10' });
    const reply = await head.patch(`${LEADS}/${r.id}`, { city: 'Уфа' }, { expect: 200 });
    assert.equal(reply.json.city, 'Уфа');
    assert.equal(reply.json.amount, '10.00');
    assert.equal(reply.json.rev, r.rev + 1);
    assert.equal(reply.headers.etag, `"${r.rev + 1}"`);
    const cleared = await head.patch(`${LEADS}/${r.id}`, { city: null, phone: [] }, { expect: 200 });
    assert.equal(cleared.json.city, null);
  });

  it('answers 412 with the current record when somebody was faster', async () => {
    const r = await lead({ city: 'Казань' });
    const mine = { headers: { 'if-match': `"${r.rev}"` } };
    await head.patch(`${LEADS}/${r.id}`, { city: 'Уфа' }, { ...mine, expect: 200 });
    const late = await head.patch(`${LEADS}/${r.id}`, { city: 'Омск' }, mine);
    assert.equal(late.status, 412);
    assert.equal(late.json.code, 'stale');
    assert.equal(late.json.record.city, 'Уфа');
    assert.equal(late.json.record.rev, r.rev + 1);
    assert.equal((await head.get(`${LEADS}/${r.id}`)).json.city, 'Уфа');
    const gone = await head.del(`${LEADS}/${r.id}`, mine);
    assert.equal(gone.status, 412, 'a deletion looks at the revision too');
  });

  it('keeps nothing of a change that is refused', async () => {
    const r = await lead({ city: 'Казань' });
    const reply = await head.patch(`${LEADS}/${r.id}`, { city: 'Уфа', email: ['кот'] });
    assert.equal(reply.status, 422);
    const now = (await head.get(`${LEADS}/${r.id}`)).json;
    assert.equal(now.city, 'Казань');
    assert.equal(now.rev, r.rev);
  });

  it('says 304 to who has the record already', async () => {
    const r = await lead();
    const again = await head.get(`${LEADS}/${r.id}`, { headers: { 'if-none-match': `"${r.rev}"` } });
    assert.equal(again.status, 304);
    assert.equal(again.text, '');
  });

  it('tells what the caller may do with it', async () => {
    const r = await lead();
    assert.deepEqual(r._can.filter((a) => !a.includes(':')).sort(), ['delete', 'reassign', 'update']);
    const own = await lead({}, manager);
    assert.deepEqual(own._can.filter((a) => !a.includes(':')), ['update']);
  });
});

describe('deleting', () => {
  it('moves a record into the recycle bin, from which it comes back', async () => {
    const r = await lead({ title: 'Лишняя' });
    await head.del(`${LEADS}/${r.id}`, { expect: 204 });
    assert.equal((await head.get(`${LEADS}/${r.id}`)).status, 404);
    assert.deepEqual((await list({ title: 'Лишняя' })).json.rows, []);
    const back = await head.post(`${LEADS}/${r.id}/restore`, {}, { expect: 200 });
    assert.equal(back.json.title, 'Лишняя');
    assert.equal((await list({ title: 'Лишняя' })).json.rows.length, 1);
  });

  it('is refused to who was not given that right', async () => {
    const r = await lead({}, manager);
    const reply = await manager.del(`${LEADS}/${r.id}`);
    assert.equal(reply.status, 403);
    assert.equal(reply.json.code, 'denied');
    assert.equal((await manager.get(`${LEADS}/${r.id}`)).status, 200);
  });

  it('answers 404 for what was never there', async () => {
    for (const path of ['/999999', '/0', '/-1', '/x', '/1x', '/9007199254740993']) {
      assert.equal((await head.get(LEADS + path)).status, 404, path);
      assert.equal((await head.del(LEADS + path)).status, 404, path);
      assert.equal((await head.patch(LEADS + path, {})).status, 404, path);
    }
  });
});

describe('history', () => {
  it('tells who changed what, newest first', async () => {
    const r = await lead({ city: 'Казань' }, manager);
    await head.patch(`${LEADS}/${r.id}`, { city: 'Уфа' }, { expect: 200 });
    await head.del(`${LEADS}/${r.id}`, { expect: 204 });
    await head.post(`${LEADS}/${r.id}/restore`, {}, { expect: 200 });
    const { rows } = (await head.get(`${LEADS}/${r.id}/history`, { expect: 200 })).json;
    const change = rows.find((row) => row.changes.some((c) => c.field === 'city' && c.new === 'Уфа'));
    assert.deepEqual(change.by, { id: head.user.id, label: 'Анна Иванова' });
    assert.deepEqual(change.changes.filter((c) => c.field === 'city'), [{ field: 'city', old: 'Казань', new: 'Уфа' }]);
    assert.equal(rows.at(-1).by.label, 'Пётр Петров');
    assert.equal(rows.at(-1).op, 'c');
    assert.equal(rows.length, 4);
  });
});

describe('a repeated write', () => {
  it('with the same Idempotency-Key is made once', async () => {
    const body = { title: 'Повтор' };
    const once = { headers: { 'idempotency-key': 'k-1' } };
    const first = await head.post(LEADS, body, once);
    const again = await head.post(LEADS, body, once);
    assert.equal(first.status, 201);
    assert.equal(first.headers['idempotency-replayed'], undefined);
    assert.equal(again.status, 201);
    assert.equal(again.headers['idempotency-replayed'], 'true');
    assert.equal(again.json.id, first.json.id);
    assert.equal((await list({ title: 'Повтор' })).json.rows.length, 1);
  });

  it('with another body under the same key is refused', async () => {
    const once = { headers: { 'idempotency-key': 'k-2' } };
    await head.post(LEADS, { title: 'Один' }, { ...once, expect: 201 });
    const other = await head.post(LEADS, { title: 'Два' }, once);
    assert.equal(other.status, 422);
    assert.equal(other.json.code, 'idempotency_mismatch');
  });

  it('by another user under the same key is another write', async () => {
    const once = { headers: { 'idempotency-key': 'k-3' } };
    const a = await head.post(LEADS, { title: 'Общий ключ' }, { ...once, expect: 201 });
    const b = await manager.post(LEADS, { title: 'Общий ключ' }, { ...once, expect: 201 });
    assert.notEqual(a.json.id, b.json.id);
  });

  it('at the same time is still made once', async () => {
    const once = { headers: { 'idempotency-key': 'k-4' } };
    const all = await Promise.all(Array.from({ length: 8 }, () => head.post(LEADS, { title: 'Разом' }, once)));
    const made = all.filter((r) => r.status === 201);
    assert.ok(made.length >= 1);
    assert.deepEqual([...new Set(made.map((r) => r.json.id))].length, 1);
    assert.equal((await list({ title: 'Разом' })).json.rows.length, 1);
  });

  it('that was refused may be mended under the same key', async () => {
    const once = { headers: { 'idempotency-key': 'k-5' } };
    const bad = await head.post(LEADS, { email: ['кот'] }, once);
    assert.equal(bad.status, 422);
    await head.post(LEADS, { email: ['kot@dom.example'] }, { ...once, expect: 201 });
  });

  it('with other parameters of the address under the same key is refused', async () => {
    const { id } = await lead({ title: 'Не навсегда' });
    const once = { headers: { 'idempotency-key': 'k-6' } };
    await head.del(`${LEADS}/${id}`, { ...once, expect: 204 });
    const other = await head.del(`${LEADS}/${id}?forever=1`, once);
    assert.deepEqual([other.status, other.json.code], [422, 'idempotency_mismatch']);
    await head.post(`${LEADS}/${id}/restore`, {}, { expect: 200 });
  });

  it('under a key in other letters is another write', async () => {
    const make = (key) => head.post(LEADS, { title: `Ключ ${key}` }, { headers: { 'idempotency-key': key }, expect: 201 });
    assert.notEqual((await make('k-7a')).json.id, (await make('K-7A')).json.id);
  });

  it('whose key is none is refused, in the language of the reader, and not made', async () => {
    for (const key of ['', 'k'.repeat(201), 'a\tb', 'cl\u00e9']) {
      const headers = { 'idempotency-key': key, 'accept-language': 'en' };
      const reply = await head.post(LEADS, { title: 'Без ключа' }, { headers, asWritten: true });
      assert.deepEqual([reply.status, reply.json.code], [422, 'idempotency_key'], key);
      assert.match(reply.json.detail, /200/);
    }
    assert.equal((await list({ title: 'Без ключа' })).json.rows.length, 0);
    await head.post(LEADS, { title: 'Длинный ключ' }, { headers: { 'idempotency-key': 'k'.repeat(200) }, expect: 201 });
  });
});

describe('a list', () => {
  before(async () => {
    for (let i = 1; i <= 25; i++)
      await head.post('/api/v1/contacts.company', { name: `Завод ${String(i).padStart(2, '0')}`, city: i % 2 ? 'Уфа' : null }, { expect: 201 });
  });

  const companies = (query) => head.get(`/api/v1/contacts.company?${new URLSearchParams(query)}`);

  it('pages by its cursor without losing or doubling a row', async () => {
    const seen = [];
    for (let after = ''; ; ) {
      const { json } = await companies({ sort: 'city,-name', limit: 7, ...(after && { after }) });
      assert.equal(json.total, 25);
      assert.equal(json.approx, false);
      seen.push(...json.rows.map((r) => r.name));
      if (!json.next) break;
      after = json.next;
    }
    assert.equal(seen.length, 25);
    assert.equal(new Set(seen).size, 25);
    const all = (await companies({ sort: 'city,-name', limit: 200 })).json.rows.map((r) => r.name);
    assert.deepEqual(seen, all);
  });

  it('goes on where it stopped while rows are added', async () => {
    const first = (await companies({ sort: 'name', limit: 20 })).json;
    const added = (await head.post('/api/v1/contacts.company', { name: 'Завод 00' }, { expect: 201 })).json;
    const rest = (await companies({ sort: 'name', limit: 20, after: first.next })).json;
    assert.deepEqual(rest.rows.map((r) => r.name), ['Завод 21', 'Завод 22', 'Завод 23', 'Завод 24', 'Завод 25']);
    await head.del(`/api/v1/contacts.company/${added.id}`, { expect: 204 });
  });

  it('refuses a cursor that is broken or belongs to another sort', async () => {
    const { next } = (await companies({ sort: 'name', limit: 5 })).json;
    for (const query of [{ after: 'мусор' }, { sort: '-name', after: next }, { sort: 'city', after: next }, { after: next.slice(0, -3) }]) {
      const reply = await companies(query);
      assert.equal(reply.status, 400, JSON.stringify(query));
      assert.equal(reply.json.code, 'bad_cursor');
    }
  });

  it('keeps to its limits', async () => {
    assert.equal((await companies({ limit: 1 })).json.rows.length, 1);
    for (const limit of ['0', '201', '-1', 'x', '']) {
      const reply = await companies({ limit });
      assert.equal(reply.status, 422, limit);
      assert.equal(reply.json.fields[0].code, 'out_of_range');
    }
    const sorts = await companies({ sort: 'name,city,inn,id' });
    assert.equal(sorts.status, 422);
  });

  it('filters by operators, several at once', async () => {
    const names = async (query) => (await companies({ sort: 'name', limit: 200, ...query })).json.rows.map((r) => r.name);
    assert.deepEqual(await names({ name: 'завод 03' }), ['Завод 03'], 'case does not count');
    assert.equal((await names({ 'city.none': 1 })).length, 12);
    assert.equal((await names({ 'city.none': 0 })).length, 13);
    assert.deepEqual(await names({ 'name.starts': 'Завод 2', city: 'Уфа' }), ['Завод 21', 'Завод 23', 'Завод 25']);
    assert.deepEqual(await names({ 'name.in': 'Завод 01,Завод 02' }), ['Завод 01', 'Завод 02']);
    assert.deepEqual(await names({ 'name.gte': 'Завод 24' }), ['Завод 24', 'Завод 25']);
    const form = ['or', ['name', 'eq', 'Завод 05'], ['and', ['city', 'none'], ['name', 'lt', 'Завод 04']]];
    assert.deepEqual(await names({ filter: JSON.stringify(form) }), ['Завод 02', 'Завод 05']);
    assert.deepEqual((await names({ filter: '["not",["city","none"]]' })).length, 13);
  });

  it('follows a reference in a condition', async () => {
    const [company] = (await companies({ name: 'Завод 07' })).json.rows;
    const r = await lead({ company: company.id, title: 'По ссылке' });
    const rows = (await list({ filter: '["company.name","eq","Завод 07"]' })).json.rows;
    assert.deepEqual(rows.map((x) => x.id), [r.id]);
    assert.deepEqual(rows[0].company, { id: company.id, label: 'Завод 07' });
  });

  it('follows references in a parameter as in a condition, under the same rights', async () => {
    const make = async (at, data) => (await head.post(at, data, { expect: 201 })).json;
    const company = await make('/api/v1/contacts.company', { name: 'Путевой завод', city: 'Бийск' });
    const contact = await make('/api/v1/contacts.person', { name: 'Путеев', city: 'Бийск', company: company.id });
    const mine = await lead({ title: 'Через две ссылки', contact: contact.id, company: company.id, owner: manager.user.id });
    const ids = async (query, client = head) => (await list(query, client)).json.rows.map((r) => r.id);
    for (const [name, value, form] of [
      ['contact.city', 'Бийск', ['contact.city', 'eq', 'Бийск']],
      ['contact.company.name.starts', 'Путевой', ['contact.company.name', 'starts', 'Путевой']],
      ['contact.company', company.id, ['contact.company', 'eq', company.id]],
      ['contact.city.in', 'Бийск,Орск', ['contact.city', 'in', ['Бийск', 'Орск']]],
      ['contact.company.owner', 'me', ['contact.company.owner', 'me']],
    ]) {
      assert.deepEqual(await ids({ [name]: value, sort: 'id' }), await ids({ filter: JSON.stringify(form), sort: 'id' }), name);
      assert.ok((await ids({ [name]: value })).includes(mine.id), name);
    }
    assert.deepEqual(await ids({ 'contact.city.none': 1, id: mine.id }), []);
    assert.deepEqual(await ids({ 'contact.city.none': 0, id: mine.id }), [mine.id]);
    assert.deepEqual(await ids({ id: mine.id }, manager), [mine.id]);
    assert.deepEqual(await ids({ id: mine.id, 'contact.city': 'Бийск' }, manager), [], 'a contact that he may not read');
  });

  it('gives only the fields that are asked for', async () => {
    const [row] = (await companies({ fields: 'name', limit: 1 })).json.rows;
    assert.ok('name' in row && 'id' in row && 'rev' in row);
    assert.ok(!('city' in row) && !('owner' in row));
  });

  it('calls an unknown field, operator or condition by name', async () => {
    const bad = async (query, field, code) => {
      const reply = await companies(query);
      assert.equal(reply.status, 422, `${JSON.stringify(query)} ${reply.text}`);
      assert.deepEqual([reply.json.fields[0].field, reply.json.fields[0].code], [field, code]);
    };
    await bad({ nosuch: 1 }, 'nosuch', 'unknown_field');
    await bad({ sort: 'nosuch' }, 'nosuch', 'unknown_field');
    await bad({ fields: 'name,nosuch' }, 'nosuch', 'unknown_field');
    await bad({ filter: '["nosuch","eq",1]' }, 'nosuch', 'unknown_field');
    await bad({ filter: '["owner.nosuch","eq",1]' }, 'owner.nosuch', 'unknown_field');
    for (const query of [{ 'name.like': 'x' }, { filter: '["name","like","x"]' }, { filter: '["xor"]' }, { filter: '{}' }]) {
      const reply = await companies(query);
      assert.equal(reply.status, 422, JSON.stringify(query));
    }
    await bad({ filter: '[' }, 'filter', 'bad_json');
  });

  it('survives conditions that are nested too deep or too wide', async () => {
    let deep = '["name","none"]';
    for (let i = 0; i < 200; i++) deep = `["not",${deep}]`;
    const reply = await companies({ filter: deep });
    assert.ok([400, 414, 422, 431].includes(reply.status), String(reply.status));
    const wide = JSON.stringify(['or', ...Array.from({ length: 300 }, (_, i) => ['id', 'eq', i])]);
    const answer = await companies({ filter: wide });
    assert.ok([200, 400, 414, 422, 431].includes(answer.status), String(answer.status));
  });

  it('finds words, their forms and phones by any fragment', async () => {
    const r = await lead({ title: 'Аренда экскаваторов', name: 'Семён Ёлкин', phone: ['+7 921 555-44-33'] });
    for (const q of ['экскаватор', 'аренд', 'елкин', '7921555', '5554433', '4433', '555-44-33', '8 (921) 555-44-33', '+7 921 555 44 33'])
      assert.ok((await list({ q })).json.rows.some((x) => x.id === r.id), q);
    for (const q of ['бульдозер', '5554434', '555-44-34']) assert.deepEqual((await list({ q })).json.rows, [], q);
    const { groups } = (await head.get('/api/v1/search?q=' + encodeURIComponent('экскаватор'), { expect: 200 })).json;
    const group = groups.find((g) => g.entity === 'sales.lead');
    assert.deepEqual(group.rows.map((x) => [x.id, x.label]), [[r.id, 'Аренда экскаваторов']]);
  });
});

describe('the answer to a change', () => {
  it('is never older than the change, however much goes on beside it', async () => {
    const change = async () => {
      const r = await lead();
      for (let round = 1; round <= 40; round++) {
        const city = `Город ${round}`;
        const reading = head.get(`${LEADS}/${r.id}`, { expect: 200 });
        const changed = await head.patch(`${LEADS}/${r.id}`, { city }, { expect: 200 });
        assert.deepEqual([changed.json.city, changed.json.rev], [city, r.rev + round]);
        await reading;
      }
    };
    await Promise.all(Array.from({ length: 24 }, change));
  });
});
