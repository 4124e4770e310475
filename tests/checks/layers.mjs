// layers.mjs - who may include whom, which layer hides which library, and that the kernel names no
// module's entity. Prints file:line for each fault; exit code 1 when there is one.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

// Each layer includes itself and those before it; kernel/*.c (main) includes all.
export const LAYERS = ['base', 'data', 'out', 'flow', 'table', 'plug', 'net', 'tz'];

// Programs of their own beside the server: each includes itself and the base layer.
export const PROGRAMS = ['sheet'];

// A library stands behind one layer's interface; the others do not see it.
const LIBRARIES = [
    { header: /^sqlite3/, layers: ['data'] },
    { header: /^curl\//, layers: ['out'] },
    { header: /^llhttp\.h$/, layers: ['net'] },
    { header: /^mbedtls\//, layers: ['base', 'plug', 'net'] },
    { header: /^(zip|expat|xlsxwriter)\.h$/, layers: ['sheet'] },
    { header: /^(yaml|argon2|utf8proc|idn2|libstemmer)\.h$/, layers: ['base'] },
];

// What the C standard itself gives. A module needs nothing else beside the SDK.
const STANDARD = new Set(
    ('assert ctype errno float inttypes limits math stdalign stdarg stdatomic stdbool stddef stdint ' +
        'stdio stdlib stdnoreturn string time')
        .split(' ')
        .map((name) => `${name}.h`),
);

// Entities whose names are also words of the kernel's own trade.
const KERNEL_WORDS = new Set(
    ('account call comment company contact document event field file form good group hook item job kind letter line list log ' +
        'mail message note option order person price queue report role rule session source stage step tag task ' +
        'team template user')
        .split(' '),
);

/** The #include lines of a C source: {line, name, quoted}. */
export function includesOf(source) {
    const found = [];
    source.split('\n').forEach((text, i) => {
        const m = /^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)/.exec(text);
        if (m) found.push({ line: i + 1, name: m[1] ?? m[2], quoted: m[1] !== undefined });
    });
    return found;
}

/** The source with comments blanked, so that lines keep their numbers. */
export function withoutComments(source) {
    return source.replace(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (m) =>
        m.startsWith('/') ? m.replace(/[^\n]/g, ' ') : m,
    );
}

/** A kernel file's faults. `path` is relative to kernel/. */
export function kernelFaults(path, source) {
    const parts = path.split(sep);
    const layer = parts.length > 1 ? parts[0] : 'main';
    const isProgram = PROGRAMS.includes(layer);
    const own = layer === 'main' ? LAYERS.length : LAYERS.indexOf(isProgram ? 'base' : layer);
    if (own < 0) return [{ line: 1, text: `"${layer}" is no layer` }];
    const faults = [];
    for (const { line, name, quoted } of includesOf(source)) {
        const at = LAYERS.indexOf(name.split('/')[0]);
        if (quoted && isProgram && name.startsWith(`${layer}/`)) continue;
        if (quoted && layer === 'main' && !name.includes('/')) continue; // the main layer's own header
        if (quoted && (at < 0 || !name.includes('/'))) {
            faults.push({ line, text: `"${name}" is not named from the include root, as "layer/file.h"` });
        } else if (quoted && at > own) {
            faults.push({ line, text: `${layer} includes "${name}", a layer above it` });
        }
        const library = quoted ? undefined : LIBRARIES.find((l) => l.header.test(name));
        if (library && !library.layers.includes(layer)) {
            faults.push({ line, text: `<${name}> belongs to ${library.layers.join(', ')}` });
        }
    }
    return faults;
}

/** What unit tests of a module include besides, and what those headers do. */
const TESTING = new Set(['karkas_mock.h', 'karkas_mock_table.h', 'cmocka.h', 'setjmp.h']);
const isOfTests = (file) => /\/tests\/[^/]+\.c$|\/karkas_mock(_table)?\.h$/.test(file);

/** A module's or the SDK's faults. `exists` tells whether a path relative to the file is there. */
export function moduleFaults(source, exists, isTest = false) {
    const faults = [];
    for (const { line, name, quoted } of includesOf(source)) {
        if (quoted && (name.includes('..') || !exists(name))) {
            faults.push({ line, text: `"${name}" is not a file of this folder` });
        } else if (!quoted && !name.startsWith('crm/') && !STANDARD.has(name) && !(isTest && TESTING.has(name))) {
            faults.push({ line, text: `<${name}> is neither the SDK nor standard C` });
        }
    }
    return faults;
}

/** Entity names of a module.yaml: the keys one step below `entities:`. */
export function entitiesOf(yaml) {
    const names = [];
    let inside = false;
    for (const line of yaml.split('\n')) {
        if (/^\S/.test(line)) inside = /^entities\s*:/.test(line);
        const m = inside && /^ {2}([a-z][a-z0-9_]*)\s*:/.exec(line);
        if (m) names.push(m[1]);
    }
    return names;
}

/** The words the kernel must not say: dotted entity names, and the entities that are not its own words. */
export function moduleWords(modules) {
    const words = new Set();
    for (const { name, entities } of modules) {
        for (const entity of entities) {
            words.add(`${name}.${entity}`);
            if (!KERNEL_WORDS.has(entity)) words.add(entity).add(`${entity}s`);
        }
    }
    return words;
}

/** Module words in code (identifiers split at underscores, and strings), comments left out. */
export function wordFaults(source, words) {
    const faults = [];
    withoutComments(source)
        .split('\n')
        .forEach((text, i) => {
            const said = text.toLowerCase().match(/[a-z0-9]+(?:_[a-z0-9]+)*(?:\.[a-z0-9_]+)?/g) ?? [];
            for (const token of said) {
                const parts = [token, ...token.split('.'), ...token.split(/[._]/)];
                const word = parts.find((p) => words.has(p));
                if (word) faults.push({ line: i + 1, text: `"${word}" is a module's word` });
            }
        });
    return faults;
}

function cFiles(dir) {
    if (!existsSync(dir)) return [];
    return readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((e) => e.isFile() && /\.[ch]$/.test(e.name))
        .map((e) => join(e.path ?? e.parentPath, e.name));
}

function readModules(root) {
    const dir = join(root, 'modules');
    if (!existsSync(dir)) return [];
    return readdirSync(dir, { withFileTypes: true })
        .filter((e) => e.isDirectory() && existsSync(join(dir, e.name, 'module.yaml')))
        .map((e) => ({ name: e.name, entities: entitiesOf(readFileSync(join(dir, e.name, 'module.yaml'), 'utf8')) }));
}

export function check(root) {
    const faults = [];
    const note = (file, list) => {
        for (const f of list) faults.push(`${relative(root, file)}:${f.line}: ${f.text}`);
    };
    const words = moduleWords(readModules(root));
    for (const file of cFiles(join(root, 'kernel'))) {
        const source = readFileSync(file, 'utf8');
        note(file, kernelFaults(relative(join(root, 'kernel'), file), source));
        note(file, wordFaults(source, words));
    }
    for (const dir of ['modules', 'sdk']) {
        for (const file of cFiles(join(root, dir))) {
            note(file, moduleFaults(readFileSync(file, 'utf8'), (name) => existsSync(join(dirname(file), name)), isOfTests(file)));
        }
    }
    return faults;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const faults = check(join(dirname(fileURLToPath(import.meta.url)), '..', '..'));
    for (const fault of faults) console.log(fault);
    process.exitCode = faults.length ? 1 : 0;
}
