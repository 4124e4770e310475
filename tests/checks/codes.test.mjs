// codes.test.mjs - the check of error codes finds what it is there to find.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fieldCodesOf, refusalFaults, refusalsOf, statusesOf, toldOf, unlike, unusedTexts } from './codes.mjs';

const statuses = statusesOf('X(CONFLICT, 4, 409, "conflict")  X(INVALID, 1, 422, "invalid") /* a field */');

test('a refusal is read with its status, over lines, behind a condition, and not from a comment', () => {
    const source = `
        /* call_fail(c, CRM_CONFLICT, "of_a_comment"); */
        if (x) { return call_fail(c, CRM_CONFLICT,
                                  is_tz ? "model_of_tz" : "model_of_module"); }
        s = s ? s : call_fail(c, CRM_INVALID, str_is(word, "xlsx") ? "xlsx_cell" : "too_many_rows");
        return refuse(p, 414, "uri_too_long");
        xlsx_fail(x, "xlsx_bomb");
        call_fail(c, s, status_code(s));`;
    assert.deepEqual(
        refusalsOf(source, statuses).map(({ http, code }) => `${http} ${code}`),
        ['409 model_of_tz', '409 model_of_module', '422 xlsx_cell', '422 too_many_rows', '414 uri_too_long', '422 xlsx_bomb'],
    );
});

test('the code of a field is read without its name and its params', () => {
    const source = `return call_fail_field(c, CRM_S("new"), "too_short",
                               arena_fmt(c->arena, "{\\"min\\":%d}", PASSWORD_MIN));`;
    assert.deepEqual(fieldCodesOf(source), ['too_short']);
});

const whole = {
    given: [{ http: 409, code: 'import_done' }],
    fields: ['too_short'],
    told: toldOf('  "409": {codes: [conflict, import_done]}'),
    page: '409 conflict import_done; of fields too_short',
    keys: new Set(['error.import_done', 'error.import_done.title', 'field.too_short']),
    sources: '"conflict" "import_done"',
};

test('what is given is told of in OpenAPI, on the page and in the texts, under its status', () => {
    assert.deepEqual(refusalFaults(whole), []);
    const faults = (other) => refusalFaults({ ...whole, ...other }).join('\n');
    assert.match(faults({ told: { 409: ['conflict'] } }), /document.yaml: the code import_done is not among those of 409/);
    assert.match(faults({ given: [{ http: 429, code: 'import_done' }] }), /not among those of 429/);
    assert.match(faults({ page: 'conflict too_short' }), /API.md: the code import_done/);
    assert.match(faults({ page: 'conflict import_done' }), /API.md: the field code too_short/);
    assert.match(faults({ keys: new Set(['error.import_done', 'field.too_short']) }), /error.import_done.title has no text/);
    assert.match(faults({ keys: new Set(['error.import_done', 'error.import_done.title']) }), /field.too_short has no text/);
});

test('what is told of is given', () => {
    assert.match(refusalFaults({ ...whole, sources: '"import_done"' }).join(), /nothing gives the code conflict of 409/);
});

test('a text that nothing says is a fault', () => {
    const keys = ['error.gone', 'error.gone.title', 'field.required', 'batch.f.kind', 'mail.dead', 'import.found.pdf', 'left.over'];
    const sources = '"required" kind "mail.dead" "pdf" a gone word';
    assert.deepEqual(unusedTexts(keys, sources), ['error.gone', 'error.gone.title', 'left.over']);
});

test('a text that one language lacks is a fault, whichever it is', () => {
    assert.deepEqual(unlike('x', ['a', 'b'], ['b', 'a']), []);
    assert.deepEqual(unlike('x', ['a', 'b'], ['b', 'c']), ['x: c stands in one language only', 'x: a stands in one language only']);
});
