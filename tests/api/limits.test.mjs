// Code that takes too long: its caller is answered in time, nobody else waits, nothing of it is kept.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { metrics } from '../harness/metrics.mjs';
import { Server, startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const LEADS = '/api/v1/sales.lead';
const withActs = dealer.replace('modules: auto', 'modules: [contacts, sales, tasks, intake, acts]');

/** The bundled modules and `acts`, whose routes do what a module should not. */
function modulesWithActs(build, home) {
  const into = fs.mkdtempSync(path.join(home, 'modules-'));
  fs.chmodSync(into, 0o755);
  for (const name of ['contacts', 'sales', 'tasks', 'intake'])
    fs.cpSync(path.join(build, 'modules', name), path.join(into, name), { recursive: true });
  fs.cpSync(path.join(build, 'tests/acts/acts'), path.join(into, 'acts'), { recursive: true });
  return into;
}

describe('a module that computes past its limit', () => {
  let server, head;
  const place = new Server({});

  before(async () => {
    server = await startServer({ modules: modulesWithActs(place.build, place.home), tz: withActs });
    head = await server.as('ivanova');
  });
  after(async () => {
    await server.stop();
    await place.stop();
  });

  it('in a read: 504 while it still computes, and it is named', async () => {
    const said = until(() => /event=module\.(timeout|stuck) module="acts" route="\/spin\/:ms"/.test(server.log), 'the module named');
    const reply = await head.get('/api/v1/acts/spin/3000');
    assert.equal(reply.status, 504, reply.text);
    assert.equal(reply.json.code, 'timeout');
    assert.ok(reply.json.detail, 'with words for a person');
    assert.ok(!/event=module\.(timeout|stuck)/.test(server.log), 'it was answered before the code came back');
    await said;
  });

  it('on every thread of the pool: others are still answered', async () => {
    const stuck = [1, 2, 3].map(() => head.get('/api/v1/acts/spin/4000'));
    const reader = await server.as('petrov');
    await reader.get(`${LEADS}?q=${encodeURIComponent("экскаватор")}`, { expect: 200 });
    for (const reply of await Promise.all(stuck)) assert.equal(reply.status, 504);
    const quick = await until(async () => {
      const reply = await reader.get('/api/v1/acts/spin/1');
      return reply.status === 200 && reply;
    }, 'a further thread');
    assert.deepEqual(quick.json, { done: true });
  });

  it('in a read whose caller leaves: it may not read on, and nobody is blamed', async () => {
    const count = (text) => server.log.split(text).length - 1;
    const ended = head.get('/api/v1/acts/read/20000').catch((e) => e);
    await until(() => count('begins to read') === 2, 'its second try, which has time');
    const blamed = count('event=module.timeout');
    for (const sockets of Object.values(head.agent.sockets)) for (const s of sockets) s.destroy();
    assert.ok((await ended) instanceof Error);
    await until(() => count('may not read on') === 2, 'the end of the second');
    assert.equal(count('read to the end'), 0);
    assert.equal(count('event=module.timeout'), blamed);
  });

  it('a question whose caller leaves is not worked out, also one that is asked by POST', async () => {
    const figure = async (name) => (await metrics(head))[`karkas_${name}`];
    const asker = await server.as('petrov');
    const was = await figure('reads_left_total');
    const busy = Array.from({ length: 8 }, () => head.get('/api/v1/acts/spin/700')); // two are worked on at a time
    await until(async () => (await figure('reads_waiting{pool="fast"}')) >= 5, 'they wait for the pool');
    const asked = asker.post(`${LEADS}/aggregate`, { by: ['stage'], measures: { n: 'count' } }).catch((e) => e);
    const isSent = () => Object.values(asker.agent.sockets).flat().some((s) => s.bytesWritten > 0);
    await until(isSent, 'it is sent');
    for (let i = 0; i < 2; i++) await figure('requests_total'); // the loop has read what came before
    for (const sockets of Object.values(asker.agent.sockets)) for (const s of sockets) s.destroy();
    assert.ok((await asked) instanceof Error);
    await until(async () => (await figure('reads_left_total')) === was + 1, 'it is given up');
    await Promise.all(busy);
  });

  it('in a write: 504 in time and nothing of it is kept', async () => {
    const reply = await head.post('/api/v1/acts/hold/3000', {});
    assert.equal(reply.status, 504, reply.text);
    assert.ok(!/event=module\.(timeout|stuck) module="acts" route="\/hold/.test(server.log), 'it was answered before');
    const made = await head.post(LEADS, { title: 'после' }, { expect: 201 });
    assert.ok(made.json.id);
    assert.deepEqual(await head.list('sales.lead', 'title=held'), []);
  });

  it('in a write that is done before its limit but past 250 ms is taken back too', async () => {
    const reply = await head.post('/api/v1/acts/hold/400', {});
    assert.equal(reply.status, 504, reply.text);
    assert.deepEqual(await head.list('sales.lead', 'title=held'), []);
  });

  it('in a read that would write: nothing is written, and it is named', async () => {
    const reply = await head.get('/api/v1/acts/scribble');
    assert.deepEqual([reply.status, reply.json], [200, { saved: false }]);
    assert.deepEqual(await head.list('sales.lead', 'title=scribbled'), []);
    assert.match(server.log, /event=module\.misuse module=acts writes_in_a_read="?\/scribble/);
  });

  it('stands in /metrics', async () => {
    const text = (await server.client().get('/metrics')).text;
    const count = Number(text.match(/^karkas_module_timeouts_total\{module="acts"\} (\d+)$/m)?.[1]);
    assert.ok(count >= 3, text);
    assert.match(text, /^karkas_requests_timed_out_total [1-9]/m);
  });
});

describe('a stop', () => {
  it('does not wait for code that does not come back, and says so by its exit', async () => {
    const place = new Server({});
    const server = await startServer({ modules: modulesWithActs(place.build, place.home), tz: withActs });
    const head = await server.as('ivanova');
    const made = (await head.post(LEADS, { title: 'до' }, { expect: 201 })).json;
    assert.equal((await head.get('/api/v1/acts/spin/60000')).status, 504);
    server.process.kill('SIGTERM');
    const [code, signal] = await server.exited;
    assert.equal(code, 70, `${signal}\n${server.log}`);
    assert.match(server.log, /event=pool\.held/);
    await server.start();
    await head.get(`${LEADS}/${made.id}`, { expect: 200 });
    await server.stop();
    await place.stop();
  });
});
