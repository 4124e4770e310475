// The browser stream: what changed reaches whoever may know it, at once and after a break.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

const LEADS = '/api/v1/sales.lead';
let server, head, petrov, sidorova;

before(async () => {
  server = await startServer({ time: '2027-01-18T07:00:00Z' });
  head = await server.as('ivanova');
  petrov = await server.as('petrov');
  sidorova = await server.as('sidorova');
});
after(() => server.stop());

async function make(client, data) {
  return (await client.post(LEADS, data, { expect: 201 })).json;
}

function of(stream, id) {
  return stream.seen.filter((e) => e.event === 'record' && e.data.entity === 'sales.lead' && e.data.id === id);
}

describe('changes since', () => {
  const changes = async (client, query) => (await client.get(`${LEADS}/changes?${query}`, { expect: 200 })).json;
  const start = async () => (await changes(head, '')).next;

  it('are told behind a position, each record once, and to nobody who does not see them', async () => {
    const after = await start();
    const r = await make(petrov, { title: 'Сверка' });
    const own = await make(sidorova, { title: 'Чужая' });
    await petrov.patch(`${LEADS}/${r.id}`, { city: 'Тула' }, { expect: 200 });
    const his = await changes(petrov, `after=${after}`);
    assert.deepEqual(his.rows.map((x) => [x.id, x.rev, x.op]), [[r.id, r.rev + 1, 'created']]);
    assert.ok(['title', 'city'].every((f) => his.rows[0].fields.includes(f)));
    assert.deepEqual([his.more, (await changes(petrov, `after=${his.next}`)).rows], [false, []]);
    assert.deepEqual((await changes(head, `after=${after}`)).rows.map((x) => x.id), [r.id, own.id]);
    const page = await changes(head, `after=${after}&limit=1`);
    assert.deepEqual([page.rows.map((x) => x.id), page.more], [[r.id], true]);
  });

  it('say gone or deleted only of what could be seen', async () => {
    const r = await make(petrov, { title: 'Уходит' });
    const binned = await make(petrov, { title: 'В корзину' });
    const after = await start();
    await head.patch(`${LEADS}/${r.id}`, { owner: sidorova.user.id }, { expect: 200 });
    await head.del(`${LEADS}/${binned.id}`, { expect: 204 });
    const ops = async (client) => (await changes(client, `after=${after}`)).rows.map((x) => [x.id, x.op, x.fields]);
    assert.deepEqual(await ops(petrov), [[r.id, 'gone', []], [binned.id, 'deleted', []]]);
    assert.deepEqual(await ops(sidorova), [[r.id, 'updated', ['owner']]]);
  });

  it('begin at a moment', async () => {
    await server.advance('10m');
    const since = (await make(petrov, { title: 'Позже' })).created_at;
    const told = (await changes(head, `since=${encodeURIComponent(since)}`)).rows;
    assert.equal(told.length, 1);
    assert.deepEqual((await changes(head, `since=2030-01-01T00:00:00Z`)).rows, []);
  });

  it('tell nothing of what is out of sight: not how much, not whether there was any', async () => {
    const hers = await make(sidorova, { title: 'Не для него' });
    let { next } = await changes(petrov, '');
    const given = [next];
    for (const hidden of [0, 1, 0, 25, 3, 0]) {
      for (let i = 0; i < hidden; i++) await sidorova.patch(`${LEADS}/${hers.id}`, { city: `Уфа ${i}` }, { expect: 200 });
      const page = await changes(petrov, `after=${next}&limit=1`);
      assert.deepEqual([page.rows, page.more], [[], false], `${hidden} of hers`);
      given.push((next = page.next));
    }
    assert.ok(given.every((text) => /^[\w-]{48}$/.test(text)), given);
    assert.equal(new Set(given).size, given.length, 'also where nothing was changed it is another');
    const own = await make(petrov, { title: 'Для него' });
    for (const after of given) {
      const { rows, more } = await changes(petrov, `after=${after}`);
      assert.deepEqual([rows.map((x) => x.id), more], [[own.id], false]);
    }
  });

  it('are refused from a position that is none, or was given elsewhere', async () => {
    const lead = await make(head, { title: 'Чужое место' });
    const stream = await head.events();
    const of = {
      stream: await until(() => stream.last, 'where the stream begins'),
      persons: (await head.get('/api/v1/contacts.person/changes', { expect: 200 })).json.next,
      history: (await head.get(`${LEADS}/${lead.id}/history`, { expect: 200 })).json.rows[0].position,
    };
    stream.close();
    const own = await start();
    const cut = own.slice(1), turned = own.slice(0, -1) + (own.endsWith('A') ? 'B' : 'A');
    for (const after of ['x', '-1', '12x', cut, `${own}A`, turned, ...Object.values(of)]) {
      const reply = await head.get(`${LEADS}/changes?after=${after}`);
      assert.deepEqual([reply.status, reply.json.code], [400, 'bad_cursor'], after);
    }
    for (const after of ['0', '12', '999999999']) {
      const reply = await head.get(`${LEADS}/changes?after=${after}`);
      assert.deepEqual([reply.status, reply.json.code], [409, 'changes_reset'], `${after}, as it was before positions were sealed`);
    }
    assert.equal((await head.get(`${LEADS}/changes?since=yesterday`)).status, 422);
    assert.equal((await head.get(`${LEADS}/changes?limit=0`)).status, 422);
  });
});

