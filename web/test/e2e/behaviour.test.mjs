// How the UI behaves, in Chromium against the fixture. Every test also fails on a script error, on a violation of the
// content security policy or Trusted Types, and on a request that leaves the origin.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE } from './browser.mjs';
import { fixture, refit, scene, until, visit } from './scene.mjs';

scene();

const rowOf = (id) => `tr[data-id="${id}"]`;
const live = (page) =>
  page
    .waitForFunction(() => document.querySelector('crm-shell') !== null)
    .then(() => until(() => fixture.streams.size > 0));

test('a wrong password is said, the right one opens the start screen', async () => {
  const page = await visit({ login: null });
  await page.fill('#login', 'kotova');
  await page.fill('#password', 'wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('не подходят').waitFor();
  await page.fill('#password', 'secret');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Сегодня', exact: true }).waitFor();
});

test('too many attempts are held back with a countdown', async () => {
  fixture.failures = 5;
  const page = await visit({ login: null });
  await page.fill('#login', 'kotova');
  await page.fill('#password', 'secret');
  await page.keyboard.press('Enter');
  await page.getByText(/через (20|19) секунд/).waitFor();
  assert.ok(await page.getByRole('button', { name: 'Войти' }).isDisabled());
  await page.getByText(/через 18 секунд/).waitFor();
});

test('a one-time code leads to choosing a password, whose rules and errors stand under the fields', async () => {
  const page = await visit({ login: null });
  await page.fill('#login', 'kotova');
  await page.fill('#password', 'one-time');
  await page.keyboard.press('Enter');
  await page.fill('#new', 'short');
  await page.keyboard.press('Enter');
  assert.match(await page.textContent('[data-field=new] .help'), /Не короче 8/);
  for (const id of ['#new', '#again']) await page.fill(id, 'my-password-1');
  await page.keyboard.press('Enter');
  await page.locator('[data-field=new]').getByText('частых паролей').waitFor();
  for (const id of ['#new', '#again']) await page.fill(id, 'длинная фраза 17');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Сегодня', exact: true }).waitFor();
});

test('at most eight requests are made before the first rows', async () => {
  const page = await visit({ path: '/' });
  await live(page);
  await page.goto('about:blank');
  const made = [];
  page.on('request', (request) => made.push(request.url()));
  await page.goto(`${fixture.url}/e/sales.lead`);
  await page.waitForSelector(rowOf(46));
  const rows = made.findIndex((url) => /sales\.lead\?/.test(url)) + 1;
  assert.ok(rows > 0 && rows <= 8, made.slice(0, rows).join('\n'));
});

test('a new request appears in the open list and as a message, without a reload', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector(rowOf(46));
  await live(page);
  const row = fixture.create('sales.lead', {
    title: 'Нужен экскаватор',
    phone: ['+79161234567'],
    source: 'site',
  });
  fixture.notice({
    id: 9,
    kind: 'task',
    text: 'Новая заявка: Нужен экскаватор',
    entity: 'sales.lead',
    record: row.id,
    at: row.created_at,
  });
  await page.waitForSelector(`tbody tr:first-child[data-id="${row.id}"]`);
  assert.match(await page.textContent(rowOf(row.id)), /\+7\s916\s123-45-67/);
  await page.locator('.toast').getByText('Новая заявка').waitFor();
  await page.waitForSelector('[data-unread="3"]');
});

test('a changed row is read again, one that leaves the view or is deleted goes', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector(rowOf(46));
  await live(page);
  fixture.update('sales.lead', 45, { title: 'Другое название' });
  await page.locator(rowOf(45)).getByText('Другое название').waitFor();
  fixture.update('sales.lead', 45, { stage: 'junk' });
  await page.waitForSelector(rowOf(45), { state: 'detached' });
  fixture.emit('record', { entity: 'sales.lead', id: 44, op: 'gone' });
  await page.waitForSelector(rowOf(44), { state: 'detached' });
});

