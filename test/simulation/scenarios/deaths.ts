/** P1: nodes die, and come back. */

import {
  expectSights,
  measureFailover,
  ownedBy,
  ownedByOthers,
  settle,
  someOwner,
} from "#test/simulation/expectations.ts";
import { roundsMs, type World } from "#test/simulation/world.ts";
import type { Scenario } from "./scenario.ts";

const WORST_FAILOVER_MS = 1_000;
const WORST_OF_MANY_MS = 2_000;

export const DEATHS: readonly Scenario[] = [
  {
    name: "one node loses power",
    leastNodes: 2,
    lastsMs: 4_000,
    play: (world, lastsMs) => {
      world.runFor(world.between(0, 200));
      const victim = someOwner(world);
      const others = ownedByOthers(world, [victim.name]);
      killNodes(world, [victim.name], WORST_FAILOVER_MS);
      settle(world, lastsMs / 2);
      victim.powerOn();
      settle(world, lastsMs / 2);
      expectSights(world, { promise: "P3", changes: 1 });
      expectSights(world, { promise: "P1", changes: 0, silenceMs: 0, twoMs: 0, groups: others });
    },
  },
  {
    name: "one node loses power while packets are lost",
    leastNodes: 3,
    lastsMs: 4_000,
    play: (world, lastsMs) => {
      world.medium.loss = world.between(0.01, 0.05);
      world.runFor(world.between(0, 500));
      killNodes(world, [someOwner(world).name], WORST_FAILOVER_MS);
      settle(world, lastsMs);
      expectSights(world, { promise: "P8", changes: 1 });
    },
  },
  {
    name: "several nodes lose power at once",
    leastNodes: 3,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      const count = 1 + Math.floor(world.random() * (world.names.length - 1));
      const victims = world.pickSome(world.names, count);
      killNodes(world, victims, WORST_OF_MANY_MS + roundsMs(world.names.length));
      settle(world, lastsMs / 2);
      for (const name of victims) {
        world.machine(name).powerOn();
      }
      settle(world, lastsMs / 2);
    },
  },
  {
    name: "one node after the other loses power",
    leastNodes: 3,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      for (const name of world.pickSome(world.names, world.names.length - 1)) {
        world.machine(name).powerOff();
        world.runFor(world.between(50, 700));
      }
      settle(world, lastsMs / 2);
    },
  },
  {
    name: "a node loses power while its speaker is down",
    leastNodes: 2,
    lastsMs: 4_000,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      victim.kill();
      world.runFor(world.between(100, 2_000));
      killNodes(world, [victim.name], WORST_FAILOVER_MS);
      settle(world, lastsMs / 2);
    },
  },
  {
    name: "the node dies that lends its voice",
    leastNodes: 3,
    lastsMs: 4_000,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      const groups = ownedBy(world, [victim.name]);
      victim.kill();
      world.runFor(world.between(600, 1_000));
      const [group = ""] = groups;
      const voice = world.working.find((name) => world.machine(name).roleOf(group) !== undefined);
      world.observer.measure(world.now);
      world.machine(voice ?? world.pick(world.working)).powerOff();
      settle(world, lastsMs);
      expectSights(world, { promise: "P2", changes: 0, silenceMs: 1_000, groups });
    },
  },
  {
    name: "a cable is pulled and plugged in again",
    leastNodes: 2,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      world.observer.measure(world.now);
      measureFailover(world, [victim.name], WORST_FAILOVER_MS);
      world.medium.unplug(victim.name);
      const others = ownedByOthers(world, [victim.name]);
      settle(world, world.between(1_200, lastsMs / 2));
      world.medium.setSide(victim.name, 0);
      settle(world, lastsMs / 2);
      expectSights(world, { promise: "P5", twoMs: world.scaled(1_000) });
      // of two nodes neither can know which of them was cut off
      if (world.names.length > 2) {
        expectSights(world, { promise: "P5", changes: 2 });
        expectSights(world, { promise: "P5", changes: 0, silenceMs: 0, twoMs: 0, groups: others });
      }
    },
  },
];

function killNodes(world: World, names: readonly string[], worstMs: number): void {
  world.observer.measure(world.now);
  measureFailover(world, names, worstMs);
  for (const name of names) {
    world.machine(name).powerOff();
  }
}
