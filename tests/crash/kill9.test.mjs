// kill -9 at random moments while records, changes and forms are written: what was acknowledged is
// there exactly once. KARKAS_CRASH_SECONDS (20) of it, KARKAS_CRASH_SEED for the same moments again.

import assert from 'node:assert/strict';
import * as https from 'node:https';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';
import { Ledger } from './ledger.mjs';
import { randomOf } from './random.mjs';

const SECONDS = Number(process.env.KARKAS_CRASH_SECONDS ?? 20);
const SEED = Number(process.env.KARKAS_CRASH_SEED ?? Date.now() % 1e9);
const LEADS = '/api/v1/sales.lead';
const WRITERS = 4;
const SITES = 2;

describe(`kill -9 for ${SECONDS} s (seed ${SEED})`, () => {
  const ledger = new Ledger();
  const random = randomOf(SEED);
  const counters = new Map(); // id of a record -> the last acknowledged value of its counter
  const managers = [];
  let server, head, up, stopping = false, rounds = 0;

  before(async () => {
    server = await startServer();
    head = await server.as('ivanova');
    for (let n = 0; n < WRITERS; n++) managers.push(await server.as('petrov'));
  });
  after(() => server?.stop());

  /** Sends until an answer comes; the same Idempotency-Key each time. */
  async function surely(client, method, at, body, key) {
    for (;;) {
      await up;
      try {
        const reply = await client.request(method, at, body, { headers: { 'idempotency-key': key } });
        if (reply.status !== 503) return reply;
      } catch {
        ledger.interrupt();
      }
    }
  }

  async function writeRecords(n) {
    const client = managers[n];
    for (let i = 0; !stopping; i++) {
      const name = `запись ${n}.${i}`;
      const promise = ledger.begin('record', name);
      const made = await surely(client, 'POST', LEADS, { title: name }, `r-${n}-${i}`);
      assert.equal(made.status, 201, made.text);
      ledger.acknowledge(promise);
      const { id } = made.json;
      for (let v = 1; v <= 2; v++) {
        const changed = await surely(client, 'PATCH', `${LEADS}/${id}`, { amount: String(v) }, `p-${n}-${i}-${v}`);
        assert.equal(changed.status, 200, changed.text);
        counters.set(id, v);
      }
    }
  }

  /** A visitor sends once: an answer that is lost is not asked for again. */
  async function sendForms(n) {
    const client = server.client();
    for (let i = 0; !stopping; i++) {
      // Every visitor from an address of his own: the quota is another test's subject.
      client.agent = new https.Agent({ ca: server.ca, localAddress: `127.0.${n + 1}.${(i % 250) + 1}` });
      const name = `форма ${n}.${i}`;
      const phone = `+7916${String(n * 1000000 + i).padStart(7, '0')}`;
      const promise = ledger.begin('form', name);
      await up;
      try {
        const reply = await client.post('/hook/site', { name, phone, text: name });
        if (reply.status === 202) ledger.acknowledge(promise);
        else assert.equal(reply.status, 503, reply.text);
      } catch (error) {
        if (error.code === 'ERR_ASSERTION') throw error;
        ledger.interrupt();
      }
      client.agent.destroy();
    }
  }

  async function killOften() {
    const end = Date.now() + SECONDS * 1000;
    while (Date.now() < end && !stopping) {
      await new Promise((resolve) => setTimeout(resolve, 30 + random() * 900));
      let isUp;
      up = new Promise((resolve) => (isUp = resolve));
      await server.kill();
      await server.start();
      rounds++;
      isUp();
    }
    stopping = true;
  }

  async function all(entity, query, client = head) {
    const rows = [];
    for (let cursor; ; ) {
      const params = new URLSearchParams({ limit: 200, sort: 'id', ...query, ...(cursor && { after: cursor }) });
      const page = (await client.get(`/api/v1/${entity}?${params}`, { expect: 200 })).json;
      rows.push(...page.rows);
      if (!(cursor = page.next)) return rows;
    }
  }

  function judge(kind, found) {
    const { promised, lost, doubled, strange } = ledger.compare(kind, found);
    console.log(`${kind}: acks=${promised} lost=${lost.length} doubled=${doubled.length} strange=${strange.length}`);
    assert.deepEqual({ lost, doubled, strange }, { lost: [], doubled: [], strange: [] });
    assert.ok(promised > 0, `no ${kind} was written at all`);
  }

  it('interrupts work in every round', async () => {
    const writers = Array.from({ length: WRITERS }, (_, n) => writeRecords(n));
    const sites = Array.from({ length: SITES }, (_, n) => sendForms(n));
    try {
      await Promise.all([killOften(), ...writers, ...sites]);
    } finally {
      stopping = true;
    }
    console.log(`rounds=${rounds} cut=${ledger.cut} seed=${SEED}`);
    assert.ok(rounds >= 2, 'the server was killed and came back');
    assert.ok(ledger.cut > 0, 'requests were under way when it was killed');
  });

  it('loses and doubles no acknowledged record', async () => {
    judge('record', (await all('sales.lead', { 'title.starts': 'запись' })).map((r) => r.title));
  });

  it('keeps the last acknowledged change of each', async () => {
    const rows = new Map((await all('sales.lead', { 'title.starts': 'запись' })).map((r) => [r.id, r]));
    const wrong = [...counters].filter(([id, v]) => rows.get(id)?.amount !== `${v}.00`);
    console.log(`changes: records=${counters.size} wrong=${wrong.length}`);
    assert.deepEqual(wrong, []);
  });

  it('makes exactly one lead, contact and call task of each accepted form', async () => {
    const accepted = ledger.acknowledged('form');
    const leads = () => all('sales.lead', { source: 'site' });
    const done = (rows) => new Set(rows.filter((r) => r.owner && r.contact).map((r) => r.name));
    await until(
      async () => {
        const names = done(await leads());
        return accepted.every((p) => names.has(p.name));
      },
      'every accepted form is worked on',
      60000,
    );
    // Forms whose answer was lost may still be under way: their rule is over when a task is there.
    const tasks = () => all('tasks.task', { kind: 'call' });
    await until(async () => (await tasks()).length >= (await leads()).length, 'every lead has its task', 60000);
    judge('form', (await leads()).map((r) => r.name));
    const about = new Ledger();
    for (const lead of await leads()) about.acknowledge(about.begin('task', String(lead.id)));
    const { lost, doubled, strange } = about.compare('task', (await tasks()).map((t) => String(t.lead?.id)));
    assert.deepEqual({ lost, doubled, strange }, { lost: [], doubled: [], strange: [] });
    const people = (await all('contacts.person', {})).map((p) => p.name);
    assert.equal(new Set(people).size, people.length, 'no contact twice');
  });

  it('leaves data whose copy is sound', async () => {
    const copy = path.join(server.home, 'copy.karkas');
    const made = await server.command('backup', copy);
    assert.equal(made.code, 0, made.out + made.err);
    const data = path.join(server.home, 'restored');
    const back = await server.command('--data', data, 'restore', copy); // checks the integrity
    assert.equal(back.code, 0, back.out + back.err);
    console.log(back.out.trim());
  });
});
