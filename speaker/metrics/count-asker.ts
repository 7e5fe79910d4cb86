import { type Clock, systemClock } from "#lib/kube/clock.ts";
import type { FromNetwork, NetworkCounts, ToNetwork } from "#speaker/network/messages.ts";

/** The network thread answers within a millisecond, unless something is wrong with it. */
const TIME_LIMIT_MS = 1000;

type Count = Extract<ToNetwork, { kind: "count" }>;
type Counts = Extract<FromNetwork, { kind: "counts" }>;

/** Asks the network thread for its counters: one question at a time, whose answer is for all who ask meanwhile. */
export class CountAsker {
  readonly #send: (message: Count) => void;
  readonly #clock: Clock;
  #lastId = 0;
  #underway: Promise<NetworkCounts | undefined> | undefined;
  #answered: ((counts: NetworkCounts) => void) | undefined;

  constructor(send: (message: Count) => void, clock = systemClock) {
    this.#send = send;
    this.#clock = clock;
  }

  /** Gives the counters as they are now, or undefined when the thread does not answer in time. */
  counts(): Promise<NetworkCounts | undefined> {
    this.#underway ??= this.#ask().finally(() => {
      this.#underway = undefined;
    });
    return this.#underway;
  }

  /** An answer that comes too late is passed over. */
  hear({ counts, id }: Counts): void {
    if (id === this.#lastId) {
      this.#answered?.(counts);
    }
  }

  async #ask(): Promise<NetworkCounts | undefined> {
    const { promise, resolve } = Promise.withResolvers<NetworkCounts>();
    const done = new AbortController();
    this.#lastId += 1;
    this.#answered = resolve;
    this.#send({ kind: "count", id: this.#lastId });
    try {
      return await Promise.race([promise, this.#timeout(done.signal)]);
    } finally {
      done.abort();
      this.#answered = undefined;
    }
  }

  async #timeout(signal: AbortSignal): Promise<undefined> {
    await this.#clock.delay(TIME_LIMIT_MS, signal);
  }
}
