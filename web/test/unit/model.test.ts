import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../src/core/types.ts';
import { choicesOf, difference, inverse, linesOf, nameOf, ruleOf, rulesOf } from '../../src/core/model.ts';

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
