/** Which node could answer for the addresses of a Service, and what is told when another does. */

import type { Demand, NodeSubnets } from "./node-subnets.ts";

/** The eligible nodes of one Service. */
export interface EligibleNodes extends Demand {
  /** Names of nodes, the preferred first. */
  readonly order: Iterable<string>;
}

/** The nodes as one speaker knows them. */
export interface Nodes {
  /** Names. */
  readonly alive: ReadonlySet<string>;
  readonly subnets: NodeSubnets;
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

/** The first in the order that is alive and has the links that are demanded; undefined: there is none. */
export function firstAble(eligible: EligibleNodes, { alive, subnets }: Nodes): string | undefined {
  return Iterator.from(eligible.order).find(
    (node) => alive.has(node) && subnets.meets(node, eligible),
  );
}
