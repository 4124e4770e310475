// Fields are added, renamed, re-typed, indexed, retired and brought back while 64 connections read and write:
// nothing fails but what is named. And kill -9 in the middle of a change of type.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, withFiles } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const FIELDS = '/api/v1/model/entity/sales.deal/field';
const WORKERS = 64;
const tz = withFiles(dealer).replace('bulk: [head, manager]', 'bulk: [head, manager]\n  import: [head]\n  export: [head]');

const token = async (server) => {
  const head = await server.as('ivanova');
  const wish = { name: 'Тест', access: 'write', functions: ['settings', 'bulk', 'import'] };
  head.bearer = (await head.post('/api/v1/tokens', wish, { expect: 201 })).json.token;
  return head;
};
/** As a program that does not read the OpenAPI document anew for every change of a field. */
function ask(client, method, path, body) {
  const payload = body && JSON.stringify(body);
  const headers = { authorization: `Bearer ${client.bearer}`, 'accept-language': 'ru' };
  if (payload) Object.assign(headers, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) });
  return client.send(method, path, payload ?? null, headers);
}
const batchOf = async (head, id) => (await head.get(`/api/v1/batch/${id}`, { expect: 200 })).json;
const ended = (head, id) =>
  until(async () => {
    const batch = await batchOf(head, id);
    return ['done', 'failed', 'canceled'].includes(batch.state) && batch;
  }, 'the end of the batch', 60000);

/** So many deals by import, quickly: `code` is the number of the row. */
async function fill(head, count) {
  const rows = Array.from({ length: count }, (_, i) => `Сделка ${i + 1};${i + 1}`).join('\n');
  const made = await head.request('POST', '/api/v1/import/sales.deal?name=a.csv', `Название;code\n${rows}\n`, {
    raw: true,
    headers: { 'content-type': 'application/octet-stream' },
    expect: 201,
  });
  await head.post(`/api/v1/import/${made.json.id}/run`, { columns: ['title', 'code'], mode: 'create' }, { expect: 202 });
  const run = await until(async () => {
    const now = (await head.get(`/api/v1/import/${made.json.id}`, { expect: 200 })).json;
    return now.run?.state === 'done' && now.run;
  }, 'the import', 120000);
  assert.equal(run.created, count);
}

