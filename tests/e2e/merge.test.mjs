// Duplicates in the browser: the warning while one types, the card's section, the window of a merge, its undo, the pairs.
// With SHOTS=<folder> each screen is also kept as an image, on a desk and a phone, light and dark.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { DESK, NEW_PASSWORD, PHONE, launch } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealerOf } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const shots = process.env.SHOTS;
const P = '/api/v1/contacts.person';
let server, browser, head, person, page, into, other, lead;

const add = async (data, entity = 'contacts.person') => (await head.post(`/api/v1/${entity}`, data, { expect: 201 })).json.id;

before(async () => {
  if (shots) mkdirSync(shots, { recursive: true });
  server = await startServer(dealerOf('petrov', 'sidorova'));
  head = await server.as('ivanova');
  const petrov = await server.as('petrov');
  const company = await add({ name: 'ООО «Горизонт»', inn: '7707083893' }, 'contacts.company');
  into = await add({ name: 'Королёв Пётр', phone: ['+79161234567'], email: ['korolev@example.ru'], city: 'Москва', company });
  other = await add({ name: 'Петр Королев', phone: ['+79161234567', '+74951234567'], city: 'Казань', position: 'Снабженец' });
  lead = await add({ title: 'Нужен кран', contact: other }, 'sales.lead');
  await add({ name: 'Королев П. А.' });
  await add({ name: 'Шмелёва Лидия', phone: ['+79125559011'] });
  await add({ name: 'Лидия Шмелева', phone: ['+79125559011'] });
  for (const name of ['Орлова Вера', 'Вера Орлова']) await add({ name, email: ['orlova@example.ru'] });
  await petrov.post(P, { name: 'Клиент Петрова', phone: ['+79039998877'] }, { expect: 201 });
  browser = await launch(server);
  person = await browser.person();
  await person.login('ivanova', await server.invite('ivanova')); // which ends the session of before
  head = server.client();
  await head.login('ivanova', NEW_PASSWORD);
  page = person.page;
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The same screen on the other devices and in the other scheme, for whoever looks at images. */
async function shoot(name, path, act) {
  if (!shots) return;
  for (const [device, size] of Object.entries({ desk: DESK, phone: PHONE }))
    for (const scheme of ['light', 'dark']) {
      const one = await browser.person({ size, scheme, as: person });
      await one.page.goto(path);
      await act(one.page);
      await one.page.screenshot({ path: `${shots}/${name}-${device}-${scheme}.png` });
      await one.context.close();
    }
}

const openMerge = async (at) => {
  const tab = at.locator('#tab-related');
  await at.locator('.deal-title, [role=tablist]').first().waitFor();
  if (await tab.count()) await tab.click();
  await at.locator('[data-duplicates] [data-action=merge]').click();
  await at.locator('.merge-field[data-field=city]').waitFor();
  await at.locator('.merge-moves:not(:empty)').waitFor();
};

describe('duplicates', () => {
  it('are shown while a new record is typed, and a foreign one by what the role shows', async () => {
    const fill = async (at) => {
      await at.locator('.field[data-field=name] input').fill('Пётр Корлоев');
      await at.locator('.alike .dup').first().waitFor();
    };
    await page.goto('/e/contacts.person/new');
    await fill(page);
    assert.ok((await page.locator('.alike').innerText()).includes('Королёв Пётр'));
    assert.equal(await page.locator('.alike .is-warn-bg').count(), 0);
    await page.locator('.field[data-field=phone] input').first().fill('8 916 123-45-67');
    await page.locator('.alike .is-warn-bg').waitFor();
    await shoot('create', '/e/contacts.person/new', fill);
    assert.deepEqual(await person.axe(), []);
  });

  it('are shown of the clients whom a request would be of: one’s own to be chosen, a colleague’s to be handed over', async () => {
    const manager = await browser.person();
    await manager.login('petrov', await server.invite('petrov'));
    const at = manager.page;
    const phone = at.locator('.field[data-field=phone] input').first();
    await at.goto('/e/sales.lead/new');
    await at.locator('.field[data-field=title] input').fill('Нужен каток');
    await phone.fill('8 916 123-45-67');
    const foreign = at.locator('.alike .dup[data-foreign]').first();
    await foreign.waitFor();
    assert.equal(await foreign.locator('a').count(), 0);
    assert.ok(!(await at.locator('.alike').innerText()).includes('korolev@example.ru'));
    await foreign.locator('[data-action=hand]').click();
    const text = at.locator('#tell-text');
    assert.match(await text.inputValue(), /Нужен каток[^]*916/);
    assert.deepEqual(await manager.axe(), []);
    await at.locator('[data-action=send]').click();
    await text.waitFor({ state: 'detached' });
    await until(async () => (await head.list('notification', 'kind=tell')).some((n) => n.text.includes('Нужен каток')), 'the notice');

    await phone.fill('+7 903 999-88-77');
    await at.locator('.alike [data-action=pick]').click();
    await at.locator('.field[data-field=contact] input').waitFor();
    await at.keyboard.press('Control+Enter');
    await at.waitForURL(/sales\.lead\/\d+/);
    const made = (await head.list('sales.lead', `q=${encodeURIComponent('каток')}`))[0];
    assert.equal(made.contact.label, 'Клиент Петрова');
    await manager.context.close();
  });

  it('stand on the card; two become one in a window that says what moves, and two again by its undo', async () => {
    await page.goto(`/e/contacts.person/${other}`);
    await openMerge(page);
    await shoot('merge', `/e/contacts.person/${other}`, openMerge);
    assert.deepEqual(await person.axe(), []);
    assert.match(await page.locator('.merge-moves').innerText(), /1/);
    await page.locator(`.is-head .merge-option[data-id="${into}"] input`).check();
    await page.locator(`.merge-field[data-field=city] input[value="${other}"]`).check();
    await page.keyboard.press('Control+Enter');
    await page.waitForURL(`**/e/contacts.person/${into}`);
    const undo = page.locator('.toast', { hasText: 'объединены' }).locator('button').first();
    await undo.hover(); // a message waits while the pointer is on it
    const winner = (await head.get(`${P}/${into}`, { expect: 200 })).json;
    assert.deepEqual([winner.name, winner.city, winner.position], ['Королёв Пётр', 'Казань', 'Снабженец']);
    assert.deepEqual(winner.phone, ['+79161234567', '+74951234567']);
    assert.equal((await head.get(`/api/v1/sales.lead/${lead}`)).json.contact.id, into);
    await undo.click();
    await until(async () => (await head.get(`${P}/${other}`)).status === 200, 'the merged record is back');
    await until(async () => (await head.get(`/api/v1/sales.lead/${lead}`)).json.contact.id === other, 'the lead points to it');
  });

  it('lead on from the address of the record that went', async () => {
    await head.post(`${P}/merge`, { into, from: [other] }, { expect: 202 });
    const old = await person.context.newPage();
    await old.goto(`/e/contacts.person/${other}`);
    await old.locator('[data-action=merged]').click();
    await old.waitForURL(`**/e/contacts.person/${into}`);
    await old.close();
  });

  it('are worked through in pairs, by keys too', async () => {
    const ready = (at) => at.locator('[data-part=similar] .pair').first().waitFor();
    for (const name of ['Семёнова Дарья', 'Дарья Семенова']) await head.post(P, { name }, { expect: 201 });
    await page.goto('/e/contacts.person');
    await page.locator('[data-action=list-menu]').click();
    await page.locator('[data-action=duplicates]').click();
    await ready(page);
    await shoot('pairs', '/e/contacts.person/duplicates', ready);
    assert.deepEqual(await person.axe(), []);
    const before = await page.locator('.pair').count();
    assert.ok(before >= 2);
    const parts = await page.locator('.pairs').evaluateAll((lists) => lists.map((list) => list.dataset.part));
    assert.deepEqual(parts, ['sure', 'similar'], 'what shares a value comes before what is only alike');
    await page.keyboard.press('KeyN');
    await until(async () => (await page.locator('.pair').count()) === before - 1, 'the pair is gone');
    await page.keyboard.press('KeyM');
    await page.locator('crm-merge .merge-field').first().waitFor();
    await page.keyboard.press('Escape');
    await page.locator('crm-merge').waitFor({ state: 'detached' });
    assert.equal(await page.locator('.pair').count(), before - 1);
  });

  it('cause no fault of the page', () => assert.deepEqual(browser.faults, []));
});
