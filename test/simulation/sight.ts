/** What is told on one side of the network, as names of nodes whose MAC addresses are told. */
export interface Told {
  readonly told: ReadonlySet<string>;
  /** Those of them that forward. */
  readonly forwarding: ReadonlySet<string>;
  /** One of them that has just begun to answer, and says so to all. */
  readonly announced: string | undefined;
  /** Nobody can help it if two are told. */
  readonly mayBeTwo: boolean;
}

/** What the clients on one side of the network see of one group. */
export class Sight {
  /** What they hold for its MAC address, as the name of a node; undefined: they never learned one. */
  mac: string | undefined;
  /** How often that became another, since the measuring began. */
  changes = 0;
  #isServed = false;
  /** Nobody tells the address of a node that forwards. */
  #silentSince: number | undefined;
  /** Two are told. */
  #twoSince: number | undefined;
  #longestSilence = 0;
  #longestTwo = 0;

  constructor(now: number) {
    this.#silentSince = now;
  }

  /** Begins to measure; what goes on is counted from now. */
  measure(now: number): void {
    this.changes = 0;
    this.#longestSilence = 0;
    this.#longestTwo = 0;
    this.#silentSince = this.#silentSince === undefined ? undefined : now;
    this.#twoSince = this.#twoSince === undefined ? undefined : now;
  }

  /**
   * Takes what is told now, and returns whether clients hold another address than before. They believe whom they hear
   * until he is silent, or another announces that he answers.
   */
  see(now: number, { announced, forwarding, mayBeTwo, told }: Told): boolean {
    this.#longestSilence = this.silence(now);
    this.#longestTwo = this.two(now);
    this.#silentSince = forwarding.size === 0 ? (this.#silentSince ?? now) : undefined;
    this.#twoSince = told.size > 1 && !mayBeTwo ? (this.#twoSince ?? now) : undefined;
    this.#isServed = forwarding.size === 1 && told.size === 1;
    const before = this.mac;
    const isTold = before !== undefined && told.has(before);
    this.mac = announced ?? (isTold ? before : ([...forwarding][0] ?? before));
    if (this.mac === before) {
      return false;
    }
    this.changes += before === undefined ? 0 : 1;
    return true;
  }

  /** Milliseconds, at most, since the measuring began. */
  silence(now: number): number {
    return Math.max(this.#longestSilence, now - (this.#silentSince ?? now));
  }

  /** The same of two at once. */
  two(now: number): number {
    return Math.max(this.#longestTwo, now - (this.#twoSince ?? now));
  }

  /** Since when nobody answers; undefined: somebody does. */
  get silentSince(): number | undefined {
    return this.#silentSince;
  }

  /** Whether one address is told, of a node that forwards. */
  get isServed(): boolean {
    return this.#isServed;
  }
}
