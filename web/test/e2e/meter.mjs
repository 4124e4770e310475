// What work costs the page's main thread, in milliseconds of its processor time: the wall says more about the machine
// than about the page. On a busy machine that time grows too, so of several rounds the cheapest is the work's own.

import { readFile } from 'node:fs/promises';

const LOOK = 500; // ms
const QUIET = 0.2; // of the machine's processors busy, with nothing of ours at work

/** How busy the processors are meanwhile, from 0 to 1; 1 where the system does not say. */
export async function busyShare() {
  const read = async () => {
    const [line] = (await readFile('/proc/stat', 'utf8')).split('\n');
    const ticks = line.split(/\s+/).slice(1, 9).map(Number);
    return { all: ticks.reduce((sum, n) => sum + n, 0), idle: ticks[3] + ticks[4] };
  };
  try {
    const before = await read();
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK);
    });
    const now = await read();
    return now.all > before.all ? 1 - (now.idle - before.idle) / (now.all - before.all) : 1;
  } catch {
    return 1;
  }
}

export const isQuiet = (share) => share <= QUIET;

/** `wait(done)` in the page: until `done()` and the rows are there, and then for two frames to be painted. */
const prepare = () => {
  window.wait = (done = () => true) =>
    new Promise((resolve) => {
      const isOver = () => done() && !document.querySelector('.skeleton, .rows[aria-busy]');
      const paint = () => requestAnimationFrame(() => requestAnimationFrame(resolve));
      const look = () => {
        if (!isOver()) return;
        seen.disconnect();
        paint();
      };
      const seen = new MutationObserver(look);
      setTimeout(() => { // once what was clicked has begun
        seen.observe(document.body, { subtree: true, childList: true, attributes: true });
        look();
      });
    });
};

export class Meter {
  static async of(page) {
    const meter = new Meter();
    meter.page = page;
    meter.session = await page.context().newCDPSession(page);
    await meter.session.send('Performance.enable', { timeDomain: 'threadTicks' });
    await page.addInitScript(prepare);
    return meter;
  }

  /** Processor time of the main thread so far. */
  async cpu() {
    const { metrics } = await this.session.send('Performance.getMetrics');
    return metrics.find((m) => m.name === 'TaskDuration').value * 1000;
  }

  /** Of a function that runs in the page and ends when what it began is painted. */
  async costOf(act, arg) {
    const from = await this.cpu();
    await this.page.evaluate(act, arg);
    return (await this.cpu()) - from;
  }

  /** The heap, in MB, once nothing is left in it that is not held. */
  async heap() {
    await this.session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await this.session.send('Runtime.getHeapUsage');
    return usedSize / 1024 / 1024;
  }

  /** Tasks of the main thread while `act` runs in the page, each in milliseconds of processor time. */
  async tasksOf(browser, act, arg) {
    await browser.startTracing(this.page, { categories: ['toplevel', 'blink.user_timing'] });
    await this.page.evaluate((name) => performance.mark(name), 'metered');
    await this.page.evaluate(act, arg);
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
    const mark = traceEvents.find((e) => e.name === 'metered');
    return traceEvents
      .filter((e) => e.pid === mark.pid && e.tid === mark.tid && e.ts > mark.ts && e.name === 'ThreadControllerImpl::RunTask' && e.tdur !== undefined)
      .map((e) => e.tdur / 1000);
  }
}

export const least = (values) => Math.min(...values);
