// kill -9 while a ТЗ that changes the tables is applied, at a first start and while a copy is restored: what was
// acknowledged is there, the state is the one before or the one after, and the same command then succeeds.
// KARKAS_CRASH_SECONDS (20): one round of each, more with more; KARKAS_CRASH_SEED for the same moments again.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Server, startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';
import { Ledger } from './ledger.mjs';
import { cutterOf, randomOf } from './random.mjs';

const ROUNDS = Math.max(1, Math.round(Number(process.env.KARKAS_CRASH_SECONDS ?? 20) / 20));
const SEED = Number(process.env.KARKAS_CRASH_SEED ?? Date.now() % 1e9);
const LEADS = '/api/v1/sales.lead';
const NUMBERS = 50; // leads whose number the ТЗ stores in another way

/** The number of a lead as one type and as another, which is stored in a column of its own; what goes with it. */
const SHAPES = {
  int: { size: '{type: int, title: Размер, index: true}', more: '', of: (n) => n },
  decimal: {
    size: '{type: decimal, scale: 2, title: Размер}',
    more: '    place: {type: text, title: Место, index: true, search: true}\nentities:\n  own.part:\n    title: Деталь\n    fields: {name: {type: text, title: Имя, required: true}}\n',
    of: (n) => `${n}.00`,
  },
};
const textOf = ({ size, more }) => dealer
  .replace('      sales.*: {read: team', (line) => (more ? `      own.part: {read: all}\n${line}` : line))
  .replace('integrations:\n', `fields:\n  sales.lead:\n    size: ${size}\n${more}integrations:\n`);

const random = randomOf(SEED);
const cut = cutterOf(random);

async function all(client) {
  const rows = [];
  for (let cursor; ; ) {
    const params = new URLSearchParams({ limit: 200, sort: 'id', ...(cursor && { after: cursor }) });
    const page = (await client.get(`${LEADS}?${params}`, { expect: 200 })).json;
    rows.push(...page.rows);
    if (!(cursor = page.next)) return rows;
  }
}

