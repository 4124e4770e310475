// Importing and exporting in a real browser against the fixture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE } from './browser.mjs';
import { fixture, scene, visit } from './scene.mjs';

scene();

const file = { name: 'Клиенты.csv', mimeType: 'text/csv', buffer: Buffer.from('a;b') };

test('a file goes through columns, check and run to a report that can be undone', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.click('[data-action=list-menu]');
  await page.click('[data-action=import]');
  await page.setInputFiles('#import-file', file);
  const select = page.getByLabel('Куда загрузить «Город»');
  assert.equal(await select.inputValue(), 'city');
  await page.getByLabel('Куда загрузить «Код из старой системы»').selectOption('title');
  assert.match(page.url(), /\/e\/sales\.lead\/import\?id=1$/);
  await page.click('[data-action=check]');
  await page.waitForSelector('[data-count=created]');
  assert.match(await page.locator('[data-count=created]').innerText(), /900\s+записей будет создано/);
  await page.getByText('Строка 3, Телефон: Excel округлил').waitFor();
  assert.match(await page.getAttribute('[data-action=errors]', 'href'), /\/import\/1\/errors\.csv\?of=check$/);
  await page.getByRole('button', { name: /Загрузить 1.180 строк/ }).click();
  await page.getByRole('heading', { name: 'Загрузка закончена' }).waitFor();
  await page.getByRole('button', { name: 'Отменить импорт' }).click();
  await page.getByRole('heading', { name: 'Импорт отменён' }).waitFor();
});

/** The import page after a check that counted this. */
async function checked(result) {
  fixture.transfer.result = { created: 0, updated: 0, unchanged: 0, skipped: 0, failed: 0, warned: 0, ...result };
  const page = await visit({ path: '/e/sales.lead/import' });
  await page.setInputFiles('#import-file', file);
  await page.click('[data-action=check]');
  await page.waitForSelector('.figures');
  return page;
}

test('a check says rows of rows and records of records, and speaks of errors only where there are some', async () => {
  const page = await checked({ created: 1, updated: 1 });
  await page.getByRole('heading', { name: 'Ошибок нет, можно загружать' }).waitFor();
  assert.equal(await page.getByText(/с ошибк/).count(), 0);
  assert.match(await page.locator('[data-count=created]').innerText(), /^1\s+запись будет создана$/);
  assert.match(await page.locator('[data-count=updated]').innerText(), /^1\s+строка обновит запись$/);
  await page.getByText('Строки с одинаковым значением (Телефон) относятся к одной записи').waitFor();
  await page.getByRole('button', { name: 'Загрузить 2 строки' }).waitFor();
});

test('where a check finds nothing to import, the import is not offered', async () => {
  const page = await checked({ unchanged: 3, skipped: 1201 });
  await page.getByRole('heading', { name: 'Загружать нечего' }).waitFor();
  assert.equal(await page.locator('[data-action=run]').count(), 0);
  await page.click('[data-action=edit]');
  await page.getByLabel('Разделитель').waitFor();
  const bad = await checked({ failed: 1204 });
  await bad.getByText('строки с ошибками не загружаются, а остальные ничего не меняют').waitFor();
  assert.equal(await bad.locator('[data-action=run]').count(), 0);
});

test('a reference that names nothing is decided on before the check and told after it', async () => {
  const page = await visit({ path: '/e/sales.lead/import' });
  await page.setInputFiles('#import-file', file);
  await page.waitForSelector('.import-col');
  const leave = page.getByLabel('Загрузить строку без неё и предупредить');
  assert.equal(await leave.count(), 0, 'no column goes to a reference');
  await page.getByLabel('Куда загрузить «Код из старой системы»').selectOption('contact');
  assert.ok(await page.getByLabel('Считать ошибкой, строку не загружать').isChecked());
  await leave.check();
  await page.click('[data-action=check]');
  await page.getByText('Строка 5, Контакт: «ООО Ромашка» не нашлось').waitFor();
  assert.match(await page.locator('[data-count=warned]').innerText(), /1\s+строка с предупреждением/);
  assert.equal(fixture.transfer.imports.get(1).options.missing, 'leave');
});

