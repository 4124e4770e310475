// What is planned next: records about which nothing is are marked and counted, and what is late stands on top of the
// timeline, to be done or put off. In Chromium against the fixture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHONE } from './browser.mjs';
import { fixture, refit, scene, until, visit } from './scene.mjs';

scene();

// Of the fixture's requests 46 has a late task, 44 one for later, 37 (in work) none, and 36 is closed.
const ALL = '/e/sales.lead?view=all';
const task = (id) => fixture.find('tasks.task', id);
const row = (page, id) => page.locator(`[data-id="${id}"]`).first();
const mark = (page, id) => row(page, id).locator('[data-step]');
const toast = (page, text) => page.locator('.toast', { hasText: text });
const isIdle = (lead) => !fixture.data['tasks.task'].some((one) => one.record?.id === lead.id && !one.done);
const open = () => fixture.data['sales.lead'].filter(({ stage }) => ['new', 'work', 'offer'].includes(stage));
const idle = (stage) => open().filter((lead) => isIdle(lead) && (!stage || lead.stage === stage)).length;

async function at(path, options) {
  await refit({ idle: true, timeline: true });
  return visit({ path, ...options });
}

test('a list marks what has no task and what is late, and follows the tasks', async () => {
  const page = await at(ALL);
  await mark(page, 37).getByText('Нет задачи').waitFor();
  await mark(page, 46).getByText('Просрочено').waitFor();
  assert.deepEqual([await mark(page, 44).count(), await mark(page, 36).count()], [0, 0], 'planned for later; closed');
  const asked = fixture.requests.filter((line) => line === 'POST /api/v1/tasks.task/aggregate').length;
  assert.equal(asked, 1, 'one question for all rows in sight');
  fixture.create('tasks.task', { title: 'Позвонить', due: new Date(Date.now() + 9e6).toISOString(), record: { id: 37, label: '' }, done: false });
  await mark(page, 37).waitFor({ state: 'detached' });
  fixture.update('tasks.task', 1, { done: true });
  await mark(page, 46).getByText('Нет задачи').waitFor();
});

test('a view holds what has no task, counted beside its name', async () => {
  const page = await at('/e/sales.lead');
  await page.locator('[data-view=idle]', { hasText: String(idle()) }).click();
  await row(page, 37).waitFor();
  await row(page, 46).waitFor({ state: 'detached' });
  fixture.create('tasks.task', { title: 'Позвонить', due: new Date(Date.now() + 9e6).toISOString(), record: { id: 37, label: '' }, done: false });
  fixture.update('sales.lead', 37, {});
  await row(page, 37).waitFor({ state: 'detached' });
});

test('the board marks cards and counts them by column', async () => {
  const page = await at(`${ALL}&as=board`);
  await mark(page, 37).getByText('Нет задачи').waitFor();
  await page.locator('[data-column=work] [data-idle]', { hasText: `Нет задачи: ${idle('work')}` }).waitFor();
  assert.equal(await page.locator('[data-column=done] [data-idle]').count(), 0);
  fixture.create('tasks.task', { title: 'Позвонить', due: new Date(Date.now() + 9e6).toISOString(), record: { id: 37, label: '' }, done: false });
  await page.locator('[data-column=work] [data-idle]', { hasText: `Нет задачи: ${idle('work')}` }).waitFor();
});

test('the start screen counts what has no task and leads to it', async () => {
  const page = await at('/');
  const part = page.locator('[data-view=idle]');
  await part.locator('.count', { hasText: String(idle()) }).waitFor();
  await part.locator('.sect a').click();
  await page.waitForURL(/view=idle/);
});

test('a phone marks the cards of a list', async () => {
  const page = await at(ALL, { size: PHONE });
  await mark(page, 46).getByText('Просрочено').waitFor();
});

test('a late task on top of the timeline is done there, and comes back when that is taken back', async () => {
  const page = await at('/e/sales.lead/46');
  const late = page.locator('.overdue li[data-id="1"]');
  await late.getByText('согласовать аванс').waitFor();
  await late.locator('[data-action=done]').click();
  await late.waitFor({ state: 'detached' });
  assert.equal(task(1).done, true);
  await toast(page, 'Сделано: «Позвонить').getByRole('button', { name: 'Вернуть' }).click();
  await late.waitFor();
  assert.equal(task(1).done, false);
});

test('a late task is put off to another time; a refusal keeps what was chosen', async () => {
  const page = await at('/e/sales.lead/46');
  const late = page.locator('.overdue li[data-id="1"]');
  const before = task(1).due;
  await late.locator('[data-action=later]').click();
  await page.locator('[data-later="1"]').click();
  await late.waitFor({ state: 'detached' });
  const days = (Date.parse(task(1).due) - Date.now()) / 86400000;
  assert.ok(days > 0 && days < 2, task(1).due);
  await toast(page, 'новый срок').getByRole('button', { name: 'Вернуть' }).click();
  await until(() => task(1).due === before);
  await late.waitFor();
  await page.route('**/api/v1/tasks.task/1', (route) =>
    route.request().method() === 'PATCH'
      ? route.fulfill({ status: 422, contentType: 'application/problem+json', body: '{"status":422,"code":"invalid","fields":[{"field":"due","code":"out_of_range","detail":"В этот день выходной."}]}' })
      : route.continue(),
  );
  await late.locator('[data-action=later]').click();
  await page.fill('.overdue input[name=at]', '2031-05-01T12:00');
  await page.keyboard.press('Enter');
  await page.locator('.overdue').getByRole('alert').getByText('В этот день выходной.').waitFor();
  assert.equal(await page.inputValue('.overdue input[name=at]'), '2031-05-01T12:00');
  assert.equal(task(1).due, before);
});
