import type { Profile } from "./profile.ts";
import { Turns } from "./turns.ts";

/** Who still learns something new asks on, but not for longer than that many times `askFor`. */
const MOST_PERIODS = 3;

/** Asked at once. */
const ASKED_A_TURN = 3;

/**
 * A member that has just started, or could not listen for a while, asks what it has missed before it answers for
 * anything: another may have its addresses by now. Who gets no answer is alone.
 */
export class Asking {
  readonly #profile: Profile;
  readonly #since: number;
  #askAt: number;
  #hasAnswer = false;
  readonly #asked = new Turns();

  constructor(profile: Profile, now: number) {
    this.#profile = profile;
    this.#since = now;
    this.#askAt = now;
  }

  /** When to look again. */
  get nextDeadline(): number {
    return Math.min(this.#askAt, this.#endAt);
  }

  /** Whether nothing more is to be waited for. */
  isOver(now: number): boolean {
    return now >= this.#endAt;
  }

  /** Whom to ask now, of those names. */
  takeTurn(now: number, others: readonly string[]): readonly string[] {
    if (now < this.#askAt) {
      return [];
    }
    this.#askAt = now + this.#profile.askEvery;
    return this.#asked.take(others, ASKED_A_TURN);
  }

  /** Somebody answered, and knows more than this node does. */
  answered(): void {
    this.#hasAnswer = true;
  }

  get #endAt(): number {
    return this.#since + this.#profile.askFor * (this.#hasAnswer ? MOST_PERIODS : 1);
  }
}
