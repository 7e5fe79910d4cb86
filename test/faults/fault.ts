/** One row of the table: what is done to a cluster, and what may come of it at most. */

import type { SeenRecord } from "./observation/observation.ts";
import type { Scene, Subject } from "./scene.ts";
import type { Setting } from "./setting.ts";
import type { Story } from "./story.ts";
import type { Bounds } from "./verdict/bounds.ts";

export interface Fault {
  /** A number, and a letter where one kind has several. */
  readonly id: string;
  readonly name: string;
  readonly bounds: Bounds | ((setting: Setting) => Bounds);
  /** 3 by default. */
  readonly runs?: number;
  /** How long one run takes, about, with all that it waits for. */
  readonly seconds: number;
  /** The scenario of the simulator that stands for it where the kernel cannot do it. */
  readonly simulated?: string;
  /** Whether the address has to be where it wants to be at the beginning: else it may go there meanwhile, by itself. */
  readonly startsAtHome?: boolean;
  /** Whether a second client looks, too. */
  readonly hasTwoClients?: boolean;
  /** Whether the second client is to claim the address. */
  readonly hasStranger?: boolean;
  /** Prepares what is looked at, when that is not Herald's; once for all runs. */
  readonly stage?: (scene: Scene) => Promise<Stage>;
  /** Does it, and waits until all that there is to see was seen; afterwards the scene is restored. */
  readonly inflict: (scene: Scene, story: Story) => Promise<void>;
  /** Looks for what has to be so beside the bounds. */
  readonly examine?: (seen: readonly SeenRecord[], story: Story, scene: Scene) => void;
}

const RUNS = 3;

export function runsOf({ runs = RUNS }: Fault): number {
  return runs;
}

/** Where the network loses packets all the time, that some were lost says nothing. */
export function boundsOf({ bounds }: Fault, setting: Setting): Bounds {
  const { lost, ...others } = typeof bounds === "function" ? bounds(setting) : bounds;
  return lost === undefined || setting.lossPercent > 0 ? others : { ...others, lost };
}

export interface Stage extends AsyncDisposable {
  readonly subject: Subject;
}

/** Of things that may last for hours: how long with LONG=1, else as short as serves; and how often. */
export function lasting(short: number, long: number): number {
  return process.env["LONG"] === "1" ? long : short;
}
