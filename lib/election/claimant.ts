/**
 * What one node owns of the address groups, and what it does to get and to give them. A machine without clock and sockets.
 * "First" is the first node in the group's order that can take it.
 *
 *  owner               | this node      | then
 *  --------------------|----------------|---------------------------------------------------------------
 *  nobody, or dead     | is first       | it claims the group; a second after its start at the earliest
 *  speaker down        | next in line   | it lends the owner its voice; after 30 s, if first, it claims the group
 *                      | one after that | it lends its voice too after a second, for each may hold the other for the next
 *  alive               | next in line   | it listens
 *  alive, is this node | drains, is not eligible, or another was first for 30 s | it offers the group to the first
 *  alive, was this one |                | it lends the new owner its voice for 2 s
 *
 * Only the owner ends its ownership while its speaker lives: two nodes whose views differ would otherwise depose each
 * other for as long as they do.
 */

import type { MemberChange } from "#lib/membership/change.ts";
import type { Claim } from "#lib/membership/claim.ts";
import { MemberState } from "#lib/membership/member-record.ts";
import type { Message } from "#lib/membership/message.ts";
import { isAfter, nextAfter } from "#lib/membership/serial.ts";
import { Candidates, type GroupDemand } from "./candidates.ts";
import { Causes } from "./causes.ts";
import type { Cause, ClaimantEffect } from "./claimant-effect.ts";
import type { ClaimantOptions } from "./claimant-options.ts";
import { Giving } from "./giving.ts";
import { type Group, lookAgain, newGroup } from "./group.ts";
import { Keeping } from "./keeping.ts";
import { Leftovers } from "./leftovers.ts";
import { Moves } from "./moves.ts";
import { Rivals } from "./rivals.ts";
import { isSameRole, type Role } from "./role.ts";
import { Roles } from "./roles.ts";
import { Succession } from "./succession.ts";

/** How long the former owner answers with the address of the new one. */
const LEND_MS = 2_000;

/** Several others may tell of one rival, one after the other. */
const ANNOUNCE_ANEW_EVERY_MS = 1_000;

const NEVER = Number.POSITIVE_INFINITY;

export class Claimant {
  readonly #options: ClaimantOptions;
  readonly #groups = new Map<string, Group>();
  readonly #moves: Moves;
  readonly #keeping: Keeping;
  readonly #giving: Giving;
  readonly #succession: Succession;
  readonly #roles: Roles;
  readonly #rivals: Rivals;
  readonly #leftovers: Leftovers;
  #effects: ClaimantEffect[] = [];
  readonly #candidates: Candidates;
  readonly #causes: Causes;
  #lookAt = NEVER;

  constructor(options: ClaimantOptions) {
    this.#options = options;
    this.#moves = new Moves();
    this.#rivals = new Rivals(options.member);
    this.#keeping = new Keeping(options.member, options.hasSurrogates);
    this.#candidates = new Candidates(options.self, options.member);
    this.#causes = new Causes(options.self, options.member, this.#candidates, this.#keeping);
    this.#succession = new Succession(options.member, this.#candidates);
    this.#roles = new Roles(options, this.#candidates, this.#keeping);
    this.#giving = new Giving(options, this.#candidates);
    this.#leftovers = new Leftovers(options.self, options.member);
  }

  roleOf(group: string): Role | undefined {
    return this.#groups.get(group)?.role;
  }

  ownerOf(group: string): string | undefined {
    return this.#groups.get(group)?.owner;
  }

  put(demand: GroupDemand, now: number): readonly ClaimantEffect[] {
    const known = this.#groups.get(demand.group);
    if (known === undefined) {
      const group = newGroup(demand);
      this.#groups.set(demand.group, group);
      this.#look(group, now, this.#causes.ofClaim(demand.group));
    } else {
      known.demand = demand;
      this.#look(known, now, { because: "the eligible nodes changed" });
    }
    return this.#take();
  }

  remove(key: string, because: string): readonly ClaimantEffect[] {
    const group = this.#groups.get(key);
    if (group === undefined) {
      return [];
    }
    this.#groups.delete(key);
    this.#moves.end(key);
    this.#rivals.end(key);
    this.#succession.end(key);
    if (group.owner === this.#options.self) {
      this.#claim(key, undefined, []);
    }
    if (group.owner !== undefined) {
      this.#effects.push({ kind: "owner", group: key, from: group.owner, to: undefined, because });
    }
    return this.#take();
  }

  /** A claim of the group was heard. */
  claimHeard(key: string, now: number): readonly ClaimantEffect[] {
    const group = this.#groups.get(key);
    if (group !== undefined) {
      this.#succession.claimed(group, now);
      this.#look(group, now, this.#causes.ofClaim(key));
    } else if (
      this.#options.member.table.claim(key)?.owner === this.#options.self &&
      now >= this.#options.member.claimsFrom
    ) {
      // others hold this node for the owner of what it knows nothing of
      this.#claim(key, undefined, []);
    }
    return this.#take();
  }

