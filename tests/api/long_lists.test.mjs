// A list over more than can be looked through in its time: what it has found, where it goes on, and what ends it.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { metrics } from '../harness/metrics.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const NOTES = '/api/v1/fleet.note';
// Every one of these words has to be looked for in every row: some milliseconds each.
const WORDS = Array.from({ length: 58 }, (_, i) => `слово${i}`);
const SOME = 12; // several rows in a part
const FEW = `any: [${WORDS.slice(0, SOME).map((word) => `{text: {has: ${word}}}`).join(', ')}, {place: 39}]`;
const tz = dealer
  .replace('pipelines:', `entities:
  fleet.note:
    title: [заметка, заметки, заметок]
    shown: name
    fields:
      name: {type: text, title: Имя, required: true, search: true}
      place: {type: int, title: Место}
      text: {type: multiline, title: Текст}
pipelines:`)
  .replace('sales.*: {read: team', 'fleet.note: {read: all, create: all, update: all, delete: all}\n      sales.*: {read: team')
  .replace('sales.deal: {read: {where: {outcome', `fleet.note: {read: {where: {${FEW}}}}\n      sales.deal: {read: {where: {outcome`);

const ROWS = 80;
const THROWN = 30;
const LONG = 'Ёлки и палки. '.repeat(640);
const words = WORDS.map((word) => ['text', 'has', word]);
const hard = (found, most = words.length) => new URLSearchParams({ filter: JSON.stringify(['or', ...words.slice(0, most), ['place', 'in', found]]) });

