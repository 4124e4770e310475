// Pictures of the screens, to look at: node tools/shots.mjs <folder> [name…]
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DESK, PHONE, launch, open } from '../test/e2e/browser.mjs';
import { SCREENS } from '../test/screens.mjs';
import { Fixture } from '../test/fixture/server.mjs';

const [folder = 'node_modules/.cache/shots', ...only] = process.argv.slice(2);
const browser = await launch();
await mkdir(folder, { recursive: true });
for (const [name, screen] of Object.entries(SCREENS)) {
  if (only.length && !only.includes(name)) continue;
  for (const phone of screen.only === 'desk' ? [false] : [false, true]) {
    for (const scheme of ['light', 'dark']) {
      const fixture = await new Fixture(screen.fixture).listen();
      const { page, context, faults } = await open(browser, fixture.url, {
        ...screen,
        size: phone ? PHONE : DESK,
        scheme,
      });
      try {
        await screen.ready(page);
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
