// Webhooks: what changed is told to other systems, signed, at least once, in order per record, under the rights
// of a service user, and never to an address that only this machine can reach.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { metrics } from '../harness/metrics.mjs';
import { Receiver } from '../harness/receiver.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const START = '2027-01-18T07:00:00Z';
const SECRET = `whsec_${Buffer.from('a secret of thirty-two letters !').toString('base64')}`;
const OLD = `whsec_${Buffer.from('an older secret of many letters!').toString('base64')}`;

/** An administrator whose sign-in no virtual clock ends: by token. */
async function administrator(server) {
  const head = await server.as('ivanova');
  const wish = { name: 'Тест', access: 'write', functions: ['settings', 'bulk', 'delete'] };
  head.bearer = (await head.post('/api/v1/tokens', wish, { expect: 201 })).json.token;
  return head;
}

function withHooks(hooks, more = 'outgoing: {private: [127.0.0.1]}\n') {
  return dealer
    .replace(
      'roles:\n',
      `services:
  exchange: {title: Обмен с сайтом, roles: [exchange]}
  other: {title: Без прав}
roles:
  exchange:
    title: Обмен
    rights:
      sales.lead: {read: {where: {source: site}}, fields: [title, source, owner, stage]}
      sales.deal: {read: all, fields: [title, stage, amount]}
      contacts.person: {read: all, fields: [name]}
`,
    )
    .replace('contacts.*: {read: team, create: team,', 'contacts.*: {read: team, delete: team, create: team,')
    .replace('integrations:\n', `webhooks:\n${hooks}${more}integrations:\n`);
}

const hook = (receiver, name, rest) =>
  `  ${name}: {title: Хук ${name}, url: "${receiver.url}/${name}", as: exchange, secret: {secret: HOOK}, ${rest}}\n`;

