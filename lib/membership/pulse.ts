import type { Neighbourhood } from "./neighbourhood.ts";
import type { Profile } from "./profile.ts";
import { Turns } from "./turns.ts";

/** Of the dead, so many are greeted at once, in turn. */
const DEAD_A_TURN = 8;

/** When this node says that it lives, to its observers and to the dead. */
export class Pulse {
  readonly #profile: Profile;
  readonly #random: () => number;
  readonly #neighbourhood: Neighbourhood;
  readonly #greeted = new Turns();
  #beatAt = Number.POSITIVE_INFINITY;
  #beatenAt = 0;
  #greetAt = 0;

  /** @param random 0 to below 1 */
  constructor(profile: Profile, random: () => number, neighbourhood: Neighbourhood) {
    this.#profile = profile;
    this.#random = random;
    this.#neighbourhood = neighbourhood;
  }

  start(now: number): void {
    this.#beatAt = now;
    this.#beatenAt = now;
    this.#greetAt = now;
  }

  get nextDeadline(): number {
    return Math.min(this.#beatAt, this.#greetAt);
  }

  /** When the next heartbeats are due; Infinity: it has not started. */
  get beatsAt(): number {
    return this.#beatAt;
  }

  /** How long ago the last heartbeats left. */
  heldUpMs(now: number): number {
    return now - this.#beatenAt;
  }

  hurry(now: number): void {
    this.#beatAt = now;
  }

  /** Whether heartbeats are due now. */
  beats(now: number): boolean {
    if (now < this.#beatAt) {
      return false;
    }
    this.#beatenAt = now;
    this.#beatAt = now + this.#profile.heartbeat * (0.95 + 0.1 * this.#random());
    return true;
  }

  /** Some of the dead, whose turn it is: those on the other side of a partition hold this node for dead too. */
  greeted(now: number): readonly string[] {
    if (now < this.#greetAt) {
      return [];
    }
    this.#greetAt = now + this.#profile.heartbeatToDead;
    return this.#greeted.take(this.#neighbourhood.deadSubjects, DEAD_A_TURN);
  }
}
