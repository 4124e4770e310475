import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictOf } from '../../src/views/import-verdict.ts';

test('a check without errors does not speak of rows that have some', () => {
  assert.deepEqual(verdictOf({ created: 1, updated: 1 }), {
    rows: 2,
    title: 'import.checked',
    text: 'import.checked.text',
  });
});

test('rows with errors are told of, and whether anything is left to import', () => {
  assert.deepEqual(verdictOf({ created: 3, failed: 1 }), {
    rows: 3,
    title: 'import.checked.bad',
    text: 'import.checked.bad.text',
  });
  assert.deepEqual(verdictOf({ skipped: 2, failed: 1 }), {
    rows: 0,
    title: 'import.checked.bad',
    text: 'import.checked.bad.none.text',
  });
});

test('what is only skipped or unchanged is nothing to import', () => {
  assert.deepEqual(verdictOf({ unchanged: 5, skipped: 5 }), {
    rows: 0,
    title: 'import.checked.none',
    text: 'import.checked.none.text',
  });
});
