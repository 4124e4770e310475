// Chromium against a server of the tests: its certificate trusted by its key alone, one context per
// user, and every page reports what must not happen: policy violations, script errors, requests that
// leave the origin.

import { X509Certificate, createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as tls from 'node:tls';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const axeSource = readFileSync(axeFile, 'utf8');

export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };
/** Each pair of device, theme and language stands among the first four; all of them are all combinations. */
const LOOKS = [
  { size: DESK, scheme: 'light', lang: 'ru-RU' },
  { size: PHONE, scheme: 'dark', lang: 'ru-RU' },
  { size: PHONE, scheme: 'light', lang: 'en-GB' },
  { size: DESK, scheme: 'dark', lang: 'en-GB' },
  { size: PHONE, scheme: 'light', lang: 'ru-RU' },
  { size: DESK, scheme: 'dark', lang: 'ru-RU' },
  { size: DESK, scheme: 'light', lang: 'en-GB' },
  { size: PHONE, scheme: 'dark', lang: 'en-GB' },
];
const PAIRED = 4;
/** How a screen is looked at: one that covers a pair of each, the next one on the next screen; all with FULL=1. */
export const looks = (which) => (process.env.FULL === '1' ? LOOKS : [LOOKS[which % PAIRED]]);
/** How many times slower the pages run than the machine would: what only holds on a fast one shows itself. */
const SLOWED = Number(process.env.SLOWED ?? 1);
export const NEW_PASSWORD = 'тихий экскаватор 41';

/** The certificate the server shows, verified against its own authority as a client would. */
function certificateOf(server) {
  const where = { host: 'localhost', servername: 'localhost', port: server.port, ca: server.ca };
  return new Promise((resolve, reject) => {
    const socket = tls.connect(where, () => {
      resolve(new X509Certificate(socket.getPeerCertificate(true).raw));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

async function keyPin(server) {
  const key = (await certificateOf(server)).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

/** The engine without a browser's own windows, at less than half the work a page; where it is missing, the whole. */
const chromiumPath = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((path) => existsSync(path));

/** A Chromium that trusts this server's key and no other unknown one. */
export async function launch(server) {
  const trust = `--ignore-certificate-errors-spki-list=${await keyPin(server)}`;
  const executablePath = process.env.CHROMIUM ?? chromiumPath;
  return new Browser(server, await chromium.launch({ executablePath, args: [...FLAGS, trust] }));
}

export class Browser {
  constructor(server, chrome) {
    this.server = server;
    this.chrome = chrome;
    this.faults = [];
  }

  /** One user with a device of his own. Options: size, scheme, lang (a locale), js, scale, and
      `as`: the person whose session is taken over. */
  async person({ size = DESK, scheme = 'light', lang = 'ru-RU', js = true, scale = 1, as } = {}) {
    const phone = size.width < 721;
    const context = await this.chrome.newContext({
      baseURL: this.server.url,
      viewport: size,
      screen: size,
      deviceScaleFactor: scale,
      hasTouch: phone,
      isMobile: phone,
      colorScheme: scheme,
      reducedMotion: 'reduce',
      locale: lang,
      timezoneId: 'Europe/Moscow',
      javaScriptEnabled: js,
      storageState: as && { cookies: await as.context.cookies(), origins: [] },
    });
    context.setDefaultTimeout(20000);
    const person = new Person(context, await context.newPage(), this);
    await person.watch();
    if (SLOWED > 1) await person.slow(SLOWED);
    return person;
  }

  close() {
    return this.chrome.close();
  }
}

/** A 4xx answer is part of the behaviour under test; Chromium's own line about it is no fault. */
const isOwnLine = (text) => /^Failed to load resource|net::ERR_|EventSource/.test(text);

class Person {
  constructor(context, page, browser) {
    this.context = context;
    this.page = page;
    this.browser = browser;
  }

  async watch() {
    const fault = (text) => this.browser.faults.push(text);
    const origin = this.browser.server.url;
    this.context.on('weberror', (e) => fault(`script: ${e.error().message}`));
    this.context.on('console', (message) => {
      const isFault = message.type() === 'error' && !isOwnLine(message.text());
      if (isFault) fault(`console: ${message.text()}`);
    });
    this.context.on('request', (request) => {
      const url = request.url();
      const isOwn = url.startsWith(`${origin}/`) || url.startsWith('data:');
      if (!isOwn) fault(`left the origin: ${url}`);
    });
    await this.context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (e) =>
        console.error(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`),
      );
    });
  }

  async slow(rate) {
    const session = await this.context.newCDPSession(this.page);
    await session.send('Emulation.setCPUThrottlingRate', { rate });
  }

  /** Through the form; with a one-time code a password is chosen, as the person himself would. */
  async login(login, code) {
    const { page } = this;
    await page.goto('/login');
    await page.fill('#login', login);
    await page.fill('#password', code);
    await page.keyboard.press('Enter');
    await page.locator('#new, crm-shell').first().waitFor();
    if (await page.locator('#new').count()) await this.choose(NEW_PASSWORD);
    await page.locator('crm-shell').waitFor();
    return this;
  }

  async choose(password) {
    for (const id of ['#new', '#again']) await this.page.fill(id, password);
    await this.page.keyboard.press('Enter');
  }

  /** What axe finds, as readable lines; none is the expected answer. */
  async axe() {
    const session = await this.context.newCDPSession(this.page);
    await session.send('Runtime.evaluate', { expression: axeSource });
    const run = (tags) => window.axe.run(document, { runOnly: tags });
    const { violations } = await this.page.evaluate(run, AXE_TAGS);
    const node = (n) => `${n.target} ${n.failureSummary}`;
    const line = (v) => `${v.id}: ${v.nodes.slice(0, 3).map(node).join(' | ')}`;
    return violations.map(line);
  }

  /** Nothing sticks out to the side, and a screen ends where its place does: what is longer scrolls within. */
  fits() {
    return this.page.evaluate(() => {
      const place = document.querySelector('main')?.getBoundingClientRect().bottom ?? Infinity;
      const ends = [...document.querySelectorAll('main .list')].map((one) => one.getBoundingClientRect().bottom);
      return document.documentElement.scrollWidth <= screen.width && ends.every((end) => end <= place + 1);
    });
  }

  close() {
    return this.context.close();
  }
}
