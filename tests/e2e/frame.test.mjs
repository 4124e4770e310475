// The page of a module's service in the UI: sandboxed, of an origin of its own, through this server's origin, by the
// policy of both pages; it gets the declared fields and changes them as the person who looks at it.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { launch } from '../harness/browser.mjs';
import { discountsFolder, discountsTz, SECRET, startService } from '../harness/remote.mjs';
import { startServer } from '../harness/server.mjs';

let service, modules, server, browser, person, page, client, deal;

before(async () => {
  service = await startService();
  modules = discountsFolder(service.url);
  server = await startServer({ tz: discountsTz, modules, env: { KARKAS_SECRET_DISCOUNTS: SECRET } });
  browser = await launch(server);
  person = await browser.person();
  await person.login('ivanova', await server.invite('ivanova'));
  page = person.page;
  client = await server.as('petrov');
  deal = (await client.post('/api/v1/sales.deal', { title: 'Кран', amount: '1000' }, { expect: 201 })).json;
});
after(async () => {
  await browser?.close();
  await server?.stop();
  service?.stop();
  if (modules) fs.rmSync(modules, { recursive: true, force: true });
});

describe('a page of a module’s service', () => {
  it('stands on the card, knows the record, and sets its field as the person himself', async () => {
    await page.goto(`/e/sales.deal/${deal.id}`);
    const frame = page.frameLocator('[data-frame="discounts.offer"] iframe');
    await frame.getByText('Скидки нет').waitFor();
    assert.equal(await page.locator('[data-frame] iframe').getAttribute('sandbox'), 'allow-scripts allow-forms');
    await frame.getByRole('button', { name: 'Дать 10 %' }).click();
    await frame.getByText('Скидка: 10 %').waitFor();
    const now = (await client.get(`/api/v1/sales.deal/${deal.id}`)).json;
    assert.deepEqual([now.discount, now.margin], ['10', '900.00']);
    const { rows } = (await client.get(`/api/v1/sales.deal/${deal.id}/history`)).json;
    assert.match(JSON.stringify(rows[0]), /Анна Иванова/);
  });

  it('reaches neither the page around it, nor cookies, nor the API, nor fields it did not declare', async () => {
    const inner = page.frames().find((f) => f.url().includes('/frames/'));
    const tried = await inner.evaluate(async () => {
      const attempt = async (fn) => {
        try {
          return await fn();
        } catch (error) {
          return error.name ?? error.detail;
        }
      };
      return {
        origin: globalThis.origin,
        parent: await attempt(() => parent.document.title),
        cookie: await attempt(() => document.cookie),
        storage: await attempt(() => localStorage.length),
        other: await attempt(() => karkas.set({ title: 'Чужое' })),
      };
    });
    assert.deepEqual(tried, { origin: 'null', parent: 'SecurityError', cookie: 'SecurityError', storage: 'SecurityError',
      other: 'Страница просит изменить то, что ей не разрешено' });
    assert.deepEqual(await person.axe(), []);
  });

  it('stands in the menu, too', async () => {
    await page.locator('[data-menu="discounts.about"]').click();
    await page.locator('main h1', { hasText: 'О скидках' }).waitFor();
    await page.frameLocator('main iframe').getByText('Скидки нет').waitFor();
    assert.equal(await page.locator('[data-menu="discounts.about"]').getAttribute('aria-current'), 'page');
    assert.deepEqual(await person.axe(), []);
    assert.ok(await person.fits());
  });

  it('breaks no policy and does not leave the origin', () => assert.deepEqual(browser.faults, []));
});
