import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { askAhead, rowsAhead } from '../../src/core/ahead.ts';
import { link } from '../../src/core/events.ts';
import { meta } from '../../src/core/meta.ts';
import { place } from '../../src/core/router.ts';
import type { Meta } from '../../src/core/types.ts';

meta.set({ user: { id: 1 }, entities: { 'sales.lead': { title: 'title', fields: { title: { type: 'text' } } } } } as unknown as Meta);
place.set({ path: '/e/sales.lead', search: new URLSearchParams(), name: 'list', entity: 'sales.lead', id: 0, under: null });
link.set({ state: 'live', retryAt: 0 });

const { setTimeout: realTimeout, fetch: realFetch } = globalThis;
afterEach(() => {
  Object.assign(globalThis, { setTimeout: realTimeout, fetch: realFetch });
});

/** All that needs nothing from outside has run then. */
const turn = () => new Promise((done) => setImmediate(done));

test('the first drawing waits for rows that are on their way, but not for late ones', async () => {
  const timers: (() => void)[] = [];
  Object.assign(globalThis, { setTimeout: (run: () => void) => timers.push(run) });
  let answer = (_: Response) => undefined as void;
  globalThis.fetch = () => new Promise((resolve) => (answer = resolve));
  let isOver = false;
  const ask = () => {
    isOver = false;
    askAhead();
    return rowsAhead().then(() => (isOver = true));
  };
  const first = ask();
  await turn();
  assert.equal(isOver, false);
  answer(new Response('{"rows":[],"next":null}'));
  await first;
  const late = ask();
  await turn();
  assert.equal(isOver, false);
  timers.at(-1)!();
  await late;
});
