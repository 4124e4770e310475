// `karkas module check` of a module whose hooks and pages a program in another language answers for: the SDK's example, by its guide.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { admin, Author, row } from '../harness/author.mjs';
import { SECRET, startService } from '../harness/remote.mjs';

const TITLE = 'Его служба отвечает, и только серверу';
// Under AddressSanitizer each takes a minute, so there the whole run alone has those that fail.
const isLong = /asan/.test(process.env.KARKAS_BUILD ?? '') && !process.env.FULL && 'left to the whole run';
let author;

before(() => {
  author = new Author();
  author.env.KARKAS_SECRET_DISCOUNTS = SECRET;
});
after(() => author?.remove());

/** The example, with its service at that address. */
async function example(url) {
  fs.rmSync(path.join(author.home, 'discounts'), { recursive: true, force: true });
  await author.run('cp', ['-R', path.join(author.sdk, 'discounts'), '.']);
  author.change('discounts/module.yaml', 'http://127.0.0.1:8110', url);
}

async function check(url) {
  await example(url);
  return author.karkas('module', 'check', 'discounts');
}

describe('a module with a service', () => {
  it('is sound while its service answers the server and nobody else, and is tried on what its hooks are about', async () => {
    const service = await startService();
    const said = await check(service.url).finally(() => service.stop());
    assert.equal(said.code, 0, said.out);
    const { state, found } = row(said, TITLE);
    assert.equal(state, '+', said.out);
    assert.match(found, /Без подписи: 404\. Вопросов [1-9]\d*, без ответа 0\. Страница: 200\./);
    for (const title of ['Меняется на ходу без отказов', 'Переживает kill -9']) assert.equal(row(said, title).state, '+', said.out);
    assert.deepEqual(author.leftovers(), []);
  });

  it('runs while it is being written, and asks its service on this machine', async () => {
    const service = await startService();
    await example(service.url);
    const dev = author.begin('module', 'dev', 'discounts');
    try {
      const { ask } = await admin(dev);
      const refused = await ask('POST', '/api/v1/sales.deal', { title: 'Кран', amount: '1000', discount: '31' });
      assert.equal(refused.status, 422);
      assert.match(await refused.text(), /30 %/);
      const deal = await ask('POST', '/api/v1/sales.deal', { title: 'Кран', amount: '1000', discount: '10' });
      assert.equal((await deal.json()).margin, '900.00');
    } finally {
      await dev.end();
      service.stop();
    }
  });

  it('is not sound while nobody answers there', { skip: isLong }, async () => {
    const said = await check('http://127.0.0.1:9');
    assert.equal(said.code, 1, said.out);
    const { state, found } = row(said, TITLE);
    assert.equal(state, '-', said.out);
    assert.match(found, /http:\/\/127\.0\.0\.1:9: никто не отвечает\./);
    assert.match(found, /Сервер: no_connection/, 'why, as the server says it');
  });

  it('is not sound while it answers whoever asks', { skip: isLong }, async () => {
    const open = http.createServer((req, res) => req.resume().on('end', () => res.writeHead(200, { 'Content-Type': 'application/json' }).end('{"ok":true}')));
    await new Promise((resolve) => open.listen(0, '127.0.0.1', resolve));
    const said = await check(`http://127.0.0.1:${open.address().port}`);
    open.closeAllConnections();
    open.close();
    assert.equal(said.code, 1, said.out);
    assert.match(row(said, TITLE).found, /Без подписи: 200\./);
  });

  it('has, in the example, a service of thirty lines', () => {
    assert.ok(fs.readFileSync(path.join(author.sdk, 'discounts/service.mjs'), 'utf8').trim().split('\n').length <= 30);
  });
});
