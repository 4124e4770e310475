// A list over more than can be looked through in its time: what it has found, where it goes on, and what ends it.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { metrics } from '../harness/metrics.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const NOTES = '/api/v1/fleet.note';
const tz = dealer
  .replace('pipelines:', `entities:
  fleet.note:
    title: [заметка, заметки, заметок]
    shown: name
    fields:
      name: {type: text, title: Имя, required: true}
      place: {type: int, title: Место}
      text: {type: multiline, title: Текст}
pipelines:`)
  .replace('sales.*: {read: team', 'fleet.note: {read: all, create: all, update: all}\n      sales.*: {read: team');

const ROWS = 80;
const LONG = 'Ёлки и палки. '.repeat(640);
// Every one of these words has to be looked for in every row: some milliseconds each.
const words = Array.from({ length: 58 }, (_, i) => ['text', 'has', `слово${i}`]);
const hard = (found) => new URLSearchParams({ filter: JSON.stringify(['or', ...words, ['place', 'in', found]]) });

describe('a list that cannot end in time', () => {
  let server, head;

  before(async () => {
    server = await startServer({ tz, args: ['--part', '40'] });
    head = await server.as('ivanova');
    for (let i = 0; i < ROWS; i += 20)
      await Promise.all(Array.from({ length: 20 }, (_, k) => head.post(NOTES, { name: 'З', place: (i + k) % 40, text: LONG }, { expect: 201 })));
  });
  after(() => server.stop());

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

  it('names the field of an order that no index gives, for then every row may be the first', async () => {
    const { json } = await head.get(`${NOTES}?${hard([-1])}&sort=place`, { expect: 504 });
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
