/** Annotations, labels and condition types: the names by which users and Herald speak to each other. */

export const ANNOTATION = {
  loadBalancerIps: "metallb.io/loadBalancerIPs",
  addressPool: "metallb.io/address-pool",
  allowSharedIp: "metallb.io/allow-shared-ip",
  allocatedFromPool: "metallb.io/ip-allocated-from-pool",
} as const;

/** What MetalLB's API lacks has a name under this prefix. */
export const OWN_PREFIX = "herald-lb.io/";

/** On an IPAddressPool. */
export const POOL_ANNOTATION = {
  exclude: "herald-lb.io/exclude",
  maxPerNamespace: "herald-lb.io/max-per-namespace",
  holdReleased: "herald-lb.io/hold-released",
  interfaces: "herald-lb.io/interfaces",
} as const;

/** On a Node, as annotation or label: with any value but "false" it gives all its addresses away. */
export const MAINTENANCE = "herald-lb.io/maintenance";

export const LEGACY_PREFIX = "metallb.universe.tf/";

export const CONDITION = {
  addressAllocated: "herald-lb.io/AddressAllocated",
  announced: "herald-lb.io/Announced",
  addressConflict: "herald-lb.io/AddressConflict",
} as const;

export const EXCLUDE_NODE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers";
