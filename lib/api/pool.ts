import type { IpRange } from "#lib/address/ip-range.ts";
import type { Labels, Selector } from "./selector.ts";

/** An IPAddressPool (metallb.io/v1beta1) that was checked and found good. */
export interface Pool {
  readonly name: string;
  readonly labels: Labels;
  /** In listed order, without what is excluded, none overlapping another of this or any other pool. */
  readonly ranges: readonly IpRange[];
  readonly autoAssign: boolean;
  /** Never gives an IPv4 address that ends in .0 or .255. */
  readonly avoidBuggyIps: boolean;
  /** What `herald-lb.io/exclude` takes out of the ranges as they are listed. */
  readonly excluded: readonly IpRange[];
  /** Entries of the same that take out nothing; absent when there are none. */
  readonly idleExclusions?: readonly IpRange[];
  /** `herald-lb.io/max-per-namespace`: addresses that the Services of one namespace may hold, at least 1. */
  readonly maxPerNamespace?: number;
  /** `herald-lb.io/hold-released`, milliseconds; 0: a released address is as good as any other. */
  readonly holdReleasedMs: number;
  /** `herald-lb.io/interfaces`; absent: what the speakers' flag of that name says. */
  readonly interfaces?: Interfaces;
  /** Annotations under herald-lb.io that say nothing here, by name: slips most likely; absent when there are none. */
  readonly unknownAnnotations?: readonly string[];
  /** Absent when every Service may use the pool. */
  readonly serviceAllocation?: ServiceAllocation;
}

/** On which links of a node an address is answered: on all, or only on those with a subnet that holds it. */
export const INTERFACES = ["all", "subnet"] as const;
export type Interfaces = (typeof INTERFACES)[number];

export interface ServiceAllocation {
  /** Smaller is tried first; 0 is tried last. */
  readonly priority: number;
  /** Names of namespaces, those that the namespaceSelectors match included; undefined when any will do. */
  readonly namespaces?: readonly string[];
  readonly serviceSelectors: readonly Selector[];
}
