// codes.mjs - the codes of errors that the sources give are the codes that are told of: in API.md, in the answers of
// OpenAPI under their status, and with texts in both languages. And no text is left that nothing says any more.
// Prints a line for each fault; exit code 1 when there is one.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { withoutComments } from './layers.mjs';

// What the server says before a request reaches an operation; 500 and 503 stand for whatever fails within.
const BEFORE_OPERATIONS = new Set([405, 408, 414, 417, 431]);

// Codes that no answer of HTTP carries: they end a step of a rule or a batch.
const OF_RUNS = new Set(['bad_step', 'unknown_entity']);

// The server's texts; those of the other language have the same keys.
const CATALOGUES = ['kernel/data/locales/en.yaml', 'kernel/tz/locales/en.yaml', 'kernel/net/openapi/en.yaml'];

// Calls that refuse with a status and a code, and those that say a field's code.
const REFUSALS = /\b(call_fail|api_reply_code|fail_named|http_refuse|conn_refuse|refuse)\((?!crm_ctx)([^;]*?)\)\s*[;:)]/g;
// A workbook that cannot be read is a file that is refused.
const OF_WORKBOOK = /\bxlsx_fail\([^;]*?"(\w+)"\)/g;
const OF_FIELD = /\bcall_fail_field\((?!crm_ctx)([^;]*?)\)\s*[;:)]/g;

/** {CONFLICT: 409, …} and the code that a status has by itself, from the SDK's table. */
export function statusesOf(header) {
    const rows = [...header.matchAll(/X\((\w+), \d+, (\d+), "(\w+)"\)/g)];
    return rows.map(([, name, http, code]) => ({ name, http: Number(http), code }));
}

/** The texts in quotes of a call's arguments that may be a code. */
function codesIn(args) {
    return [...args.matchAll(/"([a-z][a-z_]+)"/g)].map((m) => m[1]);
}

/** The {http, code} that a source refuses with. */
export function refusalsOf(source, statuses) {
    const found = [];
    for (const [, , args] of withoutComments(source).matchAll(REFUSALS)) {
        const named = /\bCRM_([A-Z_]+),([\s\S]*)/.exec(args);
        const number = /,\s*(\d{3}),([\s\S]*)/.exec(args);
        const http = named ? statuses.find((s) => s.name === named[1])?.http : Number(number?.[1]);
        if (!http) continue;
        // Of str_is(x, "word") ? "code" : … the word is no code.
        const said = (named ?? number)[2].replace(/str_is\([^)]*\)/g, '');
        for (const code of codesIn(said)) found.push({ http, code });
    }
    for (const [, code] of source.matchAll(OF_WORKBOOK)) {
        const own = statuses.find((s) => s.code === code); // no space for what is unpacked
        found.push({ http: own?.http ?? 422, code });
    }
    return found;
}

/** The codes that a source says of fields. */
export function fieldCodesOf(source) {
    return [...withoutComments(source).matchAll(OF_FIELD)].flatMap(([, args]) => {
        const rest = args.replace(/CRM_S\([^)]*\)|str_is\([^)]*\)|arena_fmt\([\s\S]*/g, '');
        return codesIn(rest);
    });
}

/** Of document.yaml: {409: ["conflict", …]}. */
export function toldOf(document) {
    const told = {};
    for (const [, http, codes] of document.matchAll(/^ {2}"(\d{3})": \{codes: \[([^\]]*)\]/gm)) {
        told[http] = codes.split(',').map((code) => code.trim());
    }
    return told;
}

export function keysOf(catalogue) {
    return [...catalogue.matchAll(/^([a-z][\w.]*):/gm)].map((m) => m[1]);
}

/** What a module did wrong is in the log under any code; who asked is told that the server failed. */
const isOfModule = (http, code) => http === 500 && !['internal', 'misuse'].includes(code);

