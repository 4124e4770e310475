// The author's guides: every command in their `sh` blocks is run, by somebody who has the installed SDK and nothing else
// (S-39), and what they show of a file stands in that file of the SDK, which is built and tested.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { it } from 'node:test';
import { Author } from '../harness/author.mjs';

/** What a guide shows of files: {file, text}. */
const shown = (guide) => [...guide.matchAll(/^```(?:c|js|yaml) (\S+)\n([^]*?)^```$/gm)].map(([, file, text]) => ({ file, text }));

async function follow(name, reports = {}) {
  const author = new Author();
  try {
    await author.follow(name);
    assert.deepEqual(author.leftovers(), []);
    for (const [report, what] of Object.entries(reports)) assert.match(author.read(`${report}.html`), what);
  } finally {
    author.remove();
  }
}

it('what the guides show of a file stands in it, and both languages show the same', () => {
  const author = new Author();
  try {
    const text = (name) => fs.readFileSync(path.join(author.sdk, name), 'utf8');
    for (const name of ['GUIDE.md', 'GUIDE.ru.md', 'UI.md']) {
      const pieces = shown(text(name));
      assert.ok(pieces.length >= 2, name);
      for (const piece of pieces) assert.ok(text(piece.file).includes(piece.text), `${name} shows what is not in ${piece.file}:\n${piece.text}`);
    }
    assert.deepEqual(shown(text('GUIDE.ru.md')), shown(text('GUIDE.md')));
    for (const name of ['GUIDE.md', 'README.md', 'UI.md', 'MANIFEST.md', 'GUIDE.ru.md', 'README.ru.md'])
      for (const [, to] of text(name).matchAll(/\]\((?!https?:|#|\.\.)([^)#]+)/g)) assert.ok(fs.existsSync(path.join(author.sdk, to)), `${name} leads to ${to}`);
  } finally {
    author.remove();
  }
});

it('the module.yaml of MANIFEST.md is one, and what is wrong about a service is told in words', async () => {
  const author = new Author();
  try {
    author.install();
    const [, example] = /^```yaml\n(module: [^]*?)^```$/m.exec(fs.readFileSync(path.join(author.sdk, 'MANIFEST.md'), 'utf8'));
    fs.mkdirSync(path.join(author.home, 'errands/ui'), { recursive: true });
    author.write('errands/ui/ui.js', 'export const api = 1;\n');
    author.write('errands/module.yaml', example.replace(/^offers:.*\n/m, '').replaceAll('tasks', 'errands')); // code answers for offers; there are tasks already
    const lint = async () => (await author.karkas('module', 'lint', 'errands')).out.split('\n').filter((line) => line && !/нет текста/.test(line));
    assert.deepEqual(await lint(), []);
    author.change('errands/module.yaml', ', sales.deal: {read: all}}', '}');
    author.change('errands/module.yaml', 'when: [before_create, before_update]', 'when: [before_create, updated]');
    assert.deepEqual((await lint()).map((line) => line.replace(/^.*?: /, '')), [
      '«updated»: один хук или спрашивает до изменения (before_…), или узнаёт после него (created, updated)',
      'модулю не дано того, что ему нужно от «sales.deal»: чтение, а для set — изменение, называет grants',
    ]);
  } finally {
    author.remove();
  }
});

it('GUIDE.md can be followed from its first command to its last', () => follow('GUIDE.md', { loans: /loans/ }));

const REPORTS = { gate: /gate/, shop: /shop/, discounts: /Его служба отвечает/ };
// The other language takes as long again under AddressSanitizer: there it is left to the whole run.
const isLong = /asan/.test(process.env.KARKAS_BUILD ?? '') && !process.env.FULL && 'left to the whole run';
it('README.ru.md can be followed from its first command to its last', () => follow('README.ru.md', REPORTS));
it('README.md can be followed from its first command to its last', { skip: isLong }, () => follow('README.md', REPORTS));
