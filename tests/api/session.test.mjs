// Signing in and out, the throttle, CSRF and what a cookie carries (API.md, "Session").

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

const AS_SHIPPED = { KARKAS_CHEAP_PASSWORDS: '' }; // signing in costs here what it costs
const START = '2027-01-18T07:00:00Z';
const PASSWORD = 'тихая лампа над столом 41';

describe('a session', () => {
  let server;

  before(async () => {
    server = await startServer({ time: START, env: AS_SHIPPED });
  });
  after(() => server.stop());

  function attempt(login, password) {
    return server.client().post('/api/v1/session', { login, password });
  }

  it('begins with a one-time code that only lets a password be set', async () => {
    const code = await server.invite('petrov');
    const c = server.client();
    const session = await c.login('petrov', code);
    assert.equal(session.must, 'password');
    const barred = await c.get('/api/v1/sales.lead');
    assert.equal(barred.status, 403);
    assert.equal(barred.json.code, 'password_required');
    await c.post('/api/v1/session/password', { new: PASSWORD }, { expect: 204 });
    assert.equal((await c.get('/api/v1/session', { expect: 200 })).json.must, null);
    await c.get('/api/v1/sales.lead', { expect: 200 });
    assert.equal((await attempt('petrov', code)).status, 401);
    assert.equal((await attempt('petrov', PASSWORD)).status, 200);
  });

  it('refuses a password that is short or repeats the login', async () => {
    const c = server.client();
    await c.login('sidorova', await server.invite('sidorova'));
    for (const weak of ['', 'кот', 'sidorova']) {
      const reply = await c.post('/api/v1/session/password', { new: weak });
      assert.equal(reply.status, 422, weak);
      assert.equal(reply.json.fields[0].field, 'new');
    }
  });

  it('says how many characters a password may have, whatever the alphabet', async () => {
    const c = server.client();
    await c.login('kuznetsov', await server.invite('kuznetsov'));
    const said = async (password) => (await c.post('/api/v1/session/password', { new: password })).json?.fields[0].detail;
    assert.match(await said('кот'), /не меньше 8 знаков/);
    assert.match(await said('длинно '.repeat(40)), /не больше 256 знаков/);
    assert.equal(await said('очень длинный пароль '.repeat(12)), undefined);
  });

  it('asks for the old password before it sets another, and ends the other sessions', async () => {
    const mine = server.client();
    const other = server.client();
    await mine.login('petrov', PASSWORD);
    await other.login('petrov', PASSWORD);
    const wrong = await mine.post('/api/v1/session/password', { old: 'не тот', new: PASSWORD + '!' });
    assert.equal(wrong.status, 422);
    assert.equal(wrong.json.fields[0].code, 'wrong_password');
    await mine.post('/api/v1/session/password', { old: PASSWORD, new: PASSWORD + '!' }, { expect: 204 });
    await mine.get('/api/v1/session', { expect: 200 });
    assert.equal((await other.get('/api/v1/session')).status, 401);
    await mine.post('/api/v1/session/password', { old: PASSWORD + '!', new: PASSWORD }, { expect: 204 });
  });

  it('answers a wrong login and a wrong password alike', async () => {
    const nobody = await attempt('petrow', PASSWORD);
    const wrong = await attempt('petrov', PASSWORD + '?');
    for (const reply of [nobody, wrong]) {
      delete reply.json.request;
      assert.equal(reply.status, 401);
      assert.equal(reply.headers['set-cookie'], undefined);
    }
    assert.deepEqual(nobody.json, wrong.json);
    assert.equal(nobody.json.code, 'login_failed');
  });

  it('keeps its cookie to this host, to HTTPS and away from scripts', async () => {
    const reply = await attempt('petrov', PASSWORD);
    const [cookie, ...flags] = reply.headers['set-cookie'][0].split('; ');
    assert.match(cookie, /^__Host-karkas=[\w-]{32,}$/);
    for (const flag of ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax']) assert.ok(flags.includes(flag), flag);
    assert.ok(!flags.some((f) => f.startsWith('Domain')));
    assert.equal(reply.headers['cache-control'], 'private, no-store');
    assert.ok(!reply.text.includes(cookie.split('=')[1]), 'the token stands in the cookie only');
  });

  it('does not live without its cookie, nor with another one', async () => {
    const c = server.client();
    for (const cookie of [undefined, '__Host-karkas=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', '__Host-karkas=']) {
      const reply = await c.get('/api/v1/sales.lead', { headers: cookie ? { cookie } : {} });
      assert.equal(reply.status, 401);
      assert.equal(reply.json.code, 'unauthenticated');
    }
  });

  it('ends at logout, with its open event streams', async () => {
    const c = server.client();
    await c.login('petrov', PASSWORD);
    const stream = await c.events();
    assert.equal(stream.status, 200);
    const out = await c.del('/api/v1/session', { expect: 204 });
    assert.match(out.headers['set-cookie'][0], /Max-Age=0/);
    assert.ok(out.headers['clear-site-data']);
    await until(() => stream.ended, 'the stream ends');
    assert.deepEqual(stream.seen.map((e) => [e.event, e.data.reason]), [['bye', 'session_ended']]);
  });

  it('is dead after logout, whoever kept the cookie', async () => {
    const c = server.client();
    await c.login('petrov', PASSWORD);
    const { cookie } = c;
    await c.del('/api/v1/session', { expect: 204 });
    const reply = await server.client().get('/api/v1/session', { headers: { cookie } });
    assert.equal(reply.status, 401);
  });

  it('of a disabled user is over with the next request', async () => {
    const c = server.client();
    await c.login('petrov', PASSWORD);
    const stream = await c.events();
    await c.get('/api/v1/sales.lead', { expect: 200 });
    const done = await server.command('user', 'disable', 'petrov');
    assert.equal(done.code, 0, done.err);
    assert.equal((await c.get('/api/v1/sales.lead')).status, 401);
    await until(() => stream.ended, 'the stream ends');
    assert.equal((await attempt('petrov', PASSWORD)).status, 401);
    await server.command('user', 'enable', 'petrov');
    assert.equal((await attempt('petrov', PASSWORD)).status, 200);
  });

  it('of a user whom the administrator invites anew is over too', async () => {
    const c = server.client();
    await c.login('petrov', PASSWORD);
    const code = await server.invite('petrov');
    assert.equal((await c.get('/api/v1/session')).status, 401);
    await c.login('petrov', code);
    await c.post('/api/v1/session/password', { new: PASSWORD }, { expect: 204 });
  });
});

describe('a request that changes something', () => {
  let server, manager;

  before(async () => {
    server = await startServer({ env: AS_SHIPPED });
    manager = await server.as('petrov');
  });
  after(() => server.stop());

  function create(headers, body = { title: 'Подделка' }) {
    return manager.post('/api/v1/sales.lead', body, { headers });
  }

  it('is refused without the CSRF token or with another one', async () => {
    for (const token of ['', 'x'.repeat(manager.csrf.length)]) {
      const reply = await create({ 'x-csrf-token': token });
      assert.equal(reply.status, 403);
      assert.equal(reply.json.code, 'csrf');
    }
    const forgotten = await manager.send('POST', '/api/v1/sales.lead', '{}', {
      cookie: manager.cookie,
      'content-type': 'application/json',
      'content-length': 2,
    });
    assert.equal(forgotten.json.code, 'csrf');
  });

  it('is refused when it comes from another site', async () => {
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: `https://localhost.evil.example:${server.port}` },
    ]) {
      const reply = await create(headers);
      assert.equal(reply.status, 403, JSON.stringify(headers));
      assert.equal(reply.json.code, 'csrf');
    }
    assert.equal((await create({ origin: server.url, 'sec-fetch-site': 'same-origin' })).status, 201);
  });

  it('is refused in a content type that a plain form can send', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
      const reply = await create({ 'content-type': type });
      assert.equal(reply.status, 415, type);
    }
  });

  it('cannot sign somebody in from another site', async () => {
    const c = server.client();
    const reply = await c.post(
      '/api/v1/session',
      { login: 'petrov', password: 'x' },
      { headers: { origin: 'https://evil.example' } },
    );
    assert.equal(reply.status, 403);
    assert.equal(reply.json.code, 'csrf');
  });

  it('left nothing behind while it was refused', async () => {
    assert.equal((await manager.list('sales.lead')).length, 1);
  });
});

