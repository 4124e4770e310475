// The board of a list: cards by columns, moved with the mouse, a finger, keys or a menu; what a stage needs, what is
// refused, and what others do meanwhile. In Chromium against the fixture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE } from './browser.mjs';
import { fixture, scene, until, visit } from './scene.mjs';

scene();

// Of the fixture's requests: 46 is new, 40 and 37 are in work (37 without an amount), 39 has an offer.
const BOARD = '/e/sales.lead?view=all&as=board';
const find = (id) => fixture.find('sales.lead', id);
const column = (page, stage) => page.locator(`[data-column=${stage}]`);
const card = (page, id, stage) => page.locator(`[data-column=${stage}] li[data-id="${id}"]`);
const link = (page, id) => page.locator(`li[data-id="${id}"] .kcard-open`);
const toast = (page, text) => page.locator('.toast', { hasText: text });
const said = (page) => page.locator('[data-said]').textContent();
const countOf = async (page, stage) => Number(await column(page, stage).locator('.count').textContent());
const live = () => until(() => fixture.streams.size > 0);
const patches = () => fixture.requests.filter((line) => line.startsWith('PATCH')).length;

/** A page with the board, once the event stream is open and the columns are counted. */
async function atBoard(options = {}) {
  const page = await visit({ path: BOARD, ...options });
  await card(page, 46, 'new').waitFor();
  await live();
  await until(() => fixture.requests.includes('POST /api/v1/sales.lead/aggregate'));
  return page;
}

const middle = ({ x, y, width, height }) => ({ x: x + width / 2, y: y + Math.min(height / 2, 160) });

/** Takes a card with the mouse and holds it over a column. */
async function carry(page, id, stage) {
  const from = middle(await page.locator(`li[data-id="${id}"]`).boundingBox());
  const to = middle(await column(page, stage).boundingBox());
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 6, from.y + 6);
  await page.locator('.kcard.is-drag').waitFor();
  await page.mouse.move(to.x, to.y, { steps: 4 });
}

test('a list is looked at as a board, which its address remembers, with its views, filters and search', async () => {
  const page = await visit({ path: '/e/sales.lead?view=all' });
  await page.click('[data-look=board]');
  await page.waitForURL(/view=all&as=board/);
  await card(page, 46, 'new').waitFor();
  assert.deepEqual(await page.$$eval('[data-column]', (all) => all.map((one) => one.dataset.column)), ['new', 'work', 'offer', 'done', 'junk']);
  const rows = fixture.data['sales.lead'];
  const work = rows.filter((row) => row.stage === 'work');
  const sum = work.reduce((all, row) => all + Number(row.amount ?? 0), 0);
  await until(async () => (await column(page, 'work').locator('[data-sum]').count()) === 1);
  assert.equal(await countOf(page, 'work'), work.length);
  assert.equal((await column(page, 'work').locator('[data-sum]').textContent()).replace(/\D/g, ''), String(sum));
  assert.equal(await page.locator('h1 + .count').textContent(), String(rows.length));
  const face = await card(page, 46, 'new').innerText();
  assert.match(face, /Автокран 25 т[\s\S]*Иван Петров[\s\S]*1\s250\s000\s₽/);
  await page.reload();
  await card(page, 46, 'new').waitFor();
  await page.click('[data-view=fresh]');
  await page.waitForURL(/view=fresh&as=board/);
  await card(page, 40, 'work').waitFor({ state: 'detached' });
  await page.goto(`${fixture.url}/e/sales.lead?as=board`);
  await column(page, 'done').getByText('В виде «Открытые» таких нет').waitFor();
  await page.goto(`${fixture.url}${BOARD}&f.stage=work,offer&f.owner=8`);
  await column(page, 'work').waitFor();
  assert.equal(await page.locator('[data-column]').count(), 2);
  await until(async () => (await countOf(page, 'work')) === work.filter((row) => row.owner?.id === 8).length);
  await page.goto(`${fixture.url}${BOARD}`);
  await page.fill('#list-q', 'rhfy');
  await page.locator('.reading').getByText('Показано для «кран»').waitFor();
  await page.locator('.kcard mark').first().waitFor();
  await page.click('[data-look=list]');
  await page.locator('tbody tr[data-id]').first().waitFor();
  assert.doesNotMatch(page.url(), /as=board/);
  await page.goBack();
  await page.locator('.board').waitFor();
});