test('only the orders that are quick are offered, and a header says by which the list is', async () => {
  const page = await visit({ path: '/e/sales.lead?sort=-amount' });
  await page.waitForSelector(rowOf(46));
  const buttons = await page.$$eval('thead th[data-field]', (all) =>
    all.filter((one) => one.querySelector('button')).map((one) => one.dataset.field),
  );
  assert.deepEqual(buttons, ['title', 'amount']);
  await page.goto(`${fixture.url}/e/sales.lead?sort=source`);
  await page.locator('th[data-field=source][aria-sort=ascending]').waitFor();
  assert.equal(await page.locator('th[aria-sort]').count(), 1);
  assert.equal(await page.locator('th[data-field=source] button').count(), 0);
  const isOneLine = (head) => {
    const [arrow, name] = ['.icon', '.clip'].map((part) => head.querySelector(part).getBoundingClientRect());
    return arrow.top < name.bottom && name.top < arrow.bottom;
  };
  assert.ok(await page.$eval('th[data-field=source]', isOneLine), 'the arrow stands beside the name');
});

test('tabs, chips, search and sort narrow the list and stand in its address', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.click('[data-view=all]');
  await page.waitForURL(/view=all/);
  await page.click('[data-action=filter]');
  await page.click('[data-filter=source]');
  await page.click('[data-value=expo]');
  await page.waitForURL(/f\.source=expo/);
  await page.waitForSelector('[data-chip=source]');
  await page.keyboard.press('Escape');
  await page.click('th[data-field=amount] button');
  await page.waitForURL(/sort=-amount/);
  await page.waitForSelector('th[data-field=amount][aria-sort=descending]');
  await page.fill('#list-q', 'нет такого слова');
  await page.getByText('Под эти условия ничего не подходит').waitFor();
  await page.getByRole('button', { name: 'Убрать «Найти в списке»' }).click();
  await page.waitForSelector('tbody tr[data-id]');
});

test('words still being typed are searched for when something else is clicked, and close no card that it opened', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector(rowOf(46));
  await page.evaluate(() => {
    const held = [];
    const { setTimeout, clearTimeout } = window;
    window.setTimeout = (fn, ms) => (ms === 250 ? -held.push(fn) : setTimeout(fn, ms));
    window.clearTimeout = (id) => (id < 0 ? delete held[-id - 1] : clearTimeout(id));
    window.goOn = () => held.forEach((fn) => fn());
  });
  await page.locator('#list-q').pressSequentially('погр');
  await page.hover(`${rowOf(45)} a`);
  await page.mouse.down();
  assert.equal(new URL(page.url()).search, '', 'no other rows come under a pointer that is down');
  await page.mouse.up();
  await page.waitForSelector('dialog.drawer .block');
  await page.evaluate(() => window.goOn());
  assert.equal(new URL(page.url()).pathname, '/e/sales.lead/45');
  await page.goBack();
  await page.waitForURL(/\/e\/sales\.lead\?q=/);

  await page.locator('#list-q').pressSequentially('узчик');
  await page.evaluate(() => document.querySelector('[data-id="45"] a').click());
  await page.evaluate(() => window.goOn());
  await page.waitForSelector('dialog.drawer .block');
  assert.equal(new URL(page.url()).pathname, '/e/sales.lead/45');
});

test('a long list draws only what is in sight and reads further pages as it is scrolled', async () => {
  await refit({ leads: 900 });
  const page = await visit({ path: '/e/sales.lead?view=all' });
  await page.waitForSelector(rowOf(900));
  const toEnd = () =>
    page.evaluate(() => {
      const box = document.querySelector('.table-wrap');
      box.scrollTop = box.scrollHeight;
    });
  await until(async () => {
    await toEnd();
    return (await page.locator(rowOf(1)).count()) === 1;
  });
  assert.ok((await page.locator('tbody tr[data-id]').count()) < 80);
});

test('the list is walked by keys in the Russian layout too; back closes the card', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector(rowOf(46));
  for (const _ of [1, 2])
    await page.evaluate(() =>
      document.dispatchEvent(new KeyboardEvent('keydown', { code: 'KeyJ', key: 'о', bubbles: true })),
    );
  await page.waitForSelector(`${rowOf(45)}[aria-selected=true]`);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/e/sales.lead/45');
  await page.getByRole('dialog').getByRole('heading', { name: 'Мини-погрузчик' }).waitFor();
  await page.goBack();
  await page.waitForSelector('dialog.drawer', { state: 'detached' });
  assert.equal(new URL(page.url()).pathname, '/e/sales.lead');
});

