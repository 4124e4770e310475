// Bulk changes and their undo: batches as the API shows them (API.md, "Changes that are more than one").

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

let server, head, manager;

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z' });
  head = await server.as('ivanova');
  manager = await server.as('petrov');
});
after(() => server.stop());

const LEADS = '/api/v1/sales.lead';

async function leads(n, data = {}, client = head) {
  const all = Array.from({ length: n }, (_, i) =>
    client.post(LEADS, { title: `Заявка ${i}`, ...data }, { expect: 201 }),
  );
  return (await Promise.all(all)).map((r) => r.json.id);
}

async function read(id, client = head) {
  return (await client.get(`${LEADS}/${id}`, { expect: 200 })).json;
}

async function ended(batch, client = head) {
  return until(async () => {
    const b = (await client.get(`/api/v1/batch/${batch.id}`, { expect: 200 })).json;
    return !['waiting', 'running'].includes(b.state) && b;
  });
}

async function bulk(body, client = head) {
  const started = await client.post(`${LEADS}/bulk`, body, { expect: 202 });
  return ended(started.json, client);
}

async function undo(batch, client = head) {
  return ended((await client.post(`/api/v1/batch/${batch.id}/undo`, {}, { expect: 202 })).json, client);
}

async function rowsOf(batch, kind, client = head) {
  const query = kind ? `?kind=${kind}` : '';
  return (await client.get(`/api/v1/batch/${batch.id}/rows${query}`, { expect: 200 })).json.rows;
}

