// Files of many rows over HTTP: what a sheet may hold, and checks that outlive what a server remembers (API.md, "Import").

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, withFiles } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';
import { xlsx } from '../harness/xlsx.mjs';

const PERSON = 'contacts.person';
const tz = withFiles(dealer.replace('  bulk: [head, manager]', '  bulk: [head, manager]\n  import: [head]\n  export: [head]'));

let server, head;

before(async () => {
  server = await startServer({ tz });
  head = await server.as('ivanova');
});
after(() => server.stop());

function upload(client, bytes, name) {
  const where = `/api/v1/import/${PERSON}?name=${encodeURIComponent(name)}`;
  return client.request('POST', where, Buffer.from(bytes), { raw: true, headers: { 'content-type': 'application/octet-stream' } });
}

async function uploaded(client, bytes, name) {
  const reply = await upload(client, bytes, name);
  assert.equal(reply.status, 201, reply.text);
  return reply.json;
}

const checkOf = async (client, id) => (await client.get(`/api/v1/import/${id}`, { expect: 200 })).json.check;

async function checked(client, file, change = {}) {
  await client.post(`/api/v1/import/${file.id}/check`, { ...file.options, ...change }, { expect: 202 });
  return until(async () => {
    const now = await checkOf(client, file.id);
    return !['waiting', 'running'].includes(now.state) && now;
  }, `the check of ${file.id}`, 120000);
}

const counts = ({ created, updated, unchanged, skipped, failed }) => ({ created, updated, unchanged, skipped, failed });
const cell = (text) => `<c t="inlineStr"><is><t>${text}</t></is></c>`;
const shared = (n) => `<c t="s"><v>${n}</v></c>`;

describe('a sheet', () => {
  it('takes its texts from a table that all rows share', async () => {
    const names = Array.from({ length: 3000 }, (_, i) => `Общий ${i}`);
    const rows = names.map((_, i) => `<row>${shared(names.length - i)}</row>`).join('');
    const file = await uploaded(head, xlsx(`<row>${shared(0)}</row>${rows}`, ['Имя', ...names]), 'shared.xlsx');
    assert.deepEqual(file.rows[0].cells, ['Общий 2999']);
    assert.deepEqual(counts(await checked(head, file)), { created: 3000, updated: 0, unchanged: 0, skipped: 0, failed: 0 });
  });

  it('holds as many rows as one of Excel, and more are refused by name', async () => {
    const first = `<row>${cell('Имя')}</row>`;
    const usual = Array.from({ length: 300 }, (_, i) => `<row>${cell(`Первый ${i}`)}</row>`).join('');
    const [last, over] = [`<row r="1048576">${cell('Последний')}</row>`, `<row>${cell('Лишний')}</row>`];
    const whole = await checked(head, await uploaded(head, xlsx(first + usual + last), 'full.xlsx'));
    assert.deepEqual([whole.state, whole.total, whole.created], ['done', 301, 301]);
    const more = await checked(head, await uploaded(head, xlsx(first + usual + last + over), 'over.xlsx'));
    assert.deepEqual([more.state, more.error], ['failed', 'too_many_rows'], 'what is seen when all of it is read');
    const soon = await upload(head, xlsx(first + last + over), 'soon.xlsx');
    assert.deepEqual([soon.status, soon.json.code], [422, 'too_many_rows'], 'what is seen at once');
  });
});

describe('a check', () => {
  it('that kill -9 cuts in two begins anew, and counts what the run will do', async () => {
    const [people, bad] = [1500, 'Плохой;123\n'];
    const hardy = await startServer({ tz });
    const client = await hardy.as('ivanova');
    const row = (i) => `Дважды ${i};8 916 160-${String(i).padStart(4, '0')}\n`;
    const text = `Имя;Телефон\n${bad}${Array.from({ length: 2 * people }, (_, i) => row(i % people)).join('')}`;
    const file = await uploaded(client, text, 'twice.csv');
    await client.post(`/api/v1/import/${file.id}/check`, file.options, { expect: 202 });
    await until(async () => (await checkOf(client, file.id)).done > 300, 'its first rows', 60000);
    await hardy.kill();
    await hardy.start();
    const done = await until(async () => {
      const now = await checkOf(client, file.id);
      return now.state === 'done' && now;
    }, 'the end', 120000);
    assert.deepEqual(counts(done), { created: people, updated: people, unchanged: 0, skipped: 0, failed: 1 });
    assert.deepEqual([done.done, done.total], [2 * people + 1, 2 * people + 1]);
    const { rows } = (await client.get(`/api/v1/batch/${done.batch}/rows`, { expect: 200 })).json;
    assert.deepEqual(rows.map((note) => note.row), [2], 'told once');
    await hardy.stop();
  });
});
