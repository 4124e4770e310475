// Lists that come in parts, for those who can tell nothing before there is a page.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { firstPage } from '../../src/core/first.ts';
import { Records } from '../../src/core/records.ts';
import type { Row } from '../../src/core/types.ts';

Object.assign(globalThis, { window: globalThis });
const realFetch = globalThis.fetch;
let records: Records | null = null;
afterEach(() => {
  records?.stop();
  globalThis.fetch = realFetch;
});

const row = (id: number, more: object = {}) => ({ id, rev: 1, ...more }) as Row;
const part = (next: string, rows: Row[] = [], more: object = {}) => ({ rows, next, total: 0, approx: true, partial: true, walked: 10, ...more });
const last = (rows: Row[], more: object = {}) => ({ rows, next: null, total: rows.length, approx: false, ...more });

/** Answers by what comes after; says what was asked. */
function serve(answer: (after: string, search: URLSearchParams) => unknown): string[] {
  const asked: string[] = [];
  globalThis.fetch = async (input, options) => {
    options?.signal?.throwIfAborted();
    const { searchParams } = new URL(String(input), 'http://test');
    const after = searchParams.get('after') ?? '';
    asked.push(after);
    return Response.json(await answer(after, searchParams));
  };
  return asked;
}

const few = () => new URLSearchParams({ limit: '2', q: 'word' });

test('parts are asked for until there is a page, and what is there meanwhile is told', async () => {
  const parts: Record<string, unknown> = { '': part('a'), a: part('b', [row(1)]), b: part('c', [row(2)]) };
  const asked = serve((after) => parts[after]);
  const told: number[][] = [];
  const page = await firstPage('sales.lead', few(), undefined, (rows) => told.push(rows.map(({ id }) => id)));
  assert.deepEqual([page.rows.map(({ id }) => id), page.next], [[1, 2], 'c']);
  assert.deepEqual([asked, told], [['', 'a', 'b'], [[], [1]]]);
});

test('a list that ends has what all of its parts had, and the reading of the last', async () => {
  serve((after) => (after ? last([row(2)], { read_as: 'слово' }) : part('a', [row(1)])));
  const page = await firstPage('sales.lead', few());
  assert.deepEqual([page.rows.length, page.next, page.read_as], [2, null, 'слово']);
});

test('who gives it up asks for no further part', async () => {
  const halt = new AbortController();
  const asked = serve(() => part('a'));
  const told = () => halt.abort();
  await assert.rejects(firstPage('sales.lead', few(), halt.signal, told), { name: 'AbortError' });
  assert.deepEqual(asked, ['']);
});

/** The rows of a list, and a promise of the moment when `check` holds for them. */
function shown(): (check: (of: Records) => boolean) => Promise<void> {
  let look = () => {};
  const made = new Records('sales.lead', new URLSearchParams(), ['-id'], () => look());
  records = made.start();
  return (check) =>
    new Promise((done) => {
      look = () => check(made) && done();
      look();
    });
}

test('the total and the reading are those of the part that has come furthest', async () => {
  const parts: Record<string, unknown> = { '': part('a'), a: last([row(1)], { read_as: 'слово', total: 1 }) };
  serve((after) => parts[after]);
  await shown()(({ state, walked, rows }) => state === 'ready' && walked === null && rows.length === 1);
  assert.deepEqual([records!.total, records!.approx, records!.reading.read_as], [1, false, 'слово']);
});

test('a row that others have changed stays until it is known that the list has it no more', async () => {
  let change: unknown[] = [part('a'), last([row(2, { rev: 2 })])];
  serve((_, search) => (search.has('id.in') ? change.shift() : last([row(2), row(1)])));
  const until = shown();
  await until(({ rows }) => rows.length === 2);
  records!.touch(2);
  await until(({ rows }) => rows.some(({ rev }) => rev === 2));
  assert.deepEqual(records!.rows.map(({ id }) => id), [2, 1]);
  change = [part('a'), last([])];
  records!.touch(2);
  await until(({ rows }) => rows.length === 1);
});
