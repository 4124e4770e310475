// Waiting for what must become true; nothing here sleeps for a fixed time and hopes.

const SHORTEST_MS = 10;
const LONGEST_MS = 100;

/** Soon at first, then after a tenth of the time waited so far: what takes long is not slowed by the asking. */
const step = (waited) => new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST_MS, Math.max(SHORTEST_MS, waited / 10))));

/** Calls `condition` until it gives something true and returns that; throws after `limitMs`. */
export async function until(condition, what = condition.toString(), limitMs = 60000) {
  const begin = Date.now();
  for (let last; ; ) {
    try {
      last = await condition();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    const waited = Date.now() - begin;
    if (waited > limitMs) {
      const seen = last instanceof Error ? last.stack : JSON.stringify(last);
      throw new Error(`not within ${limitMs} ms: ${what}\nlast: ${seen}`);
    }
    await step(waited);
  }
}
