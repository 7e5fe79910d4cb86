/** The owner is gone from the network, or from the world. */

import type { Announcements } from "#test/faults/announcements.ts";
import type { Fault } from "#test/faults/fault.ts";
import { PREFIX_OF_OTHERS, type Scene, SERVICE } from "#test/faults/scene.ts";
import type { Setting } from "#test/faults/setting.ts";
import type { Story } from "#test/faults/story.ts";
import type { Bounds } from "#test/faults/verdict/bounds.ts";
import { eventually } from "#test/lab/eventually.ts";

/** The promise is of the median, and of no run over a second; what is asked here of the longest gap is stricter. */
const GAPS = {
  fast: { medianGapMs: 160, gapMs: 300 },
  balanced: { medianGapMs: 350, gapMs: 600 },
  calm: { medianGapMs: 875, gapMs: 1_500 },
} as const;
/** Of two nodes, the one that is left is alone with its finding. */
const GAPS_OF_TWO = { medianGapMs: 500, gapMs: 800 } as const;

/** What the death of one node may cost. */
export function takeover({ nodes, profile }: Setting): Bounds {
  const isPair = nodes === 2 && profile === "balanced";
  return { ...(isPair ? GAPS_OF_TWO : GAPS[profile]), changes: [1, 1], contestMs: 0 };
}

const OBSERVED_S = 3;
/** Of many Services the last one is taken over within a second, too. */
const ALL_WITHIN_MS = 1_000;
const STATUS_LIMIT_MS = 10_000;

export const nodeGone: readonly Fault[] = [
  {
    id: "1",
    name: "the owner loses power",
    bounds: takeover,
    runs: 20,
    seconds: 7,
    inflict: async (scene, story) => {
      await using announcements =
        scene.setting.services > 0 ? await scene.hearAnnouncements() : undefined;
      await scene.powerOff(story.owner);
      const atMs = story.mark(`${story.owner} loses power`);
      await story.wait(OBSERVED_S);
      if (announcements !== undefined) {
        judgeOthers(scene, story, announcements, atMs);
      }
    },
  },
  {
    id: "1b",
    name: "the owner's LAN cable is pulled, the API server stays",
    bounds: takeover,
    runs: 20,
    seconds: 7,
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
    bounds: takeover,
    runs: 20,
    seconds: 7,
    inflict: async (scene, story) => {
      await scene.lab.lan.setCarrier(story.owner, "down");
      story.mark(`${story.owner}'s carrier is gone`);
      await story.wait(OBSERVED_S);
    },
  },
  {
    id: "8",
    name: "the owner's whole node is frozen for 3 s, as a virtual machine is",
    bounds: takeover,
    seconds: 12,
    simulated: "a virtual machine stands still, its clock too",
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

/** Looks when the other Services of the owner were taken over. */
function judgeOthers(scene: Scene, story: Story, heard: Announcements, atMs: number): void {
  const others = scene.lab.nodes.filter(({ name }) => name !== story.owner);
  const macs = new Set(others.map(({ mac }) => mac));
  const times = heard.takenOver(atMs, macs, PREFIX_OF_OTHERS);
  const lastMs = Math.round(Math.max(0, ...times));
  story.check(
    `the last of ${times.length} other addresses is announced within ${ALL_WITHIN_MS} ms (after ${lastMs} ms)`,
    times.length > 0 && lastMs <= ALL_WITHIN_MS,
  );
}
