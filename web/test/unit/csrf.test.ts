import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { api, setCsrf } from '../../src/core/api.ts';

type Asked = { method: string; path: string; token: string | undefined };

let asked: Asked[];
let hasSession: boolean;

Object.assign(globalThis, {
  fetch: async (where: string, { method, headers }: { method: string; headers: Record<string, string> }) => {
    const path = where.replace('/api/v1', '');
    asked.push({ method, path, token: headers['X-CSRF-Token'] });
    if (path !== '/session') return Response.json({});
    return hasSession ? Response.json({ csrf: 'the token' }) : Response.json({ code: 'unavailable' }, { status: 503 });
  },
});
const sessions = () => asked.filter((one) => one.path === '/session').length;
const tokens = () => asked.filter((one) => one.method === 'POST').map((one) => one.token);

beforeEach(() => {
  asked = [];
  hasSession = true;
});

test('the CSRF token is asked for by the first that writes, once, and by nobody who reads', async () => {
  hasSession = false;
  await api.get('/meta');
  assert.equal(sessions(), 0);
  await api.post('/a');
  assert.deepEqual([sessions(), tokens()], [1, ['']], 'what is wrong is told by the request itself');
  hasSession = true;
  await Promise.all([api.post('/b'), api.post('/c')]);
  await api.post('/d');
  assert.deepEqual([sessions(), tokens().slice(1)], [2, ['the token', 'the token', 'the token']]);
});

test('one that a login gave is taken', async () => {
  setCsrf('of the login');
  await api.post('/a');
  assert.deepEqual([sessions(), tokens()], [0, ['of the login']]);
});
