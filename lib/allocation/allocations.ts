/**
 * Which Service has which address of which pool. Every operation on one address takes O(log n) time or less; what is
 * to be allocated is decided in decide.ts, and nothing here knows why.
 *
 * A Service *holds* the addresses that were decided for it. It is *leaving* those that its status shows although they
 * are not its own any more: until its status has been written, nobody else is given them.
 */

import { areSameIps, formatIp, type Ip, ipsWithout, isSameIp } from "#lib/address/ip.ts";
import type { Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";
import { byPrecedence, groupOf, type Holder, holderFrom, isSameHolder } from "./holder.ts";
import type { Holding, Obstacle } from "./holding.ts";
import type { PoolLedger } from "./pool-ledger.ts";
import type { PoolUsage } from "./pool-usage.ts";
import { PoolsInForce } from "./pools-in-force.ts";
import { ReleasedAddresses } from "./released-addresses.ts";
import { FIRST_HOLD_MS, SetAsideAddresses } from "./set-aside.ts";
import { shownIps } from "./shown-ips.ts";

export interface Allocation {
  readonly pool: string;
  readonly ips: readonly Ip[];
  readonly holder: Holder;
}

/** What a change means for the others. */
export interface Consequences {
  /** Something is not as it was. */
  readonly hasChanged: boolean;
  /** Another Service may have now what it could not before. */
  readonly hasFreed: boolean;
  /** Keys of those that have lost their addresses to it. */
  readonly displaced: readonly string[];
}

interface Leaving {
  readonly ips: readonly Ip[];
  readonly holder: Holder;
}

export class Allocations {
  /** The namespace that the pools come from, for sentences. */
  readonly namespace: string;
  readonly released = new ReleasedAddresses();
  readonly setAside: SetAsideAddresses;
  readonly #now: () => number;
  readonly #allocations = new Map<string, Allocation>();
  readonly #leaving = new Map<string, Leaving>();
  #nodeAddresses: readonly Ip[] = [];
  #unreadable: readonly string[] = [];
  #pools: PoolsInForce;

  /**
   * @param now milliseconds since 1970
   * @param conflictHoldMs for how long an address is set aside at first, since another host uses it
   */
  constructor(namespace: string, now: () => number, conflictHoldMs = FIRST_HOLD_MS) {
    this.namespace = namespace;
    this.#now = now;
    this.setAside = new SetAsideAddresses(conflictHoldMs);
    this.#pools = new PoolsInForce([], [], this.setAside.active);
  }

  /**
   * Puts other pools in force. An allocation stays as long as one pool has all its addresses, under whatever name; else
   * the Service has none, and is leaving those it had.
   */
  setPools(pools: readonly Pool[]): void {
    this.#rebuild(pools);
  }

  /** Tells which addresses are those of nodes: they are given last. */
  setNodeAddresses(ips: readonly Ip[]): void {
    this.#nodeAddresses = ips;
    this.#rebuild(this.#pools.all.map(({ pool }) => pool));
  }

  /** Tells which pools cannot be read: while there are such, pools that were made or changed since are not in force. */
  setUnreadable(pools: readonly string[]): void {
    this.#unreadable = pools;
  }

  get unreadable(): readonly string[] {
    return this.#unreadable;
  }

  get pools(): PoolsInForce {
    return this.#pools;
  }

  allocationOf(service: string): Allocation | undefined {
    return this.#allocations.get(service);
  }

  isHeldByOtherThan(service: string, ip: Ip): boolean {
    return this.#holding(ip)?.isHeldByOtherThan(service) ?? false;
  }

  /** What keeps the address, which some pool has, from a Service that does not have it yet. */
  obstacleToGive(ip: Ip, holder: Holder): Obstacle | undefined {
    return this.#holding(ip)?.obstacleToGive(holder);
  }

  /**
   * What keeps a Service from going on with an address that its status shows. When this comes as a surprise, for it was
   * not known to have it, somebody else has written it: then the one that goes before the others keeps the address.
   */
  obstacleToKeep(ip: Ip, holder: Holder): Obstacle | undefined {
    const holding = this.#holding(ip);
    const obstacle = holding?.obstacleToKeep(holder);
    return obstacle !== undefined && outranksAll(holder, holding) ? undefined : obstacle;
  }

  /**
   * The lowest address of the pool that the Service may have, what it holds or is leaving counted as free.
   *
   * @param onlyJoins it may only join an address that another Service of its namespace holds
   */
  lowestFor(
    holder: Holder,
    pool: PoolLedger,
    family: Ip["family"],
    onlyJoins = false,
  ): Ip | undefined {
    pool.expire(this.#now());
    this.endSetAside();
    const held = this.#allocations.get(holder.key)?.ips ?? [];
    const leaving = this.#leaving.get(holder.key)?.ips;
    const own = leaving === undefined ? held : [...held, ...leaving];
    return pool.lowestFor({ holder, own, onlyJoins }, family);
  }

  /** How many addresses of the pool the Service may have that no other of its namespace holds. */
  quotaLeft(holder: Holder, pool: PoolLedger): number {
    const { maxPerNamespace } = pool.pool;
    if (maxPerNamespace === undefined) {
      return Number.POSITIVE_INFINITY;
    }
    const { namespace, key } = holder;
    const own = this.#allocations.get(key)?.ips ?? [];
    const alone = own.filter((ip) => {
      const location = this.#pools.locate(ip);
      return location?.pool === pool && !this.#holding(ip)?.isHeldIn(namespace, key);
    });
    return Math.max(0, maxPerNamespace - pool.heldIn(namespace) + alone.length);
  }

  /** An address that the Service's status shows to the surprise of those that hold it and do not share it: who they are. */
  rivalsOf(service: Service): readonly string[] {
    const holder = holderFrom(service);
    return shownIps(service).flatMap((ip) => {
      const holding = this.#holding(ip);
      const isKnown = holding === undefined || holding.knows(holder.key);
      return isKnown ? [] : holding.opponentsOf(holder).map(({ key }) => key);
    });
  }

  /** Whether another Service of the namespace holds the address, so that it does not count for this one. */
  isHeldInNamespace(ip: Ip, { namespace, key }: Holder): boolean {
    return this.#holding(ip)?.isHeldIn(namespace, key) ?? false;
  }

  get usage(): readonly PoolUsage[] {
    const setAside = this.setAsideByPool();
    return this.#pools.all.map((ledger) => ledger.usage(setAside.get(ledger)?.length ?? 0));
  }

  /**
   * Gives the address, which another host uses, to nobody by choice for a while.
   *
   * @returns whether it was not set aside before
   */
  putAside(ip: Ip): boolean {
    const isNew = !this.isSetAside(ip);
    this.setAside.add(ip, this.#now());
    return isNew;
  }

  /** Has what was set aside for long enough be given again. */
  endSetAside(): void {
    for (const ip of this.setAside.takeEnded(this.#now())) {
      this.#pools.locate(ip)?.range.reopen(ip.value);
    }
  }

  isSetAside({ family, value }: Ip): boolean {
    this.endSetAside();
    return this.setAside.active[family].has(value);
  }

  /** Those that are set aside, by the pool that has them. */
  setAsideByPool(): ReadonlyMap<PoolLedger | undefined, readonly Ip[]> {
    this.endSetAside();
    return Map.groupBy(this.setAside.activeIps(), (ip) => this.#pools.locate(ip)?.pool);
  }

  /**
   * Allocates the addresses to the Service, in place of those it holds; what else its status shows it is leaving.
   *
   * @param doubtful addresses that its status may show by now: nobody knows how a write ended
   * @throws {Error} when no pool has them all or somebody else forbids it: the caller did not decide on this state
   */
  allocate(service: Service, ips: readonly Ip[], doubtful: readonly Ip[] = []): Consequences {
    const holder = holderFrom(service);
    const pool = this.#pools.having(ips);
    const contested = ips.filter((ip) => this.obstacleToGive(ip, holder) !== undefined);
    if (pool === undefined || !contested.every((ip) => this.#mayKeep(service, holder, ip))) {
      throw new Error(
        `Cannot allocate ${ips.map(formatIp).join(", ")} to ${holder.key}: the decision is not of this state`,
      );
    }
    const next = { pool: pool.pool.name, ips, holder };
    const before = this.#allocations.get(holder.key);
    const hasLeft = this.#leave(holder, [...shownIps(service), ...doubtful], ips);
    if (before !== undefined && isSameAllocation(before, next)) {
      return { hasChanged: hasLeft, hasFreed: hasLeft, displaced: [] };
    }
    const displaced = this.#displace(contested, holder);
    this.#release(before, ips);
    this.#take(next);
    const hasFreed =
      hasLeft || before !== undefined || displaced.length > 0 || groupOf(holder) !== undefined;
    return { hasChanged: true, hasFreed, displaced };
  }

  /** Takes from the Service what it holds; what its status shows it is leaving. */
  vacate(service: Service, doubtful: readonly Ip[] = []): Consequences {
    const before = this.#allocations.get(service.key);
    const hasLeft = this.#leave(holderFrom(service), [...shownIps(service), ...doubtful], []);
    this.#release(before, []);
    const hasFreed = hasLeft || before !== undefined;
    return { hasChanged: hasFreed, hasFreed, displaced: [] };
  }

  /** Releases all that a Service has that is gone. */
  forget(service: string): Consequences {
    const leaving = this.#leaving.get(service);
    this.#endLeaving(leaving);
    this.#leaving.delete(service);
    const before = this.#allocations.get(service);
    this.#release(before, []);
    const hasFreed = leaving !== undefined || before !== undefined;
    return { hasChanged: hasFreed, hasFreed, displaced: [] };
  }

  #rebuild(pools: readonly Pool[]): void {
    this.#pools = new PoolsInForce(pools, this.#nodeAddresses, this.setAside.active);
    const before = [...this.#allocations.values()];
    const leaving = [...this.#leaving.values()];
    this.#allocations.clear();
    this.#leaving.clear();
    for (const { ips, holder } of before) {
      const pool = this.#pools.having(ips);
      if (pool === undefined) {
        this.released.add(holder.key, ips, this.#now());
        leaving.push({ ips, holder });
      } else {
        this.#take({ pool: pool.pool.name, ips, holder });
      }
    }
    for (const { ips, holder } of leaving) {
      this.#addLeaving(ips, holder);
    }
    for (const { ip } of this.released) {
      this.#holdBack(ip);
    }
  }

  #holding(ip: Ip): Holding | undefined {
    return this.#pools.locate(ip)?.range.holding(ip.value);
  }

  /** Whether the address is the Service's already, and nobody has a better claim to it. */
  #mayKeep(service: Service, holder: Holder, ip: Ip): boolean {
    const held = this.#allocations.get(holder.key)?.ips ?? [];
    const has = [...shownIps(service), ...held];
    return has.some((own) => isSameIp(own, ip)) && this.obstacleToKeep(ip, holder) === undefined;
  }

  #take(allocation: Allocation): void {
    const { holder, ips } = allocation;
    this.#allocations.set(holder.key, allocation);
    for (const [index, ip] of ips.entries()) {
      const location = this.#pools.locate(ip);
      if (location !== undefined) {
        location.pool.take(location.range, ip.value, holder);
        if (index === 0) {
          location.pool.countService(1);
        }
      }
    }
  }

  /** @param kept which of them are held again at once */
  #release(allocation: Allocation | undefined, kept: readonly Ip[]): void {
    if (allocation === undefined) {
      return;
    }
    const { holder, ips } = allocation;
    this.#allocations.delete(holder.key);
    const lost = ipsWithout(ips, kept);
    if (lost.length > 0) {
      this.released.add(holder.key, lost, this.#now());
    }
    for (const [index, ip] of ips.entries()) {
      const location = this.#pools.locate(ip);
      if (location !== undefined) {
        location.pool.release(location.range, ip.value, holder);
        this.#holdBack(ip);
        if (index === 0) {
          location.pool.countService(-1);
        }
      }
    }
  }

  /** Those that do not share the addresses with the Service, which has precedence, lose all that they have. */
  #displace(ips: readonly Ip[], holder: Holder): readonly string[] {
    const losers = ips.flatMap((ip) => this.#holding(ip)?.opponentsOf(holder) ?? []);
    for (const loser of losers) {
      const allocation = this.#allocations.get(loser.key);
      this.#release(allocation, []);
      // What its status shows is known when it is looked at next.
      this.#addLeaving(allocation?.ips ?? [], loser);
    }
    return losers.map(({ key }) => key);
  }

  /** @returns whether the Service has left what it was leaving before */
  #leave(holder: Holder, shown: readonly Ip[], kept: readonly Ip[]): boolean {
    const { key } = holder;
    const before = this.#leaving.get(key);
    const leaving = ipsWithout(shown, kept);
    if (before === undefined && leaving.length === 0) {
      return false;
    }
    this.#rememberLoss(key, ipsWithout(leaving, before?.ips ?? []));
    this.#endLeaving(before);
    this.#leaving.delete(key);
    this.#addLeaving(leaving, holder);
    return ipsWithout(before?.ips ?? [], leaving).length > 0;
  }

  /** An earlier life gave these to the Service; what this one gave is remembered when it is released. */
  #rememberLoss(service: string, lost: readonly Ip[]): void {
    const held = this.#allocations.get(service)?.ips ?? [];
    const own = ipsWithout(lost, held).filter((ip) => !this.isHeldByOtherThan(service, ip));
    if (own.length > 0) {
      this.released.add(service, own, this.#now());
    }
  }

  /** Those too that are in no pool: one may come, and must find them taken. */
  #addLeaving(ips: readonly Ip[], holder: Holder): void {
    const left = this.#leaving.get(holder.key);
    const added = ipsWithout(ips, left?.ips ?? []);
    if (added.length > 0) {
      const all = [...(left?.ips ?? []), ...added];
      this.#leaving.set(holder.key, { ips: all, holder });
      for (const ip of added) {
        this.#pools.locate(ip)?.range.addLeaver(ip.value, holder);
      }
    }
  }

  #endLeaving(leaving: Leaving | undefined): void {
    if (leaving === undefined) {
      return;
    }
    for (const ip of leaving.ips) {
      this.#pools.locate(ip)?.range.removeLeaver(ip.value, leaving.holder);
      this.#holdBack(ip);
    }
  }

  /** If it was released a short while ago, and its pool holds such addresses back. */
  #holdBack(ip: Ip): void {
    const location = this.#pools.locate(ip);
    const holdMs = location?.pool.pool.holdReleasedMs ?? 0;
    const atMs = holdMs > 0 ? this.released.lastAt(ip) : undefined;
    if (atMs !== undefined && atMs + holdMs > this.#now()) {
      location?.range.holdBack(ip.value, atMs + holdMs);
    }
  }
}

function outranksAll(holder: Holder, holding: Holding | undefined): boolean {
  return (
    holding !== undefined &&
    !holding.knows(holder.key) &&
    holding.opponentsOf(holder).every((other) => byPrecedence(holder, other) < 0)
  );
}

function isSameAllocation(a: Allocation, b: Allocation): boolean {
  return a.pool === b.pool && isSameHolder(a.holder, b.holder) && areSameIps(a.ips, b.ips);
}
