import { createHmac, timingSafeEqual } from "node:crypto";

/** Every kubelet has brought a changed Secret to its mount long before: it takes a minute or two. */
const BOTH_KEYS_MS = 10 * 60_000;

/**
 * The keys of the heartbeats that are in force. For some time after a change that is the former one too: speakers read
 * the new one at different moments, and would not hear each other in between.
 */
export class MemberKeys {
  readonly #clock: () => number;
  #current: Uint8Array | undefined;
  #former: Uint8Array | undefined;
  #formerUntil = 0;

  /** @param clock milliseconds of a clock that never steps back */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** The newest first. */
  get inForce(): readonly Uint8Array[] {
    if (this.#clock() >= this.#formerUntil) {
      this.#former = undefined;
    }
    return [this.#current, this.#former].filter((key) => key !== undefined);
  }

  set(key: Uint8Array): void {
    if (this.#current !== undefined) {
      this.#former = this.#current;
      this.#formerUntil = this.#clock() + BOTH_KEYS_MS;
    }
    this.#current = key;
  }

  isAuthentic(bytes: Uint8Array, tag: Uint8Array): boolean {
    return this.inForce.some((key) => timingSafeEqual(tagOf(bytes, key), tag));
  }
}

/** HMAC-SHA-256. */
export function tagOf(bytes: Uint8Array, key: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(bytes).digest();
}
