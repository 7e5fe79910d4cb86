/** Why nobody answers for the addresses of a Service, in the words that condition, event and log line share. */

import { EXCLUDE_NODE_LABEL } from "#lib/api/annotations.ts";
import type { Service } from "#lib/api/service.ts";
import type { Keeper } from "./shown-addresses.ts";

export type NotAnnounced =
  | "NoAddress"
  | "NotInAnyPool"
  | "AddressHeldByAnother"
  | "NoAdvertisement"
  | "SharedIpWithServiceSelector"
  | "NoEligibleNode"
  | "NoEndpoint"
  | "NoLocalEndpoint";

/** What keeps one node from answering for a Service, wherever its endpoints are. */
export type NodeFault = "not-covered" | "network" | "excluded";

interface Words {
  /** Behind the name of a node in logs, and in the list of all reasons. */
  readonly short: string;
  /** Behind `n1 has one and`. */
  readonly one: string;
  /** Behind `No node may announce 192.0.2.10:`, when it holds for every node; with the mend. */
  readonly all: string;
}

const WORDS: Readonly<Record<NodeFault, Words>> = {
  "not-covered": {
    short: "no L2Advertisement covers it",
    one: "is covered by no L2Advertisement",
    all: "the nodeSelectors of its L2Advertisements match none: change them, or label a node",
  },
  network: {
    short: "network unavailable",
    one: "has the condition NetworkUnavailable",
    all: "all have the condition NetworkUnavailable: mend the network plugin, which sets it",
  },
  excluded: {
    short: "excluded by label",
    one: "is excluded by its label",
    all: `all carry the label ${EXCLUDE_NODE_LABEL}: remove it, or run the speaker with --ignore-exclude-lb`,
  },
};

/**
 * Names of nodes, and a few words why each is not eligible.
 *
 * @param idle names of nodes without fault that lack a serving endpoint
 */
export function notEligible(
  faults: ReadonlyMap<string, NodeFault>,
  idle: readonly string[],
): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  for (const [name, fault] of faults) {
    reasons.set(name, WORDS[fault].short);
  }
  for (const name of idle) {
    reasons.set(name, "no serving endpoint");
  }
  return reasons;
}

/**
 * Which of the two the controller moves depends on how they came to this, so that the sentence leaves it open.
 *
 * @param keepers by address, one at least
 */
export function heldByAnother(service: Service, keepers: ReadonlyMap<string, Keeper>): string {
  const facts = [...keepers].map(([ip, keeper]) => {
    const isOlder = keeper.creationTimestamp < service.creationTimestamp;
    return `${ip} is also ${keeper.key}'s, which ${isOlder ? "is older" : "comes first by name"} and does not share it`;
  });
  return `${facts.join("; ")}: ${service.key} is not announced there until the controller gives one of them another`;
}

export function noEligibleNode(ips: string, faults: ReadonlySet<NodeFault>): string {
  const fact = `No node may announce ${ips}`;
  const [first, ...others] = faults;
  if (first === undefined) {
    return `${fact}: the cluster has no Node yet`;
  }
  if (others.length === 0) {
    return `${fact}: ${WORDS[first].all}`;
  }
  const all = [first, ...others].map((fault) => WORDS[fault].short).sort();
  return `${fact}: each is kept from it by one of these: ${all.join("; ")}`;
}

/** How many nodes a sentence names at most. */
const NAMED_NODES = 3;

/** @param hosts names of the nodes with a serving endpoint, none of them eligible */
export function noLocalEndpoint(
  hosts: readonly string[],
  faults: ReadonlyMap<string, NodeFault>,
): string {
  const fact = "externalTrafficPolicy is Local, and no";
  if (hosts.length === 0) {
    return `${fact} serving endpoint says on which node it is`;
  }
  const named = [...hosts]
    .sort()
    .slice(0, NAMED_NODES)
    .map((name) => {
      const fault = faults.get(name);
      return `${name} has one and ${fault === undefined ? "is not known as a Node" : WORDS[fault].one}`;
    });
  const more = hosts.length - named.length;
  return `${fact} node with a serving endpoint may announce: ${named.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}