describe('a bulk change', () => {
  it('sets the fields of the given records and tells how many changed', async () => {
    const ids = await leads(5);
    const b = await bulk({ ids, set: { city: 'Казань' } });
    assert.equal(b.state, 'done');
    assert.equal(b.kind, 'bulk');
    assert.equal(b.entity, 'sales.lead');
    assert.deepEqual([b.total, b.done, b.changed, b.failed, b.conflicts], [5, 5, 5, 0, 0]);
    assert.equal(b.user.id, head.user.id);
    for (const id of ids) assert.equal((await read(id)).city, 'Казань');
    const again = await bulk({ ids, set: { city: 'Казань' } });
    assert.deepEqual([again.done, again.changed], [5, 0]);
  });

  it('takes every record that a condition matches, and none that is made after', async () => {
    const ids = await leads(3, { city: 'Тверь' });
    const b = await bulk({ where: ['city', 'eq', 'Тверь'], set: { city: 'Псков' }, expect: 3 });
    assert.deepEqual([b.state, b.total, b.changed], ['done', 3, 3]);
    assert.equal((await read(ids[2])).city, 'Псков');
    const wrong = await head.post(`${LEADS}/bulk`, {
      where: ['city', 'eq', 'Псков'],
      set: { city: 'Тверь' },
      expect: 2,
    });
    assert.equal(wrong.status, 409, wrong.text);
    assert.equal(wrong.json.code, 'count_changed');
    assert.equal(wrong.json.params.count, 3);
    assert.match(wrong.json.detail, /3/);
  });

  it('of what is no word changes nothing: no row has it, in lists either', async () => {
    const [id] = await leads(1, { city: 'Омск' });
    const b = await bulk({ where: true, q: ' - ', delete: true });
    assert.deepEqual([b.state, b.total, b.changed], ['done', 0, 0]);
    assert.deepEqual(await head.list('sales.lead', 'q=%25&city=Омск'), []);
    const figures = await head.post(`${LEADS}/aggregate`, { q: '-', measures: { n: 'count' } }, { expect: 200 });
    assert.deepEqual(figures.json.rows, [{ n: 0 }]);
    for (const q of [5, [], '  ']) {
      const refused = await head.post(`${LEADS}/bulk`, { where: true, q, delete: true }, { expect: 422 });
      assert.deepEqual(refused.json.fields.map((f) => f.field), ['q']);
    }
    await read(id);
  });

  it('notes a row that refuses and goes on with the rest', async () => {
    const [mine] = await leads(1, {}, manager);
    const [hers] = await leads(1);
    const bad = await bulk({ ids: [mine, hers, 999999], set: { city: 'Омск' } }, manager);
    assert.deepEqual([bad.done, bad.changed, bad.failed], [3, 1, 2]);
    const rows = await rowsOf(bad, 'error', manager);
    assert.deepEqual(
      rows.map((r) => [r.record, r.code]),
      [
        [hers, 'not_found'],
        [999999, 'not_found'],
      ],
    );
    assert.match(rows[0].detail, /[а-я]/);
    assert.equal((await read(hers)).city, null);
    assert.equal((await read(mine)).city, 'Омск');
  });

  it('holds the moves and needs of stages, row by row', async () => {
    const made = await head.post('/api/v1/sales.deal', { title: 'Кран' }, { expect: 201 });
    const cases = [
      [{ stage: 'lost' }, 'lost_reason', 'stage_needs'],
      [{ stage: 'paid' }, 'stage', 'stage_move_denied'],
    ];
    for (const [set, field, code] of cases) {
      const b = await head.post('/api/v1/sales.deal/bulk', { ids: [made.json.id], set }, { expect: 202 });
      const rows = await rowsOf(await ended(b.json), 'error');
      assert.deepEqual(rows.map((r) => [r.field, r.code]), [[field, code]]);
    }
    assert.equal((await head.get(`/api/v1/sales.deal/${made.json.id}`)).json.stage, 'new');
  });

  it('refuses at once what cannot be asked', async () => {
    const [id] = await leads(1);
    const cases = [
      [{ ids: [id], set: { nope: 1 } }, 'nope', 'unknown_field'],
      [{ ids: [id], set: { created_at: '2027-01-01T00:00:00Z' } }, 'created_at', 'read_only'],
      [{ ids: [id], set: { amount: 'много' } }, 'amount', 'type_mismatch'],
      [{ ids: [id], where: true, set: { city: 'x' } }, 'ids', 'ids_or_where'],
      [{ set: { city: 'x' } }, 'ids', 'ids_or_where'],
      [{ ids: [], set: { city: 'x' } }, 'ids', 'out_of_range'],
      [{ ids: ['5'], set: { city: 'x' } }, 'ids', 'type_mismatch'],
      [{ ids: [id] }, 'set', 'one_of_set_delete_restore'],
      [{ ids: [id], set: {}, delete: true }, 'set', 'one_of_set_delete_restore'],
      [{ where: ['nope', 'eq', 1], set: { city: 'x' } }, 'nope', 'unknown_field'],
      [{ where: ['city', 'near', 1], set: { city: 'x' } }, 'city', 'unknown_operator'],
    ];
    for (const [body, field, code] of cases) {
      const r = await head.post(`${LEADS}/bulk`, body);
      assert.equal(r.status, 422, JSON.stringify(body) + r.text);
      const got = r.json.fields.map((f) => `${f.field} ${f.code}`);
      assert.ok(got.includes(`${field} ${code}`), `${JSON.stringify(body)}: ${got}`);
      assert.ok(r.json.fields.every((f) => !f.detail.startsWith('field.')), r.text);
    }
    const many = Array.from({ length: 1001 }, (_, i) => i + 1);
    assert.equal((await head.post(`${LEADS}/bulk`, { ids: many, set: { city: 'x' } })).status, 400);
  });

  it('takes the function bulk, and quiet the function settings', async () => {
    const finance = await server.as('belova');
    const [id] = await leads(1, {}, manager);
    assert.equal((await finance.post('/api/v1/sales.deal/bulk', { ids: [1], set: { title: 'x' } })).status, 403);
    assert.equal((await manager.post(`${LEADS}/bulk`, { ids: [id], set: { city: 'x' }, quiet: true })).status, 403);
    assert.equal((await manager.post(`${LEADS}/bulk`, { ids: [id], delete: true })).status, 403);
    assert.equal((await finance.post(`${LEADS}/bulk`, { ids: [id], set: { city: 'x' } })).status, 404);
  });

  it('is done once under an Idempotency-Key', async () => {
    const [id] = await leads(1);
    const headers = { 'idempotency-key': 'once-1' };
    const body = { ids: [id], set: { city: 'Уфа' } };
    const first = await head.post(`${LEADS}/bulk`, body, { headers, expect: 202 });
    const second = await head.post(`${LEADS}/bulk`, body, { headers, expect: 202 });
    assert.equal(second.json.id, first.json.id);
    assert.equal(second.headers['idempotency-replayed'], 'true');
  });

  it('is answered so again when what it counted has changed, by itself', async () => {
    await leads(2, { city: 'Елабуга' });
    const headers = { 'idempotency-key': 'once-2' };
    const body = { where: ['city', 'eq', 'Елабуга'], set: { city: 'Чистополь' }, expect: 2 };
    const first = await ended((await head.post(`${LEADS}/bulk`, body, { headers, expect: 202 })).json);
    const again = await head.post(`${LEADS}/bulk`, body, { headers, expect: 202 });
    assert.equal(again.json.id, first.id);
  });

  it('deletes into the recycle bin and restores from it', async () => {
    const ids = await leads(3, { city: 'Елец' });
    const gone = await bulk({ ids, delete: true });
    assert.equal(gone.changed, 3);
    assert.equal((await head.get(`${LEADS}/${ids[0]}`)).status, 404);
    const back = await bulk({ where: ['city', 'eq', 'Елец'], restore: true });
    assert.deepEqual([back.total, back.changed], [3, 3]);
    assert.equal((await read(ids[0])).city, 'Елец');
  });
});

