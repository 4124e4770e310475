// The page of modules and the settings of one: in Chromium against the fixture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture, scene, until, visit } from './scene.mjs';

scene();

const FLEET = '/settings/modules?of=fleet';
const MINUTE = 60000;
const setting = (page, name) => page.locator(`[data-setting="${name}"]`);
const input = (page, name) => setting(page, name).locator('input');
const from = (page, name, where) => page.waitForSelector(`[data-setting="${name}"][data-from="${where}"]`);
const save = (page) => page.click('[data-action=save]');

/** Another has changed something, and this page has not heard of it. */
function changeUnheard(values) {
  const { emit } = fixture;
  fixture.emit = () => undefined;
  fixture.modules.change(values);
  fixture.emit = emit;
}

test('the list, from the menu, says what runs in which version, what is newer and why something does not run', async () => {
  const page = await visit({ path: '/' });
  await page.click('.side-foot button.me');
  await page.click('a[href="/settings/modules"]');
  const row = (name) => page.locator(`[data-module="${name}"]`);
  await row('fleet').getByText('работает', { exact: true }).waitFor();
  await row('fleet').getByText('есть новее: 1.10.0').waitFor();
  await row('meters').getByText('Ждут 2 правила или обмена: high_reading, readings.').waitFor();
  await row('scales').getByText('Нужен уровень 3, у этого сервера 1.').waitFor();
  await row('sales').getByText('Данные для версии 2.0.0-aaaaaaaaaaaa подготовить не удалось: у сделки 12 нет суммы').waitFor();
  await row('tasks').getByText('выключен', { exact: true }).waitFor();
  await row('toll').getByText('Выключен сервером: данные для него не удалось подготовить.').waitFor();
  await row('toll').getByText('Данные для версии 1.0.0 подготовить не удалось: у проезда 7 нет цены').waitFor();
  const service = (name) => row('fleet').locator(`[data-service="${name}"]`);
  await service('tracker').getByText('отказывает раз за разом').waitFor();
  assert.match(await service('tracker').innerText(), /Связь с маячками.*нет ответа от станции · следующая попытка/s);
  await service('mail').getByText('работает не полностью').waitFor();
  assert.match(await service('radio').innerText(), /Рация.*предельное число служб/s, 'one too many says what it waits for');
  assert.equal(await row('tasks').locator('[data-action=settings]').count(), 0, 'of one that is off there is nothing to set');
  await row('fleet').locator('[data-action=settings]').click();
  await setting(page, 'wait').waitFor();
  await page.click('[data-action=back]');
  await row('fleet').waitFor();
});

test('without the function the page is not there, and its file is not loaded', async () => {
  fixture.functions = ['bulk'];
  const page = await visit({ path: FLEET });
  await page.waitForSelector('.empty');
  assert.equal(await page.locator('crm-modules').count(), 0);
  assert.equal(await page.locator('a[href="/settings/modules"]').count(), 0);
  assert.ok(!fixture.requests.includes('GET /api/v1/modules'));
});

test('only what was changed is sent, as the API takes it; the message takes it back', async () => {
  const page = await visit({ path: FLEET });
  await input(page, 'wait').fill('1 ч 30 мин');
  await input(page, 'rate').fill('2,5');
  await input(page, 'strict').check();
  await input(page, 'key').fill('OTHER_KEY');
  await page.getByText('Не сохранены 4 настройки').waitFor();
  await save(page);
  await from(page, 'key', 'server');
  assert.deepEqual(fixture.modules.tries, [{ wait: 90 * MINUTE, rate: '2.5', strict: true, key: { secret: 'OTHER_KEY' } }]);
  await setting(page, 'key').getByText('на сервере не задан').waitFor();
  await setting(page, 'wait').getByText('изменено здесь: Анна Котова').waitFor();
  await setting(page, 'wait').getByText('в ТЗ: 20 мин').waitFor();
  assert.equal(await page.locator('.save-bar').count(), 0, 'all is saved');
  await page.locator('.toast').getByRole('button', { name: 'Вернуть' }).click();
  await from(page, 'wait', 'tz');
  assert.deepEqual(fixture.modules.changed, {});
});