describe('webhooks', () => {
  let receiver, server, head, hooks;

  before(async () => {
    receiver = await new Receiver().start();
    const tz = withHooks(
      hook(receiver, 'leads', 'of: sales.lead') +
        hook(receiver, 'stages', 'of: sales.deal, on: [updated], fields: [stage], where: {amount: {gt: 100}}, old_secret: {secret: HOOK_OLD}') +
        hook(receiver, 'people', 'of: contacts.person, parallel: 2, owner: ivanova'),
    );
    server = await startServer({ time: START, tz, env: { KARKAS_SECRET_HOOK: SECRET, KARKAS_SECRET_HOOK_OLD: OLD } });
    head = await administrator(server);
    hooks = Object.fromEntries((await head.get('/api/v1/webhooks', { expect: 200 })).json.rows.map((h) => [h.name, h]));
  });
  after(async () => {
    await server.stop();
    await receiver.stop();
  });
  beforeEach(() => {
    receiver.clear();
    receiver.secrets = [SECRET];
    receiver.answer = () => ({ status: 200, body: 'ok' });
  });

  const lead = async (fields) => (await head.post('/api/v1/sales.lead', { title: 'Кран', ...fields }, { expect: 201 })).json;
  const person = async (name) => (await head.post('/api/v1/contacts.person', { name }, { expect: 201 })).json;
  const rename = (p, name) => head.patch(`/api/v1/contacts.person/${p.id}`, { name }, { expect: 200 });
  const seen = (what, n = 1) => until(() => receiver.got.filter(what).length >= n && receiver.got.filter(what), 'a delivery');
  const journal = async (name, query = '') => (await head.get(`/api/v1/webhooks/${hooks[name].id}/deliveries${query}`, { expect: 200 })).json.rows;
  const state = async (name) => (await head.get(`/api/v1/webhooks/${hooks[name].id}`, { expect: 200 })).json;
  const act = (name, what, body = {}, expect = 204) => head.post(`/api/v1/webhooks/${hooks[name].id}/${what}`, body, { expect });

  it('tells a change signed, with the fields its user may see and no others', async () => {
    const made = await lead({ source: 'site', message: 'не для обмена', phone: '8 916 123-45-67' });
    const [got] = await seen((d) => d.body.type === 'sales.lead.created' && d.body.data.id === made.id);
    assert.ok(got.isSigned, 'the signature');
    assert.match(got.id, /^msg_[\w-]{12}_[\w-]{48}$/, 'no number that grows');
    assert.equal(got.headers['content-type'], 'application/json');
    assert.equal(got.headers['webhook-timestamp'], String(Date.parse(START) / 1000));
    const { record, fields, op } = got.body.data;
    assert.equal(op, 'created');
    assert.deepEqual([record.title, record.source, 'message' in record, 'phone' in record], ['Кран', 'site', false, false]);
    assert.ok(!fields.includes('message') && fields.includes('title'), String(fields));
    await head.patch(`/api/v1/sales.lead/${made.id}`, { message: 'и это тоже' }, { expect: 200 });
    await head.patch(`/api/v1/sales.lead/${made.id}`, { title: 'Кран 25 т' }, { expect: 200 });
    await seen((d) => d.body.type === 'sales.lead.updated' && d.body.data.fields.includes('title'));
    assert.ok(!receiver.got.some((d) => d.raw.includes('и это тоже')));
    assert.ok(receiver.got.every((d) => d.body.data.fields.length), 'a change of hidden fields is none');
  });

  it('says that a record has left its user’s sight, and tells nothing of what he never saw', async () => {
    await lead({ source: 'phone', title: 'Не виден' });
    const made = await lead({ source: 'site' });
    await head.patch(`/api/v1/sales.lead/${made.id}`, { source: 'phone' }, { expect: 200 });
    const [got] = await seen((d) => d.body.data.op === 'gone');
    assert.deepEqual([got.body.data.id, got.body.data.record], [made.id, undefined]);
    assert.ok(!receiver.got.some((d) => d.raw.includes('Не виден')));
  });

  it('a subscription may ask for operations, fields and a condition; a changed secret signs twice', async () => {
    receiver.secrets = [OLD];
    const deal = (await head.post('/api/v1/sales.deal', { title: 'Сделка', amount: '50' }, { expect: 201 })).json;
    const set = (fields) => head.patch(`/api/v1/sales.deal/${deal.id}`, fields, { expect: 200 });
    await set({ stage: 'work' });
    await set({ amount: '500' });
    await set({ stage: 'payment' });
    const got = await seen((d) => d.path.endsWith('/stages'));
    assert.deepEqual(got.map((d) => [d.body.data.op, d.body.data.record.stage]), [['updated', 'payment']]);
    assert.deepEqual([got[0].signatures.length, got[0].isSigned], [2, true]);
  });

  it('a record’s changes go one after the other, other records beside them, within the limit', async () => {
    let give, open = 0, most = 0;
    const gate = new Promise((resolve) => (give = resolve));
    const people = [];
    receiver.answer = async (d) => {
      if (!d.body.type.startsWith('contacts.person.')) return { status: 200 }; // what others still tell
      open += 1;
      most = Math.max(most, open);
      await gate;
      open -= 1;
      return { status: 200 };
    };
    for (const name of ['Раз', 'Два', 'Три']) people.push(await person(name));
    for (const p of people) await rename(p, `${p.name} ещё`);
    await until(() => open === 2, 'two under way');
    give();
    await seen((d) => d.body.type === 'contacts.person.updated', 3);
    assert.equal(most, 2);
    for (const p of people) {
      const own = receiver.got.filter((d) => d.body.data.id === p.id).map((d) => d.body.data.op);
      assert.deepEqual(own, ['created', 'updated']);
    }
  });

  it('tries again with growing pauses under the same id; a failing record holds up only itself', async () => {
    const bad = await person('Плохой');
    await seen((d) => d.body.data.id === bad.id);
    receiver.answer = (d) => ({ status: d.body.data.id === bad.id ? 500 : 200, body: 'нет' });
    receiver.clear();
    await rename(bad, 'Плохой 2');
    await rename(bad, 'Плохой 3');
    const good = await person('Хороший');
    await seen((d) => d.body.data.id === good.id);
    await server.advance('20m');
    const tries = receiver.got.filter((d) => d.body.data.id === bad.id);
    assert.ok(tries.length >= 4 && tries.length <= 6, `${tries.length} tries`);
    assert.equal(new Set(tries.map((d) => d.id)).size, 1, 'the later change waits');
    const [row] = (await journal('people', `?record=${bad.id}&state=new`)).filter((r) => r.attempts);
    assert.deepEqual([row.status, row.state, row.error], [500, 'new', null]);
    receiver.answer = () => ({ status: 200 });
    await server.advance('2h');
    const own = receiver.got.filter((d) => d.body.data.id === bad.id);
    assert.equal(new Set(own.map((d) => d.id)).size, 2);
  });

  it('gives a delivery up after three days, goes on with its record, and tells it again when asked', async () => {
    const bad = await person('Никогда');
    await seen((d) => d.body.data.id === bad.id);
    receiver.answer = (d) => ({ status: d.body.data.id === bad.id ? 422 : 200 });
    await rename(bad, 'Никогда 2');
    for (let day = 0; day < 6; day++) {
      await person(`Другой ${day}`);
      await server.advance('20h');
    }
    const [dead] = await journal('people', '?state=dead');
    assert.deepEqual([dead.record, dead.status], [bad.id, 422]);
    receiver.answer = () => ({ status: 200 });
    receiver.clear();
    await act('people', 'redeliver', { deliveries: [dead.id] }, 202);
    const [again] = await seen((d) => d.id === dead.message);
    assert.equal(again.body.data.record.name, 'Никогда 2');
    const counted = (await act('people', 'redeliver', { from: START, state: 'done' }, 202)).json.count;
    assert.ok(counted >= 5, `${counted} told again`);
    await until(async () => !(await journal('people', '?state=new')).length, 'the range');
  });

  it('keeps a journal: what was sent, what was answered, how long it took', async () => {
    receiver.answer = () => ({ status: 202, body: 'принято '.repeat(1000) });
    const p = await person('Журнальный');
    await until(async () => (await journal('people', `?record=${p.id}&state=done`)).length, 'its row');
    const [row] = await journal('people', `?record=${p.id}`);
    assert.deepEqual([row.op, row.state, row.status, row.attempts], ['created', 'done', 202, 1]);
    const full = (await head.get(`/api/v1/webhooks/${hooks.people.id}/deliveries/${row.id}`, { expect: 200 })).json;
    assert.equal(JSON.parse(full.request).data.id, p.id);
    assert.ok(full.reply.startsWith('принято') && Buffer.byteLength(full.reply) <= 2048);
    assert.ok(Number.isInteger(full.ms));
    await head.get(`/api/v1/webhooks/${hooks.leads.id}/deliveries/${row.id}`, { expect: 404 });
  });

  it('tells a deletion; what is purged from the records goes from the journal as well', async () => {
    const p = await person('Удаляемый');
    await seen((d) => d.body.data.id === p.id); /* one that is gone before it is told was never there */
    await head.del(`/api/v1/contacts.person/${p.id}`, { expect: 204 });
    const [got] = await seen((d) => d.body.type === 'contacts.person.deleted');
    assert.deepEqual([got.body.data.id, got.body.data.record], [p.id, undefined]);
    await until(async () => (await journal('people', `?record=${p.id}&state=done`)).length === 2, 'both rows');
    const rows = await journal('people', `?record=${p.id}`);
    await head.del(`/api/v1/contacts.person/${p.id}?forever=1`, { expect: 204 });
    const left = await journal('people', `?record=${p.id}`);
    assert.ok(!left.some((row) => rows.some((r) => r.id === row.id)), 'the rows that held its texts');
  });

  it('a long answer is cut off, a redirect is not followed', async () => {
    receiver.answer = () => ({ status: 200, endless: true });
    const p = await person('Болтун');
    await until(async () => (await journal('people', `?record=${p.id}&state=done`)).length, 'its end');
    receiver.clear();
    receiver.answer = () => ({ status: 302, headers: { location: `${receiver.url}/elsewhere` } });
    const q = await person('Переехал');
    await until(async () => (await journal('people', `?record=${q.id}`))[0]?.status === 302, 'its failure');
    assert.ok(receiver.got.every((d) => d.path === '/hook/people'), 'not followed');
    receiver.answer = () => ({ status: 200 });
    await server.advance('1m');
  });

  it('Retry-After is heeded', async () => {
    receiver.answer = () => ({ status: 429, headers: { 'retry-after': '3600' } });
    const p = await person('Занято');
    await until(async () => (await journal('people', `?record=${p.id}`))[0]?.status === 429, 'its failure');
    receiver.answer = () => ({ status: 200 });
    receiver.clear();
    await server.advance('50m');
    assert.equal(receiver.got.filter((d) => d.body.data.id === p.id).length, 0);
    await server.advance('11m');
    assert.equal(receiver.got.filter((d) => d.body.data.id === p.id).length, 1);
  });

  it('410 pauses the subscription and tells its owner; nothing is lost until it is resumed', async () => {
    receiver.answer = () => ({ status: 410 });
    const p = await person('Прощай');
    await until(async () => (await state('people')).state === 'paused', 'the pause');
    assert.equal((await state('people')).reason, 'gone');
    const notices = await head.list('notification', 'sort=-created_at');
    assert.match(notices[0].text, /Хук people.*410/);
    receiver.answer = () => ({ status: 200 });
    await rename(p, 'Вернулся');
    receiver.clear();
    await act('people', 'resume');
    await seen((d) => d.body.data.id === p.id, 2);
    assert.equal((await state('people')).state, 'active');
  });

  it('is paused after three days without a success, though it tried one at a time; skip forgets', async () => {
    receiver.answer = () => ({ status: 503 });
    for (let i = 0; i < 12; i++) await person(`Сбой ${i}`);
    await server.advance('10m');
    const before = receiver.got.length;
    await server.advance('2h');
    assert.ok(receiver.got.length - before < 10, `${receiver.got.length - before} tries in two hours`);
    await server.advance('100h');
    const paused = await state('people');
    assert.deepEqual([paused.state, paused.reason], ['paused', 'failing']);
    receiver.answer = () => ({ status: 200 });
    receiver.clear();
    await act('people', 'resume', { skip: true });
    const after = await person('После');
    await seen((d) => d.body.data.id === after.id);
    assert.ok(!receiver.got.some((d) => /Сбой/.test(d.raw)));
  });

  it('many rows of a batch are told by lines of the batch, and imports by none', async () => {
    const people = await head.list('contacts.person', 'limit=200');
    const extra = [];
    for (let i = people.length; i < 24; i++) extra.push(await person(`Ещё ${i}`));
    await until(async () => !(await journal('people', '?state=new')).length, 'quiet');
    receiver.clear();
    await head.post('/api/v1/contacts.person/bulk', { where: true, set: { city: 'Тверь', name: 'Все' } }, { expect: 202 });
    const [many] = await seen((d) => d.body.type === 'contacts.person.many');
    assert.ok(many.body.data.batch > 0);
    await until(async () => !(await journal('people', '?state=new')).length, 'quiet');
    assert.ok(receiver.got.length < 24 && receiver.got.every((d) => d.body.type === 'contacts.person.many'));
  });

  it('a test is sent at once, also while it is paused', async () => {
    await act('people', 'pause');
    assert.equal((await state('people')).reason, 'person');
    const { delivery } = (await act('people', 'test', {}, 202)).json;
    const [got] = await seen((d) => d.body.type === 'test');
    assert.equal(got.body.data.webhook, 'people');
    await until(async () => (await journal('people')).find((r) => r.id === delivery)?.state === 'done', 'its row');
    await act('people', 'resume');
  });

  it('survives kill -9: what was under way is sent again under the same id, and nothing is missed', async () => {
    let give;
    const gate = new Promise((resolve) => (give = resolve));
    receiver.answer = async () => (await gate, { status: 200 });
    const people = [];
    for (let i = 0; i < 6; i++) people.push(await person(`Живучий ${i}`));
    await until(() => receiver.open > 0, 'one under way');
    await server.kill();
    give();
    await server.restart();
    await until(() => people.every((p) => receiver.got.some((d) => d.body.data.id === p.id)), 'all of them');
    const ids = new Map(receiver.got.map((d) => [d.body.data.id, new Set()]));
    for (const d of receiver.got) ids.get(d.body.data.id).add(d.id);
    assert.ok([...ids.values()].every((s) => s.size === 1), 'one id each');
    const figures = await metrics(head);
    assert.ok(figures.karkas_webhook_sent_total >= 6);
  });

  it('a stop does not wait for a receiver that says nothing; what it was told is told again', async () => {
    receiver.answer = () => new Promise(() => {});
    const p = await person('Молчун');
    await until(() => receiver.got.some((d) => d.body.data.id === p.id), 'the delivery under way');
    const start = Date.now();
    server.process.kill('SIGTERM');
    const [code] = await server.exited;
    assert.equal(code, 0, server.log.slice(-2000));
    assert.ok(Date.now() - start < 8000, `it took ${Date.now() - start} ms`);
    receiver.answer = () => ({ status: 200 });
    await server.start();
    const [first, again] = await seen((d) => d.body.data.id === p.id, 2);
    assert.equal(first.id, again.id);
  });

  it('a condition that its user may not read any more stops it, and its owner is told', async () => {
    const before = fs.readFileSync(server.tz, 'utf8');
    fs.writeFileSync(server.tz, before.replace('fields: [title, stage, amount]', 'fields: [title, stage]'));
    assert.equal((await server.command('tz', 'apply', server.tz)).code, 0);
    await head.post('/api/v1/sales.deal', { title: 'Ещё сделка' }, { expect: 201 });
    await until(async () => (await state('stages')).reason === 'condition', 'the pause');
    fs.writeFileSync(server.tz, before);
    assert.equal((await server.command('tz', 'apply', server.tz)).code, 0);
    await act('stages', 'resume');
  });

  it('those of the ТЗ are changed there only; without the function nothing is to be seen', async () => {
    const refused = await head.patch(`/api/v1/webhooks/${hooks.people.id}`, { title: 'x' }, { expect: 409 });
    assert.equal(refused.json.code, 'webhook_of_tz');
    await head.del(`/api/v1/webhooks/${hooks.people.id}`, { expect: 409 });
    await (await server.as('petrov')).get('/api/v1/webhooks', { expect: 403 });
  });

  it('secrets stand neither in the database nor in the log', async () => {
    for (const text of [SECRET, OLD, SECRET.slice(6)]) {
      const found = await server.execute('grep', ['-c', '-a', '-F', text, `${server.data}/karkas.db`, `${server.data}/karkas.db-wal`]);
      assert.ok(!/:[1-9]/.test(found.out), found.out);
      assert.ok(!server.log.includes(text));
    }
  });
});

