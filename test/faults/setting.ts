/** What a cluster is like in which faults are inflicted. */

import type { ProfileName } from "#lib/membership/profile.ts";

export interface Setting {
  readonly nodes: number;
  /** Services beside the one that is looked at. */
  readonly services: number;
  /** Of all that passes the switch, all the time. */
  readonly lossPercent: number;
  readonly profile: ProfileName;
}

export function describeSetting({ nodes, services, lossPercent, profile }: Setting): string {
  const addresses = services === 0 ? "1 Service" : `${services + 1} Services`;
  return `${nodes} nodes, ${addresses}, ${lossPercent} % loss, profile ${profile}`;
}
