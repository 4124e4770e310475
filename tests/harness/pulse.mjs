// The test module pulse, whose services wait, fail, do not stop or crash (tests/unit/plug_variants/pulse), and a ТЗ that needs it.

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Server } from './server.mjs';
import { dealer } from './tz.mjs';

/** Kinds: the same code as two versions. */
const VERSIONS = { 1: '1.0.0', 2: '1.1.0' };
export const idOf = (kind) => `${VERSIONS[kind]}-${String(kind).repeat(12)}`;

export const pulseTz = dealer.replace(
  'tasks.task: {read: team, create: team, update: team}',
  'tasks.task: {read: team, create: team, update: team}\n      pulse.event: {read: all, create: all}',
);

/** A folder of modules: the bundled ones, and 1.0.0 of pulse installed. */
export function pulseFolder() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-modules-'));
  fs.chmodSync(dir, 0o755);
  fs.cpSync(path.join(new Server({}).build, 'modules'), dir, { recursive: true });
  putPulse(dir, 1);
  return dir;
}

export function putPulse(dir, kind) {
  fs.cpSync(path.join(new Server({}).build, 'tests/pulse', String(kind)), path.join(dir, 'pulse', idOf(kind)), { recursive: true });
}
