/** The clusters in which the first promise has to hold, beside the one in which all faults are inflicted. */

import type { Setting } from "./setting.ts";

const SIZES = [3, 10];
const SERVICES = [0, 999];
const LOSSES = [0, 3];

export const MATRIX: readonly Setting[] = [
  ...SIZES.flatMap((nodes) =>
    SERVICES.flatMap((services) =>
      LOSSES.map((lossPercent): Setting => ({ nodes, services, lossPercent, profile: "balanced" })),
    ),
  ),
  { nodes: 2, services: 0, lossPercent: 0, profile: "balanced" },
  { nodes: 3, services: 0, lossPercent: 0, profile: "fast" },
];

/** What a cluster costs at rest, the death of an owner, and the same with keepalived. */
export const ROWS_OF_MATRIX: ReadonlySet<string> = new Set(["0", "1", "1k"]);
