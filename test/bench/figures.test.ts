import { expect, test } from "vitest";
import { isMissed, tableOf } from "./figures.ts";

test("a table shows each figure beside its bound, and whether it is kept", () => {
  expect(
    tableOf([
      { name: "speaker", value: 99.84, unit: "MiB", bound: 105 },
      { name: "to the first answer", value: 15.04, unit: "ms", bound: 15 },
      { name: "max", value: 31, unit: "ms" },
    ]),
  ).toEqual([
    "                     measured      bound",
    "speaker              99.8 MiB  ≤ 105 MiB  ✓",
    "to the first answer   15.0 ms    ≤ 15 ms  ✗",
    "max                   31.0 ms",
  ]);
});

test.each([
  [{ value: 105, bound: 105 }, false],
  [{ value: 105.01, bound: 105 }, true],
  [{ value: 1_000 }, false],
])("says of %j whether it is over its bound", (part, missed) => {
  expect(isMissed({ name: "", unit: "MiB", ...part })).toBe(missed);
});
