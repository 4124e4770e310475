// The cases that are asked in rounds, one after the other and again, so that what the machine does
// meanwhile falls on all of them; and the bars they are read against.

import { metrics } from '../harness/metrics.mjs';
import { askAlone } from './alone.mjs';
import { PERSON, target } from './base.mjs';
import { cpuSeconds, load, settled, spread, sqliteAlone } from './process.mjs';

const SQLITE_WRITE_MS = 1000;
const GROUP = 32; // about as many requests as a commit is shared by at 64 connections

const REPORT_LEAST_S = 0.3; // of CPU: the system counts it in hundredths
// How managers do, as the articles of the sources have it: counts, shares, percentiles, different values.
const REPORT = {
  by: ['owner'],
  measures: {
    n: 'count', phones: { filled: 'phone' }, mails: { filled: 'email' },
    site: { count: true, where: ['source', 'eq', 'site'] }, 'site %': { share: ['site', 'n'] }, 'mails %': { share: ['mails', 'n'] },
    first: { min: 'created_at' }, last: { max: 'created_at' }, half: { p50: 'created_at' }, most: { p90: 'created_at' },
    towns: { distinct: 'city' }, names: { distinct: 'name' },
  },
};

/**
 * {id, name, run} each. `run` gives figures of one round: us (CPU per request or row), and where there
 * are some rate, p50, p99, failed.
 */
export function roundCases(base, seconds) {
  const { files, sessions, server } = base;
  const ask = (of, args) => async () => {
    const at = of === base.floor || of === base.listFloor ? of : target(of);
    await settled(at.pid);
    return load(at, { args, seconds });
  };
  const list = (who, file = files.list) => ask(server, ['each', files.people[who], file]);
  const alone = (id) => ({ id: `sqlite-${id}`, name: '· SQLite alone', run: () => askAlone(base, id) });
  return [
    { id: 'floor', name: 'floor: libuv and llhttp, 300 bytes', run: ask(base.floor, ['floor']) },
    { id: 'floor-list', name: 'floor, as many bytes as a list', run: ask(base.listFloor, ['floor']) },
    { id: 'get', name: 'get one', run: ask(server, ['get', ...sessions.hot, files.ids]) },
    alone('get'),
    { id: 'list-own', name: 'list of 50, own, of 180 people', run: list('own') },
    alone('list-own'),
    { id: 'list-team', name: 'list of 50, teams of 20, of 9 people', run: list('team') },
    alone('list-team'),
    { id: 'list-hot', name: 'list of 50, 20 owners of 40 %', run: list('hot') },
    alone('list-hot'),
    { id: 'list-all', name: 'list of 50, all', run: list('all') },
    alone('list-all'),
    { id: 'list-anywhere', name: 'list of 50, all, of any day: not shown before', run: list('all', files.anywhere) },
    { id: 'unindexed', name: 'filter by a field without an index', run: list('all', files.unindexed) },
    { id: 'search-word', name: 'search, a surname', run: list('all', files.words) },
    { id: 'search-prefix', name: 'search, its first three letters', run: list('all', files.prefixes) },
    { id: 'search-phone', name: 'search, five digits of a phone', run: list('all', files.phones) },
    { id: 'report', name: 'report: twelve measures by owner', run: () => report(base) },
    { id: 'create', name: 'create', run: counted(base, ask(server, ['create', ...sessions.hot, files.bodies])) },
    { id: 'create-alone', name: '· SQLite alone, groups of 32', run: () => writeAlone(base, GROUP) },
    { id: 'update', name: 'update', run: ask(server, ['patch', ...sessions.hot, files.ids]) },
    { id: 'create-single', name: '· one a commit', run: ask(base.single, ['create', ...(base.singleSession ?? []), files.bodies]) },
    { id: 'create-single-alone', name: '· SQLite alone, one a commit', run: () => writeAlone(base, 1) },
    { id: 'create-few', name: 'create, a row of three indexes', run: counted(base, ask(server, ['few', ...(base.few?.[0] ?? []), files.few])) },
    { id: 'create-few-single', name: '· one a commit', run: ask(base.single, ['few', ...(base.few?.[1] ?? []), files.few]) },
    { id: 'mixed', name: 'mixed: 70 % get, 20 % list, 10 % create', run: ask(server, ['mixed', ...sessions.hot, files.ids, files.list, files.bodies]) },
  ];
}

/** One after the other: there are no crowds that ask for reports. */
async function report({ clients, server }) {
  const { pid } = server.process;
  await settled(pid);
  const [begun, was] = [performance.now(), cpuSeconds(pid)];
  let count = 0;
  let spent = 0;
  for (; spent < REPORT_LEAST_S; count++) {
    await clients.all.post(`${PERSON}/aggregate`, REPORT, { expect: 200 });
    spent = cpuSeconds(pid) - was;
  }
  const took = (performance.now() - begun) / count;
  return { us: (spent * 1e6) / count, p50: took };
}

async function writeAlone(base, group) {
  const seen = await sqliteAlone(base.build, 'write', base.sqliteData, group, SQLITE_WRITE_MS);
  return { us: seen.us, rate: seen.rows_per_s, pages: seen.frames };
}

