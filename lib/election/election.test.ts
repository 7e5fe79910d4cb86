import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EXCLUDE_NODE_LABEL } from "#lib/api/annotations.ts";
import { projectService } from "#lib/api/project-service.ts";
import type { Selector } from "#lib/api/selector.ts";
import type { Service } from "#lib/api/service.ts";
import { l2Advertisement, node, pool } from "#lib/api/testing/fixture.ts";
import { type Election, type ElectionInput, elect, interfacesOn } from "./election.ts";

const sha256 = (text: string): Uint8Array => createHash("sha256").update(text).digest();

const has = (key: string): Selector => ({ requirements: [{ key, operator: "Exists" }] });

function service(more: Partial<Service> = {}): Service {
  return {
    ...projectService({ metadata: { namespace: "default", name: "web" } }),
    ingress: ["192.0.2.10"],
    ...more,
  };
}

const excluded = { labels: { [EXCLUDE_NODE_LABEL]: "" } };

/** For 192.0.2.10 the order is n2, n3, n1. */
const cluster: ElectionInput = {
  service: service(),
  keepers: new Map(),
  pools: [pool("home", "198.51.100.0/24"), pool("lab", "192.0.2.0/24", "2001:db8::/120")],
  advertisements: [l2Advertisement()],
  nodes: [node("n1"), node("n2"), node("n3")],
  servingNodes: ["n1", undefined],
  ignoreExcludeLabel: false,
};

function electionOf(more: Partial<ElectionInput>): Election {
  return elect({ ...cluster, ...more }, sha256);
}

function orderOf(more: Partial<ElectionInput>): readonly string[] {
  const election = electionOf(more);
  return election.kind === "eligible" ? election.order : [];
}

/** Made in the same second, unless said otherwise. */
function keptBy(keeper: string, creationTimestamp = service().creationTimestamp) {
  return { key: keeper, creationTimestamp };
}

describe("a Service that may be announced", () => {
  test("has an order of nodes, and its addresses in canonical text", () => {
    const election = electionOf({
      service: service({ ingress: ["2001:DB8:0::7", "192.0.2.10"] }),
    });
    expect(election).toMatchObject({
      kind: "eligible",
      ips: ["2001:db8::7", "192.0.2.10"],
      notEligible: new Map(),
    });
  });

  test.each([
    [["192.0.2.10"]],
    [["::ffff:192.0.2.10"]],
    [["192.0.2.10", "2001:db8::7"]],
    [["2001:db8::7", "192.0.2.10"]],
  ])("has its order from its first IPv4 address: %j", (ingress) => {
    expect(orderOf({ service: service({ ingress }) })).toEqual(["n2", "n3", "n1"]);
  });

  test("has its order from the first IPv4 address that it does not leave to another", () => {
    const election = electionOf({
      service: service({ ingress: ["192.0.2.11", "2001:db8::7", "192.0.2.10"] }),
      keepers: new Map([["192.0.2.11", keptBy("default/api")]]),
    });
    expect(election).toMatchObject({
      ips: ["2001:db8::7", "192.0.2.10"],
      order: ["n2", "n3", "n1"],
      heldByAnother:
        "192.0.2.11 is also default/api's, which comes first by name and does not share it: default/web is not announced there until the controller gives one of them another",
    });
  });

  test.each([
    [["2001:db8::7"], ["n1", "n3", "n2"]],
    [
      ["2001:db8::7", "2001:db8::9"],
      ["n1", "n3", "n2"],
    ],
    [
      ["2001:db8::9", "2001:db8::7"],
      ["n1", "n2", "n3"],
    ],
  ])("has its order from its first address when it has IPv6 alone: %j", (ingress, order) => {
    expect(orderOf({ service: service({ ingress }) })).toEqual(order);
  });

  test("is announced at its IPv6 address when it leaves the other to another", () => {
    const election = electionOf({
      service: service({ ingress: ["192.0.2.10", "2001:db8::7"] }),
      keepers: new Map([["192.0.2.10", keptBy("default/api")]]),
    });
    expect(election).toMatchObject({
      ips: ["2001:db8::7"],
      order: orderOf({ service: service({ ingress: ["2001:db8::7"] }) }),
    });
  });

  test.each(["all", "subnet", undefined] as const)(
    "is announced on the links that its pool says: %s",
    (interfaces) => {
      const lab = {
        ...pool("lab", "192.0.2.0/24"),
        ...(interfaces !== undefined && { interfaces }),
      };
      expect(electionOf({ pools: [lab] })).toMatchObject({ interfaces });
    },
  );

  test("says of every other node why it is not eligible", () => {
    const election = electionOf({
      nodes: [
        node("n1", { labels: { rack: "a" } }),
        node("n2", { networkUnavailable: true, labels: { rack: "a" } }),
        node("n3", { labels: { rack: "a", ...excluded.labels } }),
        node("n4"),
      ],
      advertisements: [l2Advertisement({ nodeSelectors: [has("rack")] })],
    });
    expect(election).toMatchObject({
      order: ["n1"],
      notEligible: new Map([
        ["n2", "network unavailable"],
        ["n3", "excluded by label"],
        ["n4", "no L2Advertisement covers it"],
      ]),
    });
  });

  test("may be announced from excluded nodes when the label is to be ignored", () => {
    const nodes = [node("n1", excluded), node("n2")];
    expect(orderOf({ nodes })).toEqual(["n2"]);
    expect(orderOf({ nodes, ignoreExcludeLabel: true })).toEqual(["n2", "n1"]);
  });

  test("is announced from any node when its policy is Cluster", () => {
    expect(orderOf({ servingNodes: [undefined] })).toEqual(["n2", "n3", "n1"]);
  });

  test("is announced only where an endpoint serves when its policy is Local", () => {
    const election = electionOf({
      service: service({ externalTrafficPolicy: "Local" }),
      servingNodes: ["n2", undefined, "n2"],
    });
    expect(election).toMatchObject({
      order: ["n2"],
      notEligible: new Map([
        ["n1", "no serving endpoint"],
        ["n3", "no serving endpoint"],
      ]),
    });
  });

  test("has the nodes of all advertisements that select it, and of no other", () => {
    const nodes = ["a", "b", "c"].map((rack) => node(`in-${rack}`, { labels: { [rack]: "" } }));
    const order = orderOf({
      nodes,
      service: service({ labels: { app: "web" } }),
      advertisements: [
        l2Advertisement({ name: "a", nodeSelectors: [has("a")] }),
        l2Advertisement({ name: "b", nodeSelectors: [has("b")], serviceSelectors: [has("app")] }),
        l2Advertisement({ name: "c", nodeSelectors: [has("c")], serviceSelectors: [has("no")] }),
        l2Advertisement({ name: "home", pools: ["home"] }),
      ],
    });
    expect([...order].sort()).toEqual(["in-a", "in-b"]);
  });
});

