// The cases that find, count and change: each beside SQLite alone, and each asked by one whose rights have
// no condition and by one whose rights have one that is true of every record. Both get the same answers, so
// what lies between them is what rights cost.

import { isDeepStrictEqual } from 'node:util';
import { FREE, LIMITED, LIST, PERSON, target, writeLines } from './base.mjs';
import { load, settled, spread, sqliteAlone } from './process.mjs';

const GROUP = 32;
const WRITE_MS = 1000;
const [WORD, BEGINNING, POSITION, FIELD] = ['кузнецова', 'куз', 'прораб', 'source'];

const search = (word) => `${PERSON}?limit=50&q=${encodeURIComponent(word)}`;
const questions = (files) => [
  { id: 'get', name: 'get one', args: (s) => ['get', ...s, files.ids] },
  { id: 'list', name: 'list of 50, all', args: (s) => ['paths', ...s, files.list], same: LIST },
  { id: 'filter', name: 'filter by a field without an index', args: (s) => ['paths', ...s, files.unindexed], same: `${LIST}&position=${encodeURIComponent(POSITION)}`, alone: ['filter', '[]', POSITION] },
  { id: 'search-word', name: 'search, a surname', args: (s) => ['paths', ...s, files.word], same: search(WORD), alone: ['search', '[]', WORD] },
  { id: 'search-beginning', name: 'search, its first three letters', args: (s) => ['paths', ...s, files.beginning], same: search(BEGINNING), alone: ['search', '[]', `${BEGINNING}*`] },
  { id: 'aggregate', name: 'aggregate, contacts by source', args: (s) => ['ask', ...s, files.question], alone: ['groups', '[]', FIELD], connections: 4 },
  { id: 'create', name: 'create', args: (s) => ['create', ...s, files.bodies] },
  { id: 'update', name: 'update', args: (s) => ['patch', ...s, files.ids], alone: ['update', GROUP, WRITE_MS] },
  { id: 'mixed', name: 'mixed', args: (s) => ['mixed', ...s, files.ids, files.list, files.bodies] },
];

/** Signs both in and writes what is asked. */
export async function prepareBoth(base) {
  const write = (name, lines) => writeLines(base, name, lines);
  base.both = {};
  for (const login of [FREE, LIMITED]) base.both[login] = await base.server.as(login);
  const files = {
    ...base.files,
    word: write('word', [search(WORD)]),
    beginning: write('beginning', [search(BEGINNING)]),
    question: write('question', [JSON.stringify({ by: [FIELD], measures: { n: 'count' } })]),
  };
  base.questions = questions(files);
  base.differs = [];
  for (const { id, same } of base.questions.filter((one) => one.same)) {
    const [free, limited] = await Promise.all([FREE, LIMITED].map(async (login) => (await base.both[login].get(same, { expect: 200 })).json.rows.map((r) => r.id)));
    if (!isDeepStrictEqual(free, limited)) base.differs.push(id);
  }
}

function asked(base, seconds, question, login) {
  const { cookie, csrf } = base.both[login];
  return async () => {
    const at = target(base.server);
    await settled(at.pid);
    return load(at, { args: question.args([cookie, csrf]), seconds, connections: question.connections ?? 64 });
  };
}

/** The round cases: without a condition, with one, and SQLite alone where it stands beside. */
export function bothCases(base, seconds) {
  return base.questions.flatMap((one) => {
    const alone = one.alone && { id: `rights-${one.id}-alone`, name: '· SQLite alone', run: async () => {
      const { us, rows_per_s: rate } = await sqliteAlone(base.build, one.alone[0], base.sqliteData, ...one.alone.slice(1));
      return { us, rate };
    } };
    return [
      { id: `rights-${one.id}`, name: `${one.name}, no condition`, run: asked(base, seconds, one, FREE) },
      { id: `rights-${one.id}-limited`, name: '· with a condition', run: asked(base, seconds, one, LIMITED) },
      alone,
    ].filter(Boolean);
  });
}

/** What a condition adds, of each round by itself. */
export function bothLines(base, seen) {
  const costs = base.questions.flatMap(({ id }) => {
    const [free, limited] = [seen.get(`rights-${id}`), seen.get(`rights-${id}-limited`)];
    if (!free || !limited) return [];
    const { median, low, high } = spread(limited.each.map((us, i) => us / free.each[i]));
    return [`${id} ${median.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`];
  });
  return [
    { name: 'with a condition in the rights, times without', value: costs.join(', ') },
    { name: 'answers of both', value: base.differs.length ? `differ: ${base.differs.join(', ')}` : 'the same', bar: 'the same', isHeld: !base.differs.length },
  ];
}
