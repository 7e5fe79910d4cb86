/** P7 and P8: nothing happens but that packets are lost, late, doubled and overtaken, and processors are busy. */

import {
  type Bounds,
  expectNoFalseVerdicts,
  expectSights,
  settle,
} from "#test/simulation/expectations.ts";
import { expectFewPackets } from "#test/simulation/packet-rate.ts";
import type { Scenario } from "./scenario.ts";

const UNSEEN: Bounds = { promise: "P8", changes: 0, silenceMs: 0, twoMs: 0 };

export const BAD_NETWORKS: readonly Scenario[] = [
  {
    name: "nothing happens",
    leastNodes: 2,
    lastsMs: 4_000,
    play: (world, lastsMs) => {
      world.observer.measure(world.now);
      expectFewPackets(world, lastsMs, () => settle(world, lastsMs));
      expectSights(world, UNSEEN);
    },
  },
  {
    name: "packets are lost",
    leastNodes: 2,
    lastsMs: 7_000,
    play: (world, lastsMs) => {
      const { medium } = world;
      medium.loss = world.between(0.01, 0.05);
      medium.jitterMs = world.pick([0, 5, 20]);
      medium.duplication = world.pick([0, 0.1]);
      medium.reordering = world.pick([0, 0.1]);
      world.observer.measure(world.now);
      const before = world.falseVerdicts;
      settle(world, lastsMs);
      expectSights(world, UNSEEN);
      expectNoFalseVerdicts(world, before);
    },
  },
  {
    name: "processors are busy",
    leastNodes: 2,
    lastsMs: 7_000,
    play: (world, lastsMs) => {
      for (const machine of world.machines.values()) {
        machine.lateMs = world.pick([0, 5, 25]);
      }
      world.medium.loss = world.pick([0, 0.01]);
      world.observer.measure(world.now);
      settle(world, lastsMs);
      expectSights(world, UNSEEN);
    },
  },
  {
    name: "one node loses nearly every third packet",
    leastNodes: 3,
    lastsMs: 8_000,
    play: (world, lastsMs) => {
      world.observer.measure(world.now);
      world.medium.setLoss(world.pick(world.names), 0.3);
      world.runFor(lastsMs);
      expectSights(world, { promise: "P8", changes: 1 });
    },
  },
];
