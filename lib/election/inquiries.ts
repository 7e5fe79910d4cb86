/**
 * A node whose heartbeats are lost may have a speaker that works: a firewall on its way does not stop frames. Who is to
 * succeed an owner that it does not know to be dead therefore asks the owner's MAC address for the group's address first.
 */

/** One answer is enough, and four questions may be lost. */
const QUESTIONS = 5;
const ASK_EVERY_MS = 50;

/** Who answered for its address keeps it for so long until it is asked again, for others still find out when its node dies. */
const ANSWER_COUNTS_MS = 30_000;

/** The same of one of whom this node has no record, so that nothing else would tell of its death. */
const ANSWER_OF_UNKNOWN_COUNTS_MS = 1_000;

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

  /** The owner told its MAC address as that of the group's. @param isKnown whether this node has a record of the owner */
  answered(group: string, owner: string, now: number, isKnown: boolean): void {
    const inquiry = this.#inquiries.get(group);
    if (inquiry?.owner === owner) {
      inquiry.hasAnswer = true;
      inquiry.nextAt = now + (isKnown ? ANSWER_COUNTS_MS : ANSWER_OF_UNKNOWN_COUNTS_MS);
    }
  }

  end(group: string): void {
    this.#inquiries.delete(group);
  }

  #of(group: string, owner: string, now: number): Inquiry {
    const known = this.#inquiries.get(group);
    if (known?.owner === owner) {
      return known;
    }
    const inquiry = { owner, asked: 0, nextAt: now, hasAnswer: false };
    this.#inquiries.set(group, inquiry);
    return inquiry;
  }
}
