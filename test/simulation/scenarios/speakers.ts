/** P2 and P4: speakers die, hang and restart while the kernels of their nodes forward. */

import {
  type Bounds,
  expectBack,
  expectSights,
  ownedBy,
  settle,
  someOwner,
} from "#test/simulation/expectations.ts";
import type { Machine } from "#test/simulation/machine.ts";
import type { World } from "#test/simulation/world.ts";
import type { Scenario } from "./scenario.ts";

/** Somebody else answers with the same MAC address soon. */
const UNSEEN: Bounds = { promise: "P2", changes: 0, silenceMs: 1_000, twoMs: 0 };

export const SPEAKERS: readonly Scenario[] = [
  {
    name: "a speaker is killed and comes back",
    leastNodes: 2,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      world.medium.loss = world.pick([0, 0, 0.02]);
      world.observer.measure(world.now);
      const victim = someOwner(world);
      const groups = ownedBy(world, [victim.name]);
      victim.kill();
      startAfter(world, victim, world.between(5, 3_500), groups);
      settle(world, lastsMs);
      expectSights(world, UNSEEN);
    },
  },
  {
    name: "a speaker crashes again and again",
    leastNodes: 2,
    lastsMs: 8_000,
    play: (world, lastsMs) => {
      world.observer.measure(world.now);
      const victim = someOwner(world);
      const end = world.now + lastsMs - 2_000;
      while (world.now < end) {
        victim.kill();
        world.runFor(world.between(5, 900));
        victim.start();
        world.runFor(world.between(5, 1_500));
      }
      settle(world, 2_000);
      expectSights(world, UNSEEN);
    },
  },
  {
    name: "a speaker stands still and goes on",
    leastNodes: 2,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      world.observer.measure(world.now);
      const victim = someOwner(world);
      victim.stop();
      world.agenda.after(world.between(5, 4_000), () => victim.resume());
      settle(world, lastsMs);
      expectSights(world, UNSEEN);
    },
  },
  {
    name: "a rolling restart of all speakers",
    leastNodes: 2,
    lastsMs: 8_000,
    play: (world, lastsMs) => {
      world.observer.measure(world.now);
      let at = 0;
      for (const machine of world.machines.values()) {
        world.agenda.after(at, () => machine.terminate());
        at += world.between(20, 900);
        world.agenda.after(at, () => machine.start());
        at += world.between(100, 500);
      }
      settle(world, Math.max(lastsMs, at + 1_000));
      expectSights(world, UNSEEN);
    },
  },
  {
    name: "all speakers restart at once",
    leastNodes: 2,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      for (const machine of world.machines.values()) {
        machine.terminate();
        world.agenda.after(world.between(100, 1_500), () => machine.start());
      }
      settle(world, lastsMs);
    },
  },
  {
    name: "a virtual machine stands still, its clock too",
    leastNodes: 2,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      const victim = someOwner(world);
      victim.freeze();
      const clockStood = world.random() < 0.5;
      world.agenda.after(world.between(50, 3_000), () => victim.thaw(clockStood));
      world.observer.measure(world.now);
      settle(world, lastsMs);
      // a node can tell that it stood still, unless its clock did too
      const twoMs = clockStood ? 1_000 : 0;
      expectSights(world, { promise: "P5", changes: 1, silenceMs: 1_000, twoMs });
    },
  },
  {
    name: "a speaker restarts, and a node dies meanwhile",
    leastNodes: 3,
    lastsMs: 6_000,
    play: (world, lastsMs) => {
      const [restarted, dead] = world.pickSome([...world.machines.values()], 2);
      world.observer.measure(world.now);
      if (restarted !== undefined && dead !== undefined) {
        const groups = ownedBy(world, [restarted.name]);
        restarted.kill();
        startAfter(world, restarted, world.between(100, 1_000), groups);
        world.runFor(world.between(0, 3_000));
        dead.powerOff();
      }
      settle(world, lastsMs / 2);
      expectSights(world, { promise: "P4", changes: 1, silenceMs: 2_000 });
    },
  },
];

function startAfter(world: World, machine: Machine, ms: number, groups: readonly string[]): void {
  world.agenda.after(ms, () => {
    machine.start();
    expectBack(world, machine, groups);
  });
}
