/**
 * Gives Services their addresses. Each Service is reconciled on its own: read it, decide, and make the cluster say so by
 * one PATCH. The decision and the claim on the addresses happen in one turn of the event loop, so that two Services can
 * never be promised the same address, however slow the writes are.
 */

import { formatIp, type Ip } from "#lib/address/ip.ts";
import { Allocations } from "#lib/allocation/allocations.ts";
import { decide } from "#lib/allocation/decide.ts";
import type { Assignment, Decision } from "#lib/allocation/decision.ts";
import type { Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";
import type { EventType } from "#lib/kube/event-record.ts";
import type { Log } from "#lib/log/log.ts";
import { keepsAddresses, type StatusPatch, statusPatch } from "./status-patch.ts";

/** All that an assigner touches outside of itself. */
export interface Outside {
  /** The Service as it is known now; undefined when it is gone, or not ours to serve. */
  service(key: string): Service | undefined;
  services(): Iterable<Service>;
  /** @returns the resourceVersion after the write; undefined when the Service is gone */
  patchStatus(
    service: Service,
    patch: StatusPatch,
    signal: AbortSignal,
  ): Promise<string | undefined>;
  event(service: Service, type: EventType, reason: string, message: string): void;
  /** Has `reconcile` called with the key soon. */
  enqueue(key: string): void;
  /** RFC 3339. */
  now(): string;
}

export class Assigner {
  readonly #outside: Outside;
  readonly #log: Log;
  readonly #allocations: Allocations;
  /** Keys of Services that were refused: whatever frees an address may help them. */
  readonly #refused = new Set<string>();
  /** The last warning told about a Service that has an address. */
  readonly #warned = new Map<string, string>();
  /** Services as they were when their status was written: what the watch has yet to tell is not decided upon again. */
  readonly #written = new Map<string, Service>();
  /** Assignments that were decided and not told yet: the answer to a write may be lost, and the write not. */
  readonly #untold = new Map<string, Assignment>();
  #started = false;

  /** @param namespace of the pools, for sentences */
  constructor(namespace: string, outside: Outside, log: Log) {
    this.#allocations = new Allocations(namespace);
    this.#outside = outside;
    this.#log = log;
  }

  /**
   * Puts pools in force. The first time, every address that a Service already has is claimed for it before anything new
   * is given, so that a restart changes no address.
   */
  setPools(pools: readonly Pool[]): void {
    this.#allocations.setPools(pools);
    const services = [...this.#outside.services()].sort(assignedThenOldest);
    if (!this.#started) {
      this.#started = true;
      for (const service of services) {
        this.#reclaim(service);
      }
    }
    for (const { key } of services) {
      this.#outside.enqueue(key);
    }
  }

  /** Claims what the Service has, if it may keep it. */
  #reclaim(service: Service): void {
    const decision = decide(this.#allocations, service);
    if (decision.kind === "assign" && decision.cleared === undefined) {
      const has = (ip: Ip) => service.ingress.includes(formatIp(ip));
      const kept = decision.ips.filter(has);
      if (kept.length > 0) {
        this.#allocations.allocate(service, kept);
      }
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
    const patch = statusPatch(service, decision, this.#outside.now());
    if (patch !== undefined) {
      const resourceVersion = await this.#outside.patchStatus(service, patch, signal);
      if (resourceVersion === undefined) {
        return;
      }
      this.#log.debug("status written", { service: key, resourceVersion });
      if (resourceVersion !== service.resourceVersion) {
        this.#written.set(key, service);
      }
      this.#tellRefusal(service, decision, patch);
    }
    this.#tellAssignment(service);
    this.#warn(service, decision);
  }

  #decide(service: Service): Decision {
    const decision = decide(this.#allocations, service);
    const freed =
      decision.kind === "assign"
        ? this.#allocations.allocate(service, decision.ips)
        : this.#allocations.release(service.key);
    if (decision.kind === "refuse") {
      this.#refused.add(service.key);
      this.#untold.delete(service.key);
    } else {
      this.#refused.delete(service.key);
      if (!keepsAddresses(service, decision)) {
        this.#untold.set(service.key, decision);
      }
    }
    if (freed) {
      this.#retryRefused(service.key);
    }
    return decision;
  }

  /** Releases what a Service has that is gone. One made anew under its name has no claim to it. */
  forget(key: string): void {
    this.#refused.delete(key);
    this.#warned.delete(key);
    this.#written.delete(key);
    this.#untold.delete(key);
    if (this.#allocations.release(key)) {
      this.#log.info("address released", { service: key });
      this.#retryRefused(key);
    }
  }

  /** The oldest first, as they would have been served had there been room. */
  #retryRefused(except: string): void {
    const services = [...this.#refused]
      .filter((key) => key !== except)
      .map((key) => this.#outside.service(key))
      .filter((service) => service !== undefined)
      .sort(assignedThenOldest);
    for (const { key } of services) {
      this.#outside.enqueue(key);
    }
  }

  #tellRefusal(service: Service, decision: Decision, patch: StatusPatch): void {
    const { key, ingress } = service;
    if (decision.cleared !== undefined) {
      const why = decision.cleared;
      this.#log.warn("address released", { service: key, ip: ingress.join(" "), why });
      this.#outside.event(service, "Normal", "ClearAssignment", why);
    }
    if (decision.kind === "refuse" && patch.status.conditions !== undefined) {
      const { reason, message } = decision;
      this.#log.warn("no address for the service", { service: key, reason, why: message });
      this.#outside.event(service, "Warning", "AllocationFailed", message);
    }
  }

  #tellAssignment(service: Service): void {
    const assignment = this.#untold.get(service.key);
    if (assignment !== undefined) {
      this.#untold.delete(service.key);
      const ips = assignment.ips.map(formatIp);
      const { pool, why } = assignment;
      const fields = { service: service.key, ip: ips.join(" "), pool, why };
      this.#log.info("address allocated", fields);
      this.#outside.event(service, "Normal", "IPAllocated", `Assigned IP ${JSON.stringify(ips)}`);
    }
  }

  /** What a Service is to know although it has an address; told once. */
  #warn(service: Service, decision: Decision): void {
    const warning = decision.kind === "assign" ? decision.warning : undefined;
    if (warning === undefined) {
      this.#warned.delete(service.key);
    } else if (this.#warned.get(service.key) !== warning.message) {
      this.#warned.set(service.key, warning.message);
      const { message, reason } = warning;
      this.#log.warn("the service has not all that it asks for", {
        service: service.key,
        reason,
        why: message,
      });
      // MetalLB's types: one address of two is no fault of anybody's.
      const type = reason === "AdditionalAssignFailed" ? "Normal" : "Warning";
      this.#outside.event(service, type, reason, message);
    }
  }
}

/** Who has an address comes first, then the oldest, then by name: the same order after every restart. */
function assignedThenOldest(a: Service, b: Service): number {
  return (
    Number(b.ingress.length > 0) - Number(a.ingress.length > 0) ||
    compareText(a.creationTimestamp, b.creationTimestamp) ||
    compareText(a.key, b.key)
  );
}

function compareText(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}
