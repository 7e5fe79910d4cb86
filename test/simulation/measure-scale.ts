import type { ProfileName } from "#lib/membership/profile.ts";
import { measurePackets } from "./packet-rate.ts";
import { World } from "./world.ts";

/** What is measured of clusters of one size. */
export interface ScaleJob {
  readonly kind: "scale";
  readonly nodes: number;
  /** 0 … 1. */
  readonly loss: number;
  readonly profile: ProfileName;
  /** So many nodes die, one after the other. */
  readonly deaths: number;
}

export interface Scaled {
  /** Milliseconds until an address was answered again whose owner had died. */
  readonly failovers: readonly number[];
  /** Addresses that changed their owner although it lived. */
  readonly falseMoves: number;
  /** Packets a second at rest, in and out, of the average node and of the busiest. */
  readonly packets: number;
  readonly mostPackets: number;
}

const GROUPS = 20;
const FAILBACK_MS = 30_000;
const REST_MS = 5_000;
const MEASURED_MS = 10_000;
const BETWEEN_DEATHS_MS = 2_000;

/** Nodes come one every so often at the fastest: a thousand in ten seconds. */
const START_EVERY_MS = 10;
const START_WITHIN_MS = 400;

/** Plays a cluster at rest, in which packets are lost, and then nodes die. */
export function measureScale({ deaths, loss, nodes, profile }: ScaleJob, seed: number): Scaled {
  const world = new World({
    seed,
    nodes,
    groups: GROUPS,
    profile,
    failbackMs: FAILBACK_MS,
    telling: undefined,
  });
  world.startAll(Math.max(START_WITHIN_MS, nodes * START_EVERY_MS));
  world.runFor(Math.max(START_WITHIN_MS, nodes * START_EVERY_MS) + REST_MS);
  world.medium.loss = loss;
  world.observer.measure(world.now);
  const packets = measurePackets(world, MEASURED_MS, () => world.runFor(MEASURED_MS));
  const falseMoves = world.groups.reduce(
    (sum, group) => sum + world.observer.sightOf(group).changes,
    0,
  );
  const failovers: number[] = [];
  for (let death = 0; death < deaths; death++) {
    failovers.push(...failoversOfOne(world));
  }
  return { failovers, falseMoves, packets: packets.mean, mostPackets: packets.most };
}

/** An owner loses power. */
function failoversOfOne(world: World): readonly number[] {
  const failovers: number[] = [];
  world.runFor(world.between(0, 200));
  const victim = world.macOf(world.pick(world.groups)) ?? world.pick(world.working);
  const since = world.now;
  const waiting = new Set(world.groups.filter((group) => world.macOf(group) === victim));
  world.observer.onMac = (group, mac, at) => {
    if (mac !== victim && waiting.delete(group)) {
      failovers.push(at - since);
    }
  };
  world.machine(victim).powerOff();
  world.runFor(BETWEEN_DEATHS_MS);
  return [...failovers, ...[...waiting].map(() => BETWEEN_DEATHS_MS)];
}