describe('undoing a batch', () => {
  it('restores only fields that still hold what it wrote and lists the rest as conflicts', async () => {
    const ids = await leads(3, { city: 'Сочи', page: 'https://a.example/' });
    const b = await bulk({ ids, set: { city: 'Анапа', page: 'https://b.example/' } });
    await head.patch(`${LEADS}/${ids[1]}`, { city: 'Адлер' }, { expect: 200 });
    const u = await undo(b);
    assert.deepEqual([u.kind, u.state, u.changed, u.conflicts], ['undo', 'done', 3, 1]);
    assert.equal(u.undo_of.id, b.id);
    assert.equal((await read(ids[0])).city, 'Сочи');
    const kept = await read(ids[1]);
    assert.equal(kept.city, 'Адлер');
    assert.equal(kept.page, 'https://a.example/');
    const rows = await rowsOf(u, 'conflict');
    assert.deepEqual(rows.map((r) => [r.record, r.field, r.code]), [[ids[1], 'city', 'changed_since']]);
    const after = (await head.get(`/api/v1/batch/${b.id}`)).json;
    assert.equal(after.undone_by.id, u.id);
    const again = await head.post(`/api/v1/batch/${b.id}/undo`);
    assert.deepEqual([again.status, again.json.code], [409, 'batch_undone']);
  });

  it('and cancelling one are done once under an Idempotency-Key', async () => {
    const b = await bulk({ ids: await leads(1), set: { city: 'Бугульма' } });
    const send = (act, key) => head.post(`/api/v1/batch/${b.id}/${act}`, {}, { headers: { 'idempotency-key': key } });
    const [first, again] = [await send('undo', 'undo-1'), await send('undo', 'undo-1')];
    assert.deepEqual([first.status, again.status, again.json.id], [202, 202, first.json.id]);
    assert.equal(again.headers['idempotency-replayed'], 'true');
    assert.equal((await ended(first.json)).undo_of.id, b.id);
    assert.equal((await send('cancel', 'undo-1')).json.code, 'idempotency_mismatch');
    assert.equal((await send('cancel', 'undo-2')).json.code, 'batch_ended');
  });

  it('can itself be undone', async () => {
    const ids = await leads(2, { city: 'Рига' });
    const b = await bulk({ ids, set: { city: 'Вена' } });
    const u = await undo(b);
    assert.equal((await read(ids[0])).city, 'Рига');
    const redo = await undo(u);
    assert.deepEqual([redo.changed, redo.conflicts], [2, 0]);
    assert.equal((await read(ids[0])).city, 'Вена');
  });

  it('restores what was deleted', async () => {
    const ids = await leads(2);
    const b = await bulk({ ids, delete: true });
    const u = await undo(b);
    assert.equal(u.changed, 2);
    assert.equal((await read(ids[1])).id, ids[1]);
  });

  it('brings back what was given away, with what followed it', async () => {
    const [id] = await leads(1, {}, manager);
    const before = (await read(id)).department;
    assert.ok(before);
    const hand = await server.as('kuznetsov');
    const b = await bulk({ ids: [id], set: { owner: hand.user.id } });
    assert.equal(b.changed, 1, JSON.stringify(await rowsOf(b)));
    assert.equal((await head.get(`${LEADS}/${id}`)).status, 404);
    const u = await undo(b);
    assert.deepEqual([u.changed, u.failed], [1, 0], JSON.stringify(await rowsOf(u)));
    const now = await read(id);
    assert.deepEqual([now.owner.id, now.department], [manager.user.id, before]);
  });

  it('is refused while it runs and to who may not see it', async () => {
    const [id] = await leads(1);
    const b = await bulk({ ids: [id], set: { city: 'Яя' } });
    for (const path of ['', '/rows', '/undo', '/cancel']) {
      const r = await (path === '' || path === '/rows' ? manager.get(`/api/v1/batch/${b.id}${path}`) : manager.post(`/api/v1/batch/${b.id}${path}`));
      assert.equal(r.status, 404, path);
    }
    assert.equal((await head.post(`/api/v1/batch/${b.id}/cancel`)).json.code, 'batch_ended');
    const mine = await bulk({ ids: await leads(1, {}, manager), set: { city: 'Яя' } }, manager);
    assert.equal((await head.get(`/api/v1/batch/${mine.id}`)).status, 200, 'settings sees all');
  });
});

