// The timeline of a deal as people see it (S-21, S-23): two of them write, one mentions the other, each sees at once
// what the other has written, and who may not read the deal is named. Chromium, TLS, the example ТЗ.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { launch, looks, PHONE } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealerOf } from '../harness/tz.mjs';

let server, browser, client, head, petrov, deal;

before(async () => {
  server = await startServer(dealerOf('petrov'));
  client = await server.as('petrov');
  deal = (await client.post('/api/v1/sales.deal', { title: 'Кран 25 т' }, { expect: 201 })).json;
  browser = await launch(server);
  head = await browser.person();
  await head.login('ivanova', await server.invite('ivanova'));
  petrov = await browser.person({ size: PHONE });
  await petrov.login('petrov', server.passwords.petrov);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(() => {
  browser.faults.length = 0;
});
afterEach(() => assert.deepEqual(browser.faults, []));

describe('the timeline of a deal', () => {
  it('S-23: a note with a mention comes to the other at once, and he answers from his phone', async () => {
    await petrov.page.goto(`/e/sales.deal/${deal.id}`);
    await petrov.page.locator('#tab-timeline').tap();
    const { page } = head;
    await page.goto(`/e/sales.deal/${deal.id}`);
    const field = page.getByLabel('Текст заметки');
    await field.click();
    await page.keyboard.type('Просят скидку, @Пет');
    await page.locator('.mentions [role=option]:not([aria-disabled])').first().waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+Enter');
    await petrov.page.locator('.event[data-kind=note] .mention').waitFor();
    await petrov.page.getByLabel('Текст заметки').fill('Дам три процента');
    await petrov.page.locator('[data-action=send]').tap();
    await page.locator('.event[data-kind=note]', { hasText: 'Дам три процента' }).waitFor();
    const [notice] = await client.list('notification', 'kind=mention');
    assert.equal(notice.record, deal.id);
  });

  it('S-21: a task and a step of the deal stand beside the notes', async () => {
    await client.post('/api/v1/tasks.task', { title: 'Отправить КП', deal: deal.id }, { expect: 201 });
    await client.patch(`/api/v1/sales.deal/${deal.id}`, { stage: 'work' }, { expect: 200 });
    await head.page.locator('.event[data-kind=task]', { hasText: 'Отправить КП' }).waitFor();
    await head.page.locator('.event[data-kind=stage]').waitFor();
  });

  for (const look of looks(0).concat(looks(2)))
    it(`is in order: ${look.size.width} ${look.scheme} ${look.lang}`, async () => {
      const person = await browser.person({ ...look, as: head });
      await person.page.goto(`/e/sales.deal/${deal.id}`);
      if (look.size.width < 721) await person.page.locator('#tab-timeline').click();
      await person.page.locator('.event[data-kind=note]').first().waitFor();
      assert.deepEqual({ axe: await person.axe(), fits: await person.fits() }, { axe: [], fits: true });
      await person.close();
    });
});
