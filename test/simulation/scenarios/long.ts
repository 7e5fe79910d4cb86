/** What takes the timers of 30 seconds: planned moves after a speaker is gone for good, or a node is back for good. */

import {
  type Bounds,
  expectNoFalseVerdicts,
  expectSights,
  ownedBy,
  settle,
  someOwner,
} from "#test/simulation/expectations.ts";
import type { World } from "#test/simulation/world.ts";
import { act, restore } from "./histories.ts";
import type { Scenario } from "./scenario.ts";

const LASTS_MS = 120_000;

/** Just before the timers of 30 seconds run out, and a while after. */
const BEFORE_TIMERS_MS = 29_000;
const AFTER_TIMERS_MS = 4_000;

const ONE_MOVE: Bounds = { promise: "P3", exactly: 1, silenceMs: 0, twoMs: 50 };
const NO_MOVE: Bounds = { promise: "P3", changes: 0, silenceMs: 0, twoMs: 0 };

export const LONG: readonly Scenario[] = [
  {
    name: "a speaker is killed for ever",
    leastNodes: 2,
    lastsMs: LASTS_MS,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      const groups = ownedBy(world, [victim.name]);
      world.observer.measure(world.now);
      world.random() < 0.5 ? victim.kill() : victim.terminate();
      settle(world, BEFORE_TIMERS_MS);
      expectSights(world, { promise: "P2", changes: 0, silenceMs: 1_000, twoMs: 0 });
      world.observer.measure(world.now);
      settle(world, AFTER_TIMERS_MS);
      expectSights(world, { ...ONE_MOVE, groups });
      settle(world, lastsMs - BEFORE_TIMERS_MS - AFTER_TIMERS_MS);
      expectSights(world, { ...ONE_MOVE, groups });
    },
  },
  {
    name: "a node loses power and is back for good",
    leastNodes: 2,
    lastsMs: LASTS_MS,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      const groups = ownedBy(world, [victim.name]).filter(
        (group) => world.orders.get(group)?.[0] === victim.name,
      );
      victim.powerOff();
      settle(world, world.between(2_000, 10_000));
      world.observer.measure(world.now);
      victim.powerOn();
      settle(world, BEFORE_TIMERS_MS);
      expectSights(world, NO_MOVE);
      settle(world, AFTER_TIMERS_MS);
      expectSights(world, { ...ONE_MOVE, groups });
      settle(world, lastsMs / 2);
      expectSights(world, { ...ONE_MOVE, groups });
    },
  },
  {
    name: "a node is back for good, and nothing is given back",
    leastNodes: 2,
    lastsMs: LASTS_MS,
    isWithoutFailback: true,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      victim.powerOff();
      settle(world, 3_000);
      world.observer.measure(world.now);
      victim.powerOn();
      settle(world, lastsMs - 3_000);
      expectSights(world, NO_MOVE);
    },
  },
  {
    name: "a node loses power every few seconds",
    leastNodes: 3,
    lastsMs: LASTS_MS,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      const end = world.now + lastsMs - 10_000;
      world.observer.measure(world.now);
      while (world.now < end) {
        victim.powerOff();
        world.runFor(world.between(1_000, 5_000));
        victim.powerOn();
        world.runFor(world.between(2_000, 20_000));
      }
      settle(world, 10_000);
      // it is given nothing before it has been there for 30 seconds
      expectSights(world, { promise: "P3", changes: 1 });
    },
  },
  {
    name: "a virtual machine stands still and is back for good",
    leastNodes: 2,
    lastsMs: LASTS_MS,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      const groups = ownedBy(world, [victim.name]);
      world.observer.measure(world.now);
      victim.freeze();
      world.runFor(3_000);
      victim.thaw(world.random() < 0.5);
      settle(world, BEFORE_TIMERS_MS);
      expectSights(world, { promise: "P5", exactly: 1, groups });
      world.observer.measure(world.now);
      settle(world, lastsMs - BEFORE_TIMERS_MS - 3_000);
      expectSights(world, { promise: "P3", changes: 1, silenceMs: 0, twoMs: 50 });
    },
  },
  {
    name: "packets are lost for two minutes",
    leastNodes: 2,
    lastsMs: LASTS_MS,
    play: (world, lastsMs) => {
      world.medium.loss = world.pick([0.01, 0.03, 0.05]);
      world.observer.measure(world.now);
      const before = world.falseVerdicts;
      settle(world, lastsMs);
      expectSights(world, { ...NO_MOVE, promise: "P8" });
      expectNoFalseVerdicts(world, before);
    },
  },
  {
    name: "one node loses nearly every third packet for a minute",
    leastNodes: 3,
    lastsMs: LASTS_MS / 2,
    // what is given back after that is no fault
    isWithoutFailback: true,
    play: (world, lastsMs) => {
      world.observer.measure(world.now);
      world.medium.setLoss(world.pick(world.names), 0.3);
      world.runFor(lastsMs);
      expectSights(world, { promise: "P8", changes: 1 });
    },
  },
  {
    name: "anything, for two minutes",
    leastNodes: 2,
    lastsMs: LASTS_MS,
    play: (world, lastsMs) => {
      const end = world.now + lastsMs - 40_000;
      while (world.now < end) {
        act(world);
        world.runFor(world.between(10, 8_000));
      }
      restore(world);
      settle(world, 5_000);
      world.observer.measure(world.now);
      settle(world, 35_000);
      expectAtFirst(world);
    },
  },
];

/** Whoever is first for a group has been given it back. */
function expectAtFirst(world: World): void {
  for (const [group, [first]] of world.orders) {
    if (world.macOf(group) !== first) {
      world.observer.fail("P3", world.now, `${group} is at ${world.macOf(group)}, not at ${first}`);
    }
  }
  expectSights(world, { promise: "P3", changes: 1, silenceMs: 0, twoMs: 50 });
}
