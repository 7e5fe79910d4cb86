import { preferenceOrder } from "#lib/election/order.ts";
import { hashText } from "#lib/membership/hash.ts";
import { MemberState } from "#lib/membership/member-record.ts";
import { type Profile, type ProfileName, profileOf } from "#lib/membership/profile.ts";
import { Agenda } from "./agenda.ts";
import { Machine } from "./machine.ts";
import { Medium } from "./medium.ts";
import { Observer } from "./observer.ts";
import { seeded } from "./random.ts";
import { type Telling, Timeline } from "./timeline.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly groups: number;
  readonly profile: ProfileName;
  /** undefined: never. */
  readonly failbackMs: number;
  /** undefined: nothing is kept but a hash. */
  readonly telling: Telling | undefined;
}

/** The promises are those of the profile `balanced`; the others keep them in their own time. */
const TWO_FOR_MS = 1_000;
const SILENT_FOR_MS = 2_000;

/** Pauses between announcements of a new owner. */
const ANNOUNCED_MS: readonly number[] = [0, 100, 300, 1_000, 3_000];

/** A node that is left alone finds out of four others at a time that they are dead. */
const ROUND_MS = 700;
const DEAD_A_ROUND = 4;

/** How often to look for what has lasted for too long. */
const SWEEP_MS = 100;

/** Machines on one local network, with groups that all of them may announce. */
export class World {
  readonly agenda = new Agenda();
  readonly random: () => number;
  readonly timeline: Timeline;
  readonly medium: Medium;
  readonly observer: Observer;
  readonly machines = new Map<string, Machine>();
  readonly profile: Profile;
  /** Milliseconds without a living owner, of each group whose owner died. */
  readonly failovers: number[] = [];
  /** How often a machine came to hold another for down that works. */
  falseVerdicts = 0;
  /** Who may own each group, the preferred first. */
  readonly orders = new Map<string, readonly string[]>();

  constructor(options: WorldOptions) {
    const { failbackMs, groups, nodes, profile, seed, telling } = options;
    this.random = seeded(seed);
    this.timeline = new Timeline(telling);
    this.medium = new Medium(this.agenda, this.random, () => this.observer.fault(this.now));
    this.profile = profileOf(profile);
    this.observer = new Observer({
      machines: this.machines,
      medium: this.medium,
      timeline: this.timeline,
      twoForMs: this.scaled(TWO_FOR_MS),
      silentForMs: this.scaled(SILENT_FOR_MS + roundsMs(nodes)),
    });
    for (let index = 1; index <= nodes; index++) {
      this.#addMachine(`n${index}`, failbackMs);
    }
    for (let index = 0; index < groups; index++) {
      const group = `198.51.${(seed + index) % 256}.${index % 256}`;
      this.orders.set(group, this.orderOf(group));
      this.observer.follow(group, 0);
    }
    for (const machine of this.machines.values()) {
      machine.setNodes(this.names);
      for (const [group, order] of this.orders) {
        machine.put({ group, order, canAnswer: () => true });
      }
    }
  }

  get now(): number {
    return this.agenda.now;
  }

  get names(): readonly string[] {
    return [...this.machines.keys()];
  }

  get groups(): readonly string[] {
    return [...this.orders.keys()];
  }

  /** So many milliseconds of the profile `balanced` in those of this one. */
  scaled(ms: number): number {
    return (ms * this.profile.heartbeat) / profileOf("balanced").heartbeat;
  }

  /** Any of them. */
  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.random() * items.length)];
    if (item === undefined) {
      throw new RangeError("Cannot pick from nothing");
    }
    return item;
  }

  /** Some of them, in any order. */
  pickSome<T>(items: readonly T[], count: number): readonly T[] {
    return items
      .map((item) => ({ item, at: this.random() }))
      .sort((a, b) => a.at - b.at)
      .slice(0, count)
      .map(({ item }) => item);
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.random();
  }

  machine(name: string): Machine {
    const machine = this.machines.get(name);
    if (machine === undefined) {
      throw new RangeError(`There is no ${name}`);
    }
    return machine;
  }

  /** All start within so many milliseconds. */
  startAll(withinMs: number): void {
    for (const machine of this.machines.values()) {
      this.agenda.after(this.between(0, withinMs), () => machine.start());
    }
  }

  runFor(ms: number): void {
    const end = this.now + ms;
    this.observer.look(this.now);
    while (this.now < end) {
      this.agenda.runUntil(Math.min(this.now + SWEEP_MS, end), () => this.observer.look(this.now));
      this.observer.sweep(this.now);
    }
  }

  /** Names of the nodes on which a speaker runs and is heard. */
  get working(): readonly string[] {
    return this.names.filter((name) => this.machine(name).isRunning && this.medium.isReached(name));
  }

  /** The node whose MAC address clients are told; undefined: none, or more than one. */
  macOf(group: string): string | undefined {
    const sight = this.observer.sightOf(group);
    return sight.isServed ? sight.mac : undefined;
  }

  /** As the product orders nodes, with a hash that costs less. */
  orderOf(group: string): readonly string[] {
    const nodes = this.names.map((name) => ({
      name,
      labels: {},
      networkUnavailable: false,
      internalIps: [],
    }));
    const bytes = new Uint8Array(4);
    return preferenceOrder(nodes, [], group, (text) => {
      new DataView(bytes.buffer).setUint32(0, hashText(text));
      return bytes.slice();
    });
  }

  #owns(node: string, group: string): boolean {
    return this.machines.get(node)?.roleOf(group)?.kind === "own";
  }

  /** To all whom frames of the node reach; those hear it who think that the group is theirs. */
  #announce(node: string, group: string): void {
    for (const pause of ANNOUNCED_MS) {
      this.agenda.after(pause, () => {
        for (const machine of this.#owns(node, group) ? this.machines.values() : []) {
          if (machine.name !== node && this.#owns(machine.name, group)) {
            this.medium.announce(node, machine.name, () => machine.hearAddress(group, node));
          }
        }
      });
    }
  }

  #addMachine(name: string, failbackMs: number): void {
    const machine = new Machine({
      name,
      agenda: this.agenda,
      medium: this.medium,
      timeline: this.timeline,
      profile: this.profile,
      failbackMs,
      random: this.random,
      roleChanged: (...change) => this.observer.roleChanged(...change),
      judged: (node, state) => {
        const isDown = state === MemberState.speakerDown || state === MemberState.dead;
        this.falseVerdicts += isDown && this.working.includes(node) ? 1 : 0;
      },
      faulted: () => this.observer.fault(this.now),
      hasKernel: (node) => this.machines.get(node)?.hasKernel === true,
      owns: (node, group) => this.#owns(node, group),
      announces: (group) => this.#announce(name, group),
    });
    this.machines.set(name, machine);
  }
}

/** What it takes beyond the first round, where all others may die at once. */
export function roundsMs(nodes: number): number {
  return ROUND_MS * Math.max(0, Math.ceil((nodes - 1) / DEAD_A_ROUND) - 1);
}
