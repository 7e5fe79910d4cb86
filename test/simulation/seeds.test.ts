import { describe, expect, it } from "vitest";
import { percentile } from "#test/bench/statistics.ts";
import type { Played, PlayOptions } from "./play.ts";
import { playAll } from "./players.ts";
import { Results } from "./results.ts";

const TIMEOUT_MS = 180_000;

/** Seeds from 1. */
async function results(count: number, options: Omit<PlayOptions, "seed"> = {}): Promise<Results> {
  const all = new Results();
  const seeds = Array.from({ length: count }, (_, index) => index + 1);
  await playAll<Played>({ job: { kind: "play", options }, seeds }, (played) => all.add(played));
  return all;
}

describe("membership and election, simulated", { timeout: TIMEOUT_MS }, () => {
  it("keep every promise in 5,000 seeds, a thousand of them of two minutes", async () => {
    const { complaints, count } = await results(5_000);
    expect(complaints).toBe("");
    expect(count).toBe(5_000);
  });

  it.each([
    { profile: "fast", count: 300 },
    { profile: "calm", count: 300 },
  ] as const)("keep every promise with the profile $profile", async ({ count, profile }) => {
    expect((await results(count, { profile })).complaints).toBe("");
  });

  it.each([
    { nodes: 12, count: 120 },
    { nodes: 40, count: 10 },
  ])("keep every promise among $nodes nodes", async ({ count, nodes }) => {
    expect((await results(count, { nodes })).complaints).toBe("");
  });

  it("need no more packets a node among a hundred nodes", async () => {
    const { complaints } = await results(1, { nodes: 100, scenario: "nothing happens" });
    expect(complaints).toBe("");
  });

  it.each([
    { nodes: 2, profile: "balanced", p50: 500, p99: 500 },
    { nodes: 3, profile: "balanced", p50: 350, p99: 500 },
    { nodes: 5, profile: "balanced", p50: 350, p99: 500 },
    { nodes: 3, profile: "fast", p50: 160, p99: 250 },
  ] as const)(
    "answer again $p50 ms after a node of $nodes died, with the profile $profile",
    async ({ nodes, p50, p99, profile }) => {
      const { failovers } = await results(150, {
        nodes,
        profile,
        scenario: "one node loses power",
      });
      expect(percentile(failovers, 50)).toBeLessThanOrEqual(p50);
      expect(percentile(failovers, 99)).toBeLessThanOrEqual(p99);
    },
  );
});
