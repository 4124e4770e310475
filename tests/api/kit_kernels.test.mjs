// `karkas module check --kernel`: the whole list on kernels of other versions, with the modules that came with them.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Author, row } from '../harness/author.mjs';

let author;

before(() => (author = new Author()));
after(() => author.remove());

/** A program of another version, in a folder with its modules; `script` is what it does. */
function kernel(name, script) {
  const dir = path.join(author.home, name);
  fs.mkdirSync(dir);
  fs.symlinkSync(author.modules, path.join(dir, 'modules'));
  fs.writeFileSync(path.join(dir, 'karkas'), `#!/bin/sh\necho "$@" >> ${author.home}/asked\n${script}\n`, { mode: 0o755 });
  return path.join(dir, 'karkas');
}

const OLD = `[ "$1" = version ] && echo 'karkas 0.0.9' && exit 0
cat <<'END'
+  Собирается
     gate 1.0.0
-  Загружается
     module asks for API level 2, this kernel has level 1
?  Применимо его ТЗ
     такого файла в модуле нет
gate 1.0.0: выполнено 1, нарушено 1, не проверено 1
END
exit 1`;

describe('a module that is checked on kernels of other versions', () => {
  it('has a row for each: what holds there, what does not and why, and what is no kernel', async () => {
    await author.make('gate');
    const own = kernel('other', `exec ${author.build}/karkas "$@"`);
    const said = await author.karkas('module', 'check', 'gate', '--kernel', kernel('old', OLD), '--kernel', own, '--kernel', '/bin/false', '--kernel', '/nowhere/karkas');
    const asked = fs.readFileSync(path.join(author.home, 'asked'), 'utf8');
    assert.equal(said.code, 1, said.out);
    const old = row(said, 'Исправен на ядре karkas 0.0.9');
    assert.equal(old.state, '-');
    assert.match(old.found, /Загружается\n +module asks for API level 2.*\n +gate 1\.0\.0: выполнено 1, нарушено 1/);
    assert.doesNotMatch(old.found, /Собирается|такого файла/);
    const { out } = await author.run(own, ['version']);
    const same = row(said, `Исправен на ядре ${out.split('\n')[0]}`);
    assert.equal(same.state, '+', said.out);
    assert.match(same.found, /gate 1\.0\.0: выполнено \d+, нарушено 0/);
    assert.match(asked, new RegExp(`module check \\S*/gate --modules ${author.home}/other/modules `), 'with the modules that came with it');
    assert.equal(said.out.match(/^- {2}Исправен на другом ядре\n +\/(bin\/false|nowhere\/karkas): это не программа karkas$/gm)?.length, 2);
    assert.equal(said.out.match(/^- {2}/gm).length, 3, said.out);
    assert.deepEqual(author.leftovers(), []);
  });
});
