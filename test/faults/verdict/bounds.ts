/** What a fault may do at most, and whether it kept to it. */

import { percentile } from "#test/bench/statistics.ts";
import type { Findings } from "#test/faults/observation/findings.ts";

/** Of each run by itself; what is left out may be anything. That a MAC is nobody's is never right. */
export interface Bounds {
  /** The longest time in which no packet came back. */
  readonly gapMs?: number;
  /** The median of that, of all runs together. */
  readonly medianGapMs?: number;
  readonly lost?: number;
  /** How often the address may change its MAC, at least and at most. */
  readonly changes?: readonly [least: number, most: number];
  /** The longest stretch with two MACs; 0: not for a moment. */
  readonly contestMs?: number;
  /** The longest time in which no question was answered. */
  readonly silenceMs?: number;
}

/** Fewer have no median worth the name. */
const RUNS_FOR_A_MEDIAN = 5;

/** Says in a sentence each what one run did beyond its bounds. */
export function missesOf(found: Findings, bounds: Bounds): readonly string[] {
  const [least, most] = bounds.changes ?? [0, Number.POSITIVE_INFINITY];
  const { longestContestMs, longestGapMs, longestSilenceMs } = found;
  const checks: readonly (readonly [isKept: boolean, otherwise: string])[] = [
    [found.wrong === 0, `${found.wrong} answers gave a MAC that nobody has`],
    [isWithin(longestGapMs, bounds.gapMs), `no packet came back for ${whole(longestGapMs)} ms`],
    [isWithin(found.lost, bounds.lost), `${found.lost} packets were lost`],
    [
      found.changes >= least && found.changes <= most,
      `the address changed its MAC ${timesOf(found.changes)}`,
    ],
    [
      isWithin(longestContestMs, bounds.contestMs) &&
        !(bounds.contestMs === 0 && found.contests > 0),
      `two MACs had the address, for ${whole(longestContestMs)} ms`,
    ],
    [
      isWithin(longestSilenceMs, bounds.silenceMs),
      `no question was answered for ${whole(longestSilenceMs)} ms`,
    ],
  ];
  return checks.filter(([isKept]) => !isKept).map(([, otherwise]) => otherwise);
}

/** The same of what only all runs together can do. */
export function missesOfMany(
  found: readonly Findings[],
  { medianGapMs }: Bounds,
): readonly string[] {
  const gaps = found.map(({ longestGapMs }) => longestGapMs);
  const median = gaps.length < RUNS_FOR_A_MEDIAN ? 0 : percentile(gaps, 50);
  return isWithin(median, medianGapMs)
    ? []
    : [`the median of the longest gaps is ${whole(median)} ms`];
}

/** As a table shows them. */
export function describeBounds({
  gapMs,
  medianGapMs,
  lost,
  changes,
  contestMs,
  silenceMs,
}: Bounds): string {
  const parts = [
    medianGapMs !== undefined && `gap p50 ≤ ${medianGapMs} ms`,
    gapMs !== undefined && `gap ≤ ${gapMs} ms`,
    lost !== undefined && `${lost} lost`,
    changes !== undefined && describeChanges(changes),
    contestMs !== undefined && (contestMs === 0 ? "one MAC" : `two MACs ≤ ${contestMs} ms`),
    silenceMs !== undefined && `answered within ${silenceMs} ms`,
  ];
  return parts.filter((part) => part !== false).join(", ");
}

function describeChanges([least, most]: readonly [number, number]): string {
  const range = least === most ? String(least) : `${least}–${most}`;
  return `${range} ${most === 1 ? "change" : "changes"}`;
}

function isWithin(value: number, bound: number | undefined): boolean {
  return bound === undefined || value <= bound;
}

function timesOf(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
