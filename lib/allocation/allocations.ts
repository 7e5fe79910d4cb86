/**
 * Which Service holds which address of which pool. Every operation on one address takes O(log n) time or less; what is
 * to be allocated is decided in decide.ts, and nothing here knows why.
 */

import { formatIp, type Ip, isSameIp } from "#lib/address/ip.ts";
import { RangeIndex } from "#lib/address/range-index.ts";
import type { Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";
import { groupOf, type Holder, holderFrom, isSameHolder } from "./holder.ts";
import type { Obstacle } from "./holding.ts";
import { PoolLedger } from "./pool-ledger.ts";
import type { RangeLedger } from "./range-ledger.ts";

export interface Allocation {
  readonly pool: string;
  readonly ips: readonly Ip[];
  readonly holder: Holder;
}

interface Location {
  readonly pool: PoolLedger;
  readonly range: RangeLedger;
}

export class Allocations {
  /** The namespace that the pools come from, for sentences. */
  readonly namespace: string;
  readonly #allocations = new Map<string, Allocation>();
  #pools = new Map<string, PoolLedger>();
  #locations = new RangeIndex<Location>([]);

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  /**
   * Puts other pools in force. An allocation stays as long as one pool has all its addresses, under whatever name; else
   * it is released.
   */
  setPools(pools: readonly Pool[]): void {
    const ledgers = pools.map((pool) => new PoolLedger(pool)).sort(inOrderOfTrial);
    this.#pools = new Map(ledgers.map((ledger) => [ledger.pool.name, ledger]));
    this.#locations = new RangeIndex(
      ledgers.flatMap((pool) =>
        pool.ranges.map((range) => [range.range, { pool, range }] as const),
      ),
    );
    const before = [...this.#allocations.values()];
    this.#allocations.clear();
    for (const { ips, holder } of before) {
      const pool = this.poolOf(ips);
      if (pool !== undefined) {
        this.#take({ pool: pool.pool.name, ips, holder });
      }
    }
  }

  /** The pools in the order in which they are tried: by priority those with a serviceAllocation, then the others; ties by name. */
  get pools(): readonly PoolLedger[] {
    return [...this.#pools.values()];
  }

  pool(name: string): PoolLedger | undefined {
    return this.#pools.get(name);
  }

  /** The pool that has all the addresses. */
  poolOf(ips: readonly Ip[]): PoolLedger | undefined {
    const [pool, ...others] = ips.map((ip) => this.#locations.find(ip)?.pool);
    return others.every((other) => other === pool) ? pool : undefined;
  }

  allocationOf(service: string): Allocation | undefined {
    return this.#allocations.get(service);
  }

  isHeldByOtherThan(service: string, ip: Ip): boolean {
    return this.#locations.find(ip)?.range.holding(ip.value)?.isHeldByOtherThan(service) ?? false;
  }

  /** What keeps the address, which some pool has, from the Service; undefined when nothing does. */
  obstacle(ip: Ip, holder: Holder): Obstacle | undefined {
    return this.#locations.find(ip)?.range.holding(ip.value)?.obstacleFor(holder);
  }

  /** Whether the address ends in .0 or .255 and its pool avoids those. */
  isAvoided(ip: Ip): boolean {
    return this.#locations.find(ip)?.range.isAvoided(ip.value) ?? false;
  }

  /** The lowest address of the pool that the Service may have, what it holds now counted as free. */
  lowestFor(holder: Holder, pool: PoolLedger, family: Ip["family"]): Ip | undefined {
    return pool.lowestFor(holder, family, this.#allocations.get(holder.service)?.ips ?? []);
  }

  /**
   * Allocates the addresses to the Service, in place of those it holds.
   *
   * @returns whether another Service may have now what it could not before
   * @throws {Error} when no pool has them all or another holder forbids it: the caller did not decide on this state
   */
  allocate(service: Service, ips: readonly Ip[]): boolean {
    const holder = holderFrom(service);
    const pool = this.poolOf(ips);
    const obstacle = ips.find((ip) => this.obstacle(ip, holder) !== undefined);
    if (pool === undefined || obstacle !== undefined) {
      throw new Error(
        `Cannot allocate ${ips.map(formatIp).join(", ")} to ${holder.service}: the decision is not of this state`,
      );
    }
    const before = this.#allocations.get(holder.service);
    const next = { pool: pool.pool.name, ips, holder };
    if (before !== undefined && isSameAllocation(before, next)) {
      return false;
    }
    const hasReleased = this.release(holder.service);
    this.#take(next);
    return hasReleased || groupOf(holder) !== undefined;
  }

  /** @returns whether the Service held anything, so that another may have it now */
  release(service: string): boolean {
    const allocation = this.#allocations.get(service);
    if (allocation === undefined) {
      return false;
    }
    this.#allocations.delete(service);
    for (const ip of allocation.ips) {
      this.#locations.find(ip)?.range.release(ip.value, allocation.holder);
    }
    return true;
  }

  #take(allocation: Allocation): void {
    this.#allocations.set(allocation.holder.service, allocation);
    for (const ip of allocation.ips) {
      this.#locations.find(ip)?.range.take(ip.value, allocation.holder);
    }
  }
}

function inOrderOfTrial({ pool: a }: PoolLedger, { pool: b }: PoolLedger): number {
  const [rankOfA, rankOfB] = [rankOf(a), rankOf(b)];
  if (rankOfA !== rankOfB) {
    return rankOfA < rankOfB ? -1 : 1;
  }
  return a.name < b.name ? -1 : 1;
}

function rankOf({ serviceAllocation }: Pool): number {
  if (serviceAllocation === undefined) {
    return Number.POSITIVE_INFINITY;
  }
  const { priority } = serviceAllocation;
  return priority === 0 ? Number.MAX_VALUE : priority;
}

function isSameAllocation(a: Allocation, b: Allocation): boolean {
  return (
    a.pool === b.pool &&
    isSameHolder(a.holder, b.holder) &&
    a.ips.length === b.ips.length &&
    a.ips.every((ip, index) => isSameIp(ip, b.ips[index] as Ip))
  );
}
