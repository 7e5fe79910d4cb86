/** Says in the cluster that another host uses an address that this node owns: condition AddressConflict, and an Event. */

import {
  type AddressConflict,
  conflictCondition,
  conflictOf,
  conflictSentence,
  NO_CONFLICT,
} from "#lib/api/address-conflict.ts";
import { CONDITION } from "#lib/api/annotations.ts";
import { nextCondition } from "#lib/api/condition.ts";
import { regardingService, type Service } from "#lib/api/service.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import type { EventRecorder } from "#lib/kube/events.ts";
import { unlessGone } from "#lib/kube/kube-error.ts";
import { servicePath } from "#lib/kube/paths.ts";
import { WorkQueue } from "#lib/kube/work-queue.ts";
import type { Log } from "#lib/log/log.ts";
import type { Conflict } from "#speaker/network/messages.ts";
import type { Table } from "#speaker/table.ts";

export interface ConflictsOptions {
  /** Name of this node. */
  readonly node: string;
  readonly client: Pick<KubeClient, "strategicPatch">;
  readonly events: Pick<EventRecorder, "record">;
  readonly table: Pick<Table, "get" | "having">;
  readonly log: Log;
}

export class Conflicts {
  readonly #options: ConflictsOptions;
  readonly #queue: WorkQueue<string>;
  /** By address: what the network thread said last; "over" until the conditions say so too. */
  readonly #news = new Map<string, AddressConflict | "over">();

  constructor(options: ConflictsOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ name: "address conflicts", log: options.log });
  }

  /** Another host uses the address. */
  heard(conflict: Conflict): void {
    const { ip } = conflict;
    this.#news.set(ip, { ...conflict, node: this.#options.node });
    this.#lookAt(ip);
  }

  /** The other host is silent. */
  over(ip: string): void {
    this.#news.set(ip, "over");
    this.#lookAt(ip);
  }

  /** This node has taken the Service over. If its address is still claimed, that is heard again. */
  tookOver(service: string): void {
    const entry = this.#options.table.get(service);
    const conflict = entry && conflictOf(entry.service);
    if (conflict?.when === "in-use" && !this.#news.has(conflict.ip)) {
      this.over(conflict.ip);
    }
  }

  /** This node has lost the Service to another, and has nothing more to say of its addresses. */
  lost(service: string): void {
    for (const ip of this.#options.table.get(service)?.row?.ips ?? []) {
      this.#news.delete(ip);
    }
  }

  /** The Service may have come to have an address of which there are news. */
  look(service: string): void {
    if (this.#news.size > 0) {
      this.#queue.add(service);
    }
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#queue.run(signal, (service, within) => this.#reconcile(service, within));
  }

  #lookAt(ip: string): void {
    for (const service of this.#options.table.having(ip)) {
      this.#queue.add(service);
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<void> {
    this.#forgetUnused();
    const entry = this.#options.table.get(key);
    const ips = entry?.row?.ips ?? [];
    const news = ips.map((ip) => this.#news.get(ip)).filter((one) => one !== undefined);
    if (entry === undefined || news.length === 0) {
      return;
    }
    const { service } = entry;
    const conflict = news.find((one) => one !== "over");
    if (conflict !== undefined) {
      await this.#say(service, conflictCondition(conflict), conflictSentence(conflict), signal);
    } else if (conflictOf(service) !== undefined) {
      await this.#say(service, NO_CONFLICT, undefined, signal);
    }
  }

  /** An address that the controller has taken back is another matter when it is given again. */
  #forgetUnused(): void {
    for (const ip of this.#news.keys()) {
      const [service] = this.#options.table.having(ip);
      if (service === undefined) {
        this.#news.delete(ip);
      }
    }
  }

  async #say(
    service: Service,
    wanted: typeof NO_CONFLICT,
    warning: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const old = service.conditions.find(({ type }) => type === CONDITION.addressConflict);
    const condition = nextCondition(old, wanted, new Date().toISOString());
    if (condition === undefined) {
      return;
    }
    const { client, events } = this.#options;
    const { resourceVersion } = service;
    const patch = { metadata: { resourceVersion }, status: { conditions: [condition] } };
    await unlessGone(client.strategicPatch(`${servicePath(service)}/status`, patch, { signal }));
    if (warning !== undefined) {
      events.record(regardingService(service), "Warning", "AddressConflict", warning);
    }
  }
}
