import { FRAMES_PER_ANNOUNCEMENT } from "./announcement.ts";

/** When an address is announced, from the moment that it is taken on. */
export const ANNOUNCE_AT_MS = [0, 100, 300, 1_000, 3_000] as const;

/** Of one link; a switch or a slow client may drop what comes faster. */
const MAX_FRAMES_PER_SECOND = 5_000;

const MS_PER_ANNOUNCEMENT = (FRAMES_PER_ANNOUNCEMENT * 1_000) / MAX_FRAMES_PER_SECOND;

/** What may leave at once: the rate over the milliseconds for which `poll` may sleep too long. */
export const MAX_BURST = 25;

/** How far announcements may run ahead of the rate. */
const MAX_AHEAD_MS = (MAX_BURST - 1) * MS_PER_ANNOUNCEMENT;

export interface DueAnnouncement {
  /** IPv4 as an unsigned integer. */
  readonly address: number;
  /** 0 is the first. */
  readonly round: number;
}

interface Scheduled extends DueAnnouncement {
  readonly dueAt: number;
}

/** Says which address to announce next on one link, and when. It knows neither clock nor frames. */
export class AnnouncementSchedule {
  /** A queue for each round: who was announced first is due first in the next round too. */
  readonly #rounds: Scheduled[][] = ANNOUNCE_AT_MS.map(() => []);
  /** What is still wanted: entries of the queues that are not in here were withdrawn. */
  readonly #wanted = new Map<number, Scheduled>();
  /** When the next would leave if all left at the rate, none ahead of it. */
  #evenlyAt = Number.NEGATIVE_INFINITY;

  /** Begins with the first announcement of the address, also when others of it are still to come. */
  announce(address: number, now: number): void {
    this.#schedule({ address, round: 0, dueAt: now });
  }

  withdraw(address: number): void {
    this.#wanted.delete(address);
  }

  /** When `take` has something at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    let dueAt: number | undefined;
    for (const round of this.#rounds) {
      const head = this.#headOf(round);
      if (head !== undefined && (dueAt === undefined || head.dueAt < dueAt)) {
        dueAt = head.dueAt;
      }
    }
    return dueAt === undefined ? undefined : Math.max(dueAt, this.#evenlyAt - MAX_AHEAD_MS);
  }

  /** Gives an announcement that is due, and notes it as sent; earlier rounds go before later ones. */
  take(now: number): DueAnnouncement | undefined {
    if (now < this.#evenlyAt - MAX_AHEAD_MS) {
      return undefined;
    }
    for (const round of this.#rounds) {
      const head = this.#headOf(round);
      if (head !== undefined && head.dueAt <= now) {
        round.shift();
        this.#evenlyAt = Math.max(this.#evenlyAt, now) + MS_PER_ANNOUNCEMENT;
        this.#scheduleNext(head, now);
        return head;
      }
    }
    return undefined;
  }

  #scheduleNext({ address, round }: Scheduled, now: number): void {
    const at = ANNOUNCE_AT_MS[round];
    const next = ANNOUNCE_AT_MS[round + 1];
    if (at === undefined || next === undefined) {
      this.#wanted.delete(address);
    } else {
      this.#schedule({ address, round: round + 1, dueAt: now + next - at });
    }
  }

  #schedule(scheduled: Scheduled): void {
    this.#wanted.set(scheduled.address, scheduled);
    this.#rounds[scheduled.round]?.push(scheduled);
  }

  /** The first of the queue that is still wanted; those before it are dropped. */
  #headOf(round: Scheduled[]): Scheduled | undefined {
    let head = round[0];
    while (head !== undefined && this.#wanted.get(head.address) !== head) {
      round.shift();
      head = round[0];
    }
    return head;
  }
}
