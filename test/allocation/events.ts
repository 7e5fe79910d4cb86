/** Events, as far as the tests look, and how long they wait for one or for anything else. */

import type { CoreV1Event } from "@kubernetes/client-node";
import type { KubeClient } from "#lib/kube/client.ts";
import { eventsPath } from "#lib/kube/paths.ts";

export interface Told {
  readonly type: string;
  readonly message: string;
  readonly count: number;
}

/** A bound on liveness: what is to happen happens within a tenth of a second on an idle machine. */
export const PATIENCE = { withinMs: 10_000 };

/** The Events about one object that stand now, all or those of one reason. */
export async function eventsAbout(
  admin: KubeClient,
  namespace: string,
  uid = "",
  reason?: string,
): Promise<readonly Told[]> {
  const ofReason = reason === undefined ? "" : `,reason=${reason}`;
  const fieldSelector = `involvedObject.uid=${uid}${ofReason}`;
  const { items } = await admin.get<{ readonly items: readonly CoreV1Event[] }>(
    eventsPath(namespace),
    { query: { fieldSelector } },
  );
  return items.map(({ type = "", message = "", count = 0 }) => ({ type, message, count }));
}
