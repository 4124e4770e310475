// The timeline of a record (S-21, S-23): notes, changes and what refers to it as one feed, each part under its
// own rights, and nothing of what is hidden in pages, kinds or counts. @mention with notice.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, people } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const DEALS = '/api/v1/sales.deal';
const NOTES = '/api/v1/sales.deal_notes';
const TASKS = '/api/v1/tasks.task';
let server, head, petrov, sidorova, belova;

async function start(tz, csv) {
  server = await startServer({ time: '2027-01-18T07:00:00Z', ...(tz && { tz }), ...(csv && { people: csv }) });
  await enter();
}

async function enter() {
  [head, petrov, sidorova, belova] = await Promise.all(['ivanova', 'petrov', 'sidorova', 'belova'].map((who) => server.as(who)));
}

const make = async (client, path, data) => (await client.post(path, data, { expect: 201 })).json;
const deal = (client, data = {}) => make(client, DEALS, { title: 'Экскаватор', ...data });
const note = (client, record, text, more = {}) => make(client, NOTES, { record, text, ...more });
const feed = async (client, id, query = '') => (await client.get(`${DEALS}/${id}/timeline${query}`, { expect: 200 })).json;
const brief = ({ rows }) => rows.map((r) => [r.kind, r.record?.text ?? r.title ?? r.changes.map((c) => c.field).join()]);
const codes = (r) => [r.status, r.json.code, r.json.fields?.map((f) => [f.field, f.code])];

/** All of it, page by page. */
async function walk(client, id, limit, kinds = '') {
  const pages = [];
  for (let query = `?limit=${limit}${kinds}`; query; ) {
    const page = await feed(client, id, query);
    pages.push(page.rows);
    query = page.next && `?limit=${limit}${kinds}&before=${page.next}`;
  }
  return pages;
}

const keyOf = (r) => r.position ?? `${r.entity}/${r.id}`;

