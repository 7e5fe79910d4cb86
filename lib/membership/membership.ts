/**
 * Who is alive, as one speaker judges by the heartbeats that reach it. Each speaker judges alone; speakers that
 * hear the same heartbeats hold the same set. A state machine without clock and sockets: it is told what was
 * heard and what time it is, and returns what changed. It does not authenticate: whoever feeds it has done so.
 */

import type { Heartbeat } from "#lib/wire/heartbeat.ts";

/** Each speaker sends one heartbeat to each other member at this interval. */
export const HEARTBEAT_INTERVAL_MS = 200;

/** A member is dead after this silence: four heartbeats lost and the fifth not there in time. */
export const DEAD_AFTER_MS = 1_000;

export interface MemberChange {
  readonly kind: "joined" | "died" | "left";
  readonly name: string;
  /** A sentence. */
  readonly because: string;
  /** Milliseconds since its last heartbeat, when a member died that was heard before. */
  readonly silentMs?: number;
}

/** Why a heartbeat did not count. */
export type IgnoredHeartbeat = "own-name" | "not-a-member" | "old-incarnation" | "old-sequence";

interface MemberState {
  readonly name: string;
  incarnation: bigint;
  sequence: number;
  /** When it was last heard; the start of this speaker when it only is presumed alive. */
  heardAt: number;
  wasAlive: boolean;
}

const NO_CHANGES: readonly MemberChange[] = [];

/** Below every incarnation that a heartbeat can carry. */
const NEVER_HEARD = -1n;

export class Membership {
  /** How many heartbeats did not count, by reason. */
  readonly ignored: Record<IgnoredHeartbeat, number> = {
    "own-name": 0,
    "not-a-member": 0,
    "old-incarnation": 0,
    "old-sequence": 0,
  };
  readonly #self: string;
  readonly #members = new Map<string, MemberState>();
  /** The living ones, those that were silent for longest first, so that the first is the next to die. */
  readonly #living = new Map<string, MemberState>();

  /**
   * Members that were never heard are presumed alive for one silence, so that a speaker that starts among
   * living owners leaves them their addresses.
   *
   * @param members names of all nodes, with or without this one
   * @param now milliseconds of a clock that never steps back, as all instants here
   */
  constructor(self: string, members: readonly string[], now: number) {
    this.#self = self;
    for (const name of members) {
      if (name !== self) {
        this.#revive(this.#add(name), now);
      }
    }
  }

  /** Names of the living, this node among them: who runs this code is alive. */
  alive(): ReadonlySet<string> {
    return new Set([this.#self, ...this.#living.keys()]);
  }

  /** When `tick` has something to do at the earliest, unless a heartbeat comes before; undefined: never. */
  get nextDeadline(): number | undefined {
    const [next] = this.#living.values();
    return next === undefined ? undefined : next.heardAt + DEAD_AFTER_MS;
  }

  isAlive(name: string): boolean {
    return name === this.#self || this.#living.has(name);
  }

  /**
   * Takes a heartbeat, and returns what it changed, or why it does not count. A recorded one that is played again does
   * not: its sequence is not new. So a speaker that restarts with its clock set back is not heard until the clock has
   * caught up and its incarnation, which follows the clock, with it.
   */
  heard(heartbeat: Heartbeat, now: number): readonly MemberChange[] | IgnoredHeartbeat {
    const member = this.#members.get(heartbeat.sender);
    if (member === undefined) {
      return this.#ignore(heartbeat.sender === this.#self ? "own-name" : "not-a-member");
    }
    if (heartbeat.incarnation < member.incarnation) {
      return this.#ignore("old-incarnation");
    }
    if (heartbeat.incarnation === member.incarnation && heartbeat.sequence <= member.sequence) {
      return this.#ignore("old-sequence");
    }
    member.incarnation = heartbeat.incarnation;
    member.sequence = heartbeat.sequence;
    return heartbeat.leaving
      ? this.#leave(member, "its speaker was stopped")
      : this.#hear(member, now);
  }

  /**
   * Takes the new list of nodes. A node that joins it is dead until it is first heard.
   *
   * @param members names of all nodes, with or without this one
   */
  setMembers(members: readonly string[]): readonly MemberChange[] {
    const listed = new Set(members);
    const changes: MemberChange[] = [];
    for (const member of this.#members.values()) {
      if (!listed.has(member.name)) {
        this.#members.delete(member.name);
        changes.push(...this.#leave(member, "its Node was deleted"));
      }
    }
    for (const name of listed) {
      if (name !== this.#self && !this.#members.has(name)) {
        this.#add(name);
      }
    }
    return changes;
  }

  /** Holds dead who was silent for too long. Heartbeats that wait in a socket are to be handed in before. */
  tick(now: number): readonly MemberChange[] {
    const changes: MemberChange[] = [];
    for (const member of this.#living.values()) {
      const silentMs = now - member.heardAt;
      if (silentMs < DEAD_AFTER_MS) {
        break;
      }
      this.#living.delete(member.name);
      changes.push(died(member, silentMs));
    }
    return changes;
  }

  #ignore(why: IgnoredHeartbeat): IgnoredHeartbeat {
    this.ignored[why] += 1;
    return why;
  }

  #add(name: string): MemberState {
    const member = { name, incarnation: NEVER_HEARD, sequence: 0, heardAt: 0, wasAlive: false };
    this.#members.set(name, member);
    return member;
  }

  #revive(member: MemberState, now: number): void {
    member.heardAt = now;
    member.wasAlive = true;
    this.#living.delete(member.name);
    this.#living.set(member.name, member);
  }

  #hear(member: MemberState, now: number): readonly MemberChange[] {
    const wasDead = !this.#living.has(member.name);
    const because = member.wasAlive ? `${member.name} is back` : `${member.name} joined`;
    this.#revive(member, now);
    return wasDead ? [{ kind: "joined", name: member.name, because }] : NO_CHANGES;
  }

  #leave(member: MemberState, why: string): readonly MemberChange[] {
    return this.#living.delete(member.name)
      ? [{ kind: "left", name: member.name, because: `${member.name} left: ${why}` }]
      : NO_CHANGES;
  }
}

function died(member: MemberState, silentMs: number): MemberChange {
  const limit = `${DEAD_AFTER_MS.toLocaleString("en")} ms`;
  const { name } = member;
  return member.incarnation === NEVER_HEARD
    ? { kind: "died", name, because: `${name} is dead: no heartbeat in the first ${limit}` }
    : { kind: "died", name, because: `${name} is dead: no heartbeat for ${limit}`, silentMs };
}
