import { afterAll, beforeAll, expect, test } from "vitest";
import { describeLab } from "#test/lab/describe-lab.ts";
import { play } from "./play.ts";
import { faults } from "./rows/all.ts";
import { Scene } from "./scene.ts";

/** Those that are inflicted here. What they cost is measured by `make faults`: a machine that runs all tests is no clock. */
const INFLICTED: ReadonlySet<string> = new Set(["1", "1b", "2", "5", "8", "9", "12", "14", "16"]);

describeLab("the addresses of a cluster", () => {
  let scene: Scene;

  beforeAll(async () => {
    const setting = { nodes: 3, services: 0, lossPercent: 0, profile: "balanced" } as const;
    scene = await Scene.start({ setting, progress: () => undefined });
  });

  afterAll(() => scene?.[Symbol.asyncDispose]());

  const inflicted = faults.filter(({ id }) => INFLICTED.has(id));

  test.each(inflicted)(
    "are only ever said to be a node's, and are reached by and by, when $name",
    async (fault) => {
      // That all was well before is a part of it: each begins where the one before has ended.
      const { run } = await play(scene, { ...fault, startsAtHome: false }, scene.subject);
      expect(run.findings.wrong).toBe(0);
    },
  );

  test("are reached in the end", async () => {
    await using observation = await scene.observe(false);
    await scene.settle(observation, false);
  });
});
