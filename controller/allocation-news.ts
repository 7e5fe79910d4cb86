import { formatIp } from "#lib/address/ip.ts";
import type { Decision } from "#lib/allocation/decision.ts";
import { LEGACY_PREFIX } from "#lib/api/annotations.ts";
import type { Service } from "#lib/api/service.ts";
import type { EventType } from "#lib/kube/event-record.ts";
import type { Log } from "#lib/log/log.ts";
import type { StatusPatch } from "./status-patch.ts";

/** The first two as MetalLB's. */
const LOSS_TYPES = {
  ClearAssignment: "Normal",
  nolbIPsIPFamily: "Warning",
  AddressConflict: "Warning",
} as const;

/** Where Events about a Service go. */
export interface EventSink {
  event(service: Service, type: EventType, reason: string, message: string): void;
}

/** Tells each change of an address once, by an Event and a log line, when it has been written. */
export class AllocationNews {
  readonly #events: EventSink;
  readonly #log: Log;
  /** What was decided and not told yet: the answer to a write may be lost, and the write not. */
  readonly #untold = new Map<string, Decision>();
  /** The last warning told about a Service that has an address. */
  readonly #warned = new Map<string, string>();

  constructor(events: EventSink, log: Log) {
    this.#events = events;
    this.#log = log;
  }

  /** @param patch what is about to be written; undefined: nothing */
  decided({ key }: Service, decision: Decision, patch: StatusPatch | undefined): void {
    const isNews =
      decision.kind === "assign"
        ? patch?.status.loadBalancer !== undefined
        : patch?.status.conditions !== undefined;
    if (isNews || decision.loss !== undefined) {
      this.#untold.set(key, decision);
    }
  }

  /** Herald has changed the Service: then MetalLB, too, tells of each annotation under the older prefix. */
  written(service: Service): void {
    for (const annotation of Object.keys(service.annotations)) {
      if (annotation.startsWith(LEGACY_PREFIX)) {
        const current = `metallb.io/${annotation.slice(LEGACY_PREFIX.length)}`;
        const message = `The annotation ${annotation} is deprecated: use ${current}`;
        this.#events.event(service, "Warning", "deprecatedAnnotation", message);
      }
    }
  }

  /** The status says what was decided, whoever wrote it. */
  settled(service: Service, decision: Decision): void {
    const { key } = service;
    const untold = this.#untold.get(key);
    this.#untold.delete(key);
    if (untold?.kind === decision.kind) {
      this.#tellLoss(service, untold);
      this.#tellOutcome(service, untold);
    }
    this.#tellWarning(service, decision);
  }

  forget(key: string): void {
    this.#untold.delete(key);
    this.#warned.delete(key);
  }

  #tellLoss(service: Service, { loss }: Decision): void {
    if (loss !== undefined) {
      const { ips, message, reason } = loss;
      this.#log.info("address released", { service: service.key, ip: ips.join(" "), why: message });
      this.#events.event(service, LOSS_TYPES[reason], reason, message);
    }
  }

  #tellOutcome(service: Service, decision: Decision): void {
    const { key } = service;
    if (decision.kind === "assign") {
      const ips = decision.ips.map(formatIp);
      const { pool, why } = decision;
      this.#log.info("address allocated", { service: key, ip: ips.join(" "), pool, why });
      this.#events.event(service, "Normal", "IPAllocated", `Assigned IP ${JSON.stringify(ips)}`);
    } else {
      const { message, reason } = decision;
      this.#log.warn("no address for the service", { service: key, reason, why: message });
      // Under this name MetalLB tells of the one refusal that no address would mend.
      const told = reason === "NotEnoughClusterIps" ? "not enough clusterips" : "AllocationFailed";
      this.#events.event(service, "Warning", told, message);
    }
  }

  /** What a Service is to know although it has an address; told once. */
  #tellWarning(service: Service, decision: Decision): void {
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
      this.#events.event(service, type, reason, message);
    }
  }
}