describe('an open stream', () => {
  it('tells another session of a new record and of every change, in order', async () => {
    const stream = await head.events();
    assert.equal(stream.status, 200);
    const r = await make(petrov, { title: 'Новая' });
    await petrov.patch(`${LEADS}/${r.id}`, { city: 'Уфа' }, { expect: 200 });
    await petrov.patch(`${LEADS}/${r.id}`, { city: 'Омск', name: 'Олег' }, { expect: 200 });
    await until(() => of(stream, r.id).length === 3, 'three events');
    const [made, first, second] = of(stream, r.id).map((e) => e.data);
    assert.equal(made.op, 'created');
    assert.deepEqual([first.op, first.rev, first.fields], ['updated', r.rev + 1, ['city']]);
    assert.deepEqual([second.op, second.rev, [...second.fields].sort()], ['updated', r.rev + 2, ['city', 'name']]);
    stream.close();
  });

  it('tells the windows of one person the same, and another only what he may know', async () => {
    const windows = [await head.events(), await petrov.events(), await head.events(), await sidorova.events(), await head.events()];
    const [one, his, two, hers, three] = windows;
    const r = await make(petrov, { title: 'В трёх окнах' });
    await petrov.patch(`${LEADS}/${r.id}`, { city: 'Тверь' }, { expect: 200 });
    for (const stream of [one, two, three, his]) await until(() => of(stream, r.id).length === 2, 'both changes');
    const told = (stream) => of(stream, r.id).map((e) => e.data);
    assert.deepEqual(told(two), told(one));
    assert.deepEqual(told(three), told(one));
    const own = await make(sidorova, { title: 'Её' });
    await until(() => of(hers, own.id).length === 1, 'her own');
    assert.equal(of(hers, r.id).length, 0);
    assert.equal(of(his, own.id).length, 0);
    for (const stream of windows) stream.close();
  });

  it('carries names of fields, never their values', async () => {
    const stream = await head.events();
    const r = await make(petrov, { title: 'Тайное слово', city: 'Тайгород' });
    await until(() => of(stream, r.id).length, 'the event');
    assert.ok(!JSON.stringify(of(stream, r.id)).includes('Тай'));
    stream.close();
  });

  it('says "gone" to the former owner and "created" to the new one when a lead is handed over', async () => {
    const r = await make(petrov, { title: 'Передача' });
    const his = await petrov.events();
    const hers = await sidorova.events();
    await head.patch(`${LEADS}/${r.id}`, { owner: sidorova.user.id }, { expect: 200 });
    const gone = await until(() => of(his, r.id)[0], 'he is told');
    const got = await until(() => of(hers, r.id)[0], 'she is told');
    assert.deepEqual([gone.data.op, gone.data.fields], ['gone', []]);
    assert.equal(got.data.op, 'created');
    await head.patch(`${LEADS}/${r.id}`, { city: 'Ухта' }, { expect: 200 });
    await until(() => of(hers, r.id).length === 2, 'she hears the next change');
    assert.equal(of(his, r.id).length, 1, 'he does not');
    his.close();
    hers.close();
  });

  it('tells of a deletion and of the return from the recycle bin', async () => {
    const r = await make(petrov, { title: 'Корзина' });
    const stream = await petrov.events();
    await head.del(`${LEADS}/${r.id}`, { expect: 204 });
    await until(() => of(stream, r.id).length === 1, 'the deletion');
    assert.ok(['deleted', 'gone'].includes(of(stream, r.id)[0].data.op));
    await head.post(`${LEADS}/${r.id}/restore`, {}, { expect: 200 });
    await until(() => of(stream, r.id).length === 2, 'the return');
    stream.close();
  });

  it('brings a notice to the one it is for', async () => {
    const streams = [await petrov.events(), await sidorova.events(), await head.events()];
    await server.client().post('/hook/site', { name: 'Гость', phone: '+79161234567', text: 'Кран' }, { expect: 202 });
    const notices = () => streams.map((s) => s.seen.filter((e) => e.event === 'notice'));
    await until(() => notices().flat().length, 'a notice');
    await until(() => streams[2].seen.some((e) => e.data.entity === 'tasks.task'), 'all of it arrived');
    const [to] = notices().filter((n) => n.length);
    assert.equal(notices().filter((n) => n.length).length, 1, 'one manager only');
    assert.match(to[0].data.text, /^Новая заявка/);
    assert.equal(to[0].data.entity, 'sales.lead');
    assert.ok(to[0].data.record > 0 && to[0].data.at);
    streams.forEach((s) => s.close());
  });
});

