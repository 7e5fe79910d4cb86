/** Objects of the cluster as tests want them: plain ones, unless the fields say otherwise. */

import { parseRange } from "#lib/address/ip-range.ts";
import type { L2Advertisement } from "#lib/api/l2-advertisement.ts";
import type { Node } from "#lib/api/node.ts";
import type { Pool } from "#lib/api/pool.ts";
import type { Service, ServicePort } from "#lib/api/service.ts";

/** A Service of IPv4 that asks for nothing and has nothing. */
export function service(key: string, fields: Partial<Service> = {}): Service {
  const [namespace = "", name = ""] = key.split("/");
  return {
    key,
    namespace,
    name,
    uid: key,
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: {},
    annotations: {},
    clusterIps: ["10.96.0.1"],
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
    externalTrafficPolicy: "Cluster",
    selector: { app: name },
    ports: [port(80)],
    ingress: [],
    conditions: [],
    ...fields,
  };
}

export function port(number: number, protocol = "TCP"): ServicePort {
  return { protocol, port: number };
}

/** A pool for everybody. */
export function pool(name: string, ...ranges: string[]): Pool {
  return {
    name,
    labels: {},
    ranges: ranges.map(parseRange),
    autoAssign: true,
    avoidBuggyIps: false,
    excluded: [],
    holdReleasedMs: 0,
  };
}

/** An advertisement of every pool and Service on every link of every node. */
export function l2Advertisement(fields: Partial<L2Advertisement> = {}): L2Advertisement {
  return {
    name: "lab",
    pools: [],
    poolSelectors: [],
    nodeSelectors: [],
    interfaces: [],
    serviceSelectors: [],
    preferredNodes: [],
    ...fields,
  };
}

export function node(name: string, fields: Partial<Node> = {}): Node {
  return { name, labels: {}, internalIps: [], networkUnavailable: false, ...fields };
}
