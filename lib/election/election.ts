/**
 * Who may answer for the addresses of a Service, and in which order: MetalLB's layer 2 election, taken apart. Its
 * order does not depend on who is alive, so that is left to the network thread: the owner is the first in order
 * that lives and has the links, and a death needs no election.
 */

import { ANNOTATION, EXCLUDE_NODE_LABEL } from "#lib/api/annotations.ts";
import { advertisementsOf, covers } from "#lib/api/covering.ts";
import type { L2Advertisement } from "#lib/api/l2-advertisement.ts";
import type { Node } from "#lib/api/node.ts";
import type { Pool } from "#lib/api/pool.ts";
import { readAnnotation } from "#lib/api/read-annotation.ts";
import type { Service } from "#lib/api/service.ts";
import { electingIp } from "./node-subnets.ts";
import {
  heldByAnother,
  type NodeFault,
  type NotAnnounced,
  noEligibleNode,
  noLocalEndpoint,
  notEligible,
} from "./not-announced.ts";
import { preferenceOrder, type Sha256 } from "./order.ts";
import { type Place, placeOf } from "./place.ts";
import type { Keeper } from "./shown-addresses.ts";

export interface ElectionInput {
  readonly service: Service;
  /** The addresses of the Service that it leaves to another, in canonical text, and to whom. */
  readonly keepers: ReadonlyMap<string, Keeper>;
  readonly pools: readonly Pool[];
  readonly advertisements: readonly L2Advertisement[];
  /** Every node of the cluster. */
  readonly nodes: readonly Node[];
  /** The node of each serving endpoint of the Service; undefined for an endpoint that names none. */
  readonly servingNodes: readonly (string | undefined)[];
  /** MetalLB's flag --ignore-exclude-lb. */
  readonly ignoreExcludeLabel: boolean;
}

export type Election = Eligible | Nobody;

export interface Eligible {
  readonly kind: "eligible";
  /** Of the Service, in canonical text and in the order of its status, without those of others; one at least. */
  readonly ips: readonly string[];
  /** A sentence on the addresses that the Service leaves to others; undefined when there are none. */
  readonly heldByAnother: string | undefined;
  /** Names of nodes, the preferred first, one at least. */
  readonly order: readonly string[];
  /** Those that cover the pool and select the Service; see `interfacesOn`. */
  readonly advertisements: readonly L2Advertisement[];
  /** Of the addresses' pool. */
  readonly interfaces: Pool["interfaces"];
  /** Names of the other nodes, and a few words why. */
  readonly notEligible: ReadonlyMap<string, string>;
}

export interface Nobody {
  readonly kind: "nobody";
  readonly reason: NotAnnounced;
  /** A sentence. */
  readonly message: string;
  /** Names of nodes, and a few words why; empty when the reason does not lie in the nodes. */
  readonly notEligible: ReadonlyMap<string, string>;
}

/** Says which nodes may answer for a Service; gives the same on every node that knows the same objects. */
export function elect(input: ElectionInput, sha256: Sha256): Election {
  const { service, pools } = input;
  const place = placeOf(service, pools);
  if (place.kind === "no-place") {
    return nobody(place.reason, place.message);
  }
  const own = ownOf(place, input.keepers);
  if (own === undefined) {
    return nobody("AddressHeldByAnother", heldByAnother(service, input.keepers));
  }
  const covering = advertisementsOf(place.pool, input.advertisements);
  const selecting = covering.filter(({ serviceSelectors }) =>
    covers(serviceSelectors, service.labels),
  );
  return (
    refuseWithoutAdvertisement(service, place.pool, covering, selecting) ??
    refuseSharedIp(service, selecting) ??
    electAmong(input, own, selecting, place.pool, sha256)
  );
}

/**
 * The interfaces on which a node answers for a Service.
 *
 * @param advertisements of the Service's election
 * @returns names in order, or undefined: every interface
 */
export function interfacesOn(
  advertisements: readonly L2Advertisement[],
  node: Node,
): readonly string[] | undefined {
  const names = new Set<string>();
  for (const { nodeSelectors, interfaces } of advertisements) {
    if (!covers(nodeSelectors, node.labels)) {
      continue;
    }
    if (interfaces.length === 0) {
      return undefined;
    }
    for (const name of interfaces) {
      names.add(name);
    }
  }
  return [...names].sort();
}

