// Builds dist/: one page, one hashed script with what the first screen needs, the texts of each language, the screens
// that few people open, one hashed stylesheet, the font, the icons, and ui/sdk/1.js, which keeps its name for ever.
// Every text file gets .br and .gz beside it; manifest.json lists them all.
import * as esbuild from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compress } from '../sdk/cmake/compress.mjs';
import { enforce } from './tools/budget.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');
const entry = join(root, 'src/main.ts');
const files = new Map(); // path inside dist -> { bytes, immutable }

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 10);

function add(path, bytes, immutable) {
  files.set(path, { bytes: Buffer.from(bytes), immutable });
  return path;
}

function addHashed(name, ext, bytes) {
  return add(`ui/${name}-${hash(bytes)}.${ext}`, bytes, true);
}

/**
 * What is imported when it is needed becomes a file of its own. Code reaches the application through the entry, so that
 * all that both share lies in the one script that the page has already loaded, and none of it a second time.
 */
const later = {
  name: 'later',
  setup: (build) => {
    build.onResolve({ filter: /^karkas-ui$/ }, () => ({ path: entry }));
    build.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) =>
      kind === 'dynamic-import' ? { path: join(resolveDir, path), namespace: 'later' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => ({
      contents: path.endsWith('.json')
        ? `export { default } from ${JSON.stringify(path)};`
        : `import ${JSON.stringify(entry)}; export * from ${JSON.stringify(path)};`,
      resolveDir: dirname(path),
    }));
  },
};

/** Adds all scripts and returns the one that the page names. */
async function scripts(defined) {
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: { 'ui/sdk/1': entry },
    outdir: dist,
    absWorkingDir: root,
    chunkNames: 'ui/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    write: false,
    metafile: true,
    legalComments: 'none',
    charset: 'utf8',
    conditions: ['production'],
    define: defined,
    plugins: [later],
    logLevel: 'warning',
    tsconfig: join(root, 'tsconfig.json'),
  });
  const [shared] = metafile.outputs['dist/ui/sdk/1.js'].imports.filter((i) => i.kind === 'import-statement');
  const given = basename(shared.path);
  const named = given.replace(/^chunk-/, 'main-');
  for (const { path, text } of outputFiles) {
    const name = relative(dist, path).replace(given, named);
    add(name, text.replaceAll(given, named), name !== 'ui/sdk/1.js');
  }
  return `ui/${named}`;
}

async function style(source) {
  const out = await esbuild.build({
    entryPoints: [join(root, source)],
    bundle: true,
    minify: true,
    write: false,
    target: ['chrome123', 'firefox125', 'safari17.5'],
    charset: 'utf8',
    logLevel: 'warning',
    external: ['/ui/*'],
  });
  return out.outputFiles[0].text;
}

async function main() {
  await rm(dist, { recursive: true, force: true });
  const iconSvg = await readFile(join(root, 'icon.svg'), 'utf8');
  const icon = addHashed('icon', 'svg', iconSvg);
  const font = addHashed('inter', 'woff2', await readFile(join(root, 'fonts/inter.woff2')));
  const app = addHashed(
    'app',
    'webmanifest',
    JSON.stringify({
      name: 'Каркас',
      short_name: 'Каркас',
      start_url: '/',
      display: 'standalone',
      background_color: '#f7f7f5',
      icons: [{ src: `/${icon}`, sizes: 'any', type: 'image/svg+xml', purpose: 'any' }],
    }),
  );
  const reference = addHashed('reference', 'css', await style('src/reference/reference.css'));
  const parts = addHashed('parts', 'css', await style('src/parts/parts.css'));
  const js = await scripts({ REFERENCE_CSS: JSON.stringify(`/${reference}`), PARTS_CSS: JSON.stringify(`/${parts}`) });
  const sheet = (await style('src/styles/index.css')).replaceAll('/ui/inter.woff2', `/${font}`);
  const css = addHashed('main', 'css', sheet);
  const page = (await readFile(join(root, 'index.html'), 'utf8'))
    .replaceAll('{js}', `/${js}`)
    .replaceAll('{css}', `/${css}`)
    .replaceAll('{font}', `/${font}`)
    .replaceAll('{icon-data}', `data:image/svg+xml,${encodeURIComponent(iconSvg)}`)
    .replaceAll('{app}', `/${app}`);
  add('index.html', page, false);

  const manifest = [];
  for (const [path, { bytes, immutable }] of files) {
    const to = join(dist, path);
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, bytes);
    manifest.push({ path, size: bytes.length, hash: hash(bytes), immutable, ...(await compress(to, bytes)) });
  }
  await writeFile(join(dist, 'manifest.json'), `${JSON.stringify({ v: 1, files: manifest }, null, 1)}\n`);
  enforce(manifest);
}

await main();
