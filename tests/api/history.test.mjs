// The past of a record and taking it back (D14); the recycle bin (API.md, "Changes that are more than one").

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

let server, head, manager;

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z' });
  head = await server.as('ivanova');
  manager = await server.as('petrov');
});
after(() => server.stop());

const LEADS = '/api/v1/sales.lead';
const DEALS = '/api/v1/sales.deal';

async function lead(data = {}, client = head) {
  return (await client.post(LEADS, { title: 'Нужен кран', ...data }, { expect: 201 })).json;
}

async function set(id, data, client = head) {
  return (await client.patch(`${LEADS}/${id}`, data, { expect: 200 })).json;
}

async function history(id, query = '', client = head, path = LEADS) {
  return (await client.get(`${path}/${id}/history${query}`, { expect: 200 })).json;
}

function undo(id, body, client = head) {
  return client.post(`${LEADS}/${id}/undo`, body);
}

describe('history', () => {
  it('tells who changed what, when and by what way, newest first', async () => {
    const { id } = await lead({ city: 'Казань' });
    await set(id, { city: 'Уфа', page: 'https://a.example/' });
    const { rows, next } = await history(id);
    assert.equal(next, null);
    assert.deepEqual(rows.map((r) => r.op), ['u', 'c']);
    const [last] = rows;
    assert.deepEqual(last.by, { id: head.user.id, label: 'Анна Иванова' });
    assert.equal(last.via, 'api');
    assert.equal(last.at, '2027-01-18T07:00:00.000Z');
    assert.equal(last.batch, null);
    assert.equal(typeof last.position, 'string');
    assert.deepEqual(last.changes, [
      { field: 'city', old: 'Казань', new: 'Уфа' },
      { field: 'page', old: null, new: 'https://a.example/' },
    ]);
  });

  it('names references, old and new, as far as the reader may see them', async () => {
    const person = (await head.post('/api/v1/contacts.person', { name: 'Сидор Лис' }, { expect: 201 })).json;
    const { id } = await lead({ owner: manager.user.id });
    await set(id, { contact: person.id });
    const byHead = (await history(id)).rows[0].changes;
    assert.deepEqual(byHead, [{ field: 'contact', old: null, new: { id: person.id, label: 'Сидор Лис' } }]);
    const byManager = (await history(id, '', manager)).rows[0].changes;
    assert.deepEqual(byManager, [{ field: 'contact', old: null, new: { id: person.id, denied: true } }]);
  });

  it('gives the changes of one field', async () => {
    const { id } = await lead({ city: 'А' });
    await set(id, { page: 'https://a.example/' });
    await set(id, { city: 'Б' });
    const { rows } = await history(id, '?field=city');
    assert.deepEqual(rows.map((r) => r.changes.map((c) => [c.field, c.old, c.new])), [
      [['city', 'А', 'Б']],
      [['city', null, 'А']],
    ]);
    assert.equal((await head.get(`${LEADS}/${id}/history?field=nope`)).json.fields[0].code, 'unknown_field');
  });

  it('goes on page by page, each change once', async () => {
    const { id } = await lead({ city: '0' });
    for (let i = 1; i <= 7; i++) await set(id, { city: String(i) });
    const seen = [];
    for (let query = '?limit=3'; query; ) {
      const page = await history(id, query);
      seen.push(...page.rows.map((r) => r.changes.find((c) => c.field === 'city').new));
      query = page.next && `?limit=3&before=${page.next}`;
    }
    assert.deepEqual(seen, ['7', '6', '5', '4', '3', '2', '1', '0']);
    assert.equal((await head.get(`${LEADS}/${id}/history?limit=0`)).status, 422);
    const other = (await history((await lead()).id)).rows[0].position;
    for (const before of ['x', '-1', other]) {
      const refused = await head.get(`${LEADS}/${id}/history?before=${before}`);
      assert.deepEqual([refused.status, refused.json.code], [400, 'bad_cursor'], before);
    }
  });

  it('names a change the same each time, in no order, and says nothing of how much lies between', async () => {
    const { id } = await lead({ city: '0' });
    for (let i = 1; i <= 7; i++) await set(id, { city: String(i) });
    const names = (await history(id)).rows.map((r) => r.position);
    assert.ok(names.every((p) => /^[\w-]{48}$/.test(p)), names);
    assert.equal(new Set(names).size, 8);
    await set(id, { city: '8' });
    assert.deepEqual((await history(id)).rows.slice(1).map((r) => r.position), names);
  });

  it('is for who may read the record, also when it lies in the recycle bin', async () => {
    const { id } = await lead();
    assert.equal((await manager.get(`${LEADS}/${id}/history`)).status, 404);
    await head.del(`${LEADS}/${id}`, { expect: 204 });
    assert.deepEqual((await history(id)).rows.map((r) => r.op), ['d', 'c']);
    assert.equal((await manager.get(`${LEADS}/${id}/history`)).status, 404);
  });
});

