// The window that lists the keys is drawn from the table that the handlers are bound by; here is what types do not hold.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { actOf, bindKeys, comboOf, isOn, keysHere, listKeys, setSingleKeys } from '../../src/core/keys.ts';
import { KEYS } from '../../src/core/keymap.ts';
import en from '../../src/help/en.json';
import { drawn } from '../../src/help/names.ts';
import ru from '../../src/help/ru.json';

const key = (init: Partial<KeyboardEvent>) =>
  ({ key: '', code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...init }) as KeyboardEvent;
const run = () => {};
const listed = () => keysHere().map(({ where, what }) => `${where}.${what}`);

function* sources(dir: string): Generator<[string, string]> {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory()) yield* sources(path);
    else if (path.endsWith('.ts')) yield [path, readFileSync(path, 'utf8')];
  }
}

test('every key of the table has a text in both languages, and every text is one of a key', () => {
  assert.deepEqual(Object.keys(ru), Object.keys(en));
  const said = Object.keys(ru).filter((name) => Object.keys(KEYS).includes(name.split('.')[0]!) && name.includes('.'));
  const known = Object.entries(KEYS).flatMap(([where, acts]) => Object.keys(acts).map((what) => `${where}.${what}`));
  assert.deepEqual(said.sort(), known.sort());
  for (const where of Object.keys(KEYS)) assert.ok(where === 'messages' || where in ru, where);
});

test('within a place a combination means one thing', () => {
  for (const [where, acts] of Object.entries(KEYS)) {
    const combos = Object.values(acts).flat();
    assert.equal(new Set(combos).size, combos.length, where);
  }
});

test('every place of the table is bound or listed by exactly one view, and no view takes a combination past it', () => {
  const all = [...sources('src')];
  for (const where of Object.keys(KEYS)) {
    const by = all.filter(([, text]) => new RegExp(`(bind|list)Keys\\(\\s*'${where}'`).test(text)).map(([path]) => path);
    assert.equal(by.length, 1, `${where}: ${by.join(', ')}`);
  }
  const past = all.filter(([, text]) => /'(Key[A-Z]|Slash|F\d+|(Ctrl|Alt)\+\w+)'/.test(text));
  assert.deepEqual(past.map(([path]) => path), ['src/core/keymap.ts']);
});

test('the question mark is found where the layout has it, and where the English one has it', () => {
  const asked = (init: Partial<KeyboardEvent>) => actOf('everywhere', key(init));
  assert.equal(asked({ key: '?', code: 'Slash', shiftKey: true }), 'keys');
  assert.equal(asked({ key: ',', code: 'Slash', shiftKey: true }), 'keys', 'the Russian layout, the English place');
  assert.equal(asked({ key: '?', code: 'Digit7', shiftKey: true }), 'keys', 'the Russian layout');
  assert.equal(asked({ key: '&', code: 'Digit7', shiftKey: true }), undefined, 'the English layout');
  assert.equal(asked({ key: '/', code: 'Slash' }), undefined);
  assert.equal(asked({ key: '?', code: 'Slash', shiftKey: true, ctrlKey: true }), undefined);
});

test('both keys of Enter are one', () => {
  assert.equal(comboOf(key({ key: 'Enter', code: 'NumpadEnter', metaKey: true })), 'Ctrl+Enter');
  assert.equal(comboOf(key({ key: '7', code: 'Numpad7' })), 'Numpad7');
});

test('a key is listed where it may be used, also before its moment, and not once its view has gone', () => {
  let isOver = false;
  const off = bindKeys(
    'card',
    { edit: { run, may: () => false }, save: { run, now: () => false }, note: { run, may: () => false }, close: { run } },
    () => !isOver,
  );
  const offBoard = listKeys('carry', { drop: { may: () => false } });
  assert.deepEqual(listed(), ['card.save', 'card.close', 'carry.right', 'carry.left', 'carry.putBack']);
  isOver = true;
  offBoard();
  assert.deepEqual(listed(), []);
  isOver = false;
  off();
  assert.deepEqual(listed(), []);
});

test('keys that are turned off are those that write something, and nothing held is among them', () => {
  const kept = new Map<string, string>();
  Object.assign(globalThis, {
    localStorage: { setItem: (name: string, v: string) => kept.set(name, v), removeItem: (name: string) => kept.delete(name) },
    document: { documentElement: { toggleAttribute: run } },
  });
  const off = Object.values(KEYS).flatMap((acts) => Object.values(acts).flat());
  const still = () => [...new Set(off)].filter(isOn).sort();
  const all = still();
  setSingleKeys(false);
  assert.deepEqual(all.filter((combo) => !isOn(combo)), ['KeyE', 'KeyJ', 'KeyK', 'KeyM', 'KeyN', 'KeyS', 'KeyX', 'Shift+Slash', 'Slash']);
  assert.equal(actOf('board', key({ key: 'j', code: 'KeyJ' })), undefined);
  assert.equal(actOf('board', key({ key: 'ArrowDown', code: 'ArrowDown' })), 'down');
  assert.equal(kept.size, 1);
  setSingleKeys(true);
  assert.deepEqual([still(), kept.size], [all, 0]);
});

test('keys are written as they stand on a PC or a Mac, letters with those of the Russian layout', () => {
  assert.deepEqual(drawn('Ctrl+KeyK', false), [{ sign: 'Ctrl' }, { sign: 'K', russian: 'Л' }]);
  assert.deepEqual(drawn('Ctrl+KeyK', true)[0], { sign: '⌘' });
  assert.deepEqual(drawn('Alt+ArrowLeft', true), [{ sign: '⌥' }, { sign: '←', name: 'key.left' }]);
  assert.deepEqual(drawn('Slash', false), [{ sign: '/', russian: '.' }]);
  assert.deepEqual(drawn('Shift+Slash', true), [{ sign: '?' }]);
  const combos = Object.values(KEYS).flatMap((acts) => Object.values(acts).flat());
  for (const { name } of combos.flatMap((combo) => drawn(combo, false))) assert.ok(!name || name in ru, name);
});
