/** Which subnets the links of each node have, for rows that only a link with the right one may answer. */

import { tryParseIp } from "#lib/address/ip.ts";
import { contains, type IpRange } from "#lib/address/ip-range.ts";

/** What the addresses of a Service demand of a node. */
export interface Demand {
  /** Canonical text. */
  readonly ips: readonly string[];
  /**
   * The node needs a link whose subnet holds the address that decides the order of nodes. Were the others asked for too, two
   * Services that share that address, but not all of theirs, could have two owners.
   */
  readonly onSubnetOnly?: true;
}

export class NodeSubnets {
  readonly #byNode: ReadonlyMap<string, readonly IpRange[]>;

  /** @param byNode by name; who has not told is absent */
  constructor(byNode: Readonly<Record<string, readonly IpRange[]>> = {}) {
    this.#byNode = new Map(Object.entries(byNode));
  }

  /**
   * Whether the node has the links. Of a node that has not told its subnets yet it is presumed, as its being alive is: a
   * speaker that starts among living owners leaves them their addresses.
   */
  meets(node: string, { ips, onSubnetOnly }: Demand): boolean {
    const subnets = this.#byNode.get(node);
    return onSubnetOnly !== true || subnets === undefined || isIn(subnets, electingIp(ips));
  }
}

/** The address of a Service that decides the order of nodes: the first IPv4 one, or else the first. */
export function electingIp(ips: readonly string[]): string {
  return ips.find((ip) => !ip.includes(":")) ?? ips[0] ?? "";
}

/** @param text of the address; what is none is in no subnet */
export function isIn(subnets: readonly IpRange[], text: string): boolean {
  const ip = tryParseIp(text);
  return ip !== undefined && subnets.some((subnet) => contains(subnet, ip));
}
