/** Claims that nobody needs any more, found now and then, so that they do not gather for ever. */

import type { Claim } from "#lib/membership/claim.ts";
import type { Member } from "#lib/membership/member.ts";
import { MemberState } from "#lib/membership/member-record.ts";

const SWEEP_EVERY_MS = 60_000;

/** Long enough for every node to have learned of a Service, or of its end. */
const LEFT_FOR_MS = 600_000;

export interface Found {
  /** Nobody has them. */
  readonly forget: readonly string[];
  /** In the name of an owner that cannot do it. */
  readonly giveUp: readonly string[];
}

const NOTHING: Found = { forget: [], giveUp: [] };

export class Leftovers {
  readonly #self: string;
  readonly #member: Member;
  readonly #since = new Map<string, number>();
  #sweepAt = 0;

  constructor(self: string, member: Member) {
    this.#self = self;
    this.#member = member;
  }

  get nextDeadline(): number {
    return Math.max(this.#sweepAt, this.#member.claimsFrom);
  }

  /** @param isAnnounced whether the group is to be announced, as far as this node knows */
  tick(now: number, isAnnounced: (group: string) => boolean): Found {
    if (now < this.nextDeadline) {
      return NOTHING;
    }
    this.#sweepAt = now + SWEEP_EVERY_MS;
    const forget: string[] = [];
    const giveUp: string[] = [];
    for (const claim of this.#member.table.claims) {
      const isLeft = !isAnnounced(claim.group) && this.#isUnserved(claim);
      if (!isLeft) {
        this.#since.delete(claim.group);
      } else if (claim.owner === this.#self || this.#isOld(claim.group, now)) {
        this.#since.delete(claim.group);
        (claim.owner === undefined ? forget : giveUp).push(claim.group);
      }
    }
    return { forget, giveUp };
  }

  #isUnserved({ owner }: Claim): boolean {
    return (
      owner === undefined ||
      owner === this.#self ||
      (this.#member.stateOf(owner) ?? MemberState.dead) === MemberState.dead
    );
  }

  #isOld(group: string, now: number): boolean {
    const since = this.#since.get(group) ?? now;
    this.#since.set(group, since);
    return now - since >= LEFT_FOR_MS;
  }
}
