import type { ScaleJob } from "./measure-scale.ts";
import type { StormJob } from "./measure-storm.ts";
import type { PlayOptions } from "./play.ts";

export interface PlayJob {
  readonly kind: "play";
  readonly options: Omit<PlayOptions, "seed" | "telling">;
}

/** What a player process is told, once. */
export interface Task {
  readonly job: PlayJob | ScaleJob | StormJob;
  readonly seeds: readonly number[];
}
