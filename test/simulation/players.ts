import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import path from "node:path";
import type { Task } from "./task.ts";

/** The folder whose code is played, unless another is asked for. */
export const ROOT = path.resolve(import.meta.dirname, "../..");

export interface PlayersOptions {
  /** A folder with `lib` and `test/simulation`. */
  readonly root?: string;
  readonly signal?: AbortSignal;
}

/**
 * Plays the seeds in as many processes as there are processors.
 *
 * @param played takes what `play` or `measureScale` returned, as it comes in
 * @throws {Error} when a process ends before its seeds do
 */
export async function playAll<Result>(
  { job, seeds }: Task,
  played: (result: Result) => void,
  { root = ROOT, signal }: PlayersOptions = {},
): Promise<void> {
  const count = Math.min(availableParallelism(), seeds.length);
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const mine = seeds.filter((_seed, at) => at % count === index);
      await playSome({ job, seeds: mine }, played, root, signal);
    }),
  );
}

async function playSome<Result>(
  task: Task,
  played: (result: Result) => void,
  root: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const main = path.join(root, "test/simulation/player/main.ts");
  const player = fork(main, { cwd: root, execArgv: [] });
  const stop = () => player.kill();
  signal?.addEventListener("abort", stop);
  player.on("message", (result) => played(result as Result));
  player.send(task);
  const [code, killedBy] = await once(player, "exit");
  signal?.removeEventListener("abort", stop);
  if (code !== 0 && signal?.aborted !== true) {
    throw new Error(`A player ended with ${killedBy ?? code}`);
  }
}