describe('a list that cannot end in time', () => {
  let server, head;

  before(async () => {
    server = await startServer({ tz, args: ['--part', '40'] });
    head = await server.as('ivanova');
    for (let i = 0; i < ROWS; i += 20)
      await Promise.all(Array.from({ length: 20 }, (_, k) => head.post(NOTES, { name: 'З', place: (i + k) % 40, text: LONG }, { expect: 201 })));
  });
  after(() => server.stop());

  /** The whole of a list: its rows, its parts that had none, its pages that had some. One that takes long has some of the former. */
  async function whole(who, search, isLong = true) {
    const found = { rows: [], empty: [], pages: 0, next: [], last: null };
    const begun = performance.now();
    for (let next = ''; next !== null; ) {
      const { json } = await who.get(`${NOTES}?${search}${next && `&after=${next}`}`, { expect: 200 });
      found.rows.push(...json.rows);
      found.last = json;
      next = json.next;
      if (next) found.next.push(next);
      if (json.rows.length) found.pages++;
      if (!json.partial) continue;
      assert.ok(next && json.walked >= 0 && json.walked < 100, `${json.walked} %`);
      if (!json.rows.length) found.empty.push(json);
    }
    assert.ok(!isLong || found.empty.length || performance.now() - begun < 500);
    return found;
  }

  const isNewestFirst = (rows, places) => {
    const ids = rows.map((row) => row.id);
    assert.deepEqual(ids, [...ids].sort((x, y) => y - x));
    assert.deepEqual(rows.map((row) => row.place).sort((x, y) => x - y), places);
  };

  it('says what it has found and how far it is, and leads on to all the rest', async () => {
    const found = [];
    let parts = 0, walked = 0, next = '';
    do {
      const { json } = await head.get(`${NOTES}?${hard([3])}&fields=place${next && `&after=${next}`}`, { expect: 200 });
      found.push(...json.rows);
      next = json.next;
      if (!json.partial) continue;
      parts++;
      assert.ok(next && json.walked >= walked && json.walked < 100, `${json.walked} % after ${walked} %`);
      walked = json.walked;
    } while (next);
    assert.ok(parts > 0 && walked > 0);
    assert.deepEqual(found.map((row) => row.place), Array(ROWS / 40).fill(3));
    const ids = found.map((row) => row.id);
    assert.deepEqual(ids, [...new Set(ids)].sort((x, y) => y - x));
  });

  it('puts in order what no index does, however many parts a page takes', async () => {
    const { rows } = await whole(head, `${hard([3, 7, 11], SOME)}&sort=-place,id&fields=place`);
    assert.deepEqual(rows.map((row) => row.place), [11, 11, 7, 7, 3, 3]);
    const ids = rows.map((row) => row.id);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(ids.every((id, i) => i % 2 === 0 || id > ids[i - 1]), ids.join());
  });

  it('goes on where it has met no row that its asker may read', async () => {
    const accountant = await server.as('belova');
    const { rows, empty } = await whole(accountant, 'sort=created_at&fields=place');
    assert.deepEqual(rows.map((row) => row.place), Array(ROWS / 40).fill(39));
    for (const { next } of empty) {
      const other = await accountant.get(`${NOTES}?sort=-created_at&after=${next}`, { expect: 400 });
      assert.equal(other.json.code, 'bad_cursor');
    }
  });

  it('puts in order what words find, and says that there is nothing only at the end', async () => {
    const named = `q=${encodeURIComponent('З')}`;
    const { rows } = await whole(head, `${hard([3, 7, 11], SOME)}&${named}&sort=-place,id&fields=place`);
    assert.deepEqual(rows.map((row) => row.place), [11, 11, 7, 7, 3, 3]);
    const newest = await whole(head, `${hard([3, 7], SOME)}&${named}&fields=place`);
    isNewestFirst(newest.rows, [3, 3, 7, 7]);
    for (const sort of ['place', '-id']) {
      const none = await whole(head, `${hard([-1], SOME)}&${named}&sort=${sort}`);
      assert.deepEqual([none.rows, none.last.total, none.last.approx], [[], 0, false], sort);
    }
    assert.equal((await head.get(`${NOTES}?${named}&after=${newest.empty[0]?.next ?? newest.next[0]}`, { expect: 400 })).json.code, 'bad_cursor');
  });

  it('goes on in the reading of the words that it had come to', async () => {
    const { rows, pages, last, next } = await whole(head, `${hard([3, 7], SOME)}&q=p&sort=-place,id&fields=place&limit=3`);
    assert.deepEqual(rows.map((row) => row.place), [7, 7, 3, 3]);
    assert.deepEqual([pages, last.read_as], [2, 'з']);
    const other = await head.get(`${NOTES}?${hard([3, 7], SOME)}&q=r&sort=-place,id&after=${next[0]}`, { expect: 400 });
    assert.equal(other.json.code, 'bad_cursor');
  });

  it('looks through the recycle bin in parts as well', async () => {
    for (let i = 0; i < THROWN; i += 15) {
      const made = await Promise.all(Array.from({ length: 15 }, (_, k) => head.post(NOTES, { name: 'Урна', place: 100 + ((i + k) % 15), text: LONG }, { expect: 201 })));
      await Promise.all(made.map(({ json }) => head.del(`${NOTES}/${json.id}`, { expect: 204 })));
    }
    for (const named of ['', `&q=${encodeURIComponent('урна')}`]) {
      const { rows } = await whole(head, `deleted=only&${hard([103, 111], SOME)}${named}&sort=-place,id&fields=place`, false);
      assert.deepEqual(rows.map((row) => row.place), [111, 111, 103, 103]);
      const newest = await whole(head, `deleted=only&${hard([103, 111])}${named}&fields=place`, false);
      isNewestFirst(newest.rows, [103, 103, 111, 111]);
    }
    const none = await whole(head, `deleted=only&${hard([-1])}&sort=-deleted_at`, false);
    assert.deepEqual([none.rows, none.last.total], [[], 0]);
  });

  it('ends when its asker leaves', async () => {
    server.options.args = []; // then it takes long enough to be left
    await server.restart();
    head = await server.as('ivanova');
    const figure = async (name) => (await metrics(head))[`karkas_${name}`];
    const [was, slow] = [await figure('reads_left_total'), await figure('reads_moved_total{pool="slow"}')];
    const asker = await server.as('ivanova');
    const asked = asker.get(`${NOTES}?${hard([-1])}`).catch((e) => e);
    await until(async () => (await figure('reads_moved_total{pool="slow"}')) > slow, 'it goes to the slow pool');
    for (const sockets of Object.values(asker.agent.sockets)) for (const s of sockets) s.destroy();
    assert.ok((await asked) instanceof Error);
    await until(async () => (await figure('reads_left_total')) === was + 1, 'it is given up');
  });
});
