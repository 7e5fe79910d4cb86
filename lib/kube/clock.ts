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
  delay,
};

/** That of node:timers/promises makes an error with a stack for each delay that is ended, and each call of the API ends one. */
function delay(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) {
    resolve();
    return promise;
  }
  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    resolve();
  };
  const timer = setTimeout(end, ms);
  signal.addEventListener("abort", end, { once: true });
  return promise;
}
