/** The owner is gone from the network, or from the world. */

import type { Fault } from "#test/faults/fault.ts";
import { SERVICE } from "#test/faults/scene.ts";
import { eventually } from "#test/lab/eventually.ts";

/** What the death of one node may cost. */
export const TAKEOVER = { gapMs: 500, changes: [1, 1], contestMs: 0 } as const;

const OBSERVED_S = 3;
const STATUS_LIMIT_MS = 10_000;

export const nodeGone: readonly Fault[] = [
  {
    id: "1",
    name: "the owner loses power",
    bounds: TAKEOVER,
    runs: 20,
    inflict: async (scene, story) => {
      await scene.powerOff(story.owner);
      story.mark(`${story.owner} loses power`);
      await story.wait(OBSERVED_S);
    },
  },
  {
    id: "1b",
    name: "the owner's LAN cable is pulled, the API server stays",
    bounds: TAKEOVER,
    runs: 10,
    inflict: async (scene, story) => {
      const { lab, user } = scene;
      await lab.lan.unplug(story.owner);
      story.mark(`${story.owner}'s cable is pulled`);
      await story.wait(OBSERVED_S);
      story.end();
      const others = (nodes: readonly string[]) =>
        nodes.length === 1 && !nodes.includes(story.owner);
      await eventually(async () => others(await user.announcers(SERVICE)), {
        withinMs: STATUS_LIMIT_MS,
      }).catch(() => undefined);
      const announcers = await user.announcers(SERVICE);
      story.check(
        `the new owner alone writes status (it says ${announcers.join(" and ") || "nothing"})`,
        others(announcers),
      );
    },
  },
  {
    id: "9",
    name: "the owner's network card loses its carrier",
    bounds: TAKEOVER,
    runs: 10,
    inflict: async (scene, story) => {
      await scene.lab.lan.setCarrier(story.owner, "down");
      story.mark(`${story.owner}'s carrier is gone`);
      await story.wait(OBSERVED_S);
    },
  },
  {
    id: "8",
    name: "the owner's whole node is frozen for 3 s, as a virtual machine is",
    bounds: TAKEOVER,
    runs: 2,
    inflict: async (scene, story) => {
      await Promise.all([
        scene.powerOff(story.owner),
        scene.freezer.freeze(scene.lab.speaker(story.owner).pid),
      ]);
      story.mark(`${story.owner} is frozen`);
      await story.wait(3);
      await scene.powerOn(story.owner);
      scene.freezer.thaw();
      story.mark(`${story.owner} goes on`);
      await story.wait(5);
    },
  },
];
