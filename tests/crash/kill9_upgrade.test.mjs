// kill -9 in the middle of an upgrade or a rollback of a module, while others write: the next start runs the one version or
// the other, whole, with everything that was acknowledged, and the same command then goes through.
// KARKAS_CRASH_SECONDS (20): four rounds, more with more; KARKAS_CRASH_SEED for the same moments again.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fleetFolder, fleetTz, idOf, putFleet, VERSIONS } from '../harness/fleet.mjs';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';
import { Ledger } from './ledger.mjs';
import { cutterOf, randomOf } from './random.mjs';

const ROUNDS = Math.max(4, Math.round(Number(process.env.KARKAS_CRASH_SECONDS ?? 20) / 5));
const SEED = Number(process.env.KARKAS_CRASH_SEED ?? Date.now() % 1e9);
const CARS = '/api/v1/fleet.car';
const WRITERS = 3;

const cut = cutterOf(randomOf(SEED));

describe(`kill -9 in an upgrade (rounds: ${ROUNDS}, seed ${SEED})`, () => {
  const ledger = new Ledger();
  let modules, server, head, driven, miles = 0;

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

  /** As written, since the document that calls are held against is of one version. */
  async function ask(method, at, body) {
    const text = body ? JSON.stringify(body) : null;
    return head.send(method, at, text, head.signed(method, text, text ? { 'content-type': 'application/json' } : {}));
  }

  /** Writes until it is cut off. */
  async function write(name) {
    for (let i = 0; ; i++) {
      const promise = ledger.begin('car', `${name}.${i}`);
      let made;
      try {
        made = await ask('POST', CARS, { plate: promise.name });
      } catch {
        return ledger.interrupt();
      }
      assert.equal(made.status, 201, made.text);
      ledger.acknowledge(promise);
    }
  }

  /** The version in force, when all that belongs to it is there and nothing of the other's. */
  async function inForce() {
    const row = (await ask('GET', '/api/v1/modules')).json.modules.find((m) => m.name === 'fleet');
    assert.equal(row.state, 'running');
    const kind = row.version === idOf(2) ? 2 : 1;
    assert.equal(row.version, kind === 2 ? idOf(2) : 'bundled');
    assert.equal((await ask('GET', '/api/v1/fleet/version')).json.version, VERSIONS[kind]);
    const { fields } = (await ask('GET', '/api/v1/meta')).json.entities['fleet.car'];
    assert.deepEqual([!!fields.mileage, fields.body.options.some((o) => o.v === 'pickup')], [kind === 2, kind === 2]);
    const { status } = await ask('POST', `/api/v1/fleet/car/${driven}/drive`, {});
    assert.equal(status, kind === 2 ? 200 : 404);
    miles += status === 200 ? 100 : 0;
    const car = (await ask('GET', `${CARS}/${driven}`)).json;
    assert.equal(car.mileage, kind === 2 ? miles : undefined);
    return kind;
  }

  async function all(list) {
    const rows = [];
    for (let next = ''; next !== null; ) {
      const page = (await ask('GET', `${list}?limit=200&sort=id${next && `&after=${next}`}`)).json;
      rows.push(...page.rows);
      next = page.next ?? null;
    }
    return rows;
  }

  it('leaves one version whole', async () => {
    const change = (kind) => server.tell('module', 'upgrade', 'fleet', VERSIONS[kind]);
    driven = (await ask('POST', CARS, { plate: 'driven' })).json.id;
    const { took } = await cut(change(2));
    const outcomes = [];
    for (let round = 0, was = await inForce(); round < ROUNDS; round++) {
      const next = was === 1 ? 2 : 1;
      const writing = Array.from({ length: WRITERS }, (_, n) => write(`${round}-${n}`));
      const before = ledger.acknowledged('car').length;
      await until(() => ledger.acknowledged('car').length > before, 'a car is written');
      const changed = await cut(change(next), () => server.kill(), 1.5 * took); // it takes longer while others write
      await Promise.all(writing);
      await server.start();
      const found = await inForce();
      assert.ok(found === next || !('value' in changed), 'what was said to be in force is');
      outcomes.push(`${VERSIONS[found]} after ${changed.took} ms`);
      if (found !== next) await change(next);
      was = await inForce();
      assert.equal(was, next);
    }
    assert.deepEqual(fs.readdirSync(server.data).filter((name) => name.endsWith('.new')), [], 'nothing half written is left');
    console.log(`# a change takes ${took} ms; ${outcomes.join(', ')}`);
  });

  it('loses and doubles no acknowledged record, and each is heard once', async () => {
    const cars = await all(CARS);
    const { lost, doubled, strange } = ledger.compare('car', cars.map((car) => car.plate).filter((plate) => plate !== 'driven'));
    assert.deepEqual({ lost, doubled, strange }, { lost: [], doubled: [], strange: [] });
    const changes = cars.length + miles / 100;
    const heard = await until(async () => {
      const rows = await all('/api/v1/fleet.heard');
      return rows.length >= changes && rows;
    }, 'every change to be heard', 30000);
    assert.deepEqual([heard.length, new Set(heard.map((row) => row.position)).size], [changes, changes]);
  });
});
