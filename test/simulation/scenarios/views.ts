/** P6: machines know different things of the cluster, for their views of the API are of different times. */

import { expectSights, measureFailover, settle, someOwner } from "#test/simulation/expectations.ts";
import type { World } from "#test/simulation/world.ts";
import type { Scenario } from "./scenario.ts";

/** Who comes next waits for those before it, which does not depend on the profile. */
const WORST_FAILOVER_MS = 1_200;

export const VIEWS: readonly Scenario[] = [
  {
    name: "one node knows other orders, and an owner dies",
    leastNodes: 3,
    lastsMs: 5_000,
    play: (world, lastsMs) => {
      const stale = world.machine(world.pick(world.working));
      for (const [group, order] of world.orders) {
        stale.put({ group, order: order.toReversed(), canAnswer: () => true });
      }
      const victim = someOwner(world);
      measureFailover(world, [victim.name], WORST_FAILOVER_MS);
      victim.powerOff();
      settle(world, lastsMs);
    },
  },
  {
    name: "eligibility is not the same for all, for a while",
    leastNodes: 3,
    lastsMs: 8_000,
    play: (world, lastsMs) => {
      const stale = world.pickSome([...world.machines.values()], Math.ceil(world.names.length / 2));
      const [group = ""] = world.groups;
      const order = world.orderOf(group).slice(1);
      world.observer.measure(world.now);
      for (const machine of stale) {
        machine.put({ group, order, canAnswer: () => true });
      }
      settle(world, lastsMs / 2);
      for (const machine of world.machines.values()) {
        machine.put({ group, order, canAnswer: () => true });
      }
      settle(world, lastsMs / 2);
      // nobody deposes another at every step
      expectSights(world, { promise: "P3", changes: 2, silenceMs: 0, twoMs: 50 });
    },
  },
  {
    name: "a node is missing in some lists for a moment",
    leastNodes: 3,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      world.observer.measure(world.now);
      unlist(world, world.pick(world.names));
      world.runFor(world.between(10, 1_000));
      listAll(world, 500);
      settle(world, lastsMs / 2);
      expectSights(world, { promise: "P5", changes: 0, silenceMs: 0, twoMs: 0 });
    },
  },
  {
    name: "a node is new to some only",
    leastNodes: 3,
    lastsMs: 8_000,
    play: (world, lastsMs) => {
      const late = world.machine(world.pick(world.names));
      late.powerOff();
      settle(world, lastsMs / 4);
      unlist(world, late.name);
      world.observer.measure(world.now);
      late.powerOn();
      settle(world, lastsMs / 4);
      listAll(world, 500);
      settle(world, lastsMs / 4);
      expectSights(world, { promise: "P5", changes: 0, silenceMs: 0, twoMs: 0 });
    },
  },
  {
    name: "a node leaves the list of nodes, and joins again",
    leastNodes: 2,
    lastsMs: 10_000,
    play: (world, lastsMs) => {
      const leaver = someOwner(world);
      const others = world.names.filter((name) => name !== leaver.name);
      world.observer.measure(world.now);
      for (const machine of world.machines.values()) {
        world.agenda.after(world.between(0, 500), () => machine.setNodes(others));
      }
      world.observer.fault(world.now);
      world.runFor(lastsMs / 4);
      leaver.powerOff();
      settle(world, lastsMs / 4);
      listAll(world, 500);
      leaver.powerOn();
      settle(world, lastsMs / 4);
      expectSights(world, { promise: "P5", silenceMs: 1_000 });
    },
  },
  {
    name: "an owner dies of whose groups one node has not heard",
    leastNodes: 3,
    lastsMs: 5_000,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      const [first = ""] = world.pickSome(
        world.names.filter((name) => name !== victim.name),
        1,
      );
      for (const group of world.groups) {
        world.machine(first).remove(group);
      }
      measureFailover(world, [victim.name], WORST_FAILOVER_MS);
      victim.powerOff();
      world.runFor(lastsMs / 2);
      for (const [group, order] of world.orders) {
        world.machine(first).put({ group, order, canAnswer: () => true });
      }
      settle(world, lastsMs / 2);
    },
  },
];

/** All know all nodes again, but not at once. */
export function listAll(world: World, withinMs: number): void {
  for (const machine of world.machines.values()) {
    world.agenda.after(world.between(0, withinMs), () => {
      machine.setNodes(world.names);
      world.observer.fault(world.now);
    });
  }
}

/** Some do not know the node, though not all. */
function unlist(world: World, unlisted: string): void {
  const others = world.names.filter((name) => name !== unlisted);
  for (const name of world.pickSome(others, 1 + Math.floor(world.random() * (others.length - 1)))) {
    world.machine(name).setNodes(others);
  }
  world.observer.fault(world.now);
}
