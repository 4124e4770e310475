// What an operator reads on /metrics moves with what the server does.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, test } from 'node:test';
import { metrics } from '../harness/metrics.mjs';
import { startServer } from '../harness/server.mjs';

let server, head;
before(async () => {
  server = await startServer();
  head = await server.as('ivanova');
});
after(() => server?.stop());

test('a write is counted with its commit, its rows and its pages', async () => {
  const was = await metrics(head);
  await head.post('/api/v1/contacts.person', { name: 'Сергей Орлов' }, { expect: 201 });
  const now = await metrics(head);
  const grew = (name) => now[name] - was[name];
  assert.ok(grew('karkas_writes_total') >= 1);
  assert.ok(grew('karkas_write_groups_total') >= 1);
  assert.ok(grew('karkas_commits_total') >= 1);
  assert.ok(grew('karkas_rows_written_total') >= 2, 'the contact and its change');
  assert.ok(grew('karkas_wal_pages_total') > 1);
  assert.equal(now['karkas_writes_waiting{lane="interactive"}'], 0);
});

test('the loop tells how long its turns are', async () => {
  const was = await metrics(head);
  await head.list('contacts.person');
  const now = await metrics(head);
  assert.ok(now.karkas_loop_turns_total > was.karkas_loop_turns_total);
  assert.ok(now.karkas_loop_busy_us_total > was.karkas_loop_busy_us_total);
  assert.ok(now.karkas_loop_longest_turn_us > 0);
});

test('what only grows is a counter, the rest are gauges', async () => {
  const { text } = await head.get('/metrics', { expect: 200 });
  const types = [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)];
  assert.ok(types.length > 20);
  for (const [, name, type] of types)
    assert.equal(type, name.endsWith('_total') ? 'counter' : 'gauge', name);
  assert.match(text, /^karkas_reads_moved_total\{pool="slow"\} \d+$/m);
});

test('what only tells answers GET and HEAD and names them to others', async () => {
  for (const path of ['/health', '/metrics']) {
    const refused = await head.post(path, {}, { asWritten: true });
    assert.deepEqual([refused.status, refused.headers.allow], [405, 'GET, HEAD'], path);
  }
});

test('a refused method is told which ones the path takes', async () => {
  for (const [method, path, allow] of [
    ['PUT', '/api/v1/contacts.person', 'GET, HEAD, POST'],
    ['PUT', '/api/v1/contacts.person/1', 'GET, HEAD, PATCH, DELETE'],
    ['PATCH', '/api/v1/contacts.person/bulk', 'POST'],
    ['PATCH', '/api/v1/session', 'GET, POST, DELETE'],
    ['PATCH', '/api/v1/tokens', 'GET, HEAD, POST'],
    ['DELETE', '/api/v1/model', 'GET, HEAD'],
    ['POST', '/api/v1/search', 'GET'],
  ]) {
    const refused = await head.request(method, path, {}, { asWritten: true });
    assert.deepEqual([refused.status, refused.headers.allow], [405, allow], `${method} ${path}`);
  }
});

test('memory taken to hash passwords goes back, whichever threads hashed', async () => {
  const fresh = await startServer();
  const status = () => fs.readFileSync(`/proc/${fresh.process.pid}/status`, 'utf8');
  const mb = () => Number(status().match(/VmRSS:\s+(\d+)/)[1]) / 1024;
  try {
    const was = mb();
    for (const login of ['ivanova', 'petrov', 'kuznetsov']) await fresh.as(login);
    const most = /asan/.test(fresh.build) ? 30 : 12; // the tool keeps of its own what was freed
    assert.ok(mb() - was < most, `${was.toFixed(1)} MB became ${mb().toFixed(1)} MB`);
  } finally {
    await fresh.stop();
  }
});
