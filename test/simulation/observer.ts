import type { Machine } from "./machine.ts";
import { type Medium, SIDES } from "./medium.ts";
import { Sight } from "./sight.ts";
import type { Timeline } from "./timeline.ts";

/** Of docs/design/membership.md; the last one is that the code does not throw and comes to rest. */
export type PromiseName = "P1" | "P2" | "P3" | "P4" | "P5" | "P6" | "P7" | "P8" | "works";

export interface Failure {
  readonly promise: PromiseName;
  /** Virtual milliseconds. */
  readonly at: number;
  /** A sentence. */
  readonly what: string;
}

export interface ObserverOptions {
  readonly machines: ReadonlyMap<string, Machine>;
  readonly medium: Medium;
  readonly timeline: Timeline;
  /** Two nodes may tell different MAC addresses for so long. */
  readonly twoForMs: number;
  /** An address that somebody could answer for is silent for so long at most, after the last fault. */
  readonly silentForMs: number;
}

/** The side of the network whose clients a scenario speaks of, unless it says otherwise. */
const HERE = 0;

/** More loss than that is promised nothing. */
const WORST_LOSS = 0.05;

/** Sees what clients see of each group, after every event, and what no client should. */
export class Observer {
  readonly failures: Failure[] = [];
  readonly #options: ObserverOptions;
  /** By group, for each side of the network. */
  readonly #sights = new Map<string, readonly Sight[]>();
  /** Nodes that answer for the group. */
  readonly #tellers = new Map<string, Set<Machine>>();
  /** To be looked at, and who has just begun to answer, if anybody. */
  readonly #dirty = new Map<string, string | undefined>();
  #faultAt = 0;
  /** Called when clients hold another MAC address for a group than before. */
  onMac: (group: string, mac: string, at: number) => void = () => undefined;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /** From now on its clients are looked after. */
  follow(group: string, now: number): void {
    this.#sights.set(
      group,
      SIDES.map(() => new Sight(now)),
    );
    this.#dirty.set(group, undefined);
  }

  forget(group: string): void {
    this.#sights.delete(group);
    this.#dirty.delete(group);
  }

  /** Of the clients here. */
  sightOf(group: string): Sight {
    const sight = this.#sights.get(group)?.[HERE];
    if (sight === undefined) {
      throw new RangeError(`Nobody looks at ${group}`);
    }
    return sight;
  }

  /** What the machine does about the group is another than before. @param announces it says so to all clients */
  roleChanged(machine: Machine, group: string, announces: boolean): void {
    const role = machine.roleOf(group);
    const tellers = this.#tellers.get(group) ?? new Set();
    if (role === undefined || role.kind === "listen") {
      tellers.delete(machine);
    } else {
      tellers.add(machine);
    }
    this.#tellers.set(group, tellers);
    this.#dirty.set(group, announces ? machine.name : this.#dirty.get(group));
  }

  /** Something befell the cluster. */
  fault(now: number): void {
    this.#faultAt = now;
    for (const group of this.#sights.keys()) {
      this.#dirty.set(group, this.#dirty.get(group));
    }
  }

  /** Begins to measure what the clients of all groups see. */
  measure(now: number): void {
    for (const sight of [...this.#sights.values()].flat()) {
      sight.measure(now);
    }
  }

  fail(promise: PromiseName, now: number, what: string): void {
    this.failures.push({ promise, at: now, what });
    this.#options.timeline.tell(now, promise, `BROKEN: ${what}`);
  }

  /** To be called after every event. */
  look(now: number): void {
    if (this.#dirty.size > 0) {
      for (const [group, announcer] of this.#dirty) {
        this.#lookAt(group, announcer, now);
      }
      this.#dirty.clear();
    }
  }

  /** To be called now and then: what has lasted for too long. */
  sweep(now: number): void {
    for (const [group, sights] of this.#sights) {
      for (const [side, sight] of sights.entries()) {
        this.#checkTwo(group, sight, now);
        this.#checkSilence(group, side, sight, now);
      }
    }
  }

  #lookAt(group: string, announcer: string | undefined, now: number): void {
    const { medium, timeline } = this.#options;
    for (const [side, sight] of (this.#sights.get(group) ?? []).entries()) {
      const told = this.#toldOn(side, group);
      const forwarding = new Set([...told].filter((node) => this.#forwards(node, side)));
      const announced = announcer !== undefined && told.has(announcer) ? announcer : undefined;
      this.#checkTwo(group, sight, now);
      const mayBeTwo = medium.isTorn || medium.worstLoss > WORST_LOSS;
      const isNew = sight.see(now, { told, forwarding, announced, mayBeTwo });
      if (isNew && side === HERE && sight.mac !== undefined) {
        timeline.tell(now, "LAN", `is at ${sight.mac}`, group);
        this.onMac(group, sight.mac, now);
      }
    }
  }

  /** Nodes whose MAC addresses are told to clients on that side. */
  #toldOn(side: number, group: string): ReadonlySet<string> {
    const { medium } = this.#options;
    const told = new Set<string>();
    for (const machine of this.#tellers.get(group) ?? []) {
      const role = machine.roleOf(group);
      if (role?.kind === "own" || role?.kind === "voice") {
        if (medium.sideOf(machine.name) === side && medium.isReached(machine.name)) {
          told.add(role.kind === "own" ? machine.name : role.of);
        }
      }
    }
    return told;
  }

  #forwards(node: string, side: number): boolean {
    const { machines, medium } = this.#options;
    return machines.get(node)?.hasKernel === true && medium.sideOf(node) === side;
  }

  #checkTwo(group: string, sight: Sight, now: number): void {
    const ms = sight.two(now);
    if (ms > this.#options.twoForMs) {
      this.fail("P5", now, `${group}: two MAC addresses for ${Math.round(ms)} ms`);
      sight.measure(now);
    }
  }

  #checkSilence(group: string, side: number, sight: Sight, now: number): void {
    const { medium, silentForMs } = this.#options;
    const ms = now - Math.max(sight.silentSince ?? now, this.#faultAt);
    if (ms > silentForMs && medium.worstLoss <= WORST_LOSS && this.#canBeServed(group, side)) {
      this.fail("P6", now, `${group}: nobody on side ${side} answers for ${Math.round(ms)} ms`);
      sight.measure(now);
      this.fault(now);
    }
  }

  #canBeServed(group: string, side: number): boolean {
    const { machines, medium } = this.#options;
    return machines
      .values()
      .some(
        (machine) =>
          machine.isRunning &&
          medium.sideOf(machine.name) === side &&
          medium.isReached(machine.name) &&
          machine.mayOwn(group),
      );
  }
}
