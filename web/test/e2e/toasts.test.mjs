// Messages and the dialogs they are shown over: in Chromium against the fixture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture, scene, visit } from './scene.mjs';

scene();

const LEADS = '/e/sales.lead';
const city = (id) => fixture.find('sales.lead', id).city;

/** Counts, by their texts, the messages that come into a region that is read out. */
const listen = (page) =>
  page.evaluate(() => {
    window.heard = {};
    const hear = (node) => {
      const all = node.nodeType === 1 ? [...node.querySelectorAll('.toast'), ...(node.matches('.toast') ? [node] : [])] : [];
      for (const one of all) {
        const text = one.querySelector('.toast-text').innerText;
        if (one.parentElement.ariaLive === 'polite') window.heard[text] = (window.heard[text] ?? 0) + 1;
      }
    };
    new MutationObserver((records) => records.forEach((r) => r.addedNodes.forEach(hear))).observe(document.body, { childList: true, subtree: true });
  });

/** Time enough for what stands there to have been read out. */
const readOut = (page) =>
  page.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() + 2000;
  });

const isOnTop = (toast) =>
  toast.evaluate((one) => {
    const box = one.getBoundingClientRect();
    return one.contains(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2));
  });

test('a message shown in a dialog outlives it, is read out once and can still be closed', async () => {
  fixture.update('sales.lead', 44, { city: 'Пермь' });
  fixture.update('sales.lead', 44, { city: 'Казань' });
  const page = await visit({ path: LEADS });
  await page.click('tr[data-id="44"] a');
  await page.click('#tab-history');
  await listen(page);
  await page.locator('.event').first().getByRole('button', { name: 'Отменить изменение' }).click();
  const toast = page.locator('.toast', { hasText: 'Вернули как было.' });
  await toast.waitFor();
  assert.ok(await isOnTop(toast), 'over the dialog');
  await readOut(page);
  await page.keyboard.press('Escape');
  await page.locator('dialog.drawer').waitFor({ state: 'detached' });
  assert.ok(await toast.isVisible());
  assert.ok(await isOnTop(toast), 'over the list');
  assert.deepEqual(await page.evaluate(() => window.heard), { 'Вернули как было.': 1 });
  await toast.getByRole('button', { name: 'Закрыть' }).click();
  await toast.waitFor({ state: 'detached' });
});

async function changed() {
  const page = await visit({ path: LEADS });
  for (const id of [46, 45]) await page.locator(`tr[data-id="${id}"] .pick-box input`).click();
  await page.click('[data-action=bulk-edit]');
  await page.selectOption('#bulk-edit select', 'city');
  await page.fill('#bulk-edit [data-field=city] input', 'Казань');
  await page.click('[data-action=bulk-apply]');
  const toast = page.locator('.toast', { hasText: 'Изменены 2 записи.' });
  await toast.waitFor();
  return { page, toast };
}

test('a dialog that opens later neither covers a message nor takes its button away', async () => {
  const before = city(45);
  const { page, toast } = await changed();
  await listen(page);
  await readOut(page);
  await page.keyboard.press('Control+k');
  await page.locator('dialog.palette input').waitFor();
  assert.ok(await isOnTop(toast));
  assert.deepEqual(await page.evaluate(() => window.heard), {});
  await toast.getByRole('button', { name: 'Отменить' }).click();
  await page.locator('.toast', { hasText: 'Возвращено как было' }).waitFor();
  assert.equal(city(45), before);
});

test('a message is reached by a key from anywhere, and leads back', async () => {
  const before = city(45);
  const { page, toast } = await changed();
  const isOn = (selector) => page.evaluate((what) => document.activeElement.matches(what), selector);
  await page.focus('#list-q');
  await page.keyboard.press('F8');
  assert.ok(await isOn('.toast .btn'));
  await page.keyboard.press('Escape');
  assert.ok(await isOn('#list-q'));
  assert.ok(await toast.isVisible());
  await page.keyboard.press('F8');
  await page.keyboard.press('Enter');
  assert.ok(await isOn('#list-q'), 'the focus is not lost with the message');
  await page.locator('.toast', { hasText: 'Возвращено как было' }).waitFor();
  assert.equal(city(45), before);
});
