// Choosing rows and changing them at once, the messages with «Отменить», the history's «Вернуть», the recycle bin and
// the page of operations: in Chromium against the fixture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE } from './browser.mjs';
import { fixture, scene, visit } from './scene.mjs';

scene();

const LEADS = '/e/sales.lead';
const row = (id) => `tr[data-id="${id}"]`;
const boxOf = (page, id) => page.locator(`${row(id)} .pick-box input`);
const city = (id) => fixture.find('sales.lead', id).city;

async function setCity(page, value) {
  await page.click('[data-action=bulk-edit]');
  await page.selectOption('#bulk-edit select', 'city');
  await page.fill('#bulk-edit [data-field=city] input', value);
  await page.click('[data-action=bulk-apply]');
}

test('a field of the chosen rows is changed at once, and the message takes it back', async () => {
  const page = await visit({ path: LEADS });
  for (const id of [46, 45, 44]) await boxOf(page, id).click();
  const before = [46, 45, 44].map(city);
  await page.getByText('Выбраны 3 записи').waitFor();
  await setCity(page, 'Казань');
  const toast = page.locator('.toast', { hasText: 'Изменены 3 записи.' });
  await toast.waitFor();
  assert.deepEqual([46, 45, 44].map(city), ['Казань', 'Казань', 'Казань']);
  assert.equal(await page.locator('crm-bulk').count(), 0, 'the choice is over');
  await toast.getByRole('button', { name: 'Отменить' }).click();
  await page.getByText('Возвращено как было: 3 изменения.').waitFor();
  assert.deepEqual([46, 45, 44].map(city), before);
});

test('the keyboard chooses rows, Shift takes all between, Escape lets go', async () => {
  const page = await visit({ path: LEADS });
  await page.waitForSelector(row(46));
  for (const key of ['j', 'x', 'j', 'x']) await page.keyboard.press(key);
  await page.getByText('Выбраны 2 записи').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('crm-bulk').waitFor({ state: 'detached' });
  await page.locator('tbody tr .pick-box input').nth(0).click();
  await page.locator('tbody tr .pick-box input').nth(4).click({ modifiers: ['Shift'] });
  await page.getByText('Выбрано 5 записей').waitFor();
});

test('the whole list can be chosen by its condition, and the server is told how many were seen', async () => {
  const page = await visit({ path: `${LEADS}?view=fresh` });
  await page.getByLabel('Выбрать все показанные').waitFor();
  const total = Number(await page.textContent('[data-view=fresh] .count'));
  await boxOf(page, 46).click();
  await page.click('[data-action=all]');
  await page.getByText(new RegExp(`Выбран[ыо] ${total} запис`)).waitFor();
  const sent = page.waitForRequest((r) => r.url().endsWith('/sales.lead/bulk'));
  await setCity(page, 'Омск');
  const body = (await sent).postDataJSON();
  assert.equal(body.expect, total);
  assert.ok(Array.isArray(body.where) && !body.ids);
  await page.locator('.toast').getByText(`${total} запис`).waitFor();
});

test('what did not go through is said and can be looked at', async () => {
  const page = await visit({ path: LEADS });
  fixture.find('sales.lead', 45).locked = true;
  for (const id of [46, 45]) await boxOf(page, id).click();
  await setCity(page, 'Уфа');
  await page.locator('.toast').getByText('1 запись не изменена.').waitFor();
  await page.locator('.toast').getByRole('button', { name: 'Что не вышло' }).click();
  await page.getByRole('heading', { name: 'Операции' }).waitFor();
  await page.locator('.batch-rows').getByText('На этой стадии поле закрыто.').waitFor();
  await page.locator('.batch-rows a').click();
  await page.waitForSelector('.drawer-box [data-id="45"]');
});

test('a running operation shows its progress and is stopped', async () => {
  fixture.batches.hold = true;
  const page = await visit({ path: LEADS });
  for (const id of [46, 45, 44, 43]) await boxOf(page, id).click();
  await setCity(page, 'Сочи');
  await page.locator('.toast').getByText('Обработано 2 из 4…').waitFor();
  await page.locator('.toast').getByRole('button', { name: 'Остановить' }).click();
  await page.locator('.toast').getByText('Остановлено').waitFor();
});

test('an operation is undone from its page, and what was changed since is left', async () => {
  const who = { id: 7, name: 'Анна Котова' };
  fixture.batches.bulk('sales.lead', [46, 45], {}, { city: 'Казань' }, who, 'Заявки');
  fixture.update('sales.lead', 46, { city: 'Пермь' });
  const page = await visit({ path: '/settings/batches' });
  await page.locator('.batch [data-action=undo]').click();
  await page.locator('.toast').getByText('1 значение не тронуто').waitFor();
  assert.equal(city(46), 'Пермь');
  await page.locator('.batch[data-id="1"]').getByText('Отменено.').waitFor();
});

