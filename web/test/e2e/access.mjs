// axe on the screens in both themes: no violation of WCAG 2.2 AA or of best practice. One file for each
// size of screen calls this, so that they run side by side.
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

const VARIANTS = [
  ['desk', 'light'],
  ['phone', 'dark'],
  ['desk', 'dark'],
  ['phone', 'light'],
];
const FULL = process.env.FULL === '1';

/**
 * Ordinarily each screen is looked at in one of the four variants, the next one in the next; with FULL=1 in all. What is
 * offered on one size only is looked at in both themes of that.
 */
function variantsOf(index, { only }) {
  if (only) return VARIANTS.filter(([size]) => size === only);
  return FULL ? VARIANTS : [VARIANTS[index % VARIANTS.length]];
}

async function look(screen, where, scheme) {
  const size = where === 'phone' ? PHONE : DESK;
  const fixture = await new Fixture(screen.fixture).listen();
  const { page, context, faults } = await open(browser, fixture.url, { ...screen, size, scheme });
  try {
    await screen.ready(page);
    await screen.act?.(page, where === 'phone', fixture);
    const session = await context.newCDPSession(page);
    await session.send('Runtime.evaluate', { expression: axe });
    const { violations } = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags }), TAGS);
    return {
      faults,
      said: violations.map(
        (v) =>
          `${v.id}: ${v.nodes
            .slice(0, 3)
            .map((n) => `${n.target} ${n.failureSummary}`)
            .join(' | ')}`,
      ),
    };
  } finally {
    await context.close();
    await fixture.close();
  }
}

export function testScreens(where) {
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());
  for (const [index, [name, screen]] of Object.entries(SCREENS).entries())
    for (const [, scheme] of variantsOf(index, screen).filter(([size]) => size === where))
      test(`${name}, ${where}, ${scheme}`, async () => {
        assert.deepEqual(await look(screen, where, scheme), { faults: [], said: [] });
      });
}
