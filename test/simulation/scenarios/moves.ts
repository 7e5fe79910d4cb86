/** P3: addresses are handed over while both nodes work. */

import {
  type Bounds,
  expectGone,
  expectSights,
  ownedBy,
  settle,
  someOwner,
} from "#test/simulation/expectations.ts";
import type { Machine } from "#test/simulation/machine.ts";
import type { World } from "#test/simulation/world.ts";
import type { Scenario } from "./scenario.ts";

/** Until the old owner has heard that its offer was taken. */
const HANDED_OVER: Bounds = { promise: "P3", changes: 1, silenceMs: 0, twoMs: 50 };

/** The same when that may be lost and has to be said again. */
const HANDED_OVER_BADLY: Bounds = { ...HANDED_OVER, twoMs: 150 };

export const MOVES: readonly Scenario[] = [
  {
    name: "a node drains",
    leastNodes: 2,
    lastsMs: 4_000,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      world.medium.loss = world.pick([0, 0, 0.05]);
      world.observer.measure(world.now);
      const groups = ownedBy(world, [victim.name]);
      victim.setDraining(true);
      settle(world, lastsMs / 4);
      expectLent(world, victim, groups);
      settle(world, lastsMs * 0.75);
      const bounds = world.medium.loss > 0 ? HANDED_OVER_BADLY : HANDED_OVER;
      expectSights(world, bounds);
      expectSights(world, { ...bounds, exactly: 1, groups });
      expectGone(world, "P3", victim.name);
    },
  },
  {
    name: "a node that drains is restarted",
    leastNodes: 2,
    lastsMs: 8_000,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      world.observer.measure(world.now);
      victim.setDraining(true);
      world.runFor(world.between(0, 2_000));
      victim.terminate();
      world.runFor(world.between(100, 1_000));
      victim.start();
      settle(world, lastsMs - 3_000);
      expectSights(world, { promise: "P3", changes: 1, silenceMs: 1_000, twoMs: 50 });
      expectGone(world, "P3", victim.name);
    },
  },
  {
    name: "one node after the other drains, and the first no more",
    leastNodes: 3,
    lastsMs: 8_000,
    play: (world, lastsMs) => {
      const [first, ...others] = world.pickSome([...world.machines.values()], 2);
      world.observer.measure(world.now);
      first?.setDraining(true);
      world.runFor(lastsMs / 4);
      first?.setDraining(false);
      for (const other of others) {
        other.setDraining(true);
      }
      settle(world, lastsMs / 2);
      expectSights(world, { ...HANDED_OVER, changes: 2 });
      for (const { name } of others) {
        expectGone(world, "P3", name);
      }
    },
  },
  {
    name: "all nodes drain",
    leastNodes: 2,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      world.observer.measure(world.now);
      for (const machine of world.machines.values()) {
        world.agenda.after(world.between(0, 200), () => machine.setDraining(true));
      }
      settle(world, lastsMs);
      expectSights(world, { ...HANDED_OVER, changes: world.names.length });
    },
  },
  {
    name: "the owner is not eligible any more",
    leastNodes: 2,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      const groups = ownedBy(world, [victim.name]);
      world.observer.measure(world.now);
      for (const group of groups) {
        const order = world.orderOf(group).filter((name) => name !== victim.name);
        demandSoon(world, group, order, 800);
      }
      settle(world, lastsMs);
      expectSights(world, { ...HANDED_OVER, exactly: 1, groups });
      expectGone(world, "P3", victim.name);
    },
  },
  {
    name: "groups come and go",
    leastNodes: 2,
    lastsMs: 8_000,
    play: (world, lastsMs) => {
      const [gone = ""] = world.groups;
      for (const machine of world.machines.values()) {
        world.agenda.after(world.between(0, 500), () => machine.remove(gone));
      }
      world.orders.delete(gone);
      world.observer.forget(gone);
      world.runFor(1_000);
      if (world.working.some((name) => world.machine(name).roleOf(gone) !== undefined)) {
        world.observer.fail("P5", world.now, `${gone} is gone, and still answered`);
      }
      for (const group of [gone, "203.0.113.9"]) {
        world.observer.follow(group, world.now);
        demandSoon(world, group, world.orderOf(group), 500);
      }
      settle(world, lastsMs - 1_000);
    },
  },
];

/** Who still asks the old owner is told the address of the new one. */
function expectLent(world: World, old: Machine, groups: readonly string[]): void {
  for (const group of groups) {
    if (old.roleOf(group)?.kind !== "voice") {
      world.observer.fail(
        "P3",
        world.now,
        `${group}: ${old.name} does not answer for the new owner`,
      );
    }
  }
}

/** All machines come to know it, but not at once. */
export function demandSoon(
  world: World,
  group: string,
  order: readonly string[],
  withinMs: number,
): void {
  world.orders.set(group, order);
  for (const machine of world.machines.values()) {
    world.agenda.after(world.between(0, withinMs), () =>
      // unless there is a newer one by then
      machine.put({ group, order: world.orders.get(group) ?? order, canAnswer: () => true }),
    );
  }
}
