/** How far behind the newest a packet may come. */
const WIDTH = 64;

/** Which packets of one start of a sender were seen, as RFC 4303 §3.4.3 has it: of the newest 64 each one, of older ones none. */
export class ReplayWindow {
  #newest: number;
  /** Bit n: the packet n before the newest was seen. */
  #seen = 1n;

  /** @param sequence of the first packet */
  constructor(sequence: number) {
    this.#newest = sequence;
  }

  /** Whether the packet was seen, or is too old to tell. */
  has(sequence: number): boolean {
    const behind = this.#newest - sequence;
    return behind >= WIDTH || (behind >= 0 && ((this.#seen >> BigInt(behind)) & 1n) === 1n);
  }

  /** Takes note of an authentic packet that was not seen. */
  add(sequence: number): void {
    const ahead = sequence - this.#newest;
    if (ahead > 0) {
      this.#newest = sequence;
      this.#seen = ahead >= WIDTH ? 1n : BigInt.asUintN(WIDTH, (this.#seen << BigInt(ahead)) | 1n);
    } else {
      this.#seen |= 1n << BigInt(-ahead);
    }
  }
}
