import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { L2Advertisement } from "#lib/api/l2-advertisement.ts";
import type { Node } from "#lib/api/node.ts";
import type { Labels, Selector } from "#lib/api/selector.ts";
import { preferenceOrder, reportingNode } from "./order.ts";

const sha256 = (text: string): Uint8Array => createHash("sha256").update(text).digest();

function node(name: string, labels: Labels = {}): Node {
  return { name, labels, internalIps: [], networkUnavailable: false };
}

const has = (key: string): Selector => ({ requirements: [{ key, operator: "Exists" }] });

function preferring(
  preferredNodes: L2Advertisement["preferredNodes"],
  nodeSelectors: readonly Selector[] = [],
): L2Advertisement {
  return {
    name: "lab",
    pools: [],
    poolSelectors: [],
    nodeSelectors,
    interfaces: [],
    serviceSelectors: [],
    preferredNodes,
  };
}

/** `{ a: 10 }` labels no node `a` with a weight, but says that some preference gives it 10. */
function orderOf(
  names: readonly string[],
  ip: string,
  scores: Readonly<Record<string, number>> = {},
) {
  const preferences = Object.entries(scores).map(([label, weight]) => ({
    weight,
    selector: has(label),
  }));
  const nodes = names.map((name) => node(name, { [name]: "" }));
  return preferenceOrder(nodes, [preferring(preferences)], ip, sha256);
}

describe("the order of nodes is MetalLB's", () => {
  test.each([
    ["10.20.30.1", ["iris2", "iris1"]],
    ["10.20.30.2", ["iris1", "iris2"]],
    ["10.20.30.3", ["iris1", "iris2"]],
    ["10.0.0.1", ["node-b", "node-a", "node-c"]],
    ["10.0.0.2", ["node-b", "node-c", "node-a"]],
    ["192.168.1.240", ["node-a", "node-c", "node-b"]],
    ["fc00:f853:ccd:e799::1", ["node-b", "node-a", "node-c"]],
    ["10.20.30.1", ["edge-b", "worker-a", "edge-a"]],
    ["172.18.0.200", ["worker-3", "worker-1", "worker-2", "worker-4"]],
  ])("for %s: %j", (ip, expected) => {
    expect(orderOf([...expected].sort(), ip)).toEqual(expected);
  });

  test("also where preferences tie", () => {
    const scores = { "edge-a": 100, "edge-b": 100 };
    expect(orderOf(["edge-a", "edge-b", "worker-a"], "10.20.30.1", scores)).toEqual([
      "edge-b",
      "edge-a",
      "worker-a",
    ]);
  });
});

describe("a preference", () => {
  const nodes = [node("n1", { fast: "", near: "" }), node("n2", { fast: "" }), node("n3")];
  const order = (...advertisements: L2Advertisement[]) =>
    preferenceOrder(nodes, advertisements, "192.0.2.10", sha256);

  test("adds to the others of the same advertisement and of others", () => {
    const heavy = preferring([{ weight: 50, selector: has("near") }]);
    const light = preferring([{ weight: 40, selector: { requirements: [] } }]);
    const fast = preferring([{ weight: 5, selector: has("fast") }]);
    expect(order(heavy, light, fast)).toEqual(["n1", "n2", "n3"]);
  });

  test("counts only for the nodes that its advertisement covers", () => {
    const excluded: Selector = { requirements: [{ key: "fast", operator: "DoesNotExist" }] };
    const everyone = [{ weight: 1, selector: { requirements: [] } }];
    expect(order(preferring(everyone, [excluded]))[0]).toBe("n3");
  });

  test("that matches every node leaves the order as it is", () => {
    const everyone = [{ weight: 100, selector: { requirements: [] } }];
    expect(order(preferring(everyone))).toEqual(order());
  });
});

describe("whatever the nodes are", () => {
  const anyNames = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), {
    minLength: 1,
    maxLength: 12,
  });
  const anyIp = fc.ipV4();

  test("each appears once, the higher score first, in an order that does not depend on theirs", () => {
    fc.assert(
      fc.property(
        anyNames,
        anyIp,
        fc.infiniteStream(fc.constantFrom(1, 2, 3)),
        (names, ip, weights) => {
          const scores: Record<string, number> = Object.create(null);
          for (const name of names) {
            scores[name] = weights.next().value ?? 1;
          }
          const order = orderOf(names, ip, scores);
          const inOrder = order.map((name) => scores[name] ?? 0);

          expect([...order].sort()).toEqual([...names].sort());
          expect(inOrder).toEqual([...inOrder].sort((a, b) => b - a));
          expect(orderOf([...names].reverse(), ip, scores)).toEqual(order);
        },
      ),
    );
  });

  test("the removal of one keeps the others in their order", () => {
    fc.assert(
      fc.property(anyNames, anyIp, fc.nat(), (names, ip, pick) => {
        const gone = names[pick % names.length];
        const order = orderOf(names, ip);
        const rest = orderOf(
          names.filter((name) => name !== gone),
          ip,
        );
        expect(rest).toEqual(order.filter((name) => name !== gone));
      }),
    );
  });
});

describe("the node that reports when nobody owns", () => {
  test("is one of the living, and the same for all who see the same", () => {
    const reporter = reportingNode(["n1", "n2", "n3"], sha256);
    expect(["n1", "n2", "n3"]).toContain(reporter);
    expect(reportingNode(["n3", "n2", "n1"], sha256)).toBe(reporter);
    expect(
      reportingNode(
        ["n1", "n2", "n3"].filter((name) => name !== reporter),
        sha256,
      ),
    ).not.toBe(reporter);
  });

  test("is nobody when nobody lives", () => {
    expect(reportingNode([], sha256)).toBeUndefined();
  });
});
