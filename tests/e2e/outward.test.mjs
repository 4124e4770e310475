// The two settings pages for other systems, on a real server: API tokens and webhooks. What is made by hand works,
// is shown once, and says in words what came of it; each is read by axe on the desk and the phone.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { NEW_PASSWORD, launch, looks } from '../harness/browser.mjs';
import { Receiver } from '../harness/receiver.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const tz = dealer.replace(
  'roles:\n',
  `services:
  exchange: {title: Обмен с сайтом, roles: [exchange]}
outgoing: {private: [127.0.0.1]}
roles:
  exchange: {title: Обмен, rights: {sales.lead: {read: all}}}
`,
);

describe('settings for other systems', () => {
  let server, browser, receiver, page, head;

  before(async () => {
    receiver = await new Receiver().start();
    server = await startServer({ tz });
    browser = await launch(server);
    head = await browser.person();
    await head.login('ivanova', await server.invite('ivanova'));
    page = head.page;
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await receiver?.stop();
  });

  const get = (token, path) => {
    const program = server.client();
    program.bearer = token;
    return program.get(path);
  };

  it('a token is made, shown once, works as its user, and is revoked', async () => {
    await page.goto('/settings/tokens');
    await page.getByText('Токенов пока нет').waitFor();
    await page.click('[data-action=new]');
    await page.click('[data-action=make]');
    await page.locator('[data-field=token-name].is-invalid').waitFor();
    await page.fill('#token-name', 'Обмен с 1С');
    await page.selectOption('#token-user', { label: 'Обмен с сайтом' });
    await page.check('#token-only');
    await page.check('[id="token-entities-sales.lead"]');
    await page.click('[data-action=make]');
    const token = await page.inputValue('#token-text');
    assert.match(token, /^krk_[a-z0-9]{12}_[A-Za-z0-9_-]{43}$/);
    assert.equal((await get(token, '/api/v1/sales.lead')).status, 200);
    assert.equal((await get(token, '/api/v1/contacts.person')).status, 404);
    await page.getByRole('button', { name: 'Готово' }).click();
    await page.reload();
    const row = page.locator('li[data-id]');
    await row.getByText('Обмен с 1С').waitFor();
    assert.ok(!(await page.content()).includes(token), 'it is not shown again');
    await row.locator('[data-action=revoke]').click();
    await page.click('[data-yes]');
    await page.getByText('Токенов пока нет').waitFor();
    assert.equal((await get(token, '/api/v1/sales.lead')).status, 401);
    await server.command('token', 'make', 'exchange', 'Выгрузка', 'entities=sales.lead', 'days=30');
  });

  it('a webhook is made, tested, and its journal tells what was answered', async () => {
    await page.goto('/settings/webhooks');
    await page.click('[data-action=new]');
    assert.equal(await page.locator('input[id^=webhook-on]:checked').count(), 3, 'all changes at first');
    await page.fill('#webhook-name', 'Заявки на сайт');
    await page.fill('#webhook-url', 'ftp://site');
    await page.click('[data-action=save]');
    await page.locator('[data-field=webhook-url].is-invalid').waitFor();
    await page.fill('#webhook-url', receiver.url);
    await page.selectOption('#webhook-entity', 'sales.lead');
    await page.click('[data-action=save]');
    const secret = await page.inputValue('#webhook-secret');
    receiver.secrets = [secret];
    await page.getByRole('button', { name: 'Готово' }).click();
    await page.click('[data-action=test]');
    await page.locator('[data-delivery]').getByText('HTTP 200').waitFor();
    assert.ok(receiver.got[0].isSigned);
    receiver.answer = () => ({ status: 500, body: 'сломано' });
    await page.click('[data-action=test]');
    const failed = page.locator('[data-delivery]', { hasText: 'HTTP 500' });
    await failed.waitFor();
    await failed.locator('[data-action=look]').click();
    await failed.getByText('сломано').waitFor();
    receiver.answer = () => ({ status: 200 });
    const before = receiver.got.length;
    await failed.locator('[data-action=again]').click();
    await until(() => receiver.got.length > before, 'the delivery again');
    await page.click('[data-action=pause]');
    await page.locator('li[data-state=paused]').waitFor();
    await page.click('[data-action=resume]');
    await page.locator('li[data-state=active]').waitFor();
  });

  const change = async (body) => {
    const admin = server.client();
    await admin.login('ivanova', NEW_PASSWORD);
    const [{ id }] = (await admin.get('/api/v1/webhooks', { expect: 200 })).json.rows;
    if (body) await admin.patch(`/api/v1/webhooks/${id}`, body, { expect: 200 });
    return (await admin.get(`/api/v1/webhooks/${id}`, { expect: 200 })).json;
  };
  const shoot = async (name) => process.env.SHOTS && page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });

  it('a webhook takes a condition, chosen fields and who is told of failures', async () => {
    await page.goto('/settings/webhooks');
    await page.click('[data-action=edit]');
    const dialog = page.locator('dialog[open]');
    await dialog.locator('.webhook-fields summary').click();
    await dialog.locator('#webhook-field-city').check();
    await dialog.locator('[data-action=cond-add]').click();
    await dialog.locator('[data-cond=field]').selectOption('source');
    await dialog.locator('.cond-part input[type=checkbox]').first().check();
    await dialog.locator('[data-action=cond-add]').click();
    await dialog.locator('[data-cond=field]').nth(1).selectOption('city');
    await dialog.locator('[data-cond=op]').nth(1).selectOption('starts');
    await dialog.locator('.cond-part').nth(1).locator('input').fill('Мос');
    await dialog.locator('#webhook-owner').fill('Петров');
    await dialog.locator('[data-field=webhook-owner] [role=option]', { hasText: 'Петров' }).click();
    await shoot('webhook-condition');
    assert.deepEqual(await head.axe(), []);
    await dialog.locator('[data-action=save]').click();
    await dialog.waitFor({ state: 'detached' });
    const now = await change();
    assert.deepEqual(now.fields, ['city']);
    assert.equal(now.where[0], 'and');
    assert.equal(now.where[1][0], 'source');
    assert.deepEqual(now.where[2], ['city', 'starts', 'Мос']);
    assert.match(now.owner.label, /Петров/);
    await page.click('[data-action=edit]');
    assert.equal(await page.locator('.cond-part').count(), 2);
    assert.equal(await page.locator('.cond-part').nth(1).locator('input').inputValue(), 'Мос');
    await page.keyboard.press('Escape');
  });

  it('tells of a change that somebody else made meanwhile, and loses neither', async () => {
    await page.click('[data-action=edit]');
    await page.fill('#webhook-name', 'Моё название');
    await change({ on: ['created'], title: 'Чужое', name: 'Чужое' });
    await page.click('[data-action=save]');
    const bar = page.locator('[data-conflict]');
    await bar.waitFor();
    await bar.locator('[data-action=theirs]').click();
    assert.match(await bar.locator('[data-theirs=on]').innerText(), /создано, изменено, удалено → создано/);
    assert.match(await bar.locator('[data-theirs=name]').innerText(), /→ Чужое\s+у вас: Моё название/);
    await shoot('webhook-conflict');
    assert.deepEqual(await head.axe(), []);
    await bar.locator('[data-action=keep]').click();
    await page.locator('dialog[open]').waitFor({ state: 'detached' });
    const now = await change();
    assert.deepEqual([now.name, now.on], ['Моё название', ['created']]);
  });

  for (const { size, scheme, lang } of looks(2))
    it(`is read by axe and fits: ${size.width} ${scheme} ${lang}`, async () => {
      const person = await browser.person({ size, scheme, lang, as: head });
      for (const name of ['tokens', 'webhooks']) {
        await person.page.goto(`/settings/${name}`);
        await person.page.locator('.list h1').waitFor();
        await person.page.locator('.skeleton').waitFor({ state: 'detached' });
        const journal = person.page.locator('[data-action=journal]');
        if (await journal.count()) {
          await journal.first().click();
          await person.page.locator('[data-delivery]').first().waitFor();
        }
        assert.deepEqual(await person.axe(), [], name);
        assert.ok(await person.fits(), name);
        if (process.env.SHOTS) await person.page.screenshot({ path: `${process.env.SHOTS}/${name}-${size.width}-${scheme}.png` });
        await person.page.click('[data-action=new]');
        await person.page.locator('dialog[open]').waitFor();
        assert.deepEqual(await person.axe(), [], `${name}: the dialog`);
        if (process.env.SHOTS) await person.page.screenshot({ path: `${process.env.SHOTS}/${name}-new-${size.width}-${scheme}.png` });
      }
      await person.close();
    });

  it('who may not set up the system sees no way there, and no page', async () => {
    const manager = await browser.person();
    await manager.login('petrov', await server.invite('petrov'));
    await manager.page.click('.side-foot button.me');
    await manager.page.getByRole('button', { name: 'Выйти' }).waitFor();
    assert.equal(await manager.page.locator('a[href="/settings/webhooks"], a[href="/settings/tokens"]').count(), 0);
    await manager.page.goto('/settings/webhooks');
    await manager.page.locator('crm-webhooks').waitFor({ state: 'detached' });
    await manager.close();
  });

  it('nothing violated the policy or left the origin', () => assert.deepEqual(browser.faults, []));
});
