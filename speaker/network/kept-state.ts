/** At most that often, and not for a larger part of the time than one in so many. */
const EVERY_MS = 1_000;
const PART_OF_TIME = 50;

export interface KeptStateOptions {
  /** Milliseconds of a clock that never steps back. */
  readonly clock: () => number;
  /** Another one when anything else is to be kept. */
  hash(): number;
  take(): Uint8Array;
  keep(bytes: Uint8Array): void;
}

/** Has kept what the next speaker on this node should know, whenever it changes. */
export class KeptState {
  readonly #options: KeptStateOptions;
  #hash = 0;
  #at = 0;

  constructor(options: KeptStateOptions) {
    this.#options = options;
  }

  tick(now: number): void {
    const { clock, hash, keep, take } = this.#options;
    const current = hash();
    if (now < this.#at || current === this.#hash) {
      return;
    }
    this.#hash = current;
    keep(take());
    this.#at = now + Math.max(EVERY_MS, (clock() - now) * PART_OF_TIME);
  }
}