describe('taking a change back', () => {
  it('restores one field and leaves the others', async () => {
    const { id } = await lead({ city: 'Казань' });
    await set(id, { city: 'Уфа', page: 'https://a.example/' });
    const [change] = (await history(id)).rows;
    const r = await undo(id, { change: change.position, fields: ['city'] });
    assert.equal(r.status, 200, r.text);
    assert.equal(r.json.city, 'Казань');
    assert.equal(r.json.page, 'https://a.example/');
    assert.deepEqual((await history(id)).rows[0].changes, [{ field: 'city', old: 'Уфа', new: 'Казань' }]);
    const whole = await undo(id, { change: change.position });
    assert.deepEqual([whole.json.city, whole.json.page], ['Казань', null]);
  });

  it('writes nothing when a field holds something newer, unless forced', async () => {
    const { id } = await lead({ city: 'А', page: 'https://a.example/' });
    await set(id, { city: 'Б', page: 'https://b.example/' });
    const [change] = (await history(id)).rows;
    await set(id, { city: 'В' });
    const r = await undo(id, { change: change.position });
    assert.equal(r.status, 409);
    assert.deepEqual(r.json.fields.map((f) => [f.field, f.code]), [['city', 'changed_since']]);
    assert.equal((await head.get(`${LEADS}/${id}`)).json.page, 'https://b.example/');
    const forced = await undo(id, { change: change.position, force: true });
    assert.deepEqual([forced.json.city, forced.json.page], ['А', 'https://a.example/']);
  });

  it('brings a record to the state it had after a change', async () => {
    const { id } = await lead({ city: '0' });
    for (let i = 1; i <= 4; i++) await set(id, { city: String(i), page: `https://${i}.example/` });
    await head.del(`${LEADS}/${id}`, { expect: 204 });
    const { rows } = await history(id);
    const second = rows.find((r) => r.changes.some((c) => c.field === 'city' && c.new === '2'));
    const r = await undo(id, { to: second.position });
    assert.equal(r.status, 200, r.text);
    assert.deepEqual([r.json.city, r.json.page], ['2', 'https://2.example/']);
    const first = rows.at(-1);
    assert.deepEqual((await undo(id, { to: first.position })).json.page, null);
  });

  it('deletes what was created and restores what was deleted', async () => {
    const { id } = await lead();
    await head.del(`${LEADS}/${id}`, { expect: 204 });
    const [gone, made] = (await history(id)).rows;
    assert.equal((await undo(id, { change: gone.position })).json.id, id);
    await head.patch(`${LEADS}/${id}`, { city: 'Пермь' }, { expect: 200 });
    const r = await undo(id, { change: made.position });
    assert.deepEqual([r.status, r.json.code], [409, 'changed_since']);
    const taken = await undo(id, { change: made.position, force: true });
    assert.equal(taken.status, 200, taken.text);
    assert.ok(taken.json.deleted_at, 'it lies in the bin now');
    assert.equal((await head.get(`${LEADS}/${id}`)).status, 404);
  });

  it('holds rights, moves and locks as any change does', async () => {
    const deal = (await manager.post(DEALS, { title: 'Кран', amount: '10' }, { expect: 201 })).json;
    await manager.patch(`${DEALS}/${deal.id}`, { stage: 'payment' }, { expect: 200 });
    const [move] = (await history(deal.id, '', manager, DEALS)).rows;
    const r = await manager.post(`${DEALS}/${deal.id}/undo`, { change: move.position });
    assert.equal(r.status, 422, r.text);
    assert.deepEqual(r.json.fields.map((f) => [f.field, f.code]), [['stage', 'stage_move_denied']]);
    const other = await lead();
    const [change] = (await history(other.id)).rows;
    assert.equal((await undo(other.id, { change: change.position }, manager)).status, 404);
    const mine = await lead({}, manager);
    const refused = await undo(mine.id, { change: change.position }, manager);
    assert.deepEqual([refused.status, refused.json.code], [400, 'bad_cursor'], 'of another record');
  });

  it('refuses what is not asked well', async () => {
    const { id } = await lead();
    const [change] = (await history(id)).rows;
    for (const body of [{}, { change: 12 }, { change: change.position, to: change.position }, { change: change.position, fields: [] }])
      assert.equal((await undo(id, body)).status, 422, JSON.stringify(body));
    assert.equal((await undo(id, { change: change.position, fields: ['nope'] })).json.fields[0].code, 'unknown_field');
    for (const body of [{ change: '-12' }, { to: 'x' }])
      assert.deepEqual([(await undo(id, body)).status, (await undo(id, body)).json.code], [400, 'bad_cursor']);
  });
});