test('wrong values are told of beside their fields, nothing is saved and nothing is lost', async () => {
  const page = await visit({ path: FLEET });
  await input(page, 'seats').fill('120');
  await input(page, 'greeting').fill('Здравствуйте');
  await page.keyboard.press('Control+Enter');
  await setting(page, 'seats').getByText('Здесь ожидается значение не больше 60.').waitFor();
  assert.equal(await input(page, 'greeting').inputValue(), 'Здравствуйте');
  assert.deepEqual(fixture.modules.changed, {});
  await input(page, 'seats').fill('много');
  await save(page);
  await setting(page, 'seats').locator('.is-invalid').waitFor();
  assert.equal(fixture.modules.tries.length, 1, 'what is no number is not sent');
});

test('a change of another setting by another does not stand in the way', async () => {
  const page = await visit({ path: FLEET });
  await input(page, 'wait').fill('30 мин');
  changeUnheard({ greeting: 'Здравствуйте' });
  await save(page);
  await from(page, 'wait', 'server');
  assert.equal(await input(page, 'greeting').inputValue(), 'Здравствуйте');
  assert.equal(fixture.modules.changed.wait.value, 30 * MINUTE);
});

test('what another has made of the same setting is shown, and a person decides', async () => {
  const page = await visit({ path: FLEET });
  const conflict = (name) => page.locator(`[data-conflict="${name}"]`);
  await input(page, 'wait').fill('30 мин');
  await input(page, 'greeting').fill('Привет');
  changeUnheard({ wait: 15 * MINUTE, greeting: 'Здравствуйте' });
  await save(page);
  await conflict('wait').getByText('Пётр Лебедев').waitFor();
  assert.equal(await input(page, 'wait').inputValue(), '30 мин', 'what was typed stays');
  assert.equal(fixture.modules.changed.wait.value, 15 * MINUTE, 'and is not saved over it');
  assert.ok(await page.isDisabled('[data-action=save]'));
  await conflict('wait').locator('[data-choice=mine]').click();
  await conflict('greeting').locator('[data-choice=theirs]').click();
  assert.equal(await input(page, 'greeting').inputValue(), 'Здравствуйте');
  await save(page);
  await until(() => fixture.modules.changed.wait.value === 30 * MINUTE);
  assert.equal(fixture.modules.changed.greeting.value, 'Здравствуйте');
});

test('others’ changes stand there at once, but not over what is being typed', async () => {
  const page = await visit({ path: FLEET });
  await input(page, 'seats').fill('4');
  fixture.modules.change({ rate: '7.00' });
  await from(page, 'rate', 'server');
  assert.equal(await input(page, 'rate').inputValue(), '7');
  assert.equal(await input(page, 'seats').inputValue(), '4');
  fixture.modules.change({ seats: 4 });
  await from(page, 'seats', 'server');
  assert.equal(await page.locator('.save-bar').count(), 0, 'it is as it was typed');
});

test('what was typed outlives leaving and a reload, until it is discarded', async () => {
  const page = await visit({ path: FLEET });
  await input(page, 'greeting').fill('Привет');
  await page.click('[data-action=back]');
  await page.locator('[data-module=fleet]').waitFor();
  await page.goto(fixture.url + FLEET);
  await page.waitForSelector('.save-bar');
  assert.equal(await input(page, 'greeting').inputValue(), 'Привет');
  await page.click('[data-action=discard]');
  assert.equal(await input(page, 'greeting').inputValue(), 'Добрый день');
  await page.reload();
  await setting(page, 'greeting').waitFor();
  assert.equal(await page.locator('.save-bar').count(), 0);
});

test('a value goes back to that of the deployment file, and one put aside is forgotten after a question', async () => {
  fixture.modules.change({ wait: 15 * MINUTE, seats: 4 });
  const page = await visit({ path: FLEET });
  await setting(page, 'wait').getByText('Вернуть значение ТЗ').click();
  await from(page, 'wait', 'tz');
  assert.deepEqual(fixture.modules.tries, [{ wait: null }]);
  assert.equal(await setting(page, 'seats').locator('[data-action=revert]').count(), 0, 'it cannot be empty');
  await page.locator('[data-aside=limit] [data-action=drop]').click();
  await page.click('dialog.ask [data-yes]');
  await page.locator('[data-aside]').waitFor({ state: 'detached' });
  assert.deepEqual(fixture.modules.tries.at(-1), { limit: null });
});

test('what cannot be read says why, and is read again', async () => {
  const page = await visit({ path: '/settings/modules?of=tasks', lang: 'en-GB' });
  await page.getByRole('heading', { name: 'Модуль не работает' }).waitFor();
  await page.goto(`${fixture.url}/settings/modules?of=contacts`);
  await page.getByText('There are no settings').waitFor();
  await page.goto(`${fixture.url}${FLEET}`);
  await setting(page, 'seats').getByText('to be filled in').waitFor();
  await setting(page, 'wait').getByText('from the deployment file').waitFor();
});

