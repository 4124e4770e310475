// Editors of the types of fields in a real browser, against the real server: what is chosen there is what is stored.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { PHONE, launch } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

const tz = fs.readFileSync(new URL('../fixtures/tz/fields.yaml', import.meta.url), 'utf8');
const THING = '/api/v1/test.thing';
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

let server, browser, person, head, near;

before(async () => {
  server = await startServer({ tz });
  head = await server.as('ivanova');
  near = (await head.post('/api/v1/test.center', { name: 'Ближний', processed: true }, { expect: 201 })).json;
  await head.post('/api/v1/test.center', { name: 'Блёклый' }, { expect: 201 });
  await head.post(THING, { name: 'образец', tags: ['важный', 'опт'] }, { expect: 201 });
  browser = await launch(server);
  person = await browser.person();
  await person.login('ivanova', server.passwords.ivanova);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(() => (browser.faults.length = 0));
afterEach(() => assert.deepEqual(browser.faults, []));

const made = async (data) => (await head.post(THING, { name: 'вещь', ...data }, { expect: 201 })).json;
const stored = async (id) => (await head.get(`${THING}/${id}`, { expect: 200 })).json;

/** Opens the card and the editor of one field. */
async function edit(id, name, who = person) {
  const { page } = who;
  await page.goto(`/e/test.thing/${id}`);
  await page.locator(`.prop[data-field=${name}] .prop-edit`).click();
  return page.locator(`crm-field[data-name=${name}]`);
}

async function save(id, check) {
  await person.page.locator('[data-action=save]').first().click();
  return until(async () => {
    const row = await stored(id);
    return check(row) && row;
  }, 'it is stored');
}

describe('files', () => {
  it('are picked, shown with a picture, removed and brought back, and saved by waiting for the upload', async () => {
    const { id } = await made({});
    const field = await edit(id, 'files');
    await field.locator('input[type=file]').first().setInputFiles([
      { name: 'фото.png', mimeType: 'image/png', buffer: PNG },
      { name: 'договор.txt', mimeType: 'text/plain', buffer: Buffer.from('текст') },
    ]);
    await field.locator('.file-item a').nth(1).waitFor();
    const image = field.locator('img.file-thumb');
    await until(() => image.evaluate((i) => i.complete && i.naturalWidth === 1), 'the picture is shown');
    await field.getByRole('button', { name: 'Убрать: договор.txt' }).click();
    assert.equal(await field.locator('.file-item a').count(), 1);
    await field.getByRole('button', { name: 'Вернуть' }).click();
    assert.equal(await field.locator('.file-item a').count(), 2);
    const row = await save(id, (r) => r.files.length === 2);
    assert.deepEqual(row.files.map((f) => f.name).sort(), ['договор.txt', 'фото.png']);
    const link = person.page.locator('.prop[data-field=files] a[download]');
    const [download] = await Promise.all([person.page.waitForEvent('download'), link.click()]);
    assert.equal(download.suggestedFilename(), 'договор.txt');
  });

  it('are dropped, and a save right after waits for them', async () => {
    const { id } = await made({});
    const field = await edit(id, 'file');
    await field.locator('.files').evaluate((box) => {
      const data = new DataTransfer();
      data.items.add(new File(['x'.repeat(200000)], 'большой.txt'));
      box.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    });
    const row = await save(id, (r) => r.file);
    assert.equal(row.file.size, 200000);
  });

  it('on a phone are taken with its camera', async () => {
    const phone = await browser.person({ size: PHONE, as: person });
    const { id } = await made({});
    const field = await edit(id, 'files', phone);
    await field.locator('.file-camera').waitFor();
    assert.equal(await field.locator('input[capture=environment]').getAttribute('accept'), 'image/*');
    await phone.close();
  });
});

describe('lists', () => {
  it('of tags suggest what other records have', async () => {
    const { id } = await made({ tags: ['старый'] });
    const field = await edit(id, 'tags');
    await field.locator('input').fill('ва');
    await until(() => field.locator('datalist option[value=важный]').count(), 'a suggestion');
    await field.locator('input').fill('новый, важный,');
    await field.getByRole('button', { name: 'Убрать: старый' }).click();
    assert.deepEqual((await save(id, (r) => r.tags.length === 2)).tags, ['новый', 'важный']);
  });

  it('of choices are boxes to tick', async () => {
    const { id } = await made({ kinds: ['a'] });
    const field = await edit(id, 'kinds');
    await field.getByLabel('Бэ').check();
    assert.deepEqual((await save(id, (r) => r.kinds.length === 2)).kinds, ['a', 'b']);
  });

  it('of references offer only what their condition allows', async () => {
    const { id } = await made({});
    const field = await edit(id, 'centers');
    await field.locator('input').fill('Бл');
    await field.getByRole('option', { name: 'Ближний' }).waitFor();
    assert.equal(await field.getByRole('option', { name: 'Блёклый' }).count(), 0);
    await field.getByRole('option', { name: 'Ближний' }).click();
    assert.equal((await save(id, (r) => r.centers.length)).centers[0].id, near.id);
  });
});

describe('single values', () => {
  it('a duration is typed by its units', async () => {
    const { id } = await made({ takes: 5400000 });
    const field = await edit(id, 'takes');
    assert.equal(await field.locator('input').inputValue(), '1 ч 30 мин');
    await field.locator('input').fill('2 д 4 часа');
    assert.equal((await save(id, (r) => r.takes !== 5400000)).takes, 187200000);
  });

  it('JSON is edited as text', async () => {
    const { id } = await made({ json: { a: 1 } });
    const field = await edit(id, 'json');
    await field.locator('textarea').fill('{"a": [1, ');
    await field.getByText('Это не JSON').waitFor();
    await field.locator('textarea').fill('{"a": [1, 2]}');
    assert.deepEqual((await save(id, (r) => r.json?.a?.length)).json, { a: [1, 2] });
  });

  it('a requisite whose check digits do not agree is kept, and the card says so', async () => {
    const { id } = await made({});
    const field = await edit(id, 'inn');
    await field.locator('input').fill('7707083894');
    await save(id, (r) => r._marks?.inn);
    await person.page.locator('.prop[data-field=inn] .mark-note').waitFor();
  });
});

it('every editor is accessible', async () => {
  const { id } = await made({ tags: ['опт'], kinds: ['a'], json: { a: 1 } });
  const { page } = person;
  for (const name of ['files', 'tags', 'kinds', 'json', 'takes']) {
    await edit(id, name);
    assert.deepEqual(await person.axe(), [], name);
  }
  await page.goto('/e/test.thing');
});

describe('an address', () => {
  const line = '650000, Кемеровская обл, г Кемерово, ул Весенняя, д 5, кв 12';
  const part = (box, name) => box.locator(`[data-part=${name}]`);

  it('is one line whose parts open on demand and come apart as the server reads them', async () => {
    const { id } = await made({ address: line });
    const field = await edit(id, 'address');
    assert.equal(await part(field, 'city').count(), 0);
    await field.locator('[data-action=parts]').press('Enter');
    await until(async () => (await part(field, 'region').inputValue().catch(() => '')) === 'Кемеровская область', 'the region');
    assert.deepEqual(await Promise.all(['index', 'city', 'street', 'house', 'flat'].map((name) => part(field, name).inputValue())), ['650000', 'Кемерово', 'ул Весенняя', '5', '12']);
    await field.locator('input').first().fill('г. Тверь ул. Мира д. 7');
    await until(async () => (await part(field, 'city').inputValue()) === 'Тверь', 'the new city');
    assert.equal(await part(field, 'index').inputValue(), '');
    assert.equal((await save(id, (r) => r.address !== line)).address, 'г. Тверь ул. Мира д. 7', 'as it was typed');
  });

  it('takes a part into its line, and a save right after waits for that', async () => {
    const { id } = await made({ address: line });
    const field = await edit(id, 'address');
    await field.locator('[data-action=parts]').click();
    await until(async () => (await part(field, 'flat').inputValue().catch(() => '')) === '12', 'the parts');
    await part(field, 'flat').fill('');
    await part(field, 'house').fill('7, корп 2');
    await person.page.keyboard.press('Control+Enter');
    const row = await until(async () => {
      const now = await stored(id);
      return now.address !== line && now;
    }, 'it is stored');
    assert.equal(row.address, '650000, Кемеровская область, г Кемерово, ул Весенняя, д 7, корп 2');
    await person.page.locator('.prop[data-field=address]', { hasText: 'д 7, корп 2' }).waitFor();
  });

  it('takes no letters into its parts before the line came apart', async () => {
    const { id } = await made({ address: line });
    const field = await edit(id, 'address');
    let answer;
    const held = new Promise((resolve) => (answer = resolve));
    await person.page.route('**/api/v1/address', (route) => held.then(() => route.continue()));
    await field.locator('[data-action=parts]').click();
    await part(field, 'index').waitFor();
    assert.equal(await part(field, 'index').isEditable(), false);
    answer();
    await until(() => part(field, 'index').isEditable(), 'it can be typed');
    assert.equal(await part(field, 'index').inputValue(), '650000');
    await person.page.unroute('**/api/v1/address');
  });

  it('says that an index is wrong while it is typed', async () => {
    const { id } = await made({ address: line });
    const field = await edit(id, 'address');
    await field.locator('[data-action=parts]').click();
    await part(field, 'index').fill('6500');
    await field.getByText('В индексе шесть цифр').waitFor();
    assert.equal(await field.locator('input').first().inputValue(), '6500, Кемеровская область, г Кемерово, ул Весенняя, д 5, кв 12');
  });

  it('is filtered by its parts, which stand in the address of the list', async () => {
    const here = await made({ name: 'в Бологом', address: 'Бологое, ул Мира, 5, корп 1' });
    await made({ name: 'в Ржеве', address: 'Ржев, ул Мира, 5' });
    const { page } = person;
    await page.goto('/e/test.thing');
    await page.click('[data-action=filter]');
    await page.click('[data-filter=address]');
    await page.fill('.menu-form [name=city]', 'болог');
    await page.fill('.menu-form [name=house]', '5, корп 1');
    await page.keyboard.press('Enter');
    await page.locator('[data-chip="address.house"]', { hasText: '5, корп 1' }).waitFor();
    await until(async () => (await page.locator('tbody tr[data-id]').count()) === 1, 'one row is left');
    assert.equal(await page.locator(`tr[data-id="${here.id}"]`).count(), 1);
    await page.reload();
    await page.locator('[data-chip="address.city"]', { hasText: 'Адрес, Город или село' }).waitFor();
    assert.equal(await page.locator('tbody tr[data-id]').count(), 1);
  });
});
