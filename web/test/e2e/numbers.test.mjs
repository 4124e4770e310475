// Numbers while they are typed, pasted, sent and refused: in Chromium against the fixture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture, scene, visit } from './scene.mjs';

scene();

const INPUT = '.field[data-field=amount] input';
const THIN = '\u202f';

async function opened() {
  const page = await visit({ path: '/e/sales.lead/46' });
  await page.click('.prop[data-field=amount] dd');
  await page.waitForSelector(INPUT);
  return page;
}

async function paste(page, text) {
  await page.focus(INPUT);
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
}

test('money is grouped when it is left, not under the hands of who types it', async () => {
  const page = await opened();
  const value = () => page.inputValue(INPUT);
  assert.equal(await value(), `1${THIN}250${THIN}000`);
  await page.focus(INPUT);
  await page.keyboard.press('End');
  await page.keyboard.type(',5');
  assert.equal(await value(), `1${THIN}250${THIN}000,5`);
  await page.keyboard.press('Tab');
  assert.equal(await value(), `1${THIN}250${THIN}000,50`);
  await paste(page, '7654321');
  assert.equal(await value(), '7654321');
  await page.keyboard.press('Tab');
  assert.equal(await value(), `7${THIN}654${THIN}321`);
  await paste(page, '1250000 ');
  await page.keyboard.press('Tab');
  assert.equal(await value(), `1${THIN}250${THIN}000`, 'also when it is what was there before');
});

test('a pasted amount goes as the exact decimal', async () => {
  const page = await opened();
  await paste(page, '90 071 992 547 409,93 ₽');
  const sent = page.waitForRequest((r) => r.method() === 'PATCH');
  await page.keyboard.press('Control+Enter');
  assert.deepEqual((await sent).postDataJSON(), { amount: '90071992547409.93' });
  await page.locator(INPUT).waitFor({ state: 'detached' });
});

test('what is no amount is told of at the field with what was expected, and nothing is sent or lost', async () => {
  const page = await opened();
  await paste(page, 'около миллиона');
  await page.keyboard.press('Tab');
  const field = page.locator('.field[data-field=amount].is-invalid');
  await field.getByText(`Нужна сумма цифрами, например 1${THIN}250${THIN}000,50`).waitFor();
  assert.equal(await page.getAttribute(INPUT, 'aria-invalid'), 'true');
  fixture.requests.length = 0;
  await page.keyboard.press('Control+Enter');
  await page.locator('.summary').getByRole('link', { name: 'Сумма' }).click();
  assert.equal(await page.inputValue(INPUT), 'около миллиона');
  await paste(page, '1,255');
  await page.keyboard.press('Control+Enter');
  await field.getByText('После запятой не больше 2 знаков').waitFor();
  assert.ok(!fixture.requests.some((line) => line.startsWith('PATCH')));
  await paste(page, '1,25');
  await field.waitFor({ state: 'detached' });
  await page.keyboard.press('Control+Enter');
  await page.locator(INPUT).waitFor({ state: 'detached' });
  assert.equal(fixture.find('sales.lead', 46).amount, '1.25');
});

test('a new record and a change of many are held back by a wrong amount too', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector('tr[data-id="46"]');
  await page.keyboard.press('n');
  await page.fill('.field[data-field=title] input', 'Бетононасос');
  await page.fill(INPUT, '12.05.2026');
  await page.keyboard.press('Control+Enter');
  await page.locator('.field[data-field=amount]').getByText('Нужна сумма').waitFor();
  assert.ok(!fixture.requests.includes('POST /api/v1/sales.lead'));
  await page.goto(`${fixture.url}/e/sales.lead`);
  await page.locator('tr[data-id="46"] .pick-box input').click();
  await page.click('[data-action=bulk-edit]');
  await page.selectOption('#bulk-edit select', 'amount');
  await page.fill(`#bulk-edit ${INPUT}`, 'много');
  await page.click('[data-action=bulk-apply]');
  await page.locator('#bulk-edit').getByText('Нужна сумма').waitFor();
  assert.ok(!fixture.requests.includes('POST /api/v1/sales.lead/bulk'));
});
