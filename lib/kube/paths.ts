/** Where the API serves the kinds that Herald reads and writes. */

const METALLB = "/apis/metallb.io/v1beta1";

/** Collections over all namespaces. */
export const PATHS = {
  services: "/api/v1/services",
  nodes: "/api/v1/nodes",
  namespaces: "/api/v1/namespaces",
  endpointSlices: "/apis/discovery.k8s.io/v1/endpointslices",
} as const;

interface Named {
  readonly namespace: string;
  readonly name: string;
}

export function servicePath({ namespace, name }: Named): string {
  return `/api/v1/namespaces/${namespace}/services/${name}`;
}

export function eventsPath(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/events`;
}

export function leasesPath(namespace: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
}

/** @param plural such as `ipaddresspools` */
export function metallbPath(namespace: string, plural: string): string {
  return `${METALLB}/namespaces/${namespace}/${plural}`;
}
