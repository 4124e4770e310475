// Lists that have to wait for the server: what stands there meanwhile, and how a long search is told of.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE } from './browser.mjs';
import { fixture, scene, until, visit } from './scene.mjs';

scene();

const rowOf = (id) => `tr[data-id="${id}"]`;
const said = (page) => page.locator('.list > [role=status]').innerText();

/** Holds what is asked for by these addresses until it is let go. */
async function hold(page, addresses) {
  let letGo;
  const gate = new Promise((resolve) => (letGo = resolve));
  const held = { count: 0, letGo };
  await page.route(addresses, async (route) => {
    held.count += 1;
    await gate;
    await route.continue();
  });
  return held;
}

/** Answers the parts of a long list one after another; from part `last` on it is only asked for. */
async function inParts(page, addresses, last, rowsOf) {
  const parts = [];
  await page.route(addresses, async (route) => {
    const part = parts.length + 1;
    parts.push(new URL(route.request().url()).searchParams.get('after'));
    if (part === last) return;
    const walked = part <= last ? { partial: true, walked: part * 20, next: `p${part}` } : { next: null };
    await route.fulfill({ json: { rows: await rowsOf(part), total: 0, approx: true, ...walked } });
  });
  return parts;
}

test('a list keeps its rows, dimmed, until those of another order or view are there', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector(rowOf(46));
  const count = await page.locator('h1 + .count').innerText();
  await page.evaluate(() => {
    const isBare = () => document.querySelector('.list .skeleton') !== null || !document.querySelector('tbody tr[data-id]');
    window.wasBare = false;
    new MutationObserver(() => (window.wasBare ||= isBare())).observe(document.body, { childList: true, subtree: true });
  });
  const held = await hold(page, /sales\.lead\?.*sort=-amount.*limit=100/);
  await page.click('th[data-field=amount] button');
  await page.waitForSelector('.rows[aria-busy=true]');
  await until(() => held.count === 1);
  assert.equal(await page.locator('tbody tr[data-id]').first().getAttribute('data-id'), '46');
  assert.equal(await page.locator('h1 + .count').innerText(), count);
  await page.locator(`${rowOf(46)} .pick-box input`).focus();
  await page.keyboard.press('Space');
  assert.equal(await page.locator(`${rowOf(46)} .pick-box input`).isChecked(), false, 'these rows are on their way out');
  await page.focus('th[data-field=amount] button');
  held.letGo();
  await page.waitForSelector('.rows:not([aria-busy])');
  assert.equal(await page.getAttribute('th[data-field=amount]', 'aria-sort'), 'descending');
  assert.ok(await page.evaluate(() => document.activeElement.matches('th[data-field=amount] button')));
  assert.match(await said(page), /Найдено записей: \d/);
  await page.click('[data-view=all]');
  await page.waitForSelector('[data-view=all][aria-current]');
  await page.waitForSelector('.rows:not([aria-busy])');
  assert.equal(await page.evaluate(() => window.wasBare), false);
});

test('a card opened over a list leaves the list as it is', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector(rowOf(46));
  await page.waitForFunction(() => [...document.querySelectorAll('.tab')].every((tab) => tab.querySelector('.count')));
  await page.evaluate(() => {
    const list = document.querySelector('crm-list');
    window.drawn = 0;
    const { performUpdate } = list;
    list.performUpdate = function (...all) {
      window.drawn += 1;
      return performUpdate.apply(this, all);
    };
  });
  await page.click(`${rowOf(46)} a`);
  await page.waitForSelector('crm-drawer crm-card .prop');
  assert.equal(await page.evaluate(() => window.drawn), 0);
});

