// node sdk/reference.mjs: writes REFERENCE.md, what the comments of the headers say, each beside what it is about.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HEADERS = ['crm/crm.h', 'crm/module.h', 'crm/host.h', 'karkas_mock.h'];
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** What is for the compiler alone. */
const strip = (text) =>
  text
    .replace(/^#ifdef __cplusplus\n[^]*?^#endif\n/gm, '')
    .replace(/^#(ifndef|define) \w+_H\n/gm, '')
    .replace(/^#include .*\n/gm, '')
    .replace(/^struct crm_host \{[^]*?^\};\n/gm, '')
    .replace(/^#if CRM_API_LEVEL >= .*\n/gm, '')
    .replace(/\n#endif\s*$/, '\n');

/** The text of a comment, as Markdown shows it. */
function said(comment) {
  const lines = comment.slice(2, -2).split('\n').map((line) => line.replace(/^ ?\*? ?/, '').trimEnd());
  return lines.join('\n').trim().replace(/[<*]/g, '\\$&');
}

/** From `{` to the brace that closes it. */
function bodyEnd(code, from) {
  let depth = 0;
  for (let i = from; i < code.length; i += 1) {
    if (code[i] === '{') depth += 1;
    if (code[i] === '}' && (depth -= 1) === 0) return i + 1;
  }
  return code.length;
}

/** Declarations as an author reads them: functions without their bodies, nothing of the machinery behind them. */
function declared(code) {
  let out = '';
  for (let rest = code; rest; ) {
    const found = /^(?:CRM_PRINTF\([^)]*\)\s+|__attribute__\(\(\w+\)\)\s+)?static inline ([^{]*?)\s*\{/m.exec(rest);
    out += found ? rest.slice(0, found.index) : rest;
    if (!found) break;
    out += `${found[1].replace(/CRM_MUST_CHECK /, '').replace(/\s+/g, ' ')};\n`;
    rest = rest.slice(bodyEnd(rest, found.index + found[0].length - 1));
  }
  return out
    .replace(/^extern .*\n/gm, '')
    .replace(/\n{2,}/g, '\n')
    .trim();
}

function* parts(text) {
  let at = 0;
  for (const found of text.matchAll(/^\/\*[^]*?\*\//gm)) {
    yield ['code', text.slice(at, found.index)];
    yield ['comment', found[0]];
    at = found.index + found[0].length;
  }
  yield ['code', text.slice(at)];
}

function chapter(file) {
  const out = [`## ${file}`];
  for (const [kind, text] of parts(strip(readFileSync(here(`include/${file}`), 'utf8')))) {
    const section = /^\/\* -{4} (.+?) -+ \*\/$/.exec(text);
    if (kind === 'code') {
      const code = declared(text);
      if (code) out.push(`\`\`\`c\n${code}\n\`\`\``);
    } else {
      out.push(section ? `### ${section[1][0].toUpperCase()}${section[1].slice(1)}` : said(text));
    }
  }
  return out.join('\n\n');
}

export function reference() {
  const head = `# Reference\n\nWhat the headers in [include/](include/crm) say; made from their comments by \`reference.mjs\`, which a test repeats. The way in is [GUIDE.md](GUIDE.md).`;
  return `${[head, ...HEADERS.map(chapter)].join('\n\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(here('REFERENCE.md'), reference());
