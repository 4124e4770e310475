// Whatever a client sends, it gets a named error or a right answer: never a wrong one, never one that
// tells what its caller may not see, and never a server that has stopped.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, withFiles } from '../harness/tz.mjs';

const LEADS = '/api/v1/sales.lead';
const DEALS = '/api/v1/sales.deal';
const COMPANIES = '/api/v1/contacts.company';
const asQuery = (condition) => `filter=${encodeURIComponent(JSON.stringify(condition))}`;
const nested = (depth) => JSON.parse('["not",'.repeat(depth) + '["id","gt",0]' + ']'.repeat(depth));
const codes = (reply) => (reply.json.fields ?? []).map((f) => [f.field, f.code]);

describe('bad input', () => {
  let server, head, manager, accountant;

  before(async () => {
    server = await startServer({ tz: withFiles(dealer).replace('bulk: [head, manager]', 'bulk: [head, manager]\n  export: [head]') });
    head = await server.as('ivanova');
    manager = await server.as('petrov');
    accountant = await server.as('belova');
    for (const title of ['Первая', 'Вторая', 'Третья']) await head.post(LEADS, { title }, { expect: 201 });
  });
  after(() => server.stop());

  async function refused(target, status, code, who = head) {
    const reply = await who.get(target, { asWritten: true });
    assert.deepEqual([reply.status, reply.json.code], [status, code], `${target}\n${reply.text}`);
    assert.ok(reply.json.detail && reply.json.request, reply.text);
    return reply;
  }

  it('in a list: a field, an operator, a path, a value that is none is named, and no row is given', async () => {
    for (const [query, field, code] of [
      ['nosuch=1', 'nosuch', 'unknown_field'],
      ['title.nosuch=1', 'title', 'unknown_operator'],
      ['title.=1', 'title', 'unknown_operator'],
      ['.eq=1', '', 'unknown_field'],
      ['contact.nosuch=1', 'contact.nosuch', 'unknown_field'],
      ['contact.city.nosuch=1', 'contact.city', 'unknown_operator'],
      ['contact.company.inn.in.in=1', 'contact.company.inn', 'unknown_operator'],
      ['contact.company.owner.name=x', 'contact.company.owner.name', 'path_too_long'],
      ['contact.owner=x', 'contact.owner', 'type_mismatch'],
      ['contact..eq=1', 'contact.', 'unknown_field'],
      ['sort=contact.name', 'contact.name', 'unknown_field'],
      ['created_at.gte=вчера', 'created_at', 'type_mismatch'],
      ['id=1e3', 'id', 'type_mismatch'],
      ['contact=abc', 'contact', 'type_mismatch'],
      ['sort=-nosuch', 'nosuch', 'unknown_field'],
      ['fields=title,nosuch', 'nosuch', 'unknown_field'],
      ['limit=1&limit=2', 'limit', 'given_twice'],
      ['sort=id&sort=title', 'sort', 'given_twice'],
      ['limit=0', 'limit', 'out_of_range'],
      ['limit=201', 'limit', 'out_of_range'],
      ['limit=99999999999999999999', 'limit', 'out_of_range'],
      ['limit=-1', 'limit', 'out_of_range'],
      ['deleted=all', 'deleted', 'not_a_choice'],
      [`q=${'я'.repeat(201)}`, 'q', 'too_long'],
      [`title.in=${Array.from({ length: 1001 }, (_, i) => i).join()}`, 'title', 'too_many'],
      [asQuery(['contact.nosuch', 'eq', 1]), 'contact.nosuch', 'unknown_field'],
      [asQuery(['title.length', 'eq', 1]), 'title.length', 'type_mismatch'],
      [asQuery(['title', 'like', '%']), 'title', 'unknown_operator'],
      [asQuery(['title', 5, '%']), 'title', 'bad_request'],
      [asQuery(['owner', 'eq', { sql: '1 or 1=1' }]), 'owner', 'type_mismatch'],
      [asQuery(['exists', 'nosuch.entity', 'x']), 'nosuch.entity', 'unknown_field'],
    ]) {
      const reply = await refused(`${LEADS}?${encodeURI(query).replaceAll('%25', '%')}`, 422, 'invalid');
      assert.deepEqual(codes(reply), [[field, code]], query);
    }
  });

  it('an unknown operator is told with those that there are, in both forms of a filter', async () => {
    const choices = 'eq, ne, gt, gte, lt, lte, in, none, starts, has, me, in_query';
    for (const [query, op] of [['title.like=x', 'like'], [asQuery(['title', 'li"ke', '%']), 'li"ke'], [asQuery(['title', 'я'.repeat(200), 1]), 'я'.repeat(20)]]) {
      const [field] = (await refused(`${LEADS}?${query}`, 422, 'invalid')).json.fields;
      assert.deepEqual(field.params, { op, choices });
      assert.ok(field.detail.includes(op) && field.detail.includes(choices), field.detail);
    }
  });

  it('a name that is nearly a field is answered with that, in both forms of a filter', async () => {
    for (const query of ['titel=x', asQuery(['titel', 'eq', 'x']), asQuery(['and', ['titel', 'eq', 'x']])])
      assert.deepEqual((await refused(`${LEADS}?${query}`, 422, 'invalid')).json.fields[0].params, { nearest: 'title' }, query);
  });

  it('a question that is wrong does not speak of saving, a write does', async () => {
    for (const reply of [await head.get(`${LEADS}?nosuch=1`), await head.post(`${LEADS}/aggregate`, { measures: 5 })])
      assert.match(reply.json.detail, /не выполнен/);
    assert.match((await head.post(LEADS, { nosuch: 1 })).json.detail, /не сохранено/);
  });

  it('four orders, another format, a merge into nothing and an undo of nothing are told by what is allowed', async () => {
    const field = async (reply) => (({ field, code, params }) => [field, code, params])((await reply).json.fields[0]);
    assert.deepEqual(await field(head.get(`${LEADS}?sort=id,title,stage,owner`)), ['sort', 'too_many', { max: 3 }]);
    assert.deepEqual(await field(head.get(`${LEADS}/export?format=pdf`)), ['format', 'not_a_choice', { choices: 'csv, xlsx, vcf, json' }]);
    const merge = (body) => field(head.post('/api/v1/contacts.person/merge', body));
    assert.deepEqual(await merge({ from: [1] }), ['into', 'required', {}]);
    assert.deepEqual(await merge({ into: 'x', from: [1] }), ['into', 'type_mismatch', {}]);
    assert.deepEqual(await merge({ into: 1 }), ['from', 'required', {}]);
    const { id } = (await head.get(`${LEADS}?limit=1`)).json.rows[0];
    const undo = (body) => field(head.post(`${LEADS}/${id}/undo`, body));
    assert.deepEqual(await undo({}), ['change', 'required', {}]);
    const unknown = await head.post(`${LEADS}/${id}/undo`, { change: 'вчера' });
    assert.deepEqual([unknown.status, unknown.json.code], [400, 'bad_cursor']);
    assert.deepEqual(await undo({ to: 5 }), ['to', 'type_mismatch', {}]);
    assert.deepEqual(await undo({ change: '1', to: '2' }), ['to', 'change_or_to', {}]);
  });

  it('characters that turn the direction of a text are dropped like any other control', async () => {
    const made = await head.post(LEADS, { title: 'счёт\u202Efdp.\u2066exe\u2069' }, { expect: 201 });
    assert.equal(made.json.title, 'счётfdp.exe');
    await head.del(`${LEADS}/${made.json.id}`);
  });

  it('a filter that is no JSON is told where, one of depth 100 that it is too complex', async () => {
    const of = async (text) => (await refused(`${LEADS}?filter=${encodeURIComponent(text)}`, 422, 'invalid')).json.fields[0];
    assert.equal((await of('["not",'.repeat(100) + '1' + ']'.repeat(100))).code, 'too_complex');
    const cut = await of('["title","eq",');
    assert.deepEqual([cut.field, cut.code, cut.params.line, cut.params.reason], ['filter', 'bad_json', 1, 'ends_early']);
  });

  it('in a filter: too deep, too many parts, no JSON', async () => {
    assert.deepEqual(codes(await refused(`${LEADS}?${asQuery(nested(9))}`, 422, 'invalid')), [['filter', 'too_complex']]);
    const wide = ['or', ...Array.from({ length: 65 }, (_, i) => ['id', 'eq', i])];
    assert.deepEqual(codes(await refused(`${LEADS}?${asQuery(wide)}`, 422, 'invalid')), [['filter', 'too_complex']]);
    for (const text of ['["not",'.repeat(100) + '1' + ']'.repeat(100), '["a', '{}', '[]', 'null', '"id"', '[["id","eq",1]]', '[1,2,3]'])
      assert.match((await head.get(`${LEADS}?filter=${encodeURIComponent(text)}`)).json.code, /^(bad_request|invalid)$/, text);
    const twice = await head.get(`${LEADS}?${asQuery(['id', 'gt', 0])}&${asQuery(['id', 'lt', 0])}`, { expect: 200 });
    assert.deepEqual(twice.json.rows, [], 'both conditions hold, not one of them');
  });

  it('a cursor of another list, order, entity or of nobody goes nowhere', async () => {
    const { next } = (await head.get(`${LEADS}?sort=title&limit=1`, { expect: 200 })).json;
    assert.ok(next);
    await refused(`${LEADS}?sort=-title&limit=1&after=${next}`, 400, 'bad_cursor');
    await refused(`${LEADS}?limit=1&after=${next}`, 400, 'bad_cursor');
    await refused(`${LEADS}?sort=title&limit=1&stage=new&after=${next}`, 400, 'bad_cursor');
    await refused(`${COMPANIES}?sort=name&limit=1&after=${next}`, 400, 'bad_cursor');
    for (const made of ['x', '%00', 'AAAA', `${next}A`, next.slice(0, -1), 'я', '0'.repeat(5000)])
      await refused(`${LEADS}?sort=title&limit=1&after=${encodeURIComponent(made)}`, 400, 'bad_cursor');
    const others = (await manager.get(`${LEADS}?sort=title&limit=50&after=${next}`, { expect: 200 })).json.rows;
    assert.deepEqual(others, [], 'a cursor carries no rights');
  });

  it('what one may not see is unknown in every place, with the same words as what does not exist', async () => {
    const said = async (name, target) => {
      const reply = await accountant.get(`${DEALS}${target}`);
      return [reply.status, reply.json.code, JSON.stringify(reply.json.fields).replaceAll(name, 'NAME')];
    };
    const places = [(n) => `?${n}=1`, (n) => `?sort=${n}`, (n) => `?fields=${n}`, (n) => `?${asQuery([n, 'eq', 1])}`, (n) => `?${n}.none=1`];
    for (const place of places) assert.deepEqual(await said('owner', place('owner')), await said('nosuch', place('nosuch')));
    const aggregate = (by) => accountant.post(`${DEALS}/aggregate`, { by: [by], measures: { n: 'count' } });
    const [hidden, none] = [await aggregate('owner'), await aggregate('nosuch')];
    assert.deepEqual([hidden.status, codes(hidden)], [none.status, codes(none).map(([, code]) => ['owner', code])]);
  });

  it('bytes that are no UTF-8 are refused, in the address and in the body, and nothing is stored', async () => {
    for (const query of ['title=%ff', 'title=%c0%80', 'title=%ed%a0%80', 'q=%f5%80%80%80', '%fe=1', 'title=%', 'title=%zz'])
      await refused(`${LEADS}?${query}`, 400, 'bad_request');
    assert.equal((await head.get('/api/v1/%ff', { asWritten: true })).status, 400);
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      const body = Buffer.concat([Buffer.from('{"title":"'), Buffer.from(bytes), Buffer.from('"}')]);
      const reply = await head.post(LEADS, body, { raw: true, headers: { 'content-type': 'application/json' } });
      assert.deepEqual([reply.status, reply.json.code], [400, 'bad_json'], bytes.join());
    }
    for (const text of ['{"title":"a\\u0000b"}', '{"title":"\\ud800"}', '{"title":1,"title":2}', '{"title":"x"', '[]', 'null', '', '{"title":"x"}{}', "{'title':1}", '{"title":NaN}']) {
      const reply = await head.post(LEADS, text, { raw: true, headers: { 'content-type': 'application/json' } });
      assert.ok(reply.status === 400 || reply.status === 422, `${text}: ${reply.status}`);
    }
    assert.equal((await head.get(LEADS, { expect: 200 })).json.total, 3);
  });

  it('a body of another type, depth, length or size is refused by name', async () => {
    const send = (text, type = 'application/json') => head.post(LEADS, text, { raw: true, headers: { 'content-type': type } });
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded']) {
      const reply = await send('{"title":"x"}', type);
      assert.ok([403, 415].includes(reply.status), `${type}: ${reply.status}`);
    }
    assert.equal((await send(`{"title":${'['.repeat(100)}${']'.repeat(100)}}`)).json.code, 'bad_json');
    const long = await head.post(LEADS, { title: 'я'.repeat(100_000) });
    assert.deepEqual([long.status, codes(long)[0]], [422, ['title', 'too_long']]);
    const huge = await send(JSON.stringify({ title: 'x', message: 'x'.repeat(10 << 20) })).catch((error) => error);
    if (huge instanceof Error) assert.match(String(huge.code), /ECONNRESET|EPIPE/, 'cut while it was still sending');
    else assert.deepEqual([huge.status, huge.json.code], [413, 'too_large']);
    assert.equal((await head.get(LEADS, { expect: 200 })).json.total, 3);
  });

  it('numbers beyond what they may be are refused by field, to the last digit', async () => {
    const make = (amount) => head.post(DEALS, { title: 'Граница', amount });
    for (const amount of ['92233720368547758.08', '1e400', 1e30, '-92233720368547758.09', '9'.repeat(400), 'Infinity', '0x10', '١٢٣']) {
      const reply = await make(amount);
      assert.equal(reply.status, 422, `${amount}: ${reply.text}`);
      assert.equal(codes(reply)[0][0], 'amount');
      assert.match(codes(reply)[0][1], /^(out_of_range|type_mismatch)$/);
    }
    const most = '92233720368547758.07';
    assert.equal((await make(most)).json.amount, most);
    for (const id of ['0', '-1', '9007199254740993', '99999999999999999999', '1.0', '1e3', 'x'])
      assert.equal((await head.get(`${LEADS}/${id}`)).status, 404, id);
    for (const contact of [0, -1, 1.5, 2 ** 53, 1e300, 'x', [], {}, true]) {
      const reply = await head.post(LEADS, { title: 'x', contact });
      assert.deepEqual([reply.status, codes(reply)[0]?.[0]], [422, 'contact'], JSON.stringify(contact));
    }
  });

  it('two who change one record: the second is told, with the record as it is now', async () => {
    const made = (await head.post(LEADS, { title: 'Общая' }, { expect: 201 })).json;
    const at = `${LEADS}/${made.id}`;
    const change = (title) => head.patch(at, { title }, { headers: { 'if-match': `"${made.rev}"` } });
    const replies = await Promise.all(['один', 'два', 'три', 'четыре'].map(change));
    assert.deepEqual(replies.map((r) => r.status).sort(), [200, 412, 412, 412]);
    const now = (await head.get(at, { expect: 200 })).json;
    assert.equal(now.rev, made.rev + 1);
    for (const lost of replies.filter((r) => r.status === 412)) {
      assert.equal(lost.json.code, 'stale');
      assert.deepEqual(lost.json.record, now);
    }
    for (const tag of ['"0"', '3', 'W/"1"', '"x"', '"99999999999999999999"'])
      assert.equal((await head.patch(at, { title: 'x' }, { headers: { 'if-match': tag } })).status, 412, tag);
  });

  it('does not stop the server', async () => {
    assert.equal((await server.client().get('/health', { expect: 200 })).json.status, 'ok');
    assert.doesNotMatch(server.log, /level=error/);
  });
});

