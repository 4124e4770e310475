import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitting, MAIN, rangeOf, widths } from '../../src/views/widths.ts';

/** What a browser makes of a width that the table gives, where it has so much room. */
function pixels(css: string, room: number): number {
  const parts = css.match(/^clamp\(([\d.]+)px,calc\(([\d.]+)px \+ \(var\(--room\) - ([\d.]+)px\)\*([\d.]+)\),([\d.]+)px\)$/);
  assert.ok(parts, css);
  const [low, from, start, part, high] = parts.slice(1).map(Number) as [number, number, number, number, number];
  return Math.max(low, Math.min(from + (room - start) * part, high));
}

const tables: Record<string, string[]> = {
  'half of them stiff': ['phone', 'phone', 'phone', 'email', 'email', 'email'],
  leads: ['stage', 'user', 'money', 'ref', 'choice', 'datetime'],
  one: ['user'],
  none: [],
};

for (const [name, types] of Object.entries(tables))
  test(`the main column is never narrower than it may be, nor any other: ${name}`, () => {
    const table = widths(types, 40);
    const wide = types.reduce((all, type) => all + rangeOf(type)[0], 40 + MAIN[0]);
    let before = 0;
    for (let room = table.least; room <= wide + 200; room += 10) {
      const main = types.reduce((left, type) => left - pixels(table.of(type), room), room - 40);
      assert.ok(main > MAIN[1] - 1, `${main} pixels of ${room}`);
      assert.ok(main > before, 'it grows with the room');
      before = main;
    }
    for (const type of types) {
      assert.equal(pixels(table.of(type), table.least - 100), rangeOf(type)[1]);
      assert.equal(pixels(table.of(type), wide + 1), rangeOf(type)[0]);
    }
    assert.ok(before >= MAIN[0] + 180, 'and has what is left once all have their full width');
  });

const column = (type: string, isKept = false) => ({ type, isKept });
const leastOf = (columns: { type: string }[]) => columns.reduce((all, { type }) => all + rangeOf(type)[1], MAIN[1]);

test('columns that have no room leave from the end, those that are to be kept last, and the rest fit', () => {
  const all = [column('text'), column('phone', true), column('choice'), column('stage', true), column('user'), column('datetime', true)];
  assert.deepEqual(fitting(all, leastOf(all)), all);
  const one = fitting(all, leastOf(all) - 1);
  assert.deepEqual(one, all.filter(({ type }) => type !== 'user'));
  const kept = all.filter(({ isKept }) => isKept);
  assert.deepEqual(fitting(all, leastOf(kept)), kept);
  assert.deepEqual(fitting(all, leastOf(kept) - 1), kept.slice(0, 2));
  assert.deepEqual(fitting(all, 0), []);
});
