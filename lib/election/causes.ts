/** Why a group has another owner, in words. */

import type { MemberChange } from "#lib/membership/change.ts";
import type { Member } from "#lib/membership/member.ts";
import { MemberState } from "#lib/membership/member-record.ts";
import type { Candidates, GroupDemand } from "./candidates.ts";
import type { Cause } from "./claimant-effect.ts";
import type { Keeping } from "./keeping.ts";

export class Causes {
  readonly #self: string;
  readonly #member: Member;
  readonly #candidates: Candidates;
  readonly #keeping: Keeping;
  /** Of members that are dead. */
  readonly #deaths = new Map<string, Cause>();

  constructor(self: string, member: Member, candidates: Candidates, keeping: Keeping) {
    this.#self = self;
    this.#member = member;
    this.#candidates = candidates;
    this.#keeping = keeping;
  }

  memberChanged({ because, node, silentMs, to }: MemberChange): void {
    if (to === MemberState.dead) {
      this.#deaths.set(node, silentMs === undefined ? { because } : { because, afterMs: silentMs });
    } else {
      this.#deaths.delete(node);
    }
  }

  forget(node: string): void {
    this.#deaths.delete(node);
  }

  /** Why the owner is who claimed the group last. */
  ofClaim(group: string): Cause {
    const owner = this.#member.table.claim(group)?.owner;
    if (owner === undefined) {
      return { because: "its owner gave it up" };
    }
    return {
      because: owner === this.#self ? "it owned the address before" : `${owner} claimed it`,
    };
  }

  /** Why this node may claim the group. */
  ofVacancy(demand: GroupDemand): Cause {
    const former = this.#member.table.claim(demand.group)?.owner;
    if (former !== undefined) {
      return this.#ofEnd(former);
    }
    return this.#candidates.first(demand) === this.#self
      ? { because: `${this.#self} is the first eligible node that is alive` }
      : { because: `no node that is preferred to ${this.#self} claimed it` };
  }

  /** Why the owner keeps nothing any more. */
  #ofEnd(owner: string): Cause {
    switch (this.#member.stateOf(owner) ?? MemberState.dead) {
      case MemberState.dead:
        return this.#deaths.get(owner) ?? { because: `${owner} is dead` };
      case MemberState.alive:
        return { because: `${owner} is no longer a node of the cluster` };
      case MemberState.restarting:
      case MemberState.speakerDown:
        return {
          because: `the speaker on ${owner} is down for ${this.#keeping.speakerDownMs / 1_000} s`,
        };
    }
  }
}