test('a card opens by its address as a page and keeps what lies under it over a reload', async () => {
  const page = await visit({ path: '/e/sales.lead/46' });
  await page.waitForSelector('.card.is-page');
  await page.goto(`${fixture.url}/e/sales.lead`);
  await page.click(`${rowOf(46)} a`);
  await page.waitForSelector('dialog.drawer .block');
  await page.reload();
  await page.waitForSelector('dialog.drawer .block');
  await page.waitForSelector(rowOf(45));
});

test('a field is edited in place and saved under its revision', async () => {
  const page = await visit({ path: '/e/sales.lead/46' });
  await page.click('.prop[data-field=city] dd');
  await page.fill('.field[data-field=city] input', 'Казань');
  await page.keyboard.press('Control+Enter');
  await page.locator('.prop[data-field=city]').getByText('Казань').waitFor();
  assert.equal(fixture.data['sales.lead'].find((r) => r.id === 46).city, 'Казань');
  await page.locator('.changes').getByText('Казань').waitFor();
});

test('errors stand under their fields, the summary leads to them, nothing typed is lost', async () => {
  const page = await visit({ path: '/e/sales.lead/46' });
  await page.getByRole('button', { name: 'Изменить: Почта' }).click();
  await page.fill('.field[data-field=email] input', 'нет');
  await page.keyboard.press('Control+Enter');
  await page.locator('.field[data-field=email].is-invalid').getByText('нет знака @').waitFor();
  assert.equal(await page.inputValue('.field[data-field=email] input'), 'нет');
  await page.locator('.summary').getByRole('link', { name: 'Почта' }).click();
  assert.ok(await page.evaluate(() => document.activeElement.matches('[data-field=email] input')));
});

test('a stage that needs a field asks for it and then moves', async () => {
  fixture.update('sales.lead', 45, { stage: 'work' });
  const page = await visit({ path: '/e/sales.lead/45' });
  await page.click('.next');
  await page.locator('.field[data-field=amount]').getByText('Предложение').waitFor();
  await page.fill('.field[data-field=amount] input', '1 500 000');
  await page.getByRole('button', { name: 'Сохранить и перевести' }).click();
  await page.waitForSelector('.step.is-now[data-stage=offer]');
  assert.equal(fixture.data['sales.lead'].find((r) => r.id === 45).amount, '1500000.00');
});

test('two people at one field: both values are shown and one is chosen', async () => {
  const page = await visit({ path: '/e/sales.lead/46' });
  await live(page);
  await page.click('.prop[data-field=city] dd');
  await page.fill('.field[data-field=city] input', 'Казань');
  fixture.update('sales.lead', 46, { city: 'Пермь' });
  const conflict = page.locator('.conflict[data-field=city]');
  await conflict.getByText('Пермь').waitFor();
  await conflict.locator('[data-choice=mine]').click();
  await page.keyboard.press('Control+Enter');
  await page.locator('.prop[data-field=city]').getByText('Казань').waitFor();
});

test('changes to different fields do not disturb each other, even when the stream is late', async () => {
  const page = await visit({ path: '/e/sales.lead/46' });
  await page.click('.prop[data-field=city] dd');
  await page.fill('.field[data-field=city] input', 'Казань');
  const row = fixture.data['sales.lead'].find((r) => r.id === 46);
  Object.assign(row, { comment: 'Позвонить после обеда', rev: row.rev + 1 });
  await page.keyboard.press('Control+Enter');
  await page.locator('.prop[data-field=city]').getByText('Казань').waitFor();
  await page.locator('.prop[data-field=comment]').getByText('после обеда').waitFor();
});

test('a draft outlives a reload', async () => {
  const page = await visit({ path: '/e/sales.lead/46' });
  await page.click('.prop[data-field=city] dd');
  await page.fill('.field[data-field=city] input', 'Черновик');
  await page.reload();
  await page.getByText('несохранённый черновик').waitFor();
  assert.equal(await page.inputValue('.field[data-field=city] input'), 'Черновик');
  await page.getByRole('button', { name: 'Отбросить' }).click();
  await page.locator('.prop[data-field=city]').getByText('Екатеринбург').waitFor();
});

