// Scripts of modules in the UI by version 1 of the contract (sdk/UI.md): screens, slots, fields and commands of a module
// that is never rebuilt; what fails is told in its place and the page lives; `?safe=1` runs none of them.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launch, NEW_PASSWORD, PHONE } from '../harness/browser.mjs';
import { startServer } from '../harness/server.mjs';
import { kiosk, uiFolder, uiTz } from '../harness/ui.mjs';

const screen = (element) => `ui: {screens: {page: {element: ${element}, menu: {icon: box, group: work, order: 97}}}}\n`;
const OTHERS = {
  torn: { script: 'throw new Error("torn on purpose");\n', yaml: screen('torn-page') },
  later: { script: 'export const api = 2;\n', yaml: screen('later-page') },
  hollow: { script: 'export const api = 1;\n', yaml: screen('hollow-page') },
  stuck: { script: 'export const api = 1;\nexport const activate = () => new Promise(() => {});\n', yaml: screen('stuck-page') },
  bundled: {
    script: `const policy = trustedTypes.createPolicy('lit-html', { createHTML: (text) => text }); // as a Lit of its own does
export const api = 1;
export function activate() {
  customElements.define('bundled-page', class extends HTMLElement {
    connectedCallback() {
      this.innerHTML = policy.createHTML('<b>Со своим Lit</b>');
    }
  });
}
`,
    yaml: screen('bundled-page'),
  },
  drawn: {
    script: `import { LitElement, html } from '/ui/sdk/1.js';
export const api = 1;
export function activate(host) {
  host.on('record', () => { throw new Error('deaf on purpose'); });
  customElements.define('drawn-page', class extends LitElement {
    static properties = { ctx: { attribute: false } };
    render() { return html\`\${this.ctx.record.nothing.at.all}\`; }
  });
}
`,
    yaml: 'ui: {slots: {page: {at: card.side, of: sales.deal, element: drawn-page, when: [title, eq, Рисунок]}}}\n',
  },
};

