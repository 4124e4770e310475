// Every type of field over every aspect: written, refused by name, read back, filtered, sorted, grouped, taken out to
// a file and brought back, told in history (sdk/MANIFEST.md, "Types of fields").

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

const tz = fs.readFileSync(new URL('../fixtures/tz/fields.yaml', import.meta.url), 'utf8');
const THING = '/api/v1/test.thing';

let server, head, centers, files;

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z', tz });
  head = await server.as('ivanova');
  const center = async (name, more) => (await head.post('/api/v1/test.center', { name, ...more }, { expect: 201 })).json;
  centers = {
    near: await center('Ближний', { processed: true, rate: '1.50', city: 'Тверь' }),
    far: await center('Дальний', { processed: true, rate: '2' }),
    raw: await center('Сырой'),
  };
  files = {};
  for (const [key, name] of Object.entries({ a: 'договор, с печатью.pdf', b: 'б.txt', c: 'в #1.png', d: 'г; и.txt', e: 'д.txt' }))
    files[key] = (await head.request('POST', `/api/v1/file?name=${encodeURIComponent(name)}`, Buffer.from(name), {
      raw: true, headers: { 'content-type': 'application/octet-stream' }, expect: 201,
    })).json;
});
after(() => server.stop());

const made = async (data, client = head) => (await client.post(THING, { name: 'вещь', ...data }, { expect: 201 })).json;
const codes = (reply) => Object.fromEntries((reply.json.fields ?? []).map((f) => [f.field, f.code]));
const ref = (c) => ({ id: c.id, label: c.name });

/**
 * Of each type: a low and a high value as they are written and as they read back, what is refused and by which code,
 * the operators with an operand that the low one satisfies and the high one does not, whether rows group by it. They sort
 * in that order unless said otherwise (`sorts`).
 */
