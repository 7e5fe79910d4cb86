/** The offers of this node that are under way: a group each, repeated until it is claimed, refused or out of time. */

const OFFER_EVERY_MS = 50;
const OFFER_FOR_MS = 1_000;

/** Who did not answer is not asked again for so long. */
const ASK_AGAIN_AFTER_MS = 5_000;

/** Who refused may only not have heard of a change yet: it is asked again sooner, and each time after twice as long. */
const FIRST_REFUSAL_LASTS_MS = 500;

/** Of one turn; more would only fill the receiver's queue. */
const OFFERS_A_TURN = 2_000;

interface Move {
  readonly to: string;
  readonly since: number;
  offerAt: number;
}

interface Refusal {
  /** When the node may be asked again. */
  readonly until: number;
  /** For how long it is not asked should it refuse again. */
  readonly nextLastsMs: number;
}

export class Moves {
  readonly #moves = new Map<string, Move>();
  /** By group and node. */
  readonly #refused = new Map<string, Map<string, Refusal>>();
  #isOverdue = new Set<string>();

  /** One that is under way goes on: two nodes might take what is offered to both. */
  begin(group: string, to: string, now: number): void {
    if (!this.#moves.has(group)) {
      this.#moves.set(group, { to, since: now, offerAt: now });
    }
  }

  /** Offers no more for now, and remembers who refused. */
  pause(group: string): void {
    this.#moves.delete(group);
  }

  end(group: string): void {
    this.#moves.delete(group);
    this.#refused.delete(group);
  }

  refused(group: string, by: string, now: number): void {
    const move = this.#moves.get(group);
    if (move?.to === by) {
      const before = this.#refused.get(group)?.get(by);
      const isRecent = before !== undefined && now < before.until + ASK_AGAIN_AFTER_MS;
      const lastsMs = isRecent ? before.nextLastsMs : FIRST_REFUSAL_LASTS_MS;
      this.#endMove(group, by, {
        until: now + lastsMs,
        nextLastsMs: Math.min(lastsMs * 2, ASK_AGAIN_AFTER_MS),
      });
    }
  }

  /** When the node may be asked whether it takes the group; -Infinity: it has not refused. */
  askableAt(group: string, node: string): number {
    return this.#refused.get(group)?.get(node)?.until ?? Number.NEGATIVE_INFINITY;
  }

  get nextDeadline(): number {
    let next = this.#isOverdue.size > 0 ? 0 : Number.POSITIVE_INFINITY;
    for (const { offerAt } of this.#moves.values()) {
      next = Math.min(next, offerAt);
    }
    return next;
  }

  /** Gives what is to be offered now, by node, and the groups whose offer came to nothing. */
  tick(now: number): {
    readonly offers: ReadonlyMap<string, readonly string[]>;
    readonly overdue: Iterable<string>;
  } {
    const offers = new Map<string, string[]>();
    let count = 0;
    for (const [group, move] of this.#moves) {
      if (now - move.since >= OFFER_FOR_MS) {
        this.#endMove(group, move.to, {
          until: now + ASK_AGAIN_AFTER_MS,
          nextLastsMs: FIRST_REFUSAL_LASTS_MS,
        });
      } else if (now >= move.offerAt && count < OFFERS_A_TURN) {
        move.offerAt = now + OFFER_EVERY_MS;
        count += 1;
        const groups = offers.get(move.to);
        if (groups === undefined) {
          offers.set(move.to, [group]);
        } else {
          groups.push(group);
        }
      }
    }
    const overdue = this.#isOverdue;
    this.#isOverdue = new Set();
    return { offers, overdue };
  }

  #endMove(group: string, to: string, refusal: Refusal): void {
    const refused = this.#refused.get(group) ?? new Map<string, Refusal>();
    refused.set(to, refusal);
    this.#refused.set(group, refused);
    this.#moves.delete(group);
    this.#isOverdue.add(group);
  }
}
