/** Two members compare what they know when their heartbeats differed so often in a row: news may be on its way. */
const DIFFERENCES = 3;

/** A member is told at most that often what is held of it. */
const CORRECT_EVERY_MS = 50;

/** Who says that it hears nobody is believed after so many heartbeats in a row. */
const DEAF_AFTER = 3;

/** The same of who says that it does not hear this node: a second, for the first heartbeats may cross. */
const UNHEARD_AFTER = 10;

const NEVER = Number.NEGATIVE_INFINITY;

/** What is kept of another member beside its record. */
export class Peer {
  /** Since when it is alive without a break, if it is. */
  aliveSince = NEVER;
  #differences = 0;
  #comparedAt = NEVER;
  #correctedAt = NEVER;
  #deafHeartbeats = 0;
  #unheardHeartbeats = 0;

  /** Takes whether its last heartbeat showed that it knows the same, and returns whether to compare. */
  isDifferent(isSame: boolean): boolean {
    this.#differences = isSame ? 0 : this.#differences + 1;
    return this.#differences >= DIFFERENCES;
  }

  /** Takes whether its last heartbeat said that it hears nobody, and returns whether to believe it. */
  isDeaf(isDeaf: boolean): boolean {
    this.#deafHeartbeats = isDeaf ? this.#deafHeartbeats + 1 : 0;
    return this.#deafHeartbeats >= DEAF_AFTER;
  }

  /**
   * Takes whether its last heartbeat said that it hears this node.
   *
   * @returns whether it does from now on; undefined: that is no news
   */
  newsOfHearing(hearsYou: boolean): boolean | undefined {
    const before = this.#unheardHeartbeats;
    this.#unheardHeartbeats = hearsYou ? 0 : before + 1;
    if (hearsYou) {
      return before >= UNHEARD_AFTER ? true : undefined;
    }
    return this.#unheardHeartbeats === UNHEARD_AFTER ? false : undefined;
  }

  /** Whether it is time to ask what it knows. */
  takeTurnToAsk(now: number, everyMs: number): boolean {
    if (now < this.#comparedAt + everyMs) {
      return false;
    }
    this.#comparedAt = now;
    this.#differences = 0;
    return true;
  }

  /** Whether it is time to tell it what is held of it. */
  takeTurnToCorrect(now: number): boolean {
    if (now < this.#correctedAt + CORRECT_EVERY_MS) {
      return false;
    }
    this.#correctedAt = now;
    return true;
  }
}

export class Peers {
  readonly #peers = new Map<string, Peer>();

  of(node: string): Peer {
    let peer = this.#peers.get(node);
    if (peer === undefined) {
      peer = new Peer();
      this.#peers.set(node, peer);
    }
    return peer;
  }

  forget(node: string): void {
    this.#peers.delete(node);
  }
}
