// A module goes to and fro between two versions while connections read and write and pages listen: no request fails, every
// open page is told of each change exactly once, the module's own listener and job see each exactly once, and nothing is
// left over. KARKAS_UPGRADES (10) changes with 16 connections and 10 pages; from 100 on with 64 and 100, and memory is judged.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fleetFolder, fleetTz, putFleet, VERSIONS } from '../harness/fleet.mjs';
import { memoryOf } from '../harness/metrics.mjs';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

const UPGRADES = Number(process.env.KARKAS_UPGRADES ?? 10);
const IS_LONG = UPGRADES >= 100;
const CONNECTIONS = IS_LONG ? 64 : 16;
const PAGES = IS_LONG ? 100 : 10;
const WARM_UP = IS_LONG ? 10 : 2; // changes before what the server holds is counted: both versions have run
const PER_SESSION = 8; // streams a session may have
const GROWTH_MOST = 8 << 10; // KB of memory
const REVS = 1 << 20; // more than any record here has
const CARS = '/api/v1/fleet.car';
const HEARD = '/api/v1/fleet.heard';
const SETTINGS = '/api/v1/modules/fleet/settings';
const WAIT_MS = 60000; // of the module's setting: what the n-th change makes of it is a second more each
const JSON_TYPE = { 'content-type': 'application/json' };

const keyOf = ({ id, rev }) => id * REVS + rev;

/** An open page: how often it was told of each revision of a record, and what it read when it was to read everything anew. */
class Page {
  constructor(me, readAll) {
    Object.assign(this, { me, readAll, resets: 0, cuts: 0, read: {} });
    this.told = { 'fleet.car': new Map(), 'fleet.heard': new Map() };
  }

  async open(after) {
    this.stream = await this.me.events({ after, tell: (event) => this.take(event) });
  }

  /** A stream that was cut goes on behind what was told last. */
  async mend() {
    if (!this.stream.ended) return;
    this.cuts++;
    await this.open(this.stream.last);
  }

  take({ event, data }) {
    const times = event === 'record' && this.told[data.entity];
    if (times) times.set(keyOf(data), (times.get(keyOf(data)) ?? 0) + 1);
    if (event === 'reset' && ++this.resets) this.reading = this.readAnew();
  }

  async readAnew() {
    for (const entity of Object.keys(this.told)) {
      const rows = await this.readAll(`/api/v1/${entity}?`);
      this.read[entity] = new Map(rows.map((row) => [row.id, row.rev]));
    }
  }

  knows(entity, row) {
    return this.told[entity].has(keyOf(row)) || this.read[entity]?.get(row.id) >= row.rev;
  }

  doubled() {
    return Object.values(this.told).flatMap((times) => [...times].filter(([, n]) => n > 1).map(([key]) => key));
  }
}

