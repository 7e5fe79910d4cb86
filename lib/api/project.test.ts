import type { V1EndpointSlice, V1Namespace, V1Node, V1Service } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { formatIp } from "#lib/address/ip.ts";
import { readsTheSame } from "./pool-object.ts";
import { projectEndpointSlice } from "./project-endpoint-slice.ts";
import { projectNamespace } from "./project-namespace.ts";
import { projectNode } from "./project-node.ts";
import { projectNodeAddresses } from "./project-node-addresses.ts";
import { projectPool, type RawPool } from "./project-pool.ts";
import { projectService } from "./project-service.ts";

/** What the API server sends is JSON, where an instant is text, though the client's types say Date. */
function fromWire<T>(json: unknown): T {
  return JSON.parse(JSON.stringify(json)) as T;
}

const metadata = {
  name: "web",
  namespace: "default",
  uid: "5f3a",
  resourceVersion: "42",
  creationTimestamp: "2026-07-20T12:00:00Z",
};

const allocated = {
  type: "herald-lb.io/AddressAllocated",
  status: "True",
  reason: "Allocated",
  message: '192.0.2.10 from pool "lab"',
  lastTransitionTime: "2026-07-20T12:00:01Z",
};

describe("a Service", () => {
  test("keeps all that allocation and election ask for", () => {
    const raw = fromWire<V1Service>({
      metadata: {
        ...metadata,
        labels: { app: "web" },
        annotations: {
          "metallb.io/address-pool": "lab",
          "metallb.universe.tf/allow-shared-ip": "",
          "kubectl.kubernetes.io/last-applied-configuration": "{…}",
        },
      },
      spec: {
        type: "LoadBalancer",
        loadBalancerClass: "herald",
        loadBalancerIP: "192.0.2.10",
        clusterIP: "198.51.100.7",
        clusterIPs: ["198.51.100.7", "2001:db8::7"],
        ipFamilies: ["IPv4", "IPv6"],
        ipFamilyPolicy: "PreferDualStack",
        externalTrafficPolicy: "Local",
        selector: { app: "web" },
        ports: [{ port: 80 }, { protocol: "UDP", port: 53, targetPort: 5353 }],
      },
      status: {
        loadBalancer: { ingress: [{ ip: "192.0.2.10" }, { hostname: "web.example" }] },
        conditions: [allocated, { ...allocated, type: "other.example/Ready" }],
      },
    });
    expect(projectService(raw)).toEqual({
      key: "default/web",
      namespace: "default",
      name: "web",
      uid: "5f3a",
      resourceVersion: "42",
      creationTimestamp: "2026-07-20T12:00:00Z",
      labels: { app: "web" },
      annotations: {
        "metallb.io/address-pool": "lab",
        "metallb.universe.tf/allow-shared-ip": "",
      },
      loadBalancerClass: "herald",
      loadBalancerIp: "192.0.2.10",
      clusterIps: ["198.51.100.7", "2001:db8::7"],
      ipFamilies: ["IPv4", "IPv6"],
      ipFamilyPolicy: "PreferDualStack",
      externalTrafficPolicy: "Local",
      selector: { app: "web" },
      ports: [
        { protocol: "TCP", port: 80 },
        { protocol: "UDP", port: 53 },
      ],
      ingress: ["192.0.2.10"],
      conditions: [allocated],
    });
  });

  test("has the defaults of the API where fields are absent", () => {
    expect(projectService({ metadata: fromWire(metadata) })).toEqual({
      key: "default/web",
      namespace: "default",
      name: "web",
      uid: "5f3a",
      resourceVersion: "42",
      creationTimestamp: "2026-07-20T12:00:00Z",
      labels: {},
      annotations: {},
      clusterIps: [],
      ipFamilies: [],
      ipFamilyPolicy: "SingleStack",
      externalTrafficPolicy: "Cluster",
      selector: {},
      ports: [],
      ingress: [],
      conditions: [],
    });
  });

  test("has the older clusterIP where clusterIPs are absent", () => {
    const raw: V1Service = { spec: { clusterIP: "198.51.100.7" } };
    expect(projectService(raw).clusterIps).toEqual(["198.51.100.7"]);
  });

  test("shares what is empty with all others, so that ten thousand do not cost ten thousand times", () => {
    const [a, b] = [projectService({}), projectService({ metadata: { annotations: { x: "y" } } })];
    expect(a.annotations).toBe(b.annotations);
    expect(a.ingress).toBe(b.ingress);
    expect(a.conditions).toBe(b.conditions);
  });
});

describe("a Node", () => {
  test("keeps its labels, its internal addresses and whether its network works", () => {
    const raw = fromWire<V1Node>({
      metadata: { name: "n1", labels: { rack: "a" } },
      status: {
        addresses: [
          { type: "Hostname", address: "n1" },
          { type: "InternalIP", address: "192.0.2.1" },
          { type: "InternalIP", address: "2001:db8::1" },
        ],
        conditions: [
          { type: "Ready", status: "True" },
          { type: "NetworkUnavailable", status: "True" },
        ],
      },
    });
    expect(projectNode(raw)).toEqual({
      name: "n1",
      labels: { rack: "a" },
      internalIps: ["192.0.2.1", "2001:db8::1"],
      networkUnavailable: true,
      ready: true,
    });
  });

  test.each([
    ["False", false],
    ["Unknown", false],
    ["True", true],
  ])("whose condition NetworkUnavailable is %s is without network: %s", (status, expected) => {
    const conditions = [{ type: "NetworkUnavailable", status }];
    expect(projectNode({ status: { conditions } }).networkUnavailable).toBe(expected);
  });

  test("needs nothing but a name", () => {
    expect(projectNode({ metadata: { name: "n1" } })).toEqual({
      name: "n1",
      labels: {},
      internalIps: [],
      networkUnavailable: false,
      ready: false,
    });
  });
});

