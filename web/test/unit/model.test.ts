import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../src/core/types.ts';
import { beginning, choicesOf, difference, hasKey, inverse, linesOf, nameOf, numberOf, ruleOf, rulesOf, TYPES } from '../../src/core/model.ts';

test('a name for programs follows the title', () => {
  assert.equal(nameOf('Вид топлива'), 'vid_topliva');
  assert.equal(nameOf('Ёмкость, м³'), 'emkost_m');
  assert.equal(nameOf('2-й телефон'), 'n_2_y_telefon');
  assert.equal(nameOf('объём'), 'obem');
});

test('choices are lines of a value and a title, and come back as they were', () => {
  assert.deepEqual(choicesOf('diesel = Дизель\n\nБензин\n'), { diesel: 'Дизель', benzin: 'Бензин' });
  assert.equal(linesOf({ diesel: 'Дизель', gas: { title: 'Газ', color: 'blue' } }), 'diesel = Дизель\ngas = Газ');
  assert.equal(linesOf(['Да']), 'Да = Да');
});

test('only what is different is sent, and can be taken back', () => {
  const was = { name: 'fuel', title: 'Топливо', type: 'text', index: true };
  const now = { name: 'kind', title: 'Топливо', type: 'text', index: false, required: false, roles: [] };
  const change = difference(was, now);
  assert.deepEqual(change, { name: 'kind', index: false });
  assert.deepEqual(inverse(was, change, 'fuel'), { name: 'fuel', index: true });
});

test('rules for duplicates come back from the form as they were', () => {
  const rules: Json = [{ same: 'phone' }, { same: ['inn', 'kpp'] }, { similar: 'name' }, { similar: 'name', from: 90 }];
  assert.deepEqual(rulesOf(rules).map(ruleOf), rules);
  assert.deepEqual(rulesOf(undefined), []);
});

test('every type of a deployment can be chosen, with the keys that are its own', () => {
  for (const type of ['kpp', 'ogrn', 'bik', 'account', 'duration', 'refs', 'json', 'computed']) assert.ok(TYPES.includes(type), type);
  assert.ok(hasKey('refs', 'to') && hasKey('computed', 'formula') && hasKey('money', 'currency'));
  assert.ok(hasKey('text', 'search') && !hasKey('int', 'search'));
});

test('a bound that nobody changed is no change, however it was written', () => {
  assert.equal(numberOf('', 5), undefined);
  assert.equal(numberOf('5', '5'), '5');
  assert.equal(numberOf('7', '5'), 7);
  assert.equal(numberOf('0.5', undefined), '0.5');
});

test('a new object has an owner, so that rights may be to one\'s own', () => {
  const d = beginning('Название', 'Ответственный') as { owner: string; fields: Record<string, { type: string; default?: string }> };
  assert.equal(d.owner, 'owner');
  assert.deepEqual([d.fields.owner!.type, d.fields.owner!.default], ['user', 'me']);
});
