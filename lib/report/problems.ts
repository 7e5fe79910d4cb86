import type { Problem } from "#lib/api/problem.ts";
import type { Log } from "#lib/log/log.ts";

/** Tells of configuration that cannot be used, and of its mend; the same set twice is told once. */
export class ProblemLog {
  readonly #log: Log;
  #told = "[]";

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * @param hasLastGood whether a good configuration is in force
   * @returns whether these problems are others than the last ones
   */
  tell(problems: readonly Problem[], hasLastGood: boolean): boolean {
    const text = JSON.stringify(problems);
    if (text === this.#told) {
      return false;
    }
    for (const { kind, name, field, message } of problems) {
      const fields = { kind, name, field, why: message };
      const consequence = hasLastGood
        ? "the last good one stays in force"
        : "nothing is done until it is mended";
      this.#log.error(`configuration refused: ${consequence}`, fields);
    }
    if (problems.length === 0) {
      this.#log.info("configuration is good again");
    }
    this.#told = text;
    return true;
  }
}
