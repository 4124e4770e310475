// The window that lists the keys: how it is opened and closed, and that it lists what works where one is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE } from './browser.mjs';
import { fixture, scene, until, visit } from './scene.mjs';

scene();

const LIST = '/e/sales.lead';
const BOARD = '/e/sales.lead?view=all&as=board';
const keys = (page) => page.locator('dialog.keys');
const isClosed = (page) => until(async () => (await keys(page).count()) === 0);
const sections = (page) => page.$$eval('[data-keys]', (all) => all.map((one) => one.dataset.keys));
const names = (page, where) => page.$$eval(`[data-keys=${where}] [data-key]`, (all) => all.map((one) => one.dataset.key));
const drawn = (page, where, what) =>
  page.$$eval(`[data-keys=${where}] [data-key=${what}] kbd`, (all) => all.map((one) => one.innerText));

/** A key as a layout sends it. */
const press = (page, init) =>
  page.evaluate((event) => {
    const key = new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...event });
    document.activeElement.dispatchEvent(key);
  }, init);

async function at(path, ready, options = {}) {
  const page = await visit({ path, ...options });
  await page.locator(ready).first().waitFor();
  return page;
}

test('the question mark opens it in either layout, and Escape gives the focus back', async () => {
  const page = await at(LIST, 'tr[data-id="46"]');
  await page.focus('[data-action=filter]');
  for (const init of [
    { key: '?', code: 'Slash', shiftKey: true },
    { key: ',', code: 'Slash', shiftKey: true },
    { key: '?', code: 'Digit7', shiftKey: true },
  ]) {
    await press(page, init);
    await page.getByRole('dialog', { name: 'Клавиши' }).waitFor();
    await page.keyboard.press('Escape');
    await isClosed(page);
    assert.equal(await page.evaluate(() => document.activeElement.dataset.action), 'filter');
  }
  await press(page, { key: '&', code: 'Digit7', shiftKey: true });
  await page.keyboard.press('Shift+Slash');
  await keys(page).waitFor();
  await page.keyboard.press('Shift+Slash');
  await isClosed(page);
});

test('a question mark in a field is one', async () => {
  const page = await at(LIST, 'tr[data-id="46"]');
  await page.focus('#list-q');
  await page.keyboard.press('Shift+Slash');
  assert.equal(await page.inputValue('#list-q'), '?');
  assert.equal(await keys(page).count(), 0);
});

test('the user menu and the palette open it, and the focus goes back to where it was', async () => {
  const page = await at(LIST, 'tr[data-id="46"]');
  await page.click('.side-foot button.me');
  await page.click('#me-menu [data-action=keys]');
  await keys(page).waitFor();
  assert.equal(await page.locator('#me-menu:popover-open').count(), 0);
  await keys(page).getByRole('button', { name: 'Закрыть' }).click();
  await isClosed(page);
  assert.ok(await page.evaluate(() => document.activeElement.matches('button.me')));
  await page.keyboard.press('Control+k');
  await page.fill('.palette input', 'rkfdbi');
  await page.locator('.palette [role=option]', { hasText: 'Клавиши' }).waitFor();
  await page.keyboard.press('Enter');
  await keys(page).waitFor();
});

test('it lists the keys of the list on a list, those of the board on a board, those of the card on a card over both', async () => {
  const page = await at(LIST, 'tr[data-id="46"]');
  await page.keyboard.press('Shift+Slash');
  await keys(page).waitFor();
  assert.deepEqual(await sections(page), ['everywhere', 'list']);
  assert.deepEqual(await names(page, 'everywhere'), ['search', 'keys', 'enter']);
  assert.deepEqual(await names(page, 'list'), ['next', 'prev', 'open', 'edit', 'pick', 'clear', 'find', 'create']);
  await page.keyboard.press('Escape');
  await page.click('[data-look=board]');
  await page.locator('.board li[data-id="46"]').waitFor();
  await page.keyboard.press('Shift+Slash');
  await keys(page).waitFor();
  assert.deepEqual(await sections(page), ['everywhere', 'list', 'board', 'carry']);
  assert.deepEqual(await names(page, 'list'), ['find', 'create']);
  assert.deepEqual(await names(page, 'board'), ['down', 'up', 'right', 'left', 'take', 'forth', 'back', 'menu']);
  await page.keyboard.press('Escape');
  await page.click('li[data-id="46"] .kcard-open');
  await page.locator('.drawer-box .prop').first().waitFor();
  await page.keyboard.press('Shift+Slash');
  await keys(page).waitFor();
  assert.deepEqual(await sections(page), ['everywhere', 'card']);
  assert.deepEqual(await names(page, 'card'), ['edit', 'save', 'close']);
  await page.keyboard.press('Escape');
  await isClosed(page);
  assert.equal(await page.locator('.drawer-box').count(), 1, 'the card stays open');
});

test('the other keys are silent while it is open, and work again after it', async () => {
  const page = await at(LIST, 'tr[data-id="46"]');
  await page.keyboard.press('Shift+Slash');
  await keys(page).waitFor();
  await page.keyboard.press('n');
  await page.keyboard.press('Control+k');
  assert.deepEqual([await page.locator('.palette').count(), await page.locator('.drawer-box').count()], [0, 0]);
  await page.keyboard.press('Escape');
  await isClosed(page);
  await page.keyboard.press('n');
  await page.locator('.drawer-box form.create').waitFor();
});

