/** Which node answers for the addresses of a Service: the first in its order that is alive and has the links. */

import type { MemberChange } from "#lib/membership/membership.ts";
import { type Demand, electingIp, type NodeSubnets } from "./node-subnets.ts";

/** The eligible nodes of one Service. */
export interface Candidates extends Demand {
  /** `namespace/name`. */
  readonly service: string;
  /** Names of nodes, the preferred first. */
  readonly order: Iterable<string>;
}

/** The nodes as one speaker knows them. */
export interface Nodes {
  /** Names. */
  readonly alive: ReadonlySet<string>;
  readonly subnets: NodeSubnets;
  /** What has just changed among the members, for the sentence. */
  readonly changes: readonly MemberChange[];
}

export interface OwnerChange {
  readonly service: string;
  /** undefined: nobody. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** A sentence. */
  readonly because: string;
  /** Milliseconds since the last heartbeat of the old owner, when it died. */
  readonly afterMs?: number;
}

/**
 * Says which of these Services change owner. Without memory, as MetalLB's election is: nodes that hold the same
 * tables and the same members alive name the same owner.
 *
 * @param owners the owners until now, by Service; who has none is absent
 */
export function ownerChanges(
  candidates: Iterable<Candidates>,
  owners: ReadonlyMap<string, string>,
  nodes: Nodes,
): readonly OwnerChange[] {
  const changes: OwnerChange[] = [];
  for (const each of candidates) {
    const { service } = each;
    const from = owners.get(service);
    const to = firstAble(each, nodes);
    if (from !== to) {
      changes.push({ service, from, to, ...causeOf(from, to, each, nodes) });
    }
  }
  return changes;
}

/** The first in the order that is alive and has the links that are demanded; undefined: there is none. */
export function firstAble(
  candidates: Omit<Candidates, "service">,
  { alive, subnets }: Omit<Nodes, "changes">,
): string | undefined {
  return Iterator.from(candidates.order).find(
    (node) => alive.has(node) && subnets.meets(node, candidates),
  );
}

function causeOf(
  from: string | undefined,
  to: string | undefined,
  candidates: Candidates,
  nodes: Nodes,
): { because: string; afterMs?: number } {
  const member =
    nodes.changes.find(({ name, kind }) => name === from && kind !== "joined") ??
    nodes.changes.find(({ name, kind }) => name === to && kind === "joined");
  if (member === undefined) {
    return { because: causeWithout(from, to, candidates, nodes) };
  }
  const { because, silentMs } = member;
  return silentMs === undefined ? { because } : { because, afterMs: Math.round(silentMs) };
}

/** The members are as before, so the order is not, or the links are not. */
function causeWithout(
  from: string | undefined,
  to: string | undefined,
  candidates: Candidates,
  { alive, subnets }: Nodes,
): string {
  const { ips, onSubnetOnly, order } = candidates;
  const eligible = new Set(order);
  const link = `link whose subnet holds ${electingIp(ips)}`;
  if (eligible.size === 0) {
    return "no node is eligible";
  }
  if (to === undefined) {
    return onSubnetOnly === undefined || eligible.isDisjointFrom(alive)
      ? "no eligible node is alive"
      : `no living node has a ${link}`;
  }
  if (from === undefined) {
    const fact = `${to} is the first eligible node that is alive`;
    return onSubnetOnly === undefined ? fact : `${fact} and has a ${link}`;
  }
  if (!eligible.has(from)) {
    return `${from} is no longer eligible`;
  }
  return subnets.meets(from, candidates)
    ? `${to} now comes before ${from}`
    : `${from} has no ${link}`;
}