describe('the timeline of a record', () => {
  before(() => start());
  after(() => server.stop());

  it('tells notes, tasks and changes as one feed, the newest first, with who and when', async () => {
    const { id } = await deal(petrov);
    await server.advance('1m');
    await petrov.patch(`${DEALS}/${id}`, { stage: 'work' }, { expect: 200 });
    await server.advance('1m');
    const task = await make(petrov, TASKS, { title: 'Позвонить', deal: id, kind: 'call' });
    await server.advance('1m');
    const words = await note(head, id, 'Просят скидку');
    await server.advance('1m');
    await petrov.patch(`${DEALS}/${id}`, { amount: '100' }, { expect: 200 });
    const page = await feed(petrov, id);
    assert.deepEqual(page.rows.map((r) => r.kind), ['change', 'note', 'task', 'stage', 'change']);
    assert.equal(page.next, null);
    assert.deepEqual(page.pinned, []);
    const [change, written, planned, moved, made] = page.rows;
    assert.deepEqual(change.changes, [{ field: 'amount', old: null, new: '100.00' }]);
    assert.deepEqual([written.entity, written.id, written.record.text], ['sales.deal_notes', words.id, 'Просят скидку']);
    assert.deepEqual(written.by, { id: head.user.id, label: 'Анна Иванова' });
    assert.match(written.at, /^2027-01-18T07:03:/);
    assert.deepEqual([planned.entity, planned.id, planned.title, planned.record.kind], ['tasks.task', task.id, 'Позвонить', 'call']);
    assert.deepEqual(moved.changes, [{ field: 'stage', old: 'new', new: 'work' }]);
    assert.equal(made.op, 'c');
    assert.match(change.position, /^[\w-]{48}$/);
  });

  it('goes on page by page where all happened at one moment: nothing comes twice, nothing is left out', async () => {
    const { id } = await deal(petrov);
    for (let i = 0; i < 4; i++) {
      await note(petrov, id, `Заметка ${i}`);
      await make(petrov, TASKS, { title: `Дело ${i}`, deal: id });
      await petrov.patch(`${DEALS}/${id}`, { note: `Примечание ${i}` }, { expect: 200 });
    }
    const whole = (await feed(petrov, id, '?limit=100')).rows.map(keyOf);
    assert.equal(whole.length, 13);
    assert.equal(new Set(whole).size, 13);
    for (const limit of [1, 2, 3, 5, 12, 13]) assert.deepEqual((await walk(petrov, id, limit)).flat().map(keyOf), whole, limit);
    const kinds = await walk(petrov, id, 3, '&kinds=note,task');
    assert.deepEqual(kinds.map((page) => page.length), [3, 3, 2]);
    assert.ok(kinds.flat().every((r) => r.kind !== 'change'));
  });

  it('takes positions of this record alone, and refuses what is no limit and no kind', async () => {
    const [one, other] = [await deal(petrov), await deal(petrov)];
    for (let i = 0; i < 2; i++) await note(petrov, one.id, `${i}`);
    const { next } = await feed(petrov, one.id, '?limit=1');
    assert.match(next, /^[\w-]{48}$/);
    for (const [id, before] of [[other.id, next], [one.id, 'x'], [one.id, `${next.slice(0, -1)}${next.endsWith('_') ? 'A' : '_'}`]]) {
      const r = await petrov.get(`${DEALS}/${id}/timeline?before=${before}`, { asWritten: true });
      assert.deepEqual([r.status, r.json.code], [400, 'bad_cursor'], before);
    }
    const history = (await petrov.get(`${DEALS}/${one.id}/history`, { expect: 200 })).json.rows[0].position;
    assert.equal((await petrov.get(`${DEALS}/${one.id}/timeline?before=${history}`)).status, 400);
    for (const limit of ['0', '101', '-1', 'x']) assert.deepEqual(codes(await petrov.get(`${DEALS}/${one.id}/timeline?limit=${limit}`, { asWritten: true })), [422, 'invalid', [['limit', 'out_of_range']]]);
    for (const kinds of ['call', 'note,', 'NOTE', 'lead']) assert.deepEqual(codes(await petrov.get(`${DEALS}/${one.id}/timeline?kinds=${kinds}`)), [422, 'invalid', [['kinds', 'not_a_choice']]], kinds);
    assert.equal((await petrov.get(`${TASKS}/1/timeline`, { asWritten: true })).status, 404, 'a task has none');
  });

  it('does not exist for who may not read the record', async () => {
    const { id } = await deal(petrov);
    const words = await note(petrov, id, 'Не для всех');
    for (const path of [`${DEALS}/${id}/timeline`, `${NOTES}/${words.id}`]) assert.equal((await sidorova.get(path)).status, 404, path);
    assert.ok(!(await sidorova.list('sales.deal_notes')).some?.((r) => r.id === words.id));
    const refused = await sidorova.post(NOTES, { record: id, text: 'Проба' });
    assert.ok([403, 422].includes(refused.status), refused.text);
    assert.equal((await feed(petrov, id)).rows.filter((r) => r.kind === 'note').length, 1);
  });

  it('leaves no trace of a task that the reader may not see, neither in rows nor in pages', async () => {
    const { id } = await deal(petrov);
    for (let i = 0; i < 6; i++) {
      await make(head, TASKS, { title: `Тайное ${i}`, deal: id, owner: sidorova.user.id });
      if (i % 3 === 0) await note(petrov, id, `Заметка ${i}`);
    }
    assert.equal((await feed(head, id)).rows.filter((r) => r.kind === 'task').length, 6);
    const his = await feed(petrov, id);
    assert.deepEqual(brief(his).map(([kind]) => kind).sort(), ['change', 'note', 'note']);
    assert.deepEqual((await walk(petrov, id, 1)).map((page) => page.length), [1, 1, 1]);
    const alone = await feed(petrov, id, '?kinds=task');
    assert.deepEqual([alone.rows, alone.next], [[], null]);
  });

  it('shows a list of fields what is told of these fields, and no notes', async () => {
    const { id } = await deal(petrov, { amount: '5' });
    await note(petrov, id, 'Ход переговоров', { pinned: true });
    await petrov.patch(`${DEALS}/${id}`, { note: 'Только для своих' }, { expect: 200 });
    await petrov.patch(`${DEALS}/${id}`, { amount: '7', note: 'Ещё' }, { expect: 200 });
    await head.patch(`${DEALS}/${id}`, { stage: 'lost', lost_reason: 'price' }, { expect: 200 });
    const seen = await feed(belova, id);
    assert.deepEqual(brief(seen).slice(0, 2).map(([kind, fields]) => [kind, fields.split(',').sort().join()]), [['stage', 'closed_at,stage'], ['change', 'amount']]);
    assert.equal(seen.rows.length, 3, 'the change of a hidden field is none');
    assert.deepEqual(seen.pinned, []);
    assert.deepEqual((await walk(belova, id, 1)).map((page) => page.length), [1, 1, 1]);
    assert.deepEqual(codes(await belova.get(`${DEALS}/${id}/timeline?kinds=note`)), [422, 'invalid', [['kinds', 'not_a_choice']]]);
    assert.equal((await belova.get(NOTES)).status, 404);
    assert.equal((await belova.post(NOTES, { record: id, text: 'Моё' })).status, 403);
    const { entities } = (await belova.get('/api/v1/meta', { expect: 200 })).json;
    assert.deepEqual(entities['sales.deal'].timeline.kinds.map((k) => k.kind), ['stage', 'change']);
    assert.equal(entities['sales.deal'].timeline.notes, null);
  });

  it('gives one change of several kinds once, as the first of them that was asked for', async () => {
    const { id } = await deal(petrov);
    await petrov.patch(`${DEALS}/${id}`, { stage: 'work', amount: '9' }, { expect: 200 });
    const [both] = (await feed(petrov, id)).rows;
    assert.deepEqual([both.kind, both.changes.map((c) => c.field).sort()], ['stage', ['amount', 'stage']]);
    const only = async (kinds) => (await feed(petrov, id, `?kinds=${kinds}`)).rows.map((r) => [r.kind, r.changes.map((c) => c.field).sort().join()]);
    assert.deepEqual((await only('change'))[0], ['change', 'amount']);
    assert.deepEqual((await only('stage'))[0], ['stage', 'stage']);
  });

  it('stands on contacts, companies, leads and deals, and tells there of what refers to them', async () => {
    const person = await make(petrov, '/api/v1/contacts.person', { name: 'Иван Лис' });
    const { id } = await deal(petrov, { contact: person.id });
    await make(petrov, '/api/v1/contacts.person_notes', { record: person.id, text: 'Звонить утром' });
    const { rows } = (await petrov.get(`/api/v1/contacts.person/${person.id}/timeline`, { expect: 200 })).json;
    assert.deepEqual(rows.map((r) => r.kind).sort(), ['change', 'deal', 'note']);
    const its = rows.find((r) => r.kind === 'deal');
    assert.deepEqual([its.id, its.title, its.record.stage, 'note' in its.record], [id, 'Экскаватор', 'new', false]);
    const { entities } = (await petrov.get('/api/v1/meta', { expect: 200 })).json;
    for (const name of ['contacts.person', 'contacts.company', 'sales.lead', 'sales.deal']) assert.equal(entities[name].timeline.notes, `${name}_notes`);
    assert.ok(Object.keys(entities).every((name) => !name.endsWith('_notes')));
    assert.deepEqual(entities['contacts.company'].timeline.kinds.map((k) => k.kind).filter((k) => !['note', 'change'].includes(k)).sort(), ['deal', 'lead']);
  });
});

