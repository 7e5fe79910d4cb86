/**
 * Gives Services their addresses. Each Service is reconciled on its own: read it, decide, and make the cluster say so by
 * one PATCH. The decision and the claim on the addresses happen in one turn of the event loop, so that two Services can
 * never be promised the same address, however slow the writes are.
 */

import type { Ip } from "#lib/address/ip.ts";
import { Allocations, type Consequences } from "#lib/allocation/allocations.ts";
import { claimAll } from "#lib/allocation/claim.ts";
import { decide } from "#lib/allocation/decide.ts";
import type { Decision } from "#lib/allocation/decision.ts";
import { byPrecedence } from "#lib/allocation/holder.ts";
import type { PoolUsage } from "#lib/allocation/pool-usage.ts";
import type { Released, ReleasedAddresses } from "#lib/allocation/released-addresses.ts";
import type { Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";
import type { Log } from "#lib/log/log.ts";
import { AllocationNews, type EventSink } from "./allocation-news.ts";
import { keepsAddresses, type StatusPatch, statusPatch } from "./status-patch.ts";

/** All that an assigner touches outside of itself. */
export interface Outside extends EventSink {
  /** The Service as it is known now; undefined when it is gone, or not ours to serve. */
  service(key: string): Service | undefined;
  services(): Iterable<Service>;
  /** @returns the resourceVersion after the write; undefined when the Service is gone */
  patchStatus(
    service: Service,
    patch: StatusPatch,
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /** Has `reconcile` called with the key soon. */
  enqueue(key: string): void;
  /** What is allocated or remembered has changed. */
  allocationsChanged(): void;
  /** Milliseconds since 1970. */
  nowMs(): number;
}

export class Assigner {
  readonly #outside: Outside;
  readonly #log: Log;
  readonly #allocations: Allocations;
  readonly #news: AllocationNews;
  /** Keys of Services that have not all that they want: whatever frees an address may help them. */
  readonly #waiting = new Set<string>();
  /** Services as they were when their status was written: what the watch has yet to tell is not decided upon again. */
  readonly #written = new Map<string, Service>();
  #started = false;

  /** @param namespace of the pools, for sentences */
  constructor(namespace: string, outside: Outside, log: Log) {
    this.#allocations = new Allocations(namespace, () => outside.nowMs());
    this.#outside = outside;
    this.#log = log;
    this.#news = new AllocationNews(outside, log);
  }

  /** What is free and what is taken, by pool. */
  usage(): readonly PoolUsage[] {
    return this.#allocations.usage;
  }

  /** Addresses that Services gave up, the first released first. */
  released(): ReleasedAddresses {
    return this.#allocations.released;
  }

  /** Tells what `released` gave in an earlier life; of use before pools are in force. */
  remember(released: Iterable<Released>): void {
    this.#allocations.released.restore(released);
  }

  /** Those of the nodes are given last. */
  setNodeAddresses(ips: readonly Ip[]): void {
    this.#allocations.setNodeAddresses(ips);
  }

  /** Names the pools that cannot be read, so that those whom it concerns are told. */
  setUnreadable(pools: readonly string[]): void {
    if (pools.join() !== this.#allocations.unreadable.join()) {
      this.#allocations.setUnreadable(pools);
      this.#retryWaiting();
    }
  }

  /**
   * Puts pools in force. The first time, every address that a Service already has is claimed for it before anything new
   * is given, so that a restart changes no address.
   */
  setPools(pools: readonly Pool[]): void {
    this.#allocations.setPools(pools);
    const services = [...this.#outside.services()];
    if (!this.#started) {
      this.#started = true;
      claimAll(this.#allocations, services);
    }
    this.#outside.allocationsChanged();
    for (const { key } of services.sort(assignedThenOldest)) {
      this.#outside.enqueue(key);
    }
  }

  /** @param signal ends a write under way, which is done again by whoever leads next, or refused as out of date */
  async reconcile(key: string, signal: AbortSignal): Promise<void> {
    if (!this.#started) {
      return;
    }
    const service = this.#outside.service(key);
    if (service === undefined) {
      this.forget(key);
      return;
    }
    if (this.#written.get(key) === service) {
      return;
    }
    const decision = this.#decide(service);
    this.#log.debug("decided", { service: key, decision: decision.kind });
    const now = new Date(this.#outside.nowMs()).toISOString();
    const patch = statusPatch(service, decision, now);
    if (patch !== undefined) {
      const resourceVersion = await this.#outside.patchStatus(service, patch, signal);
      if (resourceVersion === undefined) {
        return;
      }
      this.#log.debug("status written", { service: key, resourceVersion });
      if (resourceVersion !== service.resourceVersion) {
        this.#written.set(key, service);
      }
      this.#news.written(service, decision, patch);
    }
    this.#news.settled(service, decision);
  }

  /** Releases what a Service has that is gone. */
  forget(key: string): void {
    this.#waiting.delete(key);
    this.#written.delete(key);
    this.#news.forget(key);
    const consequences = this.#allocations.forget(key);
    if (consequences.hasFreed) {
      this.#log.info("address released", { service: key });
    }
    this.#follow(consequences, key);
  }

  #decide(service: Service): Decision {
    const decision = decide(this.#allocations, service);
    const isAssigned = decision.kind === "assign";
    const consequences = isAssigned
      ? this.#allocations.allocate(service, decision.ips)
      : this.#allocations.vacate(service);
    if (isAssigned && decision.warning?.reason !== "AdditionalAssignFailed") {
      this.#waiting.delete(service.key);
    } else {
      this.#waiting.add(service.key);
    }
    this.#news.decided(service, decision, keepsAddresses(service, decision));
    this.#follow(consequences, service.key);
    return decision;
  }

  #follow({ hasChanged, hasFreed, displaced }: Consequences, by: string): void {
    if (hasChanged) {
      this.#outside.allocationsChanged();
    }
    for (const key of displaced) {
      this.#log.warn("two Services had the same address", { service: key, keeper: by });
      this.#outside.enqueue(key);
    }
    if (hasFreed) {
      this.#retryWaiting(by);
    }
  }

  /** The oldest first, as they would have been served had there been room. */
  #retryWaiting(except?: string): void {
    const services = [...this.#waiting]
      .filter((key) => key !== except)
      .map((key) => this.#outside.service(key))
      .filter((service) => service !== undefined)
      .sort(assignedThenOldest);
    for (const { key } of services) {
      this.#outside.enqueue(key);
    }
  }
}

/** Who has an address comes first, then the oldest, then by name: the same order after every restart. */
function assignedThenOldest(a: Service, b: Service): number {
  return Number(b.ingress.length > 0) - Number(a.ingress.length > 0) || byPrecedence(a, b);
}
