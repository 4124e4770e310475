// What stands in the menu follows the modules that are enabled, and every screen fits the narrowest phone.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

const NARROW = { width: 320, height: 568 }; // WCAG 2.2, 1.4.10
const withoutTasks = dealer
  .replace('modules: auto', 'modules: [contacts, sales, intake]')
  .replace(/^.*(tasks\.task|- task:).*\n/gm, '');

describe('the menu', () => {
  /** Entities the menu of `login` leads to, on a server of this ТЗ. */
  async function menuOf(tz, login) {
    const server = await startServer({ tz });
    const browser = await launch(server);
    try {
      const person = await browser.person();
      await person.login(login, await server.invite(login));
      await person.page.locator('nav.nav a[href="/e/sales.lead"]').waitFor();
      return await person.page.locator('nav.nav a').evaluateAll((links) => links.map((a) => new URL(a.href).pathname));
    } finally {
      await browser.close();
      await server.stop();
    }
  }

  it('leads to what the enabled modules bring, and to nothing of one that is left out', async () => {
    assert.ok((await menuOf(dealer, 'ivanova')).includes('/e/tasks.task'));
    const without = await menuOf(withoutTasks, 'ivanova');
    assert.deepEqual(without.filter((path) => path.includes('tasks')), []);
    assert.ok(without.includes('/e/sales.deal'));
  });
});

describe('a page 320 pixels wide', () => {
  let server, browser, manager, client;

  before(async () => {
    server = await startServer();
    client = await server.as('petrov');
    browser = await launch(server);
    manager = await browser.person({ size: NARROW });
    await manager.login('petrov', server.passwords.petrov);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  it('is not scrolled sideways, whichever screen it shows', async () => {
    const { page } = manager;
    const title = 'Аренда гусеничного экскаватора с гидромолотом на три недели';
    const { id } = (await client.post('/api/v1/sales.lead', { title }, { expect: 201 })).json;
    for (const [path, ready] of [
      ['/', '.tabbar'],
      ['/e/sales.lead', '[data-id]'],
      [`/e/sales.lead/${id}`, '.prop'],
      ['/e/sales.deal', '.tabbar'],
      ['/settings/notices', '.tabbar'],
    ]) {
      await page.goto(path);
      await page.locator(ready).first().waitFor();
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= NARROW.width, `${path} is ${width} pixels wide`);
    }
  });
});
