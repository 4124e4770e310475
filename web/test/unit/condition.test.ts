import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opsOf } from '../../src/core/condition.ts';
import type { Field } from '../../src/core/types.ts';

const ops = (type: string) => opsOf({ type, label: 'x' } as Field);

test('of lists and attachments one may ask whether there is any', () => {
  for (const type of ['choices', 'tags', 'refs', 'file', 'files']) assert.deepEqual(ops(type), ['filled', 'none'], type);
  assert.deepEqual(ops('json'), []);
});
