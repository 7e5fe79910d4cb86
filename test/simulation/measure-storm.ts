import type { ProfileName } from "#lib/membership/profile.ts";
import { busiestSecond } from "./packet-rate.ts";
import { World } from "./world.ts";

/** What is measured of many nodes that come and die at once. */
export interface StormJob {
  readonly kind: "storm";
  readonly nodes: number;
  readonly profile: ProfileName;
}

/** One thing that befell the cluster. */
export interface Storm {
  readonly what: string;
  /** Milliseconds until every address was answered by one node that lives. */
  readonly rightAfterMs: number;
  /** Packets of the busiest node in its busiest second, in and out. */
  readonly mostPackets: number;
}

const GROUPS = 20;
const FAILBACK_MS = 30_000;
const JOIN_WITHIN_MS = 10_000;
const WATCHED_MS = 5_000;
const DYING = 0.3;

/** All join, and then three of ten die at once. */
export function measureStorm({ nodes, profile }: StormJob, seed: number): readonly Storm[] {
  const world = new World({
    seed,
    nodes,
    groups: GROUPS,
    profile,
    failbackMs: FAILBACK_MS,
    telling: undefined,
  });
  world.startAll(JOIN_WITHIN_MS);
  const joined = watch(world, "all join within ten seconds", JOIN_WITHIN_MS + WATCHED_MS);
  const dead = world.pickSome(world.names, Math.floor(nodes * DYING));
  for (const name of dead) {
    world.machine(name).powerOff();
  }
  return [joined, watch(world, "three of ten die at once", WATCHED_MS)];
}

function watch(world: World, what: string, ms: number): Storm {
  const since = world.now;
  let rightAt = Number.POSITIVE_INFINITY;
  const mostPackets = busiestSecond(world, ms, () => {
    const isRight = world.groups.every((group) => world.macOf(group) !== undefined);
    rightAt = isRight ? Math.min(rightAt, world.now) : Number.POSITIVE_INFINITY;
  });
  return { what, rightAfterMs: rightAt - since, mostPackets };
}
