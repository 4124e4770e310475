// One Chromium for all tests; every page reports policy violations, script errors and requests that leave the origin.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** The engine without a browser's own windows, at less than half the work a page; where it is missing, the whole. */
const chromiumPath = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((path) => existsSync(path));

/** How many times slower the pages run than the machine would: what only holds on a fast one shows itself. */
const SLOWED = Number(process.env.SLOWED ?? 1);

export async function slow(page, rate) {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate });
}

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? chromiumPath, args: FLAGS });

export async function login(context, url, who = 'kotova') {
  const answer = await context.request.post(`${url}/api/v1/session`, { data: { login: who, password: 'secret' } });
  if (!answer.ok()) throw new Error(`login: ${answer.status()}`);
}

export async function open(
  browser,
  url,
  { size = DESK, scheme = 'light', lang = 'ru-RU', path = '/', login: who = 'kotova', scale = 1 } = {},
) {
  const context = await browser.newContext({
    viewport: size,
    colorScheme: scheme,
    locale: lang,
    deviceScaleFactor: scale,
    hasTouch: size.width < 721,
    isMobile: size.width < 721,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  if (SLOWED > 1) await slow(page, SLOWED);
  const faults = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|ERR_|EventSource/.test(message.text()))
      faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
      faults.push(`left the origin: ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) =>
      console.error(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`),
    );
  });
  if (who) await login(context, url, who);
  await page.goto(url + path);
  return { page, context, faults };
}
