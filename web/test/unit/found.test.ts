import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byDigits, excerpt } from '../../src/ui/found.ts';

test('the places of a number stand in the number as it is shown', () => {
  assert.deepEqual(byDigits('+79161234567', '+7 916 123-45-67', [[2, 8]]), [[3, 10]]);
  assert.deepEqual(byDigits('+79161234567', '+7 916 123-45-67', [[1, 12]]), [[1, 16]]);
  assert.deepEqual(byDigits('+79161234567', '', [[1, 5]]), []);
});

test('a long text is cut shortly before the first place', () => {
  const text = `${'слово '.repeat(20)}договор подписан\nсегодня`;
  const part = excerpt(text, [[120, 127]], 24);
  assert.ok(part.text.startsWith('…слово '));
  assert.equal(part.text.slice(...part.ranges[0]), 'договор');
  assert.ok(!part.text.includes('\n'));
  assert.deepEqual(excerpt('Договор', [[0, 7]], 8), { text: 'Договор', ranges: [[0, 7]] });
});
