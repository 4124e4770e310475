// layers.test.mjs - the include test finds what it is there to find.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { entitiesOf, kernelFaults, moduleFaults, moduleWords, withoutComments, wordFaults } from './layers.mjs';

test('a layer includes itself and the layers below it', () => {
    assert.deepEqual(kernelFaults('net/a.c', '#include "net/http.h"\n#include "base/str.h"\n#include <uv.h>\n'), []);
    assert.deepEqual(kernelFaults('main.c', '#include "tz/tz.h"\n'), []);
});

test('an include upwards is a fault, with its line', () => {
    const [fault] = kernelFaults('base/a.c', '#include <crm/crm.h>\n#  include "data/registry.h"\n');
    assert.equal(fault.line, 2);
    assert.match(fault.text, /a layer above/);
});

test('an include that is not named from the root is a fault', () => {
    for (const name of ['str.h', '../data/tx.h', 'modules/x.h']) {
        assert.equal(kernelFaults('net/a.c', `#include "${name}"\n`).length, 1, name);
    }
});

test('a folder that is no layer is a fault', () => {
    assert.equal(kernelFaults('util/a.c', '').length, 1);
    assert.equal(kernelFaults('sheet/a.c', '#include "base/str.h"\n#include "sheet/sheet.h"\n').length, 0);
    assert.equal(kernelFaults('sheet/a.c', '#include "data/registry.h"\n').length, 1);
    assert.equal(kernelFaults('net/a.c', '#include "sheet/sheet.h"\n').length, 1);
});

test('a library is seen by its own layer only', () => {
    assert.equal(kernelFaults('data/sqlite.c', '#include <sqlite3.h>\n').length, 0);
    assert.equal(kernelFaults('net/a.c', '#include <sqlite3.h>\n').length, 1);
    assert.equal(kernelFaults('flow/a.c', '#include <curl/curl.h>\n').length, 1);
});

test('a module includes the SDK, standard C and its own files', () => {
    const exists = (name) => name === 'lead.h';
    assert.deepEqual(moduleFaults('#include <crm/module.h>\n#include <string.h>\n#include "lead.h"\n', exists), []);
    for (const line of ['<uv.h>', '<pthread.h>', '"base/str.h"', '"../contacts/contacts.h"']) {
        assert.equal(moduleFaults(`#include ${line}\n`, exists).length, 1, line);
    }
    const tests = '#include <karkas_mock.h>\n#include <setjmp.h>\n#include <cmocka.h>\n';
    assert.deepEqual([moduleFaults(tests, exists).length, moduleFaults(tests, exists, true).length], [3, 0]);
});

test('the entities of a module are read from its file', () => {
    const yaml = 'module: sales\nentities:\n  lead:\n    fields:\n      x: {type: text}\n  deal: {}\nmenu: []\n  no: 1\n';
    assert.deepEqual(entitiesOf(yaml), ['lead', 'deal']);
});

test('a module word is found in code and not in comments', () => {
    const words = moduleWords([{ name: 'sales', entities: ['deal', 'task'] }]);
    const at = (source) => wordFaults(source, words).map((f) => f.line);
    assert.deepEqual(at('/* a deal\n deal */ int dealer;\n// deal\n'), []);
    assert.deepEqual(at('int x;\nvoid deal_open(void);\n'), [2]);
    assert.deepEqual(at('f("sales.deal");\n'), [1]);
    assert.deepEqual(at('"/* not a comment: deals */";\n'), [1]);
    assert.deepEqual(at('int task;\n'), []);
    assert.deepEqual(at('"sales.task"'), [1]);
});

test('blanked comments keep the line numbers', () => {
    assert.equal(withoutComments('a /* x\ny */ b\n// c\nd').split('\n').length, 4);
});
