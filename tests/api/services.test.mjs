// Services of a module: they run while it is in force, one at a time through its versions, and what they come to is shown.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { metrics } from '../harness/metrics.mjs';
import { idOf, pulseFolder, pulseTz, putPulse } from '../harness/pulse.mjs';
import { startServer, StartError } from '../harness/server.mjs';
import { dealer, writeTz } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const pulse = async (head) => (await head.get('/api/v1/modules', { expect: 200 })).json.modules.find((m) => m.name === 'pulse');
const service = async (head, name) => (await pulse(head)).services.find((s) => s.name === name);
const notices = async (who) =>
  (await who.get('/api/v1/notification?kind=service&sort=-id', { expect: 200 })).json.rows.map((n) => n.text);
const set = (head, values) => head.patch('/api/v1/modules/pulse/settings', values, { expect: 200 });
const isIn = (head, name, ...states) =>
  until(async () => {
    const now = await service(head, name);
    return now && states.includes(now.state) && now;
  }, `${name} to be ${states}`);

/** A server with pulse in force, and who looks after it. */
async function begin(options = {}) {
  const modules = pulseFolder();
  const server = await startServer({ modules, tz: pulseTz, ...options });
  return { modules, server, head: await server.as('ivanova') };
}

async function end(modules, server) {
  await server?.stop();
  if (modules) fs.rmSync(modules, { recursive: true, force: true });
}

describe('a service', () => {
  let modules, server, head;

  before(async () => ({ modules, server, head } = await begin()));
  after(() => end(modules, server));

  const events = async (of) =>
    (await head.get('/api/v1/pulse.event?limit=200&sort=id', { expect: 200 })).json.rows.filter((e) => e.service === of);
  const told = async (of) => (await events(of)).map((e) => `${e.what} ${e.made_by}`);
  const change = (verb, body) => head.post(`/api/v1/modules/pulse/${verb}`, body, { expect: 200 });
  const untilTold = (of, ...what) => until(async () => JSON.stringify(await told(of)) === JSON.stringify(what), `${of}: ${what}`);

  it('runs while its module is in force, and is shown by the API, the command and /metrics', async () => {
    const line = await isIn(head, 'line', 'ok');
    assert.deepEqual([line.title, line.error, line.failures, line.next], ['Линия', null, 0, null]);
    assert.match(line.since, /^\d{4}-.*Z$/);
    assert.equal((await isIn(head, 'fails', 'idle')).title, 'Отказы');
    assert.equal((await service(head, 'deaf')).title, 'deaf', 'one without a title goes by its name');
    assert.match(await server.tell('module', 'list'), /pulse .*\n {4}служба Линия: работает/);
    const figures = await metrics(head);
    assert.equal(figures['karkas_service_up{module="pulse",service="line"}'], 1);
    assert.equal(figures['karkas_service_up{module="pulse",service="fails"}'], 0);
    assert.equal(figures['karkas_service_starts_total{module="pulse",service="line"}'], 1);
  });

  it('whose title is in no catalogue is told of by lint', async () => {
    const at = path.join(server.home, 'pulse');
    fs.cpSync(path.join(server.build, 'tests/pulse/1'), at, { recursive: true });
    const args = ['--lang', 'ru', '--modules', path.join(server.build, 'modules'), 'module', 'lint', at];
    const lint = async () => (({ out, err }) => out + err)(await server.execute(path.join(server.build, 'karkas'), args));
    const before = await lint();
    assert.match(before, /ru\.yaml: нет текста «pulse\.event\.one»/);
    assert.doesNotMatch(before, /«pulse\.service/);
    const file = path.join(at, 'locales/ru.yaml');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('pulse.service.line', 'pulse.service.lime'));
    assert.match(await lint(), /ru\.yaml: нет текста «pulse\.service\.line»/);
  });

  it('sees what was written by the transaction that woke it', async () => {
    for (let asked = 1; asked <= 3; asked++) {
      await head.post('/api/v1/pulse/ask', {}, { asWritten: true });
      const [last] = await until(async () => {
        const seen = (await events('line')).filter((e) => e.what === 'saw');
        return seen.at(-1)?.seen >= asked && [seen.at(-1)];
      }, 'the line to see it');
      assert.equal(last.seen, asked);
      assert.equal(last.created_by?.id ?? null, null, 'as the module, no person');
    }
    assert.equal((await service(head, 'line')).text, 'asked 3');
  });

  it('ends before that of another version begins, to and fro', async () => {
    putPulse(modules, 2);
    for (let i = 0; i < 3; i++) {
      await change('upgrade', { version: '1.1.0' });
      await change('rollback');
    }
    await isIn(head, 'line', 'ok');
    await until(async () => (await told('line')).at(-1) === 'begin 1.0.0', 'the last to begin');
    const order = (await told('line')).filter((what) => !what.startsWith('saw'));
    order.forEach((what, i) => assert.match(what, i % 2 ? /^end/ : /^begin/, order.join(', ')));
    for (let i = 1; i < order.length; i += 2) assert.equal(order[i].slice(4), order[i - 1].slice(6), 'each ends what it began');
    assert.ok(order.length >= 3, order.join(', '));
  });

  it('that does not stop is named, its code stays, and the next version’s waits for it', async () => {
    await set(head, { deaf: true });
    await untilTold('deaf', 'begin 1.0.0');
    await change('upgrade', { version: '1.1.0' });
    await isIn(head, 'deaf', 'stuck');
    assert.match(await server.tell('module', 'list'), /служба deaf: не останавливается/);
    assert.equal((await metrics(head))['karkas_service_stuck{module="pulse",service="deaf"}'], 1);
    assert.match(server.log, /event=service\.stuck service=pulse\.deaf/);
    assert.equal((await pulse(head)).draining, 1);
    assert.deepEqual(await told('deaf'), ['begin 1.0.0']);
    await until(async () => (await notices(head))[0] === 'Служба «deaf» модуля pulse не останавливается; служба другой версии ждёт её.', 'the notice');
    await set(head, { deaf: false });
    await isIn(head, 'deaf', 'idle');
    assert.deepEqual(await told('deaf'), ['begin 1.0.0', 'end 1.0.0']);
    await until(async () => (await pulse(head)).draining === 0, 'the earlier version to end');
    await change('rollback');
  });

  it('ends with its module, and begins with it', async () => {
    const apply = async (text) => assert.equal((await server.command('tz', 'apply', writeTz(server.home, text))).code, 0);
    await isIn(head, 'line', 'ok');
    await apply(dealer);
    await until(async () => (await pulse(head)).services.length === 0, 'all to end');
    assert.equal((await metrics(head))['karkas_service_up{module="pulse",service="line"}'], 0);
    await apply(pulseTz);
    await isIn(head, 'line', 'ok');
    const last = async () => (await told('line')).filter((what) => !what.startsWith('saw')).slice(-3);
    await until(async () => (await last()).at(-1) === 'begin 1.0.0', 'it to begin');
    assert.deepEqual(await last(), ['begin 1.0.0', 'end 1.0.0', 'begin 1.0.0'], 'its last words are written although its module was off');
    assert.doesNotMatch(server.log, /module\.misuse/);
  });

  it('begins again on a server that was killed', async () => {
    const before = (await told('line')).length;
    await server.kill();
    await server.start();
    head = await server.as('ivanova');
    await isIn(head, 'line', 'ok');
    assert.match(await until(async () => (await told('line'))[before], 'it to begin'), /^begin/);
  });
});

