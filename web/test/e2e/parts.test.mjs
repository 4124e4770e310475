// What is loaded beside the first script: the texts of one language and the screens that few people open. Each may be
// missing, after an update of the server or without a connection, and then the page says so. Also how a page learns of
// such an update.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entities } from '../fixture/data.mjs';
import { fixture, scene, until, visit } from './scene.mjs';

scene();

const asked = (part) => fixture.requests.filter((line) => line.includes(`/ui/${part}-`)).length;
const missing = (page, part) =>
  page.route(`**/ui/${part}-*.js`, (route) => route.fulfill({ status: 404, contentType: 'application/json' }));

test('a page loads the texts of its own language only, and the other one when it is chosen', async () => {
  const page = await visit({ login: null });
  await page.getByRole('button', { name: 'Войти' }).waitFor();
  assert.deepEqual([asked('ru'), asked('en')], [1, 0]);
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  assert.equal(asked('en'), 1);
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
});

test('texts that cannot be loaded are told of in both languages, and a reload helps', async () => {
  const page = await visit({ login: null });
  await page.getByRole('button', { name: 'Войти' }).waitFor();
  await missing(page, 'ru');
  await page.reload();
  const said = page.getByRole('alert');
  await said.getByRole('heading', { name: 'Интерфейс не загрузился' }).waitFor();
  await said.getByText('could not be loaded').waitFor();
  await page.unroute('**/ui/ru-*.js');
  await said.getByRole('link', { name: 'Обновить' }).click();
  await page.getByRole('button', { name: 'Войти' }).waitFor();
});

test('where the other language cannot be had, the page keeps its own and says why', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await missing(page, 'en');
  await page.getByRole('button', { name: 'Анна Котова' }).click();
  await page.locator('[data-lang-set=en]:visible').click();
  await page.getByText('Тексты этого языка не загрузились').waitFor();
  await page.getByRole('heading', { name: 'Заявки', exact: true }).waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem('karkas.lang')), null);
});

test('a screen whose file is missing says so, and opens once the file is there', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.locator('crm-shell .nav').waitFor();
  assert.equal(asked('batches'), 0);
  await missing(page, 'batches');
  await page.evaluate(() => history.pushState({}, '', '/settings/batches'));
  await page.reload();
  await page.getByRole('heading', { name: 'Эта страница не загрузилась' }).waitFor();
  await page.unroute('**/ui/batches-*.js');
  await page.getByRole('button', { name: 'Повторить' }).click();
  await page.locator('crm-batches').getByRole('heading').first().waitFor();
});

test('a window whose file is missing says so, and opens once the file is there', async (t) => {
  const lead = entities['sales.lead'];
  const { match, can } = lead;
  Object.assign(lead, { match: true, can: { ...can, merge: true } });
  t.after(() => Object.assign(lead, { match, can }));
  const page = await visit({ path: '/e/sales.lead' });
  for (const id of [46, 45]) await page.locator(`tr[data-id="${id}"] .pick-box input`).click();
  assert.equal(asked('merge'), 0);
  await missing(page, 'merge');
  await page.click('[data-action=bulk-merge]');
  await page.locator('.toast').getByText('Повторите; если не поможет').waitFor();
  await missing(page, 'export');
  await page.locator('.toast').getByRole('button', { name: 'Закрыть' }).click();
  await page.click('[data-action=list-menu]');
  await page.click('[data-action=export]');
  await page.locator('.toast').getByText('Повторите; если не поможет').waitFor();
  for (const part of ['merge', 'export']) await page.unroute(`**/ui/${part}-*.js`);
  await page.reload();
  await page.click('[data-action=list-menu]');
  await page.click('[data-action=export]');
  await page.waitForSelector('[data-rows="1204"]');
  await page.keyboard.press('Escape');
  for (const id of [46, 45]) await page.locator(`tr[data-id="${id}"] .pick-box input`).click();
  await page.click('[data-action=bulk-merge]');
  await page.locator('dialog crm-merge').waitFor();
});

test('a page that the server has a newer build of says so once it is back, and is loaded anew without losing work', async () => {
  const page = await visit({ path: '/e/sales.lead/46' });
  await until(() => fixture.streams.size === 1);
  const comeBack = async () => {
    fixture.setDown(true);
    await page.locator('.offline').waitFor();
    fixture.setDown(false);
    await page.evaluate(() => document.querySelector('.offline button')?.click()); // unless it is back by itself
    await page.locator('.offline').waitFor({ state: 'detached' });
  };
  const said = page.locator('.toast', { hasText: 'Программу обновили' });
  const asked = page.waitForResponse(`${fixture.url}/`);
  await comeBack();
  await asked;
  await page.route(`${fixture.url}/`, async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text()).replace(/main-\w+\.js/, 'main-NEXT0001.js');
    await route.fulfill({ response: answer, body });
  });
  await page.click('.prop[data-field=city] dd');
  await page.fill('.field[data-field=city] input', 'Черновик');
  assert.equal(await said.count(), 0, 'the build was the same');
  await comeBack();
  await said.getByRole('button', { name: 'Обновить' }).click();
  await page.getByText('несохранённый черновик').waitFor();
  assert.equal(await page.inputValue('.field[data-field=city] input'), 'Черновик');
});

/** Keeps the texts away, without which no screen is drawn, until the result is called. */
async function holdTexts(page) {
  const gates = [];
  await page.route('**/ui/ru-*.js', async (route) => {
    await new Promise((resolve) => gates.push(resolve));
    await route.continue();
  });
  return async () => {
    await until(() => gates.length);
    gates.pop()();
  };
}

test('the rows of the address are asked for once, while the texts are still on their way', async () => {
  const page = await visit({ path: '/settings/notices' });
  await page.locator('crm-notices').waitFor();
  const letGo = await holdTexts(page);
  let pages = [];
  page.on('request', (request) => {
    if (/limit=(50|100)\b/.test(request.url()) && !request.url().includes('/view?')) pages.push(request.url());
  });
  for (const [path, rows] of [
    ['/e/sales.lead?sort=-amount', 'tbody tr[data-id]'],
    ['/', '.today-main [data-id]'],
  ]) {
    pages = [];
    await page.goto(fixture.url + path, { waitUntil: 'commit' });
    await until(() => pages.length);
    await letGo();
    await page.locator(rows).first().waitFor();
    assert.equal(pages.length, 1, pages.join('\n'));
  }
});

test('rows that were asked for early are read anew when something has happened since', async () => {
  const page = await visit({ path: '/settings/notices' });
  await page.locator('crm-notices').waitFor();
  const letGo = await holdTexts(page);
  const read = page.waitForResponse(/sales\.lead\?.*limit=100/);
  await page.goto(`${fixture.url}/e/sales.lead?view=all`, { waitUntil: 'commit' });
  await (await read).finished();
  await page.evaluate(() => {
    window.told = new Promise((done) => new BroadcastChannel('karkas.events').addEventListener('message', () => done()));
  });
  const { id } = fixture.create('sales.lead', { title: 'Пришла между делом', source: 'site' });
  await page.evaluate(() => window.told);
  await letGo();
  await page.locator(`tr[data-id="${id}"]`).waitFor();
});
