/** Plays random histories until one goes wrong, makes that one small, and shows it. */

import fc from "fast-check";
import { arbitraryHistory, type Mix } from "./arbitrary-history.ts";
import type { History } from "./history.ts";
import { historyYaml } from "./history-yaml.ts";
import { type MakeSubject, play } from "./play.ts";

export interface Catch {
  readonly history: History;
  readonly message: string;
}

export interface HuntOptions {
  readonly mix: Mix;
  readonly make: MakeSubject;
  /** How many histories. */
  readonly count: number;
  readonly seed: number;
  /** The first that goes wrong will do, small or not. */
  readonly isHasty?: boolean;
}

/** The smallest history found that goes wrong; undefined when none does. */
export async function hunt(options: HuntOptions): Promise<Catch | undefined> {
  const { mix, make, count, seed, isHasty = false } = options;
  const run = await fc.check(
    fc.asyncProperty(arbitraryHistory(mix), (history) => play(history, make)),
    { numRuns: count, seed, endOnFailure: isHasty },
  );
  if (run.counterexample === null) {
    return undefined;
  }
  const [history] = run.counterexample;
  const why = run.errorInstance instanceof Error ? run.errorInstance.message : "";
  return { history, message: `${why} (seed ${run.seed})\n${historyYaml(history)}` };
}
