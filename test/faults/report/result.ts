/** What became of a fault in all its runs, as it is kept in a file. */

import type { Run } from "#test/faults/play.ts";

export interface FaultResult {
  readonly id: string;
  readonly name: string;
  readonly expected: string;
  /** None, where tests of their own were run instead. */
  readonly runs: readonly Run[];
  /** What kept it from being inflicted, the tests that failed, or what all runs together did beyond the bounds. */
  readonly troubles: readonly string[];
  /** What this kernel has no module for, and what stands for it. */
  readonly missing?: string;
}

export function isKept({ runs, troubles }: FaultResult): boolean {
  return troubles.length === 0 && runs.every(({ misses }) => misses.length === 0);
}

/** Each thing that was not as it has to be, or could not be, once, and in how many runs. */
export function missesOfAll({ id, missing, runs, troubles }: FaultResult): readonly string[] {
  const times = new Map<string, number>();
  for (const miss of runs.flatMap(({ misses }) => misses)) {
    const kind = miss.replaceAll(/\d[\d,]*/g, "…");
    times.set(kind, (times.get(kind) ?? 0) + 1);
  }
  const misses = [...times].map(
    ([kind, count]) => `${id}: ${kind} (in ${count} of ${runs.length} runs)`,
  );
  const others = [...troubles, ...(missing === undefined ? [] : [missing])];
  return [...others.map((other) => `${id}: ${other}`), ...misses];
}
