/** Every fault that is inflicted here, in the order in which it is told of. */

import type { Fault } from "#test/faults/fault.ts";
import { apiServerGone } from "./api-server-gone.ts";
import { atRest } from "./at-rest.ts";
import { badNetwork } from "./bad-network.ts";
import { foreignHost } from "./foreign-host.ts";
import { keepalived } from "./keepalived.ts";
import { keyRotation } from "./key-rotation.ts";
import { nodeGone } from "./node-gone.ts";
import { speakerGone } from "./speaker-gone.ts";
import { split } from "./split.ts";
import { surroundings } from "./surroundings.ts";

export const faults: readonly Fault[] = [
  ...atRest,
  ...nodeGone,
  ...keepalived,
  ...speakerGone,
  ...badNetwork,
  ...split,
  ...apiServerGone,
  ...foreignHost,
  ...surroundings,
  ...keyRotation,
];
