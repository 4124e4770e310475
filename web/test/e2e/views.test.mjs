// Lists that people keep under a name: with filters, order and columns; renamed, shown first, shared, thrown away and
// brought back. In Chromium against the fixture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { users } from '../fixture/data.mjs';
import { fixture, refit, scene, until, visit } from './scene.mjs';

scene();

const LIST = '/e/sales.lead?view=all';
const toast = (page, text) => page.locator('.toast', { hasText: text });
const tab = (page, text) => page.locator('.tab', { hasText: text });
const ids = (page) => page.$$eval('tbody tr[data-id]', (rows) => rows.map((row) => Number(row.dataset.id)));
const heads = (page) => page.$$eval('thead th[data-field]', (all) => all.map((one) => one.dataset.field));
const kept = () => fixture.data.view;
const keep = (name, state = {}, more = {}) =>
  fixture.create('view', { name, entity: 'sales.lead', state: { base: 'all', chips: { stage: ['work'] }, sort: '-amount', columns: null, ...state }, shared: null, first: null, ...more });

async function save(page, name) {
  await page.click('[data-action=view]');
  const form = page.locator('.view-menu [data-form=new]');
  await form.getByLabel('Название').fill(name);
  await form.locator('[data-action=view-save]').click();
  await toast(page, `Вид «${name}» сохранён`).waitFor();
}

test('a list is kept with its filters, order and columns, and its address names it', async () => {
  const page = await visit({ path: `${LIST}&f.stage=work&sort=-amount&cols=title:320,amount` });
  await page.locator('tbody tr[data-id]').first().waitFor();
  const rows = await ids(page);
  await save(page, 'Горячие');
  await page.waitForURL(/\?view=v1$/);
  await tab(page, 'Горячие').and(page.locator('[aria-current=page]')).waitFor();
  assert.deepEqual(kept()[0].state, { base: 'all', chips: { stage: ['work'] }, sort: '-amount', columns: 'title:320,amount' });
  await page.goto(`${fixture.url}/e/sales.lead?view=v1`);
  await page.locator('tbody tr[data-id]').first().waitFor();
  assert.deepEqual([await ids(page), await heads(page)], [rows, ['title', 'amount']]);
  await page.locator('[data-chip=stage] [aria-label^="Убрать"]').click();
  await page.waitForURL(/\?view=v1&f\.stage=$/);
  await until(async () => (await ids(page)).length > rows.length);
  await tab(page, 'Открытые').click();
  await page.waitForURL(/\/e\/sales\.lead$/);
  assert.equal(await page.locator('[data-chip]').count(), 0, 'what the view brought goes with it');
});

test('a kept list is brought up to date, renamed, and shown first from then on', async () => {
  keep('Горячие');
  const page = await visit({ path: '/e/sales.lead?view=v1' });
  await page.locator('[data-chip=stage]').waitFor();
  await page.goto(`${fixture.url}/e/sales.lead?view=v1&sort=title`);
  await page.click('[data-action=view]');
  await page.click('[data-action=view-update]');
  await page.waitForURL(/\?view=v1$/);
  assert.equal(kept()[0].state.sort, 'title');
  await page.click('[data-action=view]');
  const own = page.locator('.view-menu [data-form=own]');
  await own.getByLabel('Название').fill('Самые горячие');
  await own.getByLabel('Открывать этот вид первым').check();
  await own.locator('[data-action=view-save]').click();
  await tab(page, 'Самые горячие').waitFor();
  await page.goto(`${fixture.url}/e/sales.lead`);
  await tab(page, 'Самые горячие').and(page.locator('[aria-current=page]')).waitFor();
  await tab(page, 'Открытые').click();
  await page.waitForURL(/\?view=open$/);
});

test('a view that is thrown away comes back with the message', async () => {
  keep('Лишний');
  const page = await visit({ path: '/e/sales.lead?view=v1' });
  await page.click('[data-action=view]');
  await page.click('[data-action=view-delete]');
  await page.waitForURL(/\?view=all$/);
  await tab(page, 'Лишний').waitFor({ state: 'detached' });
  await toast(page, 'удалён').getByRole('button', { name: 'Отменить' }).click();
  await tab(page, 'Лишний').waitFor();
});

test('what others share stands among the views; their own ones do not, nor what filters by a field one does not see', async () => {
  const [, other] = users;
  const by = { created_by: { id: other.id, label: other.name } };
  keep('Общий', {}, { shared: true, ...by });
  keep('Чужой', {}, by);
  keep('Скрытое поле', { chips: { margin: ['1'] } }, { shared: true, ...by });
  keep('Скрытый столбец', { columns: 'title,margin,amount' }, { shared: true, ...by });
  const page = await visit({ path: LIST });
  await tab(page, 'Скрытый столбец').click();
  await until(async () => (await heads(page)).join() === 'title,amount');
  assert.equal(await tab(page, 'Общий').count(), 1);
  assert.deepEqual([await tab(page, 'Чужой').count(), await tab(page, 'Скрытое поле').count()], [0, 0]);
});

