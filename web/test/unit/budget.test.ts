import assert from 'node:assert/strict';
import { test } from 'node:test';
import { weigh } from '../../tools/budget.mjs';

const KB = 1024;
const dist = (change: Record<string, number> = {}) =>
  Object.entries({
    'index.html': KB,
    'ui/main-AAAAAAAA.js': 52 * KB,
    'ui/main-1234567a.css': 10 * KB,
    'ui/inter-1234567a.woff2': 50 * KB,
    'ui/ru-BBBBBBBB.js': 10 * KB,
    'ui/en-CCCCCCCC.js': 8 * KB,
    ...change,
  }).map(([path, size]) => ({ path, size: path.endsWith('woff2') ? size : size * 4, br: path.endsWith('woff2') ? undefined : size }));
const over = (change: Record<string, number>) => {
  const { lines, holds } = weigh(dist(change));
  assert.equal(holds, lines.every((line) => !line.includes('OVER BUDGET')));
  return !holds;
};

test('a build within its limits passes, and every figure stands beside its limit', () => {
  const { lines, holds } = weigh(dist());
  assert.ok(holds);
  assert.match(lines[0]!, /initial JS +62\.0 of 70 KB/);
});

test('the first script counts with the larger language', () => {
  assert.ok(!over({ 'ui/main-AAAAAAAA.js': 60 * KB }));
  assert.ok(over({ 'ui/main-AAAAAAAA.js': 60 * KB + 1 }));
  assert.ok(over({ 'ui/en-CCCCCCCC.js': 19 * KB }));
});

test('styles, a second font and a later script each have their limit', () => {
  assert.ok(over({ 'ui/main-1234567a.css': 13 * KB }));
  assert.ok(over({ 'ui/other-1234567a.woff2': KB }));
  assert.ok(over({ 'ui/model-DDDDDDDD.js': 41 * KB }));
  assert.ok(!over({ 'ui/model-DDDDDDDD.js': 40 * KB }));
});
