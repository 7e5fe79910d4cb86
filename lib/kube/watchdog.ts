import type { Clock } from "./clock.ts";

/** Given as a reason, it spares the making of an error that nobody reads. */
const DONE = "done";

/** A signal that aborts when nothing was heard for `limitMs`, or together with its parent. Dispose it when the work is done. */
export class Watchdog implements Disposable {
  readonly #clock: Clock;
  readonly #parent: AbortSignal | undefined;
  readonly #controller = new AbortController();
  readonly #disposed = new AbortController();
  readonly #follow = () => this.#controller.abort(this.#parent?.reason);
  #limitMs: number;
  #heardAt: number;

  constructor(clock: Clock, limitMs: number, parent?: AbortSignal) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#parent = parent;
    this.#heardAt = clock.now();
    if (parent?.aborted) {
      this.#follow();
    }
    parent?.addEventListener("abort", this.#follow, { once: true });
    void this.#guard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborted for silence, not by the parent. */
  get expired(): boolean {
    return this.signal.aborted && !this.#parent?.aborted;
  }

  /** Starts the count again from `at`. */
  heard(at = this.#clock.now()): void {
    this.#heardAt = at;
  }

  /** From now on silence may last this long. */
  allow(limitMs: number): void {
    this.#limitMs = limitMs;
    this.heard();
  }

  [Symbol.dispose](): void {
    this.#parent?.removeEventListener("abort", this.#follow);
    this.#disposed.abort(DONE);
  }

  async #guard(): Promise<void> {
    while (!(this.#disposed.signal.aborted || this.signal.aborted)) {
      const left = this.#limitMs - (this.#clock.now() - this.#heardAt);
      if (left <= 0) {
        this.#controller.abort(new Error(`nothing heard for ${this.#limitMs} ms`));
        return;
      }
      await this.#clock.delay(left, this.#disposed.signal);
    }
  }
}