test('a card is carried to another column with the mouse, and the message takes it back', async () => {
  const page = await atBoard();
  const before = [await countOf(page, 'work'), await countOf(page, 'offer')];
  await carry(page, 40, 'offer');
  await page.locator('.kcol.is-target[data-column=offer] .kslot').waitFor();
  await page.mouse.up();
  await card(page, 40, 'offer').waitFor();
  await toast(page, 'теперь в стадии «Предложение»').waitFor();
  assert.equal(find(40).stage, 'offer');
  assert.equal(await page.locator('dialog[open]').count(), 0, 'letting go opens no card');
  await until(async () => (await countOf(page, 'offer')) === before[1] + 1);
  await toast(page, 'теперь в стадии').getByRole('button', { name: 'Отменить' }).click();
  await toast(page, 'снова в стадии «В работе»').waitFor();
  await card(page, 40, 'work').waitFor();
  assert.equal(find(40).stage, 'work');
  await until(async () => (await countOf(page, 'work')) === before[0]);
});

test('a column where a card may not go is dimmed, says why, and does not take it', async () => {
  const page = await atBoard();
  await carry(page, 46, 'done');
  await page.locator('.kcol.is-denied[data-column=done] .kcol-stop').getByText('Из «Новая» сразу в «Стала сделкой» не переводят. Отсюда можно в: В работе, Некачественная.').waitFor();
  assert.equal(await page.locator('.kcol.is-denied[data-column=work]').count(), 0);
  await page.mouse.up();
  await toast(page, 'сразу в «Стала сделкой» не переводят').waitFor();
  await card(page, 46, 'new').waitFor();
  assert.deepEqual([find(46).stage, patches()], ['new', 0]);
});

test('a way that has no way back is not offered to be undone', async () => {
  const page = await atBoard();
  await carry(page, 46, 'work');
  await page.mouse.up();
  await toast(page, 'теперь в стадии «В работе»').waitFor();
  assert.equal(await toast(page, 'теперь в стадии').getByRole('button', { name: 'Отменить' }).count(), 0);
});

test('Escape puts a carried card back, as does its own place, and letting the button go there opens nothing', async () => {
  const page = await atBoard();
  const home = middle(await card(page, 40, 'work').boundingBox());
  for (const isEscaped of [true, false]) {
    await carry(page, 40, 'offer');
    if (isEscaped) await page.keyboard.press('Escape');
    if (isEscaped) await page.locator('.kcard.is-drag').waitFor({ state: 'detached' });
    await page.mouse.move(home.x, home.y, { steps: 2 });
    await page.mouse.up();
    await page.locator('.kcard.is-drag').waitFor({ state: 'detached' });
    assert.match(await said(page), /осталась в стадии «В работе»/);
    await card(page, 40, 'work').waitFor();
    assert.deepEqual([await page.locator('crm-drawer').count(), patches()], [0, 0]);
  }
  await link(page, 40).click();
  await page.locator('crm-drawer crm-card .prop').first().waitFor();
});

test('near an edge the board scrolls under a carried card', async () => {
  const page = await atBoard({ size: { width: 1024, height: 768 } });
  const board = page.locator('.board');
  assert.equal(await board.evaluate((box) => box.scrollLeft), 0);
  await carry(page, 40, 'offer');
  await page.mouse.move(1020, 400, { steps: 3 });
  await page.locator('.kcol.is-target[data-column=junk]').waitFor();
  await until(() => board.evaluate((box) => box.scrollLeft + box.clientWidth >= box.scrollWidth - 1));
  await page.mouse.up();
  await card(page, 40, 'junk').waitFor();
  await until(() => find(40).stage === 'junk');
});

test('who may change no record sees the board and carries nothing', async () => {
  const page = await visit();
  await page.route('**/api/v1/meta*', async (route) => {
    const answer = await route.fetch();
    const meta = await answer.json();
    meta.entities['sales.lead'].can.update = false;
    await route.fulfill({ response: answer, json: meta });
  });
  await page.goto(`${fixture.url}${BOARD}`);
  const from = middle(await card(page, 40, 'work').boundingBox());
  assert.equal(await page.locator('.kcard-move').count(), 0);
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 200, from.y, { steps: 3 });
  assert.equal(await page.locator('.is-drag, .is-lifted').count(), 0);
  await page.mouse.up();
});

