// axe on every screen in both themes, on a desk and on a phone: no violation of WCAG 2.2 AA or of best practice.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Fixture } from '../fixture/server.mjs';
import { SCREENS } from '../screens.mjs';
import { DESK, PHONE, launch, open } from './browser.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
let browser;

before(async () => { browser = await launch(); });
after(() => browser.close());

for (const [name, screen] of Object.entries(SCREENS)) {
  for (const [where, size] of [['desk', DESK], ['phone', PHONE]]) {
    for (const scheme of ['light', 'dark']) {
      test(`${name}, ${where}, ${scheme}`, async () => {
        const fixture = await new Fixture().listen();
        const { page, context, faults } = await open(browser, fixture.url, { ...screen, size, scheme });
        try {
          await screen.ready(page);
          await screen.act?.(page, size === PHONE, fixture);
          const session = await context.newCDPSession(page);
          await session.send('Runtime.evaluate', { expression: axe });
          const { violations } = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags }), TAGS);
          const said = violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary.split('\n').slice(1, 2)}`).slice(0, 3).join(' | ')}`);
          assert.deepEqual(said, []);
          assert.deepEqual(faults, []);
        } finally {
          await context.close();
          await fixture.close();
        }
      });
    }
  }
}
