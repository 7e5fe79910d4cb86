import { randomU64 } from "./packet-crypto.ts";
import { StartKeys } from "./start-keys.ts";

const MAX_SEQUENCE = 0xffff_ffff;

/** Numbers the packets of this speaker. A key must not see a number twice, so behind the last one another start begins. */
export class OwnStart {
  readonly #random: (length: number) => Uint8Array;
  #keys: StartKeys;
  #next: number;

  /**
   * @param random gives as many random bytes
   * @param first sequence of the first packet
   */
  constructor(senderId: bigint, random: (length: number) => Uint8Array, first = 0) {
    this.#random = random;
    this.#keys = new StartKeys(senderId, randomU64(random));
    this.#next = first;
  }

  get nonce(): bigint {
    return this.#keys.startNonce;
  }

  /** The number of one packet, and the keys of the start that it belongs to. */
  next(): { readonly sequence: number; readonly keys: StartKeys } {
    if (this.#next > MAX_SEQUENCE) {
      this.#keys = new StartKeys(this.#keys.senderId, randomU64(this.#random));
      this.#next = 0;
    }
    const sequence = this.#next;
    this.#next += 1;
    return { sequence, keys: this.#keys };
  }
}
