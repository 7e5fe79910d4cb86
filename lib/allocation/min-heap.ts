/** A binary heap: the least value first, O(log n) to push and to pop. */
export class MinHeap {
  readonly #values: bigint[] = [];

  get least(): bigint | undefined {
    return this.#values[0];
  }

  push(value: bigint): void {
    const values = this.#values;
    let index = values.length;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      const above = values[parent] as bigint;
      if (above <= value) {
        break;
      }
      values[index] = above;
      index = parent;
    }
    values[index] = value;
  }

  pop(): void {
    const values = this.#values;
    const value = values.pop();
    if (value === undefined || values.length === 0) {
      return;
    }
    let index = 0;
    for (;;) {
      const child = this.#lesserChild(index);
      const below = values[child];
      if (below === undefined || below >= value) {
        break;
      }
      values[index] = below;
      index = child;
    }
    values[index] = value;
  }

  #lesserChild(index: number): number {
    const left = this.#values[2 * index + 1];
    const right = this.#values[2 * index + 2];
    return left !== undefined && right !== undefined && right < left
      ? 2 * index + 2
      : 2 * index + 1;
  }
}
