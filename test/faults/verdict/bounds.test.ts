import { expect, test } from "vitest";
import { describeBounds, missesOf, missesOfMany } from "./bounds.ts";

const QUIET = {
  longestGapMs: 3,
  lost: 0,
  sent: 1_000,
  changes: 0,
  contests: 0,
  longestContestMs: 0,
  wrong: 0,
  longestSilenceMs: 101,
};
const STRICT = { gapMs: 500, lost: 0, changes: [1, 1], contestMs: 0, silenceMs: 400 } as const;

test.each([
  [{ changes: 1 }, STRICT, []],
  [{ changes: 0 }, STRICT, ["the address changed its MAC 0 times"]],
  [{ changes: 2 }, { changes: [0, 1] }, ["the address changed its MAC 2 times"]],
  [{ changes: 2 }, {}, []],
  [{ longestGapMs: 1_312.4 }, { gapMs: 500 }, ["no packet came back for 1,312 ms"]],
  [{ lost: 4 }, { lost: 0 }, ["4 packets were lost"]],
  [{ contests: 1, longestContestMs: 0 }, { contestMs: 0 }, ["two MACs had the address, for 0 ms"]],
  [{ contests: 1, longestContestMs: 900 }, { contestMs: 1_000 }, []],
  [
    { contests: 1, longestContestMs: 1_200 },
    { contestMs: 1_000 },
    ["two MACs had the address, for 1,200 ms"],
  ],
  [{ longestSilenceMs: 600 }, { silenceMs: 500 }, ["no question was answered for 600 ms"]],
  [{ wrong: 2 }, {}, ["2 answers gave a MAC that nobody has"]],
] as const)("%j within %j", (found, bounds, misses) => {
  expect(missesOf({ ...QUIET, ...found }, bounds)).toEqual(misses);
});

test.each([
  [[340, 900, 349, 350, 351], []],
  [[351, 351, 351, 1, 1], ["the median of the longest gaps is 351 ms"]],
  [[900, 900, 900], []],
])("the median of %j is within 350 ms, or there are too few to tell", (gaps, misses) => {
  const found = gaps.map((longestGapMs) => ({ ...QUIET, longestGapMs }));
  expect(missesOfMany(found, { gapMs: 600, medianGapMs: 350 })).toEqual(misses);
});

test("bounds are told as a table has them", () => {
  expect(describeBounds(STRICT)).toBe(
    "gap ≤ 500 ms, 0 lost, 1 change, one MAC, answered within 400 ms",
  );
  expect(describeBounds({ changes: [0, 1], contestMs: 1_000 })).toBe(
    "0–1 change, two MACs ≤ 1000 ms",
  );
});
