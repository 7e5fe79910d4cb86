import { expect, test } from "vitest";
import { Backoff } from "./backoff.ts";

const options = { firstMs: 800, maxMs: 30_000 };

function waits(backoff: Backoff, count: number): number[] {
  return Array.from({ length: count }, () => backoff.next());
}

test("doubles the wait up to the longest", () => {
  const backoff = new Backoff({ ...options, random: () => 0.5 });
  expect(waits(backoff, 8)).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
});

test.each([
  [0, [400, 800]],
  [1, [1200, 2400]],
])("spreads the wait: random %d", (random, expected) => {
  expect(waits(new Backoff({ ...options, random: () => random }), 2)).toEqual(expected);
});

test("waits what the server asks for, and then its own share", () => {
  expect(new Backoff({ ...options, random: () => 0.5 }).next(7000)).toBe(7800);
});

test("begins anew after a success", () => {
  const backoff = new Backoff({ ...options, random: () => 0.5 });
  waits(backoff, 5);
  backoff.reset();
  expect(backoff.next()).toBe(800);
});
