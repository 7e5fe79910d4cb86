/** What a histogram has counted. */
export interface Distribution {
  /** How many values were at most as large as each bound, and then how many there were. */
  readonly counts: readonly number[];
  /** Of the values. */
  readonly sum: number;
}

/** Counts values by their size. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds upper ones, the smallest first */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  count(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const index = found < 0 ? this.#bounds.length : found;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  get distribution(): Distribution {
    let total = 0;
    const counts = Array.from(this.#counts, (count) => {
      total += count;
      return total;
    });
    return { counts, sum: this.#sum };
  }
}