test('a session that ends in the middle of work asks for a login and goes on with the same save', async () => {
  const page = await visit({ path: '/e/sales.lead/46' });
  await live(page);
  await page.click('.prop[data-field=city] dd');
  await page.fill('.field[data-field=city] input', 'Казань');
  fixture.sessions.clear();
  await page.keyboard.press('Control+Enter');
  await page.getByRole('heading', { name: 'Войдите снова' }).waitFor();
  await page.fill('#password', 'secret');
  await page.keyboard.press('Enter');
  await page.locator('.prop[data-field=city]').getByText('Казань').waitFor();
});

test('a session ended by the server is noticed at once', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await live(page);
  fixture.endSessions();
  await page.getByRole('heading', { name: 'Войдите снова' }).waitFor();
});

async function signOut(page) {
  await page.click('.side-foot button.me');
  await page.getByRole('button', { name: 'Выйти' }).click();
}

test('signing out as the first thing done in a tab ends the session, with a token of another login too', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await live(page);
  await signOut(page);
  await page.getByRole('button', { name: 'Войти' }).waitFor();
  assert.equal(fixture.sessions.size, 0);

  await page.fill('#login', 'kotova');
  await page.fill('#password', 'secret');
  await page.keyboard.press('Enter');
  await page.locator('.side-foot button.me').waitFor();
  for (const one of fixture.sessions.values()) one.csrf = 'of-another-tab';
  await signOut(page);
  await page.getByRole('button', { name: 'Войти' }).waitFor();
  assert.equal(fixture.sessions.size, 0);
});

test('a session that cannot be ended is said to go on, and so does the work', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await live(page);
  await page.route('**/api/v1/session', (route) => route.abort());
  await signOut(page);
  await page.locator('.toast').getByText('Выйти не получилось. Сервер не отвечает').waitFor();
  await until(() => fixture.streams.size === 1);
  const row = fixture.create('sales.lead', { title: 'Работа идёт дальше', source: 'site' });
  await page.waitForSelector(rowOf(row.id));
});

test('a new record is made from the quick form, with the same errors', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector(rowOf(46));
  await page.keyboard.press('n');
  await page.waitForSelector('form.create');
  await page.keyboard.press('Control+Enter');
  await page.locator('.field[data-field=title]').getByText('Заполните').waitFor();
  await page.fill('.field[data-field=title] input', 'Бетононасос');
  await page.fill('.field[data-field=phone] input', '8 916 123');
  await page.fill('.field[data-field=contact] input', 'жуков');
  await page.getByRole('option', { name: 'Николай Жуков', selected: true }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('option', { name: 'Николай Жуков' }).waitFor({ state: 'detached' });
  await page.keyboard.press('Control+Enter');
  await page.locator('.field[data-field=phone]').getByText('Не хватает цифр').waitFor();
  await page.fill('.field[data-field=phone] input', '8 (916) 123-45-67');
  await page.keyboard.press('Control+Enter');
  await page.waitForURL(/\/e\/sales\.lead\/47/);
  assert.equal(fixture.data['sales.lead'].find((r) => r.id === 47).contact.label, 'Николай Жуков');
});

test('a new form, however late it takes the focus, takes it from nobody who types', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector(rowOf(46));
  await page.evaluate(() => {
    const held = [];
    window.requestAnimationFrame = (fn) => held.push(fn);
    window.goOn = () => held.forEach((fn) => fn());
  });
  await page.keyboard.press('n');
  await page.fill('.field[data-field=contact] input', 'жуков');
  await page.evaluate(() => window.goOn());
  await page.getByRole('option', { name: 'Николай Жуков', selected: true }).waitFor();
  assert.ok(await page.locator('.field[data-field=contact] input').evaluate((input) => input === document.activeElement));
});

