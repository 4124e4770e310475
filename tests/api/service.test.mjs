// The server as a service: what its unit lets it do is what it needs.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, test } from 'node:test';
import { root, startServer } from '../harness/server.mjs';

let server;
before(async () => {
  server = await startServer();
  await server.as('ivanova');
});
after(() => server?.stop());

/** Niceness of the server's threads of that name. */
function niceness(name) {
  const tasks = `/proc/${server.process.pid}/task`;
  const read = (id, file) => fs.readFileSync(path.join(tasks, id, file), 'utf8');
  const own = fs.readdirSync(tasks).filter((id) => read(id, 'comm').trim() === name);
  return own.map((id) => Number(read(id, 'stat').replace(/^.*\) /, '').split(' ')[16]));
}

test('threads that hash passwords give way to those that answer', () => {
  const [answers] = niceness('karkas');
  const hashing = niceness('crypto');
  assert.ok(hashing.length > 0);
  for (const nice of hashing) assert.equal(nice, Math.max(5, answers));
});

test('the unit allows a thread to lower its priority', () => {
  const unit = fs.readFileSync(path.join(root, 'packaging/karkas.service'), 'utf8');
  const filters = [...unit.matchAll(/^SystemCallFilter=(.*)$/gm)].map((m) => m[1]);
  const denied = filters.findIndex((f) => f.startsWith('~') && f.includes('@resources'));
  const allowed = filters.findIndex((f) => !f.startsWith('~') && f.split(' ').includes('setpriority'));
  assert.ok(allowed > denied, 'setpriority is given back after @resources was taken');
});
