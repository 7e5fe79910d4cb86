/** Frames a second, of one link; a switch or a slow client may drop what comes faster. */
export const DEFAULT_ANNOUNCE_RATE = 5_000;

/** For as long may `poll` sleep too long; what that held up leaves at once. */
const BURST_MS = 10;

/**
 * How often something may happen: frames that leave though nobody asked for them, on one link those of both families
 * together; packets of strangers that are opened.
 */
export class Pace {
  readonly #msEach: number;
  /** When the next would be if all came evenly, none ahead of its time. */
  #evenlyAt = Number.NEGATIVE_INFINITY;

  /** @param perSecond 0: as many as there are */
  constructor(perSecond: number) {
    this.#msEach = perSecond === 0 ? 0 : 1_000 / perSecond;
  }

  /** When more may happen at the earliest. */
  get readyAt(): number {
    return this.#evenlyAt - BURST_MS;
  }

  /** Notes that so many happen now. They may be more than the rate allows: then what comes next waits for longer. */
  spend(count: number, now: number): void {
    this.#evenlyAt = Math.max(this.#evenlyAt, now) + count * this.#msEach;
  }
}