describe('guessing passwords', () => {
  let server;

  before(async () => {
    server = await startServer({ time: START, env: AS_SHIPPED });
    await server.as('petrov');
  });
  after(() => server.stop());

  it('is slowed down by 429 with Retry-After, and the wait passes', async () => {
    const c = server.client();
    let reply;
    for (let i = 0; i < 8; i++) {
      reply = await c.post('/api/v1/session', { login: 'petrov', password: `догадка ${i}` });
      if (reply.status === 429) break;
      assert.equal(reply.status, 401);
    }
    assert.equal(reply.status, 429);
    assert.equal(reply.json.code, 'limit');
    const wait = Number(reply.headers['retry-after']);
    assert.ok(wait >= 1, reply.headers['retry-after']);
    const right = await c.post('/api/v1/session', { login: 'petrov', password: server.passwords.petrov });
    assert.equal(right.status, 429, 'even the right password waits');
    await server.advance(`${wait}s`);
    await c.login('petrov', server.passwords.petrov);
  });

  it('is not got round by guessing many at once', async () => {
    await server.as('sidorova');
    const guess = (i) => server.client().post('/api/v1/session', { login: 'sidorova', password: `догадка ${i}` });
    const replies = await Promise.all(Array.from({ length: 16 }, (_, i) => guess(i)));
    const of = (status) => replies.filter((r) => r.status === status).length;
    assert.equal(of(401), 5, 'the free ones only');
    assert.equal(of(429), 11);
  });

  it('is slowed down where the old password is asked for as well', async () => {
    await server.advance('1h');
    const c = await server.as('ivanova');
    const guess = (i) => c.post('/api/v1/session/password', { old: `догадка ${i}`, new: 'новый и длинный 77' });
    const replies = await Promise.all(Array.from({ length: 8 }, (_, i) => guess(i)));
    assert.equal(replies.filter((r) => r.status === 422).length, 5);
    assert.equal(replies.filter((r) => r.status === 429).length, 3);
    await server.advance('1h');
    await c.post('/api/v1/session/password', { old: server.passwords.ivanova, new: 'новый и длинный 77' }, { expect: 204 });
  });
});

