import type { Family } from "#lib/address/ip.ts";

/** How much of one pool is taken. */
export interface PoolUsage {
  readonly pool: string;
  /** Addresses that can be given at all; at most 2^63 - 1, as MetalLB counts. */
  readonly capacity: Readonly<Record<Family, bigint>>;
  /** Addresses that some Service holds or is leaving, a shared one counted once. */
  readonly inUse: Readonly<Record<Family, bigint>>;
  /** Addresses that are given to nobody by choice for a while, since another host was found to use them. */
  readonly setAside: number;
  /** Services that hold an address of it. */
  readonly services: number;
}
