// keep.test.mjs - what outlives a run of packaging/run.sh: the UI's former files, the wish for demonstration data.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const packaging = fileURLToPath(new URL('../../packaging', import.meta.url));
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-keep-'));
after(() => fs.rmSync(home, { recursive: true }));

/** Runs a script that has sourced what run.sh sources, as strict as that; resolves with what it printed. */
function bash(script) {
    const head = `set -eEuo pipefail; . ${packaging}/common.sh; . ${packaging}/keep.sh; explain_errors; cd ${home}\n`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', head + script], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return stdout;
}

/** A build of the UI as build.mjs leaves it. */
function build(name, files) {
    const all = ['index.html', ...files.map((file) => `ui/${file}`)];
    for (const file of all) {
        const to = path.join(home, name, file);
        fs.mkdirSync(path.dirname(to), { recursive: true });
        fs.writeFileSync(to, name);
    }
    const manifest = { v: 1, files: all.map((file) => ({ path: file, size: 1 })) };
    fs.writeFileSync(path.join(home, name, 'manifest.json'), JSON.stringify(manifest, null, 1));
}
const served = () => fs.readdirSync(path.join(home, 'web/ui')).sort();
const of = (file) => fs.readFileSync(path.join(home, 'web', file), 'utf8');

test('a page opened before an upgrade finds its files beside those of the next build, for one upgrade', () => {
    build('first', ['main-1A.js', 'main-1A.js.br', 'ru-1A.js', 'sdk/1.js', 'font-1A.woff2']);
    build('second', ['main-2B.js', 'ru-1A.js', 'sdk/1.js']);
    build('third', ['main-3C.js', 'ru-3C.js', 'sdk/1.js']);
    bash('put_web first web');
    assert.equal(fs.existsSync(path.join(home, 'web/former.txt')), false);
    bash('put_web second web');
    assert.deepEqual(served(), ['font-1A.woff2', 'main-1A.js', 'main-1A.js.br', 'main-2B.js', 'ru-1A.js', 'sdk']);
    assert.deepEqual([of('index.html'), of('ui/sdk/1.js'), of('ui/ru-1A.js')], ['second', 'second', 'second']);
    bash('put_web second web');
    assert.deepEqual(served(), ['font-1A.woff2', 'main-1A.js', 'main-1A.js.br', 'main-2B.js', 'ru-1A.js', 'sdk'], 'once more');
    bash('put_web third web');
    assert.deepEqual(served(), ['main-2B.js', 'main-3C.js', 'ru-1A.js', 'ru-3C.js', 'sdk']);
});

/** Loads demonstration data with a server that ends with this status; what is said, and whether it is still wanted. */
function load(status) {
    const said = bash(`
        mkdir -p etc data; touch etc/demo.yaml
        etc=etc data=data lib=lib user=karkas demo=yes demo_said=
        as_server() { echo "its answer"; return ${status}; }
        want_demo; load_demo; echo "$demo_said"`);
    return { said, isWanted: fs.existsSync(path.join(home, 'etc/demo.wanted')) };
}

test('demonstration data that could not be loaded are tried again by the next run, which is said', () => {
    const failed = load(1);
    assert.match(failed.said, /not loaded: its answer\n.*next run .* tries again; with --no-demo it does not/);
    assert.equal(failed.isWanted, true);
    const done = load(0);
    assert.match(done.said, /are loaded/);
    assert.equal(done.isWanted, false);
});

test('into a base with records of its own they are not wanted any longer', () => {
    const refused = load(3);
    assert.match(refused.said, /not loaded, and will not be: its answer/);
    assert.equal(refused.isWanted, false);
    load(1);
    bash('etc=etc data=data demo=no; want_demo');
    assert.equal(fs.existsSync(path.join(home, 'etc/demo.wanted')), false);
});