describe('the first login', () => {
  it('has a new code from the next start on when nobody has used the old one in time', async () => {
    const server = await startServer({ time: START });
    const file = path.join(server.data, 'first-login.txt');
    const old = server.adminCode;
    const login = (password) => server.client().post('/api/v1/session', { login: 'admin', password });
    await server.advance('73h');
    assert.equal((await login(old)).status, 401);
    await server.restart();
    assert.match(server.log, /event=first_login\.renewed/);
    assert.notEqual(server.adminCode, old);
    assert.equal(fs.readFileSync(file, 'utf8'), `admin ${server.adminCode}\n`);
    assert.equal((await login(server.adminCode)).status, 200);
    await server.stop();
  });

  it('leaves its code in a file until somebody has a password of his own', async () => {
    const server = await startServer({ env: AS_SHIPPED });
    const file = path.join(server.data, 'first-login.txt');
    assert.match(fs.readFileSync(file, 'utf8'), /^admin \S{14}\n$/);
    await server.restart();
    assert.ok(fs.existsSync(file), 'not used yet: a restart keeps it');
    assert.doesNotMatch(server.log, new RegExp(fs.readFileSync(file, 'utf8').trim().split(' ')[1]), 'no log keeps it');
    await server.as('admin');
    await until(() => !fs.existsSync(file), 'the file to go: it is no secret worth keeping');
    await server.stop();
  });
});