describe(`${UPGRADES} upgrades and rollbacks under load`, () => {
  let modules, server, head, admin, pages, car, heardOfCar;
  const failed = [], written = [];
  let goes = false, requests = 0, drives = 0, waits = 0, changes = 0;

  before(async () => {
    modules = fleetFolder([1]);
    putFleet(modules, 2);
    server = await startServer({ modules, tz: fleetTz });
    [head, admin] = [await server.as('ivanova'), await server.as('admin')];
    car = await ask(head, 'POST', CARS, { plate: 'driven' }, 201);
    written.push(car);
    [heardOfCar] = await until(async () => {
      const rows = await readAll(`${HEARD}?`);
      return rows.length && rows;
    }, 'the car to be heard');
  });
  after(async () => {
    for (const page of pages ?? []) page.stream.close();
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  /** As written: the OpenAPI document is one version's, and versions change under these requests. */
  async function ask(me, method, at, body, ...expected) {
    const text = body ? JSON.stringify(body) : null;
    const reply = await me.send(method, at, text, me.signed(method, text, text ? JSON_TYPE : {}));
    requests++;
    if (!expected.includes(reply.status)) throw new Error(`${method} ${at}: ${reply.status} ${reply.text}`);
    return { ...reply.json, status: reply.status };
  }

  async function readAll(list) {
    const rows = [];
    for (let next; next !== null; ) {
      const page = await ask(head, 'GET', `${list}limit=200&sort=id${next ? `&after=${next}` : ''}`, null, 200);
      rows.push(...page.rows);
      next = page.next ?? null;
    }
    return rows;
  }

  // ---- what connections do, each again and again ---------------------------------------------------------------------------

  async function write(me, name) {
    const made = await ask(me, 'POST', CARS, { plate: name }, 201);
    assert.ok(Object.values(VERSIONS).slice(0, 2).includes(made.made_by), 'its hook ran');
    written.push(made, await ask(me, 'PATCH', `${CARS}/${made.id}`, { plate: `${name}!` }, 200));
  }

  const list = (me) => ask(me, 'GET', `${CARS}?limit=5&sort=-id`, null, 200);

  async function tell(me) {
    const { version } = await ask(me, 'GET', '/api/v1/fleet/version', null, 200);
    assert.ok([VERSIONS[1], VERSIONS[2]].includes(version));
  }

  /** A route and a field that one of the versions has. */
  async function drive(me) {
    drives += (await ask(me, 'POST', `/api/v1/fleet/car/${car.id}/drive`, {}, 200, 404)).status === 200;
  }

  const toldOfWait = async (me, ms) =>
    (await ask(me, 'GET', `${HEARD}?position.none=1&car=${ms}`, null, 200)).rows.length;

  /** The module's job is told of each value. */
  async function set(me) {
    const wait = WAIT_MS + 1000 * waits++;
    await ask(me, 'PATCH', SETTINGS, { wait }, 200);
    await until(() => toldOfWait(me, wait), `the job to be told of ${wait}`);
  }

  const kindOf = (n) => ({ 3: set, 7: drive })[n] ?? [write, list, tell, tell][n % 4];

  async function work(n, round) {
    const me = Object.assign(server.client(), { cookie: head.cookie, csrf: head.csrf });
    try {
      for (let i = 0; goes; i++) await kindOf(n)(me, `${round}-${n}-${i}`);
    } catch (error) {
      failed.push(error.message);
    }
    me.agent.destroy();
  }

  async function mendPages() {
    while (goes) {
      await until(() => !goes || pages.some((page) => page.stream.ended), 'the end', Infinity);
      for (const page of pages) await page.mend();
    }
  }

  /** So many changes of the version under load; then all is told and the versions before have ended. */
  async function go(times) {
    goes = true;
    const all = [mendPages(), ...Array.from({ length: CONNECTIONS }, (_, n) => work(n, changes))];
    try {
      for (let i = 0; i < times; i++) await server.tell('module', 'upgrade', 'fleet', VERSIONS[changes++ % 2 ? 1 : 2]);
    } finally {
      goes = false;
      await Promise.all(all);
    }
    assert.deepEqual(failed, []);
    await until(async () => {
      const fleet = (await head.get('/api/v1/modules')).json.modules.find((m) => m.name === 'fleet');
      return fleet.draining === 0;
    }, 'the end of earlier versions');
    await until(async () => {
      for (const page of pages) await page.mend();
      return pages.every((page) => written.every((row) => page.knows('fleet.car', row)));
    }, 'every page to be told of every car', 30000);
  }

  /** What the server holds that it should not hold more of. */
  async function held() {
    const proc = `/proc/${server.process.pid}`;
    const pointsTo = (fd) => {
      try {
        return fs.readlinkSync(`${proc}/fd/${fd}`);
      } catch {
        return 'socket: closed meanwhile';
      }
    };
    const open = fs.readdirSync(`${proc}/fd`).map(pointsTo).filter((to) => !to.startsWith('socket:'));
    const threads = fs.readdirSync(`${proc}/task`);
    const maps = fs.readFileSync(`${proc}/maps`, 'utf8').trim().split('\n');
    const code = maps.map((line) => line.split(/\s+/)[5]).filter((file) => file?.endsWith('/fleet.so'));
    return {
      files: open.length,
      objects: open.filter((to) => to.endsWith('/fleet.so')).sort(),
      code: code.sort(),
      maps: maps.length,
      children: threads.map((id) => fs.readFileSync(`${proc}/task/${id}/children`, 'utf8')).join(''),
      ...(await memoryOf(server, admin)),
    };
  }

  it('fail no request and lose no event, and every page is told of each change once', async () => {
    const sessions = [];
    for (let i = 0; i * PER_SESSION < PAGES; i++) sessions.push(await server.as('ivanova'));
    pages = Array.from({ length: PAGES }, (_, i) => new Page(sessions[Math.floor(i / PER_SESSION)], readAll));
    await Promise.all(pages.map((page) => page.open()));
    for (const { told } of pages) { // both were made before
      told['fleet.car'].set(keyOf(car), 1);
      told['fleet.heard'].set(keyOf(heardOfCar), 1);
    }
    await go(WARM_UP);
    const early = await held();
    await go(UPGRADES - WARM_UP);
    const late = await held();
    const sum = (what) => pages.reduce((n, page) => n + page[what], 0);
    console.log(`# ${UPGRADES} changes, ${requests} requests, ${written.length} writes, ${drives} drives, ${waits} settings; ` +
      `${sum('resets')} resets and ${sum('cuts')} cuts of ${PAGES} pages; own memory ${early.own} then ${late.own} KB, resident ${early.rss} then ${late.rss} KB, ` +
      `files ${early.files} then ${late.files}, mappings ${early.maps} then ${late.maps}`);
    assert.deepEqual(pages.flatMap((page) => page.doubled()), []);
    assert.deepEqual([sum('resets'), sum('cuts')], [0, 0], 'a change of the version is no reason to read everything anew');
    assert.ok(written.length > UPGRADES && drives > 0 && waits > 0, 'there was a load');
    judge(early, late);
  });

  function judge(early, late) {
    assert.equal(new Set(late.code).size, 2, 'each version is mapped');
    assert.deepEqual(late.code, early.code, 'and once, however often it came into force');
    assert.deepEqual(late.objects, early.objects);
    assert.equal(late.children, '');
    assert.ok(late.files <= early.files + 8, `${early.files} files, then ${late.files}`);
    const keepsFreed = /[at]san/.test(server.build); // a sanitizer gives nothing back for a while
    if (!IS_LONG || keepsFreed) return;
    assert.ok(late.own <= early.own + GROWTH_MOST, `${early.own} KB, then ${late.own}`);
    assert.ok(late.maps <= early.maps + 64, `${early.maps} mappings, then ${late.maps}`);
  }

  it('let the module hear each change once, and its job each setting', async () => {
    const heard = await until(async () => {
      const rows = (await readAll(`${HEARD}?`)).filter((row) => row.position != null);
      return rows.length >= written.length + drives && rows;
    }, 'every change to be heard', 30000);
    assert.equal(heard.length, written.length + drives);
    assert.equal(new Set(heard.map((row) => row.position)).size, heard.length);
    for (const page of pages) await until(() => heard.every((row) => page.knows('fleet.heard', row)), 'every page to be told of what was heard');
    const settings = await readAll(`${HEARD}?position.none=1&`);
    assert.deepEqual(settings.map((row) => row.car).sort((a, b) => a - b), Array.from({ length: waits }, (_, i) => WAIT_MS + 1000 * i));
  });

  it('lose nothing of what only one of the versions knows', async () => {
    await server.tell('module', 'upgrade', 'fleet', VERSIONS[2]);
    assert.equal((await ask(head, 'GET', `${CARS}/${car.id}`, null, 200)).mileage, 100 * drives);
  });
});