const LOCAL = service({ externalTrafficPolicy: "Local" });

describe("a Service that nobody may announce", () => {
  test.each<[string, string, Partial<ElectionInput>]>([
    ["NoAddress", "default/web has no address yet", { service: service({ ingress: [] }) }],
    [
      "NotInAnyPool",
      "203.0.113.9, which default/web has, is in no pool: widen a pool, or let the controller assign another address",
      { service: service({ ingress: ["203.0.113.9"] }) },
    ],
    [
      "NotInAnyPool",
      "192.0.2.10 and 198.51.100.1, which default/web has, are not in one pool: widen a pool, or let the controller assign another address",
      { service: service({ ingress: ["192.0.2.10", "198.51.100.1"] }) },
    ],
    [
      "NotInAnyPool",
      '"web", which default/web has, is no IP address',
      { service: service({ ingress: ["web"] }) },
    ],
    [
      "AddressHeldByAnother",
      "192.0.2.10 is also default/api's, which is older and does not share it: default/web is not announced there until the controller gives one of them another",
      {
        service: service({
          creationTimestamp: "2026-01-01T00:00:01Z",
          ingress: ["192.0.2.10"],
        }),
        keepers: new Map([["192.0.2.10", keptBy("default/api", "2026-01-01T00:00:00Z")]]),
      },
    ],
    [
      "AddressHeldByAnother",
      "192.0.2.10 is also default/api's, which comes first by name and does not share it; 192.0.2.11 is also default/db's, which comes first by name and does not share it: default/web is not announced there until the controller gives one of them another",
      {
        service: service({ ingress: ["192.0.2.10", "192.0.2.11"] }),
        keepers: new Map([
          ["192.0.2.10", keptBy("default/api")],
          ["192.0.2.11", keptBy("default/db")],
        ]),
      },
    ],
    [
      "NoAdvertisement",
      'No L2Advertisement covers pool "lab": create one, or name the pool in an existing one',
      { advertisements: [l2Advertisement({ pools: ["home"] })] },
    ],
    [
      "NoAdvertisement",
      'No L2Advertisement of pool "lab" selects default/web: change its serviceSelectors, or the labels of the Service',
      { advertisements: [l2Advertisement({ serviceSelectors: [has("app")] })] },
    ],
    [
      "NoEligibleNode",
      `No node may announce 192.0.2.10: all carry the label ${EXCLUDE_NODE_LABEL}: remove it, or run the speaker with --ignore-exclude-lb`,
      { nodes: [node("n1", excluded), node("n2", excluded)] },
    ],
    [
      "NoEligibleNode",
      "No node may announce 192.0.2.10: the nodeSelectors of its L2Advertisements match none: change them, or label a node",
      { advertisements: [l2Advertisement({ nodeSelectors: [has("rack")] })] },
    ],
    [
      "NoEligibleNode",
      "No node may announce 192.0.2.10: each is kept from it by one of these: excluded by label; network unavailable",
      { nodes: [node("n1", { networkUnavailable: true }), node("n2", excluded)] },
    ],
    [
      "NoEligibleNode",
      "No node may announce 192.0.2.10: the cluster has no Node yet",
      { nodes: [] },
    ],
    ["NoEndpoint", "default/web has no serving endpoint", { servingNodes: [] }],
    ["NoEndpoint", "default/web has no serving endpoint", { service: LOCAL, servingNodes: [] }],
    [
      "NoLocalEndpoint",
      "externalTrafficPolicy is Local, and no node with a serving endpoint may announce: n1 has one and is excluded by its label",
      { service: LOCAL, nodes: [node("n1", excluded), node("n2")] },
    ],
    [
      "NoLocalEndpoint",
      "externalTrafficPolicy is Local, and no node with a serving endpoint may announce: n4 has one and is not known as a Node; n5 has one and is not known as a Node; n6 has one and is not known as a Node; and 1 more",
      { service: LOCAL, servingNodes: ["n7", "n6", "n5", "n4"] },
    ],
    [
      "NoLocalEndpoint",
      "externalTrafficPolicy is Local, and no serving endpoint says on which node it is",
      { service: LOCAL, servingNodes: [undefined] },
    ],
  ])("gives the reason %s: %s", (reason, message, input) => {
    expect(electionOf(input)).toMatchObject({ kind: "nobody", reason, message });
  });

  test.each(["metallb.io/allow-shared-ip", "metallb.universe.tf/allow-shared-ip"])(
    "may share its address by %s, even with an empty key, under serviceSelectors",
    (key) => {
      const election = electionOf({
        service: service({ annotations: { [key]: "" } }),
        advertisements: [
          l2Advertisement({ name: "all" }),
          l2Advertisement({ serviceSelectors: [{ requirements: [] }] }),
        ],
      });
      expect(election).toMatchObject({
        reason: "SharedIpWithServiceSelector",
        message: `default/web may share its address, and L2Advertisement "lab" has serviceSelectors: drop either the annotation ${key} or the serviceSelectors`,
      });
    },
  );

  test("keeps the reason of each node", () => {
    expect(
      electionOf({ servingNodes: [], nodes: [node("n1"), node("n2", excluded)] }),
    ).toMatchObject({
      notEligible: new Map([
        ["n1", "no serving endpoint"],
        ["n2", "excluded by label"],
      ]),
    });
  });
});