test('a list that takes long says how far it is, goes on by itself, stops when told to, and keeps the focus', async () => {
  const page = await visit();
  const late = { id: 9001, rev: 1, title: 'Найден поздно', _can: [] };
  let letGo;
  const gate = new Promise((resolve) => (letGo = resolve));
  const rowsOf = (part) => (part === 2 ? gate.then(() => [late]) : []);
  const parts = await inParts(page, /sales\.lead\?(?=.*title)(?=.*limit=100)/, 4, rowsOf);
  await page.goto(`${fixture.url}/e/sales.lead?f.title=водолаз`);
  await page.focus('[data-action=halt]');
  letGo();
  const told = page.locator('[data-walked]');
  await page.locator('[data-walked="60"]').waitFor();
  await until(() => parts.length === 4);
  assert.match(await told.innerText(), /Просмотрено 60 %, найдено: 1/);
  assert.match(await said(page), /Просмотрено 60 %, найдено: 1/);
  await page.locator(rowOf(9001)).waitFor();
  assert.ok(await page.evaluate(() => document.activeElement.matches('[data-action=halt]')), 'rows have come in above it');
  await page.keyboard.press('Enter');
  await page.locator('[data-action=look]').waitFor();
  assert.match(await said(page), /Поиск остановлен\. Просмотрено 60 %/);
  assert.equal(parts.length, 4);
  assert.ok(await page.evaluate(() => document.activeElement.matches('[data-action=look]')));
  await page.keyboard.press('Enter');
  await told.waitFor({ state: 'detached' });
  assert.deepEqual(parts, [null, 'p1', 'p2', 'p3', 'p3']);
  assert.match(await said(page), /Поиск окончен, найдено: 1/);
  assert.ok(await page.evaluate(() => document.activeElement.matches('.table-wrap')), 'the focus stays in the list');
});

test('a list on a card and those of the start screen are not called empty while they are searched', async () => {
  const page = await visit();
  await inParts(page, /sales\.lead\?(?=.*contact=1\b)/, 2, () => []);
  await page.goto(`${fixture.url}/e/contacts.person/1`);
  const related = page.locator('[data-related="sales.lead"]');
  await related.locator('[data-walked]', { hasText: 'Просмотрено 20 %, найдено: 0' }).waitFor();
  assert.equal(await related.getByText('Пока нет').count(), 0);
  assert.match(await related.locator('[role=status]').innerText(), /Просмотрено 20 %/);
  await related.locator('[data-action=halt]').click();
  await related.locator('[data-action=look]').focus();
  await page.keyboard.press('Enter');
  await related.getByText('Поиск окончен, найдено: 0').waitFor({ state: 'attached' });
  assert.ok(await page.evaluate(() => document.activeElement.matches('[data-related="sales.lead"]')), 'the focus stays there');

  await page.unrouteAll();
  const views = { aside: /sales\.lead\?.*limit=8\b/, main: /tasks\.task\?.*limit=50/ };
  await inParts(page, views.aside, 2, () => []);
  let letGo;
  const gate = new Promise((resolve) => (letGo = resolve));
  const late = { id: 9001, rev: 1, title: 'Найдена поздно', _can: [] };
  await inParts(page, views.main, 3, (part) => (part === 2 ? gate.then(() => [late]) : []));
  await page.goto(`${fixture.url}/`);
  for (const side of ['.today-main', '.today-aside'])
    await page.locator(side).getByText('Просмотрено 20 %, найдено: 0').first().waitFor();
  assert.equal(await page.getByText('На сегодня всё сделано').count(), 0);
  assert.equal(await page.getByText('Пока тихо').count(), 0);
  await page.focus('.today-main [data-action=halt]');
  letGo();
  await page.locator('.today-main').getByText('Найдена поздно').waitFor();
  assert.ok(await page.evaluate(() => document.activeElement.matches('.today-main [data-action=halt]')), 'rows have come in above it');
  await page.keyboard.press('Enter');
  await page.locator('.today-main [role=status]').getByText('Поиск остановлен. Просмотрено 40 %, найдено: 1').waitFor({ state: 'attached' });
  await page.keyboard.press('Enter');
  await page.locator('.today-main [role=status]').getByText('Поиск окончен, найдено: 1').waitFor({ state: 'attached' });
  assert.ok(await page.evaluate(() => document.activeElement.matches('.today-main > [tabindex]')), 'the focus stays there');
});

