// «Поля и объекты» on a real server: a field is added, shown at once in other windows, changed, removed and brought
// back without a reload; what a change means for the data is said before it; axe and the phone.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { NEW_PASSWORD, launch, looks } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

describe('the page of fields and objects', () => {
  let server, browser, head, page, other, api;

  before(async () => {
    server = await startServer({ tz: dealer });
    browser = await launch(server);
    head = await browser.person();
    await head.login('ivanova', await server.invite('ivanova'));
    api = server.client();
    await api.login('ivanova', NEW_PASSWORD);
    await api.post('/api/v1/sales.deal', { title: 'Экскаватор' }, { expect: 201 });
    page = head.page;
    other = await browser.person({ as: head });
    await other.page.goto('/e/sales.deal');
    await other.page.getByText('Экскаватор').first().waitFor();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  const row = (name) => page.locator(`li[data-field="${name}"]`);
  const save = () => page.click('crm-model-form [data-action=save]');
  const closed = () => page.locator('crm-model-form dialog[open]').waitFor({ state: 'detached' });

  it('a field is added from the menu, by the keyboard, and stands in another window at once', async () => {
    await page.goto('/');
    await page.click('.side-foot button.me');
    await page.click('a[href="/settings/model"]');
    await page.selectOption('#model-entity', 'sales.deal');
    await page.click('[data-action=new-field]');
    await page.fill('#model-title', 'Вид топлива');
    assert.equal(await page.inputValue('#model-name'), 'vid_topliva', 'the name follows the title');
    await page.selectOption('#model-type', 'choice');
    await page.keyboard.press('Enter'); // nothing chosen yet: it is said
    await save();
    await page.locator('[data-field=model-options].is-invalid').waitFor();
    await page.fill('#model-options', 'diesel = Дизель\nБензин');
    await page.check('#model-role-head');
    await save();
    await closed();
    await row('vid_topliva').getByText('Вид топлива').waitFor();
    await other.page.click('[data-action=filter], .filter-add, button:has-text("Отбор")');
    await other.page.getByText('Вид топлива').first().waitFor();
    await other.page.keyboard.press('Escape');
  });

  it('nobody sees what no role was given, and it is said before', async () => {
    await page.click('[data-action=new-field]');
    await page.fill('#model-title', 'Пробег');
    await save();
    await page.locator('.model-plan').getByText('не увидит никто').waitFor();
    await page.click('[data-action=back]');
    await page.check('#model-role-head');
    await save();
    await closed();
    await row('probeg').waitFor();
  });

  it('a type that does not fit names the records; mended, it changes as an operation', async () => {
    const deal = (await api.post('/api/v1/sales.deal', { title: 'Кран', probeg: 'много' }, { expect: 201 })).json;
    await row('probeg').locator('[data-action=edit]').click();
    await page.selectOption('#model-type', 'int');
    await save();
    await page.locator('.model-plan[data-ok=false]').getByText(`#${deal.id}`).waitFor();
    assert.ok(await page.locator('crm-model-form [data-action=save]').isDisabled());
    await api.patch(`/api/v1/sales.deal/${deal.id}`, { probeg: '1 500' }, { expect: 200 });
    await page.click('[data-action=back]');
    await save();
    await page.locator('.model-plan[data-ok=true]').waitFor();
    await save();
    await closed();
    await row('probeg').getByText('целое число').waitFor();
    assert.equal((await api.get(`/api/v1/sales.deal/${deal.id}`)).json.probeg, 1500);
  });

  it('a removed field comes back with its data', async () => {
    await row('probeg').locator('[data-action=retire]').click();
    await page.click('[data-yes]');
    await page.locator('li[data-field=probeg][data-state=retired]').waitFor();
    await row('probeg').locator('[data-action=restore]').click();
    await page.locator('li[data-field=probeg][data-state=active]').waitFor();
  });

  it('a removed field is purged when its name was typed', async () => {
    await api.post('/api/v1/model/entity/sales.deal/field', { name: 'lishnee', title: 'Лишнее', type: 'text', roles: ['head'] }, { expect: 201 });
    await api.del('/api/v1/model/entity/sales.deal/field/lishnee', { expect: 200 });
    await row('lishnee').locator('[data-action=purge]').click();
    assert.ok(await page.locator('[data-yes]').isDisabled());
    await page.fill('#ask-typed', 'lishnee');
    await page.click('[data-yes]');
    await row('lishnee').waitFor({ state: 'detached' });
    await page.click('[data-part=log] summary');
    await page.locator('[data-part=log] li[data-did=purged]').first().waitFor();
  });

  it('a section of one’s own is made and opened', async () => {
    await page.click('[data-action=new-entity]');
    await page.fill('#model-title', 'Машина');
    await page.fill('#model-words', 'машина, машины, машин');
    await page.check('#model-role-head');
    await save();
    await closed();
    await page.waitForURL(/of=own\.mashina/);
    await page.goto('/e/own.mashina');
    await page.getByRole('heading', { name: /Машины/ }).first().waitFor();
    const car = (await api.post('/api/v1/own.mashina', { name: 'КамАЗ' }, { expect: 201 })).json;
    assert.equal(car.owner?.label, 'Анна Иванова', 'it is somebody’s own');
  });

  it('a field takes what only its type has: bounds, digits, a formula, the search', async () => {
    const declared = async (name) => (await api.get('/api/v1/model')).json.entities.find((e) => e.name === 'own.mashina').fields.find((f) => f.name === name)?.declaration;
    const add = async (title, type, fill) => {
      await page.click('[data-action=new-field]');
      await page.fill('#model-title', title);
      await page.selectOption('#model-type', type);
      await fill();
      await page.check('#model-role-head');
      await save();
      await closed();
    };
    await page.goto('/settings/model?of=own.mashina');
    await add('Вес', 'decimal', async () => {
      await page.fill('#model-scale', '3');
      await page.fill('#model-min', '0.5');
    });
    await add('Тонн вдвое', 'computed', () => page.fill('#model-formula', 'ves * 2'));
    await add('КПП', 'kpp', () => page.check('#model-search'));
    await row('kpp').waitFor();
    const { scale, min } = await declared('ves');
    assert.deepEqual([String(scale), String(min)], ['3', '0.5']);
    assert.equal((await declared('tonn_vdvoe')).formula, 'ves * 2');
    assert.equal((await declared('kpp')).search, true);
    const car = (await api.post('/api/v1/own.mashina', { name: 'МАЗ', ves: '2.125' }, { expect: 201 })).json;
    assert.equal(Number(car.tonn_vdvoe), 4.25);
    const heavy = await api.post('/api/v1/own.mashina', { name: 'УАЗ', ves: '0.1' }, { expect: 422 });
    assert.equal(heavy.json.fields[0].field, 'ves');
  });

  it('an object of one’s own gets rules for duplicates, and loses them by undo', async () => {
    const boat = { name: 'own.boat', title: 'Лодка', roles: ['head'], fields: { name: { type: 'text', title: 'Имя' }, phone: { type: 'phone', title: 'Телефон', many: true } } };
    await api.post('/api/v1/model/entity', boat, { expect: 201 });
    const match = async () => (await api.get('/api/v1/model')).json.entities.find((e) => e.name === 'own.boat').declaration.match;
    await page.goto('/settings/model?of=own.boat');
    await page.click('[data-action=edit-match]');
    await page.selectOption('#match-field-0-0', 'phone');
    await page.selectOption('#match-field-0-1', 'name');
    await page.click('[data-action=add-rule]');
    await page.selectOption('#match-kind-1', 'similar');
    await page.fill('#match-from-1', '49');
    await page.click('crm-model-match [data-action=save]');
    await page.locator('crm-model-match [role=alert]').waitFor();
    await page.fill('#match-from-1', '85');
    assert.deepEqual(await head.axe(), []);
    await page.click('crm-model-match [data-action=save]');
    await page.locator('[data-match]').getByText('Телефон + Имя, Имя (похоже)').waitFor();
    assert.deepEqual(await match(), [{ same: ['phone', 'name'] }, { similar: 'name', from: 85 }]);
    await page.locator('.toast', { hasText: 'Правила' }).getByRole('button', { name: 'Вернуть' }).click();
    await page.locator('[data-match]').waitFor({ state: 'detached' });
    assert.equal(await match(), undefined);
  });

  for (const { size, scheme, lang } of looks(1))
    it(`is read by axe and fits: ${size.width} ${scheme} ${lang}`, async () => {
      const person = await browser.person({ size, scheme, lang, as: head });
      await person.page.goto('/settings/model?of=sales.deal');
      await person.page.locator('li[data-field=probeg]').waitFor();
      assert.deepEqual(await person.axe(), []);
      assert.ok(await person.fits());
      if (process.env.SHOTS) await person.page.screenshot({ path: `${process.env.SHOTS}/model-${size.width}-${scheme}.png` });
      await person.page.click('[data-action=new-field]');
      await person.page.locator('dialog[open]').waitFor();
      assert.deepEqual(await person.axe(), [], 'the dialog');
      if (process.env.SHOTS) await person.page.screenshot({ path: `${process.env.SHOTS}/model-new-${size.width}-${scheme}.png` });
      await person.close();
    });

  it('who may not set up the system sees no way there', async () => {
    const manager = await browser.person();
    await manager.login('petrov', await server.invite('petrov'));
    await manager.page.click('.side-foot button.me');
    await manager.page.getByRole('button', { name: 'Выйти' }).waitFor();
    assert.equal(await manager.page.locator('a[href="/settings/model"]').count(), 0);
    await manager.close();
  });

  it('nothing violated the policy or left the origin', () => assert.deepEqual(browser.faults, []));
});
