/** What those who run the cluster choose of how addresses move between its nodes. */

import type { ProfileName } from "#lib/membership/profile.ts";

/** Who is preferred: by MetalLB's order alone, or so that no node has many more groups of addresses than another. */
export const PLACEMENTS = ["metallb", "balanced"] as const;
export type Placement = (typeof PLACEMENTS)[number];

export interface MoveOptions {
  /** How long a node that is preferred to the owner is to be well until it gets its addresses back; Infinity: never does. */
  readonly failbackMs: number;
  readonly placement: Placement;
  /** How soon a silent node is given up. */
  readonly profile: ProfileName;
  /** Whether another node answers with the MAC address of one whose speaker is down and whose kernel is not. */
  readonly surrogate: boolean;
}
