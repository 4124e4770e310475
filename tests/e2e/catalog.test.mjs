// What a deal is made of, as people type and scan it (S-59, S-95): by keyboard from row to row, from a scanner that
// types, on a phone, and when the server says no. Chromium, TLS, the example ТЗ.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { launch, looks, PHONE } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealerOf } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const CODE = '4006381333931';
const UNKNOWN = '4600104008498';

let server, browser, client, head, bucket, deal;

before(async () => {
  server = await startServer(dealerOf('petrov'));
  client = await server.as('ivanova');
  const make = async (at, data) => (await client.post(`/api/v1/${at}`, data, { expect: 201 })).json;
  await make('catalog.good', { title: 'Гидромолот HB20G', article: 'HB20G', price: '780000', barcodes: [CODE] });
  bucket = await make('catalog.good', { title: 'Ковш скальный', article: 'KS-12', price: '450000.50' });
  deal = await make('sales.deal', { title: 'Навесное для крана' });
  browser = await launch(server);
  head = await browser.person();
  await head.login('ivanova', server.passwords.ivanova);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(() => {
  browser.faults.length = 0;
});
afterEach(() => assert.deepEqual(browser.faults, []));

const lines = () => client.list('catalog.line', `deal=${deal.id}&sort=id`);
const amount = async () => (await client.get(`/api/v1/sales.deal/${deal.id}`, { expect: 200 })).json.amount;
const cell = (page, at, name) => page.locator('.part-row[data-id]').nth(at).locator(`[data-cell=${name}] input`);

async function openParts(page) {
  await page.goto(`/e/sales.deal/${deal.id}`);
  await page.getByRole('tab', { name: 'Товары и услуги' }).click();
  await page.locator('.part-add').waitFor();
}

describe('the lines of a deal', () => {
  it('S-95: come by a word of the name, and Enter goes from row to row', async () => {
    const { page } = head;
    await openParts(page);
    for (const [word, title] of [['гидромолот', 'Гидромолот HB20G'], ['KS-12', 'Ковш скальный']]) {
      await page.locator('.part-find input').fill(word);
      await page.locator('.part-find [role=option]', { hasText: title }).waitFor();
      await page.keyboard.press('Enter');
      await page.locator('.part-row[data-id]', { has: page.locator(`input[type=text]`) }).nth(word === 'KS-12' ? 1 : 0).waitFor();
    }
    await cell(page, 0, 'quantity').fill('2');
    await page.keyboard.press('Enter');
    await until(async () => (await lines())[0].quantity === '2.000');
    await page.waitForFunction(() => document.activeElement?.closest('[data-cell]')?.dataset.cell === 'quantity' && document.activeElement.closest('.part-row').matches(':last-child'));
    await cell(page, 1, 'discount').fill('10');
    await cell(page, 1, 'discount').press('Enter');
    await until(async () => (await lines())[1].sum === '405000.45');
    await page.locator('[data-total=sum]', { hasText: '1 965 000,45' }).waitFor();
    assert.equal(await amount(), '1965000.45');
    await page.locator('.display[data-field=amount]', { hasText: '1 965 000,45' }).waitFor();
  });

  it('S-95: what the server refuses stays typed, with the reason', async () => {
    const { page } = head;
    await openParts(page);
    await cell(page, 1, 'discount_sum').fill('999999999');
    await cell(page, 1, 'discount_sum').press('Enter');
    await page.getByText('Скидка больше, чем сумма строки').waitFor();
    assert.equal((await cell(page, 1, 'discount_sum').inputValue()).replace(/\s/g, ''), '999999999');
    await cell(page, 1, 'discount_sum').press('Escape');
    await page.getByText('Скидка больше, чем сумма строки').waitFor({ state: 'hidden' });
    assert.equal((await lines())[1].sum, '405000.45');
  });

  it('S-95: what another changed meanwhile is told before it is written over, and a reload loses nothing', async () => {
    const { page } = head;
    await openParts(page);
    const [, line] = await lines();
    await cell(page, 1, 'price').fill('500000');
    await cell(page, 0, 'title').focus();
    await until(async () => (await lines())[1].price === '500000.00'); // leaving a row saves it
    await page.context().setOffline(true);
    await cell(page, 1, 'price').fill('510000');
    await page.keyboard.press('Enter');
    await page.locator('.part-problem').waitFor();
    await client.patch(`/api/v1/catalog.line/${line.id}`, { price: '520000' }, { expect: 200 });
    await page.context().setOffline(false);
    await openParts(page);
    assert.equal((await cell(page, 1, 'price').inputValue()).replace(/\s/g, ''), '510000', 'what was typed is still there');
    await cell(page, 1, 'price').press('Enter');
    await page.getByText('Тем временем здесь стало «520 000').waitFor();
    assert.equal((await lines())[1].price, '520000.00');
    await cell(page, 1, 'price').press('Enter');
    await until(async () => (await lines())[1].price === '510000.00');
    await client.patch(`/api/v1/catalog.line/${line.id}`, { price: '450000.50' }, { expect: 200 });
  });

  it('S-59: a scanner counts what stands there, adds what does not, and offers to create what nobody knows', async () => {
    const { page } = head;
    await openParts(page);
    const scan = async (code) => {
      await page.keyboard.type(code);
      await page.keyboard.press('Enter');
    };
    await cell(page, 0, 'title').focus();
    await scan(CODE);
    await until(async () => (await lines())[0].quantity === '3.000');
    assert.equal(await cell(page, 0, 'title').inputValue(), 'Гидромолот HB20G', 'nothing of the code is left in the field');
    await scan(UNKNOWN);
    await page.locator(`[data-unknown="${UNKNOWN}"]`).waitFor();
    await page.click('[data-action=create-scanned]');
    await page.locator('form.create[data-entity="catalog.good"]', { hasText: UNKNOWN }).waitFor();
    await page.locator('form.create [data-field=title] input').fill('Зуб ковша');
    await page.keyboard.press('Control+Enter');
    await until(async () => (await client.list('catalog.good', `barcodes=${UNKNOWN}`)).length === 1);
    await openParts(page);
    await scan(UNKNOWN);
    await page.locator('.part-row[data-id]').nth(2).waitFor();
    assert.deepEqual((await lines()).map((l) => l.title), ['Гидромолот HB20G', 'Ковш скальный', 'Зуб ковша']);
  });

  it('S-59: the camera reads one code after the other, each once', async () => {
    const person = await browser.person({ as: head });
    const { page } = person;
    await page.addInitScript((first) => {
      let code = first;
      window.show = (next) => (code = next);
      window.BarcodeDetector = class {
        detect = async () => (code ? [{ rawValue: code }] : []);
      };
      navigator.mediaDevices.getUserMedia = async () => {
        const canvas = document.createElement('canvas');
        const paint = canvas.getContext('2d');
        setInterval(() => paint.fillRect(0, 0, Math.random() * 100, 100), 40);
        return canvas.captureStream(25);
      };
    }, CODE);
    await openParts(page);
    await page.click('[data-action=camera]');
    await until(async () => (await lines())[0].quantity === '4.000');
    await page.evaluate((code) => window.show(code), UNKNOWN);
    await until(async () => (await lines())[2].quantity === '2.000');
    await page.getByRole('button', { name: 'Закрыть' }).last().click();
    await page.locator('dialog.camera').waitFor({ state: 'detached' });
    assert.deepEqual((await lines()).map((l) => l.quantity), ['4.000', '1.000', '2.000']);
    await person.context.close();
  });

  it('S-95: a line goes and comes back', async () => {
    const { page } = head;
    await openParts(page);
    const before = await amount();
    await page.getByRole('button', { name: 'Убрать строку: Ковш скальный' }).click();
    await until(async () => (await lines()).length === 2);
    await page.locator('.toast', { hasText: 'Ковш скальный' }).getByRole('button', { name: 'Вернуть' }).click();
    await until(async () => (await lines()).length === 3 && (await amount()) === before);
  });

  it('S-95: a copy of the deal has its lines', async () => {
    const { page } = head;
    await openParts(page);
    await page.locator('article.card').getByRole('button', { name: 'Ещё' }).first().click();
    await page.click('[data-action=copy]');
    await page.waitForURL((url) => !url.pathname.endsWith(`/${deal.id}`));
    await page.getByRole('tab', { name: 'Товары и услуги' }).click();
    await page.locator('.part-row[data-id]').nth(2).waitFor();
    await page.locator('[data-total=sum]').waitFor();
  });

  it('S-95: a line without a good is typed from nothing', async () => {
    const { page } = head;
    await openParts(page);
    await page.click('[data-action=add-part]');
    await page.locator('[data-id="0"] [data-cell=price] input').fill('1500');
    await page.keyboard.press('Enter');
    await page.getByText('Выберите товар или напишите название').waitFor();
    await page.locator('[data-id="0"] [data-cell=title] input').fill('Выезд на объект');
    await page.keyboard.press('Enter');
    await until(async () => (await lines()).at(-1).title === 'Выезд на объект');
    await page.locator('[data-id="0"]').waitFor({ state: 'detached' });
    assert.equal((await lines()).at(-1).sum, '1500.00');
  });

  it('S-95: what is typed while the row is being saved is saved next', async () => {
    const { page } = head;
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await openParts(page);
    const hold = async (route) => {
      await held;
      await route.continue();
    };
    await page.route('**/api/v1/catalog.line/*', hold, { times: 1 });
    await cell(page, 0, 'price').fill('790000');
    await cell(page, 0, 'quantity').fill('5');
    await page.keyboard.press('Enter');
    release();
    await until(async () => {
      const [line] = await lines();
      return line.price === '790000.00' && line.quantity === '5.000';
    });
  });

  it('S-95: further prices of a good are typed on its card', async () => {
    const { page } = head;
    const type = (await client.post('/api/v1/catalog.price_type', { title: 'Дилерская' }, { expect: 201 })).json;
    await page.goto(`/e/catalog.good/${bucket.id}`);
    await page.getByRole('tab', { name: 'Цены' }).click();
    await page.click('[data-action=add-part]');
    await page.locator('[data-id="0"] [data-cell=type] input').fill('дилер');
    await page.locator('[data-id="0"] [role=option]', { hasText: 'Дилерская' }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('[data-id="0"] [data-cell=price] input').fill('400000');
    await page.keyboard.press('Enter');
    await until(async () => (await client.list('catalog.price', `good=${bucket.id}`)).some((one) => one.type.id === type.id && one.price === '400000.00'));
    assert.deepEqual(await head.axe(), []);
  });

  for (const look of looks(0).concat(looks(1)))
    it(`are in order: ${look.size.width} ${look.scheme} ${look.lang}`, async () => {
      const person = await browser.person({ ...look, as: head });
      const { page } = person;
      await page.goto(`/e/sales.deal/${deal.id}`);
      await page.getByRole('tab', { name: /^(Товары и услуги|Goods and services)$/ }).click();
      await page.locator('[data-total=sum]').waitFor();
      assert.deepEqual({ axe: await person.axe(), fits: await person.fits() }, { axe: [], fits: true });
      if (look.size.width === PHONE.width) await page.locator('.part-row[data-id] [data-cell=quantity] label').first().waitFor();
    });
});