test('a finger that rests on a card carries it, one that moves at once scrolls', async () => {
  const page = await atBoard({ size: { width: 1024, height: 768 } });
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setTouchEmulationEnabled', { enabled: true });
  const touch = (type, at) => session.send('Input.dispatchTouchEvent', { type, touchPoints: at ? [at] : [] });
  const now = middle(await page.locator('li[data-id="40"]').boundingBox());
  const to = middle(await column(page, 'offer').boundingBox());
  await touch('touchStart', now);
  await page.locator('.kcard.is-drag').waitFor();
  for (const part of [0.3, 0.6, 1]) await touch('touchMove', { x: now.x + (to.x - now.x) * part, y: now.y + (to.y - now.y) * part });
  await page.locator('.kcol.is-target[data-column=offer]').waitFor();
  await touch('touchEnd');
  await toast(page, 'теперь в стадии «Предложение»').waitFor();
  assert.equal(find(40).stage, 'offer');
  const from = middle(await page.locator('li[data-id="37"]').boundingBox());
  await touch('touchStart', from);
  await touch('touchMove', { x: from.x, y: from.y - 40 });
  await until(() => column(page, 'work').locator('.kcol-body').evaluate((box) => box.scrollTop > 0));
  assert.equal(await page.locator('.is-drag').count(), 0);
  await touch('touchEnd');
});

test('keys pick a card up, choose the column, put it down or back, and everything is said', async () => {
  const page = await atBoard();
  await link(page, 46).focus();
  await page.keyboard.press('ArrowRight');
  assert.ok(await link(page, 40).evaluate((a) => a === document.activeElement), 'arrows walk among the cards');
  await page.keyboard.press('Space');
  await until(async () => /взята, стадия «В работе»/.test(await said(page)));
  await page.locator('.kcol.is-denied[data-column=new]').waitFor();
  await page.keyboard.press('ArrowLeft');
  await until(async () => /«Новая»: сюда вам нельзя/.test(await said(page)));
  await page.keyboard.press('Enter');
  await toast(page, '«Новая»: сюда вам нельзя').waitFor();
  await page.keyboard.press('Escape');
  await until(async () => /осталась в стадии «В работе»/.test(await said(page)));
  assert.equal(patches(), 0);
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowRight');
  await until(async () => /Стадия «Предложение»/.test(await said(page)));
  await page.keyboard.press('Enter');
  await toast(page, 'теперь в стадии «Предложение»').waitFor();
  assert.equal(find(40).stage, 'offer');
  await page.waitForFunction(() => document.activeElement?.closest('[data-column=offer] li[data-id="40"]'));
  await page.keyboard.press('Alt+ArrowLeft');
  await toast(page, 'теперь в стадии «В работе»').waitFor();
  assert.equal(find(40).stage, 'work');
});

test('the menu of a card moves it, with every stage and those dimmed that are closed to it', async () => {
  const page = await atBoard();
  await link(page, 46).focus();
  await page.keyboard.press('s');
  const menu = page.locator('#board-move');
  await menu.locator('[data-move=done][aria-disabled=true]').waitFor();
  assert.equal(await menu.locator('[data-move]').count(), 5);
  await menu.locator('[data-move=done]').focus();
  await page.keyboard.press('Enter');
  await toast(page, 'сразу в «Стала сделкой» не переводят').waitFor();
  await page.locator('li[data-id="46"] .kcard-move').click();
  await menu.locator('[data-move=work]').click();
  await card(page, 46, 'work').waitFor();
  await until(() => find(46).stage === 'work');
});

