/** Writes big-endian fields one after the other; the counterpart of ByteReader. */
export class ByteWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  /** @param length of all that will be written, in bytes */
  constructor(length: number) {
    this.#bytes = new Uint8Array(length);
    this.#view = new DataView(this.#bytes.buffer);
  }

  u8(value: number): this {
    this.#view.setUint8(this.#advance(1), value);
    return this;
  }

  u16(value: number): this {
    this.#view.setUint16(this.#advance(2), value);
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#advance(4), value);
    return this;
  }

  u64(value: bigint): this {
    this.#view.setBigUint64(this.#advance(8), value);
    return this;
  }

  u128(value: bigint): this {
    return this.u64(value >> 64n).u64(BigInt.asUintN(64, value));
  }

  bytes(value: Uint8Array): this {
    this.#bytes.set(value, this.#advance(value.length));
    return this;
  }

  /** What was written until now; later writes go on behind it. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#offset);
  }

  #advance(length: number): number {
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}