const types = {
  name: {
    low: ['Ёлка'], high: ['Яма'], bad: [['я'.repeat(51), 'too_long'], [null, 'required'], [5, 'type_mismatch']],
    ops: { eq: 'елка'.replace('е', 'ё'), ne: 'Яма', in: 'ЁЛКА,дом', lt: 'Ж', lte: 'Ёлка', starts: 'ёл', has: 'лк' }, group: true,
  },
  body: { low: ['Первая\nвторая'], high: ['Яма\nглубокая'], ops: { has: 'вторая', starts: 'перв' } },
  mail: {
    low: ['Anna@Example.RU', 'Anna@example.ru'], high: ['boris@example.ru'], bad: [['кот', 'email_invalid']],
    ops: { eq: 'anna@example.ru', ne: 'boris@example.ru', starts: 'anna', has: 'nna@', lt: 'b' }, group: true,
  },
  mails: {
    low: [['anna@example.ru', 'a2@example.ru']], high: [['boris@example.ru']], bad: [[['a@example.ru', 'кот'], 'email_invalid']],
    ops: { eq: 'a2@example.ru', has: 'anna@example.ru', in: 'a2@example.ru,z@example.ru', ne: 'boris@example.ru' },
  },
  phone: { low: ['8 (916) 123-45-67', '+79161234567'], high: ['+79161234569'], bad: [['12-3', 'phone_invalid']], ops: { eq: '8 916 123 45 67', ne: '+79161234569', in: '+79161234567' }, group: true },
  phones: { low: [['8 (916) 000-00-01', '+79160000002'], ['+79160000001', '+79160000002']], high: [['+79160000003']], bad: [[['12'], 'phone_invalid']], ops: { eq: '+79160000002', has: '+79160000001' } },
  link: { low: ['example.ru/a', 'https://example.ru/a'], high: ['https://example.ru/b'], bad: [['javascript:alert(1)', 'url_invalid']], ops: { eq: 'https://example.ru/a', has: '.ru/a' }, group: true },
  links: { low: [['https://example.ru/a,b', 'https://example.ru/c']], high: [['https://example.ru/d']], bad: [[['ftp:x'], 'url_invalid']], ops: { has: 'https://example.ru/c' } },
  count: { low: [3], high: [1500], bad: [['много', 'type_mismatch'], [-1, 'out_of_range'], [1.5, 'type_mismatch'], [1000001, 'out_of_range']], ops: { eq: 3, ne: 1500, lt: 4, lte: 3, in: '3,4' }, group: true },
  weight: { low: ['0,5', '0.500'], high: [12.25, '12.250'], bad: [['1.2345', 'type_mismatch'], ['0', 'out_of_range']], ops: { eq: '0.5', lt: 1, lte: '0.500' }, group: true },
  money: { low: ['1 500,00', '1500.00'], high: ['24960000.5', '24960000.50'], bad: [['дорого', 'type_mismatch'], ['-1', 'out_of_range']], ops: { eq: 1500, lt: '1500.01', ne: '24960000.50' }, group: true },
  share: { low: ['12,5 %', '12.5'], high: [99, '99.0'], bad: [['100.1', 'out_of_range'], ['12.55', 'type_mismatch']], ops: { eq: '12.5', lt: 50 }, group: true },
  flag: { low: [false], high: [true], bad: [['может', 'type_mismatch']], ops: { eq: 'false', ne: 'true' }, group: true },
  day: { low: ['18.01.2027', '2027-01-18'], high: ['2027-02-01'], bad: [['вчера', 'date_invalid'], ['1999-12-31', 'out_of_range']], ops: { eq: '2027-01-18', lt: '2027-02-01', lte: 'today', in: '2027-01-18' }, group: true },
  moment: { low: ['18.01.2027 10:30', '2027-01-18T07:30:00.000Z'], high: ['2027-02-01T00:00:00+03:00', '2027-01-31T21:00:00.000Z'], bad: [['потом', 'date_invalid']], ops: { eq: '2027-01-18T07:30:00Z', lt: '2027-01-20T00:00:00Z', lte: 'now+1h' }, group: true },
  takes: { low: [5400000], high: ['2d', 172800000], bad: [['долго', 'type_mismatch'], ['31d', 'out_of_range']], ops: { eq: 5400000, lt: '1d' }, group: true },
  kind: { low: ['crane'], high: ['loader'], bad: [['boat', 'not_a_choice']], ops: { eq: 'crane', ne: 'loader', in: 'crane' }, group: true },
  kinds: { low: [['a', 'b']], high: [['c']], bad: [[['a', 'z'], 'not_a_choice']], ops: { has: 'b', eq: 'a', in: 'a,b' } },
  stage: { low: ['done'], high: ['new'], bad: [['gone', 'not_a_choice']], ops: { eq: 'done', in: 'done', ne: 'new' }, group: true },
  user: { low: () => [head.user.id, { id: head.user.id, label: 'Анна Иванова' }], high: () => [{ id: 3 }, null], bad: [[9999, 'no_such_record'], ['кто', 'type_mismatch']], ops: { eq: 'me' }, group: true },
  center: { low: () => [centers.near.id, ref(centers.near)], high: () => [{ id: centers.far.id }, ref(centers.far)], bad: [[9999, 'no_such_record'], [() => centers.raw.id, 'not_selectable']], ops: { eq: () => centers.near.id, ne: () => centers.far.id }, group: true },
  centers: { sorts: false, low: () => [[centers.near.id], null], high: () => [[centers.far.id], null], bad: [[[9999], 'no_such_record'], [() => [centers.raw.id], 'not_selectable']], ops: { has: () => centers.near.id, eq: () => centers.near.id } },
  address: { low: ['Тверь, Мира, 1'], high: ['Ямск'], ops: { starts: 'тверь', has: 'мира', lt: 'ц' }, group: true },
  inn: { low: ['7707 083893', '7707083893'], high: ['7802312751'], bad: [['770708389', 'inn_invalid']], ops: { eq: '7707083893', starts: '7707' }, group: true },
  kpp: { low: ['773601001'], high: ['783901001'], bad: [['77360100', 'kpp_invalid']], ops: { eq: '773601001', starts: '77' }, group: true },
  ogrn: { low: ['1027700132195'], high: ['1037843100000'], bad: [['102770013219', 'ogrn_invalid']], ops: { eq: '1027700132195' }, group: true },
  bik: { low: ['044525225'], high: ['044525593'], bad: [['04452522', 'bik_invalid']], ops: { eq: '044525225', has: '5225' }, group: true },
  account: { low: ['40702 810 9 3800 0000001', '40702810938000000001'], high: ['40802810938000000001'], bad: [['4070281093800000000', 'account_invalid']], ops: { starts: '40702', eq: '40702810938000000001' }, group: true },
  tags: { low: [['важный', 'опт']], high: [['розница']], bad: [[['я'.repeat(101)], 'too_long']], ops: { has: 'Опт', eq: 'важный', starts: 'ва' } },
  file: { sorts: 'down', low: () => [files.a.id, files.a], high: () => [{ id: files.b.id }, files.b], bad: [['Q'.repeat(24), 'no_such_record'], ['файл', 'type_mismatch']], ops: { starts: 'дог', has: 'вор, с' } },
  files: { low: () => [[files.c.id, files.d.id], [files.c, files.d]], high: () => [[files.e.id], [files.e]], bad: [[['Q'.repeat(24)], 'no_such_record']], ops: {} },
  json: { low: [{ a: [1, 'б'] }], high: [{ b: 2 }], ops: {} },
};

