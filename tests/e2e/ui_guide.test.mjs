// What UI.md lets an author type, typed by one who has the installed SDK and nothing else: the screen that comes of it.

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { it } from 'node:test';
import { Author } from '../harness/author.mjs';
import { launch, NEW_PASSWORD } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { dealer } from '../harness/tz.mjs';

const tz = dealer.replace('tasks.task: {read: team, create: team, update: team}',
  'tasks.task: {read: team, create: team, update: team}\n      gate.pass: {read: all, create: all, fields: all}');

it('the screen of UI.md works as it is typed', async () => {
  const author = new Author();
  const modules = fs.mkdtempSync(path.join(os.tmpdir(), 'karkas-modules-'));
  let server, browser;
  try {
    await author.follow('UI.md');
    fs.chmodSync(modules, 0o755);
    fs.cpSync(path.join(author.build, 'modules'), modules, { recursive: true });
    fs.cpSync(path.join(author.home, 'gate'), path.join(modules, 'gate'), { recursive: true });
    server = await startServer({ tz, modules });
    browser = await launch(server);
    const person = await browser.person();
    await person.login('ivanova', await server.invite('ivanova'));
    const head = server.client();
    await head.login('ivanova', NEW_PASSWORD);
    await head.post('/api/v1/gate.pass', { guest: 'Гость Первый' }, { expect: 201 });
    await person.page.locator('[data-menu="gate.today"]').click();
    await person.page.locator('main h1', { hasText: 'Сегодня' }).waitFor();
    await person.page.locator('gate-today').getByText('Ждём 1 гостя').waitFor();
    await person.page.locator('gate-today li', { hasText: 'Гость Первый' }).waitFor();
    assert.deepEqual(await person.axe(), []);
    assert.deepEqual(browser.faults, []);
  } finally {
    await browser?.close();
    await server?.stop();
    author.remove();
    fs.rmSync(modules, { recursive: true, force: true });
  }
});
