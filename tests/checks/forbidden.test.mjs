// What a module may not call is written down twice: for the link of an author's build, in CMake, and for whoever checks a module that
// something else has built, in C. They are the same.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { it } from 'node:test';

const read = (name) => fs.readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

it('the build helper and the kit forbid the same names', () => {
  const sets = [...read('sdk/cmake/symbols.cmake').matchAll(/^set\((?:threads|endings|signals|process) ([^)]*)\)/gm)];
  assert.equal(sets.length, 4);
  const linked = sets.flatMap(([, names]) => names.trim().split(/\s+/)).sort();
  const [, list] = read('kernel/kit_symbols.c').match(/is_forbidden\(const char \*name\)\n\{[^]*?all\[\] = \{([^}]*)\}/);
  const checked = [...list.matchAll(/"(\w+)"/g)].map(([, name]) => name).sort();
  assert.ok(checked.length > 30, `only ${checked.length} names were found`);
  assert.deepEqual(checked, linked);
});
