import type { Holder } from "./holder.ts";
import type { Holding } from "./holding.ts";

/** The addresses of one range at which there are Services of one sharing key and backend. */
export class SharingGroup {
  readonly #holdings = new Map<bigint, Holding>();
  /** On how many of the addresses each port is taken. */
  readonly #takenOn = new Map<string, number>();
  readonly #closed: ReadonlySet<bigint>;

  /** @param closed addresses that nobody is to join, whatever becomes of the set */
  constructor(closed: ReadonlySet<bigint>) {
    this.#closed = closed;
  }

  get isEmpty(): boolean {
    return this.#holdings.size === 0;
  }

  /**
   * The lowest address whose Services leave the ports of this one free.
   *
   * @param within asked for is only what a Service of this namespace holds already
   */
  lowestFor(holder: Holder, within?: string): bigint | undefined {
    if (holder.ports.some((port) => this.#takenOn.get(port) === this.#holdings.size)) {
      return undefined; // Spares the search when all want the same port: then each has an address of its own.
    }
    let lowest: bigint | undefined;
    for (const [value, holding] of this.#holdings) {
      const isLower = lowest === undefined || value < lowest;
      const isOpen = !this.#closed.has(value);
      const isWithin = within === undefined || holding.isHeldIn(within, holder.key);
      if (isLower && isOpen && isWithin && holding.obstacleToGive(holder) === undefined) {
        lowest = value;
      }
    }
    return lowest;
  }

  addHolder(value: bigint, holding: Holding, holder: Holder): void {
    this.#holdings.set(value, holding);
    for (const port of holder.ports) {
      this.#takenOn.set(port, (this.#takenOn.get(port) ?? 0) + 1);
    }
  }

  removeHolder(holder: Holder): void {
    for (const port of holder.ports) {
      const count = (this.#takenOn.get(port) ?? 0) - 1;
      if (count > 0) {
        this.#takenOn.set(port, count);
      } else {
        this.#takenOn.delete(port);
      }
    }
  }

  /** The ports of who leaves are not counted: they may be those of a holder. */
  addLeaver(value: bigint, holding: Holding): void {
    this.#holdings.set(value, holding);
  }

  /** Nobody of the group is there any more. */
  forget(value: bigint): void {
    this.#holdings.delete(value);
  }
}
