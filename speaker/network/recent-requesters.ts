import type { Ip } from "#lib/address/ip.ts";
import { MAC_LENGTH, type Mac, macFromBytes } from "#lib/wire/mac.ts";
import type { HeardAddress } from "./heard-address.ts";

/** Entries are kept in sets of `WAYS`; each pair of address and requester belongs to one of the sets. */
const ENTRIES = 1_024;
const WAYS = 8;
const SET_BITS = Math.log2(ENTRIES / WAYS);

/** Of an entry: when it was noted; its key, which is the number of the address and the requester's; and the MAC address. */
const ENTRY = { at: 0, key: 8, mac: 28, length: 40 };
/** Of a key. An IPv4 address is the last four bytes, as it is of the number. */
const KEY = { address: 0, ip: 4, length: 20 };
const WORD = 4;

/** An odd number with its bits well mixed: 2^32 divided by the golden ratio. */
const MULTIPLIER = 0x9e37_79b1;

/** Somebody who asked for an address. */
export interface Requester {
  readonly address: HeardAddress;
  readonly ip: Ip;
  readonly mac: Mac;
  readonly at: number;
}

/**
 * Who lately asked for which address on one link: some of them believe nothing but what is said to them. Its memory is
 * fixed, and noting takes none: a new entry takes the place of the oldest in its set. Whoever asks for many addresses, or
 * under many names, can push others out, and they then have to do with the broadcasts. What was asked of an address that is
 * not heard of any more is nobody's, for the next of that name has another number.
 */
export class RecentRequesters {
  readonly #entries = new DataView(new ArrayBuffer(ENTRIES * ENTRY.length));
  /** Of what is being noted. */
  readonly #key = new DataView(new ArrayBuffer(KEY.length));

  /**
   * Notes that somebody asked for the address. A probe, whose sender has no address yet, is no request.
   *
   * @param ipAt where in the frames the requester's address begins
   * @param macAt where its MAC address does
   */
  note(
    address: HeardAddress,
    frames: DataView,
    ipAt: number,
    ipLength: 4 | 16,
    macAt: number,
    now: number,
  ): void {
    if (!this.#readIp(frames, ipAt, ipLength)) {
      return;
    }
    this.#key.setUint32(KEY.address, address.number);
    const entries = this.#entries;
    const entry = this.#findPlace();
    entries.setFloat64(entry + ENTRY.at, now);
    entries.setUint16(entry + ENTRY.mac, frames.getUint16(macAt));
    entries.setUint32(entry + ENTRY.mac + 2, frames.getUint32(macAt + 2));
  }

  /** Gives those who asked for any of the addresses, the most recent first. */
  of(addresses: ReadonlySet<HeardAddress>): readonly Requester[] {
    const byNumber = new Map<number, HeardAddress>();
    for (const address of addresses) {
      byNumber.set(address.number, address);
    }
    const found: Requester[] = [];
    for (let entry = 0; entry < this.#entries.byteLength; entry += ENTRY.length) {
      const address = byNumber.get(this.#entries.getUint32(entry + ENTRY.key + KEY.address));
      if (address !== undefined) {
        found.push(this.#requesterAt(entry, address));
      }
    }
    return found.sort((a, b) => b.at - a.at);
  }

  /** Returns whether it is an address at all. */
  #readIp(frames: DataView, ipAt: number, ipLength: number): boolean {
    let anyBit = 0;
    for (let at = KEY.ip; at < KEY.length; at += WORD) {
      const fromEnd = KEY.length - at;
      const word = fromEnd > ipLength ? 0 : frames.getUint32(ipAt + ipLength - fromEnd);
      this.#key.setUint32(at, word);
      anyBit |= word;
    }
    return anyBit !== 0;
  }

  /** The entry that has the key; if there was none, the oldest of the set has it now. */
  #findPlace(): number {
    const entries = this.#entries;
    const first = this.#setOfKey() * WAYS * ENTRY.length;
    let oldest = first;
    for (let way = 0; way < WAYS; way++) {
      const entry = first + way * ENTRY.length;
      if (this.#hasKey(entry)) {
        return entry;
      }
      if (entries.getFloat64(entry + ENTRY.at) < entries.getFloat64(oldest + ENTRY.at)) {
        oldest = entry;
      }
    }
    for (let at = 0; at < KEY.length; at += WORD) {
      entries.setUint32(oldest + ENTRY.key + at, this.#key.getUint32(at));
    }
    return oldest;
  }

  #setOfKey(): number {
    let hash = 0;
    for (let at = 0; at < KEY.length; at += WORD) {
      hash = Math.imul(hash ^ (hash >>> 15) ^ this.#key.getUint32(at), MULTIPLIER);
    }
    return hash >>> (32 - SET_BITS);
  }

  #hasKey(entry: number): boolean {
    for (let at = 0; at < KEY.length; at += WORD) {
      if (this.#entries.getUint32(entry + ENTRY.key + at) !== this.#key.getUint32(at)) {
        return false;
      }
    }
    return true;
  }

  #requesterAt(entry: number, address: HeardAddress): Requester {
    const entries = this.#entries;
    const high = entries.getBigUint64(entry + ENTRY.key + KEY.ip);
    const low = entries.getBigUint64(entry + ENTRY.key + KEY.ip + 8);
    return {
      address,
      ip: { family: address.value.family, value: (high << 64n) | low },
      mac: macFromBytes(new Uint8Array(entries.buffer, entry + ENTRY.mac, MAC_LENGTH)),
      at: entries.getFloat64(entry + ENTRY.at),
    };
  }
}