test('what a stage needs is asked for on the way; giving it up puts the card back', async () => {
  const page = await atBoard();
  await carry(page, 37, 'offer');
  await page.locator('.kslot').getByText('Понадобится: Сумма').waitFor();
  await page.mouse.up();
  const ask = page.getByRole('dialog', { name: 'Перевести в «Предложение»' });
  await ask.waitFor();
  await card(page, 37, 'offer').waitFor();
  await page.keyboard.press('Escape');
  await card(page, 37, 'work').waitFor();
  assert.equal(patches(), 0);
  await carry(page, 37, 'offer');
  await page.mouse.up();
  await ask.locator('[data-action=move]').click();
  await ask.locator('.field[data-field=amount]').getByText('Нужно, чтобы перевести в «Предложение»').waitFor();
  await ask.locator('[data-field=amount] input').fill('много');
  await page.keyboard.press('Enter');
  await ask.locator('.field[data-field=amount]').getByText('Нужна сумма цифрами').waitFor();
  assert.equal(await ask.locator('[data-field=amount] input').inputValue(), 'много', 'what was typed stays');
  await ask.locator('[data-field=amount] input').fill('150 000');
  await page.keyboard.press('Enter');
  await ask.waitFor({ state: 'detached' });
  await card(page, 37, 'offer').getByText(/150\s000/).waitFor();
  assert.deepEqual([find(37).stage, find(37).amount], ['offer', '150000.00']);
  await toast(page, 'теперь в стадии').getByRole('button', { name: 'Отменить' }).click();
  await card(page, 37, 'work').waitFor();
  await until(() => find(37).stage === 'work' && find(37).amount === null);
});

test('a card that is moved on before it is saved goes on after that, and is not taken for moved by somebody else', async () => {
  const page = await atBoard();
  let letGo;
  const held = new Promise((done) => (letGo = done));
  await page.route('**/api/v1/sales.lead/46', async (route) => {
    if (route.request().method() === 'PATCH' && route.request().postDataJSON().stage === 'work') await held;
    await route.continue();
  });
  await link(page, 46).focus();
  await page.keyboard.press('Alt+ArrowRight');
  await card(page, 46, 'work').waitFor();
  await link(page, 46).focus();
  await page.keyboard.press('Alt+ArrowRight');
  letGo();
  await until(() => patches() === 2);
  await toast(page, 'теперь в стадии «Предложение»').waitFor();
  await card(page, 46, 'offer').waitFor();
  assert.equal(find(46).stage, 'offer');
  assert.equal(await page.locator('.toast[data-kind=warn]').count(), 0);
});

test('a card that somebody else has changed goes back and can be moved again', async () => {
  const page = await atBoard();
  const read = page.waitForResponse(/sales\.lead\/40$/);
  await carry(page, 40, 'offer');
  await read;
  Object.assign(find(40), { city: 'Пермь', rev: find(40).rev + 1 });
  await page.mouse.up();
  await toast(page, 'изменил другой человек').waitFor();
  await card(page, 40, 'work').waitFor();
  assert.equal(find(40).stage, 'work');
  await toast(page, 'изменил другой человек').getByRole('button', { name: 'Перенести ещё раз' }).click();
  await card(page, 40, 'offer').waitFor();
  await until(() => find(40).stage === 'offer' && find(40).city === 'Пермь');
});

test('what was typed on the way to a stage stays while the server refuses the move', async () => {
  const page = await atBoard();
  const detail = 'Из «В работе» в «Предложение» переводит: Руководитель. Попросите об этом.';
  await page.route('**/api/v1/sales.lead/37', (route) =>
    route.request().method() === 'PATCH'
      ? route.fulfill({ status: 422, contentType: 'application/problem+json', body: JSON.stringify({ status: 422, code: 'invalid', fields: [{ field: 'stage', code: 'stage_move_denied', detail }] }) })
      : route.continue(),
  );
  await carry(page, 37, 'offer');
  await page.mouse.up();
  const ask = page.getByRole('dialog', { name: 'Перевести в «Предложение»' });
  await ask.locator('[data-field=amount] input').fill('150 000');
  await page.keyboard.press('Enter');
  await ask.getByRole('alert').getByText(detail).waitFor();
  assert.equal((await ask.locator('[data-field=amount] input').inputValue()).replace(/\s/g, ' '), '150 000');
  await page.keyboard.press('Escape');
  await card(page, 37, 'work').waitFor();
});