  /** Notes of what a member died; what follows is seen when all groups are looked at. */
  memberChanged(change: MemberChange): void {
    this.#causes.memberChanged(change);
    if (change.to === MemberState.alive) {
      this.#keeping.forget(change.node);
    }
  }

  /** Ends the memory of a node that left the cluster. */
  forget(node: string): void {
    this.#causes.forget(node);
    this.#keeping.forget(node);
  }

  /** A member is in another state, this node is settled or not, or it joined. */
  lookAtAll(now: number, cause: Cause): readonly ClaimantEffect[] {
    for (const group of this.#groups.values()) {
      this.#look(group, now, cause);
    }
    return this.#take();
  }

  receive(from: string, message: Message, now: number): readonly ClaimantEffect[] {
    if (message.kind === "offer") {
      this.#considerOffer(from, message.claims, now);
    } else if (message.kind === "refusal") {
      for (const key of message.groups) {
        this.#moves.refused(key, from, now);
      }
    }
    return this.#take();
  }

  /** A frame tells the MAC address of the node as that of the group's address. */
  addressHeard(key: string, node: string, now: number): readonly ClaimantEffect[] {
    const { member, self } = this.#options;
    const group = this.#groups.get(key);
    const claim = member.table.claim(key);
    this.#succession.answered(key, node, now);
    if (group === undefined || claim?.owner !== self || !member.isMember(node)) {
      return [];
    }
    switch (this.#rivals.heard(claim, node, now)) {
      case "tell":
        // it answers if it knows of a newer claim
        this.#send(node, { kind: "records", members: [], claims: [claim] });
        break;
      case "yield":
        this.#claim(key, node, [node]);
        break;
      case "defend":
        this.#effects.push({ kind: "defend", group: key });
        break;
    }
    this.#look(group, now, { because: `${node} announces it too` });
    return this.#take();
  }

  /** Another member told that it has the group, in whose place this node may have come long ago. */
  rivalHeard(key: string, now: number): readonly ClaimantEffect[] {
    const group = this.#groups.get(key);
    if (group !== undefined) {
      this.#announceAnew(group, now);
    }
    return this.#take();
  }

  get nextDeadline(): number {
    return Math.min(this.#lookAt, this.#moves.nextDeadline, this.#leftovers.nextDeadline);
  }

  tick(now: number): readonly ClaimantEffect[] {
    if (now >= this.#lookAt) {
      this.#lookAt = NEVER;
      for (const group of this.#groups.values()) {
        if (now >= group.lookAt) {
          this.#look(group, now, { because: "a waiting period ended" });
        } else {
          this.#lookAt = Math.min(this.#lookAt, group.lookAt);
        }
      }
    }
    this.#sweep(now);
    const { offers, overdue } = this.#moves.tick(now);
    const own = this.#options.member.table.member(this.#options.self);
    for (const [to, groups] of offers) {
      // it may not have heard yet why this node gives them away
      this.#send(to, { kind: "records", members: own === undefined ? [] : [own], claims: [] });
      this.#send(to, { kind: "offer", claims: groups.map((key) => this.#offered(key, to)) });
    }
    for (const key of overdue) {
      const group = this.#groups.get(key);
      if (group !== undefined) {
        this.#look(group, now, { because: "the offered node did not take it" });
      }
    }
    return this.#take();
  }

  #sweep(now: number): void {
    const { forget, giveUp } = this.#leftovers.tick(now, (group) => this.#groups.has(group));
    for (const key of forget) {
      this.#options.member.table.forgetClaim(key);
    }
    for (const key of giveUp) {
      this.#claim(key, undefined, []);
    }
  }

  #offered(group: string, to: string): Claim {
    const epoch = nextAfter(this.#options.member.table.claim(group)?.epoch ?? 0);
    return { group, epoch, owner: to };
  }

