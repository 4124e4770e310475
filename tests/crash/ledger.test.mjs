// The judge of kill9.test.mjs can say no.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ledger } from './ledger.mjs';

function ledger() {
  const l = new Ledger();
  for (const name of ['a', 'b']) l.acknowledge(l.begin('record', name));
  l.begin('record', 'unsure');
  l.acknowledge(l.begin('form', 'f'));
  return l;
}

describe('the ledger', () => {
  it('is content with every acknowledged write once, whatever became of an unsure one', () => {
    for (const found of [['a', 'b'], ['b', 'unsure', 'a']])
      assert.deepEqual(ledger().compare('record', found), { promised: 2, lost: [], doubled: [], strange: [] });
  });

  it('finds a write that was acknowledged and is not there', () => {
    assert.deepEqual(ledger().compare('record', ['a']).lost, ['b']);
    assert.deepEqual(ledger().compare('form', []).lost, ['f']);
  });

  it('finds a write that is there twice, acknowledged or not', () => {
    assert.deepEqual(ledger().compare('record', ['a', 'b', 'b']).doubled, ['b']);
    assert.deepEqual(ledger().compare('record', ['a', 'b', 'unsure', 'unsure']).doubled, ['unsure']);
  });

  it('finds what nobody wrote', () => {
    assert.deepEqual(ledger().compare('record', ['a', 'b', 'ghost']).strange, ['ghost']);
  });
});