test('one field of a change is put back from the history', async () => {
  fixture.update('sales.lead', 44, { city: 'Пермь', comment: 'Перезвонить' });
  const page = await visit({ path: `${LEADS}/44` });
  const entry = page.locator('.event').first();
  await entry.locator('[data-field=city]').hover();
  await entry.getByRole('button', { name: 'Вернуть: Город' }).click();
  await page.locator('.toast').getByText('Вернули как было.').waitFor();
  assert.equal(fixture.find('sales.lead', 44).comment, 'Перезвонить');
  assert.notEqual(city(44), 'Пермь');
  await page.waitForFunction(() => document.querySelectorAll('.event').length === 2);
});

test('what is newer is put back only after a question', async () => {
  fixture.update('sales.lead', 44, { city: 'Пермь', comment: 'Перезвонить' });
  fixture.update('sales.lead', 44, { city: 'Казань' });
  const page = await visit({ path: `${LEADS}/44` });
  const older = page.locator('.event').nth(1);
  const ask = page.getByRole('dialog', { name: 'С тех пор внесли другое' });
  await older.hover();
  await older.locator('[data-action=undo]').click();
  await ask.getByText('Город').waitFor();
  const middle = await ask.evaluate((box) => {
    const { left, right, top, bottom } = box.getBoundingClientRect();
    return [left + right - innerWidth, top + bottom - innerHeight].map(Math.abs);
  });
  assert.ok(Math.max(...middle) < 2, `the question stands in the middle, not ${middle} beside it`);
  await page.keyboard.press('Escape');
  await ask.waitFor({ state: 'detached' });
  assert.equal(city(44), 'Казань');
  await older.locator('[data-action=undo]').click();
  await ask.locator('[data-yes]').click();
  await page.locator('.toast').getByText('Вернули как было.').waitFor();
  assert.notEqual(fixture.find('sales.lead', 44).comment, 'Перезвонить');
});

test('the history of one field, and a record as it was', async () => {
  for (const value of ['А', 'Б', 'В']) fixture.update('sales.lead', 44, { city: value, comment: value });
  fixture.update('sales.lead', 44, { comment: 'Г' });
  const page = await visit({ path: `${LEADS}/44` });
  await page.waitForFunction(() => document.querySelectorAll('.event').length === 4);
  await page.locator('.history-only select').selectOption('city');
  await page.waitForFunction(() => document.querySelectorAll('.event').length === 3);
  await page.locator('.history-only select').selectOption('');
  await page.waitForFunction(() => document.querySelectorAll('.event').length === 4);
  await page.locator('.event').nth(3).hover();
  await page.locator('.event').nth(3).locator('[data-action=undo-to]').click();
  await page.locator('dialog.ask [data-yes]').click();
  await page.locator('.toast').getByText('Вернули как было.').waitFor();
  assert.equal(city(44), 'А');
});

test('a deleted record lies in the bin, comes back, and is deleted for ever after a question', async () => {
  const page = await visit({ path: LEADS });
  await boxOf(page, 46).click();
  await boxOf(page, 45).click();
  await page.click('[data-action=bulk-delete]');
  await page.locator(row(46)).waitFor({ state: 'detached' });
  await page.click('[data-action=bin]');
  await page.getByRole('heading', { name: 'Корзина: заявки' }).waitFor();
  await page.locator(`${row(46)} [data-action=restore]`).click();
  await page.locator('.toast').getByText('снова в списке').waitFor();
  await page.locator(row(46)).waitFor({ state: 'detached' });
  await page.locator(`${row(45)} [data-action=purge]`).click();
  await page.locator('dialog.ask [data-yes]').click();
  await page.locator(row(45)).waitFor({ state: 'detached' });
  await page.getByText('Корзина пуста').waitFor();
  assert.ok(fixture.find('sales.lead', 46));
});

test('on a phone the boxes stand while rows are being chosen', async () => {
  const page = await visit({ path: LEADS, size: PHONE });
  await page.waitForSelector('li[data-id="46"]');
  assert.equal(await page.locator('.pick-box').count(), 0);
  await page.click('[data-action=pick]');
  await page.click('li[data-id="46"] .pick-box');
  await page.getByText('Выбрана 1 запись').waitFor();
  await setCity(page, 'Тула');
  await page.locator('.toast').getByText('Изменена 1 запись.').waitFor();
  assert.equal(city(46), 'Тула');
});

test('without the function "bulk" there is nothing to choose', async () => {
  fixture.functions = [];
  const page = await visit({ path: LEADS });
  await page.waitForSelector(row(46));
  assert.equal(await page.locator('.pick').count(), 0);
});