describe(`kill -9 at a command (rounds: ${ROUNDS}, seed ${SEED})`, () => {
  let server, head, manager, startTook;

  before(async () => {
    const begun = Date.now();
    server = await startServer({ tz: textOf(SHAPES.int) });
    startTook = Date.now() - begun;
    head = await server.as('ivanova');
    manager = await server.as('petrov');
  });
  after(() => server?.stop());

  /** Writes until it is cut off; the names go into the ledger. */
  async function write(ledger, round) {
    for (let i = 0; ; i++) {
      const promise = ledger.begin('record', `запись ${round}.${i}`);
      try {
        const made = await manager.post(LEADS, { title: promise.name });
        assert.equal(made.status, 201, made.text);
        ledger.acknowledge(promise);
      } catch (error) {
        if (error.code === 'ERR_ASSERTION') throw error;
        return ledger.interrupt();
      }
    }
  }

  /** The type in force, when every value is of it and what comes with it is all there or not at all. */
  async function shapeInForce() {
    const { entities } = (await head.get('/api/v1/meta', { expect: 200 })).json;
    const { size, place } = entities['sales.lead'].fields;
    assert.equal(size.type in SHAPES, true, size.type);
    const isDecimal = size.type === 'decimal';
    assert.deepEqual([!!place, !!entities['own.part']], [isDecimal, isDecimal]);
    const numbers = (await all(head)).filter((row) => row.title.startsWith('число '));
    assert.equal(numbers.length, NUMBERS);
    for (const row of numbers) assert.equal(row.size, SHAPES[size.type].of(Number(row.title.split(' ')[1])), row.title);
    return size.type;
  }

  it('a change of the tables is whole or not there, and is made by the same command', async () => {
    const ledger = new Ledger();
    const file = (type) => path.join(server.home, `${type}.yaml`);
    const apply = (type) => server.tell('tz', 'apply', file(type));
    for (const [type, shape] of Object.entries(SHAPES)) fs.writeFileSync(file(type), textOf(shape));
    await Promise.all(Array.from({ length: NUMBERS }, (_, n) => head.post(LEADS, { title: `число ${n}`, size: n }, { expect: 201 })));
    const { took, error } = await cut(apply('decimal'));
    assert.equal(error, undefined);
    const outcomes = [];
    for (let round = 0, was = 'decimal'; round < ROUNDS; round++) {
      const next = was === 'int' ? 'decimal' : 'int';
      const writing = write(ledger, round);
      const before = ledger.acknowledged('record').length;
      await until(() => ledger.acknowledged('record').length > before, 'a record is written');
      const applied = await cut(apply(next), () => server.kill(), 1.5 * took); // it takes longer while others write
      await writing;
      await server.start();
      const found = await shapeInForce();
      assert.ok(found === next || !('value' in applied), 'what was said to be in force is');
      outcomes.push(`${found === next ? 'new' : 'old'} after ${applied.took} ms`);
      await apply(next);
      assert.equal(await shapeInForce(), next);
      was = next;
    }
    console.log(`apply takes ${took} ms; ${outcomes.join(', ')}`);
    const { lost, doubled, strange } = ledger.compare('record', (await all(head)).map((r) => r.title).filter((t) => t.startsWith('запись')));
    assert.deepEqual({ lost, doubled, strange }, { lost: [], doubled: [], strange: [] });
  });

  it('a first start is begun again, and its one-time code lets the administrator in', async () => {
    const took = [];
    for (let round = 0; round < ROUNDS; round++) {
      const fresh = new Server({ tzFile: server.tz });
      const begun = await cut(fresh.start(), () => fresh.kill(), startTook);
      took.push(`${begun.took} ms${begun.error ? '' : ' (had begun)'}`);
      const code = () => fs.readFileSync(path.join(fresh.data, 'first-login.txt'), 'utf8').match(/^admin (\S+)\n$/)?.[1];
      const told = /first login: \S+\n/.test(fresh.log) && code();
      await fresh.start();
      const kept = code();
      fresh.adminCode ??= kept;
      assert.equal(fresh.adminCode, kept);
      if (told) assert.equal(kept, told, 'the code that was told first');
      const admin = await fresh.as('admin');
      assert.equal((await admin.list('user')).length, 6, 'the people of the ТЗ and he');
      await fresh.stop();
    }
    console.log(`a first start takes ${startTook} ms; cut after ${took.join(', ')}`);
  });

  it('a copy is restored whole or not at all, and by the same command', async () => {
    const upload = { raw: true, expect: 201, headers: { 'content-type': 'application/octet-stream' } };
    for (let n = 0; n < 8; n++) await head.request('POST', `/api/v1/file?name=${n}.bin`, Buffer.alloc(200_000, n), upload);
    const copy = path.join(server.home, 'copy.karkas');
    const { code, err } = await server.command('backup', copy);
    assert.equal(code, 0, err);
    const restore = (data) => server.command('--data', data, 'restore', copy);
    const isSame = (a, b) => spawnSync('diff', ['-r', a, b]).status === 0;
    const kept = fs.readdirSync(`${copy}.data`);
    assert.ok(kept.includes('ca.key'), kept.join());
    const isWhole = (data) =>
      isSame(path.join(data, 'karkas.db'), copy) && isSame(path.join(data, 'files'), `${copy}.files`) &&
      kept.every((name) => isSame(path.join(data, name), path.join(`${copy}.data`, name)));
    const whole = await cut(restore(path.join(server.home, 'whole')));
    assert.equal(whole.value.code, 0, whole.value.err);
    assert.ok(isWhole(path.join(server.home, 'whole')));
    const outcomes = [];
    for (let round = 0; round < 2 * ROUNDS; round++) {
      const data = path.join(server.home, `restored${round}`);
      const running = restore(data);
      const killed = await cut(running, () => running.child.kill('SIGKILL'), whole.took);
      const isThere = fs.existsSync(path.join(data, 'karkas.db'));
      const isToComplete = fs.existsSync(path.join(data, 'restore.whole/backup.json'));
      outcomes.push(`${isToComplete ? 'to complete' : isThere ? 'new' : 'old'} after ${killed.took} ms`);
      const again = await restore(data);
      if (isToComplete) assert.match(again.out, /доведено до конца/);
      else if (isThere) assert.match(again.err, /не пуст/, 'it is done and says so');
      else assert.equal(again.code, 0, again.err);
      assert.ok(isWhole(data));
    }
    console.log(`restore takes ${whole.took} ms; ${outcomes.join(', ')}`);
  });
});