test('a newer version is put into force after a question, and the message goes back to the former', async () => {
  const page = await visit({ path: '/settings/modules' });
  const row = page.locator('[data-module=fleet]');
  await row.locator('[data-action=upgrade]').click();
  await page.locator('dialog.ask', { hasText: 'Обновить модуль fleet до версии 1.10.0?' }).getByText('Отмена').click();
  assert.deepEqual(fixture.modules.acts, [], 'a question that is answered with no does nothing');
  await row.locator('[data-action=upgrade]').click();
  let go;
  fixture.modules.hold = new Promise((resolve) => (go = resolve));
  await page.click('dialog.ask [data-yes]');
  await row.getByText('Обновляем модуль fleet до 1.10.0…').waitFor();
  assert.ok(await page.isDisabled('[data-module=sales] [data-action=disable]'), 'one change at a time');
  go();
  await row.getByText('версия 1.10.0').waitFor();
  await page.locator('.toast', { hasText: 'обновлён до 1.10.0' }).getByRole('button', { name: 'Вернуть' }).click();
  await row.getByText('версия 1.0.0', { exact: true }).waitFor();
  assert.deepEqual(fixture.modules.acts, [['fleet', 'upgrade', '1.10.0-89ab01234567'], ['fleet', 'rollback', null]]);
});

test('any version that lies there may be gone to, and what would follow is said first', async () => {
  const page = await visit({ path: '/settings/modules' });
  const row = page.locator('[data-module=fleet]');
  const version = (id) => row.locator(`[data-version="${id}"]`);
  await row.getByText('4 версии на сервере').click();
  assert.equal(await version('1.0.0-0123456789ab').locator('[data-action=go]').count(), 0, 'it is in force');
  await version('1.9.0-ba9876543210').locator('[data-action=go]').click();
  const dialog = page.locator('dialog.ask', { hasText: 'Обновить модуль fleet до версии 1.9.0?' });
  await dialog.getByText('Появится: fleet.car.mileage').waitFor();
  await dialog.getByText('Будет подготовка данных, 1 изменение').waitFor();
  await page.click('dialog.ask [data-yes]');
  await row.getByText('версия 1.9.0').waitFor();
  await version('bundled').locator('[data-action=go]').click();
  await page.locator('dialog.ask', { hasText: 'Вернуть модуль fleet к версии 0.9.0?' }).getByText('Скроется, данные останутся: fleet.car.mileage').waitFor();
  await page.click('dialog.ask [data-yes]');
  await row.getByText('версия 0.9.0').waitFor();
  assert.deepEqual(fixture.modules.acts, [['fleet', 'upgrade', '1.9.0-ba9876543210'], ['fleet', 'upgrade', 'bundled']]);
});

test('changes of settings are listed with who made them, and one is taken back while it holds', async () => {
  fixture.modules.change({ greeting: 'Привет' });
  fixture.modules.change({ wait: 15 * MINUTE });
  fixture.modules.change({ wait: 25 * MINUTE });
  const page = await visit({ path: FLEET });
  await page.getByText('История изменений').click();
  const change = (name) => page.locator(`[data-change="${name}"]`);
  await change('wait').first().getByText('Пётр Лебедев').waitFor();
  assert.match(await change('wait').first().innerText(), /Сколько ждать: 15 мин → 25 мин/);
  await change('wait').nth(1).locator('[data-action=undo]').click();
  await page.locator('.toast', { hasText: 'С тех пор значение изменили ещё раз.' }).waitFor();
  await change('greeting').locator('[data-action=undo]').click();
  await from(page, 'greeting', 'tz');
  assert.equal(fixture.modules.changed.greeting, undefined);
  await change('greeting').nth(1).waitFor();
});

test('a module is turned off and on again', async () => {
  const page = await visit({ path: '/settings/modules' });
  const row = page.locator('[data-module=sales]');
  await row.locator('[data-action=disable]').click();
  await page.click('dialog.ask [data-yes]');
  await row.getByText('выключен', { exact: true }).waitFor();
  assert.equal(await row.locator('[data-action=settings]').count(), 0);
  await row.locator('[data-action=enable]').click();
  await page.click('dialog.ask [data-yes]');
  await row.getByText('работает', { exact: true }).waitFor();
});

