import { setImmediate } from "node:timers/promises";
import type { Clock } from "#lib/kube/clock.ts";

interface Sleeper {
  readonly wakeAt: number;
  readonly wake: () => void;
}

/** Time that passes only when a test says so. */
export class FakeClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  #now = 0;

  now(): number {
    return this.#now;
  }

  wall(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  delay(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const sleeper = { wakeAt: this.#now + ms, wake: resolve };
    if (signal.aborted) {
      resolve();
      return promise;
    }
    this.#sleepers.add(sleeper);
    const forget = () => {
      this.#sleepers.delete(sleeper);
      resolve();
    };
    signal.addEventListener("abort", forget, { once: true });
    return promise.finally(() => signal.removeEventListener("abort", forget));
  }

  /** How long each sleeper still sleeps, in milliseconds. */
  get sleeping(): number[] {
    return Array.from(this.#sleepers, ({ wakeAt }) => wakeAt - this.#now);
  }

  /** Lets time pass. Whoever wakes up acts, and may sleep again, before the next one wakes. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await setImmediate();
    for (let next = this.#first(end); next !== undefined; next = this.#first(end)) {
      this.#now = next.wakeAt;
      this.#sleepers.delete(next);
      next.wake();
      await setImmediate();
    }
    this.#now = end;
  }

  #first(end: number): Sleeper | undefined {
    return [...this.#sleepers]
      .filter(({ wakeAt }) => wakeAt <= end)
      .sort((a, b) => a.wakeAt - b.wakeAt)[0];
  }
}
