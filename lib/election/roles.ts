import { MemberState } from "#lib/membership/member-record.ts";
import type { Candidates } from "./candidates.ts";
import type { ClaimantOptions } from "./claimant-options.ts";
import { type Group, lookAgain } from "./group.ts";
import type { Keeping } from "./keeping.ts";
import type { Role } from "./role.ts";

type RolesOptions = Pick<ClaimantOptions, "hasSurrogates" | "member" | "self">;

/**
 * The one after the next lends its voice too where the owner's speaker stays down: each of them may hold the other for
 * the next. Both tell the owner's MAC address, so that two answers do no harm.
 */
const SECOND_VOICE_AFTER_MS = 1_000;

const OWN: Role = { kind: "own" };
const LISTEN: Role = { kind: "listen" };

/** What this node is to each group. */
export class Roles {
  readonly #options: RolesOptions;
  readonly #candidates: Candidates;
  readonly #keeping: Keeping;

  constructor(options: RolesOptions, candidates: Candidates, keeping: Keeping) {
    this.#options = options;
    this.#candidates = candidates;
    this.#keeping = keeping;
  }

  of(group: Group, owner: string | undefined, now: number): Role | undefined {
    const { member, self } = this.#options;
    if (owner === self) {
      return member.isSettled ? OWN : LISTEN;
    }
    const isNext = this.#candidates.first(group.demand, owner) === self;
    if (owner !== undefined && member.isSettled && this.#lends(group, owner, now)) {
      return { kind: "voice", of: owner };
    }
    return isNext ? LISTEN : undefined;
  }

  /** Whether this node answers for the owner, with the MAC address of that. */
  #lends(group: Group, owner: string, now: number): boolean {
    const { hasSurrogates, member } = this.#options;
    const state = member.stateOf(owner) ?? MemberState.dead;
    if (!hasSurrogates) {
      return false;
    }
    if (state !== MemberState.alive) {
      return (
        state !== MemberState.dead &&
        (this.#candidates.isSurrogate(group.demand, owner) || this.#isSecond(group, owner, now))
      );
    }
    if (now < group.lendUntil) {
      lookAgain(group, group.lendUntil);
      return true;
    }
    return false;
  }

  #isSecond(group: Group, owner: string, now: number): boolean {
    if (this.#candidates.placeOfSelf(group.demand, 2) !== 1) {
      return false;
    }
    const since = this.#keeping.downSince(owner) + SECOND_VOICE_AFTER_MS;
    if (now < since) {
      lookAgain(group, since);
    }
    return now >= since;
  }
}