describe('a stream that was cut', () => {
  it('goes on after its last event and loses nothing', async () => {
    const before = await head.events();
    const r = await make(petrov, { title: 'До разрыва' });
    const last = await until(() => of(before, r.id)[0], 'an event before');
    before.close();
    const made = [];
    for (let i = 0; i < 30; i++) made.push((await make(petrov, { title: `Пропущено ${i}` })).id);
    await petrov.patch(`${LEADS}/${r.id}`, { city: 'Уфа' }, { expect: 200 });
    const resumed = await head.events({ after: last.id });
    await until(() => of(resumed, r.id).length === 1, 'the last one missed');
    for (const id of made) assert.equal(of(resumed, id).length, 1, `lead ${id}`);
    assert.ok(!resumed.seen.some((e) => e.event === 'reset'));
    resumed.close();
  });

  it('loses nothing while records are written as it resumes', async () => {
    const before = await head.events();
    const r = await make(petrov, { title: 'Отметка' });
    const last = await until(() => of(before, r.id)[0], 'an event before');
    before.close();
    const made = [];
    const writing = (async () => {
      for (let i = 0; i < 60; i++) made.push((await make(petrov, { title: `Поток ${i}` })).id);
    })();
    await until(() => made.length > 10);
    const resumed = await head.events({ after: last.id });
    await writing;
    await until(() => made.every((id) => of(resumed, id).length >= 1), 'all of them');
    for (const id of made) assert.equal(of(resumed, id).length, 1, `lead ${id} once`);
    const told = resumed.seen.filter((e) => e.data.op === 'created' && made.includes(e.data.id)).map((e) => e.data.id);
    assert.deepEqual(told, made, 'in their order');
    resumed.close();
  });

  it('shows what came into sight and what left it in the meantime', async () => {
    const kept = await make(petrov, { title: 'Останется' });
    const lost = await make(petrov, { title: 'Уйдёт' });
    const before = await petrov.events();
    await petrov.patch(`${LEADS}/${kept.id}`, { city: 'Уфа' }, { expect: 200 });
    const last = await until(() => of(before, kept.id)[0], 'an event before');
    before.close();
    await head.patch(`${LEADS}/${lost.id}`, { owner: sidorova.user.id }, { expect: 200 });
    await petrov.patch(`${LEADS}/${kept.id}`, { city: 'Омск' }, { expect: 200 });
    const resumed = await petrov.events({ after: last.id });
    await until(() => of(resumed, kept.id).length === 1, 'his own change');
    assert.deepEqual(of(resumed, lost.id).map((e) => e.data.op), ['gone']);
    resumed.close();
  });

  it('that never was begins with what comes next', async () => {
    const stream = await head.events();
    const r = await make(petrov, { title: 'Первое' });
    await until(() => of(stream, r.id).length, 'the event');
    assert.deepEqual([...new Set(stream.seen.filter((e) => e.event === 'record').map((e) => e.data.entity + e.data.id))], [`sales.lead${r.id}`]);
    stream.close();
  });

  it('goes on also when it was cut before its first event', async () => {
    const before = await head.events();
    const last = await until(() => before.last, 'where it begins');
    before.close();
    const r = await make(petrov, { title: 'Ранний разрыв' });
    const resumed = await head.events({ after: last });
    await until(() => of(resumed, r.id).length === 1, 'what it missed');
    resumed.close();
  });

  it('begins anew when its position is none', async () => {
    const feed = (await head.get(`${LEADS}/changes`, { expect: 200 })).json.next;
    for (const position of ['-1', 'x', '99999999999999999999', feed]) {
      const stream = await head.events({ after: position });
      assert.equal(stream.status, 200);
      const [first] = await until(() => stream.seen.length && stream.seen, 'the first event');
      assert.equal(first.event, 'reset', position);
      stream.close();
      const r = await make(petrov, { title: 'После сброса' });
      const resumed = await head.events({ after: first.id });
      await until(() => of(resumed, r.id).length === 1, 'what came behind it');
      assert.ok(!resumed.seen.some((e) => e.event === 'reset'));
      resumed.close();
    }
  });

  it('says where it is in texts that cannot be compared', async () => {
    const streams = [await head.events(), await head.events(), await petrov.events()];
    const r = await make(petrov, { title: 'Три потока' });
    for (const s of streams) await until(() => of(s, r.id).length === 1, 'each is told');
    const ids = streams.flatMap((s) => s.seen.filter((e) => e.id).map((e) => e.id));
    assert.ok(ids.length >= 3 && ids.every((id) => /^[\w-]{48}$/.test(id)), ids);
    for (const s of streams) s.close();
    const again = await head.events();
    assert.ok(!ids.includes(await until(() => again.last, 'where it begins')));
    again.close();
  });
});

