/** Nothing happens: what the speakers cost the network and their machines. */

import { readdirSync, readFileSync } from "node:fs";
import { parseProcessStat } from "#test/bench/processor-time.ts";
import type { Fault } from "#test/faults/fault.ts";
import { countFrames } from "#test/faults/frame-counts.ts";
import { UNNOTICED } from "./speaker-gone.ts";

const COUNTED_S = 20;
/** In and out together, of each node; twice that with the profile `fast`, whose times are half as long. */
const MOST_PER_S = 100;
/** Of a processor, by the network thread of each speaker. */
const MOST_PERCENT = 2;
/** What the kernel calls a thread that Node has started for a Worker: a speaker has one. */
const WORKER = "WorkerThread";

export const atRest: readonly Fault[] = [
  {
    id: "0",
    name: "nothing happens",
    bounds: UNNOTICED,
    runs: 1,
    seconds: 5 + COUNTED_S,
    inflict: async (scene, story) => {
      const { lab, nodeNames, setting } = scene;
      const speakers = nodeNames.map((node) => lab.speaker(node).pid);
      const before = speakers.map(workerSeconds);
      story.mark("frames are counted");
      const counts = await countFrames(lab.lan, nodeNames, () => story.wait(COUNTED_S));
      const busy = speakers.map((pid, index) => workerSeconds(pid) - (before[index] ?? 0));
      const perSecond = counts.values().map(({ received, sent }) => (received + sent) / COUNTED_S);
      const most = Math.round(Math.max(...perSecond));
      const limit = setting.profile === "fast" ? 2 * MOST_PER_S : MOST_PER_S;
      const percent = (100 * Math.max(...busy)) / COUNTED_S;
      story.note(`${most} frames a second in and out of a node`);
      story.note(`a network thread has ${percent.toFixed(1)} % of a processor`);
      story.check(`no more than ${limit} frames a second`, most <= limit);
      story.check(`no more than ${MOST_PERCENT} % of a processor`, percent <= MOST_PERCENT);
    },
  },
];

function workerSeconds(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`);
  const worker = tasks.find((task) => readFileSync(`${task}/comm`, "utf8").trim() === WORKER);
  if (worker === undefined) {
    throw new Error(`Process ${pid} has no thread ${WORKER}`);
  }
  return parseProcessStat(readFileSync(`${worker}/stat`, "utf8"));
}
