// The author's guides: every command in their `sh` blocks is run, by somebody who has the installed SDK and nothing else (S-39).

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { it } from 'node:test';
import { Author } from '../harness/author.mjs';

/** Blocks of a guide in their order: {text, goesOn}: those that go on are ended with Ctrl-C. */
const blocks = (guide) => [...guide.matchAll(/^```sh( goes-on)?\n([^]*?)^```$/gm)].map(([, goesOn, text]) => ({ text, goesOn: Boolean(goesOn) }));

/** `karkas` as it is called when it is installed: it finds its SDK, its modules and its pages. */
function install(author) {
  const file = path.join(author.home, 'karkas');
  fs.writeFileSync(file, `#!/bin/sh\nexec ${author.build}/karkas "$@" ${author.places().join(' ')}\n`, { mode: 0o755 });
  author.env.PATH = `${author.home}:${path.dirname(process.execPath)}:/usr/bin:/bin`;
  author.env.SDK = author.sdk;
}

async function follow(name) {
  const author = new Author();
  try {
    install(author);
    const found = blocks(fs.readFileSync(path.join(author.sdk, name), 'utf8'));
    assert.ok(found.length >= 5, `${name} has ${found.length} blocks`);
    for (const { text, goesOn } of found) {
      const script = text.replaceAll('cmake -S shop', `cmake -DKARKAS_SDK=${author.sdk} -S shop`);
      if (!goesOn) {
        const said = await author.run('sh', ['-eu', '-c', script]);
        assert.equal(said.code, 0, `${text}\n${said.out}`);
        continue;
      }
      const going = author.begin(...script.trim().split(' ').slice(1));
      await going.says(/работает: \d/);
      assert.deepEqual(await going.end(), [0, null], going.text);
    }
    assert.deepEqual(author.leftovers(), []);
    assert.match(author.read('gate.html'), /gate/);
    assert.match(author.read('shop.html'), /shop/);
    assert.match(author.read('discounts.html'), /Его служба отвечает/);
  } finally {
    author.remove();
  }
}

// The other language takes as long again under AddressSanitizer: there it is left to the whole run.
const isLong = /asan/.test(process.env.KARKAS_BUILD ?? '') && !process.env.FULL && 'left to the whole run';
it('README.ru.md can be followed from its first command to its last', () => follow('README.ru.md'));
it('README.md can be followed from its first command to its last', { skip: isLong }, () => follow('README.md'));
