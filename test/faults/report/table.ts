/** The results as lines for a person to read. */

import { alignColumns } from "#test/bench/columns.ts";
import { percentile } from "#test/bench/statistics.ts";
import type { Run } from "#test/faults/play.ts";
import { type FaultResult, isKept } from "./result.ts";

const HEADER = [
  "row",
  "what is done",
  "runs",
  "gap p50",
  "gap max",
  "packets",
  "lost",
  "changes",
  "two MACs",
  "wrong",
  "expected",
  "",
] as const;
const LEFT = new Set<number>([0, 1, HEADER.indexOf("expected")]);

export function tableOf(results: readonly FaultResult[]): readonly string[] {
  return alignColumns([HEADER, ...results.map(rowOf)], (column) => LEFT.has(column));
}

function rowOf(result: FaultResult): readonly string[] {
  const { id, name, runs, expected } = result;
  const figures =
    runs.length === 0 ? HEADER.slice(3, HEADER.indexOf("expected")).map(() => "") : figuresOf(runs);
  const count = runs.length === 0 ? "" : String(runs.length);
  const mark = result.missing === undefined ? "✓" : "–";
  return [id, name, count, ...figures, expected, isKept(result) ? mark : "✗"];
}

/** How many packets there were in all, and of each other figure the worst of all runs. */
function figuresOf(runs: readonly Run[]): readonly string[] {
  const all = runs.map(({ findings }) => findings);
  const gaps = all.map(({ longestGapMs }) => longestGapMs);
  const most = (values: readonly number[]) => Math.max(...values);
  const sent = all.map((one) => one.sent).reduce((sum, one) => sum + one, 0);
  const contests = most(all.map((one) => one.contests));
  const contestMs = most(all.map((one) => one.longestContestMs));
  return [
    `${Math.round(percentile(gaps, 50))} ms`,
    `${Math.round(most(gaps))} ms`,
    sent.toLocaleString("en"),
    String(most(all.map(({ lost }) => lost))),
    String(most(all.map(({ changes }) => changes))),
    contests === 0 ? "0" : `${contests} (${Math.round(contestMs)} ms)`,
    String(most(all.map(({ wrong }) => wrong))),
  ];
}