describe('notes', () => {
  before(() => start());
  after(() => server.stop());
  const notices = async (client) => (await client.get('/api/v1/notification?kind=mention&sort=-id', { expect: 200 })).json.rows;

  it('tell each who is mentioned and may read them, once, and name to the author who may not', async () => {
    const { id } = await deal(petrov, { title: 'Кран' });
    const words = await note(head, id, '@Пётр Петров, @Ольга Сидорова, посмотрите', { mentions: [petrov.user.id, sidorova.user.id] });
    assert.deepEqual(words.mentions.map((m) => m.label), ['Пётр Петров', 'Ольга Сидорова']);
    assert.deepEqual(words.not_told.map((m) => m.label), ['Ольга Сидорова']);
    const [notice, ...rest] = await notices(petrov);
    assert.deepEqual([notice.text, notice.entity, notice.record, rest.length], ['Анна Иванова упоминает вас в заметке: Кран', 'sales.deal', id, 0]);
    assert.deepEqual([await notices(sidorova), await notices(head)], [[], []]);
    await head.patch(`${NOTES}/${words.id}`, { text: '@Пётр Петров, посмотрите до обеда', mentions: [petrov.user.id, head.user.id] }, { expect: 200 });
    assert.equal((await notices(petrov)).length, 1, 'he knows already');
    assert.equal((await notices(head)).length, 0, 'nobody tells himself');
    assert.deepEqual((await head.get(`${NOTES}/${words.id}`, { expect: 200 })).json.not_told, []);
    const wrong = await head.post(NOTES, { record: id, text: 'x', mentions: [999] });
    assert.deepEqual(codes(wrong), [422, 'invalid', [['mentions', 'no_such_record']]]);
  });

  it('are their author\'s to change for a day, and his to delete and bring back', async () => {
    const { id } = await deal(petrov);
    const words = await note(petrov, id, 'Черновик');
    const at = `${NOTES}/${words.id}`;
    assert.deepEqual(codes(await head.patch(at, { text: 'Чужими словами' })).slice(0, 2), [403, 'note_of_another']);
    const changed = (await petrov.patch(at, { text: 'Набело' }, { expect: 200 })).json;
    assert.ok(changed.edited_at);
    assert.deepEqual(codes(await petrov.patch(at, { record: (await deal(petrov)).id })), [422, 'invalid', [['record', 'read_only']]]);
    assert.equal((await petrov.patch(at, { not_told: [] })).status, 422);
    assert.equal((await petrov.patch(at, { edited_at: null })).status, 422);
    await petrov.del(at, { expect: 204 });
    assert.equal((await feed(petrov, id, '?kinds=note')).rows.length, 0);
    await petrov.post(`${at}/restore`, {}, { expect: 200 });
    const [back] = (await feed(petrov, id, '?kinds=note')).rows;
    assert.deepEqual([back.record.text, back.can], ['Набело', ['edit', 'delete', 'pin']]);
    await server.advance('25h');
    await enter(); // the sessions have ended
    assert.deepEqual(codes(await petrov.patch(at, { text: 'Поздно' })).slice(0, 2), [403, 'note_closed']);
    assert.deepEqual((await feed(petrov, id, '?kinds=note')).rows[0].can, ['delete', 'pin']);
    assert.deepEqual((await feed(head, id, '?kinds=note')).rows[0].can, ['delete', 'pin'], 'she holds the function settings and may change the deal');
    await head.del(at, { expect: 204 });
  });

  it('may be deleted by nobody else who merely reads the record', async () => {
    const { id } = await deal(petrov);
    const words = await note(head, id, 'Поручение');
    assert.deepEqual(codes(await petrov.del(`${NOTES}/${words.id}`)).slice(0, 2), [403, 'note_of_another']);
    assert.deepEqual((await feed(petrov, id, '?kinds=note')).rows[0].can, ['pin']);
  });

  it('are pinned by who may change the record, and stand first on the first page alone', async () => {
    const { id } = await deal(petrov);
    const words = await note(head, id, 'Важное');
    for (let i = 0; i < 3; i++) await note(petrov, id, `${i}`);
    await petrov.patch(`${NOTES}/${words.id}`, { pinned: true }, { expect: 200 });
    const first = await feed(petrov, id, '?limit=2');
    assert.deepEqual(first.pinned.map((p) => p.id), [words.id]);
    const second = await feed(petrov, id, `?limit=2&before=${first.next}`);
    assert.ok(!('pinned' in second));
    assert.deepEqual((await feed(petrov, id, '?kinds=change')).pinned, []);
  });

  it('need a text, and a record', async () => {
    const { id } = await deal(petrov);
    assert.deepEqual(codes(await petrov.post(NOTES, { record: id, text: '' })), [422, 'invalid', [['text', 'required']]]);
    assert.equal((await petrov.post(NOTES, { record: id, text: 'a'.repeat(10001) }, { asWritten: true })).status, 422);
    assert.ok([403, 422].includes((await petrov.post(NOTES, { text: 'Ни о чём' }, { asWritten: true })).status));
    assert.ok([403, 422].includes((await petrov.post(NOTES, { record: 9999, text: 'Ни о чём' })).status));
  });

  it('go into the recycle bin and out of sight with their record', async () => {
    const { id } = await deal(petrov);
    const words = await note(petrov, id, 'Вместе');
    await head.del(`${DEALS}/${id}`, { expect: 204 });
    for (const client of [petrov, head])
      for (const path of [`${NOTES}/${words.id}`, `${DEALS}/${id}/timeline`]) assert.equal((await client.get(path)).status, 404, path);
    await head.post(`${DEALS}/${id}/restore`, {}, { expect: 200 });
    await petrov.get(`${NOTES}/${words.id}`, { expect: 200 });
    await head.patch(`${DEALS}/${id}`, { owner: sidorova.user.id }, { expect: 200 });
    assert.equal((await petrov.get(`${NOTES}/${words.id}`)).status, 404, 'he gave it away');
    await sidorova.get(`${NOTES}/${words.id}`, { expect: 200 });
  });

  it('are found by their words, by exactly those who may read them, while they are there', async () => {
    const { id } = await deal(petrov, { title: 'Погрузчик' });
    const words = await note(head, id, 'Звонили утром.\nПросят рассрочку на два года', { pinned: true });
    const found = async (who, q) => {
      const { groups } = (await who.get(`/api/v1/search?q=${encodeURIComponent(q)}`, { expect: 200 })).json;
      return groups.find((g) => g.entity === 'sales.deal_notes');
    };
    const listed = async (who, q) => (await who.get(`${NOTES}?q=${encodeURIComponent(q)}`, { expect: 200 })).json.rows.map((r) => r.id);
    for (const who of [head, petrov]) {
      const group = await found(who, 'рассрочка');
      const [row] = group.rows;
      assert.deepEqual([group.total, row.id, row.label], [1, words.id, null]);
      assert.deepEqual(row.record, { entity: 'sales.deal', id, label: 'Погрузчик' });
      assert.deepEqual([row.excerpt.field, row.excerpt.text], ['text', 'Просят рассрочку на два года']);
      assert.deepEqual(row.excerpt.at.map((at) => row.excerpt.text.slice(...at)), ['рассрочку']);
      assert.deepEqual(await listed(who, 'рассрочка'), [words.id]);
    }
    assert.deepEqual([await found(sidorova, 'рассрочка'), await listed(sidorova, 'рассрочка')], [undefined, []]);
    await head.patch(`${DEALS}/${id}`, { stage: 'lost', lost_reason: 'price' }, { expect: 200 });
    await belova.get(`${DEALS}/${id}`, { expect: 200 });
    assert.equal(await found(belova, 'рассрочка'), undefined, 'her right to the deal shows no notes');
    await head.patch(`${NOTES}/${words.id}`, { text: 'Просят лизинг' }, { expect: 200 });
    assert.deepEqual([await found(head, 'рассрочка'), (await found(head, 'лизинга')).total], [undefined, 1]);
    await head.del(`${DEALS}/${id}`, { expect: 204 });
    assert.equal(await found(head, 'лизинг'), undefined);
    await head.post(`${DEALS}/${id}/restore`, {}, { expect: 200 });
    assert.equal((await found(head, 'лизинг')).total, 1);
    await head.patch(`${DEALS}/${id}`, { owner: sidorova.user.id }, { expect: 200 });
    assert.deepEqual([await found(petrov, 'лизинг'), (await found(sidorova, 'лизинг')).total], [undefined, 1]);
    await head.del(`${NOTES}/${words.id}`, { expect: 204 });
    assert.equal(await found(head, 'лизинг'), undefined);
  });

  it('are told to browsers of those who read the record, by an event of it', async () => {
    const { id } = await deal(petrov);
    const [his, hers] = [await petrov.events(), await sidorova.events()];
    const of = (stream) => stream.seen.filter((e) => e.event === 'record' && e.data.entity === 'sales.deal' && e.data.id === id);
    const { rev } = (await petrov.get(`${DEALS}/${id}`, { expect: 200 })).json;
    await note(head, id, 'Новое');
    const told = await until(() => of(his)[0]);
    assert.deepEqual(told.data, { entity: 'sales.deal', id, rev, op: 'updated', fields: [] });
    await make(head, TASKS, { title: 'Дело', deal: id, owner: petrov.user.id });
    await until(() => of(his).length === 2);
    const hidden = await make(head, TASKS, { title: 'Тайное', deal: id, owner: sidorova.user.id });
    await head.patch(`${TASKS}/${hidden.id}`, { title: 'Тайное дело' }, { expect: 200 });
    await note(head, id, 'После тайного');
    await until(() => of(his).length > 2);
    assert.equal(of(his).length, 3, 'of a task that he may not see he learns nothing');
    await deal(sidorova, { title: 'Своя' });
    await until(() => hers.seen.some((e) => e.event === 'record'));
    assert.equal(of(hers).length, 0);
    his.close();
    hers.close();
  });

  it('carry files, which are read by who reads them', async () => {
    const { id } = await deal(petrov);
    const sent = await petrov.request('POST', '/api/v1/file?name=schema.txt', Buffer.from('план'), { raw: true, headers: { 'content-type': 'application/octet-stream' }, expect: 201 });
    const words = await note(petrov, id, 'Схема', { files: [sent.json.id] });
    assert.equal(words.files[0].name, 'schema.txt');
    const path = `/api/v1/file/${words.files[0].id}`;
    assert.equal((await head.get(path)).status, 200);
    assert.equal((await sidorova.get(path)).status, 404);
  });
});