test('a record picked before its hits came is waited for, and nothing is saved without it', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector(rowOf(46));
  let release;
  const gate = new Promise((resolve) => (release = resolve));
  await page.route(/contacts\.person\?.*q=/, async (route) => {
    await gate;
    await route.continue();
  });
  await page.keyboard.press('n');
  await page.fill('.field[data-field=title] input', 'Вибропогружатель');
  await page.fill('.field[data-field=contact] input', 'жуков');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+Enter');
  release();
  await page.waitForURL(/\/e\/sales\.lead\/\d+/);
  const made = () => fixture.data['sales.lead'].find((r) => r.title === 'Вибропогружатель');
  assert.equal(made().contact?.label, 'Николай Жуков');

  await page.goto(`${fixture.url}/e/sales.lead`);
  await page.waitForSelector(rowOf(46));
  await page.keyboard.press('n');
  await page.fill('.field[data-field=title] input', 'Без никого');
  await page.fill('.field[data-field=contact] input', 'такого нет');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+Enter');
  await page.locator('.combo-list').getByText('Ничего не нашлось').waitFor();
  assert.ok(!fixture.data['sales.lead'].some((r) => r.title === 'Без никого'));
});

test('a task is done with one click and comes back with another', async () => {
  const page = await visit({ path: '/' });
  await live(page);
  await page.locator('li[data-entity="tasks.task"][data-id="3"] input').check();
  await page.waitForSelector('li[data-entity="tasks.task"][data-id="3"]', { state: 'detached' });
  await page.getByRole('button', { name: 'Вернуть' }).click();
  await page.waitForSelector('li[data-entity="tasks.task"][data-id="3"]');
});

test('without home views the first section of the menu opens', async () => {
  fixture.home = false;
  const page = await visit({ path: '/' });
  await page.waitForURL('**/e/sales.lead');
});

test('the palette goes to sections, finds records and understands the wrong layout', async () => {
  const page = await visit({ path: '/' });
  await page.waitForSelector('.today');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('bdfy');
  await page.getByRole('option', { name: /Иван Петров/ }).click();
  await page.waitForURL(/contacts\.person\/1/);
  await page.getByRole('link', { name: '+7 912 555-34-70' }).first().waitFor();
});

test('the palette marks what was found, says how it read the words and leads to the whole list', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector(rowOf(46));
  await page.keyboard.press('Control+k');
  await page.keyboard.type('gtnhjd');
  await page.locator('.palette .reading').getByText('Показано для «петров»').waitFor();
  const marks = await page.locator('.palette [role=option] mark').allTextContents();
  assert.ok(marks.length && marks.every((text) => text.toLowerCase() === 'петров'), marks.join());
  await page.fill('.palette input', '8 912 555');
  await page.locator('.palette [role=option] mark', { hasText: '912 555' }).first().waitFor();
  await page.fill('.palette input', 'кран');
  const more = page.getByRole('option', { name: /^Ещё \d/ }).first();
  await more.waitFor();
  assert.match(await page.locator('.palette-title .count').first().textContent(), /^\d+$/);
  await more.click();
  await page.waitForURL(/q=/);
  await page.locator('tbody tr mark').first().waitFor();
});

test('a list marks what its search has found, beside the title too, and says how it read the words', async () => {
  const page = await visit({ path: '/e/sales.lead?view=all' });
  await page.waitForSelector(rowOf(46));
  await page.fill('#list-q', 'rhfy');
  await page.locator('.reading').getByText('Показано для «кран»').waitFor();
  assert.match(await page.locator('tbody tr mark').first().textContent(), /кран/i);
  await page.fill('#list-q', 'лизинг');
  await page.locator('tbody .found-in mark', { hasText: /лизинг/i }).first().waitFor();
});

test('language and theme are switched at once and remembered', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector(rowOf(46));
  await page.click('.side-foot button.me');
  await page.click('[data-lang-set=en]');
  await page.getByRole('heading', { name: 'Requests' }).waitFor();
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  await page.click('[data-theme-set=dark]');
  await page.reload();
  await page.getByRole('heading', { name: 'Requests' }).waitFor();
  assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
});

