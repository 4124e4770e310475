// The scene that a file of tests shares: one Chromium, a fixture of its own for every test, and pages whose script
// errors, violations of the policy and requests to elsewhere fail the test that opened them.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { Fixture } from '../fixture/server.mjs';
import { launch, open } from './browser.mjs';

let browser;
let opened = [];

/** Of the test that runs. */
export let fixture;

/** Sets the scene for the file that calls it. */
export function scene() {
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());
  beforeEach(async () => {
    fixture = await new Fixture().listen();
    opened = [];
  });
  afterEach(async () => {
    for (const { context } of opened) await context.close();
    await fixture.close();
    assert.deepEqual(
      opened.flatMap(({ faults }) => faults),
      [],
    );
  });
}

/** Another fixture in the place of the test's first, before any page is opened. */
export async function refit(options) {
  await fixture.close();
  fixture = await new Fixture(options).listen();
}

/** A page of its own context, logged in unless the options say otherwise. */
export async function visit(options) {
  const one = await open(browser, fixture.url, options);
  opened.push(one);
  return one.page;
}

export async function until(check) {
  for (let i = 0; i < 400; i += 1) {
    if (await check()) return;
    await new Promise((r) => {
      setTimeout(r, 25);
    });
  }
  throw new Error('it did not come true');
}