/** With what the writer counted: how many requests shared a commit, pages of the log per row. */
function counted(base, run) {
  return async () => {
    const was = await metrics(base.clients.hot);
    const seen = await run();
    const now = await metrics(base.clients.hot);
    const grew = (name) => now[`karkas_${name}`] - was[`karkas_${name}`];
    const writes = Math.max(grew('writes_total'), 1);
    return { ...seen, group: writes / Math.max(grew('write_groups_total'), 1), pages: grew('wal_pages_total') / writes };
  };
}

/** Runs every case `rounds` times and gives medians and spreads by id. */
export async function runRounds(cases, rounds) {
  const seen = new Map();
  const note = (id, name, figures) => {
    if (!seen.has(id)) seen.set(id, { id, name, rounds: [] });
    seen.get(id).rounds.push(figures);
  };
  for (let i = 0; i < rounds; i++) {
    for (const { id, name, run } of cases) note(id, name, await run());
  }
  return new Map([...seen].map(([id, one]) => [id, summary(one)]));
}

function summary({ id, name, rounds }) {
  const of = (key) => {
    const values = rounds.map((r) => r[key]).filter((v) => v !== undefined);
    return values.length ? spread(values) : undefined;
  };
  const failed = rounds.reduce((sum, r) => sum + (r.failed ?? 0), 0);
  const keys = ['us', 'rate', 'p50', 'p99', 'group', 'pages'];
  const each = rounds.map((r) => r.us);
  return { id, name, failed, each, ...Object.fromEntries(keys.map((key) => [key, of(key)])) };
}

// ---- bars ----------------------------------------------------------------------------------------

const median = (seen, id, key = 'us') => seen.get(id)?.[key]?.median;

/**
 * What a case costs, times what the others cost together: of each round by itself, for the machine is
 * not as fast in the next one; then the median. Undefined where they were not asked.
 */
export function times(seen, one, ...others) {
  const beside = others.map((id) => seen.get(id)?.each);
  if (beside.some((each) => !each)) return undefined;
  return spread(one.each.map((us, i) => us / beside.reduce((sum, each) => sum + each[i], 0)));
}

function timesBar(most, text, ...others) {
  return (seen, one) => {
    const found = times(seen, one, ...others);
    return found && { text: `${found.median.toFixed(2)} of at most ${most} × ${text}`, isHeld: found.median <= most };
  };
}

const listBar = (alone) => timesBar(1.3, '(SQLite alone + floor of as many bytes)', alone, 'floor-list');

/** By case: what it is held against, once everything is known. */
const BARS = {
  get: timesBar(1.9, 'floor', 'floor'),
  'list-own': listBar('sqlite-list-own'),
  'list-team': listBar('sqlite-list-team'),
  'list-hot': listBar('sqlite-list-hot'),
  'list-all': listBar('sqlite-list-all'),
  'create-few': (seen, one) => ({ text: '≤ 150 us', isHeld: one.us.median <= 150 }),
  mixed: (seen, one) => ({ text: '≥ 10 000 req/s, p99 ≤ 50 ms', isHeld: one.rate.median >= 10000 && one.p99.median <= 50 }),
};

export function barOf(one, seen) {
  const bar = BARS[one.id]?.(seen, one);
  return bar && { text: bar.text, isHeld: one.failed === 0 && bar.isHeld };
}

/** What a created row of one kind costs the log. */
function logLines(seen, id, name) {
  const one = seen.get(id);
  if (!one) return [];
  const alone = median(seen, `${id}-alone`, 'pages');
  return [
    { name: `${name}: rows that share a commit`, value: one.group.median.toFixed(0) },
    { name: `${name}: pages of the log a row`, value: `${one.pages.median.toFixed(1)}${alone ? ` (SQLite alone ${alone.toFixed(1)})` : ''}` },
  ];
}

/**
 * Bars between cases. What grouping gains depends on the indexes of a row (each touches a page of its
 * own, grouped or not), so it is held against rows of as many as the bar was set for; what it gains
 * for a contact stands beside what SQLite alone gains by it.
 */
export function ratios(seen) {
  const out = [];
  const rate = (id) => median(seen, id, 'rate');
  const gain = (grouped, single) => rate(grouped) && rate(single) && rate(grouped) / rate(single);
  const add = (name, value, bar, isHeld) => out.push({ name, value, bar, isHeld });
  const few = gain('create-few', 'create-few-single');
  if (few) add('row of three indexes: rows a second, of what one a commit gives', `${few.toFixed(1)} ×`, '≥ 5 ×', few >= 5);
  const contact = gain('create', 'create-single');
  const alone = gain('create-alone', 'create-single-alone');
  if (contact && alone) add('contact: the same', `${contact.toFixed(1)} × (SQLite alone ${alone.toFixed(1)} ×)`);
  if (rate('create') && rate('create-alone')) {
    const share = (100 * rate('create')) / rate('create-alone');
    add('contact: rows a second, of what SQLite alone gives in groups of 32', `${share.toFixed(0)} %`, '≥ 50 %', share >= 50);
  }
  return [...out, ...logLines(seen, 'create-few', 'row of three indexes'), ...logLines(seen, 'create', 'contact')];
}
