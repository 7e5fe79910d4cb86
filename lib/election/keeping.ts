import type { Member } from "#lib/membership/member.ts";
import { MemberState } from "#lib/membership/member-record.ts";

/** How long a speaker that is down keeps its groups, while its kernel forwards and another answers for it. */
const SPEAKER_DOWN_KEEPS_MS = 30_000;

/** The same where no other node may answer for it. */
const UNANSWERED_KEEPS_MS = 1_000;

/** A node that lives, but left the list of nodes, has so long to give its groups away by itself. */
const UNLISTED_KEEPS_MS = 2_000;

const FOREVER = Number.POSITIVE_INFINITY;
const NOT_AT_ALL = Number.NEGATIVE_INFINITY;

/** Until when owners keep what they own, as this node sees them. */
export class Keeping {
  /** How long a speaker that is down keeps its groups. */
  readonly speakerDownMs: number;
  readonly #member: Member;
  /** When each was first seen down or gone from the list. */
  readonly #since = new Map<string, number>();

  constructor(member: Member, hasSurrogates: boolean) {
    this.#member = member;
    this.speakerDownMs = hasSurrogates ? SPEAKER_DOWN_KEEPS_MS : UNANSWERED_KEEPS_MS;
  }

  /** Infinity: it is well; -Infinity: it is dead. */
  until(owner: string, now: number): number {
    const state = this.#member.stateOf(owner) ?? MemberState.dead;
    // one that was never in the list is newer than this node's list
    const isWell = state === MemberState.alive && !this.#member.isFormer(owner);
    if (isWell || state === MemberState.dead) {
      this.#since.delete(owner);
      return isWell ? FOREVER : NOT_AT_ALL;
    }
    const since = this.#since.get(owner) ?? now;
    this.#since.set(owner, since);
    return since + (state === MemberState.alive ? UNLISTED_KEEPS_MS : this.speakerDownMs);
  }

  /** It is well again, or gone for good. */
  forget(node: string): void {
    this.#since.delete(node);
  }

  /** When the owner was first seen down; Infinity: it was not. */
  downSince(owner: string): number {
    return this.#since.get(owner) ?? FOREVER;
  }
}
