// The page of the API reference: what this server offers to who looks, found by a word, with requests to
// copy; clean for axe in each language, theme and device, and its code loaded nowhere else.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, looks } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealerOf } from '../harness/tz.mjs';

const SHOTS = process.env.KARKAS_SHOTS;

let server, browser, head;

before(async () => {
  server = await startServer(dealerOf('petrov'));
  browser = await launch(server);
  head = await browser.person();
  await head.login('ivanova', await server.invite('ivanova'));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(person, at = '') {
  await person.page.goto(`/x/api${at}`);
  await person.page.locator('crm-reference h2').first().waitFor();
  return person.page;
}

describe('the page of the API reference', () => {
  it('shows the fields and the actions of an entity, and a request to copy', async () => {
    const page = await open(head, '?part=sales.deal');
    const field = page.locator('.ref-table tr', { has: page.locator('code', { hasText: /^amount$/ }) }).first();
    assert.match(await field.innerText(), /money[\s\S]*gte/);
    const create = page.locator('details[data-op="sales.deal.create"]');
    await create.locator('summary').click();
    assert.match(await create.locator('pre').innerText(), /^curl 'https:.*\/api\/v1\/sales\.deal' \\\n {2}-X POST/);
    await create.getByRole('button', { name: 'fetch' }).click();
    await head.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await create.locator('[data-action=copy]').click();
    await page.locator('.toast').first().waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^const reply = await fetch\('\/api\/v1\/sales\.deal', \{/);
  });

  it('asks a read with the session of who looks, and shows the answer and the refusal', async () => {
    const page = await open(head, '?part=user&op=user.list');
    const list = page.locator('details[data-op="user.list"]');
    await list.locator('[data-action=try]').click();
    await list.locator('[role=status]', { hasText: '200 OK' }).waitFor();
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/reference-try.png` });
    assert.match(await list.locator('crm-try pre').innerText(), /^\{\n {2}"rows": \[/);
    assert.deepEqual(await head.axe(), []);
    await list.locator('.ref-try input').fill('/api/v1/user?nosuch=1');
    await page.keyboard.press('Enter');
    await list.locator('[role=status]', { hasText: '422' }).waitFor();
    assert.match(await list.locator('crm-try pre').innerText(), /"code": "unknown_field"/);
    assert.equal(await page.locator('details[data-op="user.create"] crm-try').count(), 0);
    await list.locator('[data-link]').click();
    assert.match(page.url(), /part=user&op=user\.list$/);
  });

  it('finds actions and fields, and leads to them', async () => {
    const page = await open(head);
    await page.fill('.ref-find input', 'deal истори');
    const hit = page.locator('.ref-hits a', { hasText: '/api/v1/sales.deal/{id}/history' });
    await hit.click();
    await page.locator('details[data-op="sales.deal.history"][open]').waitFor();
    assert.match(page.url(), /part=sales\.deal&op=sales\.deal\.history$/);
    await page.fill('.ref-find input', 'ничего такого нет');
    await page.locator('.ref-body', { hasText: 'Ничего не найдено' }).waitFor();
  });

  it('explains every code of a refusal', async () => {
    const page = await open(head, '?part=errors');
    const row = page.locator('.ref-table tr', { has: page.locator('code', { hasText: /^stale$/ }) });
    assert.match(await row.innerText(), /412[\s\S]*Запись уже изменили/);
  });

  it('speaks the language of the interface at once', async () => {
    const other = await browser.person({ as: head });
    const page = await open(other, '?part=search');
    await page.getByRole('button', { name: /Иванова/ }).click();
    await page.locator('[data-lang-set=en]:visible').click();
    await page.locator('crm-reference h1', { hasText: 'API reference' }).waitFor();
    await page.locator('.ref-nav', { hasText: 'Getting started' }).waitFor();
    await page.locator('[data-lang-set=ru]:visible').click();
    await other.close();
  });

  it('loads its code only when it is opened', async () => {
    const other = await browser.person({ as: head });
    const loaded = [];
    other.page.on('request', (r) => loaded.push(new URL(r.url()).pathname));
    await other.page.goto('/');
    await other.page.locator('crm-shell .nav').waitFor();
    assert.deepEqual(loaded.filter((p) => /reference|openapi|\/page-/.test(p)), []);
    await open(other);
    assert.ok(['/ui/page-', '/ui/reference-'].every((start) => loaded.some((p) => p.startsWith(start))), loaded.join());
    await other.close();
  });

  for (const { lang, scheme, size } of looks(3))
    it(`is accessible and fits: ${lang}, ${scheme}, ${size.width} wide`, async () => {
      const other = await browser.person({ as: head, lang, scheme, size });
      for (const [name, at] of [['start', ''], ['part', '?part=sales.deal&op=sales.deal.update'], ['errors', '?part=errors']]) {
        const page = await open(other, at);
        if (SHOTS) await page.screenshot({ path: `${SHOTS}/reference-${name}-${lang}-${scheme}-${size.width}.png` });
        assert.deepEqual(await other.axe(), [], name);
        assert.ok(await other.fits(), `${name} sticks out`);
      }
      await other.close();
    });

  it('breaks no policy and leaves the origin nowhere', () => assert.deepEqual(browser.faults, []));
});
