import { expect, test } from "vitest";
import { Histogram } from "./histogram.ts";

test("counts each value below all bounds that it does not exceed", () => {
  const histogram = new Histogram([1, 2, 4]);
  for (const value of [0.5, 1, 3, 8]) {
    histogram.count(value);
  }
  expect(histogram.distribution).toEqual({ counts: [2, 2, 3, 4], sum: 12.5 });
});
