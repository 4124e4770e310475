// The timeline of a record and its field for notes: in Chromium against the fixture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { users } from '../fixture/data.mjs';
import { NOTES } from '../fixture/timeline.mjs';
import { PHONE } from './browser.mjs';
import { fixture, refit, scene, until, visit } from './scene.mjs';

scene();

const LEAD = '/e/sales.lead/44';
const DAY = 86400000;
const [me, other] = users;
const ago = (ms) => new Date(Date.now() - ms).toISOString();
const notes = () => fixture.data[NOTES].filter((row) => !row.deleted_at);
const text = (page) => page.getByLabel('Текст заметки');
const texts = (page) => page.locator('.feed .event-body').allInnerTexts();

async function scenery(options) {
  await refit({ timeline: true });
  fixture.timeline.add(44, 'Вчерашняя', other, { at: ago(2 * DAY) });
  return visit({ path: LEAD, ...options });
}

async function shown(page, ...wanted) {
  await until(async () => JSON.stringify(await texts(page)) === JSON.stringify(wanted));
}

test('a page shows what happened by day, and the history beside it', async () => {
  const page = await scenery();
  fixture.update('sales.lead', 44, { stage: 'work', city: 'Пермь' });
  await page.locator('.event[data-kind=stage]').getByText('Город').waitFor();
  await page.locator('.event[data-kind=note]').getByText('Вчерашняя').waitFor();
  const days = await page.locator('.feed .day').allInnerTexts();
  assert.equal(days[0], 'Сегодня');
  assert.equal(new Set(days).size, days.length, 'each day once');
  await page.getByRole('tab', { name: 'История' }).click();
  await page.locator('crm-history .event').first().waitFor();
  assert.equal(await page.locator('crm-timeline').count(), 0);
});

test('a note is written with Ctrl+Enter and stands first', async () => {
  const page = await scenery();
  await text(page).waitFor();
  await page.keyboard.press('m');
  assert.ok(await text(page).evaluate((field) => field === document.activeElement), 'M leads to the field');
  await page.keyboard.type('Просят скидку');
  await page.keyboard.press('Control+Enter');
  await shown(page, 'Просят скидку', 'Вчерашняя');
  assert.equal(await text(page).inputValue(), '');
  assert.equal(notes().length, 2);
});

test('M leads to the field for a note from any part of a card, in a layer and on a page', async () => {
  const page = await scenery({ path: '/e/sales.lead?view=all' });
  await page.click('tr[data-id="44"] .row-link');
  await page.locator('crm-drawer .prop').first().waitFor();
  await page.keyboard.press('m');
  await until(() => text(page).evaluate((field) => field === document.activeElement).catch(() => false));
  assert.equal(await page.locator('#tab-timeline').getAttribute('aria-selected'), 'true');
  await page.keyboard.type('Из списка');
  assert.equal(await text(page).inputValue(), 'Из списка', 'the letter that opened it is not in it');
  await page.goto(`${fixture.url}${LEAD}`);
  await page.getByRole('tab', { name: 'История' }).click();
  await page.keyboard.press('m');
  await until(() => text(page).evaluate((field) => field === document.activeElement).catch(() => false));
});

test('what others write comes by itself, and nothing is written twice by who presses twice', async () => {
  const page = await scenery();
  await shown(page, 'Вчерашняя');
  fixture.timeline.add(44, 'Только что', other);
  fixture.timeline.add(43, 'О другой заявке', other);
  await shown(page, 'Только что', 'Вчерашняя');
  await text(page).fill('Раз');
  await Promise.all([page.keyboard.press('Control+Enter'), page.keyboard.press('Control+Enter')]);
  await shown(page, 'Раз', 'Только что', 'Вчерашняя');
  assert.equal(notes().filter((row) => row.text === 'Раз').length, 1);
});

test('a draft outlives a reload and an answer that was lost, and is sent once', async () => {
  const page = await scenery();
  await text(page).fill('Не потерять');
  await page.reload();
  assert.equal(await text(page).inputValue(), 'Не потерять');
  await page.route('**/api/v1/sales.lead_notes', async (route) => {
    await route.fetch(); // it is written, and nobody learns of it
    await route.abort();
  });
  await page.locator('[data-action=send]').click();
  await page.getByRole('alert').getByText('Нет связи').waitFor();
  assert.equal(await text(page).inputValue(), 'Не потерять');
  await page.unroute('**/api/v1/sales.lead_notes');
  await page.reload();
  await text(page).waitFor();
  await page.locator('[data-action=send]').click();
  await until(async () => (await text(page).inputValue()) === '');
  assert.equal(notes().filter((row) => row.text === 'Не потерять').length, 1, 'the same note');
});

