/** One row of the table: what is done to a cluster, and what may come of it at most. */

import type { SeenRecord } from "./observation/observation.ts";
import type { Scene, Subject } from "./scene.ts";
import type { Story } from "./story.ts";
import type { Bounds } from "./verdict/bounds.ts";

export interface Fault {
  /** A number, and a letter where one kind has several. */
  readonly id: string;
  readonly name: string;
  readonly bounds: Bounds;
  /** 1 by default. */
  readonly runs?: number;
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

export interface Stage extends AsyncDisposable {
  readonly subject: Subject;
}

/** How long things last that may last for hours: with LONG=1 as the table of faults has them, else as short as serves. */
export function lasting(shortSeconds: number, longSeconds: number): number {
  return process.env["LONG"] === "1" ? longSeconds : shortSeconds;
}
