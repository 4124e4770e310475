// Cells of a list changed where they stand, by keys and with the mouse, and what is done with many rows at once. In
// Chromium against the fixture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture, scene, until, visit } from './scene.mjs';

scene();

const LIST = '/e/sales.lead?view=all';
const find = (id) => fixture.find('sales.lead', id);
const toast = (page, text) => page.locator('.toast', { hasText: text });
const editor = (page) => page.locator('.cell-edit');
const value = (page) => editor(page).locator('input, select').first();
const patches = () => fixture.requests.filter((line) => line.startsWith('PATCH')).length;

/** At the first row, which is 46. */
async function atRow(path = LIST) {
  const page = await visit({ path });
  await page.locator('tr[data-id="46"]').waitFor();
  await page.keyboard.press('j');
  await page.locator('tr[data-id="46"][aria-selected=true]').waitFor();
  return page;
}

test('F2 changes the first cell of the row, Enter keeps it, and the message takes it back', async () => {
  const page = await atRow();
  const before = find(46).title;
  await page.keyboard.press('F2');
  await value(page).waitFor();
  assert.equal(await value(page).inputValue(), before);
  await page.keyboard.type('Автокран 32 т');
  await page.keyboard.press('Enter');
  await editor(page).locator('form').waitFor({ state: 'detached' });
  await page.locator('tr[data-id="46"]').getByText('Автокран 32 т').waitFor();
  assert.equal(find(46).title, 'Автокран 32 т');
  await toast(page, 'Что нужно: сохранено').getByRole('button', { name: 'Отменить' }).click();
  await until(() => find(46).title === before);
  await page.keyboard.press('j');
  await page.locator('tr[data-id="45"][aria-selected=true]').waitFor();
});

test('Tab keeps a cell and goes on to the next, Shift+Tab back; Escape leaves it as it was', async () => {
  const page = await atRow();
  const { title, source } = find(46);
  await page.keyboard.press('F2');
  await value(page).fill('Кран');
  await page.keyboard.press('Tab');
  await until(() => find(46).title === 'Кран');
  await editor(page).locator('[data-field=contact]').waitFor();
  await page.keyboard.press('Tab');
  await editor(page).locator('[data-field=source] select').selectOption('expo');
  await page.keyboard.press('Shift+Tab');
  await until(() => find(46).source === 'expo');
  await editor(page).locator('[data-field=contact]').waitFor();
  await page.keyboard.press('Shift+Tab');
  await value(page).fill(title);
  const sent = patches();
  await page.keyboard.press('Escape');
  await editor(page).locator('form').waitFor({ state: 'detached' });
  assert.deepEqual([find(46).title, patches()], ['Кран', sent]);
  assert.notEqual(source, 'expo');
});

test('what is no number or is refused stays in the cell with the reason; what others saved meanwhile is told', async () => {
  const page = await atRow(`${LIST}&cols=title,amount`);
  await page.keyboard.press('F2');
  await value(page).waitFor();
  await page.keyboard.press('Tab');
  await editor(page).locator('[data-field=amount] input').fill('много');
  await page.keyboard.press('Enter');
  await editor(page).getByText('Нужна сумма цифрами').waitFor();
  assert.equal(await value(page).inputValue(), 'много');
  let isRefused = true;
  await page.route('**/api/v1/sales.lead/46', (route) =>
    route.request().method() === 'PATCH' && isRefused
      ? route.fulfill({ status: 422, contentType: 'application/problem+json', body: '{"status":422,"code":"invalid","fields":[{"field":"amount","code":"locked","detail":"На стадии «Новая» это поле меняет только: Руководитель."}]}' })
      : route.continue(),
  );
  await value(page).fill('150 000');
  await page.keyboard.press('Enter');
  await editor(page).getByText('меняет только: Руководитель.').waitFor();
  isRefused = false;
  Object.assign(find(46), { amount: '1.00', rev: find(46).rev + 1 });
  await page.keyboard.press('Enter');
  await editor(page).getByText('изменил другой человек').waitFor();
  assert.equal(find(46).amount, '1.00');
  await page.keyboard.press('Enter');
  await until(() => find(46).amount === '150000.00');
});

test('the pencil over a cell changes it; a press elsewhere keeps what was typed, and the row is not opened', async () => {
  const page = await atRow();
  await page.hover('tr[data-id="45"] td[data-field=source]');
  await page.locator('.cell-pen').click();
  await editor(page).locator('select').selectOption('expo');
  await page.click('h1');
  await until(() => find(45).source === 'expo');
  assert.equal(await page.locator('crm-drawer').count(), 0);
});

test('many rows are handed over or moved at once, and all of it is taken back', async () => {
  const page = await atRow();
  const ids = [46, 45];
  const before = ids.map((id) => find(id).owner?.id);
  for (const id of ids) await page.locator(`tr[data-id="${id}"] .pick-box input`).click();
  await page.click('[data-action=bulk-owner]');
  const form = page.locator('#bulk-edit');
  await form.getByRole('combobox').last().fill('Дёмина');
  await page.getByRole('option', { name: /Дёмина/ }).click();
  await form.locator('[data-action=bulk-apply]').click();
  await until(() => ids.every((id) => find(id).owner?.id === 11));
  await toast(page, 'Изменен').getByRole('button', { name: 'Отменить' }).click();
  await until(() => ids.every((id, i) => find(id).owner?.id === before[i]));
  for (const id of ids) await page.locator(`tr[data-id="${id}"] .pick-box input`).click();
  await page.click('[data-action=bulk-edit]');
  await form.locator('select').first().selectOption('stage');
  await form.locator('[data-field=stage] select').selectOption('work');
  await form.locator('[data-action=bulk-apply]').click();
  await until(() => ids.every((id) => find(id).stage === 'work'));
});
