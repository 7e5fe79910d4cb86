import { afterAll, beforeAll, expect, test } from "vitest";
import { describeLab } from "#test/lab/describe-lab.ts";
import { boundsOf } from "./fault.ts";
import { play } from "./play.ts";
import { faults } from "./rows/all.ts";
import { Scene } from "./scene.ts";

/** Those that are inflicted here. */
const INFLICTED: ReadonlySet<string> = new Set("1 1b 2 5 8 9 12 14 15 16".split(" "));
const SETTING = { nodes: 3, services: 0, lossPercent: 0, profile: "balanced" } as const;

/** What they cost is measured by `make faults`: a machine that runs all tests is no clock. */
const TIMES_THE_GAP = 10;
const CONTEST_MS = 1_000;

describeLab("the addresses of a cluster", () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.start({ setting: SETTING, progress: () => undefined });
  });

  afterAll(() => scene?.[Symbol.asyncDispose]());

  const inflicted = faults.filter(({ id }) => INFLICTED.has(id));

  test.each(inflicted)(
    "are only ever said to be a node's, and are reached by and by, when $name",
    async (fault) => {
      // That all was well before is a part of it: each begins where the one before has ended.
      const { run } = await play(scene, { ...fault, startsAtHome: false }, scene.subject);
      const { gapMs, contestMs = 0 } = boundsOf(fault, SETTING);
      expect(run.findings.wrong).toBe(0);
      expect(run.findings.longestContestMs).toBeLessThanOrEqual(contestMs + CONTEST_MS);
      expect(run.findings.longestGapMs).toBeLessThanOrEqual(
        TIMES_THE_GAP * (gapMs ?? Number.POSITIVE_INFINITY),
      );
    },
  );

  test("are reached in the end", async () => {
    await using observation = await scene.observe(false);
    await scene.settle(observation, false);
  });
});
