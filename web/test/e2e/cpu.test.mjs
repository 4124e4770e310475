// What the page costs, beside its budgets. Judged: processor time of the main thread, which does not depend on how busy
// the machine is as the wall does, and the heap; times of the wall only where nobody else is at work on the machine, else
// they are printed with how busy it is. The whole run (FULL=1) also scrolls
// a hundred thousand rows, works through many rounds for the heap, and loads the page on a processor slowed fourfold.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Fixture } from '../fixture/server.mjs';
import { DESK, launch, login, slow } from './browser.mjs';
import { Meter, busyShare, isQuiet, least } from './meter.mjs';

const isFull = process.env.FULL === '1';
const full = { skip: isFull ? false : 'left to the whole run' };
const ROWS = 300;
const WARM = 3; // rounds that are not counted: code is compiled, fonts are laid out
const ROUNDS = isFull ? 15 : 6;
const LOADS = isFull ? 9 : 3;
const QUIET_LOADS = 3;
const MOST = 40; // rounds until a budget that does not hold counts as exceeded: the machine may be busy elsewhere
const INTERACTION = 50; // ms of CPU
const BOARD = 60; // ms of CPU until the board has taken the place of the list
const LOAD = 300; // ms of CPU until the first rows: 1.2 s on a processor four times slower
const ROWS_SHOWN = 500; // ms of the wall, as are the next two
const SLOW_LCP = 1000;
const SLOW_ROWS = 1200;
const FRAME = 6; // ms of CPU
const LONGEST = 50; // ms of CPU in one go
const HEAP = 60; // MB
const GROWTH = 1.1;

let browser, fixture;

before(async () => {
  browser = await launch();
  fixture = await new Fixture().listen();
  for (let i = 0; i < ROWS; i += 1)
    fixture.create('sales.lead', { title: `Экскаватор ${i}`, amount: `${1000 + ((i * 37) % ROWS)}.00`, source: 'site' });
});
after(async () => {
  await browser?.close();
  await fixture?.close();
});

const isBelow = (limit, name, value, more) => {
  console.log(`judged: ${name}: ${value.toFixed(1)} of ${limit} ${more}`);
  assert.ok(value <= limit, `${name}: ${value.toFixed(1)} of ${limit}`);
};
const all = (values) => `(of ${[...values].sort((a, b) => a - b).map((v) => v.toFixed(0)).join(' ')})`;

/** A time of the wall: `found` holds what each load took, and how busy others kept the machine just before. */
function isBelowIfQuiet(limit, name, found, what) {
  const quiet = found.filter(({ busy }) => isQuiet(busy)).map((one) => one[what]);
  if (quiet.length >= QUIET_LOADS) return isBelow(limit, name, least(quiet), `ms ${all(quiet)}`);
  const times = found.map((one) => one[what]);
  const busy = Math.round(least(found.map((one) => one.busy)) * 100);
  console.log(`not judged: ${name}: ${least(times).toFixed(0)} of ${limit} ms ${all(times)}, others kept at least ${busy} % of the machine busy`);
}

async function metered() {
  const context = await browser.newContext({ viewport: DESK, locale: 'ru-RU', reducedMotion: 'reduce' });
  await login(context, fixture.url);
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const meter = await Meter.of(page);
  return { context, page, meter };
}

/** A page with a list, ready to be worked with. */
async function atList() {
  const one = await metered();
  await one.page.goto(`${fixture.url}/e/sales.lead`);
  await one.page.waitForSelector('tbody tr[data-id]');
  return one;
}

const ACTS = {
  'open a card': () => {
    document.querySelector('tbody tr[data-id] a').click();
    return window.wait(() => document.querySelector('crm-drawer crm-card .prop'));
  },
  'close the card': () => {
    history.back();
    return window.wait(() => !document.querySelector('crm-drawer'));
  },
  'sort a list': () => {
    document.querySelector('th[data-field=amount] button').click();
    return window.wait();
  },
  'narrow a list': () => {
    document.querySelector(`[data-view=${/view=all/.test(location.search) ? 'open' : 'all'}]`).click();
    return window.wait();
  },
  'show the board': () => {
    document.querySelector('[data-look=board]').click();
    return window.wait(() => document.querySelector('.board[aria-busy=false] li[data-id]'));
  },
  'leave the board': () => {
    document.querySelector('[data-look=list]').click();
    return window.wait(() => document.querySelector('tbody tr[data-id]'));
  },
};

const LIMITS = { 'open a card': INTERACTION, 'sort a list': INTERACTION, 'narrow a list': INTERACTION, 'show the board': BOARD };
const JUDGED = Object.keys(LIMITS);

test('a card is opened, a list sorted, narrowed and looked at as a board within the budget', async () => {
  const { context, meter } = await atList();
  const costs = Object.fromEntries(Object.keys(ACTS).map((name) => [name, []]));
  const isWithin = () => JUDGED.every((name) => least(costs[name]) <= LIMITS[name]);
  for (let i = 0; i < WARM + ROUNDS || (i < MOST && !isWithin()); i += 1)
    for (const [name, act] of Object.entries(ACTS)) {
      const cost = await meter.costOf(act);
      if (i >= WARM) costs[name].push(cost);
    }
  await context.close();
  for (const name of JUDGED) isBelow(LIMITS[name], name, least(costs[name]), `ms of CPU ${all(costs[name])}`);
});

