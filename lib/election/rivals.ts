import { type Claim, isNewerClaim } from "#lib/membership/claim.ts";
import type { Member } from "#lib/membership/member.ts";
import { MemberState } from "#lib/membership/member-record.ts";

/** Two that tell each other their claims agree within that time; if they do not, messages are lost between them. */
const AGREE_WITHIN_MS = 300;

/** Who was not heard for so long has ended, and begins anew. */
const SILENT_FOR_MS = 10_000;

/** Two that cannot agree, for each holds the other for dead, would answer each announcement by another one. */
const DEFEND_EVERY_MS = 1_000;

interface Rival {
  node: string;
  readonly since: number;
  heardAt: number;
  isAsked: boolean;
  defendedAt: number;
}

/** What to do about a rival: tell it this node's claim, or, if that was of no use, go by what both can work out alone. */
export type Response = "tell" | "yield" | "defend";

interface Step {
  readonly ask?: string;
  readonly lookAt: number;
}

const NOTHING: Step = { lookAt: Number.POSITIVE_INFINITY };

/** This node, as a member. */
interface RivalsMember extends Pick<Member, "stateOf"> {
  readonly seen: { readonly isDeaf: boolean };
}

/** Other nodes of the cluster that tell their own MAC addresses for groups of this node; of several the strongest. */
export class Rivals {
  readonly #member: RivalsMember;
  /** By group. */
  readonly #rivals = new Map<string, Rival>();

  constructor(member: RivalsMember) {
    this.#member = member;
  }

  /** @param claim of this node */
  heard(claim: Claim, node: string, now: number): Response {
    if (this.#member.seen.isDeaf) {
      // the others can tell this node nothing, and have taken over, for it says so
      return "yield";
    }
    const response = this.#respond(claim, node, now);
    const isDead = this.#member.stateOf(node) === MemberState.dead;
    return response === "yield" && isDead ? this.#defend(claim.group, now) : response;
  }

  #defend(group: string, now: number): Response {
    const rival = this.#rivals.get(group);
    if (rival === undefined || now < rival.defendedAt + DEFEND_EVERY_MS) {
      return "tell";
    }
    rival.defendedAt = now;
    return "defend";
  }

  #respond(claim: Claim, node: string, now: number): Response {
    const theirs = { ...claim, owner: node };
    const known = this.#rivals.get(claim.group);
    if (known === undefined || now - known.heardAt > SILENT_FOR_MS) {
      this.#rivals.set(claim.group, {
        node,
        since: now,
        heardAt: now,
        isAsked: false,
        defendedAt: now - DEFEND_EVERY_MS,
      });
      return "tell";
    }
    known.heardAt = now;
    if (isNewerClaim(theirs, { ...claim, owner: known.node })) {
      known.node = node;
    }
    if (now < known.since + AGREE_WITHIN_MS) {
      return "tell";
    }
    return isNewerClaim(theirs, claim) ? "yield" : this.#defend(claim.group, now);
  }

  /**
   * Nobody tells an address all the time: so a rival is asked once whether it still does.
   *
   * @returns whom to ask now, or when
   */
  step(group: string, now: number): Step {
    const rival = this.#rivals.get(group);
    if (rival === undefined || rival.isAsked) {
      return NOTHING;
    }
    const lookAt = rival.since + AGREE_WITHIN_MS;
    if (now < lookAt) {
      return { lookAt };
    }
    rival.isAsked = true;
    return { ask: rival.node, lookAt: Number.POSITIVE_INFINITY };
  }

  end(group: string): void {
    this.#rivals.delete(group);
  }
}
