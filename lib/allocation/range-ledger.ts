import type { IpRange } from "#lib/address/ip-range.ts";
import { isBuggy } from "./buggy-addresses.ts";
import { FreeAddresses } from "./free-addresses.ts";
import { groupOf, type Holder } from "./holder.ts";
import { Holding } from "./holding.ts";
import { LastResort } from "./last-resort.ts";
import { SharingGroup } from "./sharing-group.ts";

/** Who looks for an address. */
export interface Seeker {
  readonly holder: Holder;
  /** The addresses that it holds or is leaving, which it may have again. */
  readonly own: readonly bigint[];
  /** It may only join an address that another Service of its namespace holds. */
  readonly onlyJoins: boolean;
}

/** Who has which address of one range, and which address comes next. */
export class RangeLedger {
  readonly range: IpRange;
  /** What is given only when nothing else is. */
  readonly lastResort: LastResort;
  readonly #avoidsBuggy: boolean;
  readonly #setAside: ReadonlySet<bigint>;
  readonly #holdings = new Map<bigint, Holding>();
  readonly #groups = new Map<string, SharingGroup>();
  readonly #free: FreeAddresses;

  /**
   * @param avoidBuggyIps as in the pool
   * @param setAside of the family: they are given to nobody who does not ask for them; whoever leaves the set is told by `reopen`
   */
  constructor(range: IpRange, avoidBuggyIps: boolean, setAside: ReadonlySet<bigint>) {
    this.range = range;
    this.#avoidsBuggy = avoidBuggyIps && range.family === "IPv4";
    this.#setAside = setAside;
    const isOut = (value: bigint) =>
      this.#holdings.has(value) || this.isAvoided(value) || setAside.has(value);
    const lastResort = new LastResort(isOut);
    this.lastResort = lastResort;
    this.#free = new FreeAddresses(range, (value) => isOut(value) || lastResort.has(value));
  }

  /** Whether the address ends in .0 or .255 and the pool avoids those. */
  isAvoided(value: bigint): boolean {
    return this.#avoidsBuggy && isBuggy(value);
  }

  holding(value: bigint): Holding | undefined {
    return this.#holdings.get(value);
  }

  /** How many addresses somebody has. */
  get inUse(): number {
    return this.#holdings.size;
  }

  /** The lowest address that the Service may have, free or shared, those of the last resort left out. */
  lowestFor(seeker: Seeker): bigint | undefined {
    const { holder, onlyJoins } = seeker;
    const key = groupOf(holder);
    const within = onlyJoins ? holder.namespace : undefined;
    const shared = key === undefined ? undefined : this.#groups.get(key)?.lowestFor(holder, within);
    const free = onlyJoins ? undefined : this.#free.lowest();
    return lesser(lesser(free, shared), this.#again(seeker));
  }

  take(value: bigint, holder: Holder): void {
    const holding = this.#reach(value);
    holding.add(holder);
    this.#groupAt(value, holder)?.addHolder(value, holding, holder);
    this.lastResort.taken(value);
  }

  release(value: bigint, holder: Holder): void {
    const holding = this.#holdings.get(value);
    if (holding?.isHeldBy(holder.key)) {
      holding.remove(holder);
      this.#existingGroupAt(value, holder)?.removeHolder(holder);
      this.#tidy(value, holding, holder);
    }
  }

  /** The Service's status shows an address that is not its own any more. */
  addLeaver(value: bigint, leaver: Holder): void {
    const holding = this.#reach(value);
    holding.addLeaver(leaver);
    this.#groupAt(value, leaver)?.addLeaver(value, holding);
  }

  removeLeaver(value: bigint, leaver: Holder): void {
    const holding = this.#holdings.get(value);
    if (holding !== undefined) {
      holding.removeLeaver(leaver);
      this.#tidy(value, holding, leaver);
    }
  }

  /** Gives an address that nobody has to others only when nothing else is left, until then: milliseconds. */
  holdBack(value: bigint, untilMs: number): void {
    if (!(this.#holdings.has(value) || this.isAvoided(value))) {
      this.lastResort.holdBack(value, untilMs);
    }
  }

  /** Gives the address, which is a node's, only when nothing else is left. */
  addNodeAddress(value: bigint): void {
    this.lastResort.addNodeAddress(value);
  }

  /** The address is set aside no more. */
  reopen(value: bigint): void {
    this.#free.release(value);
  }

  /** Frees what was held back until now. */
  expire(nowMs: number): void {
    for (const value of this.lastResort.expired(nowMs)) {
      this.#free.release(value);
    }
  }

  #reach(value: bigint): Holding {
    let holding = this.#holdings.get(value);
    if (holding === undefined) {
      holding = new Holding();
      this.#holdings.set(value, holding);
    }
    return holding;
  }

  #tidy(value: bigint, holding: Holding, gone: Holder): void {
    const key = groupOf(gone);
    if (key !== undefined && !holding.hasOf(key)) {
      const group = this.#groups.get(key);
      group?.forget(value);
      if (group?.isEmpty) {
        this.#groups.delete(key);
      }
    }
    if (holding.isEmpty) {
      this.#holdings.delete(value);
      this.#free.release(value);
    }
  }

  #existingGroupAt(value: bigint, holder: Holder): SharingGroup | undefined {
    const key = this.#groupKeyAt(value, holder);
    return key === undefined ? undefined : this.#groups.get(key);
  }

  #groupAt(value: bigint, holder: Holder): SharingGroup | undefined {
    const key = this.#groupKeyAt(value, holder);
    if (key === undefined) {
      return undefined;
    }
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new SharingGroup(this.#setAside);
      this.#groups.set(key, group);
    }
    return group;
  }

  /** None at an address that the pool has come to avoid since it was given: nobody is to join its holder there. */
  #groupKeyAt(value: bigint, holder: Holder): string | undefined {
    return this.isAvoided(value) ? undefined : groupOf(holder);
  }

  #again({ holder, own, onlyJoins }: Seeker): bigint | undefined {
    return own
      .filter((value) => this.#isOpen(value, holder, onlyJoins))
      .reduce<bigint | undefined>(lesser, undefined);
  }

  /** Whether the Service may have again what it has in some way. */
  #isOpen(value: bigint, holder: Holder, onlyJoins: boolean): boolean {
    const holding = this.isAvoided(value) ? undefined : this.#holdings.get(value);
    return (
      holding?.knows(holder.key) === true &&
      !this.#setAside.has(value) &&
      holding.obstacleToGive(holder) === undefined &&
      (!onlyJoins || holding.isHeldIn(holder.namespace, holder.key))
    );
  }
}

function lesser(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) {
    return a ?? b;
  }
  return a < b ? a : b;
}
