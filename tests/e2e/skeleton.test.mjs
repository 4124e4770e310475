// The walking skeleton as people see it (S-01, S-08): a visitor's request on the site becomes
// a row on the screen of a manager, who opens it and works on. The whole way is real: Chromium,
// TLS, the example ТЗ.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { NEW_PASSWORD, PHONE, launch } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealerOf } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const REQUEST = { name: 'Иван Петров', phone: '8 (916) 123-45-67', message: 'Нужен экскаватор 22 т' };
const SHOWN_PHONE = /\+7\s916\s123-45-67/;

let server, browser, manager;

before(async () => {
  server = await startServer({ ...dealerOf('petrov'), keepsUrl: true });
  browser = await launch(server);
  manager = await browser.person();
  await manager.login('petrov', await server.invite('petrov'));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(() => {
  browser.faults.length = 0;
});
afterEach(() => assert.deepEqual(browser.faults, []));

/** Fills in the demo page as a visitor does; resolves when the page says that the request is accepted. */
async function ask(request, options) {
  const visitor = await browser.person(options);
  const { page } = visitor;
  await page.goto('/m/intake/demo.html');
  for (const [name, value] of Object.entries(request)) await page.fill(`#form [name=${name}]`, value);
  await page.check('#form [name=consent]');
  await page.click('#form [type=submit]');
  await page.locator('#sent').waitFor();
  await visitor.close();
}

const rowWith = (text) => manager.page.locator('tr[data-id]', { hasText: text });

async function openList() {
  await manager.page.goto('/e/sales.lead');
  await manager.page.locator('[data-view=open][aria-current]').waitFor();
}

describe('a request from the demo page', () => {
  it('S-01: appears in the open list of the manager who is looking at it', async () => {
    await openList();
    await manager.page.evaluate(() => (window.sameDocument = true));
    await ask(REQUEST);
    await rowWith(REQUEST.message).waitFor();
    assert.match(await rowWith(REQUEST.message).textContent(), SHOWN_PHONE);
    assert.equal(await manager.page.evaluate(() => window.sameDocument), true, 'without a reload');
    await manager.page.locator('[data-unread]').first().waitFor();
  });

  it('S-01 S-08: opens as a card with the contact and a call due in 15 minutes', async () => {
    await rowWith(REQUEST.message).getByRole('link').first().click();
    const card = manager.page.locator('dialog article.card');
    await card.locator('[data-field=contact]').getByText(REQUEST.name).waitFor();
    await card.locator('#tab-related').click();
    await card.getByText('Позвонить по заявке').waitFor();
    assert.match(await card.locator('.card-panel').textContent(), SHOWN_PHONE);
    const client = await server.as('ivanova');
    const [lead] = await client.list('sales.lead', 'q=экскаватор');
    const [task] = await client.list('tasks.task', `lead=${lead.id}`);
    assert.equal(task.kind, 'call');
    const minutes = (Date.parse(task.due) - Date.parse(lead.created_at)) / 60000;
    assert.ok(minutes >= 15 && minutes < 16, `due ${minutes} minutes after the request`);
    await card.locator('.card-panel time.timer').waitFor();
    await manager.page.goto(`/e/contacts.person/${lead.contact.id}`);
    const source = manager.page.locator('.prop[data-field=source]');
    await source.getByText('Сайт', { exact: true }).click();
    await manager.page.locator('.field[data-field=source] input').fill('телефон');
    await manager.page.keyboard.press('Control+Enter');
    await source.getByText('Телефон', { exact: true }).waitFor();
    assert.equal((await client.get(`/api/v1/contacts.person/${lead.contact.id}`)).json.source, 'phone');
  });

  it('is accepted without scripts too', async () => {
    await openList();
    await ask({ name: 'Ольга', phone: '+7 921 222-33-44', message: 'Каток тандемный' }, { js: false });
    await rowWith('Каток тандемный').waitFor();
  });

  it('with a wrong phone is kept as it was typed and marked', async () => {
    await openList();
    await ask({ name: 'Пётр', phone: '123-4', message: 'Аренда крана' });
    await rowWith('Аренда крана').getByText('123-4').waitFor();
  });
});

describe('a card', () => {
  let card;
  before(async () => {
    await openList();
    await rowWith(REQUEST.message).getByRole('link').first().click();
    card = manager.page.locator('dialog article.card');
  });

  it('saves a changed field, and shows the change in its history', async () => {
    await card.locator('.prop[data-field=city] dd').click();
    await card.locator('.field[data-field=city] input').fill('Казань');
    await card.locator('[data-action=save]').click();
    await card.locator('.prop[data-field=city]').getByText('Казань').waitFor();
    const [lead] = await (await server.as('ivanova')).list('sales.lead', 'q=экскаватор');
    assert.equal(lead.city, 'Казань');
    await card.locator('#tab-history').click();
    await card.locator('.card-panel').getByText('Казань').waitFor();
    await card.locator('#tab-fields').click();
  });

  it('shows a wrong value under its field and keeps everything typed', async () => {
    await manager.page.keyboard.press('e');
    await card.locator('.field[data-field=city] input').fill('Самара');
    await card.locator('.field[data-field=email] input').fill('не почта');
    await card.locator('[data-action=save]').click();
    await card.locator('.field[data-field=email].is-invalid .help').waitFor();
    assert.equal(await card.locator('.field[data-field=email] input').inputValue(), 'не почта');
    assert.equal(await card.locator('.field[data-field=city] input').inputValue(), 'Самара');
    await card.locator('.field[data-field=email] input').fill('petrov@client.example');
    await card.locator('[data-action=save]').click();
    await card.locator('.prop[data-field=email]').getByText('petrov@client.example').waitFor();
    await card.locator('.prop[data-field=city]').getByText('Самара').waitFor();
  });

  it('moves to the next stage', async () => {
    await card.locator('[data-move=work].next').click();
    await card.locator('[data-stage=work].is-now').waitFor();
  });
});

describe('the start screen', () => {
  it('counts down to the call and is done with one click', async () => {
    await manager.page.goto('/');
    const task = manager.page.locator('li[data-entity="tasks.task"]', { hasText: REQUEST.message });
    await task.getByText(/1[0-4]:\d\d/).waitFor();
    await task.getByRole('checkbox').check();
    await task.waitFor({ state: 'detached' });
  });

  it('leads from each of its parts to the list of just those tasks', async () => {
    const client = await server.as('ivanova');
    const [{ owner }] = await client.list('tasks.task', 'limit=1');
    for (const [title, away] of [['Просроченная', -7200000], ['Далёкая', 3 * 86400000]])
      await client.post('/api/v1/tasks.task', { title, kind: 'call', owner: owner.id, due: new Date(Date.now() + away).toISOString() }, { expect: 201 });
    await manager.page.goto('/');
    await manager.page.locator('[data-group=overdue] .sect a').click();
    await manager.page.locator('[data-chip="due.when"]', { hasText: 'Просрочено' }).waitFor();
    await rowWith('Просроченная').waitFor();
    assert.equal(await rowWith('Далёкая').count(), 0);
    await manager.page.click('[data-chip="due.when"] .chip-body');
    await manager.page.click('[data-value=later]');
    await rowWith('Далёкая').waitFor();
    await manager.page.click('[data-value=overdue]');
    await rowWith('Просроченная').waitFor({ state: 'detached' });
    await manager.page.click('[data-value=none]');
    await manager.page.waitForURL(/when=later,none/);
    await rowWith('Далёкая').waitFor();
  });
});

describe('signing in', () => {
  it('a one-time code works once and leads to a password of one’s own, and signing out ends it', async () => {
    const code = await server.invite('ivanova');
    const head = await browser.person({ size: PHONE });
    await head.login('ivanova', code);
    await head.close();
    const again = await browser.person();
    await again.page.goto('/login');
    await again.page.fill('#login', 'ivanova');
    await again.page.fill('#password', code);
    await again.page.keyboard.press('Enter');
    await again.page.getByRole('alert').getByText(/не подошли/).waitFor();
    await again.login('ivanova', NEW_PASSWORD);
    await again.page.goto('/e/sales.lead'); // a page that has written nothing yet
    await again.page.locator('.side-foot button.me').click();
    await again.page.getByRole('button', { name: 'Выйти' }).click();
    await again.page.getByRole('button', { name: 'Войти' }).waitFor();
    assert.equal((await again.context.cookies()).length, 0, 'the session is over');
    await again.close();
  });
});

describe('a server that dies and comes back', () => {
  it('the open list goes on by itself and has lost nothing', async () => {
    await openList();
    await server.kill();
    await manager.page.locator('.offline').waitFor();
    await server.start();
    await ask({ name: 'Вера', phone: '+7 900 111-22-33', message: 'Генератор 100 кВт' });
    await rowWith('Генератор 100 кВт').waitFor({ timeout: 30000 });
    await rowWith('Каток тандемный').waitFor();
    await until(async () => (await manager.page.locator('.offline').count()) === 0, 'the line is back');
  });
});
