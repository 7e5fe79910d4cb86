/** The addresses of one range that are given only when nothing else is: those held back after their release, and nodes'. */
export class LastResort {
  /** Until when, in milliseconds. */
  readonly #heldBack = new Map<bigint, number>();
  readonly #ofNodes = new Set<bigint>();
  readonly #isOut: (value: bigint) => boolean;
  /** When the first of those held back is free again, or earlier. */
  #nextMs = Number.POSITIVE_INFINITY;

  /** @param isOut whether an address can not be had, because somebody has it or it is never given */
  constructor(isOut: (value: bigint) => boolean) {
    this.#isOut = isOut;
  }

  has(value: bigint): boolean {
    return this.#heldBack.has(value) || this.#ofNodes.has(value);
  }

  lowestHeldBack(): bigint | undefined {
    return this.#lowest(this.#heldBack.keys());
  }

  lowestOfNode(): bigint | undefined {
    return this.#lowest(this.#ofNodes);
  }

  holdBack(value: bigint, untilMs: number): void {
    if (!this.#ofNodes.has(value)) {
      this.#heldBack.set(value, untilMs);
      this.#nextMs = Math.min(this.#nextMs, untilMs);
    }
  }

  addNodeAddress(value: bigint): void {
    this.#ofNodes.add(value);
  }

  taken(value: bigint): void {
    this.#heldBack.delete(value);
  }

  /** Those whose time has come; they are held back no more. */
  expired(nowMs: number): readonly bigint[] {
    if (nowMs < this.#nextMs) {
      return [];
    }
    const values: bigint[] = [];
    this.#nextMs = Number.POSITIVE_INFINITY;
    for (const [value, untilMs] of this.#heldBack) {
      if (untilMs <= nowMs) {
        this.#heldBack.delete(value);
        values.push(value);
      } else {
        this.#nextMs = Math.min(this.#nextMs, untilMs);
      }
    }
    return values;
  }

  #lowest(values: Iterable<bigint>): bigint | undefined {
    let lowest: bigint | undefined;
    for (const value of values) {
      if ((lowest === undefined || value < lowest) && !this.#isOut(value)) {
        lowest = value;
      }
    }
    return lowest;
  }
}
