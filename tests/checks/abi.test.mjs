// Modules built with the headers of the first level go on: nothing they were compiled with has moved, and every offset is locked.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { accepted, breaks, nameOf, readHeaders } from './abi.mjs';

const sdk = fileURLToPath(new URL('../../sdk/', import.meta.url));
const read = (name) => fs.readFileSync(path.join(sdk, name), 'utf8');
const headers = (dir) => ['crm.h', 'module.h', 'host.h'].map((name) => read(`${dir}/crm/${name}`));
const old = readHeaders(headers('abi/level-1'));
const now = readHeaders(headers('include'));

it('has broken nothing of the oldest level but what is accepted with its reason', () => {
  const excused = accepted(read('abi/ACCEPTED.md'));
  assert.deepEqual(breaks(old, now).filter((name) => !excused.includes(name)), []);
  assert.deepEqual(excused.filter((name) => !breaks(old, now).includes(name)), [], 'excused and not broken');
});

it('has accepted no break in major 1', () => {
  assert.equal(now.macros.CRM_ABI_MAJOR, '1');
  assert.deepEqual(accepted(read('abi/ACCEPTED.md')), []);
});

it('says in its header that it is a candidate', () => {
  assert.match(read('include/crm/crm.h'), /Major 1 of the ABI is a candidate/);
});

it('locks the offset of every member of every struct', () => {
  const lock = read('abi/lock_v1.c');
  const locked = new Set([...lock.matchAll(/^AT\((\w+), (\w+), \d+\);/gm)].map(([, type, name]) => `${type}.${name}`));
  const all = Object.entries(now.structs).flatMap(([type, list]) => list.map((member) => `${type}.${nameOf(member)}`));
  assert.ok(all.length > 130, `only ${all.length} members were found`);
  assert.deepEqual(all.filter((name) => !locked.has(name)), []);
});

const changed = (file, from, to) => {
  const texts = headers('include');
  assert.ok(texts[file].includes(from), from);
  texts[file] = texts[file].replace(from, to);
  return breaks(old, readHeaders(texts));
};

it('would tell of a member that was put in between, of another type, renamed or gone', () => {
  const fn = '    int64_t (*now)(crm_ctx *c);\n';
  assert.ok(changed(2, fn, `    int64_t (*soon)(crm_ctx *c);\n${fn}`).includes('crm_host.now'));
  assert.deepEqual(changed(2, fn, '    int32_t (*now)(crm_ctx *c);\n'), ['crm_host.now']);
  assert.deepEqual(changed(1, '    uint32_t every_s, limit_ms;\n', '    uint32_t every_s, most_ms;\n'), ['crm_job.limit_ms']);
  assert.ok(changed(1, '    const char *verb, *schema;\n', '    const char *verb;\n').includes('crm_step.schema'));
});

it('would tell of a constant, a status, a function or a handler that means something else', () => {
  assert.deepEqual(changed(1, '#define CRM_TX_READ 1u', '#define CRM_TX_READ 3u'), ['CRM_TX_READ']);
  assert.deepEqual(changed(0, 'X(DENIED, 3, 403', 'X(DENIED, 3, 404'), ['DENIED']);
  assert.deepEqual(changed(2, 'static inline int64_t crm_now(crm_ctx *c)', 'static inline int64_t crm_now(crm_ctx *c, int x)'), ['crm_now']);
  assert.deepEqual(changed(1, 'typedef crm_status (*crm_job_fn)(crm_ctx *c, crm_str arg);', 'typedef crm_status (*crm_job_fn)(crm_ctx *c);'), ['crm_job_fn']);
});

it('lets a header grow at its end', () => {
  const last = '    crm_status (*service_wake)(crm_ctx *c, const char *service);\n';
  assert.deepEqual(changed(2, last, `${last}    int64_t (*later)(crm_ctx *c);\n`), []);
  assert.deepEqual(changed(0, '#define CRM_ABI_LEVEL_LATEST 2', '#define CRM_ABI_LEVEL_LATEST 3'), []);
});
