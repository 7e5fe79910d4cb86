import { expect, test } from "vitest";
import { isKept, missesOfAll } from "./result.ts";
import { tableOf } from "./table.ts";

const FINDINGS = {
  longestGapMs: 352.4,
  lost: 170,
  sent: 3_500,
  changes: 1,
  contests: 0,
  longestContestMs: 0,
  wrong: 0,
  longestSilenceMs: 400,
};
const RUN = {
  owner: "n1",
  findings: FINDINGS,
  span: { fromMs: 0, toMs: 3_500 },
  marks: [],
  checks: [],
  notes: [],
  misses: [],
};
const SLOW = {
  ...RUN,
  findings: { ...FINDINGS, longestGapMs: 1_207, contests: 1, longestContestMs: 40 },
  misses: ["no packet came back for 1,207 ms", "two MACs had the address, for 40 ms"],
};
const POWER = { id: "1", name: "the owner loses power", expected: "gap ≤ 500 ms", troubles: [] };

test("a table shows the worst of all runs, and whether each kept to the bounds", () => {
  expect(
    tableOf([
      { ...POWER, runs: [RUN, RUN] },
      { ...POWER, id: "1b", runs: [RUN, SLOW, RUN] },
      { id: "24", name: "floods", expected: "its tests pass", runs: [], troubles: [] },
      { id: "14", name: "a split", expected: "one MAC", runs: [], troubles: [], missing: "no nft" },
    ]),
  ).toEqual([
    "row  what is done           runs  gap p50  gap max  packets  lost  changes   two MACs  wrong  expected",
    "1    the owner loses power     2   352 ms   352 ms    7,000   170        1          0      0  gap ≤ 500 ms    ✓",
    "1b   the owner loses power     3   352 ms  1207 ms   10,500   170        1  1 (40 ms)      0  gap ≤ 500 ms    ✗",
    "24   floods                                                                                   its tests pass  ✓",
    "14   a split                                                                                  one MAC         –",
  ]);
});

test("what a kernel cannot do is told, and is no failure", () => {
  const result = { ...POWER, runs: [], missing: "this kernel has no freezer" };
  expect(missesOfAll(result)).toEqual(["1: this kernel has no freezer"]);
  expect(isKept(result)).toBe(true);
});

test("what was missed is told once, with the number of runs", () => {
  const other = { ...SLOW, misses: ["no packet came back for 902 ms"] };
  expect(missesOfAll({ ...POWER, runs: [SLOW, RUN, other], troubles: ["it ended"] })).toEqual([
    "1: it ended",
    "1: no packet came back for … ms (in 2 of 3 runs)",
    "1: two MACs had the address, for … ms (in 1 of 3 runs)",
  ]);
});
