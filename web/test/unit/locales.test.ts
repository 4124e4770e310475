import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import en from '../../locales/en.json';
import ru from '../../locales/ru.json';
import modulesEn from '../../src/modules/en.json';
import modulesRu from '../../src/modules/ru.json';
import pluginsEn from '../../src/plugins/en.json';
import pluginsRu from '../../src/plugins/ru.json';
import partsEn from '../../src/parts/en.json';
import partsRu from '../../src/parts/ru.json';
import savedEn from '../../src/saved/en.json';
import savedRu from '../../src/saved/ru.json';
import tellEn from '../../src/tell/en.json';
import tellRu from '../../src/tell/ru.json';
import requestsEn from '../../src/requests/en.json';
import requestsRu from '../../src/requests/ru.json';
import timelineEn from '../../src/timeline/en.json';
import timelineRu from '../../src/timeline/ru.json';
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

/** The core's texts, and those of a page that brings its own. */
const CATALOGUES: [string, Record<string, string>, Record<string, string>][] = [
  ['the core', russian, english],
  ['the page of modules', modulesRu, modulesEn],
  ["parts of modules", pluginsRu, pluginsEn],
  ['saved views', savedRu, savedEn],
  ['the timeline', timelineRu, timelineEn],
  ['the tables of parts', partsRu, partsEn],
  ['a word to a colleague', tellRu, tellEn],
  ['requests held back', requestsRu, requestsEn],
];

for (const [name, one, other] of CATALOGUES) {
  test(`both languages have the same keys: ${name}`, () => {
    assert.deepEqual(Object.keys(one).sort(), Object.keys(other).sort());
  });

  test(`every message can be read and takes the same values in both languages: ${name}`, () => {
    for (const [key, text] of Object.entries(one)) {
      compile(text);
      compile(other[key]!);
      assert.deepEqual(names(text), names(other[key]!), key);
    }
  });

  test(`Russian plurals name all four forms: ${name}`, () => {
    for (const [key, text] of Object.entries(one).filter(([, t]) => t.includes(', plural,'))) {
      for (const form of ['one', 'few', 'many', 'other']) assert.match(text, new RegExp(`${form} \\{`), key);
    }
  });
}

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
