/** What kubelet and the controllers of kube-controller-manager would write, written by the lab. */

import type { KubeConfig } from "@kubernetes/client-node";
import {
  CoreV1Api,
  DiscoveryV1Api,
  PatchStrategy,
  setHeaderOptions,
  type V1Service,
} from "@kubernetes/client-node";
import { BACKEND_PORTS } from "./address-plan.ts";
import type { Node } from "./host.ts";

const FIELD_MANAGER = "herald-lab";
const READY = {
  type: "Ready",
  status: "True",
  reason: "KubeletReady",
  message: "the lab says so",
} as const;

/** The Node object of a node, ready and with its addresses on the LAN, as its kubelet registers it. */
export async function createNode(
  client: KubeConfig,
  node: Node,
  dualStack: boolean,
): Promise<void> {
  const { name, lanIp, lanIp6, podPlan } = node;
  const now = new Date();
  const ips = dualStack ? [lanIp, lanIp6] : [lanIp];
  const podCIDRs = dualStack ? [podPlan.subnet, podPlan.subnet6] : [podPlan.subnet];
  await client.makeApiClient(CoreV1Api).createNode({
    body: {
      metadata: {
        name,
        labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" },
      },
      spec: { podCIDR: podPlan.subnet, podCIDRs },
      status: {
        addresses: [
          ...ips.map((address) => ({ type: "InternalIP", address })),
          { type: "Hostname", address: name },
        ],
        conditions: [{ ...READY, lastHeartbeatTime: now, lastTransitionTime: now }],
      },
    },
  });
}

/** One endpoint of a Service, serving by default. */
export interface Endpoint {
  /** Left out for a backend that is on no node. */
  readonly node?: string;
  readonly ip: string;
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
}

/** Makes these, and no others, the endpoints of a Service: one EndpointSlice for each of its families. */
export async function setEndpoints(
  client: KubeConfig,
  service: V1Service,
  endpoints: readonly Endpoint[],
): Promise<void> {
  const families = service.spec?.ipFamilies ?? [];
  await Promise.all(
    families.map((family) => {
      const ofFamily = endpoints.filter(({ ip }) => ip.includes(":") === (family === "IPv6"));
      return applySlice(client, service, family, ofFamily);
    }),
  );
}

async function applySlice(
  client: KubeConfig,
  service: V1Service,
  family: string,
  endpoints: readonly Endpoint[],
): Promise<void> {
  const { name: serviceName = "", namespace = "", uid = "" } = service.metadata ?? {};
  const name = `${serviceName}-${family.toLowerCase()}`;
  await client.makeApiClient(DiscoveryV1Api).patchNamespacedEndpointSlice(
    {
      name,
      namespace,
      fieldManager: FIELD_MANAGER,
      force: true,
      body: {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: {
          name,
          namespace,
          labels: { "kubernetes.io/service-name": serviceName },
          ownerReferences: [{ apiVersion: "v1", kind: "Service", name: serviceName, uid }],
        },
        addressType: family,
        ports: (service.spec?.ports ?? []).map(({ name: portName, protocol, targetPort }) => ({
          name: portName ?? "",
          protocol: protocol ?? "TCP",
          port: typeof targetPort === "number" ? targetPort : BACKEND_PORTS[0],
        })),
        endpoints: endpoints.map(({ node, ip, ready = true, ...rest }) => ({
          addresses: [ip],
          ...(node !== undefined && { nodeName: node }),
          conditions: {
            ready,
            serving: rest.serving ?? ready,
            terminating: rest.terminating ?? false,
          },
        })),
      },
    },
    setHeaderOptions("Content-Type", PatchStrategy.ServerSideApply),
  );
}
