import { MalformedError } from "./malformed-error.ts";

/** Reads big-endian fields one after the other; each field is named, so that a short packet says what it lacks. */
export class ByteReader {
  readonly #what: string;
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(what: string, bytes: Uint8Array) {
    this.#what = what;
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** @throws {MalformedError} when fewer than `length` bytes remain */
  bytes(length: number, field: string): Uint8Array {
    if (length > this.remaining) {
      throw this.malformed(
        `${field} needs ${length} bytes at offset ${this.#offset}, ${this.remaining} remain`,
      );
    }
    const start = this.#offset;
    this.#offset += length;
    return this.#bytes.subarray(start, this.#offset);
  }

  /** @throws {MalformedError} when no byte remains */
  u8(field: string): number {
    return this.#unsigned(1, field);
  }

  /** @throws {MalformedError} when fewer than 2 bytes remain */
  u16(field: string): number {
    return this.#unsigned(2, field);
  }

  /** @throws {MalformedError} when fewer than 4 bytes remain */
  u32(field: string): number {
    return this.#unsigned(4, field);
  }

  /** @throws {MalformedError} when fewer than 8 bytes remain */
  u64(field: string): bigint {
    const high = this.u32(field);
    return (BigInt(high) << 32n) | BigInt(this.u32(field));
  }

  /** @throws {MalformedError} when fewer than 16 bytes remain */
  u128(field: string): bigint {
    let value = 0n;
    for (const byte of this.bytes(16, field)) {
      value = (value << 8n) | BigInt(byte);
    }
    return value;
  }

  /** A refusal that names what was being read. */
  malformed(why: string): MalformedError {
    return new MalformedError(this.#what, why);
  }

  #unsigned(length: number, field: string): number {
    let value = 0;
    for (const byte of this.bytes(length, field)) {
      value = value * 256 + byte;
    }
    return value;
  }
}
