import type { Holder } from "./holder.ts";
import type { Holding } from "./holding.ts";

/** The addresses of one range that are held by Services of one sharing key and backend. */
export class SharingGroup {
  readonly #holdings = new Map<bigint, Holding>();
  /** On how many of the addresses each port is taken. */
  readonly #takenOn = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#holdings.size === 0;
  }

  /** The lowest address whose holders leave the ports of the Service free. */
  lowestFor(holder: Holder): bigint | undefined {
    if (holder.ports.some((port) => this.#takenOn.get(port) === this.#holdings.size)) {
      return undefined; // Spares the search when all want the same port: then each has an address of its own.
    }
    let lowest: bigint | undefined;
    for (const [value, holding] of this.#holdings) {
      const isLower = lowest === undefined || value < lowest;
      if (isLower && holding.obstacleFor(holder) === undefined) {
        lowest = value;
      }
    }
    return lowest;
  }

  add(value: bigint, holding: Holding, holder: Holder): void {
    this.#holdings.set(value, holding);
    for (const port of holder.ports) {
      this.#takenOn.set(port, (this.#takenOn.get(port) ?? 0) + 1);
    }
  }

  remove(value: bigint, holding: Holding, holder: Holder): void {
    if (holding.isEmpty) {
      this.#holdings.delete(value);
    }
    for (const port of holder.ports) {
      const count = (this.#takenOn.get(port) ?? 0) - 1;
      if (count > 0) {
        this.#takenOn.set(port, count);
      } else {
        this.#takenOn.delete(port);
      }
    }
  }
}
