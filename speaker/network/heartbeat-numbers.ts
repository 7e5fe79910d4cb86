/** Heartbeats within that time share an incarnation. */
const RENEW_AFTER_MS = 1_000;

/**
 * The numbers by which others know a newer heartbeat from an older one: the wall clock, which survives a restart, and a
 * sequence within it. The wall clock is followed upwards only, and again and again: after a start with the clock set
 * back, the others ignore this node only until its clock is ahead of what they heard before.
 */
export class HeartbeatNumbers {
  readonly #wallClock: () => number;
  #incarnation = 0;
  #sequence = 0;

  /** @param wallClock milliseconds since the epoch, whole or not; it may be set */
  constructor(wallClock: () => number) {
    this.#wallClock = wallClock;
  }

  next(): { readonly incarnation: bigint; readonly sequence: number } {
    const now = Math.floor(this.#wallClock());
    if (now >= this.#incarnation + RENEW_AFTER_MS) {
      this.#incarnation = now;
      this.#sequence = 0;
    }
    this.#sequence += 1;
    return { incarnation: BigInt(this.#incarnation), sequence: this.#sequence };
  }
}