test('a move that the server refuses puts the card back and says why', async () => {
  const page = await atBoard();
  let answer = { status: 403, body: { status: 403, code: 'denied', detail: 'Ваша роль не разрешает это действие.' } };
  await page.route('**/api/v1/sales.lead/40', (route) =>
    route.request().method() === 'PATCH'
      ? route.fulfill({ status: answer.status, contentType: 'application/problem+json', body: JSON.stringify(answer.body) })
      : route.continue(),
  );
  await carry(page, 40, 'offer');
  await page.mouse.up();
  await toast(page, 'не перенесена. Ваша роль не разрешает').waitFor();
  await card(page, 40, 'work').waitFor();
  answer = { status: 422, body: { status: 422, code: 'invalid', fields: [{ field: 'stage', code: 'stage_move_denied', detail: 'Только после оплаты.' }] } };
  await carry(page, 40, 'offer');
  await page.mouse.up();
  await toast(page, 'не перенесена. Только после оплаты.').waitFor();
  await card(page, 40, 'work').waitFor();
  const closed = { field: 'created_at', code: 'locked', detail: 'На стадии «В работе» это поле меняет только: Руководитель.' };
  answer = { status: 422, body: { status: 422, code: 'invalid', fields: [closed] } };
  await carry(page, 40, 'offer');
  await page.mouse.up();
  await toast(page, 'не перенесена. Создано: На стадии «В работе» это поле меняет только: Руководитель.').waitFor();
  await card(page, 40, 'work').waitFor();
  answer = { status: 422, body: { status: 422, code: 'invalid', fields: [{ field: 'city', code: 'stage_needs', detail: 'Назовите город' }] } };
  await carry(page, 40, 'offer');
  await page.mouse.up();
  await page.locator('crm-move-ask .field[data-field=city]').getByText('Назовите город').waitFor();
});

test('what others do moves cards by itself, but not while one is in the hand', async () => {
  const page = await atBoard();
  fixture.update('sales.lead', 39, { stage: 'done' });
  await card(page, 39, 'done').waitFor();
  await card(page, 39, 'offer').waitFor({ state: 'detached' });
  const row = fixture.create('sales.lead', { title: 'Нужен экскаватор', source: 'site' });
  await card(page, row.id, 'new').waitFor();
  await page.locator('[data-view=fresh]', { hasText: String(fixture.data['sales.lead'].filter((one) => one.stage === 'new').length) }).waitFor();
  await carry(page, 40, 'offer');
  const later = page.waitForRequest(/limit=1$/); // the views are counted anew long after a changed card would be read
  fixture.update('sales.lead', 46, { stage: 'work' });
  fixture.emit('record', { entity: 'sales.lead', id: 45, op: 'gone' });
  await later;
  await card(page, 46, 'new').waitFor();
  await card(page, 45, 'new').waitFor();
  await page.keyboard.press('Escape');
  await page.mouse.up();
  await card(page, 46, 'work').waitFor();
  await card(page, 45, 'new').waitFor({ state: 'detached' });
});

test('a column shows more when asked, and is asked again where it could not be read', async () => {
  for (let i = 0; i < 40; i += 1) fixture.create('sales.lead', { title: `Экскаватор ${i}`, source: 'site' });
  const page = await visit({ path: BOARD });
  const cards = column(page, 'new').locator('li[data-id]');
  await column(page, 'new').locator('[data-action=more]').waitFor();
  assert.equal(await cards.count(), 30);
  await column(page, 'new').locator('[data-action=more]').focus();
  await page.keyboard.press('Enter');
  await until(async () => (await cards.count()) > 50);
  await column(page, 'new').locator('[data-action=more]').waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement?.closest('[data-column=new] li[data-id]'));
  await page.route(/sales\.lead\?.*stage=work/, (route) =>
    route.fulfill({ status: 504, contentType: 'application/problem+json', body: '{"status":504,"code":"timeout","detail":"Слишком долго."}' }),
  );
  await page.reload();
  await column(page, 'work').getByText('Слишком долго.').waitFor();
  await page.unrouteAll();
  await column(page, 'work').locator('[data-action=retry]').click();
  await card(page, 40, 'work').waitFor();
});

