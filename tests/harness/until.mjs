// Waiting for what must become true; nothing here sleeps for a fixed time and hopes.

const STEP_MS = 20;

/** Calls `condition` until it gives something true and returns that; throws after `limitMs`. */
export async function until(condition, what = condition.toString(), limitMs = 20000) {
  const end = Date.now() + limitMs;
  for (let last; ; ) {
    try {
      last = await condition();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      const seen = last instanceof Error ? last.stack : JSON.stringify(last);
      throw new Error(`not within ${limitMs} ms: ${what}\nlast: ${seen}`);
    }
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}
