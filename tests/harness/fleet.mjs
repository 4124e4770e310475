// The test module fleet in its versions (tests/unit/plug_variants/fleet) and a ТЗ that needs it.

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Server } from './server.mjs';
import { dealer } from './tz.mjs';

/** Kinds: 1 is 1.0.0; 2 is 1.1.0 with a field and a route more; 3 does not start; 4 changes a field's type; 5 is 1.4.0 with words for a ТЗ and an interface; 6 is 1.5.0, which fills a new field of the cars there are; 7 is 1.6.0, which then refuses a car with the plate BAD and waits at one with the plate LATER; 8 is 1.7.0, which does the same. */
export const VERSIONS = { 1: '1.0.0', 2: '1.1.0', 3: '1.2.0', 4: '1.3.0', 5: '1.4.0', 6: '1.5.0', 7: '1.6.0', 8: '1.7.0' };
/** The name of an installed version's folder; the digits stand for a hash. */
export const idOf = (kind) => `${VERSIONS[kind]}-${String(kind).repeat(12)}`;

export const fleetTz = dealer
  .replace('tasks.task: {read: team, create: team, update: team}', 'tasks.task: {read: team, create: team, update: team}\n' +
    '      fleet.car: {read: all, create: all, update: all, fields: all}\n      fleet.heard: {read: all}');

/** A folder of modules: the bundled ones and, of fleet, the kinds given: the first in <name>/ itself. */
export function fleetFolder(kinds) {
  const build = new Server({}).build;
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-modules-'));
  fs.chmodSync(dir, 0o755);
  fs.cpSync(path.join(build, 'modules'), dir, { recursive: true });
  kinds.forEach((kind, i) => putFleet(dir, kind, i === 0));
  return dir;
}

export function putFleet(dir, kind, isBundled = false) {
  const into = path.join(dir, 'fleet', isBundled ? '' : idOf(kind));
  fs.cpSync(path.join(new Server({}).build, 'tests/fleet', String(kind)), into, { recursive: true });
}

/** The test module depot, which cannot do without an interface that kind 5 gives. */
export function putDepot(dir) {
  fs.cpSync(path.join(new Server({}).build, 'tests/depot/depot'), path.join(dir, 'depot'), { recursive: true });
}
