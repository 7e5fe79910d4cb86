import type { Member } from "#lib/membership/member.ts";
import { MemberState } from "#lib/membership/member-record.ts";
import type { Candidates } from "./candidates.ts";
import { type Group, lookAgain } from "./group.ts";
import { Inquiries } from "./inquiries.ts";

/** Views of who is first may differ: who comes next claims what nobody has after one such wait, and so on. */
const NEXT_CLAIMS_AFTER_MS = 300;
const CLAIM_UP_TO_PLACE = 4;

export type Turn =
  | { readonly kind: "claim" | "wait" }
  /** Whether the owner answers for the group. */
  | { readonly kind: "ask"; readonly owner: string };

const WAIT: Turn = { kind: "wait" };
const CLAIM: Turn = { kind: "claim" };

/** When this node claims a group that nobody has, or whose owner may be succeeded. */
export class Succession {
  readonly #member: Member;
  readonly #candidates: Candidates;
  readonly #inquiries = new Inquiries();

  constructor(member: Member, candidates: Candidates) {
    this.#member = member;
    this.#candidates = candidates;
  }

  turnOn(group: Group, now: number): Turn {
    const { claimsFrom, isSettled } = this.#member;
    if (!isSettled) {
      return WAIT;
    }
    if (now < claimsFrom) {
      lookAgain(group, claimsFrom);
      return WAIT;
    }
    group.orphanSince ??= now;
    const place = this.#candidates.placeOfSelf(group.demand, CLAIM_UP_TO_PLACE);
    if (place === undefined) {
      return WAIT;
    }
    const first = this.#candidates.first(group.demand) ?? "";
    // the first may have started later, and hold back still
    const firstAt = Math.max(group.orphanSince, this.#member.claimsFromOf(first));
    const claimAt = place === 0 ? group.orphanSince : firstAt + place * NEXT_CLAIMS_AFTER_MS;
    if (now < claimAt) {
      lookAgain(group, claimAt);
      return WAIT;
    }
    return this.#turnOnOwner(group, place, now);
  }

  /** A claim of somebody who is dead was heard: he may be back, and his record on its way. */
  claimed(group: Group, now: number): void {
    const owner = this.#member.table.claim(group.demand.group)?.owner;
    const state = owner === undefined ? undefined : this.#member.stateOf(owner);
    if (state === MemberState.dead) {
      group.orphanSince = now + NEXT_CLAIMS_AFTER_MS;
    }
  }

  /** The node told its MAC address as that of the group's. */
  answered(group: string, node: string, now: number): void {
    this.#inquiries.answered(group, node, now, this.#member.stateOf(node) !== undefined);
  }

  end(group: string): void {
    this.#inquiries.end(group);
  }

  #turnOnOwner(group: Group, place: number, now: number): Turn {
    const { group: key } = group.demand;
    const owner = this.#member.table.claim(key)?.owner;
    const state = owner === undefined ? MemberState.dead : this.#member.stateOf(owner);
    // one that lives, and left the cluster, hears that it is succeeded
    if (owner === undefined || state === MemberState.dead || state === MemberState.alive) {
      return CLAIM;
    }
    if (place > 0) {
      // the first asks; who has no part in the group would hear no answer
      return WAIT;
    }
    const step = this.#inquiries.step(key, owner, now);
    if (step.kind === "succeed") {
      return CLAIM;
    }
    lookAgain(group, step.until);
    return step.kind === "ask" ? { kind: "ask", owner } : WAIT;
  }
}
