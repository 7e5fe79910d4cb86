export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** 0 … 1. */
  readonly random?: () => number;
}

/** Waits that double. Each is spread over half to one and a half of itself, so that many clients do not come back together. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #wait: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#wait = options.firstMs;
  }

  /** Milliseconds to wait after one more failure, in addition to what the server asked for. */
  next(retryAfterMs = 0): number {
    const wait = this.#wait;
    this.#wait = Math.min(this.#options.maxMs, wait * 2);
    return retryAfterMs + wait * (0.5 + this.#random());
  }

  reset(): void {
    this.#wait = this.#options.firstMs;
  }
}
