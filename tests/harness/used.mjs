// Which operations of the server's documents the tests have called. With KARKAS_OPERATIONS=FILE every
// test process adds what it knows to FILE; `node used.mjs FILE` prints the sum and fails when an
// operation was never called. Operations that differ in their entity only are of one kind.

import * as fs from 'node:fs';
import { pathToFileURL } from 'node:url';

const file = process.env.KARKAS_OPERATIONS;
const METHODS = ['get', 'head', 'post', 'patch', 'put', 'delete'];
const ALL = '<entity>';
const OF_TESTS = /^\/api\/v1\/(acts|slow|fleet|pulse)\//; // routes of modules that only tests have
const kinds = new Map(); // of operation ids, by document
const known = new Set();
const used = new Set();

/** "post /api/v1/<entity>/{id}/undo undo": all but the entity that tells operations apart. */
function kindOf(path, method, operation) {
  const body = operation.requestBody?.content?.['application/json']?.schema.$ref ?? '';
  const text = `${method} ${path} ${body.split('/').pop()}`.trim();
  const entity = operation['x-entity'];
  return entity ? text.replaceAll(new RegExp(`\\b${entity.replaceAll('.', '\\.')}(?=[/ .]|$)`, 'g'), ALL) : text;
}

function kindsOf(document) {
  if (kinds.has(document)) return kinds.get(document);
  const own = new Map();
  for (const [path, item] of Object.entries(document.paths).filter(([at]) => !OF_TESTS.test(at)))
    for (const method of METHODS.filter((m) => item[m])) {
      const kind = kindOf(path, method, item[method]);
      own.set(item[method].operationId, kind);
      known.add(kind);
    }
  kinds.set(document, own);
  return own;
}

export function noteUse(document, operationId) {
  if (file) used.add(`${operationId}\t${kindsOf(document).get(operationId)}`);
}

if (file)
  process.on('exit', () => {
    const lines = [...[...known].map((kind) => `known\t${kind}`), ...[...used].map((one) => `used\t${one}`)];
    if (lines.length) fs.appendFileSync(file, `${lines.join('\n')}\n`);
  });

/** {operations, known, never}: ids that were called, kinds there are, kinds never called. */
export function summary(text) {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const all = new Set(lines.filter(([what]) => what === 'known').map(([, kind]) => kind));
  const calls = lines.filter(([what]) => what === 'used');
  const called = new Set(calls.map(([, , kind]) => kind));
  return {
    operations: new Set(calls.map(([, id]) => id)).size,
    known: all.size,
    never: [...all].filter((kind) => !called.has(kind)).sort(),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { operations, known: all, never } = summary(fs.readFileSync(process.argv[2], 'utf8'));
  console.log(`the generated client called ${operations} operations, ${all - never.length} of ${all} kinds`);
  for (const kind of never) console.log(`never called: ${kind}`);
  process.exitCode = never.length ? 1 : 0;
}