describe('the streams of a session', () => {
  it('are eight at most: one more ends the oldest', async () => {
    const other = await head.events();
    const all = [];
    for (let i = 0; i < 9; i++) all.push(await petrov.events());
    await until(() => all[0].ended, 'the oldest ends');
    assert.deepEqual(all[0].seen.at(-1).data, { reason: 'too_many' });
    const r = await make(petrov, { title: 'Всем вкладкам' });
    for (const stream of [...all.slice(1), other]) await until(() => of(stream, r.id).length === 1, 'each hears it');
    [...all, other].forEach((s) => s.close());
  });

  it('tell nothing more once the session was ended from outside', async () => {
    const stream = await sidorova.events();
    await until(() => stream.last, 'it is open');
    await server.invite('sidorova');
    await make(head, { title: 'Уже не для неё', owner: sidorova.user.id });
    await until(() => stream.ended, 'it ends');
    const told = stream.seen.filter((e) => e.event !== 'ping');
    assert.deepEqual(told.map((e) => [e.event, e.data.reason]), [['bye', 'session_ended']]);
  });

  it('end with the time of the session', async () => {
    const stream = await petrov.events();
    await until(() => stream.last, 'it is open');
    await server.advance('13h');
    const again = await server.as('ivanova');
    await make(again, { title: 'Утром', owner: petrov.user.id });
    await until(() => stream.ended, 'it ends');
    assert.deepEqual(stream.seen.at(-1).data, { reason: 'session_ended' });
    assert.ok(!stream.seen.some((e) => e.data.op === 'created'));
    head = again;
    petrov = await server.as('petrov');
  });
});

describe('a restart', () => {
  it('ends streams with a word, and they resume on the new process', async () => {
    const stream = await head.events();
    const r = await make(petrov, { title: 'Перед остановкой' });
    const last = await until(() => of(stream, r.id)[0], 'an event before');
    await server.restart();
    await until(() => stream.ended, 'it ended');
    assert.deepEqual(stream.seen.at(-1).data, { reason: 'stopping' });
    await petrov.patch(`${LEADS}/${r.id}`, { city: 'Уфа' }, { expect: 200 });
    const resumed = await head.events({ after: last.id });
    await until(() => of(resumed, r.id).length === 1, 'the change after the restart');
    resumed.close();
  });
});
