// Work with many rows as people see it (S-23, S-58): a file becomes clients and is taken back, rows are
// changed at once and undone, a change is put back from the history, what was deleted returns. The
// whole way is real: Chromium, TLS, the example ТЗ.

import assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { launch, looks } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealerOf } from '../harness/tz.mjs';

const PEOPLE = '/e/contacts.person';
const FILE = {
  name: 'Клиенты.csv',
  mimeType: 'text/csv',
  buffer: Buffer.from(`ФИО;Телефон;Город
Соколова Анна;8 (916) 100-00-01;Тверь
Морозов Илья;8 (916) 100-00-02;Тверь
Волкова Ольга;7,91610E+10;Тверь
Зайцев Пётр;8 (916) 100-00-04;Калуга
`),
};

let server, browser, head;

before(async () => {
  server = await startServer(dealerOf('petrov'));
  browser = await launch(server);
  head = await browser.person();
  await head.login('ivanova', await server.invite('ivanova'));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(() => {
  browser.faults.length = 0;
});
afterEach(() => assert.deepEqual(browser.faults, []));

const row = (text) => head.page.locator('tr[data-id]', { hasText: text });
const toast = (text) => head.page.locator('.toast', { hasText: text });

async function openPeople() {
  await head.page.goto(PEOPLE);
  await head.page.locator('crm-list, .list').first().waitFor();
}

describe('a file with clients', () => {
  it('S-58: is checked, loaded, and says which row it could not take', async () => {
    const { page } = head;
    await openPeople();
    await page.click('[data-action=list-menu]');
    await page.click('[data-action=import]');
    await page.setInputFiles('#import-file', FILE);
    assert.equal(await page.getByLabel('Куда загрузить «Телефон»').inputValue(), 'phone');
    await page.click('[data-action=check]');
    await page.locator('[data-count=created]', { hasText: '3' }).waitFor();
    await page.getByText('Excel округлил').waitFor();
    const [errors] = await Promise.all([page.waitForEvent('download'), page.click('[data-action=errors]')]);
    assert.match(await fs.readFile(await errors.path(), 'utf8'), /Волкова Ольга/);
    await page.getByRole('button', { name: /Загрузить 3.строк/ }).click();
    await page.getByRole('heading', { name: 'Загрузка закончена' }).waitFor();
    await openPeople();
    for (const name of ['Соколова', 'Морозов', 'Зайцев']) await row(name).waitFor();
    assert.equal(await row('Волкова').count(), 0);
  });

  it('S-58: goes out again in the form it came in', async () => {
    const { page } = head;
    await openPeople();
    await page.click('[data-action=list-menu]');
    await page.click('[data-action=export]');
    await page.getByText(/3.строки/).waitFor();
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('[data-action=download]')]);
    const text = await fs.readFile(await file.path(), 'utf8');
    assert.match(text, /Соколова Анна/);
    assert.match(text, /\+79161000001/);
    await page.keyboard.press('Escape');
  });
});

describe('chosen rows', () => {
  it('S-23: are changed at once, and the message takes it back', async () => {
    const { page } = head;
    await openPeople();
    for (const name of ['Соколова', 'Морозов']) await row(name).locator('.pick-box input').click();
    await page.click('[data-action=bulk-edit]');
    await page.selectOption('#bulk-edit select', 'city');
    await page.fill('#bulk-edit [data-field=city] input', 'Казань');
    await page.click('[data-action=bulk-apply]');
    await toast('Изменены 2 записи.').waitFor();
    await row('Соколова').getByText('Казань').waitFor();
    await toast('Изменены 2 записи.').getByRole('button', { name: 'Отменить' }).click();
    await toast('Возвращено как было').waitFor();
    await row('Соколова').getByText('Тверь').waitFor();
  });

  it('S-23: are deleted into the bin and come back from it', async () => {
    const { page } = head;
    await openPeople();
    await row('Зайцев').locator('.pick-box input').click();
    await page.click('[data-action=bulk-delete]');
    await row('Зайцев').waitFor({ state: 'detached' });
    await page.click('[data-action=bin]');
    await row('Зайцев').locator('[data-action=restore]').click();
    await toast('снова в списке').waitFor();
    await openPeople();
    await row('Зайцев').waitFor();
  });
});

describe('the history of a record', () => {
  it('S-23: puts a change back', async () => {
    const { page } = head;
    await openPeople();
    await row('Зайцев').getByRole('link').first().click();
    const card = page.locator('dialog article.card');
    await card.locator('[data-field=city]').first().waitFor();
    await card.locator('.block-head button').first().click();
    await card.locator('.field[data-field=city] input').fill('Рязань');
    await card.locator('[data-action=save]').click();
    await card.locator('#tab-history').click();
    const change = card.locator('.event', { hasText: 'Рязань' }).first();
    await change.hover();
    await change.locator('[data-action=undo]').click();
    await toast('Вернули как было.').waitFor();
    await page.keyboard.press('Escape');
    await row('Зайцев').getByText('Калуга').waitFor();
  });
});

describe('the page of operations', () => {
  it('S-58: takes the import back, also what was changed and put back meanwhile', async () => {
    const { page } = head;
    await page.goto('/settings/batches');
    const batch = page.locator('.batch', { hasText: 'Импорт: Клиенты.csv' });
    await batch.locator('[data-action=undo]').click();
    await batch.getByText('Отменено').waitFor();
    await openPeople();
    await row('Соколова').waitFor({ state: 'detached' });
    assert.equal(await row('Зайцев').count(), 0);
  });

  for (const look of looks(1))
    it(`is in order: ${look.size.width} ${look.scheme} ${look.lang}`, async () => {
      const person = await browser.person({ ...look, as: head });
      await person.page.goto('/settings/batches');
      await person.page.locator('.batch').first().waitFor();
      assert.deepEqual({ axe: await person.axe(), fits: await person.fits() }, { axe: [], fits: true });
      await person.close();
    });
});
