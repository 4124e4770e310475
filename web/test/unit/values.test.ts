import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkPassword } from '../../src/core/password.ts';
import { Store } from '../../src/core/store.ts';
import { durationMs, isMany, jsonValue, same, toApi, valueNamed } from '../../src/fields/value.ts';
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

test('a text whose values have names is kept as the value of the name that was typed, else as it is', () => {
  const source = field('text', { options: [{ v: 'site', l: 'Сайт' }, { v: 'phone', l: 'Телефон' }] });
  assert.equal(valueNamed(source, ' сайт '), 'site');
  assert.equal(valueNamed(source, 'site'), 'site');
  assert.equal(valueNamed(source, 'выставка'), 'выставка');
  assert.equal(valueNamed(field('text'), 'Сайт'), 'Сайт');
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

test('lists with an editor of their own are no lines of text', () => {
  assert.ok(isMany(field('phone', { many: true })));
  for (const type of ['choices', 'refs', 'tags', 'files']) assert.ok(!isMany(field(type, { many: true })), type);
});

test('attachments go by id, JSON as it is', () => {
  const file = { id: 'q3Zk', name: 'a.pdf', size: 1, type: 'application/pdf' };
  assert.equal(toApi(field('file'), file), 'q3Zk');
  assert.deepEqual(toApi(field('files', { many: true }), [file, { ...file, id: 'x' }]), ['q3Zk', 'x']);
  assert.deepEqual(toApi(field('json'), { id: 5, a: [1] }), { id: 5, a: [1] });
  assert.deepEqual(jsonValue('{"a": 1}'), { a: 1 });
  assert.equal(jsonValue('{"a": '), '{"a": ');
  assert.equal(jsonValue(' '), null);
});

test('a duration is typed by units of the language, and shown as it is typed', () => {
  const letters = '\u0434\u0447\u043c\u0441';
  assert.equal(durationMs('1 \u0447 30 \u043c\u0438\u043d', letters), 5400000);
  assert.equal(durationMs('2\u0434', letters), 172800000);
  assert.equal(durationMs('1h 30m 5s'), 5405000);
  assert.equal(durationMs('5 x'), null);
  assert.equal(durationMs('1h !'), null);
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
