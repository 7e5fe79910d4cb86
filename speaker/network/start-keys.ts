import type { KeyObject } from "node:crypto";
import type { HeldKey } from "./key-ring.ts";
import { packetKey } from "./packet-crypto.ts";

/** The packet keys of one start of one sender: one for each membership key, and no longer than that is held. */
export class StartKeys {
  readonly senderId: bigint;
  readonly startNonce: bigint;
  readonly #derived = new WeakMap<HeldKey, KeyObject>();

  constructor(senderId: bigint, startNonce: bigint) {
    this.senderId = senderId;
    this.startNonce = startNonce;
  }

  of(key: HeldKey): KeyObject {
    const known = this.#derived.get(key);
    if (known !== undefined) {
      return known;
    }
    const derived = packetKey(key.secret, this.senderId, this.startNonce);
    this.#derived.set(key, derived);
    return derived;
  }
}
