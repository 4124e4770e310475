// Modules whose scripts stand in the UI: kiosk, which is never changed, and small ones that a test writes.

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { root, Server } from './server.mjs';
import { dealer } from './tz.mjs';

export const kiosk = path.join(root, 'tests/fixtures/ui/kiosk');

/** A folder of modules: the bundled ones and kiosk; `others` are {name: {script, yaml}}. */
export function uiFolder(others = {}) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-modules-'));
  fs.chmodSync(dir, 0o755);
  fs.cpSync(path.join(new Server({}).build, 'modules'), dir, { recursive: true });
  fs.cpSync(kiosk, path.join(dir, 'kiosk'), { recursive: true });
  newer(path.join(dir, 'kiosk'), path.join(dir, 'kiosk', `1.0.1-${'1'.repeat(12)}`));
  for (const [name, { script, yaml }] of Object.entries(others)) put(path.join(dir, name), name, script, yaml);
  return dir;
}

/** Version 1.0.1 of kiosk beside the one that is in force. */
function newer(from, into) {
  fs.cpSync(kiosk, into, { recursive: true });
  const file = path.join(into, 'module.yaml');
  fs.writeFileSync(file, fs.readFileSync(path.join(from, 'module.yaml'), 'utf8').replace('version: 1.0.0', 'version: 1.0.1'));
}

function put(into, name, script, yaml) {
  fs.mkdirSync(path.join(into, 'ui'), { recursive: true });
  fs.mkdirSync(path.join(into, 'locales'));
  fs.writeFileSync(path.join(into, 'ui/ui.js'), script);
  fs.writeFileSync(path.join(into, 'module.yaml'), `module: ${name}\nversion: 1.0.0\nlevel: 1\nneeds: [sales]\n${yaml}`);
  for (const lang of ['ru', 'en'])
    fs.writeFileSync(path.join(into, `locales/${lang}.yaml`), `${name}.title: ${name}\n${name}.screen.page: Экран ${name}\n${name}.slot.page: Место ${name}\n`);
}

/** The dealer's ТЗ with these modules; the head works with stands. */
export const uiTz = (...names) =>
  dealer
    .replace('modules: auto\n', `modules: [contacts, sales, tasks, intake, ${['kiosk', ...names].join(', ')}]\n`)
    .replace('tasks.task: {read: team, create: team, update: team}', 'tasks.task: {read: team, create: team, update: team}\n' +
      '      kiosk.stand: {read: all, create: all, update: all, fields: all}');
