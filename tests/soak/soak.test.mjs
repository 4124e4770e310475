// A busy day for KARKAS_SOAK_SECONDS (600): people read, search, change and delete, the site sends forms, streams come and
// go, somebody exports, saves a copy and applies the ТЗ. Nothing fails, nothing grows that should not, nothing is left over.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { memoryOf, metrics } from '../harness/metrics.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer, withFiles } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const SECONDS = Number(process.env.KARKAS_SOAK_SECONDS ?? 600);
const PEOPLE = 6;
const WAL_MOST = 160 << 20; // the cap of the log, and a group on top of it
const PERSONS = '/api/v1/contacts.person';
const LEADS = '/api/v1/sales.lead';
const tz = withFiles(dealer).replace('  delete: [ivanova]', '  delete: [ivanova]\n  export: [ivanova]');

describe(`a busy day in ${SECONDS} s`, () => {
  let server, head, admin, end;
  const left = () => performance.now() < end;
  const done = {};
  const count = (what) => (done[what] = (done[what] ?? 0) + 1);

  before(async () => {
    server = await startServer({ tz, args: ['--tls', 'off'] });
    [head, admin] = [await server.as('ivanova'), await server.as('admin')];
  });
  after(() => server?.stop());

  const files = () => fs.readdirSync(`/proc/${server.process.pid}/fd`).length;

  /** One person: what he makes he reads, finds, changes and, but for each tenth, takes away again. */
  async function person(n) {
    const client = Object.assign(server.client(), { cookie: head.cookie, csrf: head.csrf });
    for (let i = 0; left(); i++) {
      const name = `Соколов ${n} ${i}`;
      const phone = `+7916${String(n * 1000000 + (i % 1000000)).padStart(7, '0')}`;
      const { id } = (await client.post(PERSONS, { name, phone: [phone], city: 'Тула' }, { expect: 201 })).json;
      await client.get(`${PERSONS}/${id}`, { expect: 200 });
      await client.get(`${PERSONS}?limit=50&sort=-created_at`, { expect: 200 });
      await client.get(`/api/v1/search?q=${encodeURIComponent('Сокол')}`, { expect: 200 });
      await client.patch(`${PERSONS}/${id}`, { city: 'Казань' }, { expect: 200 });
      await client.get(`${PERSONS}/${id}/history`, { expect: 200 });
      if (i % 10) await client.del(`${PERSONS}/${id}`, { expect: 204 });
      count('persons');
    }
  }

  async function site() {
    const visitor = server.client();
    for (let i = 0; left(); i++) {
      const reply = await visitor.post('/hook/site', { name: `Гость ${i}`, phone: `+7903${String(i).padStart(7, '0')}`, text: 'Нужен кран' }, { asWritten: true });
      assert.ok([202, 429].includes(reply.status), `${reply.status} ${reply.text}`);
      count(reply.status === 202 ? 'forms' : 'forms told to wait');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async function streams() {
    while (left()) {
      const open = await Promise.all(Array.from({ length: 20 }, () => head.events()));
      await until(() => open.every((one) => one.seen.length > 0), 'each stream hears something');
      for (const one of open) one.close();
      count('rounds of streams');
    }
  }

  async function office() {
    const copy = path.join(server.home, 'copy.karkas');
    while (left()) {
      await head.get(`${PERSONS}/export?format=csv`, { expect: 200 });
      await server.tell('backup', copy);
      fs.rmSync(copy, { recursive: true });
      await server.tell('tz', 'apply', server.tz);
      count('rounds of the office');
    }
  }

  it('neither fails nor grows', async () => {
    const seen = [];
    end = performance.now() + SECONDS * 1000;
    const look = async () => seen.push({ ...(await memoryOf(server, admin)), files: files(), wal: walBytes() });
    const watch = setInterval(() => look().catch(() => {}), (SECONDS * 1000) / 40);
    const walBytes = () => fs.statSync(path.join(server.data, 'karkas.db-wal'), { throwIfNoEntry: false })?.size ?? 0;
    try {
      await Promise.all([...Array.from({ length: PEOPLE }, (_, n) => person(n)), site(), streams(), office()]);
    } finally {
      clearInterval(watch);
    }
    const most = (from, to, what) => Math.max(...seen.slice(from, to).map((one) => one[what]));
    const half = seen.length >> 1, quarter = seen.length >> 2;
    console.log(`# ${JSON.stringify(done)}; own memory ${most(quarter, half, 'own')} then ${most(half, seen.length, 'own')} KB, ` +
      `pages of the database ${most(0, seen.length, 'cached')} KB, resident ${most(0, seen.length, 'rss')} KB, files ${most(quarter, half, 'files')} then ${most(half, seen.length, 'files')}, log ${most(0, seen.length, 'wal') >> 20} MB`);
    assert.ok(seen.length > 20, 'it was watched');
    assert.ok(most(half, seen.length, 'own') <= most(quarter, half, 'own') * 1.15 + 4096, 'its own memory does not grow');
    assert.ok(most(half, seen.length, 'files') <= most(quarter, half, 'files') + 8, 'no file stays open');
    assert.ok(most(0, seen.length, 'wal') <= WAL_MOST, 'the log of the database is cut back');
  });

  it('leaves nothing undone: each form is a lead, and the whole is sound after a start', async () => {
    const total = async (list) => (await head.get(`${list}limit=1`, { expect: 200 })).json.total;
    const all = async () => [await total(`${LEADS}?source=site&`), await total(`${PERSONS}?`)];
    await until(async () => (await metrics(admin)).karkas_inbox_waiting === 0, 'the last form', 60000);
    const found = await all();
    assert.ok(found[0] === Math.min(done.forms, 1000) && found[1] > 0, `${found} of ${JSON.stringify(done)}`);
    await server.restart();
    head = await server.as('ivanova');
    assert.deepEqual(await all(), found);
    const page = (await head.get(`${LEADS}?source=site&limit=1`, { expect: 200 })).json;
    assert.ok(page.rows.length === 1 && page.rows[0].contact, 'with its contact');
    assert.equal(server.log.match(/^.* level=error .*$/m)?.[0], undefined);
  });
});
