// The server without a network: it wants none, and years without anybody to ask are nothing to it (S-75, D8).

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { attempts, canBeAlone, isAlone, runAlone } from '../harness/alone.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer, withFiles } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const LEADS = '/api/v1/sales.lead';
const upload = { raw: true, headers: { 'content-type': 'application/octet-stream' } };

// The same file again, where the loopback is all there is.
if (!isAlone)
  describe('a server on a machine without a network', { skip: !canBeAlone() && 'no network of its own can be made here' }, () => {
    it('S-75: does its work and asks nobody for anything, also years later; D8: by itself, in its one data directory', () => {
      const { status, text } = runAlone(import.meta.url);
      console.log(text);
      assert.equal(status, 0, text);
      assert.match(text, /tests 4\b/);
    });
  });

if (isAlone)
  describe('without a network', () => {
    let server, head, earlier;

    before(async () => {
      earlier = attempts();
      const tz = withFiles(dealer).replace('bulk: [head, manager]', 'bulk: [head, manager]\n  import: [head]\n  export: [head]');
      server = await startServer({ time: '2027-01-18T07:00:00Z', tz, env: { PATH: '/nonexistent' } });
      head = await server.as('ivanova');
    });
    after(() => server?.stop());

    const leads = async (q) => (await head.get(`${LEADS}?q=${encodeURIComponent(q)}`, { expect: 200 })).json.rows;
    const ask = (text) => server.client().post('/hook/site', { name: 'Гость', phone: '+79161234567', text, email: 'guest@client.example' }, { expect: 202 });

    it('the whole of a request is done, and records, files, tables and copies', async () => {
      await ask('Нужен кран');
      const lead = await until(async () => (await leads('кран')).find((row) => row.contact), 'the lead');
      await until(async () => (await head.list('tasks.task', `lead=${lead.id}`)).length, 'its task');
      await head.patch(`${LEADS}/${lead.id}`, { city: 'Уфа' }, { expect: 200 });
      await head.request('POST', '/api/v1/file?name=a.txt', Buffer.from('договор'), { ...upload, expect: 201 });
      const csv = Buffer.from('title;city\nИз файла;Тверь\n');
      await head.request('POST', '/api/v1/import/sales.lead?name=a.csv', csv, { ...upload, expect: 201 });
      for (const form of ['csv', 'xlsx']) await head.get(`${LEADS}/export?fields=title,city&format=${form}`, { expect: 200 });
      for (const at of ['/', '/m/intake/demo.html', '/api/v1/meta?strings=ru']) await server.client().get(at);
      await server.tell('backup', path.join(server.home, 'copy.karkas'));
      await server.tell('tz', 'apply', server.tz);
    });

    it('and years later, with nobody who could have let it', async () => {
      server.options.time = '2036-01-18T07:00:00Z';
      await server.restart();
      head = await server.as('ivanova');
      await ask('Через девять лет');
      await until(async () => (await leads('девять')).find((row) => row.owner), 'the lead');
    });

    const isClosed = process.getuid() !== 0 && 'the server is not dumpable: only root sees its files';
    it('by one process, which writes in its data directory only', { skip: isClosed }, () => {
      const { pid } = server.process;
      const at = `/proc/${pid}`;
      const children = fs.readdirSync(`${at}/task`).map((id) => fs.readFileSync(`${at}/task/${id}/children`, 'utf8').trim());
      assert.deepEqual(children.filter(Boolean), []);
      const open = fs.readdirSync(`${at}/fd`).map((fd) => [fs.readlinkSync(`${at}/fd/${fd}`), fs.readFileSync(`${at}/fdinfo/${fd}`, 'utf8')]);
      const written = open.filter(([file, info]) => file.startsWith('/') && (parseInt(info.match(/flags:\s+(\d+)/)[1], 8) & 3) !== 0).map(([file]) => file);
      assert.ok(written.length > 0);
      assert.deepEqual(written.filter((file) => !file.startsWith(`${server.data}/`) && !file.startsWith('/dev/')), []);
    });

    it('nobody was asked for: no address outside, no name; which would have been seen', async () => {
      assert.deepEqual(attempts(), earlier);
      await new Promise((resolve) => net.connect(443, '192.0.2.1').on('error', resolve)); // RFC 5737: nobody's
      assert.equal(attempts().outside, earlier.outside + 1);
    });
  });
