import { expect, test } from "vitest";
import { Pace } from "./pace.ts";

const START = 1_000;
const SECOND = 1_000;

/** Spends as often as the pace allows, by a clock of one millisecond, and returns how many frames that were. */
function framesIn(pace: Pace, ms: number, framesAtOnce: number): number {
  let frames = 0;
  for (let now = START; now < START + ms; now++) {
    while (now >= pace.readyAt) {
      pace.spend(framesAtOnce, now);
      frames += framesAtOnce;
    }
  }
  return frames;
}

test("is ready from the start", () => {
  expect(new Pace(5_000).readyAt).toBeLessThanOrEqual(START);
});

test.each([
  { rate: 5_000, framesAtOnce: 2, least: 5_000, most: 5_052 },
  { rate: 5_000, framesAtOnce: 1, least: 5_000, most: 5_051 },
  { rate: 10, framesAtOnce: 2, least: 10, most: 12 },
])(
  "lets $rate frames leave in a second, and 10 ms more of them at once, $framesAtOnce at a time",
  ({ rate, framesAtOnce, least, most }) => {
    const frames = framesIn(new Pace(rate), SECOND, framesAtOnce);
    expect(frames).toBeGreaterThanOrEqual(least);
    expect(frames).toBeLessThanOrEqual(most);
  },
);

test("catches up with what was held up for some milliseconds, and not with what was held up for longer", () => {
  const pace = new Pace(1_000);
  const atOnce = (now: number): number => {
    let frames = 0;
    while (now >= pace.readyAt) {
      pace.spend(1, now);
      frames += 1;
    }
    return frames;
  };
  expect([START, START + 5, START + 5 * SECOND].map(atOnce)).toEqual([11, 5, 11]);
});

test("makes what comes next wait for longer when more was sent than allowed", () => {
  const pace = new Pace(1_000);
  pace.spend(500, START);
  expect(pace.readyAt).toBe(START + 490);
});

test("is always ready when there is no rate", () => {
  const pace = new Pace(0);
  pace.spend(1_000_000, START);
  expect(pace.readyAt).toBeLessThanOrEqual(START);
});
