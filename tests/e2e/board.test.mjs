// The board of deals as two people work with it: one carries a card, the other sees it move; what the ТЗ forbids is
// refused in words, and what a stage needs is asked for. The whole way is real: Chromium, TLS, the ТЗ.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { launch, looks } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const shots = process.env.SHOTS;
const DEALS = '/api/v1/sales.deal';
const BOARD = '/e/sales.deal?view=all&as=board';
const AMOUNTS = { 'Экскаватор ЭГ-215, 2 ед.': '24960000.00', 'Виброкаток ВК-14': '4720000.50', 'Погрузчик ФП-53': null };
let server, browser, manager, head;
const deals = {};

before(async () => {
  if (shots) mkdirSync(shots, { recursive: true });
  server = await startServer({ tz: dealer });
  const petrov = await server.as('petrov');
  for (const [title, amount] of Object.entries(AMOUNTS))
    deals[title] = (await petrov.post(DEALS, { title, amount }, { expect: 201 })).json.id;
  browser = await launch(server);
  manager = await browser.person();
  await manager.login('petrov', await server.invite('petrov'));
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

const column = ({ page }, stage) => page.locator(`[data-column=${stage}]`);
const card = (person, stage, title) => column(person, stage).locator('li[data-id]', { hasText: title });
const toast = ({ page }, text) => page.locator('.toast', { hasText: text });
const recordOf = (title) => head.page.evaluate(async (path) => (await fetch(path)).json(), `${DEALS}/${deals[title]}`);
const stageOf = async (title) => (await recordOf(title)).stage;

async function carry(person, title, to) {
  const middle = ({ x, y, width, height }) => [x + width / 2, y + Math.min(height / 2, 150)];
  const { mouse } = person.page;
  const [x, y] = middle(await person.page.locator('li[data-id]', { hasText: title }).boundingBox());
  await mouse.move(x, y);
  await mouse.down();
  await mouse.move(x + 6, y + 6);
  await person.page.locator('.kcard.is-drag').waitFor();
  await mouse.move(...middle(await column(person, to).boundingBox()), { steps: 4 });
}

describe('the board of deals', () => {
  it('has a column for each stage, with what its deals add up to', async () => {
    for (const person of [manager, head]) {
      await person.page.goto(BOARD);
      await card(person, 'new', 'Погрузчик').waitFor();
    }
    const stages = await manager.page.$$eval('[data-column]', (all) => all.map((one) => one.dataset.column));
    assert.deepEqual(stages, ['new', 'work', 'payment', 'paid', 'lost']);
    const sum = column(manager, 'new').locator('[data-sum]');
    await until(async () => (await sum.textContent())?.replace(/\s/g, ' ') === '29 680 000,50 ₽', 'the sum of the column');
    assert.equal(await column(manager, 'new').locator('.count').textContent(), '3');
  });

  it('S-13: a deal is carried to the next stage, and whoever looks on sees it move', async () => {
    await carry(manager, 'Экскаватор', 'work');
    await manager.page.mouse.up();
    await toast(manager, 'теперь в стадии «В работе»').waitFor();
    await card(head, 'work', 'Экскаватор').waitFor();
    assert.equal(await stageOf('Экскаватор ЭГ-215, 2 ед.'), 'work');
    await until(async () => (await column(head, 'work').locator('[data-sum]').textContent())?.startsWith('24'), 'its money too');
  });

  it('S-15: «Оплачено» is closed to a manager, and says so before and when the card is let go', async () => {
    await carry(manager, 'Экскаватор', 'paid');
    await manager.page.locator('.kcol.is-denied .kcol-stop', { hasText: 'Из «В работе» сразу в «Оплачено» не переводят. Отсюда можно в: Ожидание оплаты, Отказ.' }).waitFor();
    if (shots) await manager.page.screenshot({ path: `${shots}/board-denied.png` });
    await manager.page.mouse.up();
    await toast(manager, 'сразу в «Оплачено» не переводят').waitFor();
    await card(manager, 'work', 'Экскаватор').waitFor();
    assert.equal(await stageOf('Экскаватор ЭГ-215, 2 ед.'), 'work');
  });

  it('asks for the reason of a refusal', async () => {
    await carry(manager, 'Погрузчик', 'lost');
    await manager.page.mouse.up();
    const ask = manager.page.locator('crm-move-ask dialog[open]');
    await ask.locator('[data-action=move]').click();
    await ask.locator('.field[data-field=lost_reason].is-invalid').waitFor();
    if (shots) await manager.page.screenshot({ path: `${shots}/board-ask.png` });
    await ask.locator('.field[data-field=lost_reason] select').selectOption('price');
    await ask.locator('[data-action=move]').click();
    await card(manager, 'lost', 'Погрузчик').waitFor();
    await until(async () => (await stageOf('Погрузчик ФП-53')) === 'lost', 'the deal is lost');
  });

  it('is moved by keys, and by the menu', async () => {
    const { page } = manager;
    await card(manager, 'new', 'Виброкаток').locator('.kcard-open').focus();
    for (const key of ['Space', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
    await card(manager, 'work', 'Виброкаток').waitFor();
    await card(manager, 'work', 'Виброкаток').locator('.kcard-move').click();
    await page.locator('#board-move [data-move=new][aria-disabled=true]').waitFor();
    await page.locator('#board-move [data-move=payment]').click();
    await card(manager, 'payment', 'Виброкаток').waitFor();
    await until(async () => (await stageOf('Виброкаток ВК-14')) === 'payment', 'the deal waits for its payment');
  });

  for (const look of new Set([...looks(0), ...looks(1)]))
    it(`is in order: ${look.size.width} ${look.scheme} ${look.lang}`, async () => {
      const person = await browser.person({ ...look, as: head });
      await person.page.goto(BOARD);
      await person.page.locator('[data-column=work] li[data-id]').first().waitFor({ state: 'attached' });
      if (shots) await person.page.screenshot({ path: `${shots}/board-${look.size.width}-${look.scheme}.png` });
      assert.deepEqual({ axe: await person.axe(), fits: await person.fits() }, { axe: [], fits: true });
      await person.close();
    });
});
