// Whom a note mentions, and how the newest page of a timeline joins what was there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedAt, named, pieces, stillNamed } from '../../src/timeline/mention.ts';
import { renewed, type Item } from '../../src/timeline/model.ts';

const anna = { id: 7, label: 'Анна Котова' };
const ann = { id: 8, label: 'Анна' };

test('a name is asked for after @ at the beginning of a word, up to its second word', () => {
  assert.deepEqual(askedAt('@', 1), { from: 0, text: '' });
  assert.deepEqual(askedAt('Для @ан', 7), { from: 4, text: 'ан' });
  assert.deepEqual(askedAt('Для @Анна К', 11), { from: 4, text: 'Анна К' });
  for (const text of ['mail@site', 'Для @Анна Котова и', 'без', '@ан\n']) assert.equal(askedAt(text, text.length), null, text);
  assert.deepEqual(askedAt('@ан потом', 3), { from: 0, text: 'ан' }, 'what stands behind the caret does not count');
});

test('the name takes the place of what was typed, with a space where one is needed', () => {
  assert.deepEqual(named('Для @ан', { from: 4, text: 'ан' }, 'Анна'), { text: 'Для @Анна ', caret: 10 });
  assert.deepEqual(named('@ан, да', { from: 0, text: 'ан' }, 'Анна'), { text: '@Анна, да', caret: 5 });
});

test('only those count whose names still stand there, each once', () => {
  assert.deepEqual(stillNamed('@Анна Котова и всё', [anna, anna, { id: 9, label: 'Иван' }]).map((r) => r.id), [7]);
});

test('names are found in the text as they stand, the longest first', () => {
  assert.deepEqual(pieces('a @Анна Котова, @Анна.', [ann, anna]), [
    { text: 'a ', isName: false },
    { text: '@Анна Котова', isName: true },
    { text: ', ', isName: false },
    { text: '@Анна', isName: true },
    { text: '.', isName: false },
  ]);
  assert.deepEqual(pieces('1+1 (a|b)', [{ id: 1, label: 'x(' }]), [{ text: '1+1 (a|b)', isName: false }]);
});

const item = (id: number): Item => ({ kind: 'note', at: `2027-01-18T07:${String(id).padStart(2, '0')}`, by: null, entity: 'n', id });
const ids = (items: Item[]) => items.map((one) => one.id);

test('the newest page goes before what is older; what it should hold and does not is gone', () => {
  const old = [5, 4, 3, 2, 1].map(item);
  assert.deepEqual(ids(renewed(old, { rows: [6, 5, 3].map(item), next: 'x' })), [6, 5, 3, 2, 1]);
  assert.deepEqual(ids(renewed(old, { rows: [5].map(item), next: null })), [5], 'there is no more');
  assert.deepEqual(ids(renewed(old, { rows: [9, 8, 7].map(item), next: 'x' })), [9, 8, 7], 'something between is missing');
});
