/** What clients may notice of what a scenario does, beside what the observer never lets pass. */

import type { Machine } from "./machine.ts";
import type { PromiseName } from "./observer.ts";
import type { World } from "./world.ts";

export interface Bounds {
  readonly promise: PromiseName;
  /** Of the MAC address of each group. */
  readonly changes?: number;
  /** Exactly so many changes, of each of the `groups`. */
  readonly exactly?: number;
  /** No answer to ARP for so long at most, in milliseconds of the profile `balanced`. */
  readonly silenceMs?: number;
  /** Two MAC addresses for so long at most, in milliseconds. */
  readonly twoMs?: number;
  /** All if not given. */
  readonly groups?: readonly string[];
}

/** From the moment that measuring began: see Observer.measure. */
export function expectSights(world: World, bounds: Bounds): void {
  const { changes = Number.POSITIVE_INFINITY, exactly, promise } = bounds;
  const { silenceMs = Number.POSITIVE_INFINITY, twoMs = Number.POSITIVE_INFINITY } = bounds;
  for (const group of bounds.groups ?? world.groups) {
    const sight = world.observer.sightOf(group);
    const silence = sight.silence(world.now);
    const two = sight.two(world.now);
    if (sight.changes > changes || (exactly !== undefined && sight.changes !== exactly)) {
      fail(world, promise, group, `the MAC address changed ${sight.changes} times`);
    }
    if (silence > world.scaled(silenceMs)) {
      fail(world, promise, group, `nobody answered for ${Math.round(silence)} ms`);
    }
    if (two > twoMs) {
      fail(world, promise, group, `two MAC addresses for ${Math.round(two)} ms`);
    }
  }
}

/** Runs on, and has every group answered by one living node at the end. */
export function settle(world: World, ms: number): void {
  world.runFor(ms);
  if (world.working.length > 0) {
    for (const group of world.groups) {
      if (world.macOf(group) === undefined) {
        fail(world, "P6", group, "it is not answered by one living node");
      }
    }
  }
}

/** Measures failover times, from now on, of the groups whose owners are to die now. */
export function measureFailover(world: World, dead: readonly string[], worstMs: number): void {
  const since = world.now;
  const waiting = new Set(ownedBy(world, dead));
  world.observer.onMac = (group, mac, at) => {
    if (waiting.has(group) && !dead.includes(mac)) {
      waiting.delete(group);
      world.failovers.push(at - since);
    }
  };
  const limit = Math.max(worstMs, world.scaled(worstMs));
  world.agenda.after(limit, () => {
    for (const group of waiting) {
      fail(world, "P1", group, `away for more than ${Math.round(limit)} ms`);
    }
  });
}

/** Groups whose clients go to one of the nodes. */
export function ownedBy(world: World, names: readonly string[]): readonly string[] {
  return world.groups.filter((group) => names.includes(world.macOf(group) ?? ""));
}

/** Groups whose clients go elsewhere. */
export function ownedByOthers(world: World, names: readonly string[]): readonly string[] {
  return world.groups.filter((group) => !names.includes(world.macOf(group) ?? ""));
}

/** A node that owns something. */
export function someOwner(world: World): Machine {
  return world.machine(world.macOf(world.pick(world.groups)) ?? world.pick(world.working));
}

/** Two observers are never wrong at once; where there is one only, it may be. */
export function expectNoFalseVerdicts(world: World, before: number): void {
  const count = world.falseVerdicts - before;
  if (world.names.length > 2 && count > 0) {
    world.observer.fail("P8", world.now, `${count} times a node was held for down that works`);
  }
}

/** No group is with the node any more. */
export function expectGone(world: World, promise: PromiseName, node: string): void {
  for (const group of ownedBy(world, [node])) {
    fail(world, promise, group, `it is still with ${node}`);
  }
}

function fail(world: World, promise: PromiseName, group: string, what: string): void {
  world.observer.fail(promise, world.now, `${group}: ${what}`);
}

/** Within so long after its start a speaker answers again for what it owned, in milliseconds. */
const BACK_WITHIN_MS = 2_000;

/** Holds a speaker that has just started to that it owns the groups again soon. */
export function expectBack(world: World, machine: Machine, groups: readonly string[]): void {
  const life = machine.startedAt;
  world.agenda.after(world.scaled(BACK_WITHIN_MS), () => {
    for (const group of groups) {
      const isSame = machine.isRunning && machine.startedAt === life;
      if (isSame && machine.roleOf(group)?.kind !== "own") {
        fail(world, "P4", group, `the speaker on ${machine.name} is not back`);
      }
    }
  });
}
