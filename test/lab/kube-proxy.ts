/** kube-proxy on a node, in nftables mode: what carries a packet from a Service's address to an endpoint. */

import { writeFileSync } from "node:fs";
import path from "node:path";
import { POD_SUBNETS } from "./address-plan.ts";
import type { Node } from "./host.ts";
import { Process } from "./process.ts";

export interface KubeProxyOptions {
  readonly program: string;
  readonly kubeconfig: string;
  readonly directory: string;
  readonly dualStack: boolean;
}

/** Node objects must exist before it starts: it reads its own addresses from them. */
export function kubeProxy(node: Node, options: KubeProxyOptions): Process {
  const config = path.join(options.directory, `kube-proxy-${node.name}.json`);
  writeFileSync(config, JSON.stringify(configuration(node, options)));
  return new Process({
    name: `kube-proxy-${node.name}`,
    namespace: node.namespace,
    command: options.program,
    args: [`--config=${config}`],
    logPath: path.join(options.directory, "logs", `kube-proxy-${node.name}.log`),
  });
}

/** The conntrack sizes of the kernel are global: 0 leaves them alone. */
function configuration(node: Node, { kubeconfig, dualStack }: KubeProxyOptions): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    hostnameOverride: node.name,
    clusterCIDR: POD_SUBNETS.slice(0, dualStack ? 2 : 1).join(","),
    clientConnection: { kubeconfig },
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  };
}
