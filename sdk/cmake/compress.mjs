// Writes the .br and .gz of text files beside them, which a server sends to whoever accepts them: both, for the .gz says
// whose forms they are, or none where they save nothing. As a program: node compress.mjs <file>… A file of another kind is passed over.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const TEXT = /\.(html|js|mjs|css|svg|json|webmanifest|txt|xml)$/;

const brotli = (bytes) =>
  promisify(brotliCompress)(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });

async function put(path, bytes, isWorthIt) {
  if (isWorthIt) await writeFile(path, bytes);
  else await rm(path, { force: true });
}

/** Resolves with the sizes of both forms, which were written if both are below the file's own. */
export async function compress(path, bytes) {
  if (!TEXT.test(path)) return {};
  const [br, gz] = await Promise.all([brotli(bytes), promisify(gzip)(bytes, { level: 9 })]);
  const isWorthIt = br.length < bytes.length && gz.length < bytes.length;
  await put(`${path}.br`, br, isWorthIt);
  await put(`${path}.gz`, gz, isWorthIt);
  return { br: br.length, gz: gz.length };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const path of process.argv.slice(2)) await compress(path, await readFile(path));
