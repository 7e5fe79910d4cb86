import type { Ip } from "#lib/address/ip.ts";

/** An address as four signed integers of 32 bits, which V8 keeps without a box; the last one is the key of its bucket. */
interface Entry<V> {
  readonly words: readonly [number, number, number];
  value: V;
}

/** Finds by IPv6 address what belongs to it, also by an address that lies in a frame, and then without allocating. */
export class Ipv6Table<V> {
  /** By the low 32 bits, in which the addresses of one subnet differ. */
  readonly #buckets = new Map<number, Entry<V>[]>();
  /** For addresses that do not lie in a frame. */
  readonly #scratch = new DataView(new ArrayBuffer(16));
  #size = 0;

  get size(): number {
    return this.#size;
  }

  set(ip: Ip, value: V): void {
    const frame = this.#write(ip);
    const known = this.#entry(frame, 0);
    if (known !== undefined) {
      known.value = value;
      return;
    }
    this.#size += 1;
    const words = [frame.getInt32(0), frame.getInt32(4), frame.getInt32(8)] as const;
    const key = frame.getInt32(12);
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      this.#buckets.set(key, [{ words, value }]);
    } else {
      bucket.push({ words, value });
    }
  }

  /** Returns whether it was there. */
  delete(ip: Ip): boolean {
    const frame = this.#write(ip);
    const key = frame.getInt32(12);
    const entry = this.#entry(frame, 0);
    if (entry === undefined) {
      return false;
    }
    this.#size -= 1;
    const rest = (this.#buckets.get(key) ?? []).filter((other) => other !== entry);
    if (rest.length === 0) {
      this.#buckets.delete(key);
    } else {
      this.#buckets.set(key, rest);
    }
    return true;
  }

  get(ip: Ip): V | undefined {
    return this.find(this.#write(ip), 0);
  }

  /** Looks up the address whose 16 bytes are at that offset. */
  find(frames: DataView, at: number): V | undefined {
    return this.#entry(frames, at)?.value;
  }

  *values(): Generator<V, void> {
    for (const bucket of this.#buckets.values()) {
      for (const { value } of bucket) {
        yield value;
      }
    }
  }

  /** The low 32 bits of the addresses, unsigned, each once. */
  *lowWords(): Generator<number, void> {
    for (const key of this.#buckets.keys()) {
      yield key >>> 0;
    }
  }

  #entry(frames: DataView, at: number): Entry<V> | undefined {
    const bucket = this.#buckets.get(frames.getInt32(at + 12));
    if (bucket !== undefined) {
      for (const entry of bucket) {
        const { words } = entry;
        if (
          words[0] === frames.getInt32(at) &&
          words[1] === frames.getInt32(at + 4) &&
          words[2] === frames.getInt32(at + 8)
        ) {
          return entry;
        }
      }
    }
    return undefined;
  }

  #write({ value }: Ip): DataView {
    this.#scratch.setBigUint64(0, value >> 64n);
    this.#scratch.setBigUint64(8, BigInt.asUintN(64, value));
    return this.#scratch;
  }
}
