/** What the owner's speaker finds on its machine: a clock that is set, a disk that takes nothing. */

import type { Fault } from "#test/faults/fault.ts";
import type { Scene } from "#test/faults/scene.ts";
import type { Story } from "#test/faults/story.ts";
import { eventually } from "#test/lab/eventually.ts";
import { stateDirectory } from "#test/lab/herald.ts";
import { run } from "#test/lab/run.ts";
import { UNNOTICED } from "./speaker-gone.ts";

const HOUR_S = 3_600;
const CLOCK_TOLERANCE_S = 5;
const HEALTH_URL = "http://127.0.0.1:17472/healthz";

/** Longer than the speaker waits until it tries again, so that it has failed twice at least. */
const BROKEN_S = 15;
const UNWRITABLE = "snapshot cannot be written";
const WRITTEN_WITHIN_MS = 15_000;

/** Fills a disk of one page, as far as it can be written to. */
const FILL = "head --bytes=4096 /dev/zero > full || true";

export const surroundings: readonly Fault[] = [
  {
    id: "27",
    name: "the wall clock of the owner, then of all nodes, jumps by an hour, forth and back",
    bounds: UNNOTICED,
    seconds: 20,
    startsAtHome: true,
    inflict: async (scene, story) => {
      for (const aheadS of [HOUR_S, -HOUR_S, 0]) {
        await setClocks(scene, story, [story.owner], aheadS);
      }
      for (const aheadS of [HOUR_S, 0]) {
        await setClocks(scene, story, scene.nodeNames, aheadS);
      }
    },
  },
  brokenDisk("28", "the disk is full to which the owner's speaker writes", "size=4k"),
  brokenDisk("28b", "the disk is read-only to which the owner's speaker writes", "ro"),
];

/** Sets the clocks of speakers, makes sure that they go by it, and lets them be for some time. */
async function setClocks(
  scene: Scene,
  story: Story,
  nodes: readonly string[],
  aheadS: number,
): Promise<void> {
  for (const node of nodes) {
    scene.clocks.set(node, aheadS);
  }
  story.mark(`${nodes.join(", ")}: the clock is ${aheadS} s ahead`);
  for (const node of nodes) {
    await eventually(async () => {
      const found = await clockAheadS(scene, node);
      return Math.abs(found - aheadS) <= CLOCK_TOLERANCE_S;
    });
  }
  await story.wait(3);
}

/** By the date that a speaker writes into its answers, in seconds. */
async function clockAheadS(scene: Scene, node: string): Promise<number> {
  const answer = await scene.lab.node(node).exec("curl", ["--silent", "--include", HEALTH_URL]);
  const [, date = ""] = /^date: (.*)$/im.exec(answer) ?? [];
  return (Date.parse(date) - Date.now()) / 1_000;
}

/**
 * Another speaker restarts meanwhile, so that there is something to write.
 *
 * @param disk options of a tmpfs, as mount(8) takes them
 */
function brokenDisk(id: string, name: string, disk: string): Fault {
  return {
    id,
    name,
    bounds: UNNOTICED,
    seconds: 25,
    startsAtHome: true,
    inflict: async (scene, story) => {
      const speaker = scene.lab.speaker(story.owner);
      const from = speaker.lines.length;
      await mountDisk(scene, story.owner, disk);
      story.mark("nothing can be written");
      const [other = ""] = scene.nodeNames.filter((node) => node !== story.owner);
      await scene.lab.speaker(other).stop("SIGTERM");
      await scene.startSpeaker(other);
      story.mark(`${other}'s speaker was restarted`);
      await story.wait(BROKEN_S);
      const warnings = speaker.lines.slice(from).filter((line) => line.includes(UNWRITABLE));
      story.check(`it warns once (${warnings.length} times)`, warnings.length === 1);
      await inMountsOf(scene, story.owner, "umount", "--lazy", stateOf(scene, story.owner));
      story.mark("all can be written");
      const written = ({ msg }: { readonly msg?: unknown }) => msg === "snapshot written again";
      await speaker.waitForLog(written, { from, withinMs: WRITTEN_WITHIN_MS });
    },
  };
}

/** Where the speaker alone sees it: `ip netns exec` gives each its own mounts, which end with it. */
async function mountDisk(scene: Scene, node: string, options: string): Promise<void> {
  const folder = stateOf(scene, node);
  await inMountsOf(scene, node, "mount", "-t", "tmpfs", "-o", options, "none", folder);
  await inMountsOf(scene, node, "sh", "-c", `cd "$0" && ${FILL}`, folder);
}

async function inMountsOf(scene: Scene, node: string, ...words: readonly string[]): Promise<void> {
  const pid = String(scene.lab.speaker(node).pid);
  await run("nsenter", ["--mount", "--target", pid, ...words]);
}

function stateOf({ lab }: Scene, node: string): string {
  return stateDirectory(lab.directory, node);
}
