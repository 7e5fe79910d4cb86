import fc from "fast-check";
import { expect, test } from "vitest";
import { coverOf, type Interval } from "./address-cover.ts";

const MAX_VALUE = 0xffff_ffff;

/** Some close together, some anywhere. */
const values = fc.array(
  fc.oneof(fc.integer({ min: 1_000, max: 1_200 }), fc.integer({ min: 0, max: MAX_VALUE })),
  { maxLength: 200 },
);
const most = fc.integer({ min: 1, max: 100 });

test.for<{ what: string; values: readonly number[]; most: number; cover: readonly Interval[] }>([
  { what: "no values", values: [], most: 1, cover: [] },
  { what: "one value", values: [7], most: 1, cover: [{ first: 7, last: 7 }] },
  {
    what: "neighbours in any order, also repeatedly, as one interval",
    values: [9, 7, 8, 7],
    most: 5,
    cover: [{ first: 7, last: 9 }],
  },
  {
    what: "as many runs as there may be exactly",
    values: [1, 2, 5, 9],
    most: 3,
    cover: [
      { first: 1, last: 2 },
      { first: 5, last: 5 },
      { first: 9, last: 9 },
    ],
  },
  {
    what: "more runs by keeping the widest gap",
    values: [1, 3, 10, 12],
    most: 2,
    cover: [
      { first: 1, last: 3 },
      { first: 10, last: 12 },
    ],
  },
  {
    what: "all of them by one interval if need be",
    values: [1, 3, 10, 12],
    most: 1,
    cover: [{ first: 1, last: 12 }],
  },
  {
    what: "the lowest and the highest number",
    values: [MAX_VALUE, 0],
    most: 2,
    cover: [
      { first: 0, last: 0 },
      { first: MAX_VALUE, last: MAX_VALUE },
    ],
  },
])("covers $what", ({ values, most, cover }) => {
  expect(coverOf(values, most)).toEqual(cover);
});

test("covers every value with no more intervals than it may, in order and apart", () => {
  fc.assert(
    fc.property(values, most, (values, most) => {
      const cover = coverOf(values, most);
      expect(cover.length).toBeLessThanOrEqual(most);
      cover.forEach(({ first, last }, index) => {
        expect(first).toBeLessThanOrEqual(last);
        expect(first).toBeGreaterThan((cover[index - 1]?.last ?? -2) + 1);
      });
      for (const value of values) {
        expect(cover.some(({ first, last }) => first <= value && value <= last)).toBe(true);
      }
    }),
  );
});

test("covers as little else as so many intervals can", () => {
  fc.assert(
    fc.property(values, most, (values, most) => {
      const sorted = [...new Set(values)].sort((a, b) => a - b);
      const gaps = sorted.map((value, index) => value - (sorted[index - 1] ?? value - 1) - 1);
      const widest = gaps.toSorted((a, b) => b - a).slice(most - 1);
      expect(sizeOf(coverOf(values, most))).toBe(
        sorted.length + widest.reduce((sum, gap) => sum + gap, 0),
      );
    }),
  );
});

function sizeOf(cover: readonly Interval[]): number {
  return cover.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}