const pair = (p) => { const [write, read = write] = typeof p === 'function' ? p() : p; return { write, read }; };
const call = (v) => (typeof v === 'function' ? v() : v);
const rows = {};

/** A file that another record holds is copied: the same but for its id. */
const withoutIds = (v) => [v].flat().map((f) => ({ ...f, id: '' }));

function sameValue(got, { read, write }, name) {
  if (name.startsWith('file')) return assert.deepEqual(withoutIds(got), withoutIds(read), name);
  if (read === null) assert.deepEqual([got].flat().map((r) => r.id), [write].flat().map((r) => r.id ?? r), name);
  else assert.deepEqual(got, read, name);
}

for (const [name, t] of Object.entries(types)) {
  describe(`a field of ${name}`, () => {
    before(async () => {
      const own = name === 'name' ? {} : { name: `тип ${name}` };
      rows[name] = [await made({ ...own, [name]: pair(t.low).write }), await made({ ...own, [name]: pair(t.high).write })];
    });

    it('reads back as it was written', async () => {
      for (const [i, p] of [t.low, t.high].entries()) {
        const read = (await head.get(`${THING}/${rows[name][i].id}`, { expect: 200 })).json;
        sameValue(read[name], pair(p), name);
        sameValue(rows[name][i][name], pair(p), name);
      }
    });

    for (const [value, code] of t.bad ?? [])
      it(`refuses ${JSON.stringify(value) ?? 'what the condition forbids'} as ${code}`, async () => {
        const reply = await head.post(THING, { name: 'плохая', [name]: call(value) });
        assert.equal(reply.status, 422, reply.text);
        assert.deepEqual(codes(reply), { [name]: code });
        assert.match(reply.json.fields[0].detail, /[а-я]/);
      });

    for (const [op, operand] of Object.entries(t.ops))
      it(`is filtered by ${op}`, async () => {
        const [low, high] = rows[name];
        const query = new URLSearchParams({ [`${name}.${op}`]: String(call(operand)), 'id.in': `${low.id},${high.id}` });
        const reply = await head.get(`${THING}?${query}`);
        assert.equal(reply.status, 200, reply.text);
        assert.deepEqual(reply.json.rows.map((r) => r.id), [low.id]);
      });

    it('is found empty and filled', async () => {
      const bare = await made({});
      if (name === 'name' || name === 'stage') return;
      const query = (none) => new URLSearchParams({ [`${name}.none`]: none, 'id.in': `${rows[name][0].id},${bare.id}` });
      assert.deepEqual((await head.get(`${THING}?${query('1')}`, { expect: 200 })).json.rows.map((r) => r.id), [bare.id]);
      assert.deepEqual((await head.get(`${THING}?${query('0')}`, { expect: 200 })).json.rows.map((r) => r.id), [rows[name][0].id]);
      const empty = Array.isArray(bare[name]) ? [] : null;
      assert.deepEqual(bare[name], empty, name);
    });

    if (t.sorts !== false)
      it('sorts rows', async () => {
        const [low, high] = rows[name];
        const ids = async (sort) =>
          (await head.get(`${THING}?${new URLSearchParams({ sort, 'id.in': `${low.id},${high.id}` })}`, { expect: 200 })).json.rows.map((r) => r.id);
        const up = t.sorts === 'down' ? [high.id, low.id] : [low.id, high.id];
        assert.deepEqual(await ids(name), up);
        assert.deepEqual(await ids(`-${name}`), up.reverse());
      });

    if (!t.group)
      it('is no key of groups', async () => {
        const groups = await head.post(`${THING}/aggregate`, { by: [name], measures: { n: 'count' } }, { expect: 422 });
        assert.deepEqual(codes(groups), { [name]: 'type_mismatch' });
      });
    else
      it('groups rows', async () => {
        const [low, high] = rows[name];
        const groups = await head.post(`${THING}/aggregate`, { where: ['id', 'in', [low.id, high.id]], by: [name], measures: { n: 'count' } });
        assert.equal(groups.status, 200, groups.text);
        const sorted = groups.json.rows;
        assert.deepEqual(sorted.map((g) => g.n), [1, 1]);
        sameValue(sorted[0][name], pair(t.low), name);
      });

    it('is told in history, before and after', async () => {
      const now = await made({ [name]: pair(t.high).write });
      const reply = await head.patch(`${THING}/${now.id}`, { [name]: pair(t.low).write });
      assert.equal(reply.status, 200, reply.text);
      const history = (await head.get(`${THING}/${now.id}/history?field=${name}`, { expect: 200 })).json.rows;
      const change = history[0].changes.find((c) => c.field === name);
      sameValue(change.new, pair(t.low), name);
      sameValue(change.old, pair(t.high), name);
      const back = await head.post(`${THING}/${now.id}/undo`, { change: history[0].position });
      assert.equal(back.status, 200, back.text);
      sameValue(back.json[name], pair(t.high), name);
    });

    for (const format of ['csv', 'xlsx'])
      it(`goes out to ${format} and comes back as the same value`, async () => {
        const [low, high] = rows[name];
        const fields = name === 'name' ? ['name'] : ['name', name];
        const filter = new URLSearchParams({ 'id.in': `${low.id},${high.id}`, sort: 'id', fields: fields.join(), format, header: 'names' });
        const file = await head.get(`${THING}/export?${filter}`, { expect: 200 });
        const back = await imported(file.bytes, `x.${format}`, fields);
        for (const [i, row] of [low, high].entries()) sameValue(back[i][name], { read: row[name] }, name);
      });

    it('is described to the client', async () => {
      const f = (await head.get('/api/v1/meta', { expect: 200 })).json.entities['test.thing'].fields[name];
      assert.ok(f.type && f.label);
      assert.equal(Boolean(f.many), Array.isArray(rows[name][0][name]));
    });
  });
}

