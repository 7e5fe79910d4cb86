import { expect, test } from "vitest";
import { wallClock } from "./wall-clock.ts";

test("tells the microseconds within a millisecond", () => {
  const clock = wallClock(
    () => 5_000,
    () => 5_000.1234,
  );
  expect(clock()).toBe(5_000.123);
});

test("follows the machine's clock when it is set, and keeps its fractions", () => {
  let whole = 5_000;
  let fine = 5_000.25;
  const clock = wallClock(
    () => whole,
    () => fine,
  );
  expect(clock()).toBe(5_000.25);
  whole = 9_000;
  fine = 5_000.5;
  expect(clock()).toBe(9_000);
  fine = 5_000.75;
  expect(clock()).toBe(9_000.25);
  whole = 1_000;
  fine = 5_001;
  expect(clock()).toBe(1_000.999);
});