describe('the recycle bin', () => {
  it('lists what the reader could read, in the order it was filled', async () => {
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push((await lead({ city: 'Бин' })).id);
    for (const id of [ids[1], ids[0], ids[2]]) {
      await head.del(`${LEADS}/${id}`, { expect: 204 });
      await server.advance('1m');
    }
    const bin = (await head.get(`${LEADS}?deleted=only&sort=-deleted_at&city=${encodeURIComponent('Бин')}&limit=2`, { expect: 200 })).json;
    assert.deepEqual(bin.rows.map((r) => r.id), [ids[2], ids[0]]);
    assert.match(bin.rows[0].deleted_at, /^2027-01-18T/);
    const rest = (await head.get(`${LEADS}?deleted=only&sort=-deleted_at&city=${encodeURIComponent('Бин')}&after=${bin.next}`)).json;
    assert.deepEqual(rest.rows.map((r) => r.id), [ids[1]]);
    assert.deepEqual((await manager.get(`${LEADS}?deleted=only`)).json.rows, []);
    assert.equal((await head.get(`${LEADS}?deleted=yes`)).status, 422);
    assert.equal((await head.get(`${LEADS}?sort=deleted_at`)).json.fields?.[0].code, 'unknown_field');
  });

  it('empties for ever with the function delete, history included', async () => {
    const { id } = await lead({ city: 'Тайна' });
    assert.equal((await head.del(`${LEADS}/${id}?forever=1`)).status, 404, 'only from the bin');
    await head.del(`${LEADS}/${id}`, { expect: 204 });
    const mine = await lead({}, manager);
    assert.equal((await manager.del(`${LEADS}/${mine.id}?forever=1`)).status, 403);
    assert.equal((await head.del(`${LEADS}/${id}?forever=1`)).status, 204);
    assert.equal((await head.get(`${LEADS}/${id}/history`)).status, 404);
    assert.equal((await head.post(`${LEADS}/${id}/restore`)).status, 404);
    assert.equal((await head.get(`${LEADS}?deleted=only&city=${encodeURIComponent('Тайна')}`)).json.rows.length, 0);
  });

  it('empties itself after the time of the ТЗ', async () => {
    const tz = dealer.replace('timezone: Europe/Moscow', 'timezone: Europe/Moscow\n  retention: {bin: 2d}');
    const own = await startServer({ time: '2027-01-18T07:00:00Z', tz });
    try {
      let user = await own.as('ivanova');
      const ids = [];
      for (let i = 0; i < 60; i++)
        ids.push((await user.post(LEADS, { title: `x${i}` }, { expect: 201 })).json.id);
      const kept = (await user.post(LEADS, { title: 'kept' }, { expect: 201 })).json.id;
      for (const id of ids) await user.del(`${LEADS}/${id}`, { expect: 204 });
      await own.advance('47h');
      user = await own.as('ivanova'); // the session has ended meanwhile
      assert.equal((await user.get(`${LEADS}?deleted=only`)).json.total, 60);
      await own.advance('3h');
      assert.equal((await user.get(`${LEADS}?deleted=only`)).json.total, 0);
      assert.equal((await user.get(`${LEADS}/${ids[0]}/history`)).status, 404);
      assert.equal((await user.get(`${LEADS}/${kept}`)).status, 200);
    } finally {
      await own.stop();
    }
  });
});
