/**
 * From what the cluster says to what the network thread is told: one row for each Service that somebody may announce.
 * A change of one Service costs one election, and one for each other that by it wins or loses an address which both show;
 * a change of configuration or of a node costs one for each Service.
 */

import { conflictOf } from "#lib/api/address-conflict.ts";
import { CONDITION } from "#lib/api/annotations.ts";
import type { L2Advertisement } from "#lib/api/l2-advertisement.ts";
import type { Node } from "#lib/api/node.ts";
import type { Interfaces, Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";
import { type Election, elect, interfacesOn } from "#lib/election/election.ts";
import { ShownAddresses } from "#lib/election/shown-addresses.ts";
import type { Log, LogFields } from "#lib/log/log.ts";
import { isSameRow } from "./network/is-same-row.ts";
import type { Row } from "./network/messages.ts";
import { sha256 } from "./sha256.ts";

/** The caches that the elections read. */
export interface Cluster {
  nodes(): readonly Node[];
  services(): Iterable<Service>;
  service(key: string): Service | undefined;
  servingNodes(service: string): readonly (string | undefined)[];
}

export interface Entry {
  readonly service: Service;
  readonly election: Election;
  /** Undefined when nobody may announce the Service. */
  readonly row: Row | undefined;
}

/** Told of what is new. */
export interface TableListener {
  /** The row is new or another than before; undefined: there is none any more. */
  rowChanged(service: string, row: Row | undefined): void;
  /** The entry, or the Service that it is about, says something else than before. */
  entryChanged(entry: Entry): void;
  gone(service: string): void;
}

export interface TableOptions {
  /** Name of this node. */
  readonly node: string;
  readonly ignoreExcludeLabel: boolean;
  /** For pools that do not say it themselves. */
  readonly interfaces: Interfaces;
  /** What is in force. */
  readonly configuration: {
    readonly pools: readonly Pool[];
    readonly advertisements: readonly L2Advertisement[];
  };
  readonly cluster: Cluster;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const NOBODY: ReadonlySet<string> = new Set();

/** As old as that an allocation is at most that nobody saw, and that counts as new. */
const JUST_ALLOCATED_MS = 30_000;

export class Table {
  readonly #options: TableOptions;
  readonly #listener: TableListener;
  readonly #entries = new Map<string, Entry>();
  /** Keys of the Services that have an address in their row. */
  readonly #byIp = new Map<string, Set<string>>();
  readonly #shown = new ShownAddresses();
  /** Services whose addresses nobody had yet. */
  readonly #new = new Set<string>();

  constructor(options: TableOptions, listener: TableListener) {
    this.#options = options;
    this.#listener = listener;
  }

  get(service: string): Entry | undefined {
    return this.#entries.get(service);
  }

  /** Keys of the Services. */
  services(): Iterable<string> {
    return this.#entries.keys();
  }

  /** Keys of the Services that somebody may announce. */
  *announced(): Iterable<string> {
    for (const [key, { row }] of this.#entries) {
      if (row !== undefined) {
        yield key;
      }
    }
  }

  /** Keys of the Services that somebody may announce with this address, which is in canonical text. */
  having(ip: string): ReadonlySet<string> {
    return this.#byIp.get(ip) ?? NOBODY;
  }

  /** Somebody owns the Service: its addresses are new no more. */
  hasOwner(service: string): void {
    this.#new.delete(service);
  }

  updateAll(): void {
    const { cluster } = this.#options;
    const nodes = cluster.nodes();
    for (const service of cluster.services()) {
      this.#shown.put(service);
    }
    this.#shown.settle();
    for (const { key } of cluster.services()) {
      this.#update(key, nodes);
    }
  }

  update(key: string): void {
    const { cluster } = this.#options;
    const nodes = cluster.nodes();
    const service = cluster.service(key);
    if (service === undefined) {
      this.#shown.remove(key);
    } else {
      this.#shown.put(service);
    }
    for (const changed of new Set([key, ...this.#shown.settle()])) {
      this.#update(changed, nodes);
    }
  }

  #update(key: string, nodes: readonly Node[]): void {
    const { cluster, configuration, ignoreExcludeLabel } = this.#options;
    const service = cluster.service(key);
    const old = this.#entries.get(key);
    if (service === undefined) {
      this.#forget(old);
      return;
    }
    const servingNodes = cluster.servingNodes(key);
    this.#noteAge(service, old?.service);
    const keepers = this.#shown.keepers(key);
    const { pools, advertisements } = configuration;
    const election = elect(
      { service, keepers, pools, advertisements, nodes, servingNodes, ignoreExcludeLabel },
      sha256,
    );
    const entry = { service, election, row: this.#rowOf(service, election, nodes) };
    this.#entries.set(key, entry);
    this.#index(key, old?.row, entry.row);
    const isRowSame = isSameRow(old?.row, entry.row);
    if (isRowSame && old?.service === service && messageOf(old) === messageOf(entry)) {
      return;
    }
    this.#logEligible(entry, old);
    if (!isRowSame) {
      this.#listener.rowChanged(key, entry.row);
    }
    this.#listener.entryChanged(entry);
  }

  #index(key: string, old: Row | undefined, row: Row | undefined): void {
    for (const ip of old?.ips ?? []) {
      const keys = this.#byIp.get(ip);
      keys?.delete(key);
      if (keys?.size === 0) {
        this.#byIp.delete(ip);
      }
    }
    for (const ip of row?.ips ?? []) {
      const keys = this.#byIp.get(ip) ?? new Set();
      this.#byIp.set(ip, keys.add(key));
    }
  }

  #forget(old: Entry | undefined): void {
    if (old !== undefined) {
      const { key } = old.service;
      this.#entries.delete(key);
      this.#new.delete(key);
      this.#index(key, old.row, undefined);
      if (old.row !== undefined) {
        this.#listener.rowChanged(key, undefined);
      }
      this.#listener.gone(key);
    }
  }

  #rowOf(service: Service, election: Election, nodes: readonly Node[]): Row | undefined {
    if (election.kind === "nobody") {
      return undefined;
    }
    const self = nodes.find(({ name }) => name === this.#options.node);
    const links = self === undefined ? undefined : interfacesOn(election.advertisements, self);
    const { interfaces = this.#options.interfaces } = election;
    return {
      service: service.key,
      ips: election.ips,
      order: election.order,
      ...(links !== undefined && { links }),
      ...(interfaces === "subnet" && { onSubnetOnly: true }),
      ...(this.#new.has(service.key) && { isNew: true }),
      ...contestedOf(service),
    };
  }

  /**
   * Notes whether the addresses of a Service are new: seen to come, or allocated just before this speaker came. They stay
   * so until somebody owns them, however long that takes.
   */
  #noteAge(service: Service, old: Service | undefined): void {
    if (old?.ingress.join() === service.ingress.join()) {
      return;
    }
    const isNew = old !== undefined || this.#isJustAllocated(service);
    if (isNew && service.ingress.length > 0) {
      this.#new.add(service.key);
    } else {
      this.#new.delete(service.key);
    }
  }

  /** By its condition. The clock of the controller may be ahead. */
  #isJustAllocated({ conditions }: Service): boolean {
    const allocated = conditions.find(({ type }) => type === CONDITION.addressAllocated);
    const ageMs = this.#options.now() - Date.parse(allocated?.lastTransitionTime ?? "");
    return allocated?.status === "True" && Math.abs(ageMs) < JUST_ALLOCATED_MS;
  }

  /** Told by the nodes that it concerns, the first in order before or now: all the others would say the same. */
  #logEligible({ service, election }: Entry, old: Entry | undefined): void {
    const before = orderOf(old?.election);
    const order = orderOf(election);
    if (order.join() === before.join()) {
      return;
    }
    const { log, node } = this.#options;
    const level = order[0] === node || before[0] === node ? "info" : "debug";
    log[level]("eligible nodes changed", {
      service: service.key,
      ip: service.ingress.join(" "),
      eligible: order.slice(0, NAMED_NODES),
      ...(order.length > NAMED_NODES && { moreEligible: order.length - NAMED_NODES }),
      ...someNotEligible(election.notEligible),
    });
  }
}

/** How many nodes a log line names at most. */
const NAMED_NODES = 8;

/** The fields of a log line that name the first few nodes that are not eligible, with the reasons. */
export function someNotEligible(notEligible: ReadonlyMap<string, string>): LogFields {
  const not = Object.fromEntries([...notEligible].slice(0, NAMED_NODES));
  const more = notEligible.size - NAMED_NODES;
  return more > 0 ? { not, moreNot: more } : { not };
}

/** Which of its addresses another host had first. */
function contestedOf(service: Service): Pick<Row, "contested"> {
  const conflict = conflictOf(service);
  return conflict?.when === "first-use" ? { contested: [conflict.ip] } : {};
}

function orderOf(election: Election | undefined): readonly string[] {
  return election?.kind === "eligible" ? election.order : [];
}

function messageOf(entry: Entry | undefined): string | undefined {
  const election = entry?.election;
  return election?.kind === "nobody" ? election.message : election?.heldByAnother;
}
