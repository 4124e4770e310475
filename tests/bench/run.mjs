// What a request costs at twenty thousand rows and at a million (S-70): server CPU (user and system time of the process) per request beside a floor
// server and SQLite alone, measured in the same run in alternated rounds, medians with their spread.
// Prints and never judges: rates of a shared machine move by times, CPU per request by a tenth or two.
//
//   tests/bench/run.sh [--rows 20000] [--only get,list,stuck] [--rounds 5] [--seconds 1] [--seed 1] [--extra]
//                      [--keep DIR] [--many 1000000]
//
// --only takes beginnings of the names in `cases.mjs` and `asked.mjs` (all there begin with "rights") and of: find stuck parts among tls streams memory model modules start export bulk
// cancel import sheet card dev.
// --many is how many rows the file of `import` has, when not as many as the base.
// --extra adds companies, leads, deals and tasks, a tenth of the contacts each.
// --keep leaves the generated base in a folder, where the next run with the same rows and seed finds it.

import { parseArgs } from 'node:util';
import { aloneLines, prepareAlone } from './alone.mjs';
import { bothCases, bothLines, prepareBoth } from './asked.mjs';
import { prepare } from './base.mjs';
import { ratios, roundCases, runRounds } from './cases.mjs';
import { develop } from './develop.mjs';
import { parts } from './lists.mjs';
import { bulk, canceled, cards, exports, imports, sheets } from './many.mjs';
import { model } from './model.mjs';
import { modules } from './modules.mjs';
import { printLines, printRounds, writeJson } from './print.mjs';
import { searches } from './search.mjs';
import { among, memory, secure, starts, streams, stuck } from './special.mjs';

const SPECIAL = { find: searches, stuck, parts, among, memory, model, modules, streams, tls: secure, start: starts, export: exports, bulk, cancel: canceled, sheet: sheets, card: cards, import: imports, dev: develop };
/** What stands beside a case is measured with it. */
const BESIDE = { get: ['floor'], rights: ['floor'], list: ['floor'], create: ['create'], search: ['floor'], mixed: ['floor'], import: ['create-alone'] };

const number = (value) => ({ type: 'string', default: String(value) });
const given = parseArgs({
  options: {
    rows: number(20000), rounds: number(5), seconds: number(1), seed: number(1), many: number(0),
    only: { type: 'string', default: '' }, keep: { type: 'string' }, extra: { type: 'boolean', default: false },
  },
}).values;
const [rows, rounds, seconds, seed, many] = ['rows', 'rounds', 'seconds', 'seed', 'many'].map((name) => Number(given[name]));
const only = given.only.split(',').filter(Boolean);

function isWanted(id) {
  const all = [...only, ...only.flatMap((one) => [`sqlite-${one}`, ...(BESIDE[one.split('-')[0]] ?? [])])];
  return !only.length || all.some((one) => id.startsWith(one));
}

/** One that fails is said at once and among the figures; the others go on. */
async function specialCases(base, seen) {
  const lines = [];
  for (const [id, run] of Object.entries(SPECIAL)) {
    if (!isWanted(id)) continue;
    try {
      lines.push(...(await run(base, { seconds, rounds: rounds, many, seen })));
    } catch (error) {
      console.error(`${id}: ${error.stack}`);
      process.exitCode = 1;
      lines.push({ name: id, value: 'failed', bar: 'it ends', isHeld: false });
    }
  }
  return lines;
}

const stops = [];

async function cleanUp() {
  while (stops.length) await stops.pop()();
}

async function main() {
  const isBoth = isWanted('rights');
  const isReading = !only.length || only.some((one) => /^(sqlite-)?(get|list)/.test(one));
  const wants = { people: isReading, single: isWanted('create-single') || isWanted('create-few'), sqlite: isReading || isBoth || isWanted('create-alone') };
  try {
    const base = await prepare({ rows, seed, extra: given.extra, keep: given.keep, stops }, wants);
    if (isReading) await prepareAlone(base);
    if (isBoth) await prepareBoth(base);
    const cases = [...roundCases(base, seconds), ...(isBoth ? bothCases(base, seconds) : [])];
    const seen = await runRounds(cases.filter(({ id }) => isWanted(id)), rounds);
    if (seen.size) printRounds(seen);
    const lines = [...(base.alone ? aloneLines(base.alone) : []), ...(isBoth ? bothLines(base, seen) : []), ...ratios(seen), ...(await specialCases(base, seen))];
    console.log();
    if (lines.length) printLines(lines);
    writeJson(base.build, base, seen, lines);
  } finally {
    await cleanUp();
  }
}

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, async () => {
    await cleanUp();
    process.exit(1);
  });
await main();
