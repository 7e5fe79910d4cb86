import { expect, test } from "vitest";
import { isMissed, medianFigures, tableOf, worstFigure } from "./figures.ts";

test("a table shows each figure beside its bound, and whether it is kept", () => {
  expect(
    tableOf([
      { name: "speaker", value: 99.84, unit: "MiB", bound: 105 },
      { name: "to the first answer", value: 15.04, unit: "ms", bound: 15 },
      { name: "max", value: 31, unit: "ms" },
      { name: "answers", value: 299.4, unit: "k/s", atLeast: 300 },
    ]),
  ).toEqual([
    "                     measured      bound",
    "speaker              99.8 MiB  ≤ 105 MiB  ✓",
    "to the first answer   15.0 ms    ≤ 15 ms  ✗",
    "max                   31.0 ms",
    "answers               299 k/s  ≥ 300 k/s  ✗",
  ]);
});

test.each([
  [{ value: 105, bound: 105 }, false],
  [{ value: 105.01, bound: 105 }, true],
  [{ value: 105, atLeast: 105 }, false],
  [{ value: 104.99, atLeast: 105 }, true],
  [{ value: 1_000 }, false],
])("says of %j whether it is beyond its bound", (part, missed) => {
  expect(isMissed({ name: "", unit: "MiB", ...part })).toBe(missed);
});

test("what was measured again and again is held to the bound by its middle, or by its worst", () => {
  expect(medianFigures("start", [3, 1, 2], "s", 2)).toEqual([
    { name: "start", value: 2, unit: "s", bound: 2 },
    { name: "  max", value: 3, unit: "s" },
  ]);
  expect(worstFigure("changed", [0, 1, 0], "", 0)).toEqual({
    name: "changed",
    value: 1,
    unit: "",
    bound: 0,
  });
});

test("things are counted in whole numbers", () => {
  expect(
    tableOf([
      { name: "changed", value: 0, unit: "", bound: 0 },
      { name: "Events", value: 1000, unit: "", bound: 1 },
    ]),
  ).toEqual([
    "         measured  bound",
    "changed         0    ≤ 0  ✓",
    "Events       1000    ≤ 1  ✗",
  ]);
});
