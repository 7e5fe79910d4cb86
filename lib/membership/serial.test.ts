import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAfter, nextAfter } from "./serial.ts";

const LAST = 2 ** 32 - 1;
const anyNumber = fc.integer({ min: 1, max: LAST });

describe("isAfter", () => {
  it.each([
    { one: 2, other: 1, expected: true },
    { one: 1, other: 2, expected: false },
    { one: 7, other: 7, expected: false },
    { one: 1, other: LAST, expected: true },
    { one: LAST, other: 1, expected: false },
    { one: 2 ** 31, other: 1, expected: true },
    { one: 2 ** 31 + 2, other: 1, expected: false },
    { one: 2 ** 31 + 1, other: 1, expected: true },
    { one: 1, other: 2 ** 31 + 1, expected: false },
  ])("says $expected of $one after $other", ({ one, other, expected }) => {
    expect(isAfter(one, other)).toBe(expected);
  });

  it("puts one of two different numbers after the other", () => {
    fc.assert(
      fc.property(anyNumber, anyNumber, (one, other) => {
        expect(isAfter(one, other)).toBe(one !== other && !isAfter(other, one));
      }),
    );
  });
});

describe("nextAfter", () => {
  it("comes after any number, and is of 32 bits and not 0", () => {
    fc.assert(
      fc.property(fc.oneof(anyNumber, fc.constant(LAST)), (number) => {
        const next = nextAfter(number);
        expect(isAfter(next, number)).toBe(true);
        expect(next >= 1 && next <= LAST).toBe(true);
      }),
    );
  });
});
