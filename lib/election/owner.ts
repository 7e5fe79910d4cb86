/** Which node answers for the addresses of a Service: the first in its order that is alive. */

import type { MemberChange } from "#lib/membership/membership.ts";

/** The eligible nodes of one Service. */
export interface Candidates {
  /** `namespace/name`. */
  readonly service: string;
  /** Names of nodes, the preferred first. */
  readonly order: Iterable<string>;
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
 * @param members what has just changed among the members, for the sentence
 */
export function ownerChanges(
  candidates: Iterable<Candidates>,
  owners: ReadonlyMap<string, string>,
  alive: ReadonlySet<string>,
  members: readonly MemberChange[],
): readonly OwnerChange[] {
  const changes: OwnerChange[] = [];
  for (const { service, order } of candidates) {
    const from = owners.get(service);
    const to = Iterator.from(order).find((node) => alive.has(node));
    if (from !== to) {
      changes.push({ service, from, to, ...causeOf(from, to, order, members) });
    }
  }
  return changes;
}

function causeOf(
  from: string | undefined,
  to: string | undefined,
  order: Iterable<string>,
  members: readonly MemberChange[],
): { because: string; afterMs?: number } {
  const member =
    members.find(({ name, kind }) => name === from && kind !== "joined") ??
    members.find(({ name, kind }) => name === to && kind === "joined");
  if (member === undefined) {
    return { because: causeInOrder(from, to, order) };
  }
  const { because, silentMs } = member;
  return silentMs === undefined ? { because } : { because, afterMs: Math.round(silentMs) };
}

/** The members are as before, so the order is not. */
function causeInOrder(
  from: string | undefined,
  to: string | undefined,
  order: Iterable<string>,
): string {
  const eligible = new Set(order);
  if (eligible.size === 0) {
    return "no node is eligible";
  }
  if (to === undefined) {
    return "no eligible node is alive";
  }
  if (from === undefined) {
    return `${to} is the first eligible node that is alive`;
  }
  return eligible.has(from) ? `${to} now comes before ${from}` : `${from} is no longer eligible`;
}
