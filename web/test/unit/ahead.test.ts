import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { askAhead, rowsAhead, takeAhead } from '../../src/core/ahead.ts';
import { link } from '../../src/core/events.ts';
import { meta } from '../../src/core/meta.ts';
import { place } from '../../src/core/router.ts';
import type { Meta } from '../../src/core/types.ts';

meta.set({ user: { id: 1 }, entities: { 'sales.lead': { title: 'title', fields: { title: { type: 'text' } } } } } as unknown as Meta);
place.set({ path: '/e/sales.lead', search: new URLSearchParams(), name: 'list', entity: 'sales.lead', id: 0, under: null });
link.set({ state: 'live', retryAt: 0 });

const { setTimeout: realTimeout, fetch: realFetch } = globalThis;
const realNow = performance.now;
let sinceAsked = 0; // ms
Object.defineProperty(performance, 'now', { value: () => sinceAsked, configurable: true, writable: true });
after(() => {
  Object.defineProperty(performance, 'now', { value: realNow, configurable: true, writable: true });
});
afterEach(() => {
  Object.assign(globalThis, { setTimeout: realTimeout, fetch: realFetch });
  sinceAsked = 0;
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
    askAhead(0);
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

test('who has waited long already sees the frame painted before the rows, which a hidden page is not waited for', async () => {
  const frames: (() => void)[] = [];
  const page = { hidden: false };
  Object.assign(globalThis, { requestAnimationFrame: (run: () => void) => frames.push(run), document: page });
  let asked = new URLSearchParams();
  globalThis.fetch = async (url) => {
    asked = new URL(String(url), 'http://here').searchParams;
    return new Response('{"rows":[],"next":null}');
  };
  sinceAsked = 1000;
  const take = async (since = 0) => {
    askAhead(since);
    await rowsAhead();
    const taken = { isThere: false };
    void takeAhead('sales.lead', asked, new AbortController().signal)!.then(() => (taken.isThere = true));
    await turn();
    return taken;
  };
  const seen = await take();
  assert.equal(seen.isThere, false);
  frames.at(-1)!();
  await new Promise((done) => realTimeout(done, 0));
  assert.equal(seen.isThere, true);
  page.hidden = true;
  assert.equal((await take()).isThere, true);
  page.hidden = false;
  assert.equal((await take(900)).isThere, true, 'who has signed in just now has not waited');
});

/** What was asked of the server, and whether the page no longer wants it. */
function requests(): { search: URLSearchParams; signal: AbortSignal }[] {
  const sent: { search: URLSearchParams; signal: AbortSignal }[] = [];
  globalThis.fetch = (url, init) => {
    sent.push({ search: new URL(String(url), 'http://here').searchParams, signal: init!.signal! });
    return new Promise(() => undefined);
  };
  return sent;
}

const go = (search: string) => place.set({ ...place.value, search: new URLSearchParams(search) });

test('what was asked ahead is broken off when the user goes elsewhere before it is taken', () => {
  const asked = requests();
  askAhead(0);
  assert.deepEqual(asked.map(({ signal }) => signal.aborted), [false]);
  go('q=кран');
  assert.deepEqual(asked.map(({ signal }) => signal.aborted), [true]);
});

test('what was taken is broken off by whoever has taken it, and by nobody else', () => {
  const asked = requests();
  askAhead(0);
  const taker = new AbortController();
  assert.ok(takeAhead('sales.lead', asked[0]!.search, taker.signal));
  go('q=каток');
  assert.equal(asked[0]!.signal.aborted, false);
  taker.abort();
  assert.equal(asked[0]!.signal.aborted, true);
});
