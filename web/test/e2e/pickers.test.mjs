// What is offered to pick from comes out of lists that may come in parts: it goes on until there is something to show, says
// so meanwhile, and is given up with the question.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, until, visit } from './scene.mjs';

scene();

const part = (next, rows = []) => ({ rows, next, total: 0, approx: true, partial: true, walked: 10 });
const over = { rows: [], next: null, total: 0, approx: false };

/** Answers by what comes after; a part without an answer is only asked for. Gives what was asked, and what was given up. */
async function inParts(page, addresses, answers) {
  const seen = { asked: [], left: [] };
  const after = (request) => new URL(request.url()).searchParams.get('after') ?? '';
  page.on('requestfailed', (request) => {
    if (addresses.test(request.url())) seen.left.push(after(request));
  });
  await page.route(addresses, async (route) => {
    const at = after(route.request());
    seen.asked.push(at);
    const json = await answers[at];
    if (json) await route.fulfill({ json });
  });
  return seen;
}

function gate() {
  let letGo;
  const opened = new Promise((resolve) => (letGo = resolve));
  return { letGo, opened };
}

test('a record is looked for in parts, picked as soon as it is there, and given up when one types on', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  const { letGo, opened } = gate();
  const late = { id: 9001, rev: 1, name: 'Иван Водолаз', _can: [] };
  const seen = await inParts(page, /contacts\.person\?.*q=%D0%B2%D0%BE%D0%B4%D0%BE%D0%BB%D0%B0%D0%B7(&|$)/, {
    '': part('a'),
    a: opened.then(() => part('b', [late])),
  });
  await inParts(page, /contacts\.person\?.*q=%D0%B2%D0%BE%D0%B4%D0%BE%D0%BB%D0%B0%D0%B7%D1%8B/, { '': part('c'), c: over });
  await page.locator('tbody tr[data-id]').first().waitFor();
  await page.keyboard.press('n');
  const list = page.locator('.field[data-field=contact] .combo-list');
  await page.fill('.field[data-field=contact] input', 'водолаз');
  await list.getByText('Ещё ищем…').waitFor();
  assert.equal(await list.getByText('Ничего не нашлось').count(), 0);
  letGo();
  await page.getByRole('option', { name: 'Иван Водолаз', selected: true }).waitFor();
  await list.getByText('Ещё ищем…').waitFor();
  await until(() => seen.asked.includes('b'));
  await page.fill('.field[data-field=contact] input', 'водолазы');
  await until(() => seen.left.includes('b'));
  await list.getByText('Ничего не нашлось').waitFor();
  assert.deepEqual(seen.asked, ['', 'a', 'b']);
  await page.fill('.field[data-field=contact] input', 'водолаз');
  await page.getByRole('option', { name: 'Иван Водолаз', selected: true }).waitFor();
  await page.keyboard.press('Enter');
  assert.equal(await page.inputValue('.field[data-field=contact] input'), 'Иван Водолаз');
  await until(() => seen.left.length === 2);
});

test('people of a filter are looked for in parts until its menu is closed', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  const seen = await inParts(page, /\/user\?.*q=/, { '': part('a') });
  await page.locator('tbody tr[data-id]').first().waitFor();
  await page.click('[data-action=filter]');
  await page.click('[data-filter=owner]');
  await page.fill('#filter-menu input[type=search]', 'водолаз');
  const said = page.locator('#filter-menu [role=status]');
  await said.getByText('Ещё ищем…').waitFor();
  await until(() => seen.asked.includes('a'));
  await page.keyboard.press('Escape');
  await until(() => seen.left.includes('a'));
});

test('tags are looked for in parts until the field is left', async () => {
  const page = await visit({ path: '/e/contacts.person/1' });
  const tagged = { id: 9001, rev: 1, tags: ['Водолаз'], _can: [] };
  const seen = await inParts(page, /contacts\.person\?.*tags\.none=0/, { '': part('a'), a: part('b', [tagged]) });
  await page.locator('.prop').first().waitFor();
  await page.keyboard.press('e');
  const field = page.locator('crm-tags');
  await field.locator('input').focus();
  await field.getByText('Ещё ищем…').waitFor();
  await field.locator('option[value=Водолаз]').waitFor({ state: 'attached' });
  await until(() => seen.asked.includes('b'));
  await field.locator('input').blur();
  await until(() => seen.left.includes('b'));
  assert.equal(await field.getByText('Ещё ищем…').count(), 0);
});

test('a palette whose answer fails or is not whole does not say that there is nothing', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  const answers = [{ json: { groups: [], partial: true } }, { status: 504, json: { code: 'timeout', title: 'Слишком долго' } }];
  await page.route(/\/search\?q=/, (route) => route.fulfill(answers.shift()));
  await page.locator('tbody tr[data-id]').first().waitFor();
  await page.keyboard.press('Control+k');
  const list = page.locator('#palette-list');
  await page.fill('.palette input', 'водолаз');
  await list.getByText('Часть разделов не успела ответить.').waitFor();
  await page.fill('.palette input', 'водолазы');
  await list.getByText('Слишком долго').waitFor();
  assert.equal(await list.getByText('Ничего не нашлось').count(), 0);
});
