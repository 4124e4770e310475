// Two tables a README can quote, and the same figures as JSON.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { barOf, times } from './cases.mjs';

const verdict = (bar) => (bar?.isHeld === undefined ? '' : bar.isHeld ? 'held' : '**missed**');

function table(head, rows) {
  const lines = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => [...String(line[i])].length)));
  const text = (line) => `| ${line.map((cell, i) => cell + ' '.repeat(widths[i] - [...String(cell)].length)).join(' | ')} |`;
  console.log(text(head));
  console.log(`|${widths.map((w) => '-'.repeat(w + 2)).join('|')}|`);
  for (const row of rows) console.log(text(row));
}

const short = (x) => (x < 100 ? x.toFixed(1) : x.toFixed(0));
const ms = (of) => (of ? `${short(of.median)}` : '');

export function printRounds(seen) {
  const rows = [...seen.values()].map((one) => {
    const bar = barOf(one, seen);
    const failed = one.failed ? ` (${one.failed} failed)` : '';
    return [
      one.name,
      `${short(one.us.median)} (${short(one.us.low)}-${short(one.us.high)})`,
      times(seen, one, 'floor')?.median.toFixed(2) ?? '',
      one.rate ? one.rate.median.toFixed(0) + failed : '',
      ms(one.p50),
      ms(one.p99),
      bar?.text ?? '',
      verdict(bar),
    ];
  });
  table(['64 connections', 'CPU us each (spread)', '× floor', 'each/s', 'p50 ms', 'p99 ms', 'bar', ''], rows);
}

export function printLines(lines) {
  table(['', 'measured', 'bar', ''], lines.map((l) => [l.name, l.value, l.bar ?? '', verdict(l)]));
}

/** <build>/bench-<rows>.json, for those who compare runs. */
export function writeJson(build, base, seen, lines) {
  const file = path.join(build, `bench-${base.rows}.json`);
  const rounds = [...seen.values()].map((one) => ({ ...one, bar: barOf(one, seen) }));
  fs.writeFileSync(file, `${JSON.stringify({ rows: base.rows, generated: base.generated, rounds, lines }, null, 1)}\n`);
  console.log(`\n${file}`);
}
