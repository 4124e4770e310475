import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import en from '../../locales/en.json';
import ru from '../../locales/ru.json';
import { compile } from '../../src/core/icu.ts';

function* sources(dir: string): Generator<string> {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) yield* sources(`${dir}/${entry.name}`);
    else if (entry.name.endsWith('.ts')) yield readFileSync(`${dir}/${entry.name}`, 'utf8');
  }
}

const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)[,}]/g)].map((m) => m[1]))].sort();
const russian = ru as Record<string, string>,
  english = en as Record<string, string>;

test('both languages have the same keys', () => {
  assert.deepEqual(Object.keys(ru).sort(), Object.keys(en).sort());
});

test('every message can be read and takes the same values in both languages', () => {
  for (const [key, text] of Object.entries(russian)) {
    compile(text);
    compile(english[key]);
    assert.deepEqual(names(text), names(english[key]), key);
  }
});

test('Russian plurals name all four forms', () => {
  for (const [key, text] of Object.entries(russian).filter(([, t]) => t.includes(', plural,'))) {
    for (const form of ['one', 'few', 'many', 'other']) assert.match(text, new RegExp(`${form} \\{`), key);
  }
});

test('every key that the code names is in the catalogue', () => {
  const used = new Set<string>();
  for (const text of sources('src')) {
    for (const [, key] of text.matchAll(/\bt\('([\w.]+)'/g)) used.add(key);
    for (const [, a, b] of text.matchAll(/\bt\([^')]+\? '([\w.]+)' : '([\w.]+)'/g)) {
      used.add(a);
      used.add(b);
    }
  }
  assert.ok(used.size > 100);
  assert.deepEqual(
    [...used].filter((key) => !(key in russian)),
    [],
  );
});