test('@ finds colleagues by the keyboard, and who may not read the record is named', async () => {
  const page = await scenery();
  await text(page).click();
  await page.keyboard.type('Спросить @иг');
  const options = page.locator('.mentions [role=option]');
  await options.getByText('Игорь Гущин').waitFor();
  await page.keyboard.press('Enter');
  assert.equal(await text(page).inputValue(), 'Спросить @Игорь Гущин ');
  await page.keyboard.type('и @Ел');
  await options.getByText('Елена Дёмина').waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Control+Enter');
  await page.locator('.toast', { hasText: 'Не видит эту запись и не извещён: Елена Дёмина' }).waitFor();
  const [note] = notes().slice(-1);
  assert.deepEqual(note.mentions.map((m) => m.id), [8, 11]);
  assert.deepEqual(await page.locator('.event .mention').allInnerTexts(), ['@Игорь Гущин', '@Елена Дёмина']);
});

test('Escape closes the list of colleagues and keeps what was typed', async () => {
  const page = await scenery();
  await text(page).click();
  await page.keyboard.type('@а');
  await page.locator('.mentions:popover-open [role=option]').first().waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.mentions:popover-open').waitFor({ state: 'detached' });
  assert.equal(await text(page).inputValue(), '@а');
  assert.match(page.url(), /44$/);
});

test('a deleted note is brought back by the message', async () => {
  const page = await scenery();
  fixture.timeline.add(44, 'Моя', me);
  await shown(page, 'Моя', 'Вчерашняя');
  await page.locator('.event', { hasText: 'Моя' }).hover();
  await page.locator('.event', { hasText: 'Моя' }).locator('[data-action=remove]').click();
  await shown(page, 'Вчерашняя');
  await page.locator('.toast', { hasText: 'Заметка в корзине' }).getByRole('button', { name: 'Отменить' }).click();
  await shown(page, 'Моя', 'Вчерашняя');
  assert.equal(await page.locator('.event', { hasText: 'Вчерашняя' }).locator('[data-action=remove]').count(), 0, 'of others not');
});

test('a note is changed where it stands, and pinned above', async () => {
  const page = await scenery();
  fixture.timeline.add(44, 'Моя', me);
  const mine = page.locator('.event[data-kind=note]').first();
  await mine.getByText('Моя').waitFor();
  await mine.hover();
  await mine.locator('[data-action=edit]').click();
  await mine.locator('textarea').fill('Моя, набело');
  await page.keyboard.press('Control+Enter');
  await shown(page, 'Моя, набело', 'Вчерашняя');
  await mine.getByText('изменена').waitFor();
  await mine.hover();
  await mine.locator('[data-action=pin]').click();
  await page.locator('.pinned').getByText('Моя, набело').waitFor();
});

test('kinds are chosen, and what is not there says so', async () => {
  const page = await scenery();
  await shown(page, 'Вчерашняя');
  await page.locator('.kinds').getByRole('button', { name: 'Изменения' }).click();
  await page.locator('.event[data-kind=change]').first().waitFor();
  assert.equal(await page.locator('.event[data-kind=note]').count(), 0);
  await page.locator('.kinds').getByRole('button', { name: 'Стадии' }).click();
  await page.getByText('Ничего такого пока не было').waitFor();
  await page.locator('[data-action=all]').click();
  await shown(page, 'Вчерашняя');
});

test('older items follow page by page', async () => {
  await refit({ timeline: true });
  for (let i = 0; i < 35; i += 1) fixture.timeline.add(44, `Заметка ${i}`, other, { at: ago((40 - i) * 60000) });
  const page = await visit({ path: LEAD });
  await page.locator('[data-action=more]').click();
  await page.locator('.event', { hasText: 'Заметка 0' }).waitFor();
  assert.equal((await texts(page)).length, 35);
  fixture.timeline.add(44, 'Новая', other);
  await until(async () => (await texts(page))[0] === 'Новая');
  assert.equal((await texts(page)).length, 36, 'what was read before stays');
});

test('a failure is said and can be tried again', async () => {
  await refit({ timeline: true });
  fixture.timeline.broken = 1;
  const page = await visit({ path: LEAD });
  await page.locator('crm-timeline').getByRole('button', { name: 'Повторить' }).click();
  await page.locator('.event').first().waitFor();
});

test('on a phone the field stays at the bottom, and a colleague is picked by touch', async () => {
  const page = await scenery({ size: PHONE });
  await page.getByRole('tab', { name: 'Лента' }).tap();
  const field = text(page);
  await field.waitFor();
  const box = await page.locator('.composer').boundingBox();
  assert.ok(box.y + box.height <= PHONE.height, 'in sight');
  await page.locator('[data-action=mention]').tap();
  await page.locator('.mentions [role=option]', { hasText: 'Игорь Гущин' }).tap();
  assert.match(await field.inputValue(), /^@Игорь Гущин $/);
  await page.locator('[data-action=send]').tap();
  await page.locator('.event .mention').first().waitFor();
  assert.deepEqual(notes().at(-1).mentions.map((m) => m.id), [8]);
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= screen, `${wide} of ${screen}`);
});
