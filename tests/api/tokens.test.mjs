// API tokens: a program acts as its user and never as more; who lost one loses nothing else.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { dealer, withFiles } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const START = '2027-01-18T07:00:00Z';
const TOKEN = /^krk_[a-z0-9]{12}_[A-Za-z0-9_-]{43}$/;

const tz = withFiles(dealer
  .replace(
    'roles:\n',
    `services:
  exchange: {title: Обмен с сайтом, roles: [exchange]}
roles:
  exchange:
    title: Обмен
    rights:
      sales.lead: {read: all, create: all, update: all, fields: [title, phone, source, owner, stage]}
      contacts.*: {read: all, create: all, update: all}
`,
  )
  .replace('  delete: [ivanova]\n', '  delete: [ivanova, exchange]\n  export: [exchange]\n  import: [exchange]\n  tokens: [sidorova]\n'));

describe('API tokens', () => {
  let server, head, manager, exchange;

  before(async () => {
    server = await startServer({ time: START, tz });
    head = await server.as('ivanova');
    manager = await server.as('petrov');
    const users = await (await server.as('admin')).list('user');
    exchange = users.find((u) => u.login === 'exchange');
  });
  after(() => server.stop());

  const program = (token, extra = {}) => {
    const c = server.client();
    const ask = (method, path, body, options = {}) =>
      c.request(method, path, body, { ...options, headers: { authorization: `Bearer ${token}`, ...extra, ...options.headers } });
    return {
      get: (path, o) => ask('GET', path, undefined, o),
      post: (path, body, o) => ask('POST', path, body, o),
      patch: (path, body, o) => ask('PATCH', path, body, o),
      del: (path, o) => ask('DELETE', path, undefined, o),
    };
  };
  const make = async (wish, who = head) =>
    (await who.post('/api/v1/tokens', { name: 'Проверка', ...wish }, { expect: 201 })).json;

  it('a user of the ТЗ for programs cannot sign in with a password', async () => {
    assert.equal(exchange.is_service, true);
    const invited = await server.command('user', 'invite', 'exchange');
    assert.equal(invited.code, 1);
    assert.match(invited.err, /нужен токен/);
  });

  it('a token is shown once, recognisable, and kept as a hash only', async () => {
    const made = await make({ user: exchange.id, access: 'write' });
    assert.match(made.token, TOKEN);
    const rows = (await head.get('/api/v1/tokens', { expect: 200 })).json.rows;
    const row = rows.find((r) => r.id === made.id);
    assert.equal(row.token, undefined);
    assert.deepEqual([row.user.label, row.access, row.entities, row.functions], ['Обмен с сайтом', 'write', null, []]);
    const secret = made.token.slice(17);
    assert.ok(!server.log.includes(secret), 'in the log');
    const dump = await server.execute('grep', ['-c', '-a', secret, `${server.data}/karkas.db`, `${server.data}/karkas.db-wal`]);
    assert.ok(!/:[1-9]/.test(dump.out), 'in the database');
  });

  it('acts as its user: his rights, his fields, his name in the history, without CSRF', async () => {
    const { token } = await make({ user: exchange.id, access: 'write' });
    const p = program(token);
    const lead = (await p.post('/api/v1/sales.lead', { title: 'С сайта', source: 'site' }, { expect: 201 })).json;
    assert.deepEqual(['message' in lead, 'source' in lead], [false, true]);
    const history = (await p.get(`/api/v1/sales.lead/${lead.id}/history`, { expect: 200 })).json.rows;
    assert.equal(history.at(-1).by.id, exchange.id);
    await p.get('/api/v1/sales.deal', { expect: 404 });
    const meta = (await p.get('/api/v1/meta', { expect: 200 })).json;
    assert.equal(meta.user.login, 'exchange');
  });

  it('ignores a cookie that is sent beside it, and is not taken from the address', async () => {
    const { token } = await make({ user: exchange.id });
    const beside = program(token, { cookie: manager.cookie });
    assert.equal((await beside.get('/api/v1/meta', { expect: 200 })).json.user.login, 'exchange');
    const broken = program('krk_aaaaaaaaaaaa_' + 'x'.repeat(43), { cookie: manager.cookie });
    await broken.get('/api/v1/meta', { expect: 401 });
    for (const name of ['token', 'access_token', 'authorization'])
      await server.client().get(`/api/v1/meta?${name}=${token}`, { expect: 401 });
  });

  it('a reading token changes nothing, though its user may', async () => {
    const { token } = await make({ user: exchange.id, access: 'read' });
    const p = program(token);
    const { rows } = (await p.get('/api/v1/sales.lead', { expect: 200 })).json;
    assert.ok(rows.length);
    assert.ok(rows.every((r) => r._can.length === 0));
    const refused = await p.patch(`/api/v1/sales.lead/${rows[0].id}`, { title: 'x' });
    assert.deepEqual([refused.status, refused.json.code], [403, 'token_scope']);
    const counted = await p.post('/api/v1/sales.lead/aggregate', { measures: { n: 'count' } }, { expect: 200 });
    assert.equal(counted.json.rows[0].n, rows.length, 'an aggregate is a read');
    const named = await p.post('/api/v1/tasks/task/1/aggregate', {}, { asWritten: true });
    assert.deepEqual([named.status, named.json.code], [403, 'token_scope'], 'what a module calls so may write');
  });

  it('entities and functions outside its scope do not exist for it', async () => {
    const { token } = await make({ user: exchange.id, access: 'write', entities: ['sales.lead'], functions: ['delete'] });
    const p = program(token);
    await p.get('/api/v1/sales.lead', { expect: 200 });
    await p.get('/api/v1/contacts.person', { expect: 404 });
    await p.get('/api/v1/sales.lead/export?format=json', { expect: 403 });
    const meta = (await p.get('/api/v1/meta', { expect: 200 })).json;
    assert.deepEqual(meta.user.functions, ['delete']);
    assert.deepEqual(Object.keys(meta.entities).filter((e) => e.includes('.')), ['sales.lead']);
    const wide = await make({ user: exchange.id, entities: ['sales.*'], functions: ['export'] });
    await program(wide.token).get('/api/v1/sales.lead/export?format=json', { expect: 200 });
  });

  it('cannot make, list or revoke tokens, nor end sessions', async () => {
    const { token } = await make({ access: 'write', functions: ['settings'] });
    const p = program(token);
    for (const asked of [p.get('/api/v1/tokens'), p.post('/api/v1/tokens', { name: 'x' }), p.get('/api/v1/session'), p.del('/api/v1/session')])
      assert.deepEqual([(await asked).status, (await asked).json.code], [403, 'token_refused']);
  });

  it('a person makes tokens of his own with the function, and never another person’s', async () => {
    const own = await server.as('sidorova');
    const made = await make({ access: 'write' }, own);
    assert.equal(made.user.id, own.user.id);
    await manager.post('/api/v1/tokens', { name: 'x' }, { expect: 403 });
    await own.post('/api/v1/tokens', { name: 'x', user: exchange.id }, { expect: 403 });
    const other = await head.post('/api/v1/tokens', { name: 'x', user: own.user.id }, { expect: 422 });
    assert.equal(other.json.fields[0].code, 'not_a_service');
    const seen = (await own.get('/api/v1/tokens', { expect: 200 })).json.rows;
    assert.deepEqual(seen.map((r) => r.id), [made.id]);
    await manager.del(`/api/v1/tokens/${made.id}`, { expect: 404 });
    await own.del(`/api/v1/tokens/${made.id}`, { expect: 204 });
  });

  it('is refused by name of the field when it is asked for wrongly', async () => {
    const bad = { name: '', user: 99999, access: 'all', entities: ['sales.led'], functions: [1], expires_at: '2020-01-01T00:00:00Z', rights: 1 };
    const reply = await head.post('/api/v1/tokens', bad, { expect: 422 });
    const codes = Object.fromEntries(reply.json.fields.map((f) => [f.field, f.code]));
    assert.deepEqual(codes, {
      user: 'no_such_record', rights: 'unknown_field', name: 'required', expires_at: 'out_of_range', access: 'not_a_choice', entities: 'not_a_choice', functions: 'not_a_choice',
    });
    assert.ok(reply.json.fields.every((f) => /[а-я]/.test(f.detail)), JSON.stringify(reply.json.fields));
  });

  it('a batch keeps within the scope of the token that started it, also when the token is gone', async () => {
    const wide = await make({ user: exchange.id, access: 'write', functions: ['import'] });
    const narrow = await make({ user: exchange.id, access: 'write', functions: ['import'], entities: ['contacts.person', 'batch'] });
    const [full, little] = [program(wide.token), program(narrow.token)];
    const company = (await full.post('/api/v1/contacts.company', { name: 'АО «Предел»', inn: '7700000009' }, { expect: 201 })).json;
    const ended = (id) => until(async () => {
      const b = (await head.get(`/api/v1/batch/${id}`, { expect: 200 })).json;
      return !['waiting', 'running'].includes(b.state) && b;
    }, `batch ${id}`);
    const load = async (by, entity, text, columns) => {
      const bytes = { raw: true, expect: 201, headers: { 'content-type': 'application/octet-stream' } };
      const file = (await by.post(`/api/v1/import/${entity}?name=a.csv`, Buffer.from(text), bytes)).json;
      const run = await by.post(`/api/v1/import/${file.id}/run`, { columns, mode: 'create', match: [] }, { expect: 202 });
      if (by === little) await head.del(`/api/v1/tokens/${narrow.id}`, { expect: 204 });
      return ended(run.json.run.batch);
    };
    const made = await load(full, 'contacts.company', 'a\nООО «Широкий»\n', ['name']);
    assert.deepEqual([made.state, made.changed], ['done', 1]);
    const undo = (await little.post(`/api/v1/batch/${made.id}/undo`, {}, { expect: 202 })).json;
    assert.deepEqual([(await ended(undo.id)).failed, (await full.get(`/api/v1/contacts.company?name=${encodeURIComponent('ООО «Широкий»')}`)).json.total], [1, 1]);
    const text = `a;b\nСвой;\nПредельный;#${company.id}\n`;
    const b = await load(little, 'contacts.person', text, ['name', { field: 'company' }]);
    assert.deepEqual([b.state, b.changed, b.failed], ['done', 1, 1]);
    const [row] = (await head.get(`/api/v1/batch/${b.id}/rows`, { expect: 200 })).json.rows;
    assert.deepEqual([row.row, row.field, row.code], [3, 'company', 'no_such_record']);
    assert.equal((await load(full, 'contacts.person', text, ['name', { field: 'company' }])).changed, 2);
  });

  it('revoking works at the next request and on an open stream', async () => {
    const made = await make({ user: exchange.id });
    const p = program(made.token);
    await p.get('/api/v1/sales.lead', { expect: 200 });
    const stream = await openStream(server.client(), made.token);
    await head.del(`/api/v1/tokens/${made.id}`, { expect: 204 });
    await p.get('/api/v1/sales.lead', { expect: 401 });
    await until(() => stream.ended, 'the end of the stream');
    assert.equal(stream.seen.at(-1)?.data.reason, 'session_ended');
  });

  it('a stream tells a token only what its scope lets through', async () => {
    const { token } = await make({ user: exchange.id, entities: ['contacts.person'] });
    const stream = await openStream(server.client(), token);
    const full = await make({ user: exchange.id, access: 'write' });
    await program(full.token).post('/api/v1/sales.lead', { title: 'Ещё одна' }, { expect: 201 });
    await (await server.as('sidorova')).post('/api/v1/contacts.person', { name: 'Новый Контакт' }, { expect: 201 });
    await until(() => stream.seen.length, 'an event');
    assert.deepEqual([...new Set(stream.seen.map((e) => e.data.entity))], ['contacts.person']);
    stream.close();
  });

  it('expires by the clock, shows when it was used, and follows its user’s rights', async () => {
    const made = await make({ user: exchange.id, access: 'write', expires_at: '2027-01-18T09:30:00Z' });
    const p = program(made.token);
    await p.get('/api/v1/sales.lead', { expect: 200 });
    await until(async () => {
      const row = (await head.get('/api/v1/tokens')).json.rows.find((r) => r.id === made.id);
      return row.used_at === '2027-01-18T07:00:00.000Z';
    }, 'the hour of its use');
    const admin = await server.as('admin');
    await admin.patch(`/api/v1/user/${exchange.id}`, { roles: [] }, { expect: 200 });
    await p.get('/api/v1/sales.lead', { expect: 404 });
    await admin.patch(`/api/v1/user/${exchange.id}`, { roles: ['exchange'] }, { expect: 200 });
    await p.get('/api/v1/sales.lead', { expect: 200 });
    await admin.patch(`/api/v1/user/${exchange.id}`, { is_disabled: true }, { expect: 200 });
    await p.get('/api/v1/sales.lead', { expect: 401 });
    await admin.patch(`/api/v1/user/${exchange.id}`, { is_disabled: false }, { expect: 200 });
    await server.advance('3h');
    await p.get('/api/v1/sales.lead', { expect: 401 });
  });

  it('is made, listed and revoked from the console', async () => {
    const user = await server.command('user', 'service', 'robot', 'Робот', 'exchange');
    assert.equal(user.code, 0, user.err);
    const made = await server.command('token', 'make', 'robot', 'Выгрузка', 'entities=sales.lead', 'days=30');
    assert.equal(made.code, 0, made.err);
    assert.match(made.out.trim(), TOKEN);
    await program(made.out.trim()).get('/api/v1/sales.lead', { expect: 200 });
    const listed = (await server.command('token', 'list')).out.split('\n').find((l) => l.includes('robot'));
    assert.match(listed, /Выгрузка/);
    assert.ok(!listed.includes(made.out.trim()));
    assert.equal((await server.command('token', 'revoke', listed.trim().split(/\s+/)[0])).code, 0);
    await program(made.out.trim()).get('/api/v1/sales.lead', { expect: 401 });
    const absent = await server.command('token', 'revoke', '77777');
    assert.deepEqual([absent.code, absent.err], [1, 'нет токена с таким номером: действующие показывает token list\n']);
    const wrong = await server.command('token', 'make', 'robot', 'x', 'entity=y');
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /entities=a,b/);
  });

  it('guessing is slowed down, and neither a valid token nor a login from there is', async () => {
    const { token } = await make({ user: exchange.id });
    const key = token.slice(0, 17);
    let last;
    for (let i = 0; i < 8; i++) last = await program(key + 'A'.repeat(43)).get('/api/v1/sales.lead');
    assert.equal(last.status, 429);
    assert.ok(Number(last.headers['retry-after']) > 0);
    await program(token).get('/api/v1/sales.lead', { expect: 200 });
    await server.as('petrov');
  });
});

/** The stream of a program. */
function openStream(c, token) {
  return c.events({ headers: { authorization: `Bearer ${token}` } });
}
