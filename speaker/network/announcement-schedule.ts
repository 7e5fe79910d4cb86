import TinyQueue from "tinyqueue";
import type { HeardAddress } from "./heard-address.ts";
import type { Pace } from "./pace.ts";

/** Of each address, unless there are so many that it would be more than `MAX_REFRESHES_PER_SECOND` of all. */
const REFRESH_INTERVAL_MS = 60_000;
const MAX_REFRESHES_PER_SECOND = 50;

/** By how much of it a refresh comes too early or too late, so that those of two nodes do not march in step. */
const JITTER = 0.1;

export interface AnnouncementPlan {
  /** When an address is announced, milliseconds from the moment that it is taken on, ascending. */
  readonly announceAtMs: readonly number[];
  readonly framesPerAnnouncement: number;
}

export interface DueAnnouncement {
  readonly address: HeardAddress;
  /** 0 is the first. */
  readonly round: number | "refresh";
}

interface Scheduled {
  readonly address: HeardAddress;
  /** Refreshes have the number after the last. */
  readonly round: number;
  readonly dueAt: number;
  /** Of a first announcement: when the address was last asked for. */
  readonly askedAt: number;
}

/**
 * Says which address to announce next on one link, and when. It knows neither clock nor frames. An entry that is not
 * wanted any more stays in its queue until it is its turn, and is passed over then.
 */
export class AnnouncementSchedule {
  readonly #plan: AnnouncementPlan;
  readonly #pace: Pace;
  readonly #random: () => number;
  /** What is not due yet, by when it is. */
  readonly #waiting = new TinyQueue<Scheduled>([], (a, b) => a.dueAt - b.dueAt);
  readonly #due = new TinyQueue<Scheduled>([], byUrgency);
  /** What comes next of each address. */
  readonly #wanted = new Map<HeardAddress, Scheduled>();

  /**
   * @param pace of the link, which others share
   * @param random 0 or more, less than 1
   */
  constructor(plan: AnnouncementPlan, pace: Pace, random: () => number) {
    this.#plan = plan;
    this.#pace = pace;
    this.#random = random;
  }

  /** Begins with the first announcement of the address, also when others of it are still to come. */
  announce(address: HeardAddress, now: number): void {
    const first = { address, round: 0, dueAt: now, askedAt: address.askedAt };
    this.#wanted.set(address, first);
    this.#due.push(first);
  }

  withdraw(address: HeardAddress): void {
    this.#wanted.delete(address);
  }

  /** When `take` has something at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    const next = this.#firstWantedOf(this.#due) ?? this.#firstWantedOf(this.#waiting);
    return next === undefined ? undefined : Math.max(next.dueAt, this.#pace.readyAt);
  }

  /**
   * Gives the most urgent announcement that is due, and notes it as sent. Earlier rounds go before later ones; of those
   * that are to be announced for the first time, the address goes first that was asked for most recently.
   */
  take(now: number): DueAnnouncement | undefined {
    const { announceAtMs, framesPerAnnouncement } = this.#plan;
    if (now < this.#pace.readyAt) {
      return undefined;
    }
    this.#moveDue(now);
    const next = this.#firstWantedOf(this.#due);
    if (next === undefined) {
      return undefined;
    }
    this.#due.pop();
    this.#pace.spend(framesPerAnnouncement, now);
    this.#scheduleAfter(next, now);
    return {
      address: next.address,
      round: next.round < announceAtMs.length ? next.round : "refresh",
    };
  }

  #moveDue(now: number): void {
    let next = this.#firstWantedOf(this.#waiting);
    while (next !== undefined && next.dueAt <= now) {
      this.#waiting.pop();
      this.#due.push(next);
      next = this.#firstWantedOf(this.#waiting);
    }
  }

  #scheduleAfter({ address, round }: Scheduled, now: number): void {
    const next: Scheduled = {
      address,
      round: Math.min(round + 1, this.#plan.announceAtMs.length),
      dueAt: now + this.#msAfter(round),
      askedAt: 0,
    };
    this.#wanted.set(address, next);
    this.#waiting.push(next);
  }

  /** How long after one of this round the next is due; counted from when it left, so that two never leave together. */
  #msAfter(round: number): number {
    const { announceAtMs } = this.#plan;
    const at = announceAtMs[round];
    const next = announceAtMs[round + 1];
    if (at !== undefined && next !== undefined) {
      return next - at;
    }
    const evenMs = (this.#wanted.size * 1_000) / MAX_REFRESHES_PER_SECOND;
    const intervalMs = Math.max(REFRESH_INTERVAL_MS, evenMs);
    // the first refreshes of addresses that were taken on at once are drawn over a whole interval, or all came together
    const share =
      at === undefined ? 1 - JITTER + 2 * JITTER * this.#random() : JITTER + this.#random();
    return intervalMs * share;
  }

  /** The first of the queue that is still wanted; those before it are dropped. */
  #firstWantedOf(queue: TinyQueue<Scheduled>): Scheduled | undefined {
    let first = queue.peek();
    while (first !== undefined && this.#wanted.get(first.address) !== first) {
      queue.pop();
      first = queue.peek();
    }
    return first;
  }
}

/** Earlier rounds first, then what was asked for more recently. */
function byUrgency(a: Scheduled, b: Scheduled): number {
  if (a.round !== b.round) {
    return a.round - b.round;
  }
  return a.askedAt === b.askedAt ? a.dueAt - b.dueAt : b.askedAt - a.askedAt;
}
