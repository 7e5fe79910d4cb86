/** A lab without nodes: what there is to talk to is the API server alone. */

import { KubeClient } from "#lib/kube/client.ts";
import { type Credentials, inClusterCredentials } from "#lib/kube/credentials.ts";
import { kubeconfigCredentials } from "#lib/kube/kubeconfig.ts";
import type { Log } from "#lib/log/log.ts";
import { Lab } from "#test/lab/lab.ts";

export function startControlPlane(): Promise<Lab> {
  return Lab.start({ nodes: 0, clients: 0, kubeProxy: false, herald: false });
}

/** A client that may do everything. */
export async function adminClient(lab: Lab, log: Log): Promise<KubeClient> {
  const credentials = await kubeconfigCredentials(lab.kubeconfig);
  return new KubeClient({ credentials, userAgent: "herald-test", log });
}

/** The identity mounted at a directory, with the name in the certificate of a server that is reached at 127.0.0.1. */
export function mountedCredentials(directory: string, lab: Lab): Credentials {
  const cluster = lab.client.getCurrentCluster();
  const { hostname: host, port } = new URL(cluster?.server ?? "");
  const account = inClusterCredentials({ directory, host, port });
  return {
    origin: account.origin,
    access: async () => {
      const { tls, headers } = await account.access();
      return { tls: { ...tls, servername: cluster?.tlsServerName ?? host }, headers };
    },
    invalidate: () => account.invalidate(),
  };
}
