/**
 * The placement "balanced": no node is to have many more groups of addresses than its share. It only says which node is
 * preferred; who owns what is decided by claims, and changed by planned moves.
 *
 *  group                     | first in its order
 *  --------------------------|---------------------------------------------------------------
 *  nobody had it yet         | as with MetalLB, for all nodes to agree at once who claims it
 *  its owner is dead         | as before: a takeover waits for nothing that is computed here
 *  its owner lives           | the owner
 *  … and has too many        | the node that has room, once the nodes have been the same for `--failback`
 *
 * It is done in this thread, and not beside the clocks of membership: of ten thousand groups and as many orders of a
 * hundred nodes it takes some 200 ms, and of a thousand 0.6 s.
 */

import { balancedOwners } from "#lib/election/balanced-order.ts";
import { commonOrder } from "#lib/election/common-order.ts";
import { type AddressGroup, Groups } from "#lib/election/groups.ts";
import { NodeSubnets } from "#lib/election/node-subnets.ts";
import type { OwnerChange } from "#lib/election/owner.ts";
import { aborted } from "#lib/kube/aborted.ts";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import type { FromNetwork, Row } from "./network/messages.ts";
import type { NetworkTable } from "./network-table.ts";
import { sha256 } from "./sha256.ts";

/** Changes come in bursts: so long at least is between two looks, */
const PAUSE_MS = 100;

/** and so many times as long as the last one took, for this thread has other work. */
const PAUSE_FACTOR = 10;

/** Groups that allow the same nodes share a list of them; in most clusters one or two are enough. */
const MOST_LISTS = 8;

export interface BalancerOptions {
  /** Takes rows with the preferred node first. */
  readonly table: Pick<NetworkTable, "put" | "remove">;
  /** For so long the nodes are to be the same before an address is moved; Infinity: none ever is. */
  readonly failbackMs: number;
  readonly clock?: Clock;
}

interface OwnedGroup {
  readonly group: AddressGroup;
  /** Name of a node. */
  readonly owner: string;
}

export class Balancer {
  readonly #options: BalancerOptions;
  readonly #clock: Clock;
  /** By Service, with the order of nodes that the election gave. */
  readonly #rows = new Map<string, Row>();
  readonly #groups = new Groups();
  /** Names of nodes by Service. */
  readonly #owners = new Map<string, string>();
  readonly #firsts = new Map<string, string>();
  /** Names of nodes. */
  #draining: ReadonlySet<string> = new Set();
  #alive: ReadonlySet<string> = new Set();
  #subnets = new NodeSubnets();
  #stableAt = Number.POSITIVE_INFINITY;
  /** Surplus is left, for the nodes have not been the same for long enough. */
  #isWaiting = false;
  #news = Promise.withResolvers<void>();

