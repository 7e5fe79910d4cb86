import TinyQueue from "tinyqueue";
import type { IpRange } from "#lib/address/ip-range.ts";

/**
 * The lowest free address of a range, without a list of the free ones: a /64 costs no more than a /32.
 *
 * Below the cursor every address was barred once, and those that are so no more are in the heap; above it, an address is free
 * unless it is taken. The cursor passes each address once, and each release is pushed and popped once.
 */
export class FreeAddresses {
  readonly #last: bigint;
  readonly #isBarred: (value: bigint) => boolean;
  #cursor: bigint;
  readonly #released = new TinyQueue<bigint>();
  /** What the heap holds, so that an address taken and released again while it is in there is not pushed twice. */
  readonly #inHeap = new Set<bigint>();

  /** @param isBarred whether an address can not be had, because it is taken or never given */
  constructor(range: IpRange, isBarred: (value: bigint) => boolean) {
    this.#cursor = range.first;
    this.#last = range.last;
    this.#isBarred = isBarred;
  }

  lowest(): bigint | undefined {
    for (let value = this.#released.peek(); value !== undefined; value = this.#released.peek()) {
      if (!this.#isBarred(value)) {
        return value;
      }
      this.#released.pop();
      this.#inHeap.delete(value);
    }
    while (this.#cursor <= this.#last && this.#isBarred(this.#cursor)) {
      this.#cursor += 1n;
    }
    return this.#cursor <= this.#last ? this.#cursor : undefined;
  }

  /** Told of every address that is barred no more. */
  release(value: bigint): void {
    if (value < this.#cursor && !this.#inHeap.has(value)) {
      this.#inHeap.add(value);
      this.#released.push(value);
    }
  }
}
