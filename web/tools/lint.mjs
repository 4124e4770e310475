// Refuses what the strict content security policy would block or what would leave the origin, and texts of the UI
// that are written in the code instead of the catalogues.
import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const RULES = [
  { bad: /styleMap|style-map/, why: 'styleMap writes the style attribute; bind .style or use a class' },
  { bad: /[^.\w]style=/, why: 'a style attribute is blocked by the policy; bind .style or use a class' },
  {
    bad: /innerHTML|outerHTML|insertAdjacentHTML|unsafeHTML|document\.write/,
    why: 'markup from strings is blocked by Trusted Types',
  },
  { bad: /https?:\/\/(?!www\.w3\.org)/, why: 'no request may leave the origin' },
  { bad: /<style|adoptedStyleSheets/, why: 'styles live in src/styles' },
  { bad: /[А-Яа-яЁё]/, why: 'texts live in locales/' },
];

async function* sources(dir) {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.(ts|html)$/.test(entry.name)) yield path;
  }
}

let bad = 0;
for await (const path of sources(join(root, 'src'))) {
  const lines = (await readFile(path, 'utf8')).split('\n');
  if (lines.length > 450) console.warn(`${relative(root, path)}: ${lines.length} lines`);
  lines.forEach((line, at) => {
    if (line.endsWith('// lint: keyboard')) return;
    const text = line.replace(/\/\/ .*$/, '').replace(/^\s*\/?\*.*$/, '');
    for (const rule of RULES) {
      if (!rule.bad.test(text)) continue;
      console.error(`${relative(root, path)}:${at + 1}: ${rule.why}`);
      bad += 1;
    }
  });
}
process.exit(bad ? 1 : 0);
