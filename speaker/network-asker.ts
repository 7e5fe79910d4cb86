import { type Clock, systemClock } from "#lib/kube/clock.ts";

/** The network thread answers within a millisecond, unless something is wrong with it. */
const TIME_LIMIT_MS = 1000;

/** Asks the network thread something: one question at a time, whose answer is for all who ask meanwhile. */
export class NetworkAsker<Answer> {
  readonly #ask: (id: number) => void;
  readonly #clock: Clock;
  #lastId = 0;
  #underway: Promise<Answer | undefined> | undefined;
  #answered: ((answer: Answer) => void) | undefined;

  /** @param ask sends the question, which is to be answered with that id */
  constructor(ask: (id: number) => void, clock = systemClock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** Gives the answer, or undefined when it does not come in time. */
  answer(): Promise<Answer | undefined> {
    this.#underway ??= this.#askOnce().finally(() => {
      this.#underway = undefined;
    });
    return this.#underway;
  }

  /** One that comes too late is passed over. */
  hear(id: number, answer: Answer): void {
    if (id === this.#lastId) {
      this.#answered?.(answer);
    }
  }

  async #askOnce(): Promise<Answer | undefined> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const done = new AbortController();
    this.#lastId += 1;
    this.#answered = resolve;
    this.#ask(this.#lastId);
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
