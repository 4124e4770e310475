// What a page loads from the server: what the deployment is, within its budget, and a module's own files in the form
// that the browser accepts.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { brotliCompressSync, brotliDecompressSync, gunzipSync } from 'node:zlib';
import { startServer } from '../harness/server.mjs';
import { dealerOf } from '../harness/tz.mjs';

const KB = 1024;
const MOST = 19 * KB; // brotli; 30 KB are allowed for eight modules, and the dealer has five

let server, director;

before(async () => {
  server = await startServer(dealerOf());
  director = await server.as('belov');
});
after(() => server?.stop());

describe('what the deployment is', () => {
  it('is within its budget for who sees everything, as a page asks for it: with the texts', async () => {
    const { bytes, json } = await director.get('/api/v1/meta?strings=ru', { expect: 200 });
    const size = brotliCompressSync(bytes).length;
    console.log(`meta of ${json.modules.length} modules: ${(size / KB).toFixed(2)} of ${MOST / KB} KB, ${(bytes.length / KB).toFixed(1)} as it is`);
    assert.ok(size <= MOST, `${size} bytes`);
  });

  it('says of a field whether lists come in its order at once', async () => {
    const { entities } = (await director.get('/api/v1/meta', { expect: 200 })).json;
    const sortable = (name) => Object.entries(entities[name].fields).filter(([, f]) => f.sortable).map(([field]) => field);
    for (const field of ['title', 'amount', 'closed_at', 'number', 'created_at']) assert.ok(sortable('sales.deal').includes(field), field);
    for (const field of ['owner', 'company', 'note', 'updated_at']) assert.ok(!sortable('sales.deal').includes(field), field);
    assert.ok(!sortable('sales.lead').includes('phone'), 'it has many values');
  });
});

describe("a module's own file", () => {
  const FILE = '/m/intake/demo.js';
  const ask = (accepted, more = {}) =>
    director.get(FILE, { headers: { ...(accepted && { 'accept-encoding': accepted }), ...more } });
  const forms = [
    { accepted: null, coding: undefined, read: (bytes) => bytes },
    { accepted: 'gzip', coding: 'gzip', read: gunzipSync },
    { accepted: 'gzip, deflate, br', coding: 'br', read: brotliDecompressSync },
    { accepted: 'br;q=0, gzip', coding: 'gzip', read: gunzipSync },
  ];

  for (const { accepted, coding, read } of forms)
    it(`comes as ${coding ?? 'it is'} to who accepts ${accepted ?? 'nothing else'}`, async () => {
      const plain = await ask(null);
      const reply = await ask(accepted);
      assert.equal(reply.status, 200);
      assert.equal(reply.headers['content-encoding'], coding);
      assert.equal(reply.headers['content-type'], 'text/javascript; charset=utf-8');
      assert.equal(reply.headers.vary, 'Accept-Encoding');
      assert.deepEqual(read(reply.bytes), plain.bytes);
      assert.equal(reply.bytes.length < plain.bytes.length, coding !== undefined);
      const again = await ask(accepted, { 'if-none-match': reply.headers.etag });
      assert.deepEqual([again.status, again.bytes.length, again.headers.etag], [304, 0, reply.headers.etag]);
    });

  it('has a tag for each form', async () => {
    const tags = await Promise.all([null, 'gzip', 'br'].map(async (accepted) => (await ask(accepted)).headers.etag));
    assert.equal(new Set(tags).size, 3, tags.join());
  });
});
