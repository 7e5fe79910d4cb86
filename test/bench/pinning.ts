/** Which processor what is measured runs on, and which one what loads it: two that share one measure each other. */

import { availableParallelism } from "node:os";
import { run } from "#test/lab/run.ts";

export const Core = { generator: 0, measured: 1 } as const;
export type Core = (typeof Core)[keyof typeof Core];

export type CommandLine = readonly [command: string, args: readonly string[]];

/** A machine of one processor leaves no choice. */
const HAS_CHOICE = availableParallelism() > 1;

/** The same command, on that processor alone. */
export function onCore(core: Core, [command, args]: CommandLine): CommandLine {
  return HAS_CHOICE ? ["taskset", ["--cpu-list", String(core), command, ...args]] : [command, args];
}

/** Moves a process with all its threads, and the threads that they will start. */
export async function moveToCore(core: Core, pid: number): Promise<void> {
  if (HAS_CHOICE) {
    await run("taskset", ["--all-tasks", "--cpu-list", "--pid", String(core), String(pid)]);
  }
}
