/** What a user applies to have the pools and Services of a history. */

import type { PoolFields, ServiceFields } from "./history.ts";

/** The namespace of the pools. */
export const POOL_NAMESPACE = "metallb-system";

export function poolManifest(name: string, fields: PoolFields): object {
  const { exclude, maxPerNamespace, holdReleasedMinutes, ...spec } = fields;
  const annotations = {
    ...(exclude !== undefined && { "herald-lb.io/exclude": exclude }),
    ...(maxPerNamespace !== undefined && {
      "herald-lb.io/max-per-namespace": String(maxPerNamespace),
    }),
    ...(holdReleasedMinutes !== undefined && {
      "herald-lb.io/hold-released": `${holdReleasedMinutes}m`,
    }),
  };
  const { serviceAllocation, ...others } = spec;
  return {
    apiVersion: "metallb.io/v1beta1",
    kind: "IPAddressPool",
    metadata: { name, namespace: POOL_NAMESPACE, annotations },
    spec: {
      ...others,
      ...(serviceAllocation && { serviceAllocation: allocationManifest(serviceAllocation) }),
    },
  };
}

function allocationManifest(allocation: NonNullable<PoolFields["serviceAllocation"]>): object {
  const { priority, namespaces, namespaceSelectors = [], serviceSelectors = [] } = allocation;
  return {
    priority,
    namespaces,
    namespaceSelectors: namespaceSelectors.map((name) => ({
      matchLabels: { "kubernetes.io/metadata.name": name },
    })),
    serviceSelectors: serviceSelectors.map((matchLabels) => ({ matchLabels })),
  };
}

/** The cluster IPs are for the API server to give: it gives them by the families. */
export function serviceManifest(key: string, fields: ServiceFields): object {
  const [namespace, name] = key.split("/");
  const { families, request, sharing, traffic, labels, ports } = fields;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, labels, annotations: { ...request.annotations, ...sharing } },
    spec: {
      type: "LoadBalancer",
      ipFamilies: families.ipFamilies,
      ipFamilyPolicy: families.ipFamilyPolicy,
      ...(request.loadBalancerIp !== undefined && { loadBalancerIP: request.loadBalancerIp }),
      ...traffic,
      ports: ports.map(({ port, protocol }) => ({
        name: `${protocol.toLowerCase()}-${port}`,
        port,
        protocol,
      })),
    },
  };
}
