/** The key by which speakers know each other's heartbeats: a Secret that is made once and never changed here. */

import { randomBytes } from "node:crypto";
import type { KubeClient } from "#lib/kube/client.ts";
import { KubeError, unlessGone } from "#lib/kube/kube-error.ts";
import type { Log } from "#lib/log/log.ts";

const KEY_BYTES = 32;

/** Makes the Secret when there is none. Key `secretkey`, as MetalLB's, so that its Secret serves too. */
export async function ensureMemberKey(
  client: KubeClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const secrets = `/api/v1/namespaces/${namespace}/secrets`;
  const known = await unlessGone(client.get<object>(`${secrets}/${name}`, { signal }));
  if (known !== undefined) {
    return;
  }
  try {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name },
      stringData: { secretkey: randomBytes(KEY_BYTES).toString("base64url") },
    };
    await client.post(secrets, secret, { signal });
    log.info("membership key made", { secret: `${namespace}/${name}` });
  } catch (error) {
    if (!(error instanceof KubeError && error.alreadyExists)) {
      throw error;
    }
  }
}