test('what is left of a module that is off goes for ever once its name was typed, and the row shows how far', async () => {
  fixture.batches.hold = true;
  const page = await visit({ path: '/settings/modules' });
  const row = page.locator('[data-module=tasks]');
  assert.equal(await page.locator('[data-module=fleet] [data-action=purge]').count(), 0, 'one that runs has to be turned off first');
  await row.locator('[data-action=purge]').click();
  const dialog = page.locator('dialog.ask');
  await dialog.getByText(/tasks\.task: 1\s?200 записей/).waitFor();
  await dialog.getByText('sales.lead.next_task: 40 значений').waitFor();
  await dialog.locator('input').fill('task');
  assert.ok(await dialog.locator('[data-yes]').isDisabled(), 'not the name');
  await dialog.locator('input').fill('tasks');
  await dialog.locator('[data-yes]').click();
  await row.getByText(/Удаляется навсегда: 620 из 1\s?240/).waitFor();
  assert.deepEqual(fixture.modules.purges, ['tasks']);
  assert.equal(await row.locator('[data-action=enable], [data-action=purge]').count(), 0, 'half of it has gone');
  fixture.batches.finish();
  await page.locator('.toast', { hasText: 'Всё, что осталось от модуля tasks, удалено навсегда' }).waitFor();
  await row.locator('[data-purging]').waitFor({ state: 'detached' });
});

test('a change of data shows how far it is, and goes when it has ended', async () => {
  const { batches, modules } = fixture;
  const batch = batches.start('migrate', null, { id: 1, name: 'Анна Котова' }, { title: 'fleet', total: 0, done: 4 });
  const fleet = modules.rows.find((one) => one.name === 'fleet');
  fleet.migration = { batch: batch.id, state: 'running', version: fleet.version, done: 4, why: null };
  const page = await visit({ path: '/settings/modules' });
  const row = page.locator('[data-module=fleet]');
  await row.getByText('Данные готовятся для версии 1.0.0, шагов сделано: 4.').waitFor();
  batch.done = 9;
  batches.tell(batch);
  await row.getByText('шагов сделано: 9.').waitFor();
  batch.state = 'done';
  fleet.migration = null;
  batches.tell(batch);
  await row.getByText('Данные готовятся').waitFor({ state: 'detached' });
});

test('a purge that is refused says why at the module; without the function “delete” it is not offered', async () => {
  const page = await visit({ path: '/settings/modules' });
  fixture.modules.refuse = { title: 'Модуль нужен другому модулю', detail: 'Модуль sales включён и не может без модуля tasks.' };
  await page.locator('[data-module=tasks] [data-action=purge]').click();
  await page.locator('[data-module=tasks] [data-refusal]', { hasText: 'Модуль sales включён и не может без модуля tasks.' }).waitFor();
  assert.deepEqual(fixture.modules.purges, []);
  fixture.functions = ['settings'];
  await page.reload();
  await page.locator('[data-module=tasks] [data-action=enable]').waitFor();
  assert.equal(await page.locator('[data-module=tasks] [data-action=purge]').count(), 0);
});

test('what the server refuses is told at the module, in its words', async () => {
  const page = await visit({ path: '/settings/modules' });
  const row = page.locator('[data-module=fleet]');
  fixture.modules.refuse = { title: 'Так работать не будет', detail: 'Нет поля plate, которое называет ТЗ.' };
  await row.locator('[data-action=rollback]').click();
  await page.click('dialog.ask [data-yes]');
  await row.locator('[data-refusal]', { hasText: 'Нет поля plate, которое называет ТЗ.' }).waitFor();
  await row.getByText('версия 1.0.0', { exact: true }).waitFor();
  assert.ok(await page.isEnabled('[data-module=fleet] [data-action=rollback]'), 'it may be tried again');
});

test('a change is not taken back over what another has set since', async () => {
  const page = await visit({ path: FLEET });
  const saved = page.locator('.toast', { hasText: 'Настройки сохранены' });
  await input(page, 'wait').fill('30 мин');
  await save(page);
  await saved.waitFor();
  changeUnheard({ wait: 15 * MINUTE });
  await saved.getByRole('button', { name: 'Вернуть' }).click();
  await page.getByText('Значение с тех пор изменил другой человек').waitFor();
  assert.equal(fixture.modules.changed.wait.value, 15 * MINUTE);
  assert.equal(await input(page, 'wait').inputValue(), '15 мин');
});