/** The records that an import of this file makes. */
async function imported(bytes, name, columns) {
  const up = await head.request('POST', `/api/v1/import/test.thing?name=${name}`, bytes, {
    raw: true, headers: { 'content-type': 'application/octet-stream' },
  });
  assert.equal(up.status, 201, up.text);
  assert.deepEqual(up.json.options.columns, columns);
  const id = up.json.id;
  await head.post(`/api/v1/import/${id}/run`, { ...up.json.options, match: [], mode: 'create' }, { expect: 202 });
  const run = await until(async () => {
    const now = (await head.get(`/api/v1/import/${id}`, { expect: 200 })).json.run;
    return now && !['waiting', 'running'].includes(now.state) && now;
  }, 'import');
  const errors = (await head.get(`/api/v1/batch/${run.batch}/rows`, { expect: 200 })).json.rows;
  assert.equal(run.created, 2, JSON.stringify(errors));
  const page = await head.get(`${THING}?sort=-id&limit=2`, { expect: 200 });
  return page.json.rows.reverse();
}

describe('an order', () => {
  it('by texts of any length goes on page by page, by addresses that a server takes', async () => {
    const long = 'я'.repeat(13_000);
    const made_of = (tail) => ({ body: `${long}${tail}`, json: [`${long}${tail}`] });
    const ids = [];
    for (const tail of ['а', 'б', 'в']) ids.push((await made(made_of(tail))).id);
    const pages = async (sort, between = async () => {}) => {
      const seen = [];
      for (let after; seen.length < 9; ) {
        const reply = await head.get(`${THING}?${new URLSearchParams({ 'id.in': ids.join(), sort, limit: 1, fields: 'name', ...(after && { after }) })}`, { expect: 200 });
        seen.push(...reply.json.rows.map((r) => r.id));
        after = reply.json.next;
        if (!after) return seen;
        assert.ok(after.length < 5000, `${after.length}`);
        await between(seen);
      }
      return seen;
    };
    const down = [...ids].reverse();
    for (const [sort, order] of [['body', ids], ['-body', down], ['json', ids], ['kind,body,json', ids], ['-body,-json,-name', down]])
      assert.deepEqual(await pages(sort), order, sort);
    const rename = async (seen) => seen.length === 1 && head.patch(`${THING}/${seen[0]}`, { body: 'а' }, { expect: 200 });
    for (const [sort, order] of [['body', ids], ['-body', down.slice(0, 2)]]) {
      const seen = await pages(sort, rename);
      assert.deepEqual([...new Set(seen)].sort(), [...ids].sort(), 'a row that changed meanwhile loses no other');
      assert.equal(seen[0], order[0]);
      await head.patch(`${THING}/${seen[0]}`, made_of(seen[0] === ids[0] ? 'а' : 'в'), { expect: 200 });
    }
  });
});

