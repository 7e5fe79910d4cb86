/** A binary heap: what goes before all others first, O(log n) to push and to pop. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #goesBefore: (a: T, b: T) => boolean;

  constructor(goesBefore: (a: T, b: T) => boolean) {
    this.#goesBefore = goesBefore;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let index = items.length;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      const above = items[parent] as T;
      if (!this.#goesBefore(item, above)) {
        break;
      }
      items[index] = above;
      index = parent;
    }
    items[index] = item;
  }

  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last !== undefined && items.length > 0) {
      this.#sink(last);
    }
    return first;
  }

  /** Puts the item where it belongs, from the top down. */
  #sink(item: T): void {
    const items = this.#items;
    let index = 0;
    for (;;) {
      const child = this.#firstChild(index);
      const below = items[child];
      if (below === undefined || !this.#goesBefore(below, item)) {
        break;
      }
      items[index] = below;
      index = child;
    }
    items[index] = item;
  }

  #firstChild(index: number): number {
    const left = this.#items[2 * index + 1];
    const right = this.#items[2 * index + 2];
    return left !== undefined && right !== undefined && this.#goesBefore(right, left)
      ? 2 * index + 2
      : 2 * index + 1;
  }
}
