// What is kept for a time only goes by itself, a slice a second, so that nobody waits for it.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';

const LEADS = '/api/v1/sales.lead';
let server;

before(async () => (server = await startServer({ time: '2027-01-18T07:00:00Z' })));
after(() => server.stop());

const send = (client, key, body, options) => client.post(LEADS, body, { headers: { 'idempotency-key': `k${key}` }, ...options });

/** Of some keys whether the server still knows them; asking uses none up, for what is refused uses no key. */
async function known(client, keys) {
  const codes = [];
  for (const key of keys) codes.push((await send(client, key, { title: 'x'.repeat(301) }, { expect: 422 })).json.code);
  assert.ok(codes.every((code) => ['idempotency_mismatch', 'invalid'].includes(code)), codes);
  return codes.map((code) => code === 'idempotency_mismatch').join(' ');
}

describe('keys of requests that are a day old', () => {
  it('are forgotten 200 a second, so that nobody waits for it', async () => {
    const petrov = await server.as('petrov');
    for (let at = 0; at < 450; at += 10)
      await Promise.all(Array.from({ length: 10 }, (_, i) => send(petrov, at + i, { title: `Заявка ${at + i}` }, { expect: 201 })));
    const some = [0, 199, 200, 399, 400, 449];
    await server.advance('24h');
    const later = await server.as('petrov');
    const seen = [];
    const look = async () => {
      const now = await known(later, some);
      if (now !== seen.at(-1)) seen.push(now);
    };
    await look();
    await server.advance('3590s'); // to the next hour, which is when it begins
    for (let second = 0; second < 20; second++) {
      await look();
      await server.advance('1s');
    }
    assert.deepEqual(seen, [
      'true true true true true true',
      'false false true true true true',
      'false false false false true true',
      'false false false false false false',
    ]);
  });
});