describe("the interfaces on which a node answers", () => {
  const inRack = node("n1", { labels: { rack: "a" } });
  const covering = (...interfaces: string[]) => l2Advertisement({ interfaces });
  const elsewhere = (...interfaces: string[]) =>
    l2Advertisement({ interfaces, nodeSelectors: [has("shelf")] });

  test.each([
    ["all when one advertisement names none", [covering("eth1"), covering()], undefined],
    [
      "those that any advertisement names",
      [covering("eth1", "eth0"), covering("bond0", "eth1")],
      ["bond0", "eth0", "eth1"],
    ],
    ["those of the advertisements that cover it", [covering("eth0"), elsewhere()], ["eth0"]],
    ["none when none covers it", [elsewhere("eth0")], []],
  ])("are %s", (_, advertisements, expected) => {
    expect(interfacesOn(advertisements, inRack)).toEqual(expected);
  });
});

test("whatever the nodes are, each is either in the order or has a reason", () => {
  const anyNode = fc.record({
    name: fc.constantFrom("n1", "n2", "n3", "n4", "n5", "n6"),
    labels: fc.constantFrom({}, excluded.labels, { rack: "a" }),
    internalIps: fc.constant([]),
    networkUnavailable: fc.boolean(),
  });
  const anyInput = fc.record({
    nodes: fc.uniqueArray(anyNode, { selector: ({ name }) => name }),
    servingNodes: fc.array(fc.constantFrom("n1", "n2", "n9", undefined)),
    service: fc.constantFrom(LOCAL, service()),
    advertisements: fc.constantFrom(
      [l2Advertisement()],
      [l2Advertisement({ nodeSelectors: [has("rack")] })],
    ),
    ignoreExcludeLabel: fc.boolean(),
  });
  fc.assert(
    fc.property(anyInput, (input) => {
      const election = electionOf(input);
      const order = election.kind === "eligible" ? election.order : [];
      expect([...order, ...election.notEligible.keys()].sort()).toEqual(
        input.nodes.map(({ name }) => name).sort(),
      );
      expect(election.kind).toBe(order.length > 0 ? "eligible" : "nobody");
    }),
  );
});
