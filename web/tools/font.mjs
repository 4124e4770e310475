// Makes fonts/inter.woff2 from Inter's variable font. It is run by hand when Inter is upgraded, and its result is
// committed, so that an ordinary build needs neither package:
//   npm install --no-save inter-ui@4.1.1 subset-font@2.9.0 && node tools/font.mjs
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const subsetFont = (await import(require.resolve('subset-font'))).default;
const home = dirname(require.resolve('inter-ui/package.json'));

const ranges = [
  [0x20, 0x7e],
  [0xa0, 0xff], // Latin
  [0x400, 0x45f],
  [0x490, 0x491], // Cyrillic with Ukrainian and Belarusian letters
];
const extra = '₽№«»–—…‘’“”„•·→←↑↓−×≤≥≈€$\u2009\u202f\u2011Ңңқғұәө';
const text =
  ranges
    .flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => String.fromCodePoint(a + i)))
    .join('') + extra;

const source = await readFile(join(home, 'variable/InterVariable.woff2'));
const subset = await subsetFont(source, text, {
  targetFormat: 'woff2',
  variationAxes: { wght: { min: 400, max: 700 }, opsz: 14 },
});
await writeFile(new URL('../fonts/inter.woff2', import.meta.url), subset);
await writeFile(new URL('../fonts/OFL.txt', import.meta.url), await readFile(join(home, 'LICENSE.txt')));
console.log(`fonts/inter.woff2 ${(subset.length / 1024).toFixed(1)} KB`);
