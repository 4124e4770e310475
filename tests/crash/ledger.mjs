// What was promised, and how it compares with what is there. Knows no server, so that its own test
// can show that it finds a loss.

export class Ledger {
  constructor() {
    this.promises = new Map();
    this.cut = 0;
  }

  /** A write is under way. `kind` groups the count; `name` is what will be found, once. */
  begin(kind, name) {
    const promise = { kind, name, isAcknowledged: false };
    this.promises.set(name, promise);
    return promise;
  }

  acknowledge(promise) {
    promise.isAcknowledged = true;
  }

  /** The answer was lost: the write may have happened or not, but not twice. */
  interrupt() {
    this.cut++;
  }

  acknowledged(kind) {
    return [...this.promises.values()].filter((p) => p.kind === kind && p.isAcknowledged);
  }

  /** `found`: names as they were read back, one for each occurrence. */
  compare(kind, found) {
    const times = new Map();
    for (const name of found) times.set(name, (times.get(name) ?? 0) + 1);
    const known = [...this.promises.values()].filter((p) => p.kind === kind);
    const names = new Set(known.map((p) => p.name));
    return {
      promised: known.filter((p) => p.isAcknowledged).length,
      lost: known.filter((p) => p.isAcknowledged && !times.has(p.name)).map((p) => p.name),
      doubled: known.filter((p) => times.get(p.name) > 1).map((p) => p.name),
      strange: [...times.keys()].filter((name) => !names.has(name)),
    };
  }
}
