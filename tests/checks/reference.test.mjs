// reference.test.mjs - sdk/REFERENCE.md is what sdk/reference.mjs makes of the headers, and leaves no function out.
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { reference } from '../../sdk/reference.mjs';

const sdk = (file) => fs.readFileSync(fileURLToPath(new URL(`../../sdk/${file}`, import.meta.url)), 'utf8');

test('the reference is that of the headers as they are; node sdk/reference.mjs writes it anew', () => {
    assert.equal(sdk('REFERENCE.md'), reference());
});

test('the reference names every function that a module or its tests may call', () => {
    const text = reference();
    for (const header of ['include/crm/host.h', 'include/karkas_mock.h']) {
        const names = [...sdk(header).matchAll(/static inline [^(]*?(\w+)\(/g)].map((found) => found[1]);
        assert.ok(names.length > 20, header);
        assert.deepEqual(names.filter((name) => !new RegExp(`[ *]${name}\\(.*\\);$`, 'm').test(text)), []);
    }
});