test('a card under a window has no keys, and Escape closes the window alone', async () => {
  const page = await at('/e/sales.lead/44', '.prop');
  await page.evaluate(() => {
    const button = document.createElement('button');
    button.ariaLabel = 'over';
    const dialog = document.createElement('dialog');
    dialog.id = 'over';
    dialog.append(button);
    document.body.append(dialog);
    dialog.showModal();
  });
  await page.keyboard.press('Shift+Slash');
  await keys(page).waitFor();
  assert.deepEqual(await sections(page), ['everywhere']);
  await page.keyboard.press('Escape');
  await isClosed(page);
  await page.keyboard.press('e');
  await page.keyboard.press('Escape');
  await page.locator('#over[open]').waitFor({ state: 'detached' });
  assert.match(page.url(), /sales.lead\/44$/);
  assert.equal(await page.locator('crm-card crm-field').count(), 0, 'nothing is being edited');
  await page.keyboard.press('e');
  await page.locator('crm-card crm-field').first().waitFor();
});

test('letters are written with those of the Russian layout in the Russian interface only, on a Mac with its own signs', async () => {
  const page = await at(LIST, 'tr[data-id="46"]');
  await page.keyboard.press('Shift+Slash');
  await keys(page).waitFor();
  assert.deepEqual(await drawn(page, 'list', 'find'), ['/ (.)']);
  assert.deepEqual(await drawn(page, 'everywhere', 'search'), ['Ctrl', 'K (Л)']);
  assert.equal((await drawn(page, 'list', 'next'))[0], 'J (О)');
  const english = await at(LIST, 'tr[data-id="46"]', { lang: 'en-US' });
  await english.evaluate(() => Object.defineProperty(navigator, 'platform', { value: 'MacIntel' }));
  await english.keyboard.press('Shift+Slash');
  await english.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  assert.deepEqual(await drawn(english, 'everywhere', 'search'), ['⌘', 'K']);
  await english.addInitScript(() => Object.defineProperty(navigator, 'platform', { value: 'MacIntel' }));
  await english.reload();
  await english.locator('.side .kbd', { hasText: '⌘ K' }).waitFor();
  await english.locator('tr[data-id="46"]').waitFor();
  await english.keyboard.press('n');
  await english.locator('form.create .kbd', { hasText: '⌘ Enter' }).waitFor();
});

test('single keys can be turned off in this browser; combinations and arrows stay', async () => {
  const page = await at(LIST, 'tr[data-id="46"]');
  await page.keyboard.press('Shift+Slash');
  await keys(page).getByRole('checkbox', { name: 'Действия одной клавишей' }).uncheck();
  assert.deepEqual(await names(page, 'everywhere'), ['search', 'enter']);
  assert.deepEqual(await names(page, 'list'), ['next', 'prev', 'open', 'edit', 'clear']);
  assert.equal((await drawn(page, 'list', 'next')).length, 1, 'the arrow alone');
  await page.keyboard.press('Escape');
  await isClosed(page);
  for (let i = 0; i < 2; i += 1) {
    assert.equal(await page.locator('.find .kbd').isVisible(), false);
    for (const one of ['n', '/', 'Shift+Slash', 'ArrowDown', 'Control+k']) await page.keyboard.press(one);
    await page.locator('.palette').waitFor();
    assert.equal(await page.locator('tr[aria-selected=true]').count(), 1, 'the arrow has moved');
    assert.deepEqual([await keys(page).count(), await page.locator('.drawer-box').count()], [0, 0]);
    await page.reload();
    await page.locator('tr[data-id="46"]').waitFor();
  }
  await page.keyboard.press('Control+k');
  await page.fill('.palette input', 'rkfdbi');
  await page.locator('.palette [role=option]', { hasText: 'Клавиши' }).waitFor();
  await page.keyboard.press('Enter');
  await keys(page).getByRole('checkbox').check();
  await page.keyboard.press('Escape');
  await page.keyboard.press('n');
  await page.locator('.drawer-box form.create').waitFor();
});

test('who may only look at a board is not told how to move cards', async () => {
  const page = await visit({ path: '/settings/notices' });
  await page.route('**/api/v1/meta*', async (route) => {
    const answer = await route.fetch();
    const meta = await answer.json();
    meta.entities['sales.lead'].can.update = false;
    await route.fulfill({ response: answer, json: meta });
  });
  await page.goto(`${fixture.url}${BOARD}`);
  await page.locator('.board li[data-id="46"]').waitFor();
  await page.keyboard.press('Shift+Slash');
  await keys(page).waitFor();
  assert.deepEqual(await names(page, 'board'), ['down', 'up', 'right', 'left']);
  assert.deepEqual(await sections(page), ['everywhere', 'list', 'board']);
});

test('a phone, which has no keys, does not offer it', async () => {
  const page = await at(LIST, 'li[data-id="46"]', { size: PHONE });
  await page.click('.tabbar button:last-of-type');
  await page.locator('#more-menu:popover-open').waitFor();
  assert.equal(await page.locator('[data-action=keys]').count(), 0);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.fill('.palette input', 'Клав');
  await page.getByText('Ничего не нашлось').waitFor();
});
