import type { Family, Ip } from "#lib/address/ip.ts";
import type { Pool } from "#lib/api/pool.ts";
import { capacityOf } from "./capacity.ts";
import type { Holder } from "./holder.ts";
import type { PoolUsage } from "./pool-usage.ts";
import { RangeLedger, type Seeker } from "./range-ledger.ts";

/** One pool and who has what of it. */
export class PoolLedger {
  readonly pool: Pool;
  readonly ranges: readonly RangeLedger[];
  /** Undefined when any will do. */
  readonly namespaces: ReadonlySet<string> | undefined;
  readonly capacity: PoolUsage["capacity"];
  /** How many addresses the Services of each namespace hold, a shared one counted once. */
  readonly #heldIn = new Map<string, number>();
  readonly #byFamily: Readonly<Record<Family, readonly RangeLedger[]>>;
  #services = 0;

  /** @param setAside as of RangeLedger */
  constructor(pool: Pool, setAside: Readonly<Record<Family, ReadonlySet<bigint>>>) {
    this.pool = pool;
    this.ranges = pool.ranges.map(
      (range) => new RangeLedger(range, pool.avoidBuggyIps, setAside[range.family]),
    );
    this.#byFamily = {
      IPv4: this.ranges.filter(({ range }) => range.family === "IPv4"),
      IPv6: this.ranges.filter(({ range }) => range.family === "IPv6"),
    };
    const namespaces = pool.serviceAllocation?.namespaces;
    this.namespaces = namespaces && new Set(namespaces);
    this.capacity = capacityOf(pool);
  }

  get isPinned(): boolean {
    return this.pool.serviceAllocation !== undefined;
  }

  has(family: Family): boolean {
    return this.#byFamily[family].length > 0;
  }

  /** @param setAside how many of its addresses are */
  usage(setAside: number): PoolUsage {
    const inUse = { IPv4: this.#inUse("IPv4"), IPv6: this.#inUse("IPv6") };
    return {
      pool: this.pool.name,
      capacity: this.capacity,
      inUse,
      setAside,
      services: this.#services,
    };
  }

  /**
   * The lowest address for the Service in the first range, in listed order, that has one; what was released a short
   * while ago and the addresses of nodes come after all others.
   *
   * @param own what the Service holds or is leaving
   */
  lowestFor(
    { holder, own, onlyJoins }: Omit<Seeker, "own"> & { readonly own: readonly Ip[] },
    family: Family,
  ): Ip | undefined {
    const values = own.filter((ip) => ip.family === family).map(({ value }) => value);
    const ranges = this.#byFamily[family];
    const first = (find: (ledger: RangeLedger) => bigint | undefined) => firstOf(ranges, find);
    const value =
      first((ledger) => ledger.lowestFor({ holder, own: values, onlyJoins })) ??
      (onlyJoins
        ? undefined
        : (first(({ lastResort }) => lastResort.lowestHeldBack()) ??
          first(({ lastResort }) => lastResort.lowestOfNode())));
    return value === undefined ? undefined : { family, value };
  }

  /** How many addresses the Services of the namespace hold. */
  heldIn(namespace: string): number {
    return this.#heldIn.get(namespace) ?? 0;
  }

  take(range: RangeLedger, value: bigint, holder: Holder): void {
    const { namespace } = holder;
    if (range.holding(value)?.isHeldIn(namespace) !== true) {
      this.#heldIn.set(namespace, (this.#heldIn.get(namespace) ?? 0) + 1);
    }
    range.take(value, holder);
  }

  release(range: RangeLedger, value: bigint, holder: Holder): void {
    const { namespace } = holder;
    range.release(value, holder);
    if (range.holding(value)?.isHeldIn(namespace) !== true) {
      const left = (this.#heldIn.get(namespace) ?? 0) - 1;
      if (left > 0) {
        this.#heldIn.set(namespace, left);
      } else {
        this.#heldIn.delete(namespace);
      }
    }
  }

  /** @param by 1 when a Service has come to hold addresses of the pool, -1 when it holds none any more */
  countService(by: 1 | -1): void {
    this.#services += by;
  }

  expire(nowMs: number): void {
    if (this.pool.holdReleasedMs > 0) {
      for (const ledger of this.ranges) {
        ledger.expire(nowMs);
      }
    }
  }

  #inUse(family: Family): bigint {
    const ranges = this.#byFamily[family];
    return BigInt(ranges.reduce((sum, { inUse }) => sum + inUse, 0));
  }
}

function firstOf(
  ranges: readonly RangeLedger[],
  find: (ledger: RangeLedger) => bigint | undefined,
): bigint | undefined {
  for (const ledger of ranges) {
    const value = find(ledger);
    if (value !== undefined) {
      return value;
    }
  }
  return undefined;
}
