/**
 * Gives Services their addresses. Each Service is reconciled on its own: read it, decide, and make the cluster say so by
 * one PATCH. The decision and the claim on the addresses happen in one turn of the event loop, so that two Services can
 * never be promised the same address, however slow the writes are.
 */

import { formatIp, type Ip } from "#lib/address/ip.ts";
import { Allocations, type Consequences } from "#lib/allocation/allocations.ts";
import { claimAll } from "#lib/allocation/claim.ts";
import { setAsideFor } from "#lib/allocation/contested.ts";
import { decide } from "#lib/allocation/decide.ts";
import type { Decision, Refusal, Warning } from "#lib/allocation/decision.ts";
import { byPrecedence } from "#lib/allocation/holder.ts";
import type { PoolUsage } from "#lib/allocation/pool-usage.ts";
import type { Remembered } from "#lib/allocation/remembered.ts";
import type { Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";
import { KubeError } from "#lib/kube/kube-error.ts";
import type { Log } from "#lib/log/log.ts";
import { AllocationNews, type EventSink } from "./allocation-news.ts";
import type { Memory } from "./memory-store.ts";
import { carriedBy, type StatusPatch, sameStatus, statusPatch } from "./status-patch.ts";

/** All that an assigner touches outside of itself. */
export interface Outside extends EventSink {
  /** The Service as it is known now; undefined when it is gone, or not ours to serve. */
  service(key: string): Service | undefined;
  services(): Iterable<Service>;
  /**
   * @returns the resourceVersion after the write; undefined when the Service is gone
   * @throws {KubeError} when it was refused, or when nobody knows how it ended
   */
  patchStatus(
    service: Service,
    patch: StatusPatch,
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /** Has `reconcile` called with the key soon. */
  enqueue(key: string): void;
  /** Has `retryWaiting` called soon, once for many calls. */
  retrySoon(): void;
  /** Has `wake` called at that time, in milliseconds since 1970. */
  wakeAt(atMs: number): void;
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
  /** Keys of Services that whatever frees an address may help. */
  readonly #waiting = new Set<string>();
  /** What a write of unknown end carried, and the Service as it was then: its status may show that by now. */
  readonly #doubtful = new Map<
    string,
    { readonly service: Service; readonly ips: readonly Ip[] }
  >();
  /** Services as they were when their status was written: what the watch has yet to tell is not decided upon again. */
  readonly #written = new Map<string, Service>();
  #started = false;
  /** When `wake` is called next; undefined: never. */
  #wakesAtMs: number | undefined;

  /**
   * @param namespace of the pools, for sentences
   * @param conflictHoldMs for how long an address is set aside at first, since another host uses it
   */
  constructor(namespace: string, outside: Outside, log: Log, conflictHoldMs?: number) {
    this.#allocations = new Allocations(namespace, () => outside.nowMs(), conflictHoldMs);
    this.#outside = outside;
    this.#log = log;
    this.#news = new AllocationNews(outside, log);
  }

  /** What is free and what is taken, by pool. */
  usage(): readonly PoolUsage[] {
    return this.#allocations.usage;
  }

  /** What is to be remembered when this controller is no more. */
  get memory(): Memory {
    return this.#allocations;
  }

  /** Tells what `memory` was in an earlier life; of use before pools are in force. */
  remember({ released, setAside }: Remembered): void {
    this.#allocations.released.restore(released);
    this.#allocations.setAside.restore(setAside, this.#outside.nowMs());
  }

  /** Those of the nodes are given last. */
  setNodeAddresses(ips: readonly Ip[]): void {
    this.#allocations.setNodeAddresses(ips);
  }

  /** Names the pools that cannot be read, so that those whom it concerns are told. */
  setUnreadable(pools: readonly string[]): void {
    if (pools.join() !== this.#allocations.unreadable.join()) {
      this.#allocations.setUnreadable(pools);
      for (const { key } of this.#outside.services()) {
        this.#outside.enqueue(key);
      }
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
      this.#sleep();
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
    this.#written.delete(key);
    const decision = this.#decide(service);
    this.#log.debug("decided", { service: key, decision: decision.kind });
    const now = new Date(this.#outside.nowMs()).toISOString();
    const patch = statusPatch(service, decision, now);
    this.#news.decided(service, decision, patch);
    const isDoubtful = this.#doubtful.has(key);
    if (patch !== undefined || isDoubtful) {
      const isThere = await this.#write(service, patch ?? sameStatus(service), signal);
      if (!isThere) {
        return;
      }
    }
    if (patch !== undefined) {
      this.#news.written(service);
    }
    if (isDoubtful) {
      this.#outside.enqueue(key);
    }
    this.#news.settled(service, decision);
  }

  /** Releases what a Service has that is gone. */
  forget(key: string): void {
    this.#waiting.delete(key);
    this.#written.delete(key);
    this.#doubtful.delete(key);
    this.#news.forget(key);
    const ips = this.#allocations.allocationOf(key)?.ips.map(formatIp);
    const consequences = this.#allocations.forget(key);
    if (ips !== undefined) {
      this.#log.info("address released", { service: key, ip: ips.join(" "), why: "it is gone" });
    }
    this.#follow(consequences);
  }

  /** Has those looked at again that wait for an address: the oldest first, as they would have been served had there been room. */
  retryWaiting(): void {
    const services = [...this.#waiting]
      .map((key) => this.#outside.service(key))
      .filter((service) => service !== undefined)
      .sort(assignedThenOldest);
    for (const { key } of services) {
      this.#outside.enqueue(key);
    }
  }

  /** Time has passed: what was set aside may be given again, and somebody may wait for it. */
  wake(): void {
    this.#wakesAtMs = undefined;
    this.#allocations.endSetAside();
    if (this.#waiting.size > 0) {
      this.#outside.retrySoon();
    }
    this.#sleep();
  }

  /** Until the next address is set aside no more, if there is one. */
  #sleep(): void {
    const nextMs = this.#allocations.setAside.nextEndMs;
    if (nextMs !== undefined && nextMs < (this.#wakesAtMs ?? Number.POSITIVE_INFINITY)) {
      this.#wakesAtMs = nextMs;
      this.#outside.wakeAt(nextMs);
    }
  }

  /**
   * While it is not known how the write ended, nobody else is given what it carried: until the watch tells of another
   * version of the Service, or another write of this one succeeds, which shows that the first did not.
   *
   * @returns whether the Service is still there
   */
  async #write(service: Service, patch: StatusPatch, signal: AbortSignal): Promise<boolean> {
    const { key } = service;
    try {
      const resourceVersion = await this.#outside.patchStatus(service, patch, signal);
      this.#doubtful.delete(key);
      this.#log.debug("status written", { service: key, resourceVersion });
      if (resourceVersion !== undefined && resourceVersion !== service.resourceVersion) {
        this.#written.set(key, service);
      }
      return resourceVersion !== undefined;
    } catch (error) {
      const isThere = this.#outside.service(key) !== undefined;
      if (isThere && !isRefusal(error)) {
        const ips = [...this.#doubtfulIps(service), ...carriedBy(patch)];
        this.#doubtful.set(key, { service, ips });
      }
      throw error;
    }
  }

  #doubtfulIps(service: Service): readonly Ip[] {
    const doubtful = this.#doubtful.get(service.key);
    return doubtful?.service === service ? doubtful.ips : [];
  }

  #decide(service: Service): Decision {
    const doubtful = this.#doubtfulIps(service);
    if (doubtful.length === 0) {
      this.#doubtful.delete(service.key);
    }
    const rivals = this.#allocations.rivalsOf(service);
    if (rivals.length > 0) {
      const ip = service.ingress.join(" ");
      this.#log.warn("two Services show the same address", { service: service.key, ip, rivals });
    }
    this.#heedConflict(service);
    const decision = decide(this.#allocations, service);
    const consequences =
      decision.kind === "assign"
        ? this.#allocations.allocate(service, decision.ips, doubtful)
        : this.#allocations.vacate(service, doubtful);
    const { reason } = decision.kind === "assign" ? (decision.warning ?? NO_WARNING) : decision;
    if (HELPED_BY_AN_ADDRESS.has(reason)) {
      this.#waiting.add(service.key);
    } else {
      this.#waiting.delete(service.key);
    }
    this.#follow(consequences);
    return decision;
  }

  #heedConflict(service: Service): void {
    const conflict = setAsideFor(this.#allocations, service);
    if (conflict !== undefined) {
      const { ip, mac, node, link } = conflict;
      this.#log.warn("address set aside", { service: service.key, ip, mac, node, link });
      this.#outside.allocationsChanged();
      this.#sleep();
    }
  }

  #follow({ hasChanged, hasFreed, displaced }: Consequences): void {
    if (hasChanged) {
      this.#outside.allocationsChanged();
    }
    for (const key of displaced) {
      this.#outside.enqueue(key);
    }
    if (hasFreed && this.#waiting.size > 0) {
      this.#outside.retrySoon();
    }
  }
}

/** Whether the API server has said that it did not do it. */
function isRefusal(error: unknown): boolean {
  return error instanceof KubeError && error.status >= 400 && error.status < 500;
}

const NO_WARNING = { reason: "" };

/** The reasons that an address may mend which becomes free, or can be shared. */
const HELPED_BY_AN_ADDRESS: ReadonlySet<string> = new Set<Refusal | Warning["reason"]>([
  "AdditionalAssignFailed",
  "HeldByAnother",
  "PoolExhausted",
  "PortTaken",
  "QuotaReached",
]);

/** Who has an address comes first, then the oldest, then by name: the same order after every restart. */
function assignedThenOldest(a: Service, b: Service): number {
  return Number(b.ingress.length > 0) - Number(a.ingress.length > 0) || byPrecedence(a, b);
}
