import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RowPlaces } from '../../src/ui/window.ts';

const rows = (...ids: number[]) => ids.map((id) => ({ id }));
const placesOf = (places: Map<number, number>, ids: number[]) => ids.map((id) => places.get(id));

test('while one list is scrolled a row keeps its place and a new one gets a place of its own', () => {
  const places = new RowPlaces();
  const list = {};
  assert.deepEqual(placesOf(places.of(list, rows(10, 11, 12)), [10, 11, 12]), [0, 1, 2]);
  assert.deepEqual(placesOf(places.of(list, rows(11, 12, 13)), [11, 12, 13]), [1, 2, 3]);
});

test('rows of the next list are written where rows of the last one stood, those of both stay', () => {
  const places = new RowPlaces();
  places.of({}, rows(10, 11, 12));
  assert.deepEqual(placesOf(places.of({}, rows(30, 11, 31, 32)), [30, 11, 31, 32]), [0, 1, 2, 3]);
  assert.deepEqual(placesOf(places.of({}, rows(32, 30)), [32, 30]), [3, 0]);
});