describe('webhooks made by an administrator', () => {
  let secure, plain, server, head, exchange, other;

  before(async () => {
    const certificate = await startServer({ time: START });
    const read = (name) => fs.readFileSync(path.join(certificate.data, name));
    const folder = fs.mkdtempSync('/tmp/karkas-test-ca-');
    fs.chmodSync(folder, 0o755);
    fs.writeFileSync(path.join(folder, 'ca.crt'), read('ca.crt'), { mode: 0o644 });
    const tls = { cert: read('server.crt'), key: read('server.key') };
    await certificate.stop();
    secure = await new Receiver().start({ tls });
    plain = await new Receiver().start();
    const tz = withHooks('', `outgoing: {private: ["127.0.0.0/8", "::1"], ca: ${folder}/ca.crt}\n`);
    server = await startServer({ time: START, tz });
    head = await administrator(server);
    const users = await (await server.as('admin')).list('user');
    [exchange, other] = ['exchange', 'other'].map((login) => users.find((u) => u.login === login));
  });
  after(async () => {
    await server.stop();
    await secure.stop();
    await plain.stop();
  });

  const make = async (wish) =>
    (await head.post('/api/v1/webhooks', { name: `h${Math.random()}`, user: exchange.id, entity: 'sales.lead', ...wish }, { expect: 201 })).json;
  const failure = (id) =>
    until(async () => (await head.get(`/api/v1/webhooks/${id}/deliveries`)).json.rows.find((r) => r.attempts), 'a failed attempt');

  it('has a secret of the server’s making, shown once, by TLS; turning it signs with both', async () => {
    const made = await make({ name: 'secure', url: secure.url });
    assert.match(made.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.equal((await head.get(`/api/v1/webhooks/${made.id}`)).json.secret, undefined);
    secure.secrets = [made.secret];
    await head.post(`/api/v1/webhooks/${made.id}/test`, {}, { expect: 202 });
    await until(() => secure.got.length, 'a delivery');
    assert.ok(secure.got[0].isSigned);
    const turned = (await head.post(`/api/v1/webhooks/${made.id}/rotate`, {}, { expect: 200 })).json;
    assert.notEqual(turned.secret, made.secret);
    await head.post(`/api/v1/webhooks/${made.id}/test`, {}, { expect: 202 });
    await until(() => secure.got.length === 2, 'another');
    assert.deepEqual([secure.got[1].isSigned, secure.got[1].signatures.length], [true, 2]);
    secure.secrets = [turned.secret];
    await server.advance('25h');
    await head.post(`/api/v1/webhooks/${made.id}/test`, {}, { expect: 202 });
    await until(() => secure.got.length === 3, 'a third');
    assert.deepEqual([secure.got[2].isSigned, secure.got[2].signatures.length], [true, 1]);
    await head.del(`/api/v1/webhooks/${made.id}`, { expect: 204 });
    await head.get(`/api/v1/webhooks/${made.id}`, { expect: 404 });
  });

  it('signs as before after a restore: the key is in the backup, for its owner’s eyes only', async () => {
    const made = await make({ name: 'restored', url: plain.url });
    const at = path.join(server.home, 'hooks.karkas');
    const said = await server.command('backup', at);
    assert.equal(said.code, 0, said.err);
    assert.match(said.out, /hooks\.karkas\.data: ключи/);
    assert.equal(fs.statSync(`${at}.data/webhook.key`).mode & 0o777, 0o600);
    const data = path.join(server.home, 'hooks-restored');
    const restored = await server.command('--data', data, 'restore', at);
    assert.equal(restored.code, 0, restored.out + restored.err);
    assert.equal(fs.statSync(path.join(data, 'webhook.key')).mode & 0o777, 0o600);
    const again = await startServer({ data, tzFile: server.tz });
    again.passwords = { ...server.passwords };
    plain.secrets = [made.secret];
    plain.clear();
    await (await administrator(again)).post(`/api/v1/webhooks/${made.id}/test`, {}, { expect: 202 });
    await until(() => plain.got.length, 'a delivery of the restored server');
    assert.ok(plain.got[0].isSigned);
    await again.stop();
    await head.del(`/api/v1/webhooks/${made.id}`, { expect: 204 });
    plain.clear();
  });

  it('is not changed over what somebody else has made of it meanwhile', async () => {
    const made = await make({ name: 'shared', url: plain.url });
    const at = `/api/v1/webhooks/${made.id}`;
    const seen = (await head.get(at, { expect: 200 })).json;
    assert.equal(seen.rev, made.rev);
    const put = (body, rev) => head.patch(at, body, { headers: { 'if-match': `"${rev}"` } });
    const first = await put({ on: ['created'] }, seen.rev);
    assert.equal(first.status, 200, first.text);
    assert.notEqual(first.json.rev, seen.rev);
    const second = await put({ title: 'Поверх' }, seen.rev);
    assert.deepEqual([second.status, second.json.code], [412, 'stale'], second.text);
    assert.deepEqual([second.json.record.on, second.json.record.rev], [['created'], first.json.rev]);
    await head.post(`${at}/pause`, {}, { expect: 204 });
    assert.equal((await head.get(at)).json.rev, first.json.rev, 'how it goes is no change of what it is');
    assert.equal((await put({ title: 'Теперь' }, first.json.rev)).json.title, 'Теперь');
    assert.equal((await put({ title: 'Любая' }, 'nonsense')).status, 412);
    assert.equal((await head.patch(at, { title: 'Без условия' })).status, 200);
    await head.del(at, { expect: 204 });
  });

  it('is refused by name of the field when it is asked for wrongly', async () => {
    const bad = { name: '', url: 'ftp://x/y', user: head.user.id, owner: 99999, entity: 'sales.led', on: ['moved'], batches: 'all', parallel: 99, colour: 1 };
    const reply = await head.post('/api/v1/webhooks', bad, { expect: 422 });
    const codes = Object.fromEntries(reply.json.fields.map((f) => [f.field, f.code]));
    assert.deepEqual(codes, {
      colour: 'unknown_field', on: 'not_a_choice', batches: 'not_a_choice', name: 'required', url: 'webhook_url',
      parallel: 'out_of_range', user: 'not_a_program', owner: 'no_such_record', entity: 'not_a_choice',
    });
    const blind = await head.post('/api/v1/webhooks', { name: 'b', url: secure.url, user: other.id, entity: 'sales.lead' }, { expect: 422 });
    assert.equal(blind.json.fields[0].code, 'not_readable');
    const hidden = { name: 'c', url: secure.url, user: exchange.id, entity: 'sales.lead', where: ['message', 'eq', 'x'] };
    assert.equal((await head.post('/api/v1/webhooks', hidden, { expect: 422 })).json.fields[0].code, 'unknown_field');
    for (const url of ['https://user:pass@site.example/', 'https://site.example/#x', 'javascript:1', 'https://', 'file:///etc/passwd', 'gopher://x/'])
      assert.equal((await head.post('/api/v1/webhooks', { name: 'd', url, user: exchange.id, entity: 'sales.lead' }, { expect: 422 })).json.fields[0].code, 'webhook_url', url);
  });

  it('does not speak to inner addresses that the ТЗ does not name, however they are written', async () => {
    const inner = ['https://10.0.0.1/', 'https://169.254.169.254/latest', 'https://[fe80::1]/', 'https://[::ffff:10.0.0.1]/', 'https://0x0a000001/', 'https://192.168.1.1:8443/', 'https://100.64.0.1/', 'https://0.0.0.0/', 'https://[64:ff9b::a00:1]/'];
    for (const url of inner) {
      const made = await make({ url });
      await head.post(`/api/v1/webhooks/${made.id}/test`, {}, { expect: 202 });
      assert.equal((await failure(made.id)).error, 'refused_address', url);
    }
  });

  it('a receiver of another authority, one that is not there, one that says nothing', async () => {
    const wrong = await make({ url: `https://127.0.0.2:${secure.port}/` });
    await head.post(`/api/v1/webhooks/${wrong.id}/test`, {}, { expect: 202 });
    assert.match((await failure(wrong.id)).error, /tls|no_connection/);
    const absent = await make({ url: 'http://127.0.0.1:1/' });
    await head.post(`/api/v1/webhooks/${absent.id}/test`, {}, { expect: 202 });
    assert.equal((await failure(absent.id)).error, 'no_connection');
  });

  it('is changed: another address takes what waits', async () => {
    plain.answer = () => ({ status: 500 });
    const made = await make({ name: 'moving', url: plain.url });
    await head.post('/api/v1/sales.lead', { title: 'Заявка', source: 'site' }, { expect: 201 });
    await failure(made.id);
    secure.got.length = 0;
    await head.patch(`/api/v1/webhooks/${made.id}`, { url: secure.url, title: 'Переехал' }, { expect: 200 });
    await server.advance('1m');
    assert.equal(secure.bodies('sales.lead.created').length, 1);
  });

  it('stops when its user is disabled', async () => {
    const made = await make({ name: 'orphan', url: plain.url });
    const admin = await server.as('admin');
    await admin.patch(`/api/v1/user/${exchange.id}`, { is_disabled: true }, { expect: 200 });
    await head.post(`/api/v1/webhooks/${made.id}/redeliver`, { from: START }, { expect: 202 });
    await admin.patch(`/api/v1/user/${exchange.id}`, { is_disabled: false }, { expect: 200 });
  });
});

describe('webhooks in a ТЗ', () => {
  const faults = async (hooks, more) => {
    try {
      const server = await startServer({ time: START, tz: withHooks(hooks, more) });
      await server.stop();
      return '';
    } catch (error) {
      return error.log ?? String(error);
    }
  };
  it('unknown names, open secrets and bad addresses are named with their place', async () => {
    const log = await faults(
      '  a: {title: А, url: "http://site.example/", as: exchang, of: sales.led, on: [moved], secret: whsec_open, owner: ivanov}\n' +
        '  b: {title: Б, url: "https://site.example/", as: exchange, of: sales.lead, fields: [titel], where: {sourse: site}}\n',
      'outgoing: {private: [10.0.0.0/99]}\n',
    );
    for (const said of [/«exchang».*«exchange»/, /«sales\.led».*«sales\.lead»/, /«moved»/, /secret/, /«ivanov».*«ivanova»/, /«titel».*«title»/, /«sourse».*«source»/, /10\.0\.0\.0\/99/])
      assert.match(log, said);
  });
});
