import type { V1Node } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { drainingOf } from "./draining.ts";

const MAINTENANCE = "herald-lb.io/maintenance";

function ready(status: string, message: string): V1Node {
  return { metadata: { name: "n1" }, status: { conditions: [{ type: "Ready", status, message }] } };
}

function tainted(key: string): V1Node {
  return { metadata: { name: "n1" }, spec: { taints: [{ key, effect: "NoExecute" }] } };
}

describe("a node gives its addresses away", () => {
  test.each<[when: string, node: V1Node, why: string]>([
    [
      "while it is annotated for maintenance",
      { metadata: { name: "n1", annotations: { [MAINTENANCE]: "new disk" } } },
      "n1 is in maintenance: its Node has the annotation herald-lb.io/maintenance",
    ],
    [
      "while it is labelled for maintenance, be it without a value",
      { metadata: { name: "n1", labels: { [MAINTENANCE]: "" } } },
      "n1 is in maintenance: its Node has the label herald-lb.io/maintenance",
    ],
    [
      "when it is tainted as out of service",
      tainted("node.kubernetes.io/out-of-service"),
      "n1 is out of service: its Node has the taint node.kubernetes.io/out-of-service",
    ],
    [
      "when its kubelet says that it is shutting down",
      ready("False", "node is shutting down"),
      "n1 is shutting down, as its kubelet says",
    ],
    [
      "when its kubelet says so among other things",
      ready("False", "[container runtime is down, node is shutting down]"),
      "n1 is shutting down, as its kubelet says",
    ],
  ])("%s", (_, node, why) => {
    expect(drainingOf(node)).toBe(why);
  });
});

describe("a node keeps its addresses", () => {
  test.each<[when: string, node: V1Node]>([
    ["when nothing is said", {}],
    [
      "when it is cordoned",
      {
        spec: {
          unschedulable: true,
          taints: [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }],
        },
      },
    ],
    [
      "when its maintenance is said to be over",
      { metadata: { annotations: { [MAINTENANCE]: "false" } } },
    ],
    ["when it is not ready for another reason", ready("False", "container runtime is down")],
    ["when nobody has heard of its kubelet", ready("Unknown", "node is shutting down")],
    ["when it is ready", ready("True", "kubelet is posting ready status")],
    ["when it cannot be reached by the API server", tainted("node.kubernetes.io/unreachable")],
  ])("%s", (_, node) => {
    expect(drainingOf(node)).toBeUndefined();
  });
});
