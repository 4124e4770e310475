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
  .replace('sales.*: {read: team', 'fleet.note: {read: all, create: all, update: all}\n      sales.*: {read: team')
  .replace('sales.deal: {read: {where: {outcome', `fleet.note: {read: {where: {${FEW}}}}\n      sales.deal: {read: {where: {outcome`);

const ROWS = 80;
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

  /** The whole of a list: its rows, and its parts that had none. One that takes long has some. */
  async function whole(who, search) {
    const found = { rows: [], empty: [] };
    const begun = performance.now();
    for (let next = ''; next !== null; ) {
      const { json } = await who.get(`${NOTES}?${search}${next && `&after=${next}`}`, { expect: 200 });
      found.rows.push(...json.rows);
      next = json.next;
      if (!json.partial) continue;
      assert.ok(next && json.walked >= 0 && json.walked < 100, `${json.walked} %`);
      if (!json.rows.length) found.empty.push(json);
    }
    assert.ok(found.empty.length || performance.now() - begun < 500);
    return found;
  }

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

  it('names the field of an order of words that no index gives, for then every row may be the first', async () => {
    const { json } = await head.get(`${NOTES}?${hard([-1])}&q=${encodeURIComponent('З')}&sort=place`, { expect: 504 });
    assert.equal(json.code, 'slow_sort');
    assert.equal(json.params.field, 'place');
    assert.match(json.detail, /«Место»/);
    const few = await head.get(`${NOTES}?place=3&sort=place&fields=place`, { expect: 200 });
    assert.equal(few.json.total, ROWS / 40);
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
