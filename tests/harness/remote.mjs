// The SDK's example of a module whose hooks and steps an HTTP service answers for, with the service's address put in.

import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { root, Server } from './server.mjs';
import { dealer } from './tz.mjs';

export const SECRET = `whsec_${Buffer.from('thirty-two letters of a secret !').toString('base64')}`;
const example = path.join(root, 'sdk/discounts');

/** A folder of modules: the bundled ones and discounts, asking `url`; `change` edits its module.yaml. */
export function discountsFolder(url, change = (text) => text) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-modules-'));
  fs.chmodSync(dir, 0o755);
  fs.cpSync(path.join(new Server({}).build, 'modules'), dir, { recursive: true });
  fs.cpSync(example, path.join(dir, 'discounts'), { recursive: true });
  for (const file of ['service.mjs', 'page.html', 'page.js']) fs.rmSync(path.join(dir, 'discounts', file)); // the service's
  const file = path.join(dir, 'discounts/module.yaml');
  fs.writeFileSync(file, change(fs.readFileSync(file, 'utf8').replace('http://127.0.0.1:8110', url)));
  return dir;
}

export const discountsTz = dealer
  .replace('modules: auto\n', 'modules: [contacts, sales, tasks, intake, discounts]\noutgoing: {private: [127.0.0.1]}\n');

/** The example's own service as a process; `stop()` ends it. */
export async function startService() {
  const env = { ...process.env, DISCOUNTS_SECRET: SECRET, DISCOUNTS_CLOCK: '1e12' };
  const child = spawn(process.execPath, [path.join(example, 'service.mjs'), '0'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise((resolve) => child.stdout.once('data', (b) => resolve(String(b))));
  const port = line.match(/listening (\d+)/)[1];
  return { url: `http://127.0.0.1:${port}`, stop: () => child.kill() };
}