describe("the addresses of a Node", () => {
  const addressesOf = (...addresses: readonly (readonly [type: string, address: string])[]) =>
    projectNodeAddresses({
      metadata: { name: "n1" },
      status: { addresses: addresses.map(([type, address]) => ({ type, address })) },
    }).addresses.map(formatIp);

  test("are those within and without the cluster, each once, in an order of their own", () => {
    expect(
      addressesOf(
        ["InternalIP", "2001:db8::1"],
        ["ExternalIP", "203.0.113.1"],
        ["InternalIP", "192.0.2.1"],
        ["ExternalIP", "192.0.2.1"],
        ["InternalIP", "::ffff:192.0.2.1"],
      ),
    ).toEqual(["192.0.2.1", "203.0.113.1", "2001:db8::1"]);
  });

  test("are no names, and nothing that is not an address", () => {
    expect(
      addressesOf(
        ["Hostname", "192.0.2.1"],
        ["InternalDNS", "192.0.2.2"],
        ["InternalIP", ""],
        ["InternalIP", "n1.example"],
        ["InternalIP", "fe80::1%eth0"],
        ["ExternalIP", "192.0.2.0/24"],
      ),
    ).toEqual([]);
  });

  test("are none when the kubelet has told none yet", () => {
    expect(projectNodeAddresses({ metadata: { name: "n1" } })).toEqual({
      name: "n1",
      addresses: [],
    });
  });
});

describe("an IPAddressPool", () => {
  const raw = fromWire<RawPool>({
    metadata: {
      ...metadata,
      generation: 3,
      labels: { zone: "a" },
      annotations: {
        "herald-lb.io/exclude": "192.0.2.1",
        "kubectl.kubernetes.io/last-applied-configuration": "{…}",
      },
      managedFields: [{ manager: "kubectl" }],
    },
    spec: { addresses: ["192.0.2.0/24"] },
    status: { availableIPv4: 255 },
  });

  test("keeps what is read, and its status", () => {
    expect(projectPool(raw)).toEqual({
      metadata: {
        name: "web",
        namespace: "default",
        uid: "5f3a",
        resourceVersion: "42",
        generation: 3,
        labels: { zone: "a" },
        annotations: { "herald-lb.io/exclude": "192.0.2.1" },
      },
      spec: { addresses: ["192.0.2.0/24"] },
      status: { availableIPv4: 255 },
    });
  });

  test.each([
    ["its status", { status: {} }, true],
    ["its resourceVersion", { metadata: { ...raw.metadata, resourceVersion: "43" } }, true],
    [
      "an annotation of others",
      {
        metadata: {
          ...raw.metadata,
          annotations: {
            "herald-lb.io/exclude": "192.0.2.1",
            "example.org/owner": "net",
          },
        },
      },
      true,
    ],
    ["its generation", { metadata: { ...raw.metadata, generation: 4 } }, false],
    ["a label", { metadata: { ...raw.metadata, labels: { zone: "b" } } }, false],
    ["an annotation of Herald's", { metadata: { ...raw.metadata, annotations: {} } }, false],
  ])("with another value of %s reads the same: %j is %s", (_, change, expected) => {
    const changed = fromWire<RawPool>({ ...raw, ...change });
    expect(readsTheSame(projectPool(raw), projectPool(changed))).toBe(expected);
  });

  test("without generation never reads the same for certain", () => {
    expect(readsTheSame(projectPool({}), projectPool({}))).toBe(false);
  });
});

describe("an EndpointSlice", () => {
  const slice = (endpoints: unknown) =>
    projectEndpointSlice(
      fromWire<V1EndpointSlice>({
        metadata: {
          name: "web-abc12",
          namespace: "default",
          labels: { "kubernetes.io/service-name": "web" },
        },
        endpoints,
      }),
    );

  test.each([
    ["says nothing", {}, true],
    ["is ready", { ready: true, serving: true }, true],
    ["is not ready", { ready: false }, false],
    ["is not ready and does not serve", { ready: false, serving: false }, false],
    ["ends and still serves", { ready: false, serving: true, terminating: true }, true],
    ["ends and serves no more", { ready: false, serving: false, terminating: true }, false],
  ])("has an endpoint that %s: %j serves is %s", (_, conditions, serves) => {
    expect(slice([{ nodeName: "n1", conditions }])).toEqual({
      name: "web-abc12",
      service: "default/web",
      servingNodes: serves ? ["n1"] : [],
    });
  });

  test("keeps an endpoint without node, for it serves too", () => {
    expect(slice([{ addresses: ["192.0.2.9"] }, { nodeName: "n1" }]).servingNodes).toEqual([
      undefined,
      "n1",
    ]);
  });

  test.each([[undefined], [null], [[]]])("may have the endpoints %j", (endpoints) => {
    expect(slice(endpoints).servingNodes).toEqual([]);
  });
});

test("a Namespace keeps its name and labels", () => {
  const raw: V1Namespace = { metadata: { name: "shop", labels: { team: "a" } } };
  expect(projectNamespace(raw)).toEqual({ name: "shop", labels: { team: "a" } });
  expect(projectNamespace({ metadata: { name: "shop" } }).labels).toEqual({});
});