describe('requisites', () => {
  it('whose check digits do not agree are kept and marked', async () => {
    const wrong = { inn: '7707083894', ogrn: '1027700132196', bik: '144525225' };
    const r = await made(wrong);
    assert.deepEqual(r._marks, { inn: 'check_digits', ogrn: 'check_digits', bik: 'check_digits' });
    for (const [name, v] of Object.entries(wrong)) assert.equal(r[name], v);
    const mended = (await head.patch(`${THING}/${r.id}`, { inn: '7707083893', ogrn: null, bik: '044525225' }, { expect: 200 })).json;
    assert.equal(mended._marks, undefined);
  });

  it('of an account are computed with the BIK of the record, whichever of them is written', async () => {
    const r = await made({ account: '40702810938000000001' });
    assert.equal(r._marks, undefined, 'no BIK, no key');
    const patch = async (data) => (await head.patch(`${THING}/${r.id}`, data, { expect: 200 })).json._marks;
    assert.deepEqual(await patch({ bik: '044525593' }), { account: 'check_digits' });
    assert.equal(await patch({ bik: '044525225' }), undefined);
    assert.deepEqual(await patch({ account: '40702810838000000001' }), { account: 'check_digits' });
    assert.equal(await patch({ account: '30101810400000000225' }), undefined, 'an account at the Bank of Russia');
    assert.equal(await patch({ bik: null }), undefined);
  });
});

describe('a look-up limited by a condition', () => {
  it('keeps what stood there before, and is judged again when it is chosen', async () => {
    const center = (await head.post('/api/v1/test.center', { name: 'Был', processed: true }, { expect: 201 })).json;
    const r = await made({ center: center.id, centers: [center.id] });
    await head.patch(`/api/v1/test.center/${center.id}`, { processed: false }, { expect: 200 });
    await head.patch(`${THING}/${r.id}`, { count: 5, center: center.id }, { expect: 200 });
    await head.patch(`${THING}/${r.id}`, { centers: [center.id, centers.near.id] }, { expect: 200 });
    await head.patch(`${THING}/${r.id}`, { center: null }, { expect: 200 });
    assert.deepEqual(codes(await head.patch(`${THING}/${r.id}`, { center: center.id })), { center: 'not_selectable' });
  });

  it('tells the picker that there is a condition, and shows what it leaves', async () => {
    const f = (await head.get('/api/v1/meta', { expect: 200 })).json.entities['test.thing'].fields.center;
    assert.equal(f.lookup, true);
    const page = await head.get('/api/v1/test.center?lookup=test.thing.center', { expect: 200 });
    assert.ok(page.json.rows.length >= 2 && page.json.rows.every((r) => r.processed));
  });
});

describe('bounds', () => {
  it('stand in the meta in the form of the value', async () => {
    const { fields } = (await head.get('/api/v1/meta', { expect: 200 })).json.entities['test.thing'];
    const bounds = (name) => [fields[name].min, fields[name].max];
    assert.deepEqual(bounds('count'), [0, 1000000]);
    assert.deepEqual(bounds('weight'), ['0.001', undefined]);
    assert.deepEqual(bounds('day'), ['2000-01-01', undefined]);
    assert.deepEqual(bounds('takes'), [undefined, 30 * 86400000]);
    assert.deepEqual(bounds('name'), [undefined, 50]);
  });
});