  constructor(options: BalancerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  put(row: Row): void {
    this.#rows.set(row.service, row);
    this.#groups.put(row.service, row.ips);
    this.#options.table.put(this.#ordered(row));
    this.#news.resolve();
  }

  remove(service: string): void {
    this.#rows.delete(service);
    this.#groups.remove(service);
    this.#owners.delete(service);
    this.#firsts.delete(service);
    this.#options.table.remove(service);
    this.#news.resolve();
  }

  ownersChanged(changes: readonly OwnerChange[]): void {
    for (const { service, to } of changes) {
      if (to === undefined) {
        this.#owners.delete(service);
      } else {
        this.#owners.set(service, to);
      }
    }
    this.#news.resolve();
  }

  nodesChanged({
    nodes,
    subnets,
  }: Pick<Extract<FromNetwork, { kind: "alive" }>, "nodes" | "subnets">): void {
    const alive = new Set(nodes);
    this.#subnets = new NodeSubnets(subnets);
    if (this.#alive.symmetricDifference(alive).size > 0) {
      this.#alive = alive;
      this.#noteUnrest();
    }
    this.#news.resolve();
  }

  /** @param draining names of the nodes that give their addresses away */
  setDraining(draining: ReadonlySet<string>): void {
    if (this.#draining.symmetricDifference(draining).size > 0) {
      this.#draining = draining;
      this.#noteUnrest();
      this.#news.resolve();
    }
  }

  /** Balances whenever something is new, until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    let pauseMs = PAUSE_MS;
    while (!signal.aborted) {
      await this.#untilNews(signal);
      await this.#clock.delay(pauseMs, signal);
      this.#news = Promise.withResolvers();
      const begunAt = this.#clock.now();
      this.#balance(begunAt);
      pauseMs = Math.max(PAUSE_MS, PAUSE_FACTOR * (this.#clock.now() - begunAt));
    }
  }

  async #untilNews(signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const within = AbortSignal.any([signal, done.signal]);
    const waits = [this.#news.promise, aborted(within)];
    if (this.#isWaiting && Number.isFinite(this.#stableAt)) {
      waits.push(this.#clock.delay(this.#stableAt - this.#clock.now(), within));
    }
    await Promise.race(waits);
    done.abort();
  }

  #noteUnrest(): void {
    this.#stableAt = this.#clock.now() + this.#options.failbackMs;
  }

  #balance(now: number): void {
    this.#isWaiting = now < this.#stableAt;
    const owned = this.#ownedGroups();
    const owners = new Map(owned.map(({ group, owner }) => [group.key, owner]));
    const preferred = this.#isWaiting ? owners : this.#spread(owned, owners);
    for (const { group, owner } of owned) {
      const first = preferred.get(group.key) ?? owner;
      for (const service of group.services) {
        this.#prefer(service, first);
      }
    }
  }

  #spread(
    owned: readonly OwnedGroup[],
    owners: ReadonlyMap<string, string>,
  ): ReadonlyMap<string, string> {
    const lists = new NodeLists();
    const toPlace = owned.map(({ group }) => ({
      key: group.key,
      nodes: lists.shared(this.#ableNodes(group)),
    }));
    return balancedOwners(toPlace, this.#alive.difference(this.#draining), owners, sha256);
  }

  /** The groups whose owner lives. */
  #ownedGroups(): readonly OwnedGroup[] {
    const groups = new Set([...this.#rows.keys()].map((service) => this.#groups.of(service)));
    return [...groups].flatMap((group) => {
      const owner = group?.services.map((service) => this.#owners.get(service)).find(Boolean);
      return group !== undefined && owner !== undefined && this.#alive.has(owner)
        ? [{ group, owner }]
        : [];
    });
  }

  /** Those that every Service of the group allows, and that have the links it needs. */
  #ableNodes({ services }: AddressGroup): readonly string[] {
    const rows = services.flatMap((service) => this.#rows.get(service) ?? []);
    const [first = [], ...others] = rows.map(({ order }) => order);
    return [...commonOrder(first, others)].filter((node) =>
      rows.every((row) => this.#subnets.meets(node, row)),
    );
  }

  #prefer(service: string, node: string): void {
    const row = this.#rows.get(service);
    if (row !== undefined && this.#firsts.get(service) !== node) {
      this.#firsts.set(service, node);
      this.#options.table.put(this.#ordered(row));
    }
  }

  #ordered(row: Row): Row {
    const first = this.#firsts.get(row.service);
    return first !== undefined && row.order.includes(first)
      ? { ...row, order: [first, ...row.order.filter((node) => node !== first)] }
      : row;
  }
}

/** Lists of nodes, of which those with the same nodes are one. */
class NodeLists {
  readonly #known: { readonly nodes: readonly string[]; readonly names: ReadonlySet<string> }[] =
    [];

  shared(nodes: readonly string[]): readonly string[] {
    const known = this.#known.find(
      ({ names }) => names.size === nodes.length && nodes.every((node) => names.has(node)),
    );
    if (known === undefined && this.#known.length < MOST_LISTS) {
      this.#known.push({ nodes, names: new Set(nodes) });
    }
    return known?.nodes ?? nodes;
  }
}
