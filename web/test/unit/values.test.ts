import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPassword } from '../../src/core/password.ts';
import { Store } from '../../src/core/store.ts';
import { durationMs, same, toApi } from '../../src/fields/value.ts';
import type { Field } from '../../src/core/types.ts';

const field = (type: string, more = {}): Field => ({ type, label: '', ...more });

test('what people type becomes what the API takes', () => {
  assert.equal(toApi(field('money'), '24 960 000,50 ₽'), '24960000.50');
  assert.equal(toApi(field('int'), ' 12 '), 12);
  assert.equal(toApi(field('text'), '  '), null);
  assert.equal(toApi(field('user'), { id: 7, label: 'Анна' }), 7);
  assert.equal(toApi(field('bool'), null), false);
  assert.deepEqual(toApi(field('phone', { many: true }), ['8 916 123', '']), ['8 916 123']);
  assert.deepEqual(toApi(field('phone', { many: true }), null), []);
});

test('a number that is none goes as typed, so that the server says why', () => {
  assert.equal(toApi(field('money'), 'много'), 'много');
});

test('an unchanged value is recognised in any of its shapes', () => {
  assert.ok(same('100.00', '100'));
  assert.ok(same(null, ''));
  assert.ok(same([], ['']));
  assert.ok(same({ id: 7, label: 'Анна' }, { id: 7 }));
  assert.ok(!same(['a'], ['a', 'b']));
});

test('a duration is typed as minutes or as a clock', () => {
  assert.equal(durationMs('90'), 5400000);
  assert.equal(durationMs('1:30'), 5400000);
  assert.equal(durationMs('soon'), null);
});

test('the rules of a password are met one by one', () => {
  const met = (next: string, again = next) => checkPassword(next, again, 'kotova').map((r) => r.met);
  assert.deepEqual(met('', ''), [false, false, false]);
  assert.deepEqual(met('Kotova-2027'), [true, false, true]);
  assert.deepEqual(met('кот и ёж'), [true, true, true]);
  assert.deepEqual(met('abcdefg'), [false, true, true]);
  assert.deepEqual(met('abcdefgh12', 'other'), [true, true, false]);
});

test('a store tells its watchers once per change and not after they left', () => {
  const store = new Store(1);
  const seen: number[] = [];
  const off = store.watch((v) => seen.push(v));
  store.set(2);
  store.set(2);
  store.update((v) => v + 1);
  off();
  store.set(9);
  assert.deepEqual(seen, [2, 3]);
});
