import type { Clock } from "#lib/kube/clock.ts";

export interface ExpiringMapOptions {
  readonly clock: Clock;
  readonly lifetimeMs: number;
  /** What was set longest ago makes room. */
  readonly maxSize: number;
}

/** Forgets each value some time after it was set. */
export class ExpiringMap<Value> {
  readonly #options: ExpiringMapOptions;
  /** In the order in which they were set, hence of their ends. */
  readonly #entries = new Map<string, { readonly value: Value; readonly endsAt: number }>();

  constructor(options: ExpiringMapOptions) {
    this.#options = options;
  }

  get(key: string): Value | undefined {
    this.#forget();
    return this.#entries.get(key)?.value;
  }

  set(key: string, value: Value): void {
    const { clock, lifetimeMs, maxSize } = this.#options;
    this.#entries.delete(key);
    this.#entries.set(key, { value, endsAt: clock.now() + lifetimeMs });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > maxSize && oldest !== undefined) {
      this.#entries.delete(oldest);
    }
  }

  #forget(): void {
    const now = this.#options.clock.now();
    for (const [key, { endsAt }] of this.#entries) {
      if (endsAt > now) {
        return;
      }
      this.#entries.delete(key);
    }
  }
}
