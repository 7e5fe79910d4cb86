import type { IpRange } from "#lib/address/ip-range.ts";
import type { Labels, Selector } from "./selector.ts";

/** An IPAddressPool (metallb.io/v1beta1) that was checked and found good. */
export interface Pool {
  readonly name: string;
  readonly labels: Labels;
  /** In listed order, one range an entry, none overlapping another of this or any other pool. */
  readonly ranges: readonly IpRange[];
  readonly autoAssign: boolean;
  /** Never gives an IPv4 address that ends in .0 or .255. */
  readonly avoidBuggyIps: boolean;
  /** Absent when every Service may use the pool. */
  readonly serviceAllocation?: ServiceAllocation;
}

export interface ServiceAllocation {
  /** Smaller is tried first; 0 is tried last. */
  readonly priority: number;
  /** Names of namespaces, those that the namespaceSelectors match included; undefined when any will do. */
  readonly namespaces?: readonly string[];
  readonly serviceSelectors: readonly Selector[];
}
