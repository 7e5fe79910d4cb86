import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration } from "./format-duration.ts";
import { parseDuration } from "./parse-duration.ts";

test.each([
  [0, "0s"],
  [1, "1ms"],
  [90_000, "1m30s"],
  [600_000, "10m"],
  [4_800_000, "1h20m"],
  [86_400_000, "24h"],
  [3_661_001, "1h1m1s1ms"],
])("%d ms is %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test("is read as what it was", () => {
  fc.assert(
    fc.property(fc.nat(), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
  );
});
