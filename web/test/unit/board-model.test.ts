import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setCsrf } from '../../src/core/api.ts';
import { Board, type Question } from '../../src/board/model.ts';
import type { Row } from '../../src/core/types.ts';

Object.assign(globalThis, { window: globalThis });
setCsrf('token');
const realFetch = globalThis.fetch;
let board: Board | null = null;
afterEach(() => {
  board?.stop();
  globalThis.fetch = realFetch;
});

const QUESTION: Question = {
  entity: 'sales.deal',
  stages: [
    { v: 'new', l: 'New' },
    { v: 'work', l: 'Work' },
  ],
  query: new URLSearchParams(),
  where: true,
  q: '',
  sort: ['-id'],
  measured: { stage: 'stage', money: 'amount', currency: null, home: 'RUB' },
};
const row = (id: number, stage: string, more: object = {}) => ({ id, rev: 1, stage, amount: '10.00', ...more }) as Row;
const page = (rows: Row[], more: object = {}) => ({ rows, next: null, total: rows.length, ...more });
const denied = new Response('{"status":504,"code":"timeout"}', { status: 504 });

/** Answers requests by what `answer` says of their address; a Response is given as it is. */
function serve(answer: (search: URLSearchParams, path: string) => unknown): void {
  globalThis.fetch = async (input) => {
    const url = new URL(String(input), 'http://test');
    const found = await answer(url.searchParams, url.pathname);
    return found instanceof Response ? found.clone() : Response.json(found);
  };
}

/** The board, and a promise of the moment when `check` holds for it. */
function shown(question: Question = QUESTION): { until: (check: (of: Board) => boolean) => Promise<void> } {
  const waiting = new Set<() => void>();
  const made = new Board(question, () => waiting.forEach((look) => look()));
  board = made.start();
  return {
    until: (check) =>
      new Promise((done) => {
        const look = () => {
          if (!check(made)) return;
          waiting.delete(look);
          done();
        };
        waiting.add(look);
        look();
      }),
  };
}

const ids = (stage: string) => board!.columns.find((one) => one.stage.v === stage)!.rows.map(({ id }) => id);
const of = (stage: string) => board!.columns.find((one) => one.stage.v === stage)!;

test('the columns have the sums of the aggregate, and keep the counts of their lists where it is refused', async () => {
  const rows: Record<string, Row[]> = { new: [row(2, 'new'), row(1, 'new')], work: [row(3, 'work')] };
  let figures: unknown = { rows: [{ stage: 'new', cards_total: 7, money_total: '70.00' }] };
  serve((search, path) => (path.endsWith('/aggregate') ? figures : page(rows[search.get('stage')!]!)));
  await shown().until(() => of('new').figures.n === 7);
  assert.deepEqual([of('new').figures, of('work').figures], [{ n: 7, sums: [{ currency: 'RUB', amount: 70 }] }, { n: 0, sums: [] }]);
  board!.stop();
  figures = denied;
  await shown().until((one) => one.isSettled);
  assert.deepEqual([of('new').figures, of('work').figures], [{ n: 2, sums: [] }, { n: 1, sums: [] }]);
});

test('a column of which only another reading of the words has rows is empty', async () => {
  serve((search, path) => {
    if (path.endsWith('/aggregate')) return { rows: [] };
    if (!search.get('stage')) return page([row(1, 'new')]);
    return search.get('stage') === 'new' ? page([row(1, 'new')]) : page([row(9, 'work')], { corrected: 'other', next: 'x' });
  });
  await shown({ ...QUESTION, query: new URLSearchParams({ q: 'word' }), q: 'word' }).until((one) => one.isSettled);
  assert.deepEqual([ids('new'), ids('work'), of('work').next], [[1], [], null]);
});

test('a column goes on by itself over parts in which no card was found', async () => {
  const asked: (string | null)[] = [];
  const parts: Record<string, object> = {
    '': page([], { partial: true, walked: 10, next: 'a' }),
    a: page([], { partial: true, walked: 60, next: 'b' }),
    b: page([row(5, 'new')], { partial: true, walked: 80, next: 'c' }),
  };
  serve((search, path) => {
    if (path.endsWith('/aggregate')) return denied;
    if (search.get('stage') !== 'new') return page([]);
    asked.push(search.get('after'));
    return parts[search.get('after') ?? ''];
  });
  await shown().until((one) => one.isSettled && ids('new').length === 1 && of('new').state === 'ready');
  assert.deepEqual([asked, of('new').walked, of('new').next], [[null, 'a', 'b'], 80, 'c']);
});

test('a record that is being written here stays where it was put until the answer is there', async () => {
  let now = row(1, 'new');
  const asked: (string | null)[] = [];
  serve((search, path) => {
    if (path.endsWith('/aggregate')) return { rows: [] };
    if (search.has('id.in')) asked.push(search.get('id.in'));
    if (search.has('id.in')) return page([now]);
    return page(search.get('stage') === now.stage ? [now] : []);
  });
  const { until } = shown();
  await until((one) => one.isSettled && ids('new').length === 1);
  board!.hold(1);
  board!.put(row(1, 'work'), true);
  board!.touch(1); // what others see is still the former stage
  board!.touch(2);
  await until(() => asked.length > 0);
  assert.deepEqual([asked, ids('new'), ids('work')], [['2'], [], [1]]);
  now = row(1, 'work', { rev: 2 });
  board!.release(1);
  await until(() => board!.find(1)?.rev === 2);
  assert.deepEqual([ids('new'), ids('work')], [[], [1]]);
});

test('a card that sorts behind those that are shown waits for its page, unless one has moved it oneself', async () => {
  serve((search, path) => {
    if (path.endsWith('/aggregate')) return denied;
    return search.get('stage') === 'new' ? page([row(5, 'new')], { next: 'more', total: 9 }) : page([]);
  });
  await shown().until((one) => one.isSettled);
  board!.put(row(4, 'new'));
  assert.deepEqual([ids('new'), of('new').figures.n], [[5], 10]);
  board!.put(row(3, 'new'), true);
  assert.deepEqual([ids('new'), of('new').figures.n], [[5, 3], 11]);
  board!.put(row(3, 'work'), true);
  assert.deepEqual([ids('new'), ids('work'), of('work').figures], [[5], [3], { n: 1, sums: [{ currency: 'RUB', amount: 10 }] }]);
});
