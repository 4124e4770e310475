// The demo site: its form reaches the CRM with and without scripts, under the strict policy.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { PHONE, launch } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

describe('the demo site', () => {
  let server, browser, page_url;

  before(async () => {
    server = await startServer();
    browser = await launch(server);
    page_url = `${server.url}/m/intake/demo.html`;
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  beforeEach(() => {
    browser.faults.length = 0;
  });
  afterEach(() => assert.deepEqual(browser.faults, []));

  async function open(options, address = page_url) {
    const { page } = await browser.person(options);
    await page.goto(address);
    return page;
  }

  /** The lead with this message, whoever of the managers has got it. */
  async function leadOf(message) {
    const managers = await Promise.all(['petrov', 'sidorova'].map((login) => server.as(login)));
    return until(async () => {
      for (const manager of managers) {
        const leads = await manager.list('sales.lead');
        const found = leads.find((lead) => lead.message?.startsWith(message));
        if (found) return found;
      }
    }, `a lead «${message}»`);
  }

  it('sends a request without leaving the page, with the marks of its advertisement', async () => {
    const page = await open({}, `${page_url}?utm_source=yandex`);
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
    await page.context().close();
  });

  it('advises about a short phone and takes the request all the same', async () => {
    const page = await open({ size: PHONE });
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
    const page = await open({ js: false });
    const typed = { '#f-phone': '+7 495 111-22-33', '#f-message': 'Без скриптов' };
    for (const [field, text] of Object.entries(typed)) {
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
});
