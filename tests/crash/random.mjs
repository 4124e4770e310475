// Chance that can be had again.

/** Evenly spread numbers in [0, 1) that a seed repeats (mulberry32). */
export function randomOf(seed) {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * cut(work, kill, ms) resolves with the outcome of `work`, {value} or {error}, and the time it `took`, undisturbed or
 * killed by `kill` within about `ms`.
 */
export const cutterOf = (random) => async (work, kill, ms) => {
  const begun = Date.now();
  const done = work.then((value) => ({ value }), (error) => ({ error }));
  if (kill) {
    await Promise.race([done, wait(random() * ms)]);
    await kill();
  }
  return { ...(await done), took: Date.now() - begun };
};
