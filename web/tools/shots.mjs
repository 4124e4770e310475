// Pictures of the screens, to look at: node tools/shots.mjs <folder> [name…]
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DESK, PHONE, launch, open } from '../test/e2e/browser.mjs';
import { Fixture } from '../test/fixture/server.mjs';

const [folder = 'node_modules/.cache/shots', ...only] = process.argv.slice(2);
const click = (selector) => async (page) => { await page.click(selector); await page.waitForTimeout(250); };
const SCREENS = {
  login: { path: '/', login: null },
  password: { path: '/', login: null, act: async (page) => { await page.fill('#login', 'kotova'); await page.fill('#password', 'one-time'); await page.keyboard.press('Enter'); await page.waitForSelector('#new'); await page.fill('#new', 'abcdef'); } },
  today: { path: '/' },
  list: { path: '/e/sales.lead' },
  filtered: { path: '/e/sales.lead?f.source=site,avito&f.stage=new,work', act: async (page) => { await page.keyboard.press('j'); await page.keyboard.press('j'); } },
  empty: { path: '/e/sales.lead?f.source=expo&f.owner=9&q=погрузчик' },
  filter: { path: '/e/sales.lead', act: click('[data-action=filter]') },
  card: { path: '/e/sales.lead/44' },
  drawer: { path: '/e/sales.lead', act: click('[data-id="44"] a') },
  edit: { path: '/e/sales.lead', act: async (page) => {
    await page.click('[data-id="45"] a'); await page.waitForSelector('.drawer-box .block'); await page.keyboard.press('e'); await page.waitForSelector('crm-field');
    await page.fill('.drawer-box [data-field=phone] input', '8 916 12'); await page.fill('.drawer-box [data-field=email] input', 'нет'); await page.keyboard.press('Control+Enter'); await page.waitForSelector('.summary'); } },
  create: { path: '/e/sales.lead', act: async (page) => {
    await page.click('[data-action=create]'); await page.waitForSelector('form.create'); await page.fill('[data-field=phone] input', '8 916 12'); await page.keyboard.press('Control+Enter'); await page.waitForSelector('.summary'); } },
  palette: { path: '/e/sales.lead', act: async (page) => { await page.keyboard.press('Control+k'); await page.fill('.palette input', 'петров'); await page.waitForTimeout(500); } },
  notices: { path: '/settings/notices' },
  gone: { path: '/e/sales.lead/999' },
  lost: { path: '/x/nowhere' },
  menu: { path: '/', act: async (page, phone) => click(phone ? '.tabbar button:last-of-type' : '.side-foot button.me')(page) },
  offline: { path: '/e/sales.lead', act: async (page, _, fixture) => { fixture.setDown(true); await page.waitForSelector('.offline'); } },
  conflict: { path: '/e/sales.lead/44', act: async (page, _, fixture) => {
    await page.keyboard.press('e'); await page.waitForSelector('crm-field'); await page.fill('[data-field=city] input', 'Казань'); fixture.update('sales.lead', 44, { city: 'Пермь' }); await page.waitForSelector('.conflict'); } },
};

const browser = await launch();
await mkdir(folder, { recursive: true });
for (const [name, screen] of Object.entries(SCREENS)) {
  if (only.length && !only.includes(name)) continue;
  for (const phone of [false, true]) {
    for (const scheme of ['light', 'dark']) {
      const fixture = await new Fixture().listen();
      const { page, context, faults } = await open(browser, fixture.url, { ...screen, size: phone ? PHONE : DESK, scheme });
      try {
        await page.waitForLoadState('networkidle', { timeout: 1500 }).catch(() => undefined);
        await screen.act?.(page, phone, fixture);
        await page.waitForTimeout(300);
        await page.screenshot({ path: join(folder, `${name}-${phone ? 'phone' : 'desk'}-${scheme}.png`) });
      } catch (error) {
        console.error(`${name} ${phone} ${scheme}: ${error.message.split('\n')[0]}`);
        await page.screenshot({ path: join(folder, `${name}-FAILED.png`) });
      }
      for (const fault of faults) console.error(`${name}: ${fault}`);
      await context.close();
      await fixture.close();
    }
  }
}
await browser.close();
