// The demo site: its form reaches the CRM with and without scripts, under the strict policy, on every screen.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { chromium } from 'playwright-core';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const DESK = { colorScheme: 'light', viewport: { width: 1280, height: 900 } };
const PHONE = { colorScheme: 'dark', viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

describe('the demo site', () => {
  let server, browser, page_url;

  before(async () => {
    server = await startServer();
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    page_url = `${server.url}/m/intake/demo.html`;
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  async function open(options, address = page_url) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
    const page = await context.newPage();
    page.violations = [];
    page.on('console', (m) => m.text().startsWith('policy:') && page.violations.push(m.text()));
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', (e) => console.log(`policy: ${e.violatedDirective} ${e.blockedURI}`));
    });
    await page.goto(address);
    return page;
  }

  /** The lead with this message, whoever of the managers has got it. */
  async function leadOf(message) {
    const managers = await Promise.all(['petrov', 'sidorova'].map((login) => server.as(login)));
    return until(async () => {
      for (const manager of managers) {
        const found = (await manager.list('sales.lead')).find((lead) => lead.message?.startsWith(message));
        if (found) return found;
      }
    }, `a lead «${message}»`);
  }

  it('S-75: sends a request without leaving the page, with the marks of its advertisement', async () => {
    const page = await open(DESK, `${page_url}?utm_source=yandex`);
    await page.fill('#f-name', 'Иван Петров');
    await page.fill('#f-phone', '8 (916) 123-45-67');
    await page.fill('#f-message', 'Нужен автокран');
    await page.check('[name=consent]');
    await page.click('button[type=submit]');
    await page.waitForSelector('.panel.is-sent');
    assert.equal(await page.isVisible('#form'), false);
    const lead = await leadOf('Нужен автокран');
    assert.deepEqual(lead.phone, ['+79161234567']);
    assert.equal(lead.utm_source, 'yandex');
    assert.equal(lead.page, page_url);
    assert.deepEqual(page.violations, []);
    await page.context().close();
  });

  it('advises about a short phone and takes the request all the same', async () => {
    const page = await open(PHONE);
    await page.fill('#f-phone', '12-34');
    await page.locator('#f-phone').blur();
    assert.match(await page.textContent('#h-phone'), /не хватает цифр/);
    await page.fill('#f-message', 'Короткий номер');
    await page.check('[name=consent]');
    await page.click('button[type=submit]');
    await page.waitForSelector('.panel.is-sent');
    assert.deepEqual((await leadOf('Короткий номер'))._marks, { phone: 'phone_invalid' });
    await page.context().close();
  });

  it('works without scripts and comes back to say so', async () => {
    const page = await open({ ...DESK, javaScriptEnabled: false });
    for (const [field, text] of [['#f-phone', '+7 495 111-22-33'], ['#f-message', 'Без скриптов']]) {
      await page.focus(field);
      await page.keyboard.type(text);
    }
    await page.focus('[name=consent]');
    await page.keyboard.press('Space');
    await page.focus('#f-name');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${page_url}#sent`);
    assert.equal(await page.isVisible('#sent'), true);
    assert.equal(await page.isVisible('#form'), false);
    await leadOf('Без скриптов');
    await page.context().close();
  });

  for (const options of [DESK, PHONE]) {
    it(`is accessible and fits: ${options.colorScheme}, ${options.viewport.width} px`, async () => {
      const page = await open({ ...options, bypassCSP: true });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes[0].html}`), []);
      await page.context().close();
    });
  }
});
