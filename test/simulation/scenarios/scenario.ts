/** What befalls a cluster that has come to rest, and what its clients may notice of it. */

import type { World } from "#test/simulation/world.ts";

export interface Scenario {
  readonly name: string;
  readonly leastNodes: number;
  /** Runs for about that long after the warm-up, in virtual milliseconds. */
  readonly lastsMs: number;
  /** Addresses are never given back to the node that is first for them. */
  readonly isWithoutFailback?: boolean;
  play(world: World, lastsMs: number): void;
}
