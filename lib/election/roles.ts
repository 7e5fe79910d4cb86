import { MemberState } from "#lib/membership/member-record.ts";
import type { Candidates } from "./candidates.ts";
import type { ClaimantOptions } from "./claimant-options.ts";
import { type Group, lookAgain } from "./group.ts";
import type { Role } from "./role.ts";

type RolesOptions = Pick<ClaimantOptions, "hasSurrogates" | "member" | "self">;

const OWN: Role = { kind: "own" };
const LISTEN: Role = { kind: "listen" };

/** What this node is to each group. */
export class Roles {
  readonly #options: RolesOptions;
  readonly #candidates: Candidates;

  constructor(options: RolesOptions, candidates: Candidates) {
    this.#options = options;
    this.#candidates = candidates;
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
      return state !== MemberState.dead && this.#candidates.isSurrogate(group.demand, owner);
    }
    if (now < group.lendUntil) {
      lookAgain(group, group.lendUntil);
      return true;
    }
    return false;
  }
}
