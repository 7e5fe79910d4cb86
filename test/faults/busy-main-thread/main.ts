/**
 * Imported by a speaker before its own code: has its main thread do nothing else for five seconds at SIGWINCH, which a
 * process without this import ignores.
 */

import { isMainThread } from "node:worker_threads";

const BUSY_MS = 5_000;

if (isMainThread) {
  process.on("SIGWINCH", () => {
    const until = performance.now() + BUSY_MS;
    for (let now = performance.now(); now < until; now = performance.now()) {
      // Neither a timer nor a promise has its turn.
    }
  });
}
