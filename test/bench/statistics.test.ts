import fc from "fast-check";
import { expect, test } from "vitest";
import { mean, percentile, summarize } from "./statistics.ts";

const oneToTen = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1];

test.each([
  [oneToTen, 0, 1],
  [oneToTen, 50, 5],
  [oneToTen, 90, 9],
  [oneToTen, 91, 10],
  [oneToTen, 99, 10],
  [oneToTen, 100, 10],
  [[7], 50, 7],
  [[3, 1, 2], 50, 2],
  [[10, 9, 100], 50, 10],
])("of %j, percentile %i is %i", (values, percent, expected) => {
  expect(percentile(values, percent)).toBe(expected);
});

test("a percentile is one of the values, and that many per cent do not exceed it", () => {
  const values = fc.array(fc.double({ noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(values, fc.integer({ min: 0, max: 100 }), (measured, percent) => {
      const found = percentile(measured, percent);
      expect(measured).toContain(found);
      const notAbove = measured.filter((value) => value <= found).length;
      expect(notAbove / measured.length).toBeGreaterThanOrEqual(percent / 100);
    }),
  );
});

test("a summary tells the middle and the end", () => {
  const values = Array.from({ length: 200 }, (_, index) => index + 1);
  expect(summarize(values)).toEqual({ p50: 100, p90: 180, p99: 198, max: 200 });
});

test("the mean is the sum over the count", () => {
  expect(mean([1, 2, 6])).toBe(3);
});

test("nothing is told of no values", () => {
  expect(() => percentile([], 50)).toThrow(RangeError);
  expect(() => mean([])).toThrow(RangeError);
});