describe('another ТЗ while a list is read page by page', () => {
  const withField = (text) => dealer.replace('pipelines:', `fields:\n  sales.lead: {place: {type: text, title: ${text}}}\npipelines:`);
  let server, head;

  before(async () => {
    server = await startServer({ tz: withField('Место') });
    head = await server.as('ivanova');
    for (let i = 0; i < 6; i++) await head.post(LEADS, { title: `Заявка ${i}`, place: `Место ${i}` }, { expect: 201 });
  });
  after(() => server.stop());

  async function apply(text) {
    const file = path.join(server.home, 'tz.yaml');
    fs.writeFileSync(file, text);
    const done = await server.command('tz', 'apply', file);
    assert.equal(done.code, 0, done.out + done.err);
  }

  it('goes on where it was when the order still exists, and says so by name when it does not', async () => {
    const page = (after) => head.get(`${LEADS}?sort=place&limit=2${after ? `&after=${after}` : ''}`);
    const first = (await page()).json;
    await apply(withField('Адрес'));
    const second = (await page(first.next)).json;
    assert.deepEqual([...first.rows, ...second.rows].map((r) => r.title), [0, 1, 2, 3].map((i) => `Заявка ${i}`));
    await apply(dealer);
    const gone = await page(second.next);
    assert.deepEqual([gone.status, codes(gone)], [422, [['place', 'unknown_field']]]);
    await apply(withField('Место'));
    const last = (await page(second.next)).json;
    assert.deepEqual(last.rows.map((r) => r.place), ['Место 4', 'Место 5'], 'the values were kept');
  });
});