/** What is wrong between what is given and what is told. */
export function refusalFaults({ given, fields, told, page, keys, sources }) {
    const faults = new Set();
    const isOnPage = (code) => new RegExp(`(?<![\\w])${code}(?![\\w])`).test(page);
    for (const { http, code } of given) {
        if (OF_RUNS.has(code) || isOfModule(http, code)) continue;
        if (!BEFORE_OPERATIONS.has(http) && !told[http]?.includes(code)) {
            faults.add(`document.yaml: the code ${code} is not among those of ${http}`);
        }
        if (!isOnPage(code)) faults.add(`API.md: the code ${code} (${http}) is not named`);
        for (const key of [`error.${code}`, `error.${code}.title`]) {
            if (!keys.has(key)) faults.add(`locales: ${key} has no text`);
        }
    }
    for (const [http, codes] of Object.entries(told)) {
        for (const code of codes) {
            if (!sources.includes(`"${code}"`)) faults.add(`document.yaml: nothing gives the code ${code} of ${http}`);
            if (!isOnPage(code)) faults.add(`API.md: the code ${code} (${http}) is not named`);
        }
    }
    for (const code of fields) {
        if (!isOnPage(code)) faults.add(`API.md: the field code ${code} is not named`);
        if (!keys.has(`field.${code}`)) faults.add(`locales: field.${code} has no text`);
    }
    return [...faults];
}

/** Keys of texts that no source says: error.* and field.* by their code, any other whole or behind its prefix. */
export function unusedTexts(keys, sources) {
    return keys.filter((key) => {
        if (sources.includes(key)) return false;
        const [, code] = /^(?:error|field)\.(\w+?)(?:\.title)?$/.exec(key) ?? [];
        if (code) return !sources.includes(`"${code}"`);
        const parts = key.split('.');
        return !parts.some((_, i) => i && new RegExp(`\\b${parts.slice(i).join('\\.')}\\b`).test(sources));
    });
}

/** Keys that one language has and the other lacks. */
export function unlike(file, english, russian) {
    const lacks = (keys, others) => others.filter((key) => !keys.includes(key));
    return [...lacks(english, russian), ...lacks(russian, english)].map((key) => `${file}: ${key} stands in one language only`);
}

function filesOf(root, dir, pattern) {
    return readdirSync(join(root, dir), { recursive: true, withFileTypes: true })
        .filter((e) => e.isFile() && pattern.test(e.name))
        .map((e) => join(e.path ?? e.parentPath, e.name))
        .filter((file) => !/\/locales\/|\/(en|ru)\.yaml$|node_modules/.test(file));
}

export function check(root) {
    const read = (file) => readFileSync(join(root, file), 'utf8');
    const all = (dirs, pattern) => dirs.flatMap((dir) => filesOf(root, dir, pattern)).map((file) => readFileSync(file, 'utf8'));
    const statuses = statusesOf(read('sdk/include/crm/crm.h'));
    const sources = all(['kernel', 'modules'], /\.c$/);
    const own = statuses.filter((s) => s.http !== 200).map(({ http, code }) => ({ http, code }));
    const keys = keysOf(read('kernel/data/locales/en.yaml'));
    const used = [...all(['kernel', 'modules', 'sdk'], /\.([ch]|yaml)$/), ...all(['web/src'], /\.ts$/)].join('\n');
    const faults = refusalFaults({
        given: [...own, ...sources.flatMap((source) => refusalsOf(source, statuses))],
        fields: sources.flatMap(fieldCodesOf),
        told: toldOf(read('kernel/net/openapi/document.yaml')),
        page: read('kernel/net/API.md'),
        keys: new Set(keys),
        sources: used,
    });
    const unused = CATALOGUES.flatMap((file) => unusedTexts(keysOf(read(file)), used).map((key) => `${file}: nothing says ${key}`));
    const other = CATALOGUES.flatMap((file) => unlike(file, keysOf(read(file)), keysOf(read(file.replace('en.yaml', 'ru.yaml')))));
    return [...faults, ...unused, ...other];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const faults = check(fileURLToPath(new URL('../..', import.meta.url)));
    for (const fault of faults) console.log(fault);
    process.exitCode = faults.length ? 1 : 0;
}
