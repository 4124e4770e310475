// How long an author waits from saving a file until the change runs: `karkas module dev`, with a module of C and one of data alone. The
// time is the one it prints itself.

import { Author, admin, versions } from '../harness/author.mjs';
import { until } from '../harness/until.mjs';
import { spread } from './process.mjs';

const GOAL_S = 3;
const KINDS = [
  { name: 'shop', more: ['--native'], says: 'a module of C', file: 'shop/shop.c', change: (n) => ['crm_put_record(out, "ticket", ticket)', `crm_put_record(out, "ticket${n}", ticket)`] },
  { name: 'gate', more: [], says: 'a module of data alone', file: 'gate/module.yaml', change: (n) => ['max: 200', `max: ${200 + n}`] },
];

/** Saves and waits: seconds. */
async function saved(dev, author, file, from, to) {
  const count = versions(dev).length;
  author.change(file, from, to);
  await until(() => versions(dev).length > count, `another version in\n${dev.text}`, 60000);
  return Number(dev.text.match(/работает: (\d+\.\d+) с/g).at(-1).match(/[\d.]+/)[0]);
}

async function measured({ name, more, says, file, change }, author, rounds) {
  await author.make(name, ...more);
  const dev = author.begin('module', 'dev', name);
  await admin(dev);
  const seen = [];
  let [from] = change(0);
  for (let n = 1; n <= rounds; n++) {
    const [, to] = change(n);
    seen.push(await saved(dev, author, file, from, to));
    from = to;
  }
  await dev.end();
  const { median, low, high } = spread(seen);
  return { name: `module dev, from saving until it runs: ${says}`, value: `${median.toFixed(2)} s (${low.toFixed(2)}-${high.toFixed(2)})`, bar: `≤ ${GOAL_S} s`, isHeld: median <= GOAL_S };
}

export async function develop(base, { rounds }) {
  const author = new Author();
  try {
    const lines = [];
    for (const kind of KINDS) lines.push(await measured(kind, author, rounds));
    return lines;
  } finally {
    author.remove();
  }
}
