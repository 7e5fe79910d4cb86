import type { IpRange } from "#lib/address/ip-range.ts";
import { FreeAddresses } from "./free-addresses.ts";
import { groupOf, type Holder } from "./holder.ts";
import { Holding } from "./holding.ts";
import { SharingGroup } from "./sharing-group.ts";

const BLOCK = 256n;

/** Who holds which address of one range, and which address comes next. */
export class RangeLedger {
  readonly range: IpRange;
  readonly #skipsBuggy: boolean;
  readonly #holdings = new Map<bigint, Holding>();
  readonly #groups = new Map<string, SharingGroup>();
  readonly #free: FreeAddresses;

  /** @param avoidBuggyIps as in the pool */
  constructor(range: IpRange, avoidBuggyIps: boolean) {
    this.range = range;
    this.#skipsBuggy = avoidBuggyIps && range.family === "IPv4";
    this.#free = new FreeAddresses(
      range,
      (value) => this.isAvoided(value) || this.#holdings.has(value),
    );
  }

  /** Whether the address ends in .0 or .255 and the pool avoids those. */
  isAvoided(value: bigint): boolean {
    return this.#skipsBuggy && isBuggy(value);
  }

  holding(value: bigint): Holding | undefined {
    return this.#holdings.get(value);
  }

  /**
   * The lowest address that the Service may have, free or shared.
   *
   * @param own the address that it has now, which it may have again; it need not be of this range
   */
  lowestFor(holder: Holder, own: bigint | undefined): bigint | undefined {
    const group = groupOf(holder);
    const candidates = [
      this.#free.lowest(),
      group === undefined ? undefined : this.#groups.get(group)?.lowestFor(holder),
      this.#again(holder, own),
    ];
    return candidates.reduce(lesser);
  }

  take(value: bigint, holder: Holder): void {
    let holding = this.#holdings.get(value);
    if (holding === undefined) {
      holding = new Holding();
      this.#holdings.set(value, holding);
    }
    holding.add(holder);
    const key = this.#groupAt(value, holder);
    if (key !== undefined) {
      const group = this.#groups.get(key) ?? new SharingGroup();
      this.#groups.set(key, group);
      group.add(value, holding, holder);
    }
  }

  release(value: bigint, holder: Holder): void {
    const holding = this.#holdings.get(value);
    if (holding === undefined) {
      return;
    }
    holding.remove(holder);
    if (holding.isEmpty) {
      this.#holdings.delete(value);
      this.#free.release(value);
    }
    const key = this.#groupAt(value, holder);
    const group = key === undefined ? undefined : this.#groups.get(key);
    if (key !== undefined && group !== undefined) {
      group.remove(value, holding, holder);
      if (group.isEmpty) {
        this.#groups.delete(key);
      }
    }
  }

  /** None at an address that the pool has come to avoid since it was given: nobody is to join its holder there. */
  #groupAt(value: bigint, holder: Holder): string | undefined {
    return this.isAvoided(value) ? undefined : groupOf(holder);
  }

  #again(holder: Holder, own: bigint | undefined): bigint | undefined {
    if (own === undefined || this.isAvoided(own)) {
      return undefined;
    }
    const holding = this.#holdings.get(own);
    const isHeld = holding?.isHeldBy(holder.service) === true;
    return isHeld && holding.obstacleFor(holder) === undefined ? own : undefined;
  }
}

function lesser(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) {
    return a ?? b;
  }
  return a < b ? a : b;
}

function isBuggy(value: bigint): boolean {
  const lastByte = value & (BLOCK - 1n);
  return lastByte === 0n || lastByte === BLOCK - 1n;
}
