/**
 * From what the cluster says to what the network thread is told: one row for each Service that somebody may announce.
 * A change of one Service costs one election, and one for each other that by it wins or loses an address which both show;
 * a change of configuration or of a node costs one for each Service.
 */

import type { L2Advertisement } from "#lib/api/l2-advertisement.ts";
import type { Node } from "#lib/api/node.ts";
import type { Pool } from "#lib/api/pool.ts";
import type { Service } from "#lib/api/service.ts";
import { type Election, elect, interfacesOn } from "#lib/election/election.ts";
import { ShownAddresses } from "#lib/election/shown-addresses.ts";
import type { Log, LogFields } from "#lib/log/log.ts";
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
  /** What is in force. */
  readonly configuration: {
    readonly pools: readonly Pool[];
    readonly advertisements: readonly L2Advertisement[];
  };
  readonly cluster: Cluster;
  readonly log: Log;
}

export class Table {
  readonly #options: TableOptions;
  readonly #listener: TableListener;
  readonly #entries = new Map<string, Entry>();
  readonly #shown = new ShownAddresses();

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
    const { cluster, configuration, ignoreExcludeLabel, node } = this.#options;
    const service = cluster.service(key);
    const old = this.#entries.get(key);
    if (service === undefined) {
      this.#forget(old);
      return;
    }
    const servingNodes = cluster.servingNodes(key);
    const keepers = this.#shown.keepers(key);
    const { pools, advertisements } = configuration;
    const election = elect(
      { service, keepers, pools, advertisements, nodes, servingNodes, ignoreExcludeLabel },
      sha256,
    );
    const entry = { service, election, row: rowOf(service, election, nodes, node) };
    this.#entries.set(key, entry);
    const isRowSame = JSON.stringify(old?.row) === JSON.stringify(entry.row);
    if (isRowSame && old?.service === service && messageOf(old) === messageOf(entry)) {
      return;
    }
    this.#logEligible(entry, old);
    if (!isRowSame) {
      this.#listener.rowChanged(key, entry.row);
    }
    this.#listener.entryChanged(entry);
  }

  #forget(old: Entry | undefined): void {
    if (old !== undefined) {
      const { key } = old.service;
      this.#entries.delete(key);
      if (old.row !== undefined) {
        this.#listener.rowChanged(key, undefined);
      }
      this.#listener.gone(key);
    }
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

function rowOf(
  service: Service,
  election: Election,
  nodes: readonly Node[],
  name: string,
): Row | undefined {
  if (election.kind === "nobody") {
    return undefined;
  }
  const node = nodes.find((candidate) => candidate.name === name);
  const links = node === undefined ? undefined : interfacesOn(election.advertisements, node);
  return {
    service: service.key,
    // The network thread answers ARP alone.
    ips: election.ips.filter((ip) => !ip.includes(":")),
    order: election.order,
    ...(links !== undefined && { links }),
  };
}

function orderOf(election: Election | undefined): readonly string[] {
  return election?.kind === "eligible" ? election.order : [];
}

function messageOf(entry: Entry | undefined): string | undefined {
  const election = entry?.election;
  return election?.kind === "nobody" ? election.message : election?.heldByAnother;
}
