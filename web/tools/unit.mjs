// Compiles test/unit/*.test.ts beside the sources they test and runs them with node's own runner.
import * as esbuild from 'esbuild';
import { spawnSync } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = join(root, 'node_modules/.cache/unit');
await rm(out, { recursive: true, force: true });
const entries = (await readdir(join(root, 'test/unit'))).filter((f) => f.endsWith('.test.ts'));
await esbuild.build({
  entryPoints: entries.map((f) => join(root, 'test/unit', f)),
  outdir: out,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node18',
  logLevel: 'warning',
  tsconfig: join(root, 'tsconfig.json'),
  define: { 'import.meta.ROOT': JSON.stringify(root) },
});
const tests = entries.map((f) => join(out, f.replace(/\.ts$/, '.mjs')));
process.exit(spawnSync(process.execPath, ['--test', ...tests], { stdio: 'inherit', cwd: root }).status ?? 1);
