// «Модули» on a real server: settings of a module are changed, put back and refused in the browser, others' changes
// come by themselves, and another version is put into force or refused with the reason. axe and the phone.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { NEW_PASSWORD, launch, looks } from '../harness/browser.mjs';
import { fleetFolder, fleetTz, idOf, putFleet } from '../harness/fleet.mjs';
import { startServer } from '../harness/server.mjs';
import { until } from '../harness/until.mjs';

const tz = fleetTz.replace('modules: auto', 'modules: auto\nsettings:\n  fleet: {wait: 20m}');
const SETTINGS = '/api/v1/modules/fleet/settings';
const MINUTE = 60000;

describe('the page of modules', () => {
  let modules, server, browser, head, page, api;

  before(async () => {
    modules = fleetFolder([1, 2]);
    server = await startServer({ modules, tz, env: { KARKAS_SECRET_FLEET_KEY: 'тайна-42' } });
    browser = await launch(server);
    head = await browser.person();
    await head.login('ivanova', await server.invite('ivanova'));
    page = head.page;
    api = server.client();
    await api.login('ivanova', NEW_PASSWORD);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    fs.rmSync(modules, { recursive: true, force: true });
  });

  const row = () => page.locator('[data-module=fleet]');
  const input = (name) => page.locator(`[data-setting="${name}"] input`);
  const from = (name, where) => page.locator(`[data-setting="${name}"][data-from="${where}"]`).waitFor();
  const stored = async (name) => (await api.get(SETTINGS, { expect: 200 })).json.settings.find((s) => s.name === name);
  const agree = () => page.click('dialog.ask [data-yes]');

  it('settings are changed as they are declared, are in force at once and are taken back', async () => {
    await page.goto('/');
    await page.click('.side-foot button.me');
    await page.click('a[href="/settings/modules"]');
    await row().locator('[data-action=settings]').click();
    await input('wait').fill('30 мин');
    await input('rate').fill('2,5');
    await input('key').fill('FLEET_KEY');
    await page.click('[data-action=save]');
    await from('key', 'server');
    assert.deepEqual([(await stored('wait')).value, (await stored('rate')).value], [30 * MINUTE, '2.50']);
    await page.locator('[data-setting=key]').getByText('на сервере задан').waitFor();
    await page.locator('.toast').getByRole('button', { name: 'Вернуть' }).click();
    await from('wait', 'tz');
    assert.deepEqual([(await stored('wait')).from, (await stored('key')).value], ['tz', null]);
  });

  it('what is out of limits is refused beside its field; what the program sets stands there at once', async () => {
    await input('wait').fill('9 дн');
    await page.click('[data-action=save]');
    await page.locator('[data-setting=wait] .is-invalid').waitFor();
    await api.patch(SETTINGS, { greeting: 'Привет' }, { expect: 200 });
    await from('greeting', 'server');
    assert.equal(await input('wait').inputValue(), '9 дн');
    await page.click('[data-action=discard]');
  });

  it('what another has set meanwhile is not overwritten without a choice', async () => {
    await input('wait').fill('40 мин');
    await api.patch(SETTINGS, { wait: '50m' }, { expect: 200 });
    await page.locator('[data-conflict=wait] [data-choice=mine]').click();
    await page.click('[data-action=save]');
    await until(async () => (await stored('wait')).value === 40 * MINUTE);
  });

  it('a newer version is put into force, one that does not start is refused, the former comes back', async () => {
    await page.click('[data-action=back]');
    await row().getByText('есть новее: 1.1.0').waitFor();
    await row().locator('[data-action=upgrade]').click();
    await agree();
    await row().getByText('версия 1.1.0').waitFor();
    putFleet(modules, 3);
    await page.reload();
    await row().locator('[data-action=upgrade]').click();
    await agree();
    await row().locator('[data-refusal]').getByText('Модуль fleet не запустился').waitFor();
    await row().getByText('версия 1.1.0').waitFor();
    await row().locator('[data-action=rollback]').click();
    await agree();
    await row().getByText('версия 1.0.0').waitFor();
  });

  it('each version that lies there may be gone to, after what would follow is told', async () => {
    await row().locator('summary').click();
    const version = (id) => row().locator(`[data-version="${id}"]`);
    await version('bundled').getByText('выбрана').waitFor();
    assert.equal(await version('bundled').locator('[data-action=go]').count(), 0);
    await version(idOf(2)).locator('[data-action=go]').click();
    await page.locator('dialog.ask [data-outlook]').getByText('Появится: fleet.car.mileage').waitFor();
    await agree();
    await version(idOf(2)).getByText('выбрана').waitFor();
    await version('bundled').locator('[data-action=go]').click();
    await page.locator('dialog.ask [data-outlook]').getByText('Скроется, данные останутся: fleet.car.mileage').waitFor();
    await agree();
    await version('bundled').getByText('выбрана').waitFor();
  });

  it('who changed a setting is told, and one change is taken back', async () => {
    await row().locator('[data-action=settings]').click();
    await api.patch(SETTINGS, { greeting: 'Добрый день' }, { expect: 200 });
    await from('greeting', 'server');
    await page.locator('[data-part=changes] summary').click();
    const change = page.locator('[data-change=greeting]').first();
    await change.getByText('Добрый день').waitFor();
    await change.locator('[data-action=undo]').click();
    await until(async () => (await stored('greeting')).value !== 'Добрый день', 'the value of before');
    await page.click('[data-action=back]');
  });

  it('a module that the ТЗ needs is not turned off, and it is said why', async () => {
    await row().locator('[data-action=disable]').click();
    await row().locator('[data-refusal]').getByText('модуль нужен ТЗ').waitFor();
    await row().getByText('работает', { exact: true }).waitFor();
  });

  for (const { size, scheme, lang } of looks(2))
    it(`is read by axe and fits: ${size.width} ${scheme} ${lang}`, async () => {
      const person = await browser.person({ size, scheme, lang, as: head });
      for (const path of ['/settings/modules', '/settings/modules?of=fleet']) {
        await person.page.goto(path);
        await person.page.locator('[data-module=fleet], [data-setting=wait]').first().waitFor();
        assert.deepEqual(await person.axe(), []);
        assert.ok(await person.fits());
        if (process.env.SHOTS) await person.page.screenshot({ path: `${process.env.SHOTS}/modules${path.length}-${size.width}-${scheme}.png` });
      }
      await person.close();
    });

  it('nothing violated the policy or left the origin', () => assert.deepEqual(browser.faults, []));
});