/** The addresses that a Service leaves to nobody. */
interface Own {
  /** Canonical text, one at least. */
  readonly ips: readonly string[];
  /**
   * The address that decides the order: the first IPv4 one, or else the first. MetalLB takes the first of all, and then two nodes answer for an
   * address that a dual-stack Service, listing its IPv6 address first, shares with one of IPv4 alone.
   */
  readonly electedBy: string;
}

/** Undefined when it leaves them all. */
function ownOf({ ips }: Place, keepers: ReadonlyMap<string, Keeper>): Own | undefined {
  const own = ips.filter((ip) => !keepers.has(ip));
  return own.length === 0 ? undefined : { ips: own, electedBy: electingIp(own) };
}

function refuseWithoutAdvertisement(
  service: Service,
  pool: Pool,
  covering: readonly L2Advertisement[],
  selecting: readonly L2Advertisement[],
): Nobody | undefined {
  if (covering.length === 0) {
    return nobody(
      "NoAdvertisement",
      `No L2Advertisement covers pool "${pool.name}": create one, or name the pool in an existing one`,
    );
  }
  if (selecting.length === 0) {
    return nobody(
      "NoAdvertisement",
      `No L2Advertisement of pool "${pool.name}" selects ${service.key}: change its serviceSelectors, or the labels of the Service`,
    );
  }
  return undefined;
}

/** Services that share an address must elect one node for it; selectors could tell them apart. */
function refuseSharedIp(
  service: Service,
  selecting: readonly L2Advertisement[],
): Nobody | undefined {
  // MetalLB asks only whether the annotation is there: an empty value counts, too.
  const sharing = readAnnotation(service.annotations, ANNOTATION.allowSharedIp);
  const bySelector = selecting.find(({ serviceSelectors }) => serviceSelectors.length > 0);
  return sharing !== undefined && bySelector !== undefined
    ? nobody(
        "SharedIpWithServiceSelector",
        `${service.key} may share its address, and L2Advertisement "${bySelector.name}" has serviceSelectors: drop either the annotation ${sharing.key} or the serviceSelectors`,
      )
    : undefined;
}

function electAmong(
  input: ElectionInput,
  { ips, electedBy }: Own,
  advertisements: readonly L2Advertisement[],
  { interfaces }: Pool,
  sha256: Sha256,
): Election {
  const { keepers, service } = input;
  const serving = new Set(input.servingNodes);
  const mustServe = service.externalTrafficPolicy === "Local" || serving.size === 0;
  const eligible: Node[] = [];
  const faults = new Map<string, NodeFault>();
  const idle: string[] = [];
  for (const node of input.nodes) {
    const fault = faultOf(node, input, advertisements);
    if (fault !== undefined) {
      faults.set(node.name, fault);
    } else if (mustServe && !serving.has(node.name)) {
      idle.push(node.name);
    } else {
      eligible.push(node);
    }
  }
  const others = notEligible(faults, idle);
  if (eligible.length > 0) {
    const order = preferenceOrder(eligible, advertisements, electedBy, sha256);
    const left = keepers.size === 0 ? undefined : heldByAnother(service, keepers);
    return {
      kind: "eligible",
      ips,
      heldByAnother: left,
      order,
      advertisements,
      interfaces,
      notEligible: others,
    };
  }
  if (idle.length === 0) {
    const kinds = new Set(faults.values());
    return nobody("NoEligibleNode", noEligibleNode(ips.join(" and "), kinds), others);
  }
  if (serving.size === 0) {
    return nobody("NoEndpoint", `${service.key} has no serving endpoint`, others);
  }
  const hosts = [...serving].filter((name) => name !== undefined);
  return nobody("NoLocalEndpoint", noLocalEndpoint(hosts, faults), others);
}

/** A cordoned, tainted or NotReady node is no worse than another, as with MetalLB. */
function faultOf(
  node: Node,
  { ignoreExcludeLabel }: ElectionInput,
  advertisements: readonly L2Advertisement[],
): NodeFault | undefined {
  if (!advertisements.some(({ nodeSelectors }) => covers(nodeSelectors, node.labels))) {
    return "not-covered";
  }
  if (node.networkUnavailable) {
    return "network";
  }
  return !ignoreExcludeLabel && EXCLUDE_NODE_LABEL in node.labels ? "excluded" : undefined;
}

function nobody(
  reason: NotAnnounced,
  message: string,
  others: ReadonlyMap<string, string> = new Map(),
): Nobody {
  return { kind: "nobody", reason, message, notEligible: others };
}
