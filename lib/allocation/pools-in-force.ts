import type { Family, Ip } from "#lib/address/ip.ts";
import { contains } from "#lib/address/ip-range.ts";
import { RangeIndex } from "#lib/address/range-index.ts";
import { byName } from "#lib/api/named-object.ts";
import type { Pool } from "#lib/api/pool.ts";
import { PoolLedger } from "./pool-ledger.ts";
import type { RangeLedger } from "./range-ledger.ts";

/** Where an address is. */
export interface Location {
  readonly pool: PoolLedger;
  readonly range: RangeLedger;
}

/** The pools in the order in which they are tried: by priority those with a serviceAllocation, then the others; ties by name. */
export class PoolsInForce {
  readonly all: readonly PoolLedger[];
  /** Those with a serviceAllocation. */
  readonly pinned: readonly PoolLedger[];
  readonly unpinned: readonly PoolLedger[];
  readonly #byName: ReadonlyMap<string, PoolLedger>;
  readonly #locations: RangeIndex<Location>;

  /** @param setAside as of RangeLedger */
  constructor(
    pools: readonly Pool[],
    nodeAddresses: readonly Ip[],
    setAside: Readonly<Record<Family, ReadonlySet<bigint>>>,
  ) {
    this.all = pools.map((pool) => new PoolLedger(pool, setAside)).sort(inOrderOfTrial);
    this.pinned = this.all.filter(({ isPinned }) => isPinned);
    this.unpinned = this.all.filter(({ isPinned }) => !isPinned);
    this.#byName = new Map(this.all.map((ledger) => [ledger.pool.name, ledger]));
    this.#locations = new RangeIndex(
      this.all.flatMap((pool) =>
        pool.ranges.map((range) => [range.range, { pool, range }] as const),
      ),
    );
    for (const ip of nodeAddresses) {
      this.locate(ip)?.range.addNodeAddress(ip.value);
    }
  }

  named(name: string): PoolLedger | undefined {
    return this.#byName.get(name);
  }

  /** The pool that has all the addresses. */
  having(ips: readonly Ip[]): PoolLedger | undefined {
    const pool = ips[0] === undefined ? undefined : this.locate(ips[0])?.pool;
    const isWhole = ips.length < 2 || ips.every((ip) => this.locate(ip)?.pool === pool);
    return isWhole ? pool : undefined;
  }

  locate(ip: Ip): Location | undefined {
    return this.#locations.find(ip);
  }

  /** Whether the address ends in .0 or .255 and its pool avoids those. */
  isAvoided(ip: Ip): boolean {
    return this.locate(ip)?.range.isAvoided(ip.value) ?? false;
  }

  /** The pool that would have the address, were it not excluded. */
  excluding(ip: Ip): Pool | undefined {
    const pools = this.all.map(({ pool }) => pool);
    return pools.find(({ excluded }) => excluded.some((range) => contains(range, ip)));
  }
}

function inOrderOfTrial({ pool: a }: PoolLedger, { pool: b }: PoolLedger): number {
  const [rankOfA, rankOfB] = [rankOf(a), rankOf(b)];
  if (rankOfA !== rankOfB) {
    return rankOfA < rankOfB ? -1 : 1;
  }
  return byName(a, b);
}

function rankOf({ serviceAllocation }: Pool): number {
  if (serviceAllocation === undefined) {
    return Number.POSITIVE_INFINITY;
  }
  const { priority } = serviceAllocation;
  return priority === 0 ? Number.MAX_VALUE : priority;
}
