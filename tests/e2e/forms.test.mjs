// A form on a page of another site, drawn by the script that the ТЗ's documentation gives, and the page on which a person
// lets go on what the guards held back.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { launch } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const CONSENT = 'Согласен, чтобы мне перезвонили';
let server, browser, shop, head, site;

before(async () => {
  shop = http.createServer((request, reply) => {
    reply.setHeader('content-type', 'text/html; charset=utf-8');
    reply.end(`<!doctype html><html lang="ru"><title>Магазин</title><h1>Лопаты</h1>
      <script src="${server.url}/m/intake/form.js" data-form="shop" data-dialled="8 800 555-35-35" async></script></html>`);
  });
  shop.listen(0, '127.0.0.1');
  await once(shop, 'listening');
  site = `http://127.0.0.1:${shop.address().port}`;
  const forms = `  shop: {type: webform, title: Магазин, creates: sales.lead, source: site, sites: ["${site}"], seconds: 0, consent: "${CONSENT}"}\nrules:`;
  server = await startServer({ tz: dealer.replace('rules:', forms) });
  head = await server.as('ivanova');
  browser = await launch(server);
});
after(async () => {
  shop?.close();
  await browser?.close();
  await server?.stop();
});

const lead = (q) => until(async () => (await head.list('sales.lead', `q=${encodeURIComponent(q)}`))[0], `the lead of ${q}`);

describe('a form on a page of another site', () => {
  let context, page;

  before(async () => {
    context = await browser.chrome.newContext({ locale: 'ru-RU' });
    page = await context.newPage();
    await page.goto(`${site}/?utm_source=yandex&utm_campaign=vesna`);
    await page.goto(`${site}/lopaty`); // the marks of the visit stay
    await page.locator('.karkas-form').waitFor();
  });
  after(() => context.close());

  it('is drawn with its fields and consent, and sends what was typed with where it came from', async () => {
    await page.fill('[name=name]', 'Лопаткин');
    await page.fill('[name=phone]', '8 (916) 123-99-20');
    await page.fill('[name=message]', 'Нужна лопата');
    await page.check('[name=consent]');
    await page.click('.karkas-form button');
    await page.locator('.karkas-sent').waitFor();
    const made = await lead('Лопаткин');
    assert.deepEqual([made.phone, made.message, made.utm_source, made.utm_campaign, made.dialled], [['+79161239920'], 'Нужна лопата', 'yandex', 'vesna', '8 800 555-35-35']);
    assert.equal(made.page, `${site}/lopaty`);
    assert.match(made.consent, new RegExp(`^Дано[^]*${CONSENT}`));
  });

  it('hides its trap from people and from who hears the page', async () => {
    await page.reload();
    const trap = page.locator('[name=karkas_website]');
    await trap.waitFor({ state: 'attached' });
    const box = await trap.boundingBox();
    assert.ok(box.x < -1000, JSON.stringify(box));
    assert.equal(await page.locator('[aria-hidden=true] [name=karkas_website][tabindex="-1"]').count(), 1);
  });

  it('keeps what was typed when it cannot be sent, and says so', async () => {
    await page.fill('[name=name]', 'Оборвышев');
    await page.fill('[name=phone]', '8 916 123-99-21');
    await page.check('[name=consent]');
    await context.route('**/hook/shop', (route) => route.abort());
    await page.click('.karkas-form button');
    await page.locator('.karkas-alert:not([hidden])').waitFor();
    assert.equal(await page.inputValue('[name=name]'), 'Оборвышев');
    await context.unroute('**/hook/shop');
    await page.click('.karkas-form button');
    await page.locator('.karkas-sent').waitFor();
    await lead('Оборвышев');
  });

  it('says that it is not there where the site is none of the form’s', async () => {
    const other = await context.newPage();
    await other.goto(site.replace('127.0.0.1', 'localhost'));
    await other.locator('.karkas-alert').waitFor();
    assert.equal(await other.locator('form').count(), 0);
    await other.close();
  });
});

describe('the requests held back', () => {
  it('are read field by field and let go on', async () => {
    const visitor = server.client();
    for (const name of ['Задержанный', 'Роботов'])
      await visitor.post('/hook/shop', { name, phone: '+79161239922', message: 'Нужен кран', karkas_website: 'http://a.b' }, { expect: 202 });
    const person = await browser.person();
    await person.login('ivanova', await server.invite('ivanova'));
    const { page } = person;
    await until(async () => {
      await page.goto('/settings/requests');
      await page.locator('.batch, .empty').first().waitFor();
      return (await page.locator('.batch').count()) === 2;
    }, 'both are held back');
    const row = page.locator('.batch', { hasText: 'Задержанный' });
    assert.match(await row.innerText(), /Заполнено невидимое поле[^]*message: Нужен кран/);
    assert.deepEqual(await person.axe(), []);
    await row.locator('[data-action=release]').click();
    await row.waitFor({ state: 'detached' });
    assert.equal(await page.locator('.batch').count(), 1);
    await page.goto(`/e/sales.lead?q=${encodeURIComponent('Задержанный')}`);
    await page.locator('[data-id]').first().waitFor();
    await person.context.close();
  });
});
