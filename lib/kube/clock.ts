import { setTimeout as sleep } from "node:timers/promises";

/** Time as this folder needs it; tests give one that stands still. */
export interface Clock {
  /** Milliseconds that only grow, whatever is done to the machine's clock. */
  now(): number;
  /** Milliseconds since 1970, as the machine believes. */
  wall(): number;
  /** Ends after `ms`, or at once when the signal aborts; never rejects. */
  delay(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  delay: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
};
