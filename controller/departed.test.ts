import type { V1Service } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { departurePatch } from "./departed.ts";

/** A Service that became a ClusterIP, with what Herald and somebody else wrote while it was a load balancer. */
function departed(changes: Partial<V1Service> = {}): V1Service {
  return {
    metadata: {
      name: "web",
      namespace: "default",
      resourceVersion: "7",
      annotations: { "metallb.io/ip-allocated-from-pool": "lab", team: "shop" },
    },
    spec: { type: "ClusterIP" },
    status: {
      conditions: [
        condition("herald-lb.io/AddressAllocated"),
        condition("herald-lb.io/Announced"),
        condition("example.org/Ready"),
      ],
    },
    ...changes,
  };
}

function condition(type: string) {
  return { type, status: "True", reason: "Fine", message: "", lastTransitionTime: new Date(0) };
}

test("takes Herald's annotation and conditions off, and leaves those of others", () => {
  expect(departurePatch(departed())).toEqual({
    metadata: {
      resourceVersion: "7",
      annotations: { "metallb.io/ip-allocated-from-pool": null },
    },
    status: {
      loadBalancer: { ingress: null },
      conditions: [
        { $patch: "delete", type: "herald-lb.io/AddressAllocated" },
        { $patch: "delete", type: "herald-lb.io/Announced" },
      ],
    },
  });
});

test.each([
  ["is a load balancer again", departed({ spec: { type: "LoadBalancer" } })],
  [
    "carries nothing of Herald's",
    departed({ metadata: { annotations: { team: "shop" } }, status: {} }),
  ],
  ["is as bare as can be", {}],
])("leaves a Service alone that %s", (_, service: V1Service) => {
  expect(departurePatch(service)).toBeUndefined();
});
