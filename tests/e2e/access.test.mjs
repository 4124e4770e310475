// Every screen of the skeleton as axe sees it (WCAG 2.2 AA and best practice): once, each pair of language,
// theme and device on some screen, all combinations on all with FULL=1. No screen may violate the policy,
// leave the origin or stick out to the side.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, looks } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealerOf } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

let server, browser, manager, lead;

before(async () => {
  server = await startServer(dealerOf('petrov'));
  browser = await launch(server);
  const visitor = server.client();
  for (const [name, phone, message] of [
    ['Иван Петров', '8 (916) 123-45-67', 'Нужен экскаватор 22 т'],
    ['Пётр', '123-4', 'Аренда крана на неделю'],
  ])
    await visitor.post('/hook/site', { name, phone, message, consent: 'yes' }, { expect: 202 });
  const client = await server.as('petrov');
  lead = await until(async () => {
    const [found] = await client.list('sales.lead', 'q=экскаватор');
    return found?.contact && found;
  }, 'the lead with its contact');
  manager = await browser.person();
  await manager.login('petrov', await server.invite('petrov'));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const shown = (selector) => (page) => page.locator(selector).first().waitFor();

const SCREENS = {
  login: { path: '/login', visitor: true, ready: shown('#login') },
  'a refused login': {
    path: '/login', visitor: true, ready: shown('#login'),
    act: async (page) => {
      await page.fill('#login', 'nobody');
      await page.fill('#password', 'nothing');
      await page.keyboard.press('Enter');
      await page.locator('[role=alert] .note-bar').waitFor();
    },
  },
  'the start screen': { path: '/', ready: shown('li[data-entity="tasks.task"]') },
  'the list of leads': { path: '/e/sales.lead', ready: shown('[data-id]') },
  'a lead': { path: () => `/e/sales.lead/${lead.id}`, ready: shown('.prop') },
  'a lead with errors': {
    path: () => `/e/sales.lead/${lead.id}`, ready: shown('.prop'),
    act: async (page) => {
      await page.locator('.block-head button').first().click();
      await page.locator('.field[data-field=email] input').fill('нет');
      await page.locator('[data-action=save]').click();
      await page.locator('.field[data-field=email].is-invalid').waitFor();
    },
  },
  notices: { path: '/settings/notices', ready: shown('.notice') },
  'the demo page': { path: '/m/intake/demo.html', visitor: true, ready: shown('#form') },
  'the demo page, sent': {
    path: '/m/intake/demo.html#sent',
    visitor: true,
    ready: shown('#sent'),
  },
};

async function look(screen, variant) {
  browser.faults.length = 0;
  const person = await browser.person({
    ...variant,
    as: screen.visitor ? undefined : manager,
  });
  try {
    await person.page.goto(typeof screen.path === 'function' ? screen.path() : screen.path);
    await screen.ready(person.page);
    await screen.act?.(person.page);
    return { axe: await person.axe(), fits: await person.fits(), faults: [...browser.faults] };
  } finally {
    await person.close();
  }
}

for (const [index, [name, screen]] of Object.entries(SCREENS).entries())
  describe(name, () => {
    for (const variant of looks(index))
      it(`is in order: ${variant.size.width} ${variant.scheme} ${variant.lang}`, async () => {
        assert.deepEqual(await look(screen, variant), { axe: [], fits: true, faults: [] });
      });
  });
