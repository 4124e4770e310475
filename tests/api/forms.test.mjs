// What visitors' browsers, scripts and robots send to a form is acknowledged, so none of it is lost,
// and none of it keeps others waiting.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

const FORM = 'application/x-www-form-urlencoded';
const LEADS = '/api/v1/sales.lead';

describe('a form', () => {
  let server, visitor, head;

  before(async () => {
    server = await startServer();
    visitor = server.client();
    head = await server.as('ivanova');
  });
  after(() => server.stop());

  async function submit(body, type = FORM) {
    const reply = await visitor.post('/hook/site', body, { raw: true, headers: { 'content-type': type } });
    assert.equal(reply.status, 202, reply.text);
  }

  async function lead(q) {
    return until(async () => (await head.list('sales.lead', `q=${encodeURIComponent(q)}`))[0], `the lead of ${q}`);
  }

  it('of 60 000 fields becomes a lead and keeps no other write waiting', async () => {
    await submit(`name=Многополь&phone=%2B79161234567&${'a=1&'.repeat(60_000)}`);
    const before = performance.now();
    await head.post(LEADS, { title: 'Своя' }, { expect: 201 });
    const waited = performance.now() - before;
    assert.ok(waited < 2000, `a colleague waited ${waited} ms`);
    const made = await lead('Многополь');
    assert.deepEqual(made.phone, ['+79161234567']);
    assert.match(made.message, /\na=1&a=1&a=1/, 'what is beyond the first 200 stands as it came');
    assert.doesNotMatch(server.log, /event=job\.failed/);
  });
});
