// Builds dist/: one page, one hashed script, one hashed stylesheet, the font, the icons, and ui/sdk/1.js, which keeps
// its name for ever. Every text file gets .br and .gz beside it; manifest.json lists them all for the server.
import * as esbuild from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compress } from './tools/compress.mjs';
import { enforce } from './tools/budget.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');
const files = new Map(); // path inside dist -> { bytes, immutable }

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 10);

function add(path, bytes, immutable) {
  files.set(path, { bytes: Buffer.from(bytes), immutable });
  return path;
}

function addHashed(name, ext, bytes) {
  return add(`ui/${name}-${hash(bytes)}.${ext}`, bytes, true);
}

/** `chunks`: the name that the source gives each, and the hashed one. */
async function script(chunks) {
  const out = await esbuild.build({
    entryPoints: [join(root, 'src/main.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    write: false,
    metafile: true,
    legalComments: 'none',
    charset: 'utf8',
    conditions: ['production'],
    logLevel: 'warning',
    tsconfig: join(root, 'tsconfig.json'),
  });
  let code = out.outputFiles[0].text;
  for (const [name, path] of Object.entries(chunks)) code = code.replaceAll(name, `/${path}`);
  return { code, names: Object.values(out.metafile.outputs)[0].exports };
}

/** What is loaded when it is needed finds the application, and its Lit, as a module's UI does. */
const ofTheKit = {
  name: 'kit',
  setup: (build) => build.onResolve({ filter: /^karkas-ui$/ }, () => ({ path: '/ui/sdk/1.js', external: true })),
};

async function chunk(name, source, replaced = {}) {
  const out = await esbuild.build({
    entryPoints: [join(root, source)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    write: false,
    charset: 'utf8',
    plugins: [ofTheKit],
    logLevel: 'warning',
    tsconfig: join(root, 'tsconfig.json'),
  });
  let code = out.outputFiles[0].text;
  for (const [from, to] of Object.entries(replaced)) code = code.replaceAll(from, to);
  return addHashed(`chunk-${name}`, 'js', code);
}

async function reference() {
  const css = addHashed('chunk-reference', 'css', await style('src/reference/reference.css'));
  return chunk('reference', 'src/reference/page.ts', { '/ui/reference.css': `/${css}` });
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
  const { code, names } = await script({
    '/ui/reference.js': await reference(),
    '/ui/address.js': await chunk('address', 'src/address/parts.ts'),
  });
  const js = addHashed('main', 'js', code);
  const sheet = (await style('src/styles/index.css')).replaceAll('/ui/inter.woff2', `/${font}`);
  const css = addHashed('main', 'css', sheet);
  add('ui/sdk/1.js', `export{${names.sort().join(',')}}from"/${js}";\n`, false);
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
