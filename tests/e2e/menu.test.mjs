// What stands in the menu follows the modules that are enabled, and every screen fits the narrowest phone.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

const NARROW = { width: 320, height: 568 }; // WCAG 2.2, 1.4.10
/** What desks of 1440 × 900 and of 1920 × 1080 have left at 200 %: WCAG 2.2, 1.4.4. */
const ZOOMED = [
  { width: 720, height: 450 },
  { width: 960, height: 540 },
];
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

describe('a page 320 pixels wide, or zoomed to 200 %', () => {
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

  it('is not scrolled sideways, whichever screen it shows, and leads everywhere', async () => {
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
      await page.setViewportSize(NARROW);
      await page.goto(path);
      await page.locator(ready).first().waitFor();
      for (const size of [NARROW, ...ZOOMED]) {
        await page.setViewportSize(size);
        const { width, out } = await page.evaluate(measure);
        assert.ok(width <= size.width, `${path} is ${width} pixels wide`);
        assert.deepEqual(out, [], `${path}: out of reach at ${size.width} pixels`);
      }
    }
  });

  /** How wide the page is, and the buttons of its head and menu that stand beyond its edges. */
  async function measure() {
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame); // drawn anew for this size
    const isOut = (at) => at.width > 0 && (at.left < 0 || at.top < 0 || at.right > innerWidth + 1 || at.bottom > innerHeight + 1);
    const buttons = [...document.querySelectorAll('.head :is(a, button), .tabbar :is(a, button)')];
    const out = buttons.filter((one) => isOut(one.getBoundingClientRect())).map((one) => one.ariaLabel ?? one.textContent.trim());
    return { width: document.documentElement.scrollWidth, out };
  }
});
