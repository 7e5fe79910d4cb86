import { expect, test } from "vitest";
import { formatIp, parseIp } from "#lib/address/ip.ts";
import type { Decision } from "#lib/allocation/decision.ts";
import { conflictCondition } from "#lib/api/address-conflict.ts";
import type { Condition } from "#lib/api/service.ts";
import { service } from "#lib/api/testing/fixture.ts";
import { carriedBy, sameStatus, statusPatch } from "./status-patch.ts";

const NOW = "2026-01-02T03:04:05Z";
const EARLIER = "2026-01-01T00:00:00Z";

const allocated: Condition = {
  type: "herald-lb.io/AddressAllocated",
  status: "True",
  reason: "Allocated",
  message: '192.0.2.10 from pool "lab"',
  lastTransitionTime: EARLIER,
};
const announced: Condition = {
  type: "herald-lb.io/Announced",
  status: "True",
  reason: "Announced",
  message: "an eligible node answers for 192.0.2.10",
  lastTransitionTime: EARLIER,
};

const conflict: Condition = {
  ...conflictCondition({
    ip: "192.0.2.10",
    mac: "02:42:ac:11:00:07",
    node: "n2",
    link: "eth0",
    when: "first-use",
  }),
  lastTransitionTime: EARLIER,
};

const fresh = service("default/web", { resourceVersion: "7" });

const settled = service("default/web", {
  resourceVersion: "7",
  annotations: { "metallb.io/ip-allocated-from-pool": "lab" },
  ingress: ["192.0.2.10"],
  conditions: [allocated, announced],
});

function assign(...ips: string[]): Decision {
  return { kind: "assign", ips: ips.map(parseIp), pool: "lab", why: "lowest free", tried: [] };
}

function refuse(reason: "NoPool" | "PoolExhausted"): Decision {
  return { kind: "refuse", reason, message: "Every address is taken: widen the pool", tried: [] };
}

test("an address that the Service has already was allocated long ago, for all that is known", () => {
  const found = { ...settled, conditions: [], creationTimestamp: EARLIER };
  expect(statusPatch(found, assign("192.0.2.10"), NOW)?.status.conditions).toEqual([allocated]);
});

test("a new address is written with its pool and its condition in one patch", () => {
  expect(statusPatch(fresh, assign("192.0.2.10"), NOW)).toEqual({
    metadata: { resourceVersion: "7", annotations: { "metallb.io/ip-allocated-from-pool": "lab" } },
    status: {
      loadBalancer: { ingress: [{ ip: "192.0.2.10" }] },
      conditions: [{ ...allocated, lastTransitionTime: NOW }],
    },
  });
});

test("nothing is written when the Service says it all", () => {
  expect(statusPatch(settled, assign("192.0.2.10"), NOW)).toBeUndefined();
});

test("the time of a condition stays when its status does", () => {
  const patch = statusPatch(settled, assign("192.0.2.10", "2001:db8::10"), NOW);
  expect(patch?.status.conditions).toEqual([
    { ...allocated, message: '192.0.2.10 and 2001:db8::10 from pool "lab"' },
  ]);
  expect(patch?.status.loadBalancer?.ingress).toEqual([
    { ip: "192.0.2.10" },
    { ip: "2001:db8::10" },
  ]);
});

test("a refusal takes away the address, the pool and the word that somebody answers", () => {
  expect(statusPatch(settled, refuse("PoolExhausted"), NOW)).toEqual({
    metadata: { resourceVersion: "7", annotations: { "metallb.io/ip-allocated-from-pool": null } },
    status: {
      loadBalancer: { ingress: null },
      conditions: [
        {
          type: "herald-lb.io/AddressAllocated",
          status: "False",
          reason: "PoolExhausted",
          message: "Every address is taken: widen the pool",
          lastTransitionTime: NOW,
        },
        { $patch: "delete", type: "herald-lb.io/Announced" },
      ],
    },
  });
});

test("an address that a Service leaves for another host ends the word of it, in the same patch", () => {
  const contested = { ...settled, conditions: [...settled.conditions, conflict] };
  const patch = statusPatch(contested, assign("192.0.2.11"), NOW);
  expect(patch?.status).toEqual({
    loadBalancer: { ingress: [{ ip: "192.0.2.11" }] },
    conditions: [
      { ...allocated, message: '192.0.2.11 from pool "lab"' },
      {
        type: "herald-lb.io/AddressConflict",
        status: "False",
        reason: "NoConflict",
        message: "No other host is known to use an address of the Service",
        lastTransitionTime: NOW,
      },
    ],
  });
  expect(statusPatch(contested, refuse("PoolExhausted"), NOW)?.status.conditions).toContainEqual(
    expect.objectContaining({ reason: "NoConflict" }),
  );
});

test("the word of another host stays as long as the address does", () => {
  const contested = { ...settled, conditions: [allocated, conflict] };
  expect(statusPatch(contested, assign("192.0.2.10"), NOW)).toBeUndefined();
  const foreign = { ...fresh, ingress: ["192.0.2.10"], conditions: [conflict] };
  expect(statusPatch(foreign, refuse("NoPool"), NOW)?.status.conditions).toHaveLength(1);
});

test("without any pool, an address that another controller gave stays", () => {
  const foreign = { ...fresh, ingress: ["203.0.113.7"] };
  expect(statusPatch(foreign, refuse("NoPool"), NOW)?.status.loadBalancer).toBeUndefined();
  expect(statusPatch(settled, refuse("NoPool"), NOW)?.status.loadBalancer).toEqual({
    ingress: null,
  });
});

test("carries the addresses that the status comes to show, and none when it changes nothing", () => {
  const patch = statusPatch(service("default/web"), assign("192.0.2.10", "2001:db8::1"), NOW);
  expect(patch && carriedBy(patch).map(formatIp)).toEqual(["192.0.2.10", "2001:db8::1"]);
  expect(carriedBy(sameStatus(settled))).toEqual([]);
});
