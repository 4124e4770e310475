// What is said after one's own change has taken a record out of one's sight: that it was saved, and why it is gone.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { launch } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

const shots = process.env.SHOTS;
const LEADS = '/api/v1/sales.lead';
const tz = dealer
  .replace('    title: Менеджер\n', '    title: Менеджер\n    foreign: {show: [owner]}\n')
  .replace('sales.lead: {read: own, create: own', 'sales.lead: {read: own, create: all');
let server, browser, person, page;

before(async () => {
  if (shots) mkdirSync(shots, { recursive: true });
  server = await startServer({ tz });
  browser = await launch(server);
  person = await browser.person();
  await person.login('petrov', await server.invite('petrov'));
  page = person.page;
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function choose(root, name) {
  const box = root.locator('.field[data-field=owner] input[role=combobox]');
  await box.fill(name);
  await root.locator('.field[data-field=owner] [role=option]', { hasText: name }).first().click();
}

describe('a record that one hands over', () => {
  it('is made for a colleague, and the words say that it is not shown', async () => {
    await page.goto('/e/sales.lead/new?owner=1');
    await page.locator('.field[data-field=title] input').fill('Заявка для Ольги');
    await choose(page, 'Сидорова');
    await page.locator('[data-action=save]').click();
    const said = await page.locator('.toast', { hasText: 'Заявка для Ольги' }).innerText();
    assert.match(said, /эта запись вам не видна.*Ольга Сидорова/is);
    assert.equal(await page.locator('.toast[data-kind=danger]').count(), 0);
  });

  it('says on its card that it was saved and who has it now', async () => {
    await page.goto('/e/sales.lead/new');
    await page.locator('.field[data-field=title] input').fill('Передаваемая');
    await page.locator('[data-action=save]').click();
    await page.locator('.deal-head', { hasText: 'Передаваемая' }).first().waitFor();
    await page.keyboard.press('Escape');
    await page.goto(`/e/sales.lead/${await page.evaluate(async (path) => (await (await fetch(`${path}?title=${encodeURIComponent('Передаваемая')}`)).json()).rows[0].id, LEADS)}`);
    await page.locator('.deal-head').waitFor();
    await page.keyboard.press('e');
    await choose(page, 'Сидорова');
    await page.locator('.save-bar [data-action=save]').click();
    const card = page.locator('[data-hidden]');
    await card.waitFor();
    assert.match(await card.innerText(), /Сохранено.*больше не видна.*Ольга Сидорова/is);
    assert.deepEqual(await person.axe(), []);
    if (shots) await page.screenshot({ path: `${shots}/hidden-card.png` });
  });
});
