import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addUp, decimal, units } from '../../src/parts/decimal.ts';

test('sums of kopecks are exact where a float would lose them', () => {
  assert.equal(addUp(['0.10', '0.20'], 2), '0.30');
  assert.equal(addUp(['90071992547409.93', '0.02', '0.05'], 2), '90071992547410.00');
  assert.equal(addUp(['-0.01', null, undefined, ''], 2), '-0.01');
  assert.equal(addUp([], 2), '0.00');
});

test('a decimal is read at the scale of its field and written back', () => {
  for (const [text, scale] of [['12.500', 3], ['7', 0], ['-0.05', 2]] as const)
    assert.equal(decimal(units(text, scale), scale), text);
  assert.equal(decimal(units('12.5', 3) + units('1', 3), 3), '13.500');
  assert.equal(units('twelve', 2), 0n);
});
