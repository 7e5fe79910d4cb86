import type { Log } from "#lib/log/log.ts";
import { Verdict } from "./verdict.ts";

const TELL_EVERY_MS = 10_000;

/** How many packets were dropped, by reason: one counter each, so that counting costs nothing. */
export class DropCounts {
  readonly #frames = new Float64Array(Object.keys(Verdict).length);
  #told = "";
  #tellAt = 0;

  count(verdict: Verdict): void {
    this.#frames[verdict] = (this.#frames[verdict] ?? 0) + 1;
  }

  /**
   * Gives the counters that are not zero.
   *
   * @param others counters that are kept elsewhere
   */
  all(others: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
    const frames = Object.entries(Verdict).map(([name, verdict]): [string, number] => [
      name,
      this.#frames[verdict] ?? 0,
    ]);
    const all: [string, number][] = [...frames, ...Object.entries(others)];
    return Object.fromEntries(all.filter(([, count]) => count > 0));
  }

  /**
   * Tells the log now and then of the counters that are not zero, if they are not as they were.
   *
   * @param others gives the counters that are kept elsewhere
   */
  tick(now: number, others: () => Readonly<Record<string, number>>, log: Log): void {
    if (now < this.#tellAt) {
      return;
    }
    this.#tellAt = now + TELL_EVERY_MS;
    const news = this.all(others());
    const text = JSON.stringify(news);
    if (text !== this.#told && text !== "{}") {
      this.#told = text;
      log.debug("packets dropped", news);
    }
  }
}
