import { expect, test } from "vitest";
import { FAILOVER_BOUNDS, LATENESS_BOUNDS, MemberCounts } from "./member-counts.ts";

const DEATH = { because: "n2 is dead", afterMs: 362 };

test("counts how long the groups of a dead node waited that this one took", () => {
  const counts = new MemberCounts("n1");
  counts.ownerChanged("n1", DEATH);
  counts.ownerChanged("n3", DEATH);
  counts.ownerChanged("n1", { because: "n2 handed it over" });
  const { counts: below, sum } = counts.all.failovers;
  expect(sum).toBe(0.362);
  expect(below).toEqual([...FAILOVER_BOUNDS.map((bound) => (bound < 0.362 ? 0 : 1)), 1]);
});

test("counts how late its heartbeats left", () => {
  const counts = new MemberCounts("n1");
  counts.ticks(1_000, 1_000);
  counts.ticks(1_050, 1_100);
  counts.ticks(1_130, 1_100);
  const { counts: below, sum } = counts.all.heartbeatLateness;
  expect(sum).toBe(0.03);
  expect(below).toEqual([...LATENESS_BOUNDS.map((bound) => (bound < 0.03 ? 1 : 2)), 2]);
});