test('only who may share is offered to; a name that is missing or refused is told, and what was typed stays', async () => {
  const page = await visit({ path: LIST });
  await page.locator('tbody tr[data-id]').first().waitFor();
  fixture.functions.splice(fixture.functions.indexOf('settings'), 1);
  await page.reload();
  await page.click('[data-action=view]');
  const form = page.locator('.view-menu [data-form=new]');
  await form.getByLabel('Название').waitFor();
  assert.equal(await form.getByLabel('Показывать всем сотрудникам').count(), 0);
  await form.locator('[data-action=view-save]').click();
  await form.getByRole('alert').getByText('Назовите вид').waitFor();
  await page.route('**/api/v1/view', (route) =>
    route.request().method() === 'POST'
      ? route.fulfill({ status: 422, contentType: 'application/problem+json', body: '{"status":422,"code":"invalid","fields":[{"field":"name","code":"not_unique","detail":"Такой вид уже есть."}]}' })
      : route.continue(),
  );
  await form.getByLabel('Название').fill('Горячие');
  await form.locator('[data-action=view-save]').click();
  await form.getByRole('alert').getByText('Такой вид уже есть.').waitFor();
  assert.equal(await form.getByLabel('Название').inputValue(), 'Горячие');
  assert.equal(kept().length, 0);
});

test('columns are chosen, moved and widened, and stay as they are chosen', async () => {
  const page = await visit({ path: LIST });
  await page.locator('tbody tr[data-id]').first().waitFor();
  await page.click('[data-action=columns]');
  const line = (name) => page.locator(`.column-menu [data-column-name=${name}]`);
  await line('city').locator('input').check();
  await until(async () => (await heads(page)).at(-1) === 'city');
  await line('contact').locator('input').uncheck();
  await until(async () => !(await heads(page)).includes('contact'));
  await line('city').locator('[data-move="-1"]').focus();
  await page.keyboard.press('Enter');
  await until(async () => (await heads(page)).at(-2) === 'city');
  assert.ok(await line('city').locator('[data-move="-1"]').evaluate((one) => one === document.activeElement), 'the focus stays on what was pressed');
  const before = (await page.locator('th[data-field=city]').boundingBox()).width;
  await line('city').locator('[data-move=plus]').click();
  await until(async () => (await page.locator('th[data-field=city]').boundingBox()).width > before + 10);
  await page.reload();
  await page.locator('tbody tr[data-id]').first().waitFor();
  assert.equal((await heads(page)).at(-2), 'city');
  await page.click('[data-action=columns]');
  await page.click('[data-action=columns-reset]');
  await until(async () => (await heads(page)).includes('contact'));
  assert.doesNotMatch(page.url(), /cols=/);
});

test('a company, a person and a stage are read in full where the title has room to spare', async () => {
  fixture.update('sales.lead', 46, { contact: { id: 1, label: 'АО «Тагилстройкомплекс»' } });
  const page = await visit({ path: LIST });
  await page.locator('tr[data-id="46"]').waitFor();
  const isCut = (field) => page.locator(`tr[data-id="46"] td[data-field=${field}]`).evaluate((cell) => cell.scrollWidth > cell.clientWidth || [...cell.querySelectorAll('*')].some((one) => one.scrollWidth > one.clientWidth));
  assert.deepEqual([await isCut('contact'), await isCut('owner')], [false, false]);
  for (const stage of ['done', 'junk', 'offer']) {
    fixture.update('sales.lead', 46, { stage });
    await page.locator('tr[data-id="46"] td[data-field=stage]', { hasText: { done: 'Стала сделкой', junk: 'Некачественная', offer: 'Предложение' }[stage] }).waitFor();
    assert.equal(await isCut('stage'), false, stage);
  }
});

test('any field filters: from and to, words, what it refers to, and whether it is filled', async () => {
  const page = await visit({ path: LIST });
  await page.locator('tbody tr[data-id]').first().waitFor();
  const rows = fixture.data['sales.lead'];
  const chosen = async (field, fill) => {
    await page.click('[data-action=filter]');
    await page.click(`[data-filter=${field}]`);
    await fill(page.locator('#filter-menu'));
  };
  const counts = (wanted) => until(async () => (await page.locator('h1 + .count').textContent()) === String(rows.filter(wanted).length));
  await chosen('amount', async (menu) => {
    await menu.getByLabel('От').fill('1 260 000');
    await menu.getByLabel('До').fill('4 000 000');
    await page.keyboard.press('Enter');
  });
  const isBetween = ({ amount }) => amount !== null && Number(amount) >= 1260000 && Number(amount) <= 4000000;
  await counts(isBetween);
  await page.locator('[data-chip="amount.is"]').getByText(/от 1\s260\s000 до 4\s000\s000/).waitFor();
  await chosen('city', async (menu) => {
    await menu.getByLabel('Содержит').fill('тюм, 100%');
    await page.keyboard.press('Enter');
  });
  await page.locator('[data-chip="city.is"]').getByText('содержит «тюм, 100%»').waitFor();
  await page.reload();
  await page.locator('[data-chip="city.is"]').getByText('содержит «тюм, 100%»').waitFor();
  await page.locator('[data-chip="city.is"] .chip-body').click();
  await page.locator('#filter-menu').getByLabel('Содержит').fill('тюм');
  await page.keyboard.press('Enter');
  await counts((row) => isBetween(row) && row.city === 'Тюмень');
  await page.goto(`${fixture.url}${LIST}`);
  await chosen('contact', async (menu) => {
    await menu.getByRole('searchbox').fill('Жуков');
    await menu.locator('[data-value="2"] input').check();
  });
  await counts((row) => row.contact?.id === 2);
  await page.reload();
  await page.locator('[data-chip=contact]').getByText('Николай Жуков').waitFor();
  await page.goto(`${fixture.url}${LIST}`);
  await chosen('email', async (menu) => menu.locator('[data-value=none] input').check());
  await counts((row) => row.email === null);
});
