import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outlook } from '../../src/modules/acts.ts';
import { actsOf, inverse, isBack, merge, newer, sent, wayTo } from '../../src/modules/model.ts';
import type { Module, Setting } from '../../src/modules/model.ts';

const module = (more: Partial<Module>): Module => ({
  name: 'fleet', state: 'running', off_by: null, version: 'a', before: null, versions: [{ id: 'a', version: '1.2.0' }],
  draining: 0, refused: null, lacks: null, held: [], remote: null, services: [], purging: null, migration: null, ...more,
});
const setting = (name: string, more: Partial<Setting> = {}): Setting => ({
  name, type: 'text', label: name, help: null, required: false, min: null, max: null, max_length: null, scale: null,
  choices: null, default: null, tz: null, value: null, from: 'default', missing: false, given: null, changed: null, ...more,
});

test('the newest version counts by its numbers, and only if it is ahead of the one in force', () => {
  const versions = ['1.2.0', '1.9.0', '1.10.0', '0.30.0'].map((version) => ({ id: version, version }));
  assert.equal(newer(module({ version: '1.2.0', versions }))?.version, '1.10.0');
  assert.equal(newer(module({ version: '1.10.0', versions })), null);
  assert.equal(newer(module({ version: null, versions })), null);
});

test('what may be asked follows the state', () => {
  const versions = [{ id: 'a', version: '1.0.0' }, { id: 'b', version: '1.1.0' }];
  assert.deepEqual(actsOf(module({})), ['disable']);
  assert.deepEqual(actsOf(module({ versions, before: 'b' })), ['upgrade', 'rollback', 'disable']);
  assert.deepEqual(actsOf(module({ before: 'c' })), ['disable'], 'the former version does not lie there any more');
  assert.deepEqual(actsOf(module({ state: 'quarantined' })), ['enable', 'disable']);
  assert.deepEqual(actsOf(module({ state: 'disabled', version: null })), ['enable']);
  assert.deepEqual(actsOf(module({ state: 'refused', version: null })), []);
  assert.deepEqual(actsOf(module({ state: 'disabled', version: null, purging: { batch: 1, done: 2, total: 9 } })), [], 'half of it has gone');
});

test('each version has its way: into force, on, or none where it is or half of the module has gone', () => {
  const versions = [{ id: 'bundled', version: '1.0.0' }, { id: 'b', version: '1.1.0' }];
  const ways = (more: Partial<Module>) => versions.map((one) => wayTo(module({ versions, ...more }), one));
  assert.deepEqual(ways({ version: 'b' }), ['upgrade', null]);
  assert.deepEqual(ways({ state: 'disabled', version: 'b' }), ['enable', 'enable'], 'one that was turned off for its data is tried again');
  assert.deepEqual(ways({ version: null, state: 'off' }), ['enable', 'enable']);
  assert.deepEqual(ways({ version: 'b', purging: { batch: 1, done: 2, total: 9 } }), [null, null]);
  assert.deepEqual(versions.map((one) => isBack(module({ versions, version: 'b' }), one)), [true, false]);
});

test('what would follow is told in lines, and so is that nothing would', () => {
  const none = { count: 0, names: [] };
  const plan = { name: 'fleet', from: 'a', to: 'b', migrations: 0, added: none, hidden: none, with: [] };
  assert.equal(outlook(plan).length, 1);
  const lines = outlook({ ...plan, migrations: 2, added: { count: 2, names: ['fleet.car.mileage'] }, with: ['depot'] });
  assert.equal(lines.length, 3);
  assert.match(lines[1]!, /fleet\.car\.mileage…/);
});

test('a value is sent in the form of its type, a secret by its name, nothing as null', () => {
  assert.deepEqual(sent(setting('key', { type: 'secret' }), ' FLEET_KEY '), { secret: 'FLEET_KEY' });
  assert.equal(sent(setting('key', { type: 'secret' }), ''), null);
  assert.equal(sent(setting('rate', { type: 'decimal', scale: 2 }), '2.5'), '2.5');
  assert.equal(sent(setting('seats', { type: 'int' }), '4'), 4);
  assert.equal(sent(setting('strict', { type: 'bool' }), false), false);
  assert.equal(sent(setting('wait', { type: 'duration' }), 90000), 90000);
});

test('the way back is the value of before, or none where it was not changed here', () => {
  const was = [setting('a', { value: 'x', from: 'server' }), setting('b', { value: 'y', from: 'tz', tz: 'y' }), setting('c')];
  assert.deepEqual(inverse(was, ['a', 'b']), { a: 'x', b: null });
});

test('of what was typed only that meets others that they have set otherwise', () => {
  const typed = { values: { same: '1', mine: '2', both: '3', gone: '4' }, base: { same: '0', mine: '0', both: '0', gone: '0' } };
  const now = [setting('same', { value: '1' }), setting('mine', { value: '0' }), setting('both', { value: '9' })];
  assert.deepEqual(merge(typed, now), { values: { mine: '2', both: '3' }, base: { mine: '0', both: '0' }, conflicts: ['both'] });
});
