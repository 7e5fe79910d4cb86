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
  /** Services that this node owns. */
  readonly #owned = new Set<string>();
  /** The addresses that a Service had when it was last looked at. */
  readonly #ips = new Map<string, readonly string[]>();

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

  /** This node has taken the Service over. */
  tookOver(service: string): void {
    this.#owned.add(service);
    this.look(service);
  }

  /** This node has lost the Service to another, and has nothing more to say of its addresses. */
  lost(service: string): void {
    this.#owned.delete(service);
    for (const ip of this.#options.table.get(service)?.row?.ips ?? []) {
      this.#news.delete(ip);
    }
  }

  /** Whether another host had the address first, as this node knows. */
  isContested(ip: string): boolean {
    const news = this.#news.get(ip);
    return news !== undefined && news !== "over" && news.when === "first-use";
  }

  /** The Service is another than before. */
  look(service: string): void {
    const entry = this.#options.table.get(service);
    if (this.#news.size > 0 || (entry && conflictOf(entry.service)) !== undefined) {
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
    const entry = this.#options.table.get(key);
    const ips = entry?.row?.ips ?? [];
    this.#forgetOthersThan(key, ips);
    if (entry === undefined) {
      return;
    }
    const { service } = entry;
    const conflict = this.#worstOf(ips);
    if (conflict !== undefined) {
      await this.#say(service, conflictCondition(conflict), conflictSentence(conflict), signal);
    } else if (this.#isOver(service)) {
      await this.#say(service, NO_CONFLICT, undefined, signal);
    }
  }

  /** The condition has room for one: that of which the controller and the next owner have to know. */
  #worstOf(ips: readonly string[]): AddressConflict | undefined {
    const conflicts = ips
      .map((ip) => this.#news.get(ip))
      .filter((news) => news !== undefined && news !== "over");
    return conflicts.find(({ when }) => when === "first-use") ?? conflicts[0];
  }

  /** What a former owner said of a claim holds no more: if that host goes on, this node hears it too. */
  #isOver(service: Service): boolean {
    const said = conflictOf(service);
    if (said === undefined) {
      return false;
    }
    const news = this.#news.get(said.ip);
    const isFormer = said.when === "in-use" && this.#owned.has(service.key) && news === undefined;
    return news === "over" || isFormer;
  }

  /** An address that the controller has taken back is another matter when it is given again. */
  #forgetOthersThan(key: string, ips: readonly string[]): void {
    for (const ip of this.#ips.get(key) ?? []) {
      if (!ips.includes(ip) && this.#options.table.having(ip).size === 0) {
        this.#news.delete(ip);
      }
    }
    if (ips.length > 0) {
      this.#ips.set(key, ips);
    } else {
      this.#ips.delete(key);
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
