import type { NodeOrder } from "#lib/election/candidates.ts";

/** More names than that have no place in two bytes; a cluster of Kubernetes has 5,000 nodes. */
const MAX_NAMES = 1 << 16;

/** Names of nodes in an order, as two bytes each. */
export class KeptOrder implements NodeOrder {
  readonly #names: readonly string[];
  readonly #indexes: string;

  /** @param indexes of the names, as the units of a string: an array of numbers has 200 bytes more, for each row */
  constructor(names: readonly string[], indexes: string) {
    this.#names = names;
    this.#indexes = indexes;
  }

  /** Of the names. */
  get indexes(): readonly number[] {
    return Array.from({ length: this.length }, (_, place) => this.#indexes.charCodeAt(place));
  }

  get length(): number {
    return this.#indexes.length;
  }

  at(index: number): string | undefined {
    return this.#names[this.#indexes.charCodeAt(index)];
  }

  *[Symbol.iterator](): Generator<string, undefined> {
    for (const index of this.indexes) {
      yield this.#names[index] ?? "";
    }
  }
}

/**
 * The names of nodes that rows speak of, each held once: a message brings every name anew, and ten thousand rows of a
 * thousand nodes would fill the heap with ten million strings.
 */
export class NodeNames {
  readonly #names: string[] = [];
  readonly #indexes = new Map<string, number>();
  /** How many orders a name stands in, by index. */
  readonly #uses: number[] = [];
  /** Indexes of names that no order uses any more. */
  readonly #free: number[] = [];

  /**
   * Keeps an order until it is released.
   *
   * @throws {RangeError} when there are more than 65,536 names
   */
  keep(order: readonly string[]): KeptOrder {
    const indexes = order.map((name) => String.fromCharCode(this.#use(name)));
    return new KeptOrder(this.#names, indexes.join(""));
  }

  release(order: KeptOrder): void {
    for (const index of order.indexes) {
      const uses = (this.#uses[index] ?? 0) - 1;
      this.#uses[index] = uses;
      if (uses === 0) {
        this.#indexes.delete(this.#names[index] ?? "");
        this.#free.push(index);
      }
    }
  }

  #use(name: string): number {
    const index = this.#indexes.get(name) ?? this.#add(name);
    this.#uses[index] = (this.#uses[index] ?? 0) + 1;
    return index;
  }

  #add(name: string): number {
    const index = this.#free.pop() ?? this.#names.length;
    if (index === MAX_NAMES) {
      throw new RangeError(`Cannot keep the names of more than ${MAX_NAMES} nodes`);
    }
    this.#names[index] = name;
    this.#uses[index] = 0;
    this.#indexes.set(name, index);
    return index;
  }
}