test('the columns give way before a list is scrolled sideways', async () => {
  const page = await visit({ path: '/e/sales.lead', lang: 'en-GB', size: { width: 1280, height: 800 } });
  await page.waitForSelector(rowOf(46));
  const over = () => page.evaluate(() => [...document.querySelectorAll('.table-wrap')].map((box) => box.scrollWidth - box.clientWidth));
  assert.equal(await page.locator('thead th[data-field]').count(), 7);
  assert.deepEqual(await over(), [0]);
  const widthOf = (field) => page.locator(`th[data-field=${field}]`).evaluate((th) => th.getBoundingClientRect().width);
  const [title, owner] = [await widthOf('title'), await widthOf('owner')];
  await page.setViewportSize({ width: 1440, height: 800 });
  assert.ok((await widthOf('owner')) > owner, 'they have their full width where there is room');
  assert.ok((await widthOf('title')) > title, 'and the rest goes to the name');
  await page.setViewportSize({ width: 1024, height: 768 });
  await page.locator('th[data-field=amount]').waitFor({ state: 'detached' });
  assert.deepEqual(await over(), [0]);
  assert.equal(await page.locator('th[data-field=created_at]').count(), 1, 'what a phone shows as well stays');
  const under = page.locator(`${rowOf(46)} td[data-field=title] .row-two > .muted`);
  assert.match(await under.innerText(), /1,250,000/, 'what has no room stands under the name');
  await page.setViewportSize({ width: 1440, height: 800 });
  await page.locator('th[data-field=amount]').waitFor();
});

test('on a phone the order of a list is chosen from a menu, turned round there and given up', async () => {
  const page = await visit({ path: '/e/sales.lead?view=all', size: PHONE });
  const order = (name) => page.locator(`#sort-menu [data-sort="${name}"]`);
  const first = (id) => page.locator(`.cards .gap:first-child + li[data-id="${id}"]`);
  const sums = fixture.data['sales.lead'].filter((row) => row.amount).sort((a, b) => b.amount - a.amount);
  await page.click('[data-action=sort]');
  assert.equal(await order('').getAttribute('aria-pressed'), 'true');
  await order('amount').click();
  await page.waitForURL(/sort=-amount/);
  await first(sums[0].id).waitFor();
  await page.locator('[data-sort=amount][aria-pressed=true]').getByText('по убыванию').waitFor();
  await order('amount').click();
  await page.waitForURL(/sort=amount/);
  await page.locator('[data-sort=amount][aria-pressed=true]').getByText('по возрастанию').waitFor();
  await order('').click();
  await page.waitForURL((url) => !url.searchParams.has('sort'));
  await first(46).waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
});

test('the cards of a board have an order that is chosen from the same menu', async () => {
  const page = await visit({ path: '/e/sales.lead?view=all&as=board' });
  await page.click('[data-action=sort]');
  await page.click('#sort-menu [data-sort=amount]');
  await page.waitForURL((url) => url.searchParams.get('sort') === '-amount' && url.searchParams.get('as') === 'board');
  const most = fixture.data['sales.lead'].filter((row) => row.stage === 'new' && row.amount).sort((a, b) => b.amount - a.amount)[0];
  await page.locator(`[data-column=new] .kcard[data-id="${most.id}"]:first-of-type`).waitFor();
  await page.goto(`${fixture.url}/e/sales.lead?view=all`);
  await page.waitForSelector(rowOf(46));
  assert.equal(await page.locator('[data-action=sort]').count(), 0, 'a table has its headers');
});

test('the bar over chosen rows comes with the first of them, and why it cannot be had is said', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.locator('tr[data-id="46"]').waitFor();
  let asked = 0;
  page.on('request', (request) => (asked += /\/ui\/bulk-/.test(request.url())));
  await page.reload();
  await page.locator('tr[data-id="46"]').waitFor();
  assert.equal(asked, 0);
  await page.route('**/ui/bulk-*.js', (route) => route.abort());
  await page.click('tr[data-id="46"] .pick-box');
  await page.locator('.toast', { hasText: 'Нет связи' }).waitFor();
  await page.unroute('**/ui/bulk-*.js');
  await page.reload();
  await page.click('tr[data-id="46"] .pick-box');
  await page.getByText('Выбрана 1').waitFor();
  assert.equal(asked, 2);
});