/** Loads a list in a browser that has seen nothing of it; `rows` and `lcp` are times of the wall. */
async function load(rate) {
  const busy = await busyShare();
  const { context, page, meter } = await metered();
  if (rate > 1) await slow(page, rate);
  await page.addInitScript(() => {
    window.times = new Promise((resolve) => {
      let lcp = 0;
      const paints = new PerformanceObserver((list) => (lcp = list.getEntries().at(-1).startTime));
      paints.observe({ type: 'largest-contentful-paint', buffered: true });
      const seen = new MutationObserver(() => {
        if (!document.querySelector('tbody tr[data-id]')) return;
        seen.disconnect();
        const told = (then) => (lcp ? then(lcp) : setTimeout(told, 20, then)); // a paint is told of some time after it
        requestAnimationFrame(() => setTimeout(() => resolve({ rows: performance.now(), lcp: () => new Promise(told) })));
      });
      seen.observe(document, { subtree: true, childList: true });
    });
  });
  await page.goto(`${fixture.url}/ui/sdk/1.js`); // the start of the browser's process is not the page's work
  const from = await meter.cpu();
  await page.goto(`${fixture.url}/e/sales.lead`, { waitUntil: 'commit' });
  const rows = await page.evaluate(() => window.times.then((t) => t.rows));
  const cpu = (await meter.cpu()) - from;
  const lcp = await page.evaluate(() => window.times.then((t) => t.lcp()));
  await context.close();
  return { busy, cpu, rows, lcp };
}

const cpuOf = (found) => found.map(({ cpu }) => cpu);

async function loads(count, rate, isOver) {
  const found = [];
  while (found.length < count || (found.length < MOST && isOver(found))) found.push(await load(rate));
  return found;
}

test('the first rows are there within the budget', async () => {
  const found = await loads(LOADS, 1, (found) => least(cpuOf(found)) > LOAD);
  isBelow(LOAD, 'load until the first rows', least(cpuOf(found)), `ms of CPU ${all(cpuOf(found))}`);
  isBelowIfQuiet(ROWS_SHOWN, 'rows shown', found, 'rows');
});

test('on a processor slowed fourfold', full, async () => {
  const isOver = (found) => found.every(({ busy }) => isQuiet(busy)) && least(found.map(({ rows }) => rows)) > SLOW_ROWS;
  const found = await loads(5, 4, isOver);
  isBelowIfQuiet(SLOW_LCP, 'largest paint, slowed fourfold', found, 'lcp');
  isBelowIfQuiet(SLOW_ROWS, 'rows shown, slowed fourfold', found, 'rows');
});

const FRAMES = 120;
const scroll = async (frames) => {
  const box = document.querySelector('.table-wrap');
  for (let i = 0; i < frames; i += 1) {
    box.scrollTop += 40;
    await new Promise(requestAnimationFrame);
  }
};
const scrollTo = (top) => {
  document.querySelector('.table-wrap').scrollTop = top;
  return window.wait();
};

test('a hundred thousand rows are scrolled within the budget, further pages read at their end too', full, async () => {
  const { context, page, meter } = await metered();
  const rowsFrom = (id, count) =>
    Array.from({ length: count }, (_, i) => ({ id: id + i, rev: 1, title: `Экскаватор ${i}`, amount: `${i}.00`, phone: [], _can: [] }));
  await page.route(/sales\.lead\?.*limit=100(&|$)/, (route) => {
    const after = Number(new URL(route.request().url()).searchParams.get('after') ?? 0);
    const rows = after ? rowsFrom(after, 100) : rowsFrom(1, 100_000);
    return route.fulfill({ json: { rows, next: String(rows.at(-1).id + 1), total: 1000, approx: true } });
  });
  await page.goto(`${fixture.url}/e/sales.lead?view=all`);
  await page.waitForSelector('tbody tr[data-id]');
  for (const [where, top] of Object.entries({ 'at the top': 0, 'at the end': 3_995_000 })) {
    const costs = [];
    const longest = [];
    for (let i = 0; i < 3 || (i < MOST / 4 && (least(costs) > FRAME || least(longest) > LONGEST)); i += 1) {
      await page.evaluate(scrollTo, top);
      costs.push((await meter.costOf(scroll, FRAMES)) / FRAMES);
      await page.evaluate(scrollTo, top);
      longest.push(Math.max(...(await meter.tasksOf(browser, scroll, FRAMES / 2))));
    }
    isBelow(FRAME, `a frame of scrolling 100 000 rows ${where}`, least(costs), `ms of CPU ${all(costs)}`);
    isBelow(LONGEST, `its longest task ${where}`, least(longest), `ms of CPU ${all(longest)}`);
  }
  await context.close();
});

test('the heap does not grow with use', full, async () => {
  const { context, meter } = await atList();
  const work = async (rounds) => {
    for (let i = 0; i < rounds; i += 1) for (const act of Object.values(ACTS)) await meter.page.evaluate(act);
    return meter.heap();
  };
  const settled = await work(15);
  const later = await work(30);
  await context.close();
  isBelow(HEAP, 'heap after 45 rounds of cards, orders and views', later, 'MB');
  isBelow(GROWTH, 'its growth over the last 30', later / settled, `times (${settled.toFixed(2)} MB, ${later.toFixed(2)} MB)`);
});
