/** The API server is gone, and something else happens meanwhile. */

import { type Fault, lasting } from "#test/faults/fault.ts";
import { takeover } from "./node-gone.ts";
import { UNNOTICED } from "./speaker-gone.ts";

const OUTAGE_S = lasting(2, 600);
const ANSWERS_AGAIN_WITHIN_MS = 2_000;

export const apiServerGone: readonly Fault[] = [
  {
    id: "15",
    name: "the API server is down, and the owner loses power",
    bounds: takeover,
    runs: lasting(20, 1),
    seconds: 9 + OUTAGE_S,
    inflict: async (scene, story) => {
      await scene.lab.apiServer.kill();
      story.mark("the API server is killed");
      await story.wait(OUTAGE_S);
      await scene.powerOff(story.owner);
      story.mark(`${story.owner} loses power`);
      await story.wait(3);
    },
  },
  {
    id: "16",
    name: "the API server is down, and the owner's speaker restarts",
    bounds: { ...UNNOTICED, silenceMs: ANSWERS_AGAIN_WITHIN_MS },
    seconds: 15,
    startsAtHome: true,
    inflict: async (scene, story) => {
      await scene.lab.apiServer.kill();
      story.mark("the API server is killed");
      await story.wait(3);
      await scene.lab.speaker(story.owner).kill();
      await scene.lab.speaker(story.owner).start();
      story.mark(`${story.owner}'s speaker is killed and starts again`);
      await story.wait(8);
    },
    examine: (seen, story, scene) => {
      const startedAtMs = story.marks.at(-1)?.atMs ?? 0;
      const { mac } = scene.lab.node(story.owner);
      const own = seen.map(
        ({ record }) =>
          record.sayings.find(({ atMs, source }) => atMs > startedAtMs && source === mac)?.atMs ??
          Number.POSITIVE_INFINITY,
      );
      const afterMs = Math.round(Math.max(...own) - startedAtMs);
      story.check(
        `it answers itself within 2 s (${Number.isFinite(afterMs) ? `after ${afterMs} ms` : "never"})`,
        afterMs <= ANSWERS_AGAIN_WITHIN_MS,
      );
    },
  },
];