describe('a service that fails', () => {
  let modules, server, head;

  before(async () => ({ modules, server, head } = await begin({ time: '2027-01-18T07:00:00Z' })));
  after(() => end(modules, server));

  it('is tried again after pauses and told of, with what it says, until it is well', async () => {
    await isIn(head, 'fails', 'idle');
    await set(head, { fails: true });
    const first = await isIn(head, 'fails', 'waiting');
    assert.deepEqual([first.text, first.error, first.failures], ['нет линии', 'upstream', 1]);
    await until(async () => {
      await server.advance('10s');
      return (await service(head, 'fails')).state === 'failing';
    }, 'it to be failing');
    assert.match(await server.tell('module', 'list'), /служба Отказы: отказывает раз за разом \(нет линии\), ошибка upstream, подряд \d+/);
    assert.ok((await metrics(head))['karkas_service_failures_total{module="pulse",service="fails"}'] >= 5);
    const failing = 'Служба «Отказы» модуля pulse отказывает раз за разом. нет линии';
    await until(async () => (await notices(head)).length, 'those who look after the system to be told');
    assert.deepEqual(await notices(head), [failing], 'once, however often it fails');
    assert.deepEqual(await notices(await server.as('petrov')), []);
    await set(head, { fails: false });
    await until(async () => {
      await server.advance('1m');
      return (await service(head, 'fails')).state === 'idle';
    }, 'it to have nothing to do');
    assert.equal((await isIn(head, 'line', 'ok')).starts, 1, 'the others are not touched');
    await until(async () => (await notices(head)).length === 2, 'the second notice');
    assert.deepEqual(await notices(head), ['Служба «Отказы» модуля pulse снова работает.', failing]);
  });
});

describe('a service that ends the process', () => {
  let modules, server, head;

  before(async () => ({ modules, server, head } = await begin()));
  after(() => end(modules, server));

  it('is named in the crash file, and after three times its module runs without its code', async () => {
    await isIn(head, 'crashes', 'idle');
    await set(head, { crashes: true }).catch(() => {}); // it may be quicker than the answer
    await server.exited;
    assert.match(fs.readFileSync(path.join(server.data, 'crash'), 'utf8'), /module=pulse service=crashes\n/);
    for (let i = 2; i <= 3; i++) {
      await server.start().catch((error) => assert.ok(error instanceof StartError)); // or than the harness
      await server.exited;
    }
    await server.start();
    head = await server.as('ivanova');
    const row = await pulse(head);
    assert.deepEqual([row.state, row.services], ['quarantined', []]);
    assert.equal(row.version, idOf(1));
  });
});
