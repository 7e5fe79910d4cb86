/** Services beside the one that is looked at, so that there is more to take over. */

import { CoreV1Api } from "@kubernetes/client-node";
import { eventually } from "#test/lab/eventually.ts";
import type { Lab } from "#test/lab/lab.ts";

const AT_ONCE = 8;
/** Nobody sends them anything: ten kube-proxies need not write their rules. */
const NOT_FOR_KUBE_PROXY = { "service.kubernetes.io/service-proxy-name": "none" };
const SERVED_WITHIN_MS = 120_000;

/** Creates so many, with one IPv4 address of the pool each, and waits until all have theirs. */
export async function createOtherServices(lab: Lab, count: number, pool: string): Promise<void> {
  const api = lab.client.makeApiClient(CoreV1Api);
  const names = Array.from({ length: count }, (_, index) => `other-${index}`).values();
  const create = async () => {
    for (const name of names) {
      await api.createNamespacedService({ namespace: "default", body: other(name, pool) });
      await lab.setEndpoints(name, "default", [{ ip: lab.backend.lanIp }]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, create));
  await eventually(
    async () => {
      const { items } = await api.listNamespacedService({ namespace: "default" });
      const waiting = items.filter(
        ({ metadata, status }) =>
          metadata?.name?.startsWith("other-") === true &&
          status?.loadBalancer?.ingress === undefined,
      );
      if (waiting.length > 0) {
        throw new Error(`${waiting.length} Services have no address`);
      }
      return true;
    },
    { withinMs: SERVED_WITHIN_MS },
  );
}

function other(name: string, pool: string): object {
  return {
    metadata: {
      name,
      labels: NOT_FOR_KUBE_PROXY,
      annotations: { "metallb.io/address-pool": pool },
    },
    spec: {
      type: "LoadBalancer",
      ipFamilyPolicy: "SingleStack",
      allocateLoadBalancerNodePorts: false,
      ports: [{ name: "echo", port: 7, protocol: "UDP", targetPort: 8080 }],
    },
  };
}
