import { keyId } from "#lib/wire/member-id.ts";
import { sha256 } from "./packet-crypto.ts";

/** A membership key. */
export interface HeldKey {
  /** 32 bits. */
  readonly id: number;
  readonly secret: Uint8Array;
}

/**
 * The membership keys that this speaker holds: the newest, and the former one until it is dropped, for speakers read a
 * changed key at different moments.
 */
export class KeyRing {
  #newest: HeldKey | undefined;
  #former: HeldKey | undefined;

  get newest(): HeldKey | undefined {
    return this.#newest;
  }

  get former(): HeldKey | undefined {
    return this.#former;
  }

  /** Takes a key as the newest. A third one takes the place of the oldest. */
  add(secret: Uint8Array): void {
    const key = { id: keyId(secret, sha256), secret: Uint8Array.from(secret) };
    if (key.id !== this.#newest?.id) {
      this.#former = this.#newest;
      this.#newest = key;
    }
  }

  dropFormer(): void {
    this.#former = undefined;
  }

  find(id: number): HeldKey | undefined {
    return [this.#newest, this.#former].find((key) => key?.id === id);
  }
}
