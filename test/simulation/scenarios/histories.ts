/** Anything may befall anybody, one after the other and at the same time. */

import { settle } from "#test/simulation/expectations.ts";
import type { Machine } from "#test/simulation/machine.ts";
import { SIDES } from "#test/simulation/medium.ts";
import type { World } from "#test/simulation/world.ts";
import { demandSoon } from "./moves.ts";
import type { Scenario } from "./scenario.ts";
import { listAll } from "./views.ts";

/** After the last fault everything is as it should be. */
const CALM_MS = 3_000;

const ACTS: Readonly<Record<string, (world: World, machine: Machine) => void>> = {
  kill: (_, machine) => machine.kill(),
  terminate: (_, machine) => machine.terminate(),
  start: (_, machine) => machine.start(),
  stop: (_, machine) => machine.stop(),
  resume: (_, machine) => machine.resume(),
  freeze: (_, machine) => machine.freeze(),
  thaw: (world, machine) => machine.thaw(world.random() < 0.5),
  powerOff: (_, machine) => machine.powerOff(),
  powerOn: (world, machine) => {
    machine.powerOn();
    listAll(world, 500);
  },
  lose: (world) => {
    world.medium.loss = world.pick([0, 0.02, 0.3]);
  },
  overtake: (world) => {
    world.medium.reordering = world.pick([0, 0.2]);
    world.medium.duplication = world.pick([0, 0.2]);
  },
  move: (world, { name }) => {
    if (world.medium.isPlugged(name)) {
      world.medium.setSide(name, world.pick(SIDES));
    }
  },
  unplug: ({ medium }, { name }) => medium.unplug(name),
  plug: ({ medium }, machine) => {
    if (machine.hasPower) {
      medium.setSide(machine.name, 0);
    }
  },
  deafen: ({ medium, random }, { name }) => medium.setDeaf(name, random() < 0.5),
  mute: ({ medium, random }, { name }) => medium.setMute(name, random() < 0.5),
  cutMessages: (world, { name }) =>
    world.medium.cutMessages(name, world.pick(world.names), world.random() < 0.5),
  cutAll: (world, { name }) =>
    world.medium.cutAll(name, world.pick(world.names), world.random() < 0.5),
  drain: ({ random }, machine) => machine.setDraining(random() < 0.3),
  relist: (world, machine) => {
    machine.setNodes(world.names.filter((name) => world.machine(name).hasPower));
    world.observer.fault(world.now);
  },
  reorder: (world) => {
    demandSoon(
      world,
      world.pick(world.groups),
      world.pickSome(world.names, world.names.length),
      800,
    );
    world.observer.fault(world.now);
  },
};

/** All at once. */
const STORMS: readonly ((world: World) => void)[] = [
  (world) => each(world, (machine) => machine.terminate()),
  (world) => each(world, (machine) => machine.start()),
  (world) => {
    each(world, (machine) => machine.powerOn());
    listAll(world, 500);
  },
  (world) => each(world, (machine) => world.random() < 0.5 && machine.powerOff()),
  ({ medium, random }) => medium.cutPlane(random() < 0.5),
  ({ medium }) => medium.heal(),
];

export const HISTORIES: readonly Scenario[] = [
  {
    name: "anything",
    leastNodes: 2,
    lastsMs: 8_000,
    play: (world, lastsMs) => {
      const end = world.now + lastsMs - CALM_MS;
      while (world.now < end) {
        act(world);
        world.runFor(world.between(10, 1_500));
      }
      restore(world);
      settle(world, CALM_MS);
    },
  },
  {
    name: "anything, and many things at once",
    leastNodes: 3,
    lastsMs: 10_000,
    play: (world, lastsMs) => {
      const end = world.now + lastsMs - CALM_MS;
      while (world.now < end) {
        for (let count = world.between(1, 5); count > 0; count--) {
          act(world);
        }
        if (world.random() < 0.3) {
          world.pick(STORMS)(world);
        }
        world.runFor(world.between(10, 4_000));
      }
      restore(world);
      settle(world, CALM_MS);
    },
  },
  {
    name: "nodes come and go all the time",
    leastNodes: 3,
    lastsMs: 10_000,
    play: (world, lastsMs) => {
      const end = world.now + lastsMs - CALM_MS;
      while (world.now < end) {
        const machine = world.machine(world.pick(world.names));
        if (machine.hasPower) {
          machine.powerOff();
        } else {
          machine.powerOn();
        }
        world.runFor(world.between(10, 400));
      }
      restore(world);
      settle(world, CALM_MS);
    },
  },
];

/** One thing befalls one machine. */
export function act(world: World): void {
  const machine = world.machine(world.pick(world.names));
  const [name, befall] = world.pick(Object.entries(ACTS));
  world.timeline.tell(world.now, machine.name, `~ ${name}`);
  befall(world, machine);
}

/** Ends all that was done. */
export function restore(world: World): void {
  world.medium.heal();
  for (const machine of world.machines.values()) {
    machine.powerOn();
    machine.thaw(false);
    machine.start();
    machine.setDraining(false);
    for (const [group, order] of world.orders) {
      machine.put({ group, order, canAnswer: () => true });
    }
    world.medium.setSide(machine.name, 0);
  }
  listAll(world, 0);
  world.timeline.tell(world.now, "LAN", "all is well again");
}

function each(world: World, befall: (machine: Machine) => unknown): void {
  for (const machine of world.machines.values()) {
    befall(machine);
  }
}