describe('a computed field', () => {
  const get = async (r) => (await head.get(`${THING}/${r.id}`, { expect: 200 })).json;

  it('is written with its record, exactly, in the type of its result', async () => {
    const r = await made({ money: '1000.10', count: 3, share: '12.5', flag: true, day: '2027-01-18', center: centers.near.id });
    assert.equal(r.total, '2625.26', '2625.2625');
    assert.equal(r.fee, '39.40', '39.3789 to one digit');
    assert.equal(r.note, 'вещь · Тверь · новая');
    assert.equal(r.until, '2028-01-18');
    assert.equal(r.left, 365);
    assert.equal(r.big, false);
    const later = (await head.patch(`${THING}/${r.id}`, { count: 1000, kind: 'crane' }, { expect: 200 })).json;
    assert.equal(later.total, '875087.50');
    assert.equal(later.big, true);
    const history = (await head.get(`${THING}/${r.id}/history?field=total`, { expect: 200 })).json.rows;
    assert.deepEqual(history.map((h) => h.changes[0].new), ['875087.50', '2625.26']);
  });

  it('is nothing where what it needs is nothing, and cannot be written', async () => {
    const r = await made({ money: '5' });
    assert.deepEqual([r.total, r.fee, r.until, r.left], [null, null, null, null]);
    assert.equal(r.note, 'вещь ·');
    assert.deepEqual(codes(await head.patch(`${THING}/${r.id}`, { total: '1' })), { total: 'read_only' });
    const { total } = (await head.get('/api/v1/meta', { expect: 200 })).json.entities['test.thing'].fields;
    assert.deepEqual([total.type, total.read_only, total.computed], ['money', true, true]);
  });

  it('filters, sorts, groups, sums and is found', async () => {
    const a = await made({ name: 'кабестан', money: '7', count: 1 }), b = await made({ money: '7', count: 2 });
    const ids = async (query) => (await head.get(`${THING}?${new URLSearchParams({ 'id.in': `${a.id},${b.id}`, ...query })}`, { expect: 200 })).json.rows.map((x) => x.id);
    assert.deepEqual(await ids({ 'total.gt': '7.5' }), [b.id]);
    assert.deepEqual(await ids({ sort: '-total' }), [b.id, a.id]);
    assert.deepEqual(await ids({ 'note.starts': 'Кабестан' }), [a.id]);
    const groups = await head.post(`${THING}/aggregate`, { where: ['id', 'in', [a.id, b.id]], by: ['big'], measures: { sum: { sum: 'total' } } }, { expect: 200 });
    assert.equal(groups.json.rows[0].sum, '21.00');
    const found = (await head.get(`/api/v1/test.thing?q=${encodeURIComponent('кабестан')}`, { expect: 200 })).json.rows;
    assert.deepEqual(found.map((x) => x.id), [a.id]);
  });

  it('follows the records it refers to, in slices behind the change', async () => {
    const center = (await head.post('/api/v1/test.center', { name: 'Новый', processed: true, rate: '10', city: 'Клин' }, { expect: 201 })).json;
    const things = [];
    for (let i = 0; i < 60; i++) things.push(await made({ money: '100', count: 1, center: center.id }));
    assert.equal(things[0].fee, '10.00');
    await head.patch(`/api/v1/test.center/${center.id}`, { rate: '20', city: 'Дмитров' }, { expect: 200 });
    for (const thing of [things[0], things[59]]) {
      await until(async () => (await get(thing)).fee === '20.00', 'it follows');
      assert.equal((await get(thing)).note, 'вещь · Дмитров');
    }
    const rev = (await get(things[0])).rev;
    await head.patch(`/api/v1/test.center/${center.id}`, { name: 'Иной' }, { expect: 200 });
    await server.advance('1s');
    assert.equal((await get(things[0])).rev, rev, 'the name is not read');
  });

  it('goes out in an export and is no column to import', async () => {
    const r = await made({ money: '10', count: 2 });
    const file = await head.get(`${THING}/export?id=${r.id}&fields=name,total&header=names`, { expect: 200 });
    assert.match(file.text, /20,00/);
    const up = await head.request('POST', '/api/v1/import/test.thing?name=x.csv', file.bytes, { raw: true, headers: { 'content-type': 'text/csv' }, expect: 201 });
    assert.deepEqual(up.json.options.columns, ['name', null]);
  });
});