describe('what follows a bulk change', () => {
  it('runs rules unless it is quiet, and browsers are told in either case', async () => {
    const [id] = await leads(1, {}, manager);
    const stream = await manager.events();
    const b = await bulk({ ids: [id], set: { city: 'Тула' }, quiet: true });
    assert.equal(b.is_quiet, true);
    await until(() => stream.seen.find((e) => e.event === 'record' && e.data.entity === 'sales.lead' && e.data.id === id));
    stream.close();
  });

  it('tells browsers when it has ended', async () => {
    const ids = await leads(150, { city: 'Клин' });
    const stream = await head.events();
    await bulk({ ids, set: { city: 'Клин-2' } });
    await until(() => stream.seen.find((e) => e.event === 'record' && e.data.entity === 'batch' && e.data.fields.includes('state')));
    stream.close();
  });
});

describe('a restart in the middle', () => {
  it('loses no row and repeats none', async () => {
    const own = await startServer({ time: '2027-01-18T07:00:00Z' });
    try {
      let user = await own.as('ivanova');
      const made = [];
      for (let i = 0; i < 12; i++)
        made.push(...(await Promise.all(Array.from({ length: 100 }, () => user.post(LEADS, { title: 'x' }, { expect: 201 })))));
      const b = (await user.post(`${LEADS}/bulk`, { where: true, set: { city: 'Орёл' } }, { expect: 202 })).json;
      await until(async () => (await user.get(`/api/v1/batch/${b.id}`)).json.done > 0);
      await own.kill();
      await own.start();
      user = await own.as('ivanova');
      const done = await ended(b, user);
      assert.deepEqual([done.state, done.total, done.done, done.changed], ['done', 1200, 1200, 1200]);
      const history = (await user.get(`${LEADS}/${made[600].json.id}/history`)).json.rows;
      assert.deepEqual(history.map((h) => [h.op, h.via, h.batch?.id]), [
        ['u', 'batch:bulk', b.id],
        ['c', 'api', undefined],
      ]);
    } finally {
      await own.stop();
    }
  });
});
