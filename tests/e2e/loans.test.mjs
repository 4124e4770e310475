// The module of the guide (sdk/loans) on a real server: what GUIDE.md shows of it works as it is written there.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launch, NEW_PASSWORD } from '../harness/browser.mjs';
import { Server, startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';
import { until } from '../harness/until.mjs';

const tz = dealer
  .replace('modules: auto\n', 'modules: [contacts, sales, tasks, intake, loans]\n')
  .replace('tasks.task: {read: team, create: team, update: team}', 'tasks.task: {read: team, create: team, update: team}\n' +
    '      loans.item: {read: all, create: all, update: all, fields: all}')
  .replace('  settings: [ivanova]', '  loans.lend: [head]\n  settings: [ivanova]');

describe('the module of the guide', () => {
  let modules, server, browser, person, page, head, drill;

  before(async () => {
    const { build } = new Server({});
    modules = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-modules-'));
    fs.chmodSync(modules, 0o755);
    fs.cpSync(path.join(build, 'modules'), modules, { recursive: true });
    fs.cpSync(path.join(build, 'sdk/modules/loans'), path.join(modules, 'loans'), { recursive: true });
    server = await startServer({ tz, modules, time: '2027-01-18T10:00:00+03:00' });
    browser = await launch(server);
    person = await browser.person();
    await person.login('ivanova', await server.invite('ivanova'));
    page = person.page;
    head = server.client();
    await head.login('ivanova', NEW_PASSWORD);
    drill = (await head.post('/api/v1/loans.item', { title: 'Дрель' }, { expect: 201 })).json;
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    if (modules) fs.rmSync(modules, { recursive: true, force: true });
  });

  const lend = () => head.post(`/api/v1/loans/item/${drill.id}/lend`, { to: 'ООО «Мост»' }, { expect: 200 });
  const now = async () => (await head.get(`/api/v1/loans.item/${drill.id}`, { expect: 200 })).json;
  const watch = async () =>
    (await head.get('/api/v1/modules', { expect: 200 })).json.modules.find((m) => m.name === 'loans').services[0];

  it('shows what is lent on its card and takes it back as the person who looks at it', async () => {
    await lend();
    await page.goto(`/e/loans.item/${drill.id}`);
    const block = page.locator('[data-part="slot loans.due"]');
    await block.getByText('ООО «Мост»').waitFor();
    assert.deepEqual(await person.axe(), []);
    await block.getByRole('button', { name: 'Вернули' }).click();
    await until(async () => (await now()).lent_to === null, 'it to be back');
    await block.waitFor({ state: 'detached' });
    const { rows } = (await head.get(`/api/v1/loans.item/${drill.id}/history`, { expect: 200 })).json;
    assert.match(JSON.stringify(rows[0]), /Анна Иванова/);
  });

  it('lists what is late, counts it by a command, and its service says so', async () => {
    await lend();
    await server.advance('15d');
    await head.login('ivanova', NEW_PASSWORD); // the session has ended meanwhile
    await person.login('ivanova', NEW_PASSWORD);
    await until(async () => (await now()).reminded, 'the reminder');
    await until(async () => /late: 1/.test((await watch()).text), 'the count of the service');
    assert.equal((await watch()).state, 'degraded');
    await page.goto('/x/loans/late');
    await page.locator('loans-late li', { hasText: 'Дрель' }).waitFor();
    assert.deepEqual(await person.axe(), []);
    await page.keyboard.press('Control+k');
    await page.fill('crm-palette input', 'сколько просрочено');
    await page.locator('crm-palette [role=option]', { hasText: 'Сколько просрочено' }).click();
    await page.locator('.toast', { hasText: 'Просрочена 1 вещь' }).waitFor();
  });

  it('breaks no policy and does not leave the origin', () => assert.deepEqual(browser.faults, []));
});