describe('address', () => {
  const line = '650000, Кемеровская обл, г Кемерово, ул Весенняя, д 5, кв 12';
  const parts = { index: '650000', region: 'Кемеровская область', city: 'Кемерово', street: 'ул Весенняя', house: '5', flat: '12' };
  const get = async ({ id }) => (await head.get(`${THING}/${id}`, { expect: 200 })).json;

  it('is kept as it was typed and tells its parts', async () => {
    const thing = await made({ address: line });
    assert.equal(thing.address, line);
    assert.deepEqual(thing._parts, { address: parts });
    assert.equal((await made({}))._parts, undefined);
  });

  it('is taken by parts, and refuses a part that there is none', async () => {
    const thing = await made({ address: { ...parts, street: 'Весенняя', house: null } });
    assert.equal(thing.address, '650000, Кемеровская область, г Кемерово, ул Весенняя, кв 12');
    const { house, ...rest } = parts;
    assert.deepEqual((await get(thing))._parts.address, rest, `without ${house}`);
    for (const bad of [{ town: 'Тверь' }, { city: 5 }, { city: ['Тверь'] }])
      assert.deepEqual(codes(await head.post(THING, { name: 'вещь', address: bad }, { expect: 422 })), { address: 'address_parts' });
    assert.equal((await made({ address: {} })).address, null);
  });

  it('is split and put together again while it is typed, and nothing is stored', async () => {
    const ask = async (body, expect = 200) => (await head.post('/api/v1/address', body, { expect })).json;
    assert.deepEqual(await ask({ line }), { line, parts });
    assert.deepEqual(await ask({ line, parts: { flat: null, city: 'Топки', house: '' } }), {
      line: '650000, Кемеровская область, г Топки, ул Весенняя', parts: { index: '650000', region: 'Кемеровская область', city: 'Топки', street: 'ул Весенняя' },
    });
    assert.deepEqual(await ask({ line, parts: { flat: '12' } }), { line, parts }, 'what changes nothing leaves the line');
    assert.deepEqual(await ask({ line: null, parts: { city: 'Тверь', index: '17' } }), { line: 'индекс 17, г Тверь', parts: { index: '17', city: 'Тверь' }, mark: 'index_invalid' });
    assert.deepEqual(await ask({}), { line: '', parts: {} });
    for (const bad of [{ town: 'Тверь' }, { city: 5 }, []]) assert.deepEqual((await ask({ line, parts: bad }, 422)).fields.map((f) => [f.field, f.code]), [['parts', 'address_parts']]);
    assert.equal((await ask({ line: 5 }, 422)).fields[0].code, 'type_mismatch');
    assert.equal((await ask({ line: 'я'.repeat(2001) }, 422)).fields[0].code, 'too_long');
    await head.get('/api/v1/address', { expect: 405, asWritten: true });
  });

  it('goes out on a card with its parts apart', async () => {
    const { id } = await made({ name: 'Карточка; с адресом', address: '650000, Россия, Кемеровская обл, г Кемерово, пр-кт Победы; д 5, корп 2, кв 12' });
    const card = await head.request('GET', `${THING}/export?format=vcf&id=${id}`, undefined, { expect: 200 });
    const unfolded = card.text.replaceAll('\r\n ', '');
    assert.match(unfolded, /\r\nADR:;;пр-кт Победы\\, д 5\\, корп 2\\, кв 12;Кемерово;Кемеровская область;650000;Россия\r\n/);
  });

  it('written by parts is told in history as its lines, and comes back as it was typed', async () => {
    const { id } = await made({ address: line });
    await head.patch(`${THING}/${id}`, { address: { ...parts, house: '7' } }, { expect: 200 });
    const [last] = (await head.get(`${THING}/${id}/history?field=address`, { expect: 200 })).json.rows;
    assert.deepEqual(last.changes, [{ field: 'address', old: line, new: '650000, Кемеровская область, г Кемерово, ул Весенняя, д 7, кв 12' }]);
    await head.post(`${THING}/${id}/undo`, { change: last.position }, { expect: 200 });
    const back = await get({ id });
    assert.deepEqual([back.address, back._parts.address], [line, parts]);
  });

  it('is taken over by a merge with its parts, and given back by its undo', async () => {
    const ended = (batch) => until(async () => {
      const b = (await head.get(`/api/v1/batch/${batch.id}`, { expect: 200 })).json;
      return !['waiting', 'running'].includes(b.state) && b;
    });
    const into = await made({ name: 'куда', address: 'Тверь, Мира, 1' });
    const from = await made({ name: 'откуда', address: line });
    const merge = (await head.post(`${THING}/merge`, { into: into.id, from: [from.id], take: { address: from.id } }, { expect: 202 })).json;
    assert.equal((await ended(merge)).state, 'done');
    assert.deepEqual((await get(into))._parts.address, parts);
    assert.equal((await ended((await head.post(`/api/v1/batch/${merge.id}/undo`, {}, { expect: 202 })).json)).conflicts, 0);
    assert.deepEqual([(await get(into)).address, (await get(from)).address], ['Тверь, Мира, 1', line]);
  });

  it('is found by its words, and not by those it does not have any more', async () => {
    const thing = await made({ address: 'г. Осташков, наб. Селигерская, д. 3' });
    const find = async (q) => (await head.get(`${THING}?${new URLSearchParams({ q })}`, { expect: 200 })).json.rows;
    const [row, ...more] = await find('осташков селигерск');
    assert.deepEqual([row.id, more.length], [thing.id, 0]);
    assert.deepEqual(row.found.address, [[3, 11], [18, 29]]);
    await head.patch(`${THING}/${thing.id}`, { address: { city: 'Торжок' } }, { expect: 200 });
    assert.deepEqual((await find('осташков')).map((r) => r.id), []);
    assert.deepEqual((await find('торжок')).map((r) => r.id), [thing.id]);
  });

  it('tells a wrong index and keeps it', async () => {
    assert.deepEqual((await made({ address: '65000, Тверь' }))._marks, { address: 'index_invalid' });
    assert.equal((await made({ address: '65000, Германия, Берлин' }))._marks, undefined);
  });

  it('filters, sorts over pages and groups by parts', async () => {
    const all = [];
    for (const address of ['Ямск, Мира, 1', 'г. Бийск ул. Мира д. 2', 'Алейск', null]) all.push((await made({ address })).id);
    const [yamsk, biysk, aleysk, none] = all;
    const list = async (query) => (await head.get(`${THING}?${new URLSearchParams({ 'id.in': all.join(','), ...query })}`, { expect: 200 })).json;
    const ids = async (query) => (await list(query)).rows.map((x) => x.id).sort();
    assert.deepEqual(await ids({ 'address.city': 'бийск' }), [biysk]);
    assert.deepEqual(await ids({ 'address.city.in': 'Ямск,Алейск' }), [yamsk, aleysk]);
    assert.deepEqual(await ids({ 'address.street.has': 'мира' }), [yamsk, biysk]);
    assert.deepEqual(await ids({ 'address.house.none': '1' }), [aleysk, none]);
    assert.deepEqual(await ids({ filter: JSON.stringify(['not', ['address.city', 'starts', 'а']]) }), [yamsk, biysk, none]);
    const seen = [];
    for (let after; after !== null; ) {
      const page = await list({ sort: '-address.city', limit: 1, ...(after ? { after } : {}) });
      seen.push(...page.rows.map((x) => x.id));
      after = page.next;
    }
    assert.deepEqual(seen, [yamsk, biysk, aleysk, none]);
    const groups = await head.post(`${THING}/aggregate`, { where: ['id', 'in', all], by: ['address.city'], measures: { n: 'count' }, sort: ['address.city'] }, { expect: 200 });
    assert.deepEqual(groups.json.rows.map((x) => x['address.city']), [null, 'Алейск', 'Бийск', 'Ямск']);
    for (const query of ['address.town=1', 'sort=address.town', `filter=${encodeURIComponent('["address.town","eq","x"]')}`])
      assert.equal((await head.get(`${THING}?${query}`, { expect: 422 })).status, 422);
  });

  it('is put together from columns of a file, by hand and as proposed', async () => {
    const csv = 'Название;Индекс;Город;Улица;Дом;Квартира\r\nСклад;650000;Кемерово;Весенняя;5;12\r\nЛавка;;Тверь;;;\r\n';
    const up = await head.request('POST', '/api/v1/import/test.thing?name=places.csv', Buffer.from(csv), {
      raw: true, headers: { 'content-type': 'application/octet-stream' }, expect: 201,
    });
    assert.deepEqual(up.json.options.columns.slice(1), ['address.index', 'address.city', 'address.street', 'address.house', 'address.flat']);
    const [row, second] = await imported(Buffer.from(csv), 'places.csv', ['name', ...up.json.options.columns.slice(1)]);
    assert.equal(row.address, '650000, г Кемерово, ул Весенняя, д 5, кв 12');
    assert.equal(second.address, 'г Тверь');
  });
});