describe('kinds of a timeline that a ТЗ names', () => {
  after(() => server.stop());

  it('are those that the role sees', async () => {
    await start(dealer.replace('fields: [title, amount, stage, closed_at]}', 'fields: [title, amount, stage, closed_at], timeline: [note]}'));
    const { id } = await deal(petrov);
    await note(petrov, id, 'Оплату ждём в среду');
    await head.patch(`${DEALS}/${id}`, { stage: 'lost', lost_reason: 'price' }, { expect: 200 });
    assert.deepEqual(brief(await feed(belova, id)), [['note', 'Оплату ждём в среду']]);
    assert.deepEqual(codes(await belova.get(`${DEALS}/${id}/timeline?kinds=stage`)), [422, 'invalid', [['kinds', 'not_a_choice']]]);
    await note(belova, id, 'Счёт закрыт');
    assert.equal((await feed(petrov, id, '?kinds=note')).rows.length, 2);
  });
});

describe('who reads notes of his own deals, and of others\' some fields', () => {
  before(() => start(dealer, people.replace(/^(petrov,.*)manager$/m, '$1manager accountant')));
  after(() => server.stop());

  it('is told of a mention on his own deals alone', async () => {
    const notices = async () => (await petrov.get('/api/v1/notification?kind=mention', { expect: 200 })).json.rows.map((n) => n.record);
    const [his, hers] = [await deal(petrov), await deal(sidorova)];
    await head.patch(`${DEALS}/${hers.id}`, { stage: 'lost', lost_reason: 'price' }, { expect: 200 });
    await petrov.get(`${DEALS}/${hers.id}`, { expect: 200 });
    const hidden = await note(sidorova, hers.id, '@Пётр Петров, тайное', { mentions: [petrov.user.id] });
    assert.deepEqual(hidden.not_told.map((m) => m.label), ['Пётр Петров']);
    assert.equal((await petrov.get(`${NOTES}/${hidden.id}`)).status, 404);
    const shown = await note(head, his.id, '@Пётр Петров, явное', { mentions: [petrov.user.id] });
    assert.deepEqual(shown.not_told, []);
    await petrov.get(`${NOTES}/${shown.id}`, { expect: 200 });
    assert.deepEqual(await notices(), [his.id]);
  });
});

describe('a clock that was set back', () => {
  before(() => start());
  after(() => server.stop());

  async function setClock(moment) {
    server.process.kill('SIGTERM');
    await server.exited;
    fs.writeFileSync(path.join(server.data, 'sandbox'), moment);
    await server.start();
    await enter();
  }

  it('takes no change out of the pages: older ones stand behind the newest as they were written', async () => {
    await server.advance('3h');
    const { id } = await deal(petrov);
    await petrov.patch(`${DEALS}/${id}`, { amount: '1' }, { expect: 200 });
    await setClock('2027-01-18T07:30:00Z');
    await petrov.patch(`${DEALS}/${id}`, { amount: '2' }, { expect: 200 });
    await server.advance('30m');
    await note(petrov, id, 'После');
    const whole = (await feed(petrov, id)).rows;
    assert.deepEqual(whole.map((r) => r.kind), ['note', 'change', 'change', 'change']);
    assert.deepEqual(whole.slice(1, 3).map((r) => r.changes[0].new), ['2.00', '1.00']);
    for (const limit of [1, 2, 3]) assert.deepEqual((await walk(petrov, id, limit)).flat().map(keyOf), whole.map(keyOf), limit);
  });
});
