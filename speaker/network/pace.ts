/** Frames a second, of one link; a switch or a slow client may drop what comes faster. */
export const DEFAULT_ANNOUNCE_RATE = 5_000;

/** For as long may `poll` sleep too long; what that held up leaves at once. */
const BURST_MS = 10;

/** How fast frames may leave that nobody asked for: on one link, those of both families together. */
export class Pace {
  readonly #msPerFrame: number;
  /** When the next frame would leave if all left evenly, none ahead of its time. */
  #evenlyAt = Number.NEGATIVE_INFINITY;

  /** @param framesPerSecond 0: as many as there are */
  constructor(framesPerSecond: number) {
    this.#msPerFrame = framesPerSecond === 0 ? 0 : 1_000 / framesPerSecond;
  }

  /** When more may leave at the earliest. */
  get readyAt(): number {
    return this.#evenlyAt - BURST_MS;
  }

  /** Notes that frames leave now. They may be more than the rate allows: then what comes next waits for longer. */
  spend(frames: number, now: number): void {
    this.#evenlyAt = Math.max(this.#evenlyAt, now) + frames * this.#msPerFrame;
  }
}