test('without the rights to files nothing of them is offered, and the address says why', async () => {
  fixture.files = false;
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector('[data-id="46"]');
  assert.equal(await page.locator('[data-action=import], [data-action=export], crm-export').count(), 0);
  await page.goto(`${fixture.url}/e/sales.lead/import`);
  await page.getByText('Загружать данные вам нельзя').waitFor();
  assert.equal(await page.locator('#import-file').count(), 0);
});

test('a reload goes on where the import was', async () => {
  const page = await visit({ path: '/e/sales.lead/import' });
  await page.setInputFiles('#import-file', file);
  await page.click('[data-action=check]');
  await page.waitForSelector('[data-count=created]');
  await page.reload();
  await page.waitForSelector('[data-count=created]');
  await page.click('[data-action=edit]');
  await page.getByLabel('Разделитель').waitFor();
});

test('what stands in the way is said before the check, and a column can be left out', async () => {
  const page = await visit({ path: '/e/sales.lead/import' });
  await page.setInputFiles('#import-file', file);
  await page.getByLabel('Куда загрузить «Имя клиента»').selectOption('');
  await page.getByText('Новым записям нужны поля: Что нужно').waitFor();
  assert.ok(await page.locator('[data-action=check]').isDisabled());
  await page.getByLabel('Только обновлять найденные').check();
  assert.ok(await page.locator('[data-action=check]').isEnabled());
});

test('a pass under way can be stopped', async () => {
  const page = await visit({ path: '/e/sales.lead/import' });
  fixture.transfer.hold = true;
  await page.setInputFiles('#import-file', file);
  await page.click('[data-action=check]');
  await page.getByRole('progressbar', { name: 'Идёт проверка' }).waitFor();
  await page.click('[data-action=stop]');
  await page.waitForSelector('.import-col');
});

test('while the file is read its rows are counted, and a file that cannot be read says why in words', async () => {
  const page = await visit({ path: '/e/sales.lead/import' });
  Object.assign(fixture.transfer, { hold: true, begins: { state: 'waiting', total: 350000 } });
  await page.setInputFiles('#import-file', file);
  await page.click('[data-action=check]');
  await page.getByText(/Прочитано 350.000 строк/).waitFor();
  Object.assign(fixture.transfer, { hold: false, result: { state: 'failed', error: 'too_many_rows' } });
  await page.getByRole('alert').getByText('На листе Excel помещается').waitFor();
  await page.waitForSelector('.import-col');
});

test('an export tells its rows and what an encoding loses before it is made', async () => {
  const page = await visit({ path: '/e/sales.lead?f.source=site' });
  await page.click('[data-action=list-menu]');
  await page.click('[data-action=export]');
  await page.getByText(/1.204 строки/).waitFor();
  await page.getByLabel('Кодировка').selectOption('windows-1251');
  await page.getByText('3 символов нет').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-action=download]')]);
  assert.equal(download.suggestedFilename(), 'export.csv');
  assert.match(fixture.transfer.exports[0], /source\.in=site.*format=csv.*fields=title/);
});

test('on a phone the wizard fits, and the keyboard alone goes through the dialog', async () => {
  const page = await visit({ path: '/e/sales.lead/import', size: PHONE });
  await page.setInputFiles('#import-file', file);
  await page.waitForSelector('.import-col');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await page.goto(`${fixture.url}/e/sales.lead`);
  await page.focus('[data-action=list-menu]');
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-rows="1204"]');
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog.dialog[open]', { state: 'detached' });
});

test('who points with a finger is not asked to drag a file', async () => {
  const page = await visit({ path: '/e/sales.lead/import', size: PHONE });
  await page.getByText('Файл со списком').waitFor();
  assert.equal(await page.getByText('Перетащите файл сюда').isVisible(), false);
  const desk = await visit({ path: '/e/sales.lead/import' });
  await desk.getByText('Перетащите файл сюда').waitFor();
  assert.equal(await desk.getByText('Файл со списком').isVisible(), false);
});