  #considerOffer(from: string, claims: readonly Claim[], now: number): void {
    const { member, self } = this.#options;
    if (!member.isSettled) {
      // it would decline what it may take in a moment, when the offer is repeated
      return;
    }
    const refused: string[] = [];
    for (const claim of claims) {
      const group = this.#groups.get(claim.group);
      const known = member.table.claim(claim.group);
      if (known !== undefined && !isAfter(claim.epoch, known.epoch)) {
        this.#send(from, { kind: "records", members: [], claims: [known] });
      } else if (
        group === undefined ||
        claim.owner !== self ||
        !this.#candidates.isEligible(group.demand) ||
        !this.#candidates.canTake(self, group.demand)
      ) {
        refused.push(claim.group);
      } else if (!this.#candidates.wouldReturn(from, group.demand)) {
        // else it says nothing: that the other drains may be on its way, and the offer comes again
        member.table.putClaim(claim);
        this.#effects.push({ kind: "claimed", group: claim.group, tell: [from] });
        this.#look(group, now, { because: `${from} handed it over` });
      }
    }
    if (refused.length > 0) {
      this.#send(from, { kind: "refusal", groups: refused });
    }
  }

  /** Level-triggered: safe at any time, any number of times. */
  #look(group: Group, now: number, cause: Cause): void {
    const { member, self } = this.#options;
    const { table } = member;
    group.lookAt = NEVER;
    const key = group.demand.group;
    if (table.claim(key)?.owner === self && this.#candidates.isBeyondAll(group.demand)) {
      this.#claim(key, undefined, []);
    }
    let owner = this.#ownerNow(key, now, group);
    let why = cause;
    if (owner !== undefined) {
      group.orphanSince = undefined;
      this.#succession.end(key);
    } else if (this.#takesTurn(group, now)) {
      owner = self;
      group.orphanSince = undefined;
      why = this.#causes.ofVacancy(group.demand);
      const next = this.#candidates.first(group.demand, self);
      this.#claim(key, self, next === undefined ? [] : [next]);
      this.#announceAnew(group, now);
    }
    this.#noteOwner(group, owner ?? this.#unsucceeded(group), now, why);
    this.#setRole(group, this.#roles.of(group, owner ?? table.claim(key)?.owner, now));
    this.#considerMove(group, owner, now);
    this.#askRival(group, now);
    this.#lookAt = Math.min(this.#lookAt, group.lookAt);
  }

  /** A dead owner counts as one until it is succeeded; nobody does where nobody can. */
  #unsucceeded({ demand }: Group): string | undefined {
    return this.#candidates.first(demand) === undefined
      ? undefined
      : this.#options.member.table.claim(demand.group)?.owner;
  }

  /** Whether this node is to claim now what nobody has, or whose owner may be succeeded. */
  #takesTurn(group: Group, now: number): boolean {
    const turn = this.#succession.turnOn(group, now);
    if (turn.kind === "ask") {
      this.#effects.push({ kind: "ask", group: group.demand.group, owner: turn.owner });
    }
    return turn.kind === "claim";
  }

  /** Who owns the group and is not to be succeeded; undefined: whoever is first may claim it. */
  #ownerNow(key: string, now: number, group: Group): string | undefined {
    const { member, self } = this.#options;
    const owner = member.table.claim(key)?.owner;
    if (owner === undefined || owner === self) {
      return owner;
    }
    const until = this.#keeping.until(owner, now);
    if (now >= until) {
      return undefined;
    }
    lookAgain(group, until);
    return owner;
  }

  #noteOwner(group: Group, owner: string | undefined, now: number, cause: Cause): void {
    const { self } = this.#options;
    const from = group.owner;
    if (from === owner) {
      return;
    }
    group.owner = owner;
    this.#rivals.end(group.demand.group);
    this.#succession.end(group.demand.group);
    if (owner === self) {
      // it is announced by that alone
      group.announcedAt = now;
    }
    if (from === self && owner !== undefined) {
      group.lendUntil = now + LEND_MS;
    }
    if (owner !== self) {
      this.#moves.end(group.demand.group);
    }
    this.#effects.push({ kind: "owner", group: group.demand.group, from, to: owner, ...cause });
  }

  /** What this node comes to own is announced by that alone. */
  #announceAnew(group: Group, now: number): void {
    if (group.role?.kind === "own" && now >= group.announcedAt + ANNOUNCE_ANEW_EVERY_MS) {
      group.announcedAt = now;
      this.#effects.push({ kind: "announce", group: group.demand.group });
    }
  }

  #considerMove(group: Group, owner: string | undefined, now: number): void {
    const { member, self } = this.#options;
    const key = group.demand.group;
    if (owner !== self || !member.isSettled) {
      group.preferred = undefined;
      return;
    }
    const askableAt = (node: string) => this.#moves.askableAt(key, node);
    const { lookAt, to } = this.#giving.giftOf(group, now, askableAt);
    lookAgain(group, lookAt);
    if (to === undefined) {
      this.#moves.pause(key);
    } else {
      this.#moves.begin(key, to, now);
    }
  }

  #askRival(group: Group, now: number): void {
    const { group: key } = group.demand;
    const { ask, lookAt } = this.#rivals.step(key, now);
    lookAgain(group, lookAt);
    if (ask !== undefined) {
      this.#effects.push({ kind: "ask", group: key, owner: ask });
    }
  }

  #claim(group: string, owner: string | undefined, tell: readonly string[]): void {
    const { table } = this.#options.member;
    const epoch = nextAfter(table.claim(group)?.epoch ?? 0);
    table.putClaim({ group, epoch, owner });
    this.#effects.push({ kind: "claimed", group, tell });
  }

  #setRole(group: Group, role: Role | undefined): void {
    const before = group.role;
    if (!isSameRole(before, role)) {
      group.role = role;
      this.#effects.push({ kind: "role", group: group.demand.group, role });
    }
  }

  #send(to: string, message: Message): void {
    this.#effects.push({ kind: "send", to, message });
  }

  #take(): readonly ClaimantEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
