/**
 * A node whose heartbeats are lost may have a speaker that works: a firewall on its way does not stop frames. Who is to
 * succeed an owner that it does not know to be dead therefore asks the owner's MAC address for the group's address first.
 */

/** One answer is enough, and four questions may be lost. */
const QUESTIONS = 5;
const ASK_EVERY_MS = 50;

/** Who answered for its address keeps it for so long until it is asked again, for others still find out when its node dies. */
const ANSWER_COUNTS_MS = 30_000;

/** Of so many groups an owner is asked in a second: it answers one node no more than a thousand times. */
const GROUPS_A_SECOND = 500;
const SECOND_MS = 1_000;

interface Inquiry {
  readonly owner: string;
  asked: number;
  nextAt: number;
  hasAnswer: boolean;
}

/** What is to be done about an owner that may be succeeded. */
export type Step =
  | { readonly kind: "ask" | "wait"; readonly until: number }
  /** It does not answer. */
  | { readonly kind: "succeed" };

export class Inquiries {
  /** By group. */
  readonly #inquiries = new Map<string, Inquiry>();
  /** How many there are, by owner. */
  readonly #counts = new Map<string, number>();

  step(group: string, owner: string, now: number): Step {
    const inquiry = this.#of(group, owner, now);
    if (now < inquiry.nextAt) {
      return { kind: "wait", until: inquiry.nextAt };
    }
    if (inquiry.hasAnswer) {
      inquiry.hasAnswer = false;
      inquiry.asked = 0;
    }
    if (inquiry.asked === QUESTIONS) {
      return { kind: "succeed" };
    }
    inquiry.asked += 1;
    inquiry.nextAt = now + ASK_EVERY_MS;
    return { kind: "ask", until: inquiry.nextAt };
  }

  /**
   * The owner told its MAC address as that of the group's.
   *
   * @param isKnown whether this node has a record of the owner. If not, nothing else would tell of its death
   */
  answered(group: string, owner: string, now: number, isKnown: boolean): void {
    const inquiry = this.#inquiries.get(group);
    if (inquiry?.owner === owner) {
      inquiry.hasAnswer = true;
      inquiry.nextAt = now + (isKnown ? ANSWER_COUNTS_MS : this.#roundOf(owner));
    }
  }

  end(group: string): void {
    const owner = this.#inquiries.get(group)?.owner;
    if (owner === undefined) {
      return;
    }
    this.#inquiries.delete(group);
    const left = this.#countOf(owner) - 1;
    if (left === 0) {
      this.#counts.delete(owner);
    } else {
      this.#counts.set(owner, left);
    }
  }

  #of(group: string, owner: string, now: number): Inquiry {
    const known = this.#inquiries.get(group);
    if (known?.owner === owner) {
      return known;
    }
    this.end(group);
    const count = this.#countOf(owner);
    const nextAt = now + Math.floor(count / GROUPS_A_SECOND) * SECOND_MS;
    const inquiry = { owner, asked: 0, nextAt, hasAnswer: false };
    this.#inquiries.set(group, inquiry);
    this.#counts.set(owner, count + 1);
    return inquiry;
  }

  /** How long it takes to ask of each group of the owner once. Milliseconds. */
  #roundOf(owner: string): number {
    return Math.ceil(this.#countOf(owner) / GROUPS_A_SECOND) * SECOND_MS;
  }

  #countOf(owner: string): number {
    return this.#counts.get(owner) ?? 0;
  }
}
