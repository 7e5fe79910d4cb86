import { Verdict } from "./verdict.ts";

/** How many packets were dropped, by reason: one counter each, so that counting costs nothing. */
export class DropCounts {
  readonly #frames = new Float64Array(Object.keys(Verdict).length);
  #heartbeats = 0;
  #told = "";

  count(verdict: Verdict): void {
    this.#frames[verdict] = (this.#frames[verdict] ?? 0) + 1;
  }

  /** Counts a datagram that is no heartbeat, or is not authentic. */
  countHeartbeat(): void {
    this.#heartbeats += 1;
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
    const all: [string, number][] = [
      ...frames,
      ["heartbeatNotAuthentic", this.#heartbeats],
      ...Object.entries(others),
    ];
    return Object.fromEntries(all.filter(([, count]) => count > 0));
  }

  /**
   * Gives the counters that are not zero, unless they are as they were the last time.
   *
   * @param others counters that are kept elsewhere
   */
  takeNews(others: Readonly<Record<string, number>>): Readonly<Record<string, number>> | undefined {
    const news = this.all(others);
    const text = JSON.stringify(news);
    if (text === this.#told || text === "{}") {
      return undefined;
    }
    this.#told = text;
    return news;
  }
}
