import type { Family, Ip } from "#lib/address/ip.ts";
import type { Pool } from "#lib/api/pool.ts";
import type { Holder } from "./holder.ts";
import { RangeLedger } from "./range-ledger.ts";

/** One pool and who holds what of it. */
export class PoolLedger {
  readonly pool: Pool;
  readonly ranges: readonly RangeLedger[];
  /** Undefined when any will do. */
  readonly namespaces: ReadonlySet<string> | undefined;

  constructor(pool: Pool) {
    this.pool = pool;
    this.ranges = pool.ranges.map((range) => new RangeLedger(range, pool.avoidBuggyIps));
    const namespaces = pool.serviceAllocation?.namespaces;
    this.namespaces = namespaces && new Set(namespaces);
  }

  has(family: Family): boolean {
    return this.ranges.some(({ range }) => range.family === family);
  }

  /** The lowest address for the Service in the first range, in listed order, that has one. */
  lowestFor(holder: Holder, family: Family, own: readonly Ip[]): Ip | undefined {
    const held = own.find((ip) => ip.family === family);
    for (const ledger of this.ranges) {
      const value =
        ledger.range.family === family ? ledger.lowestFor(holder, held?.value) : undefined;
      if (value !== undefined) {
        return { family, value };
      }
    }
    return undefined;
  }
}
