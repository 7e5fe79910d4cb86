import type { Clock } from "#lib/kube/clock.ts";

export interface TurnstileOptions {
  readonly clock: Clock;
  /** One passes in so many milliseconds, */
  readonly everyMs: number;
  /** and so many at once after a pause. */
  readonly burst: number;
  readonly maxWaiting: number;
}

const NEVER = new AbortController().signal;

/** Lets requests pass at a steady pace, in the order in which they came: who sends many delays the others, no more. */
export class Turnstile {
  readonly #options: TurnstileOptions;
  /** What ends each wait, in the order of coming; it is told whether the request may pass. */
  readonly #waiting = new Set<(mayPass: boolean) => void>();
  /** When a whole burst may pass again: all that there is to know of a token bucket. */
  #fullAt = 0;
  #isTurning = false;

  constructor(options: TurnstileOptions) {
    this.#options = options;
  }

  /**
   * Waits for a turn.
   *
   * @param gone aborts when nobody wants the turn any more, which makes room for another request
   * @returns false when there is no turn, for it is not wanted any more or too many wait
   */
  async pass(gone: AbortSignal): Promise<boolean> {
    if (gone.aborted || this.#waiting.size >= this.#options.maxWaiting) {
      return false;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const leave = () => {
      this.#waiting.delete(resolve);
      resolve(false);
    };
    gone.addEventListener("abort", leave, { once: true });
    this.#waiting.add(resolve);
    void this.#turn();
    return await promise.finally(() => gone.removeEventListener("abort", leave));
  }

  async #turn(): Promise<void> {
    if (this.#isTurning) {
      return;
    }
    this.#isTurning = true;
    const { burst, clock, everyMs } = this.#options;
    for (let first = this.#first(); first !== undefined; first = this.#first()) {
      const now = clock.now();
      const waitMs = this.#fullAt - (burst - 1) * everyMs - now;
      if (waitMs > 0) {
        await clock.delay(waitMs, NEVER);
      } else {
        this.#fullAt = Math.max(this.#fullAt, now) + everyMs;
        this.#waiting.delete(first);
        first(true);
      }
    }
    this.#isTurning = false;
  }

  #first(): ((mayPass: boolean) => void) | undefined {
    const [first] = this.#waiting;
    return first;
  }
}
