/** Gives each of many its turn, a few at a time. */
export class Turns {
  #taken = 0;

  /** The next ones, from where the last turn ended. */
  take(names: readonly string[], most: number): readonly string[] {
    const start = this.#taken;
    const count = Math.min(most, names.length);
    this.#taken += count;
    return Array.from({ length: count }, (_, index) => names[(start + index) % names.length] ?? "");
  }
}