describe('a script of a module', () => {
  let modules, server, browser, person, page, client, head;
  const asked = [];

  before(async () => {
    modules = uiFolder(OTHERS);
    server = await startServer({ tz: uiTz(...Object.keys(OTHERS)), modules });
    browser = await launch(server);
    person = await browser.person();
    await person.login('ivanova', await server.invite('ivanova'));
    page = person.page;
    person.context.on('request', (request) => asked.push(new URL(request.url()).pathname));
    client = await server.as('petrov');
    head = server.client();
    await head.login('ivanova', NEW_PASSWORD);
    await head.post('/api/v1/kiosk.stand', { title: 'Первый' }, { expect: 201 });
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    if (modules) fs.rmSync(modules, { recursive: true, force: true });
  });

  const deal = async (title) => (await client.post('/api/v1/sales.deal', { title, amount: '1000' }, { expect: 201 })).json;
  const part = (name) => page.locator(`[data-part="${name}"]`);

  it('is the one that was written for version 1, and stays as it was', () => {
    const hash = createHash('sha256').update(fs.readFileSync(path.join(kiosk, 'ui/ui.js'))).digest('hex');
    assert.equal(hash, 'e6ffde28dd60e285aea54990bfbdb1a28181037c8f4f375433d9299ccaa0f47e', 'kiosk is not to be changed: what it uses has to work as long as there is a version 1');
  });

  it('is not asked for where nothing of it is shown', async () => {
    await page.goto('/e/contacts.person'); // whatever the start screen still asked for is over
    asked.length = 0;
    await page.goto('/e/sales.deal');
    await page.locator('.list[data-entity="sales.deal"]').waitFor();
    assert.deepEqual(asked.filter((one) => /^\/m\/|plugin-/.test(one)), []);
  });

  it('has a screen in the menu, reads records, and keeps things of its own', async () => {
    await page.locator('[data-menu="kiosk.board"]').click();
    await page.locator('main h1', { hasText: 'Доска стендов' }).waitFor();
    await page.getByText('1 стенд на доске').waitFor();
    assert.equal(await page.locator('[data-menu="kiosk.board"]').getAttribute('aria-current'), 'page');
    assert.equal(await page.locator('kiosk-board').getAttribute('data-visits'), '1');
    assert.deepEqual(await person.axe(), []);
    assert.ok(await person.fits());
    await page.locator('kiosk-board button').click();
    await page.locator('.drawer, dialog').getByText('Первый').first().waitFor();
  });

  it('stands above a list and on the start screen, and uses elements of the application', async () => {
    await page.goto('/e/kiosk.stand');
    await page.locator('kiosk-count', { hasText: 'kiosk.stand kiosk Europe/Moscow' }).waitFor();
    assert.equal(await page.locator('kiosk-count ui-icon svg').count(), 1);
    await page.locator('kiosk-count').getByLabel('Название').fill('Проба');
    await page.locator('kiosk-count p', { hasText: 'Проба' }).waitFor();
    assert.deepEqual(await person.axe(), []);
    await page.goto('/');
    await page.locator('kiosk-day', { hasText: 'Анна Иванова · 1' }).waitFor();
    assert.deepEqual(await person.axe(), []);
  });

  it('stands on a card, is told of changes and changes the record as the person himself', async () => {
    const { id } = await deal('Кран');
    await page.goto(`/e/sales.deal/${id}`);
    await part('slot kiosk.deal').getByText('Кран · ru · head').waitFor();
    assert.match(await part('slot kiosk.deal').locator('ui-value').textContent(), /1.000/);
    await part('slot kiosk.deal').getByRole('button', { name: '★' }).click();
    await part('slot kiosk.deal').getByText('Кран ★ · ru · head').waitFor();
    const now = (await client.get(`/api/v1/sales.deal/${id}`, { expect: 200 })).json;
    assert.equal(now.title, 'Кран ★');
    const { rows } = (await client.get(`/api/v1/sales.deal/${id}/history`)).json;
    assert.match(JSON.stringify(rows[0]), /Анна Иванова/);
    assert.deepEqual(await person.axe(), []);
  });

  it('shows and edits a field by elements of its own', async () => {
    await page.goto('/e/kiosk.stand');
    await page.locator('[data-entity="kiosk.stand"] [data-id]').first().waitFor();
    await page.getByText('Первый').first().click();
    const card = page.locator('article.card[data-entity="kiosk.stand"]');
    await card.locator('.prop[data-field=shade] kiosk-shade', { hasText: '—' }).waitFor();
    await card.locator('.prop[data-field=shade] .prop-edit').click();
    await card.locator('kiosk-shade-edit input').fill('охра');
    await card.locator('[data-action=save]').click();
    await card.locator('.prop[data-field=shade] kiosk-shade', { hasText: '◼ охра' }).waitFor();
    assert.deepEqual(await person.axe(), []);
  });

  it('has a command in the palette', async () => {
    await page.keyboard.press('Control+k');
    await page.fill('crm-palette input', 'посчитать');
    await page.locator('crm-palette [role=option]', { hasText: 'Посчитать стенды' }).click();
    await page.locator('.toast', { hasText: '1 стенд на доске' }).waitFor();
  });

  it('that throws while it is connected or drawn says so in its place, and the card works on', async () => {
    const broken = await deal('Сломать');
    await page.goto(`/e/sales.deal/${broken.id}`);
    const card = page.locator('[data-plugin-failed=kiosk]');
    await card.getByText('Часть модуля «Киоск» не работает. broken on purpose').waitFor();
    await part('slot kiosk.deal').getByText('Сломать · ru · head').waitFor();
    assert.deepEqual(await person.axe(), []);
    const drawn = await deal('Рисунок');
    await page.goto(`/e/sales.deal/${drawn.id}`);
    await page.locator('[data-plugin-failed=drawn]').waitFor();
    await page.locator('.prop[data-field=title] .prop-edit').click();
    await page.locator('crm-field[data-name=title] input').fill('Рисунок 2');
    await page.locator('[data-action=save]').click();
    await page.locator('.deal-title', { hasText: 'Рисунок 2' }).waitFor();
    assert.equal((await client.get(`/api/v1/sales.deal/${drawn.id}`)).json.title, 'Рисунок 2');
  });

  it('whose listener throws keeps nobody else from hearing', async () => {
    const { id } = await deal('Рисунок');
    await page.goto(`/e/sales.deal/${id}`);
    await page.locator('[data-plugin-failed=drawn]').waitFor();
    await page.locator('.nav a[href^="/e/sales.deal"]').click(); // the list begins to listen after it
    const row = page.locator(`.list [data-id="${id}"]`);
    await row.getByText('Рисунок').waitFor();
    await client.patch(`/api/v1/sales.deal/${id}`, { title: 'Слышно' }, { expect: 200 });
    await row.getByText('Слышно').waitFor();
  });

  it('that does not load, is of another version, does not start in time, or lacks the element says which', async () => {
    for (const [name, why] of [['torn', 'torn on purpose'], ['later', 'Он написан для другой версии'], ['stuck', 'Он не запустился за пять секунд.'], ['hollow', 'В нём нет нужного элемента.']]) {
      await page.goto(`/x/${name}/page`);
      await page.locator(`[data-plugin-failed=${name}]`).getByText(why).waitFor();
    }
    assert.deepEqual(await person.axe(), []);
    await page.evaluate(() => customElements.define('hollow-page', class extends HTMLElement {
      connectedCallback() {
        this.textContent = 'Пришёл позже';
      }
    }));
    await page.locator('hollow-page', { hasText: 'Пришёл позже' }).waitFor();
    assert.equal(await page.locator('[data-plugin-failed]').count(), 0);
  });

  it('may bring a Lit of its own', async () => {
    await page.goto('/x/bundled/page');
    await page.locator('bundled-page b', { hasText: 'Со своим Lit' }).waitFor();
  });

  it('is not run with ?safe=1, until that is taken back', async () => {
    await page.goto('/x/torn/page');
    await page.locator('[data-plugin-failed=torn] a').click();
    await page.locator('[data-safe]').waitFor();
    const { id } = await deal('Сломать');
    asked.length = 0;
    await page.goto(`/e/sales.deal/${id}`);
    await page.locator('.deal-title').waitFor();
    assert.equal(await page.locator('iframe').count(), 0);
    await page.goto('/e/kiosk.stand');
    await page.getByText('охра').waitFor();
    assert.equal(await page.locator('crm-plugin').count(), 0);
    assert.deepEqual(asked.filter((one) => one.startsWith('/m/')), []);
    assert.deepEqual(await person.axe(), []);
    await page.locator('[data-safe] a').click();
    await page.locator('kiosk-count').waitFor();
  });

  it('fits a phone in the dark and in English', async () => {
    const other = await browser.person({ size: PHONE, scheme: 'dark', lang: 'en-GB', as: person });
    await other.page.goto('/x/kiosk/board');
    await other.page.getByText('1 stand on the board').waitFor();
    assert.deepEqual(await other.axe(), []);
    assert.ok(await other.fits());
    await other.close();
  });

  it('is told to nobody who does not see what it is about', async () => {
    const { modules: mine } = (await client.get('/api/v1/meta', { expect: 200 })).json;
    const told = mine.find((m) => m.id === 'kiosk');
    assert.deepEqual(Object.keys(told).sort(), ['id', 'slots', 'ui', 'ver']);
    assert.deepEqual(told.slots.map((s) => s.id).sort(), ['breaks', 'day', 'deal']);
  });

  it('of another version takes another page, which is said', async () => {
    await page.goto('/e/kiosk.stand');
    await page.locator('kiosk-count').waitFor();
    await head.post('/api/v1/modules/kiosk/upgrade', { version: '1.0.1' }, { expect: 200 });
    await page.locator('.toast', { hasText: 'Модуль «Киоск» обновлён' }).waitFor();
    await head.post('/api/v1/modules/kiosk/rollback', {}, { expect: 200 });
  });

  it('may be a page in a frame out of its own folder, sandboxed, without a service', async () => {
    const { id } = await deal('Под рамкой');
    const { src } = (await client.post('/api/v1/frames/kiosk/tip', undefined, { expect: 200 })).json;
    assert.equal(src, '/m/kiosk/frames/tip.html');
    const policy = (await client.get(src)).headers['content-security-policy'];
    for (const piece of [/sandbox allow-scripts allow-forms/, /default-src 'none'/, /frame-ancestors 'self'/]) assert.match(policy, piece);
    assert.doesNotMatch(policy, /allow-same-origin|connect-src/);
    await page.goto(`/e/sales.deal/${id}`);
    await page.frameLocator('[data-frame="kiosk.tip"] iframe').getByText('Совет для: Под рамкой').waitFor();
    const inner = page.frames().find((f) => f.url().endsWith('/frames/tip.html'));
    assert.equal(await inner.evaluate(() => globalThis.origin), 'null');
    assert.deepEqual(await person.axe(), []);
  });

  it('in a frame is heard by the shape of what it says, and nobody else in its name', async () => {
    const title = () => page.locator('.deal-title .display').first().textContent();
    const said = (data, more = {}) =>
      page.evaluate(([message, given]) => {
        const source = document.querySelector('[data-frame="kiosk.tip"] iframe').contentWindow;
        window.dispatchEvent(new MessageEvent('message', { data: message, origin: 'null', source, ...given }));
      }, [data, more]);
    const set = (values, id = 1) => ({ karkas: 1, type: 'set', id, values });
    await said(set({ title: 'Чужой источник' }), { origin: 'https://other.example' });
    await said(set({ title: 'Ничей' }), { source: null });
    await said(set({ title: 'Без номера' }, 'x'));
    await said(set({ amount: '1' }));
    await said(set(['title']));
    await said({ karkas: 1, type: 'open', entity: 'sales.deal', id: '1; drop' });
    await said({ karkas: 1, type: 'height', height: 1e9 });
    await said(set({ title: 'Своё' }, 2));
    await page.locator('.deal-title', { hasText: 'Своё' }).waitFor();
    const { id } = await page.locator('article.card').first().evaluate((card) => ({ id: card.dataset.id }));
    const { rows } = (await client.get(`/api/v1/sales.deal/${id}/history`, { expect: 200 })).json;
    const changed = rows.flatMap((row) => row.changes ?? []).filter((c) => c.old !== null && c.old !== undefined);
    assert.deepEqual(changed.map((c) => [c.field, c.old, c.new]), [['title', 'Под рамкой', 'Своё']]);
    assert.equal(await title(), 'Своё');
    assert.equal(await page.locator('[data-frame="kiosk.tip"] iframe').getAttribute('height'), '4000');
  });

  it('breaks no policy and does not leave the origin', () => assert.deepEqual(browser.faults, []));
});