test('a card that left its column while further ones were read stands in its new one alone, and a deleted one in none', async () => {
  for (let i = 0; i < 40; i += 1) fixture.create('sales.lead', { title: `Экскаватор ${i}`, source: 'site' });
  const page = await atBoard({ path: `${BOARD}&sort=id` });
  const cards = column(page, 'new').locator('li[data-id]');
  const shown = await cards.evaluateAll((all) => all.map((one) => Number(one.dataset.id)));
  const [moved, gone] = fixture.data['sales.lead'].filter((row) => row.stage === 'new' && !shown.includes(row.id));
  let letGo;
  let isRead = false;
  const held = new Promise((done) => (letGo = done));
  await page.route(/sales\.lead\?.*after=/, async (route) => {
    const answer = await route.fetch();
    isRead = true;
    await held;
    await route.fulfill({ response: answer });
  });
  await column(page, 'new').locator('[data-action=more]').click();
  await until(() => isRead);
  fixture.update('sales.lead', moved.id, { stage: 'work' });
  fixture.emit('record', { entity: 'sales.lead', id: gone.id, op: 'deleted' });
  fixture.data['sales.lead'].splice(fixture.data['sales.lead'].indexOf(gone), 1);
  await card(page, moved.id, 'work').waitFor();
  letGo();
  await until(async () => (await cards.count()) > 31);
  await card(page, gone.id, 'new').waitFor({ state: 'detached' });
  assert.equal(await page.locator(`li[data-id="${moved.id}"]`).count(), 1);
});

test('a board without cards, and one that may not be read, say so', async () => {
  const page = await visit({ path: '/e/sales.lead?as=board&f.source=expo&f.owner=9&q=погрузчик' });
  await page.getByText('Под эти условия ничего не подходит').waitFor();
  await page.route(/api\/v1\/sales\.lead\?/, (route) =>
    route.fulfill({ status: 403, contentType: 'application/problem+json', body: '{"status":403,"code":"denied","detail":"Ваша роль не разрешает это действие."}' }),
  );
  await page.goto(`${fixture.url}${BOARD}`);
  await page.getByText('Сюда вам нельзя').waitFor();
  await page.goto(`${fixture.url}/e/contacts.person?as=board`);
  await page.locator('tbody tr[data-id]').first().waitFor();
  assert.equal(await page.locator('[data-look]').count(), 0, 'what has no stages has no board');
});

test('a phone begins with the first stage that has cards', async () => {
  for (const row of fixture.data['sales.lead']) if (row.stage === 'new') row.stage = 'work';
  const page = await visit({ path: BOARD, size: PHONE });
  await page.locator('[data-stage-tab=work][aria-current=true]').waitFor();
  await until(async () => Math.round((await column(page, 'work').boundingBox()).x) === 0);
});

test('the stage that a phone shows stands in its address, over a reload and a card', async () => {
  const page = await atBoard({ size: PHONE });
  const isSeen = (stage) => until(async () => Math.round((await column(page, stage).boundingBox())?.x ?? -1) === 0);
  await page.click('[data-stage-tab=work]');
  await page.waitForURL(/as=board&at=work$/);
  await page.reload();
  await card(page, 40, 'work').waitFor();
  await isSeen('work');
  await page.locator('[data-stage-tab=work][aria-current=true]').waitFor();
  await link(page, 40).click();
  await page.locator('crm-drawer crm-card .prop').first().waitFor();
  await page.goBack();
  await page.waitForURL(/at=work$/);
  await isSeen('work');
  await page.goto(`${fixture.url}${BOARD}&at=gone`);
  await card(page, 46, 'new').waitFor();
  await isSeen('new');
});

test('a phone shows one stage, the others by tab, and moves by the menu', async () => {
  const page = await atBoard({ size: PHONE });
  const left = (stage) => column(page, stage).evaluate((box) => Math.round(box.getBoundingClientRect().left));
  const { width } = await column(page, 'new').boundingBox();
  assert.deepEqual([width, await left('new')], [PHONE.width, 0]);
  await page.click('[data-stage-tab=work]');
  await until(async () => (await left('work')) === 0);
  await page.locator('[data-stage-tab=work][aria-current=true]').waitFor();
  const move = page.locator('li[data-id="40"] .kcard-move');
  const box = await move.boundingBox();
  assert.ok(box.width >= 44 && box.height >= 44, `${box.width}×${box.height}`);
  await move.click();
  await page.locator('#board-move [data-move=offer]').click();
  await toast(page, 'теперь в стадии «Предложение»').waitFor();
  assert.equal(find(40).stage, 'offer');
  await page.click('[data-look-other=list]');
  await page.locator('.cards li[data-id]').first().waitFor();
});
