/** The offers of this node that are under way: a group each, repeated until it is claimed, refused or out of time. */

const OFFER_EVERY_MS = 50;
const OFFER_FOR_MS = 1_000;

/** Who did not answer is not asked again for so long. */
const ASK_AGAIN_AFTER_MS = 5_000;

/** Who refused may only not have heard of a change yet: it is asked again sooner, and each time after twice as long. */
const FIRST_REFUSAL_LASTS_MS = 500;

/** To one node at once; the others wait until it has answered. More would hold up both for longer than a heartbeat may be late. */
const OFFERS_UNDER_WAY = 500;

interface Move {
  readonly group: string;
  readonly to: string;
  /** When it was offered first; undefined: not yet. */
  since: number | undefined;
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
  /** The same by node, in the order in which they began. */
  readonly #queues = new Map<string, Set<Move>>();
  /** By group and node. */
  readonly #refused = new Map<string, Map<string, Refusal>>();
  #isOverdue = new Set<string>();

  /** One that was offered goes on: two nodes might take what is offered to both. */
  begin(group: string, to: string, now: number): void {
    const known = this.#moves.get(group);
    if (known !== undefined && (known.to === to || known.since !== undefined)) {
      return;
    }
    this.pause(group);
    const move: Move = { group, to, since: undefined, offerAt: now };
    this.#moves.set(group, move);
    const queue = this.#queues.get(to) ?? new Set<Move>();
    queue.add(move);
    this.#queues.set(to, queue);
  }

  /** Offers no more for now, and remembers who refused. */
  pause(group: string): void {
    const move = this.#moves.get(group);
    if (move === undefined) {
      return;
    }
    this.#moves.delete(group);
    const queue = this.#queues.get(move.to);
    queue?.delete(move);
    if (queue?.size === 0) {
      this.#queues.delete(move.to);
    }
  }

  end(group: string): void {
    this.pause(group);
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
    for (const queue of this.#queues.values()) {
      for (const { offerAt } of queue.values().take(OFFERS_UNDER_WAY)) {
        next = Math.min(next, offerAt);
      }
    }
    return next;
  }

  /** Gives what is to be offered now, by node, and the groups whose offer came to nothing. */
  tick(now: number): {
    readonly offers: ReadonlyMap<string, readonly string[]>;
    readonly overdue: Iterable<string>;
  } {
    const offers = new Map<string, readonly string[]>();
    for (const [to, queue] of this.#queues) {
      const groups = this.#offersOf(queue, now);
      if (groups.length > 0) {
        offers.set(to, groups);
      }
    }
    const overdue = this.#isOverdue;
    this.#isOverdue = new Set();
    return { offers, overdue };
  }

  /** The groups of one node that are to be offered now. */
  #offersOf(queue: ReadonlySet<Move>, now: number): readonly string[] {
    const underWay = [...queue.values().take(OFFERS_UNDER_WAY)];
    const isOver = ({ since }: Move) => since !== undefined && now - since >= OFFER_FOR_MS;
    // whoever answers none of so many would not answer those that wait either
    const over = underWay.every(isOver) ? [...queue] : underWay.filter(isOver);
    for (const { group, to } of over) {
      this.#endMove(group, to, {
        until: now + ASK_AGAIN_AFTER_MS,
        nextLastsMs: FIRST_REFUSAL_LASTS_MS,
      });
    }
    const due = underWay.filter((move) => !isOver(move) && now >= move.offerAt);
    for (const move of due) {
      move.since ??= now;
      move.offerAt = now + OFFER_EVERY_MS;
    }
    return due.map(({ group }) => group);
  }

  #endMove(group: string, to: string, refusal: Refusal): void {
    const refused = this.#refused.get(group) ?? new Map<string, Refusal>();
    refused.set(to, refusal);
    this.#refused.set(group, refused);
    this.pause(group);
    this.#isOverdue.add(group);
  }
}
