export const SERVICES_PATH = "/api/v1/namespaces/default/services";

/** A Service that asks for nothing but an address; without node ports, of which there are 2,768. */
export function loadBalancer(name: string): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { type: "LoadBalancer", allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] },
  };
}