describe('the model under load', () => {
  let server, head;
  before(async () => {
    server = await startServer({ tz, args: ['--tls', 'off'] });
    head = await token(server);
    await head.post(FIELDS, { name: 'code', type: 'text', title: 'Код', roles: ['head'] }, { expect: 201 });
    await fill(head, 3000);
  });
  after(async () => {
    await server.stop();
  });

  it('says how long writers will wait once such a change was measured, and never guesses', async () => {
    await head.post(FIELDS, { name: 'year', type: 'int', title: 'Год', roles: ['head'] }, { expect: 201 });
    const seconds = async () => (await head.patch(`${FIELDS}/year?check=1`, { index: true }, { expect: 200 })).json.seconds;
    assert.equal(await seconds(), null);
    assert.equal((await head.patch(`${FIELDS}/code?check=1`, { title: 'Шифр' }, { expect: 200 })).json.seconds, 0);
    await head.patch(`${FIELDS}/year`, { index: true }, { expect: 200 });
    await head.patch(`${FIELDS}/year`, { index: null }, { expect: 200 });
    assert.ok((await seconds()) >= 1, 'rounded up');
  });

  it('a value that goes from one record to another while duplicates are looked for is none', async () => {
    await head.post(FIELDS, { name: 'plate', type: 'text', title: 'Знак', roles: ['head'] }, { expect: 201 });
    const [first] = (await head.get('/api/v1/sales.deal?sort=id&limit=1', { expect: 200 })).json.rows;
    const [last] = (await head.get('/api/v1/sales.deal?sort=-id&limit=1', { expect: 200 })).json.rows;
    const me = server.client();
    me.bearer = head.bearer;
    const put = async (row, plate) => assert.equal((await ask(me, 'PATCH', `/api/v1/sales.deal/${row.id}`, { plate })).status, 200);
    let goes = true;
    const moving = (async () => {
      for (let holder = first, other = last; goes; [holder, other] = [other, holder]) {
        await put(holder, null);
        await put(other, 'А777АА');
      }
    })();
    const found = [];
    try {
      for (let i = 0; i < 25; i++) found.push((await ask(head, 'PATCH', `${FIELDS}/plate?check=1`, { unique: true })).json.duplicates);
    } finally {
      goes = false;
      await moving;
    }
    assert.deepEqual(found.filter((n) => n !== 0), []);
    await put(first, 'А777АА');
    await put(last, 'А777АА');
    const twins = (await head.patch(`${FIELDS}/plate?check=1`, { unique: true }, { expect: 200 })).json.twins;
    assert.deepEqual(twins, [[first.id, last.id]]);
    await head.del(`${FIELDS}/plate`, { expect: 200 });
  });

  it('64 connections read, write and page while fields change, and nothing but what is named fails', async () => {
    const seen = { requests: 0, named: 0, late: 0, failed: [] };
    const isInstrumented = /asan/.test(server.build); // ten times slower: a write may miss its 250 ms while others have the cores
    const ids = (await head.get('/api/v1/sales.deal?limit=200', { expect: 200 })).json.rows.map((r) => r.id);
    let goes = true;
    const told = (reply, what) => {
      seen.requests++;
      if (reply.status < 300) return;
      const codes = (reply.json?.fields ?? []).map((f) => f.code);
      const isNamed =
        ['bad_cursor', 'stale', 'schema_changed'].includes(reply.json?.code) ||
        (reply.status === 422 && codes.every((c) => ['renamed', 'unknown_field', 'type_mismatch'].includes(c)));
      if (isNamed) seen.named++;
      else if (isInstrumented && reply.json?.code === 'timeout') seen.late++;
      else seen.failed.push(`${what}: ${reply.status} ${reply.text.slice(0, 200)}`);
    };
    const work = async (n) => {
      const me = server.client();
      me.bearer = head.bearer;
      const id = ids[n];
      let after = '';
      for (let i = 0; goes; i++) {
        if (n % 4 === 0) told(await ask(me, 'PATCH', `/api/v1/sales.deal/${id}`, { code: String(1000 + i) }), 'patch');
        else if (n % 4 === 1) told(await ask(me, 'POST', '/api/v1/sales.deal', { title: `Новая ${n}-${i}`, code: String(i) }), 'post');
        else if (n % 4 === 2) {
          const page = await ask(me, 'GET', `/api/v1/sales.deal?sort=code&limit=50&fields=title,code${after}`);
          told(page, 'page');
          after = page.json?.next ? `&after=${page.json.next}` : '';
        } else told(await ask(me, 'GET', `/api/v1/sales.deal?title.starts=${encodeURIComponent('Сделка 1')}&limit=5`), 'list');
      }
    };
    const all = Array.from({ length: WORKERS }, (_, n) => work(n));
    const change = async (body, expect) => {
      const reply = await head.patch(`${FIELDS}/code`, body);
      assert.ok(expect.includes(reply.status), reply.text);
      if (reply.status === 202) assert.equal((await ended(head, reply.json.change.batch)).state, 'done');
    };
    try {
      await head.post(FIELDS, { name: 'extra', type: 'text', title: 'Заметка', roles: ['head'], required: true, default: 'нет' }, { expect: 201 });
      await change({ type: 'int' }, [202]);
      await change({ index: true }, [200]);
      await change({ type: 'text' }, [202]);
      await change({ type: 'decimal', scale: 2 }, [202]);
      await change({ index: null }, [200]);
      await head.patch(`${FIELDS}/extra`, { name: 'remark' }, { expect: 200 });
      await head.del(`${FIELDS}/remark`, { expect: 200 });
      await head.post(`${FIELDS}/remark/restore`, {}, { expect: 200 });
      await change({ type: 'int', scale: null }, [202]);
    } finally {
      goes = false;
      await Promise.all(all);
    }
    assert.deepEqual(seen.failed.slice(0, 5), []);
    assert.ok(seen.requests > 300, `${seen.requests} requests`);
    assert.ok(seen.late * 200 <= seen.requests, `${seen.late} of ${seen.requests} requests were late`);
    const rows = (await head.get('/api/v1/sales.deal?limit=200&sort=id&fields=title,code,remark', { expect: 200 })).json.rows;
    for (const row of rows) {
      assert.equal(typeof row.code, 'number', JSON.stringify(row));
      assert.equal(row.remark, 'нет');
    }
  });

  it('a choice with an index that becomes a text gets its sort keys a slice at a time', async () => {
    const wish = { name: 'kind', type: 'choice', title: 'Вид', roles: ['head'], index: true, options: { new: 'Новая' } };
    await head.post(FIELDS, wish, { expect: 201 });
    const asked = (await head.patch(`${FIELDS}/kind?check=1`, { type: 'text', options: null }, { expect: 200 })).json;
    assert.equal(asked.index, true, JSON.stringify(asked));
    const started = await head.patch(`${FIELDS}/kind`, { type: 'text', options: null }, { expect: 202 });
    assert.equal((await ended(head, started.json.change.batch)).state, 'done');
    await head.post('/api/v1/sales.deal', { title: 'Ещё одна', kind: 'Ярко' }, { expect: 201 });
    assert.equal((await head.list('sales.deal', 'kind=ярко&sort=kind')).length, 1);
  });

  it('an index that is no longer wanted leaves the file while the server works', async () => {
    await head.patch(`${FIELDS}/code`, { index: true }, { expect: 200 });
    const before = server.log.length;
    await head.patch(`${FIELDS}/code`, { index: null }, { expect: 200 });
    await until(() => /schema\.index_dropped.*sales\.deal/.test(server.log.slice(before)), 'the index to go');
    assert.equal((await head.get('/api/v1/sales.deal?sort=code&limit=5', { expect: 200 })).json.rows.length, 5);
  });

  const found = async (q) => (await head.get(`/api/v1/sales.deal?q=${encodeURIComponent(q)}&limit=50`, { expect: 200 })).json.rows.length;
  const fieldOf = async (name) =>
    (await head.get('/api/v1/model', { expect: 200 })).json.entities.find((e) => e.name === 'sales.deal').fields.find((f) => f.name === name);

  it('a searchable field comes with its full text, a slice at a time; until then search is as it was, and no write is lost', async () => {
    const wish = { name: 'hint', type: 'text', title: 'Подсказка', roles: ['head'], search: true };
    assert.equal((await head.post(`${FIELDS}?check=1`, wish, { expect: 200 })).json.text, true);
    const started = await head.post(FIELDS, wish, { expect: 202 });
    assert.equal(started.json.state, 'coming');
    assert.equal((await ended(head, started.json.change.batch)).state, 'done');
    assert.equal((await fieldOf('hint')).state, 'active');
    await head.post('/api/v1/sales.deal', { title: 'Гонка', hint: 'барсук' }, { expect: 201 });
    assert.equal(await found('барсук'), 1);
    const stops = await head.patch(`${FIELDS}/hint`, { search: null }, { expect: 202 });
    assert.equal((await ended(head, stops.json.change.batch)).state, 'done');
    assert.equal(await found('барсук'), 0);
    const again = await head.patch(`${FIELDS}/hint`, { search: true }, { expect: 202 });
    const ids = [];
    let batch;
    do {
      ids.push((await head.post('/api/v1/sales.deal', { title: 'Новая гонка', hint: 'росомаха' }, { expect: 201 })).json.id);
      assert.ok((await found('Гонка')) > 0, 'the text before goes on to answer');
      batch = await batchOf(head, again.json.change.batch);
    } while (['waiting', 'running'].includes(batch.state));
    assert.equal(batch.state, 'done');
    assert.equal(await found('барсук'), 1);
    assert.equal(await found('росомаха'), Math.min(ids.length, 50));
  });

  it('kill -9 in the middle of making full text loses nothing, and it goes on', async () => {
    const deal = (await head.post('/api/v1/sales.deal', { title: 'Стойкая', hint: 'выхухоль' }, { expect: 201 })).json;
    let started = await head.patch(`${FIELDS}/hint`, { search: null }, { expect: 202 });
    assert.equal((await ended(head, started.json.change.batch)).state, 'done');
    started = await head.patch(`${FIELDS}/hint`, { search: true }, { expect: 202 });
    await until(async () => (await batchOf(head, started.json.change.batch)).done > 0, 'the first slice');
    await head.patch(`/api/v1/sales.deal/${deal.id}`, { hint: 'выхухоль и норка' }, { expect: 200 });
    await server.kill();
    await server.start();
    assert.equal((await ended(head, started.json.change.batch)).state, 'done');
    assert.equal(await found('норка'), 1);
    assert.equal(await found('Сделка'), 50);
  });

  it('full text whose making is stopped is dropped, after kill -9 too', async () => {
    const dropped = () => server.log.split('event=schema.ahead_dropped').length - 1;
    for (const isKilled of [false, true]) {
      const name = isKilled ? 'half_killed' : 'half';
      const wish = { name, type: 'text', title: 'Наполовину', roles: ['head'], search: true };
      const before = dropped();
      const started = await head.post(FIELDS, wish, { expect: 202 });
      await until(async () => (await batchOf(head, started.json.change.batch)).done > 0, 'the first slice');
      await head.post(`/api/v1/batch/${started.json.change.batch}/cancel`);
      if (isKilled) {
        await server.kill();
        await server.start();
      }
      await ended(head, started.json.change.batch);
      // It may have been in force already when it was stopped.
      await until(async () => dropped() > before || (await fieldOf(name)), 'the end of what was half made');
      if (!(await fieldOf(name))) continue;
      const gone = await head.del(`${FIELDS}/${name}`, { expect: 202 });
      await ended(head, gone.json.change.batch);
    }
  });

  it('full text whose making is stopped leaves the field as it was; a new one may be made again', async () => {
    const wish = { name: 'later', type: 'text', title: 'Потом', roles: ['head'], search: true };
    const started = await head.post(FIELDS, wish, { expect: 202 });
    const stopped = await head.post(`/api/v1/batch/${started.json.change.batch}/cancel`);
    const batch = await ended(head, started.json.change.batch);
    // Whoever stops it stops it, or is told that it has ended: it never comes into force afterwards.
    assert.equal(batch.state, stopped.status === 204 ? 'canceled' : 'done', `${stopped.status} ${stopped.text}`);
    if (batch.state === 'canceled') {
      assert.equal(await fieldOf('later'), undefined);
      const again = await head.post(FIELDS, wish, { expect: 202 });
      assert.equal((await ended(head, again.json.change.batch)).state, 'done');
    }
    assert.equal((await fieldOf('later')).state, 'active');
    const gone = await head.del(`${FIELDS}/later`);
    assert.equal(gone.status, 202, gone.text);
    assert.equal((await ended(head, gone.json.change.batch)).state, 'done');
    assert.equal((await fieldOf('later')).state, 'retired');
  });

  it('values that become equal while a unique field is converted end the change by name', async () => {
    await head.post(FIELDS, { name: 'serial', type: 'text', title: 'Номер', unique: true, roles: ['head'] }, { expect: 201 });
    await head.post('/api/v1/sales.deal', { title: 'Первая', serial: '7' }, { expect: 201 });
    const change = ask(head, 'PATCH', `${FIELDS}/serial`, { type: 'int' });
    const writes = Array.from({ length: 40 }, (_, i) => ask(head, 'POST', '/api/v1/sales.deal', { title: 'Вторая', serial: `${'0'.repeat(i + 1)}7` }));
    const accepted = (await Promise.all(writes)).filter((reply) => reply.status === 201).length;
    const reply = await change;
    assert.ok(accepted > 0, 'some are written before the change is in force');
    if (reply.status === 422) return assert.equal(reply.json.fields[0].code, 'duplicates'); // all came before it was asked
    const batch = await ended(head, reply.json.change.batch);
    assert.equal(batch.state, 'failed', JSON.stringify(batch));
    assert.equal(batch.error.fields?.[0]?.code ?? batch.error.code ?? batch.error, 'duplicates', JSON.stringify(batch));
    assert.equal((await fieldOf('serial')).type, 'text');
  });

  it('a write that waited while the type changed is stored in the new one', async () => {
    const deal = (await head.post('/api/v1/sales.deal', { title: 'Гонка', code: 5 }, { expect: 201 })).json;
    const writes = [];
    let goes = true;
    const writer = (async () => {
      for (let i = 0; goes; i++) writes.push((await ask(head, 'PATCH', `/api/v1/sales.deal/${deal.id}`, { code: i })).status);
    })();
    const started = await head.patch(`${FIELDS}/code`, { type: 'text' }, { expect: 202 });
    assert.equal((await ended(head, started.json.change.batch)).state, 'done');
    goes = false;
    await writer;
    const last = writes.length - 1;
    const now = (await head.get(`/api/v1/sales.deal/${deal.id}`, { expect: 200 })).json.code;
    const stored = writes.lastIndexOf(200);
    assert.equal(now, String(stored), `the last accepted of ${last + 1} writes: ${writes.slice(-3)}`);
  });

  it('kill -9 in the middle of a change of type loses nothing, and it goes on', async () => {
    const before = (await head.get('/api/v1/sales.deal?limit=200&sort=id&fields=code', { expect: 200 })).json.rows;
    const started = await head.patch(`${FIELDS}/code`, { type: 'int' }, { expect: 202 });
    await server.kill();
    await server.start();
    const batch = await ended(head, started.json.change.batch);
    assert.equal(batch.state, 'done', JSON.stringify(batch));
    const rows = (await head.get('/api/v1/sales.deal?limit=200&sort=id&fields=code', { expect: 200 })).json.rows;
    assert.deepEqual(rows.map((r) => String(r.code)), before.map((r) => r.code));
  });

  it('kill -9 at any moment of many changes leaves a model and data that agree', async () => {
    for (let round = 0; round < 4; round++) {
      const changes = (async () => {
        await head.patch(`${FIELDS}/code`, { name: `code${round}` }).catch(() => null);
        await head.patch(`${FIELDS}/code${round}`, { type: 'text' }).catch(() => null);
        await head.patch(`${FIELDS}/code${round}`, { name: 'code', index: round % 2 === 0 }).catch(() => null);
      })();
      await new Promise((r) => setImmediate(r));
      if (round) await head.get('/api/v1/model').catch(() => null);
      await server.kill();
      await changes;
      await server.start();
      const field = (await head.get('/api/v1/model', { expect: 200 })).json.entities.find((e) => e.name === 'sales.deal').fields.find((f) => f.name.startsWith('code'));
      assert.ok(field);
      if (field.change) await ended(head, field.change.batch);
      const found = (await head.get(`/api/v1/sales.deal?limit=1&sort=id&fields=${field.name}`, { expect: 200 })).json.rows;
      assert.ok(found[0][field.name] != null, 'the data is where the model says');
      if (field.name !== 'code') await head.patch(`${FIELDS}/${field.name}`, { name: 'code' }, { expect: 200 });
      const type = (await head.get('/api/v1/model', { expect: 200 })).json.entities.find((e) => e.name === 'sales.deal').fields.find((f) => f.name === 'code').type;
      if (type === 'text') {
        const back = await head.patch(`${FIELDS}/code`, { type: 'int' }, { expect: 202 });
        assert.equal((await ended(head, back.json.change.batch)).state, 'done');
      }
    }
  });

  it('a change that is stopped leaves the field as it was, and another can follow', async () => {
    const started = await head.patch(`${FIELDS}/code`, { type: 'text' }, { expect: 202 });
    const busy = await head.patch(`${FIELDS}/code`, { type: 'decimal' });
    const all = [started];
    if (busy.status === 202) all.push(busy); // the first had ended already
    else if (busy.status !== 200) assert.equal(busy.json.code, 'model_busy', busy.text);
    for (const one of all) {
      await head.post(`/api/v1/batch/${one.json.change.batch}/cancel`);
      await ended(head, one.json.change.batch);
    }
    const again = await head.patch(`${FIELDS}/code`, { title: 'Код клиента' });
    assert.equal(again.status, 200, again.text);
  });

  it('500 fields are refused at the limit, by name', async () => {
    const fields = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, { type: 'text', title: `Поле ${i}` }]));
    const reply = await head.post('/api/v1/model/entity', { name: 'own.wide', title: 'Широкая', fields });
    assert.equal(reply.status, 422);
    assert.equal(reply.json.fields[0].code, 'too_many_fields');
  });
});
