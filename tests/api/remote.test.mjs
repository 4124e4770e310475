// Hooks and steps that an HTTP service answers for: a module of YAML alone, the service in another language. What the
// service says counts; what it does not say is refused, let through or asked again as declared, and never in silence.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { metrics } from '../harness/metrics.mjs';
import { Receiver } from '../harness/receiver.mjs';
import { discountsFolder, discountsTz, SECRET, startService } from '../harness/remote.mjs';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

const START = '2027-01-18T07:00:00Z';
const DEALS = '/api/v1/sales.deal';
const env = { KARKAS_SECRET_DISCOUNTS: SECRET };
const rule = `  R-2:
    text: Оценить заявку
    when: {created: sales.lead, where: {source: phone}}
    do:
      - score: {base: 40}
      - set: {values: {city: Оценена}}
    otherwise:
      - set: {values: {city: Не оценена}}
`;
const tz = discountsTz + rule;

describe('the example of the SDK', () => {
  let service, modules, server, head;

  before(async () => {
    service = await startService();
    modules = discountsFolder(service.url);
    server = await startServer({ time: START, tz, modules, env });
    head = await server.as('ivanova');
  });
  after(async () => {
    await server?.stop();
    service?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  it('refuses a value by its service’s word, in the reader’s language, and sets what the service computes', async () => {
    const refused = (await head.post(DEALS, { title: 'Кран', amount: '1000', discount: '31' }, { expect: 422 })).json;
    assert.deepEqual([refused.fields[0].field, refused.fields[0].detail], ['discount', 'Скидка больше 30 % не даётся.']);
    const deal = (await head.post(DEALS, { title: 'Кран', amount: '1000', discount: '30' }, { expect: 201 })).json;
    assert.equal(deal.margin, '700.00');
    const changed = (await head.patch(`${DEALS}/${deal.id}`, { discount: '10' }, { expect: 200 })).json;
    assert.equal(changed.margin, '900.00');
    await head.patch(`${DEALS}/${deal.id}`, { discount: '90' }, { expect: 422 });
    assert.equal((await head.get(`${DEALS}/${deal.id}`)).json.discount, '10');
  });

  it('answers nothing to whoever does not sign, and lives on', async () => {
    const ask = async (headers) => (await fetch(`${service.url}/hooks/limit`, { method: 'POST', body: '{}', headers })).status;
    assert.equal(await ask({}), 404);
    assert.equal(await ask({ 'webhook-timestamp': '1', 'webhook-signature': 'v1,no v1,more' }), 404);
    await head.post(DEALS, { title: 'Лебёдка', amount: '10', discount: '1' }, { expect: 201 });
  });

  const page = (src) => head.get(src, { asWritten: true });

  it('shows its page by an address that opens for minutes, sandboxed and without a session', async () => {
    const { frames } = (await head.get('/api/v1/meta')).json;
    assert.deepEqual(frames.map((f) => [f.id, f.entity, f.set]), [['offer', 'sales.deal', ['discount']], ['about', undefined, undefined]]);
    const { src } = (await head.post('/api/v1/frames/discounts/offer', undefined, { expect: 200 })).json;
    const stranger = server.client();
    const got = await stranger.get(src, { asWritten: true });
    assert.equal(got.status, 200);
    assert.match(got.text, /<script src="frame.js">/);
    const policy = got.headers['content-security-policy'];
    for (const part of [/sandbox allow-scripts allow-forms/, /default-src 'none'/, /frame-ancestors 'self'/]) assert.match(policy, part);
    assert.doesNotMatch(policy, /allow-same-origin|connect-src/);
    assert.match((await stranger.get(src.replace('page.html', 'frame.js'), { asWritten: true })).headers['content-type'], /javascript/);
  });

  it('opens nothing by a false or old word, a way up, or another module’s', async () => {
    const { src } = (await head.post('/api/v1/frames/discounts/offer', undefined, { expect: 200 })).json;
    const [, , word] = src.split('/');
    const bad = [src.replace(word, `${word.slice(0, -1)}x`), src.replace(word, word.replace(/^\d/, '9')), src.replace('discounts', 'sales'),
      src.replace('page.html', '..%2f..%2fsteps'), src.replace('page.html', 'a%00b'), `/frames/${word}`, '/frames//'];
    for (const one of bad) assert.ok([400, 404].includes((await page(one)).status), one);
    assert.equal((await page(src.replace('page.html', 'nothing.html'))).status, 404);
    await server.advance('11m');
    assert.equal((await page(src)).status, 404);
    assert.equal((await head.post('/api/v1/frames/discounts/nothing', undefined, { expect: 404 })).json.code, 'not_found');
    const belova = await server.as('kuznetsov');
    await belova.post('/api/v1/frames/discounts/about', undefined, { expect: 200 });
  });

  it('sets a field by a step of a rule, and the rule goes on', async () => {
    const lead = (await head.post('/api/v1/sales.lead', { title: 'Кран', source: 'phone' }, { expect: 201 })).json;
    const scored = await until(async () => {
      const now = (await head.get(`/api/v1/sales.lead/${lead.id}`)).json;
      return now.city && now;
    }, 'the end of the rule');
    assert.deepEqual([scored.score, scored.city], [45, 'Оценена']);
  });
});

describe('a service', () => {
  let receiver, modules, server, head;

  before(async () => {
    receiver = await new Receiver().start();
    receiver.secrets = [SECRET];
    modules = discountsFolder(receiver.url, (text) =>
      text.replace('  sales.lead:\n', '    payer: {type: inn}\n  sales.lead:\n').replace('steps:\n', `  told:
    on: sales.deal
    when: [created, updated]
    fields: [title]
    send: [title]
    set: [title, discount, payer]
    on_failure: retry
  loose: {on: contacts.person, when: before_create, send: [name], on_failure: let_through}
grants: {sales.deal: {read: all, update: all}}
steps:
`));
    server = await startServer({ time: START, tz, modules, env });
    head = await server.as('ivanova');
  });
  after(async () => {
    await server?.stop();
    await receiver?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });
  beforeEach(() => {
    receiver.clear();
    receiver.answer = () => ({ status: 200, body: '{"ok":true}' });
  });

  const asked = (name) => receiver.got.filter((d) => d.path.endsWith(`/${name}`));
  const say = (what) => { receiver.answer = (d) => ({ status: 200, body: JSON.stringify(what(d)) }); };
  const module = async () => (await head.get('/api/v1/modules')).json.modules.find((m) => m.name === 'discounts');
  const make = (fields, expect) => head.post(DEALS, { title: 'Кран', ...fields }, { expect });

  it('is sent the declared fields and no others, signed, with who acts', async () => {
    await make({ amount: '5', discount: '1', note: undefined }, 201);
    const [q] = asked('limit');
    assert.ok(q.isSigned);
    assert.match(q.id, /^ask_[\w-]+$/);
    assert.equal(q.body.type, 'sales.deal.before_create');
    assert.deepEqual(q.body.data.record, { title: 'Кран', amount: '5.00', discount: '1' });
    assert.equal(q.body.data.actor.name, 'ivanova');
  });

  it('is not asked about other fields, nor about what is wrong already', async () => {
    const deal = (await make({}, 201)).json;
    receiver.clear();
    await head.patch(`${DEALS}/${deal.id}`, { expected_at: '2027-02-01' }, { expect: 200 });
    await head.patch(`${DEALS}/${deal.id}`, { discount: '101' }, { expect: 422 });
    assert.equal(asked('limit').length, 0);
  });

  it('whose answer is not of the declared shape makes the change fail by name', async () => {
    const bad = ['', 'no json', '[]', '{"ok":"yes"}', '{"ok":true,"set":{"owner":1}}', '{"ok":true,"set":{"margin":"much"}}',
      '{"ok":false,"errors":[{"text":7}]}'];
    let seen = 0;
    for (const body of bad.slice(1)) {
      receiver.answer = () => ({ status: 200, body });
      const { json } = await make({ discount: '1' }, 502);
      assert.equal(json.code, 'remote_failed');
      assert.match(json.detail, /Сервис модуля «discounts»/);
      assert.equal((await module()).remote.error, 'bad_answer');
      receiver.answer = () => ({ status: 204 });
      await make({ discount: '1' }, 201); // so that it is never left alone
      seen++;
    }
    assert.equal(seen, 6);
    receiver.answer = () => ({ status: 500 });
    await make({ discount: '1' }, 502);
    assert.equal((await module()).remote.error, 'status_500');
    receiver.answer = () => ({ status: 200, endless: true });
    await make({ discount: '1' }, 502);
    assert.equal((await module()).remote.error, 'too_large');
    receiver.answer = () => ({ status: 302, headers: { Location: 'http://127.0.0.1:1/' } });
    await make({ discount: '1' }, 502);
    assert.equal((await module()).remote.error, 'status_302');
    receiver.answer = () => ({ status: 204 });
    await make({ discount: '1' }, 201);
  });

  it('that is late is not waited for, and others write meanwhile', async () => {
    let release;
    receiver.answer = () => new Promise((resolve) => { release = () => resolve({ status: 204 }); });
    const late = make({ discount: '1' }, 502);
    await until(() => release, 'the question');
    await head.post('/api/v1/sales.lead', { title: 'Пока ждём' }, { expect: 201 });
    assert.equal((await late).json.code, 'remote_failed');
    assert.equal((await module()).remote.error, 'timeout');
    release();
  });

  it('is asked again when the record was changed while it thought', async () => {
    const deal = (await make({ discount: '1' }, 201)).json;
    receiver.clear();
    let times = 0;
    receiver.answer = async (d) => {
      if (d.path.endsWith('/limit') && ++times === 1) await head.patch(`${DEALS}/${deal.id}`, { expected_at: '2027-03-01' }, { expect: 200 });
      return { status: 204 };
    };
    await head.patch(`${DEALS}/${deal.id}`, { discount: '7' }, { expect: 200 });
    assert.deepEqual(asked('limit').map((d) => d.body.data.rev), [deal.rev, deal.rev + 1]);
  });

  it('gets the same id for a request that a client repeats, and is not asked about one that is done', async () => {
    const post = (expect) => head.post(DEALS, { title: 'Кран', discount: '2' }, { expect, headers: { 'Idempotency-Key': 'k-1' } });
    const limit = (status) => { receiver.answer = (d) => ({ status: d.path.endsWith('/limit') ? status : 204 }); };
    limit(500);
    await post(502);
    limit(204);
    const made = (await post(201)).json;
    limit(500);
    assert.equal((await post(201)).json.id, made.id);
    const ids = asked('limit').map((d) => d.id);
    assert.deepEqual([ids.length, new Set(ids).size], [2, 1]);
  });

  it('that fails lets through what is declared so, which its health counts', async () => {
    const had = (await module()).remote.let_through;
    receiver.answer = () => ({ status: 500 });
    await head.post('/api/v1/contacts.person', { name: 'Пётр' }, { expect: 201 });
    assert.equal((await module()).remote.let_through, had + 1);
    assert.equal((await metrics(head))['karkas_remote_let_through_total{module="discounts"}'], had + 1);
    receiver.answer = () => ({ status: 204 });
    await head.post('/api/v1/contacts.person', { name: 'Павел' }, { expect: 201 });
  });

  it('cannot be passed by a bulk change: each row is refused by name', async () => {
    const deal = (await make({}, 201)).json;
    const { json } = await head.post(`${DEALS}/bulk`, { ids: [deal.id], set: { amount: '9' } }, { expect: 202 });
    const done = await until(async () => {
      const b = (await head.get(`/api/v1/batch/${json.id}`)).json;
      return ['done', 'failed'].includes(b.state) && b;
    }, 'the batch');
    const { rows } = (await head.get(`/api/v1/batch/${done.id}/rows`, { expect: 200 })).json;
    assert.match(JSON.stringify(rows), /remote_not_asked/);
  });

  it('is told of a change once it is committed, in its own name, and its answer does not come back to it', async () => {
    say((d) => (d.path.endsWith('/told') ? { set: { title: 'Проверено', discount: '3' } } : { ok: true }));
    const deal = (await make({ title: 'Новый', discount: '5' }, 201)).json;
    const now = await until(async () => {
      const d = (await head.get(`${DEALS}/${deal.id}`)).json;
      return d.title === 'Проверено' && d;
    }, 'what the service sets');
    assert.equal(now.discount, '3', 'its own word needs no leave of its own');
    await server.advance('1m');
    const told = asked('told').filter((d) => d.body.data.id === deal.id);
    assert.deepEqual([told.length, told[0].body.type, told[0].body.data.actor.name], [1, 'sales.deal.created', 'discounts']);
    assert.deepEqual(told[0].body.data.record, { title: 'Новый' });
    assert.match(told[0].id, /^evt_/);
    const { rows } = (await head.get(`${DEALS}/${deal.id}/history`)).json;
    assert.equal(rows[0].via, 'remote:discounts');
  });

  it('sets a value with the mark that belongs to it, and takes the mark from what it mends', async () => {
    const set = async (payer, by) => {
      say((d) => (d.path.endsWith('/told') ? { set: { payer: by } } : { ok: true }));
      const deal = (await make({ title: 'Плательщик', payer }, 201)).json;
      return until(async () => {
        const d = (await head.get(`${DEALS}/${deal.id}`)).json;
        return d.payer === by && d;
      }, 'what the service sets');
    };
    assert.deepEqual((await set('7707083893', '7707083894'))._marks, { payer: 'check_digits' });
    assert.equal((await set('7707083894', '7707083893'))._marks, undefined);
  });

  it('is told again and again under one id until it answers', async () => {
    receiver.answer = (d) => ({ status: d.path.endsWith('/told') ? 503 : 204 });
    await make({ title: 'Повтор' }, 201);
    await until(() => asked('told').length, 'the first try');
    receiver.answer = () => ({ status: 204 });
    await server.advance('1m');
    const tries = asked('told').filter((d) => d.body.data.record.title === 'Повтор');
    assert.ok(tries.length >= 2);
    assert.equal(new Set(tries.map((d) => d.id)).size, 1);
  });

  it('that fails five times in a row is left alone for a while, which the list of modules says', async () => {
    receiver.answer = () => ({ status: 500 });
    for (let i = 0; i < 5; i++) await make({ discount: '1' }, 502);
    receiver.clear();
    await make({ discount: '1' }, 502);
    assert.equal(receiver.got.length, 0);
    assert.deepEqual([(await module()).remote.state, (await module()).remote.failures], ['paused', 5]);
    assert.match((await server.command('module', 'list')).out, /сервис не отвечает: status_500/);
    receiver.answer = () => ({ status: 204 });
    await server.advance('10s');
    await make({ discount: '1' }, 201);
    assert.equal((await module()).remote.state, 'ok');
  });
});

describe('a step that a service answers for', () => {
  let receiver, modules, server, head;

  before(async () => {
    receiver = await new Receiver().start();
    receiver.secrets = [SECRET];
    modules = discountsFolder(receiver.url);
    server = await startServer({ time: START, tz, modules, env });
    head = await server.as('ivanova');
  });
  after(async () => {
    await server?.stop();
    await receiver?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });
  beforeEach(() => receiver.clear());

  const lead = async () => (await head.post('/api/v1/sales.lead', { title: 'Кран', source: 'phone' }, { expect: 201 })).json;
  const ended = (id) => until(async () => {
    const now = (await head.get(`/api/v1/sales.lead/${id}`)).json;
    return now.city && now;
  }, 'the end of the rule');

  it('is neither lost nor doubled by kill -9: the same id asks again, and the field is set once', async () => {
    let hang = true;
    receiver.answer = () => (hang ? new Promise(() => {}) : { status: 200, body: '{"set":{"score":7}}' });
    const { id } = await lead();
    await until(() => receiver.got.length, 'the question');
    await server.kill();
    hang = false;
    await server.start();
    head = await server.as('ivanova');
    const now = await ended(id);
    assert.equal(now.score, 7);
    assert.equal(new Set(receiver.got.map((d) => d.id)).size, 1);
    assert.match(receiver.got[0].id, /^run_/);
    assert.deepEqual(receiver.got[0].body.data.params, { base: 40 });
    assert.equal(receiver.got[0].body.data.actor.name, 'system');
    const { rows } = (await head.get(`/api/v1/sales.lead/${id}/history`, { expect: 200 })).json;
    assert.equal(rows.filter((h) => h.changes?.some((c) => c.field === 'score')).length, 1);
  });

  it('whose service says no turns the run to its `otherwise`', async () => {
    receiver.answer = () => ({ status: 200, body: '{"ok":false}' });
    assert.equal((await ended((await lead()).id)).city, 'Не оценена');
  });

  it('is tried again after a failure, under the same id', async () => {
    receiver.answer = () => ({ status: 500 });
    const { id } = await lead();
    await until(() => receiver.got.length, 'the first try');
    receiver.answer = () => ({ status: 200, body: '{"set":{"score":9}}' });
    await server.advance('1m');
    assert.equal((await ended(id)).score, 9);
    assert.equal(new Set(receiver.got.map((d) => d.id)).size, 1);
  });
});
