import { expect, test } from "vitest";
import type { FrameBatch } from "#lib/linux/frame-batch.ts";
import { LATENCY_BOUNDS, Latency } from "./latency.ts";

const MICROSECOND = 1_000n;

function batch(receivedAtNs: bigint | undefined): Pick<FrameBatch, "receivedAtNs"> {
  return { receivedAtNs: () => receivedAtNs };
}

test("counts how many took at most how long, of a sample", () => {
  const latency = new Latency(() => 1_000n * MICROSECOND);
  latency.sample(batch(970n * MICROSECOND), 0);
  latency.sample(batch(0n), 50);
  latency.sample(batch(0n), 100);
  const { counts, sum } = latency.counts;
  const atMost = (seconds: number) => counts[LATENCY_BOUNDS.findIndex((bound) => bound >= seconds)];
  expect([atMost(0.00001), atMost(0.00003), atMost(0.001), counts.at(-1)]).toEqual([0, 1, 2, 2]);
  expect(sum).toBeCloseTo(0.00103);
});

test("passes over a batch without a time, and one from the future: the clock was set", () => {
  const latency = new Latency(() => 1_000n);
  latency.sample(batch(undefined), 0);
  latency.sample(batch(2_000n), 0);
  expect(latency.counts.counts.at(-1)).toBe(0);
});
