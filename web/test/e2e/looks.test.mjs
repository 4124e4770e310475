// What is seen and touched: marks of controls, yes or no in lists, places big enough for a finger.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE } from './browser.mjs';
import { menu } from '../fixture/data.mjs';
import { fixture, scene, visit } from './scene.mjs';

scene();

const TOUCH = 44;

/** A finger on the middle of it, whatever lies over it. */
async function tap(page, locator) {
  const { x, y, width, height } = await locator.boundingBox();
  await page.touchscreen.tap(x + width / 2, y + height / 2);
}

async function isTouchable(locator) {
  const { width, height } = await locator.boundingBox();
  assert.ok(width >= TOUCH && height >= TOUCH, `${width}×${height}`);
}

test('one of many is marked by a dot, not by a tick, also in forced colours', async () => {
  const page = await visit({ path: '/e/sales.lead/import' });
  await page.setInputFiles('#import-file', { name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from('a;b') });
  const radio = page.locator('input[type=radio]:checked').first();
  await radio.waitFor();
  const look = () =>
    radio.evaluate((input) => {
      const mark = getComputedStyle(input, '::after');
      return { round: mark.borderTopLeftRadius, sides: mark.borderTopWidth === mark.borderRightWidth, color: mark.borderTopColor, ground: getComputedStyle(input).backgroundColor };
    });
  for (const media of [{ colorScheme: 'light' }, { colorScheme: 'dark' }, { forcedColors: 'active' }]) {
    await page.emulateMedia(media);
    const { round, sides, color, ground } = await look();
    assert.equal(round, '50%');
    assert.ok(sides, 'a tick has two sides of four');
    assert.notEqual(color, ground, JSON.stringify(media));
  }
});

test('a list writes out what is so; what is not so is a dash that is read as no', async () => {
  fixture.find('tasks.task', 4).done = true;
  const page = await visit({ path: '/e/tasks.task?view=all' });
  const cell = (id) => page.locator(`tr[data-id="${id}"] td[data-field=done]`);
  await cell(4).getByText('Да').waitFor();
  const no = cell(3);
  assert.equal((await no.locator('[aria-hidden=true]').innerText()).trim(), '—');
  const { width } = await no.getByText('Нет').boundingBox();
  assert.ok(width <= 1, 'the word is there for screen readers only');
});

test('on a phone a line under a title names what is so and leaves out what is not', async () => {
  fixture.find('tasks.task', 4).done = true;
  const page = await visit({ path: '/e/tasks.task?view=all', size: PHONE });
  await page.locator('li[data-id="4"]').getByText('Готово').waitFor();
  assert.equal(await page.locator('.cards').getByText('Нет', { exact: true }).count(), 0);
});

test('on a phone numbers and addresses of a card are big enough for a finger', async () => {
  fixture.update('sales.lead', 46, { phone: ['+79225551000', '+79225551001'], email: 'zakaz@example.ru' });
  const page = await visit({ path: '/e/sales.lead/46', size: PHONE });
  const numbers = page.locator('.prop[data-field=phone] a');
  await numbers.first().waitFor();
  assert.equal(await numbers.first().getAttribute('href'), 'tel:+79225551000');
  for (const one of await numbers.all()) await isTouchable(one);
  await isTouchable(page.locator('.prop[data-field=email] a'));
  const [first, second] = await Promise.all((await numbers.all()).map((one) => one.boundingBox()));
  assert.ok(second.y >= first.y + first.height || second.x >= first.x + first.width, 'neither covers the other');
});

test('on the start screen of a phone a touch of a title or its number leads to the list', async () => {
  const page = await visit({ path: '/', size: PHONE });
  const head = page.locator('.today-aside .sect').first();
  await isTouchable(head);
  await tap(page, head.locator('.count'));
  await page.waitForURL(/\/e\/sales\.lead\?view=fresh/);
  await page.goBack();
  const groups = page.locator('[data-group] .sect');
  await groups.first().waitFor();
  for (const one of await groups.all()) await isTouchable(one);
  const late = await page.locator('[data-group=overdue] .count').innerText();
  await tap(page, groups.first().locator('h2'));
  await page.waitForURL(/\/e\/tasks\.task\?view=mine&f\.due\.when=overdue/);
  await page.locator('[data-chip="due.when"]', { hasText: 'Срок: Просрочено' }).waitFor();
  await page.locator('h1 + .count', { hasText: new RegExp(`^${late}$`) }).waitFor();
});

test('the bar of a phone is full however few sections there are', async (t) => {
  const others = menu.splice(1);
  t.after(() => menu.push(...others));
  fixture.home = false;
  const page = await visit({ path: '/e/sales.lead', size: PHONE });
  const last = await page.locator('.tabbar > *').last().boundingBox();
  assert.ok((await page.locator('.tabbar > *').count()) < 5);
  assert.ok(last.x + last.width > PHONE.width - 8, `${last.x} + ${last.width}`);
});

test('what is due when is filtered by the names of the start screen', async () => {
  const page = await visit({ path: '/' });
  const count = async (part) => Number(await page.locator(`[data-group=${part}] .count`).innerText());
  const wanted = (await count('overdue')) + (await count('later'));
  await page.goto(`${fixture.url}/e/tasks.task`);
  await page.click('[data-action=filter]');
  await page.click('[data-filter=due]');
  await page.click('[data-value=overdue]');
  await page.click('[data-value=later]');
  await page.waitForURL(/f\.due\.when=overdue,later/);
  await page.locator('h1 + .count', { hasText: new RegExp(`^${wanted}$`) }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Убрать фильтр «Срок»' }).click();
  await page.waitForURL((url) => !url.search.includes('when'));
});

test('the start screen does not call a part whole of which it has read the beginning', async () => {
  const late = fixture.find('tasks.task', 1);
  for (let id = 100; id < 160; id += 1) fixture.data['tasks.task'].push({ ...late, id });
  const page = await visit({ path: '/' });
  await page.locator('[data-group=overdue] .count', { hasText: /^50\+$/ }).waitFor();
});

test('a long change is short at first, all of it is a press away, and of several values all are told', async () => {
  const long = 'Слово '.repeat(100);
  const fields = ['title', 'email', 'city', 'comment', 'amount', 'source', 'wish', 'urgent', 'contact', 'owner'];
  const values = { title: 'Кран', email: 'a@example.ru', city: 'Пермь', comment: long, amount: '5.00', source: 'avito' };
  fixture.update('sales.lead', 46, { ...values, wish: '2027-01-18', urgent: false, contact: { id: 2, label: 'Николай Жуков' }, owner: { id: 8, label: 'Игорь Гущин' } });
  fixture.update('sales.lead', 46, { phone: ['+79225551000', '+79225551001'] }, { id: 8, name: 'Я'.repeat(80) });
  const page = await visit({ path: '/e/sales.lead/46' });
  const [phones, change] = [page.locator('.event').first(), page.locator('.event').nth(1)];
  await phones.getByText('555-10-01').waitFor();
  const mid = page.locator('.deal-mid');
  assert.ok(await mid.evaluate((box) => box.scrollWidth <= box.clientWidth), 'a long name breaks');
  const lines = change.locator('.changes li');
  assert.equal(await lines.count(), 8);
  assert.ok((await change.locator('[data-field=comment]').innerText()).length < 400);
  await change.locator('[data-action=whole]').click();
  assert.equal(await lines.count(), fields.length);
  assert.ok((await change.locator('[data-field=comment]').innerText()).length > 590);
  await change.locator('[data-action=whole][aria-expanded=true]').click();
  assert.equal(await lines.count(), 8);
});
