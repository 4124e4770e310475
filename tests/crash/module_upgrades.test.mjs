// A module goes to and fro between two versions while connections read and write and browsers listen: no request fails,
// every change is told to every open page (by itself, or by the event that has it read everything anew), and memory stays. KARKAS_UPGRADES (10) of them; the long form is 100 with 64 connections and 100 streams.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as https from 'node:https';
import { after, before, describe, it } from 'node:test';
import { fleetFolder, fleetTz, putFleet, VERSIONS } from '../harness/fleet.mjs';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

const UPGRADES = Number(process.env.KARKAS_UPGRADES ?? 10);
const CONNECTIONS = UPGRADES >= 100 ? 64 : 16;
const STREAMS = UPGRADES >= 100 ? 100 : 10;
const PER_SESSION = 8; // streams a session may have
const CARS = '/api/v1/fleet.car';

describe(`${UPGRADES} upgrades and rollbacks under load`, () => {
  let modules, server, head;

  before(async () => {
    modules = fleetFolder([1]);
    putFleet(modules, 2);
    server = await startServer({ modules, tz: fleetTz });
    head = await server.as('ivanova');
  });
  after(async () => {
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  /** Ids of the cars an open page is told of; after `reset` it knows all that it then reads. */
  function listen(heard, me) {
    const readAnew = async () => {
      const [last] = (await head.get(`${CARS}?limit=1&sort=-id`)).json.rows;
      for (let id = 1; id <= (last?.id ?? 0); id++) heard.add(id);
    };
    return new Promise((resolve, reject) => {
      const agent = new https.Agent({ ca: server.ca });
      const req = https.request({ host: 'localhost', port: server.port, agent, path: '/api/v1/events', headers: { cookie: me.cookie } });
      req.on('error', (e) => (e.code === 'ECONNRESET' ? undefined : reject(e)));
      req.on('response', (res) => {
        let text = '';
        res.on('error', () => undefined);
        res.on('data', (bytes) => {
          text += bytes;
          const parts = text.split('\n\n');
          text = parts.pop();
          for (const part of parts) {
            const id = part.match(/event: record[^]*?data: .*"entity":"fleet\.car","id":(\d+)/)?.[1];
            if (id) heard.add(Number(id));
            if (part.includes('event: reset')) readAnew().catch(reject);
          }
        });
        resolve(req);
      });
      req.end();
    });
  }

  const memory = () => Number(fs.readFileSync(`/proc/${server.process.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]);

  it('fail no request, lose no event and keep no memory', async () => {
    const failed = [], made = [];
    const heard = Array.from({ length: STREAMS }, () => new Set());
    const sessions = [];
    for (let i = 0; i * PER_SESSION < STREAMS; i++) sessions.push(await server.as('ivanova'));
    const streams = await Promise.all(heard.map((ids, i) => listen(ids, sessions[Math.floor(i / PER_SESSION)])));
    let goes = true, requests = 0;
    const work = async (n) => {
      const me = server.client();
      Object.assign(me, { cookie: head.cookie, csrf: head.csrf });
      for (let i = 0; goes; i++) {
        const body = n % 4 ? null : JSON.stringify({ plate: `${n}-${i}` });
        const type = body ? { 'content-type': 'application/json' } : {};
        const [method, at] = body ? ['POST', CARS] : n % 4 === 1 ? ['GET', `${CARS}?limit=5`] : ['GET', '/api/v1/fleet/version'];
        const reply = await me.send(method, at, body, me.signed(method, body, type));
        requests++;
        if (reply.status >= 300) failed.push(`${method} ${at}: ${reply.status} ${reply.text}`);
        else if (body) made.push(reply.json.id);
      }
    };
    const all = Array.from({ length: CONNECTIONS }, (_, n) => work(n));
    let early = 0;
    try {
      for (let i = 0; i < UPGRADES; i++) {
        await server.tell('module', 'upgrade', 'fleet', i % 2 ? VERSIONS[1] : VERSIONS[2]);
        if (i === Math.floor(UPGRADES / 5)) early = memory();
      }
    } finally {
      goes = false;
      await Promise.all(all);
    }
    const late = memory();
    assert.deepEqual(failed.slice(0, 5), []);
    await until(() => heard.every((ids) => made.every((id) => ids.has(id))), 'every stream to tell of every car', 20000);
    for (const stream of streams) stream.destroy();
    await until(async () => {
      const { json } = await head.get('/api/v1/modules');
      return json.modules.find((m) => m.name === 'fleet').draining === 0;
    }, 'the end of earlier versions');
    console.log(`${UPGRADES} changes, ${requests} requests, ${made.length} cars, resident ${early} then ${late} kB`);
    const keepsFreed = /asan/.test(server.build); // AddressSanitizer gives nothing back for a while
    assert.ok(keepsFreed || late < early + 32 * 1024, `${early} kB, then ${late} kB`);
  });
});
