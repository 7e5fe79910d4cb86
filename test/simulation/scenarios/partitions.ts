/** P5: nodes do not hear each other. */

import { type Bounds, expectSights, settle, someOwner } from "#test/simulation/expectations.ts";
import type { World } from "#test/simulation/world.ts";
import { demandSoon } from "./moves.ts";
import type { Scenario } from "./scenario.ts";

const UNSEEN: Bounds = { promise: "P8", changes: 0, silenceMs: 0, twoMs: 0 };

export const PARTITIONS: readonly Scenario[] = [
  {
    name: "the network is split and heals",
    leastNodes: 2,
    lastsMs: 8_000,
    play: (world, lastsMs) => {
      split(world);
      world.runFor(lastsMs / 2);
      world.medium.heal();
      settle(world, lastsMs / 2);
    },
  },
  {
    name: "a group is claimed on both sides of a split network",
    leastNodes: 2,
    lastsMs: 7_000,
    play: (world, lastsMs) => {
      split(world);
      world.runFor(1_000);
      world.observer.follow("203.0.113.9", world.now);
      demandSoon(world, "203.0.113.9", world.orderOf("203.0.113.9"), 500);
      world.runFor(lastsMs / 2);
      world.medium.heal();
      settle(world, lastsMs / 2);
    },
  },
  {
    name: "a node dies while the network is split",
    leastNodes: 3,
    lastsMs: 8_000,
    play: (world, lastsMs) => {
      split(world);
      world.runFor(world.between(0, 2_000));
      world.machine(world.pick(world.names)).powerOff();
      world.runFor(lastsMs / 4);
      world.medium.heal();
      settle(world, lastsMs / 2);
    },
  },
  {
    name: "a node does not hear",
    leastNodes: 2,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      world.medium.setDeaf(victim.name, true);
      settle(world, lastsMs / 2);
      world.medium.setDeaf(victim.name, false);
      settle(world, lastsMs / 2);
    },
  },
  {
    name: "a node is not heard",
    leastNodes: 2,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      world.medium.setMute(victim.name, true);
      settle(world, lastsMs / 2);
      world.medium.setMute(victim.name, false);
      settle(world, lastsMs / 2);
    },
  },
  {
    name: "one node does not hear another",
    leastNodes: 3,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      const [one = "", other = ""] = world.pickSome(world.names, 2);
      world.observer.measure(world.now);
      world.medium.cutAll(one, other, true);
      settle(world, lastsMs / 2);
      world.medium.heal();
      settle(world, lastsMs / 2);
      expectSights(world, UNSEEN);
    },
  },
  {
    name: "many nodes do not hear others, each way on its own",
    leastNodes: 3,
    lastsMs: 7_000,
    play: (world, lastsMs) => {
      for (const from of world.names) {
        for (const to of world.names) {
          if (world.random() < 0.3) {
            world.medium.cutAll(from, to, true);
          }
        }
      }
      world.runFor(lastsMs / 2);
      world.medium.heal();
      settle(world, lastsMs / 2);
    },
  },
  {
    name: "two nodes cannot send each other messages, though frames pass",
    leastNodes: 3,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      const [one = "", other = ""] = world.pickSome(world.names, 2);
      world.observer.measure(world.now);
      world.medium.cutMessages(one, other, true);
      world.medium.cutMessages(other, one, true);
      settle(world, lastsMs);
      expectSights(world, UNSEEN);
    },
  },
  {
    name: "no node can send messages, though frames pass",
    leastNodes: 2,
    lastsMs: 8_000,
    play: (world, lastsMs) => {
      world.observer.measure(world.now);
      world.medium.cutPlane(true);
      settle(world, lastsMs / 2);
      world.medium.cutPlane(false);
      settle(world, lastsMs / 2);
      expectSights(world, UNSEEN);
    },
  },
];

/** Into two or three parts. */
function split(world: World): void {
  const sides = world.pick([
    [0, 1],
    [0, 1, 2],
  ]);
  for (const name of world.names) {
    world.medium.setSide(name, world.pick(sides));
  }
}