test('a lost stream is said and resumes where it stopped', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.waitForSelector(rowOf(46));
  await live(page);
  fixture.setDown(true);
  const row = fixture.create('sales.lead', { title: 'Пока не было связи', source: 'site' });
  await page.locator('.offline').getByRole('button', { name: 'Повторить сейчас' }).waitFor();
  fixture.setDown(false);
  await page.evaluate(() => document.querySelector('.offline button')?.click()); // unless it is back by itself
  await page.waitForSelector(rowOf(row.id));
  await page.waitForSelector('.offline', { state: 'detached' });
});

test('two tabs share one stream', async () => {
  const first = await visit({ path: '/e/sales.lead' });
  await first.waitForSelector(rowOf(46));
  const second = await first.context().newPage();
  await second.goto(`${fixture.url}/e/sales.lead`);
  await second.waitForSelector(rowOf(46));
  await live(first);
  assert.equal(fixture.streams.size, 1);
  const row = fixture.create('sales.lead', { title: 'Для обеих вкладок', source: 'site' });
  await second.waitForSelector(rowOf(row.id));
  await first.close();
  await until(() => fixture.streams.size === 1);
  const next = fixture.create('sales.lead', { title: 'Для новой главной', source: 'site' });
  await second.waitForSelector(rowOf(next.id));
});

test('a record that is not visible says so and leads back', async () => {
  const page = await visit({ path: '/e/sales.lead/999' });
  await page.getByRole('heading', { name: 'Этой записи не видно' }).waitFor();
  await page.getByRole('link', { name: 'Заявки' }).first().waitFor();
});

test('on a phone the list is cards, the menu is below, numbers can be dialled', async () => {
  const page = await visit({ path: '/e/sales.lead', size: PHONE });
  await page.waitForSelector('.cards li[data-id="46"]');
  assert.ok(await page.locator('.tabbar').isVisible());
  await page.click('.cards li[data-id="46"] a');
  const link = page.locator('.prop[data-field=phone] a');
  assert.equal(await link.getAttribute('href'), 'tel:+79225551000');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
});

test('on a phone a number is called from its card in the list, and a wrong one is told of in words', async () => {
  const page = await visit({ path: '/e/sales.lead', size: PHONE });
  const call = page.locator('.cards li[data-id="46"]').getByRole('link', { name: 'Позвонить' });
  assert.match(await call.getAttribute('href'), /^tel:\+7922555\d{4}$/);
  const { width, height } = await call.boundingBox();
  assert.ok(width >= 44 && height >= 44, `${width}×${height}`);
  const rest = await page.locator('.cards li[data-id="46"] .card-open').evaluate((a) => {
    const box = a.getBoundingClientRect();
    return document.elementFromPoint(box.left + 4, box.bottom - 2) === a;
  });
  assert.ok(rest, 'a touch of the name opens the card');
  const wrong = page.locator('.cards li', { hasText: '8 (916) 12' }).first();
  await wrong.getByText('неверный номер').waitFor();
  assert.equal(await wrong.getByRole('link', { name: 'Позвонить' }).count(), 0, 'it is not called');
  await page.goto(fixture.url);
  await page.locator('.today-aside').getByText('Телефон: проверьте').waitFor();
});

test('on a phone the search is closed by a button, for there is no Esc and no place beside it', async () => {
  const page = await visit({ size: PHONE, path: '/e/sales.lead' });
  await page.locator('.tabbar').getByText('Поиск').click();
  await page.locator('dialog.palette input').waitFor();
  assert.equal(await page.locator('dialog.palette .kbd').first().isVisible(), false);
  await page.locator('dialog.palette').getByRole('button', { name: 'Закрыть' }).click();
  await page.locator('dialog.palette').waitFor({ state: 'detached' });
});

test('what the role does not allow is said without offering to try again', async () => {
  const page = await visit({ path: '/e/sales.lead' });
  await page.route('**/api/v1/batch?*', (route) =>
    route.fulfill({ status: 403, contentType: 'application/problem+json', body: '{"status":403,"code":"denied","detail":"Ваша роль не разрешает это действие."}' }),
  );
  await page.goto(`${fixture.url}/settings/batches`);
  await page.getByText('Сюда вам нельзя').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Повторить' }).count(), 0);
});
