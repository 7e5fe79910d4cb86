/** A process that plays what it is told to, and says what came of it. */

import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { measureScale } from "#test/simulation/measure-scale.ts";
import { measureStorm } from "#test/simulation/measure-storm.ts";
import { play } from "#test/simulation/play.ts";
import type { Task } from "#test/simulation/task.ts";

const [task] = (await once(process, "message")) as [Task];
for (const seed of task.seeds) {
  process.send?.(resultOf(task.job, seed));
  // or nothing is sent before the last seed
  await setImmediate();
}
process.disconnect();

function resultOf(job: Task["job"], seed: number): object {
  switch (job.kind) {
    case "play":
      return play({ ...job.options, seed });
    case "scale":
      return measureScale(job, seed);
    case "storm":
      return measureStorm(job, seed);
  }
}
