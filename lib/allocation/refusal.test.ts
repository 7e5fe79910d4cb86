import { describe, expect, it } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import type { Service } from "#lib/api/service.ts";
import { port, service } from "#lib/api/testing/fixture.ts";
import { decide } from "./decide.ts";
import type { PoolRefusal, Refusal } from "./decision.ts";
import { annotated, LOCAL, type PoolSpecs, REQUIRE_DUAL, withPools } from "./testing/fixture.ts";

const LAB: PoolSpecs = { lab: ["192.0.2.10/32"] };
const tenants = { addresses: ["192.0.2.10/32"], serviceAllocation: { namespaces: ["a", "b"] } };
const reserved = { addresses: ["192.0.2.20/32"], autoAssign: false };
const asks = (ips: string): Partial<Service> => annotated({ loadBalancerIPs: ips });
const shares = (key: string, fields: Partial<Service> = {}): Partial<Service> => ({
  annotations: {
    "metallb.io/loadBalancerIPs": "192.0.2.10",
    "metallb.io/allow-shared-ip": key,
  },
  ...fields,
});

/** What default/web is told when shop/api already has 192.0.2.10, with the given fields. */
function told(specs: PoolSpecs, fields: Partial<Service>, api?: Partial<Service>) {
  const allocations = withPools(specs);
  if (api !== undefined) {
    allocations.allocate(service("shop/api", api), [parseIp("192.0.2.10")]);
  }
  const decision = decide(allocations, service("default/web", fields));
  return decision.kind === "refuse" ? `${decision.reason}: ${decision.message}` : decision.kind;
}

describe("a Service that gets nothing is told why, and what to do:", () => {
  it.each<[Refusal, string, PoolSpecs, Partial<Service>, Partial<Service>?]>([
    ["NoPool", 'No IPAddressPool exists in namespace "metallb-system": create one', {}, {}],
    [
      "NoClusterIp",
      "default/web has no cluster IP: remove spec.clusterIP, so that Kubernetes gives it one",
      LAB,
      { clusterIps: [] },
    ],
    [
      "NotEnoughClusterIps",
      "default/web requires both families and has the cluster IP 10.96.0.1 alone: give the cluster both families, or set ipFamilyPolicy to PreferDualStack",
      LAB,
      { ipFamilyPolicy: "RequireDualStack" },
    ],
    [
      "PoolExhausted",
      'Every address of pool "lab" that default/web may use is taken: widen the pool, or delete a Service that uses it',
      LAB,
      {},
      {},
    ],
    [
      "PoolExhausted",
      'Every IPv4 address of pool "lab" that default/web may use is taken: widen the pool, or delete a Service that uses it',
      { lab: ["192.0.2.10/32", "2001:db8::/64"] },
      annotated({ "address-pool": "lab" }),
      {},
    ],
    [
      "NotInAnyPool",
      "203.0.113.9, which default/web asks for, is in no pool: add it to a pool, or drop the annotation metallb.io/loadBalancerIPs",
      LAB,
      asks("203.0.113.9"),
    ],
    [
      "NotInAnyPool",
      "203.0.113.9, which default/web asks for, is in no pool: add it to a pool, or drop spec.loadBalancerIP",
      LAB,
      { loadBalancerIp: "203.0.113.9" },
    ],
    [
      "NotInAnyPool",
      "192.0.2.10 and 2001:db8::1, which default/web asks for, are of two pools: ask for addresses of one",
      { ...LAB, six: ["2001:db8::/64"] },
      { ...REQUIRE_DUAL, ...asks("192.0.2.10,2001:db8::1") },
    ],
    [
      "HeldByAnother",
      '192.0.2.10 is held by shop/api, and the two do not share: give both the same metallb.io/allow-shared-ip (now "blue" and unset)',
      LAB,
      asks("192.0.2.10"),
      shares("blue"),
    ],
    [
      "HeldByAnother",
      "192.0.2.10 is held by shop/api, and the two do not share: set externalTrafficPolicy of both to Cluster, or of both to Local with the same selector",
      LAB,
      shares("blue", { ports: [port(443)] }),
      shares("blue", LOCAL),
    ],
    [
      "PortTaken",
      "192.0.2.10 is shared with shop/api, which already uses TCP 443: change a port, or use another address",
      LAB,
      shares("blue", { ports: [port(80), port(443)] }),
      shares("blue", { ports: [port(443)] }),
    ],
    [
      "PoolNotForNamespace",
      'Pool "tenants" serves only the namespaces a, b: default/web is in "default"',
      { tenants },
      {},
    ],
    [
      "PoolNotForService",
      'Pool "lab" serves only Services that its serviceSelectors match: give default/web such labels, or use another pool',
      {
        lab: {
          addresses: ["192.0.2.10/32"],
          serviceAllocation: { serviceSelectors: [{ matchLabels: { app: "api" } }] },
        },
      },
      asks("192.0.2.10"),
    ],
    [
      "AddressAvoided",
      '192.0.2.0 ends in .0 or .255, which pool "lab" avoids: use another address, or set its avoidBuggyIPs to false',
      { lab: { addresses: ["192.0.2.0/24"], avoidBuggyIPs: true } },
      asks("192.0.2.0"),
    ],
    [
      "FamilyMissing",
      "default/web needs IPv6, and no pool it may use has IPv6 addresses",
      LAB,
      { clusterIps: ["fd00::1"] },
    ],
    [
      "FamilyMissing",
      "default/web needs IPv4 and IPv6 of one pool, and no pool it may use has both",
      { ...LAB, six: ["2001:db8::/64"] },
      REQUIRE_DUAL,
    ],
    [
      "FamilyMissing",
      'default/web needs IPv6, and pool "lab" has no IPv6 addresses',
      LAB,
      { clusterIps: ["fd00::1"], ...annotated({ "address-pool": "lab" }) },
    ],
    [
      "UnknownPool",
      'Pool "dmz", which default/web asks for, does not exist: create it, or change the annotation metallb.universe.tf/address-pool',
      LAB,
      { annotations: { "metallb.universe.tf/address-pool": "dmz" } },
    ],
    [
      "AutoAssignOff",
      'Pool "reserved" gives addresses only to those that ask (autoAssign is off): give default/web the annotation metallb.io/address-pool',
      { reserved },
      {},
    ],
    [
      "BadRequest",
      "default/web asks for addresses by metallb.io/loadBalancerIPs and by spec.loadBalancerIP: keep one of the two",
      LAB,
      { ...asks("192.0.2.10"), loadBalancerIp: "192.0.2.10" },
    ],
    [
      "BadRequest",
      'default/web asks by spec.loadBalancerIP for "web", which is no address: write one address, or use metallb.io/loadBalancerIPs',
      LAB,
      { loadBalancerIp: "web" },
    ],
    [
      "BadRequest",
      "default/web asks by metallb.io/loadBalancerIPs for 192.0.2.10, 192.0.2.11: write one address, or one of each family with a comma between",
      LAB,
      asks("192.0.2.10,192.0.2.11"),
    ],
    [
      "BadRequest",
      "default/web needs IPv4, and metallb.io/loadBalancerIPs asks for 2001:db8::1: ask for one address of each family that it needs",
      LAB,
      asks("2001:db8::1"),
    ],
    [
      "BadRequest",
      '192.0.2.10, which default/web asks for, is of pool "lab", and metallb.io/address-pool asks for pool "reserved": drop one of the two',
      { ...LAB, reserved },
      annotated({ loadBalancerIPs: "192.0.2.10", "address-pool": "reserved" }),
    ],
  ])("%s: %s", (reason, message, specs, fields, api) => {
    expect(told(specs, fields, api)).toBe(`${reason}: ${message}`);
  });

  it("of several pools, what those that came nearest to an address lack", () => {
    const two = { a: ["192.0.2.10/32"], b: { ...reserved, autoAssign: true } };
    const others = (...names: string[]): PoolSpecs =>
      Object.fromEntries(
        names.map((name, index) => [name, { ...tenants, addresses: [`192.0.2.${index}/32`] }]),
      );
    const allocations = withPools(two);
    allocations.allocate(service("shop/api"), [parseIp("192.0.2.10")]);
    allocations.allocate(service("shop/dns"), [parseIp("192.0.2.20")]);

    expect(decide(allocations, service("default/web"))).toMatchObject({
      reason: "PoolExhausted",
      message:
        'Every address of the pools "a", "b" that default/web may use is taken: widen a pool, or delete a Service that uses one',
    });
    expect(told({ ...LAB, dmz: { ...tenants, addresses: ["192.0.2.9/32"] } }, {}, {})).toMatch(
      /^PoolExhausted: Every address of pool "lab"/,
    );
    expect(told(others("x", "y"), {})).toBe(
      'PoolNotForNamespace: The pools "x", "y" serve only other namespaces: default/web is in "default"',
    );
    expect(told(others(..."abcdefghij"), {})).toContain('"g", "h" and 2 more serve only');
  });

  it("and the sentence stays short, however long the request", () => {
    expect(told(LAB, asks("x".repeat(100_000))).length).toBeLessThan(300);
    expect(told(LAB, asks("192.0.2.1,".repeat(1000))).length).toBeLessThan(300);
  });
});

describe("a megabyte", () => {
  const MEGABYTE = 2 ** 20;
  const rubbish = [
    "x".repeat(MEGABYTE),
    "🦆".repeat(MEGABYTE / 4),
    "192.0.2.1,".repeat(MEGABYTE / 10),
  ];
  const fields = rubbish.flatMap((text): Partial<Service>[] => [
    annotated({ loadBalancerIPs: text }),
    annotated({ "address-pool": text }),
    annotated({ "allow-shared-ip": text }),
    { loadBalancerIp: text },
  ]);

  it.each(fields)("in a request, number %#, makes a short sentence or changes nothing", (given) => {
    const allocations = withPools({ ...LAB, reserved });
    const decision = decide(allocations, service("default/web", given));
    const message = decision.kind === "refuse" ? decision.message : "";

    expect(message.length).toBeLessThan(400);
    expect(decision.tried.every(({ because }) => because.length < 400)).toBe(true);
  });

  it.each(fields)("in a request, number %#, takes no address that is not asked away", (given) => {
    const has = { ...given, ingress: ["192.0.2.10"] };
    const decision = decide(withPools(LAB), service("default/web", has));
    const asksForPool = "metallb.io/address-pool" in (given.annotations ?? {});

    expect(decision.kind).toBe(asksForPool ? "refuse" : "assign");
    expect((decision.loss?.message ?? "").length).toBeLessThan(400);
  });
});

describe("a decision names the pools that were passed over", () => {
  const specs = {
    tenants,
    reserved,
    six: ["2001:db8::/64"],
    zone: ["198.51.100.0/24"],
    unused: ["203.0.113.0/24"],
  };
  const reasons = (tried: readonly PoolRefusal[]) =>
    tried.map(({ pool, reason }) => [pool, reason]);

  it("before the one that gives an address", () => {
    const decision = decide(withPools(specs), service("default/web"));

    expect(decision).toMatchObject({
      pool: "unused",
      why: "lowest free of the first pool that serves the namespace",
    });
    expect(reasons(decision.tried)).toEqual([
      ["tenants", "PoolNotForNamespace"],
      ["reserved", "AutoAssignOff"],
      ["six", "FamilyMissing"],
    ]);
  });

  it("and, when it shares an address, that it does not have it alone", () => {
    const allocations = withPools(LAB);
    const blue = annotated({ "allow-shared-ip": "blue" });
    allocations.allocate(service("shop/api", blue), [parseIp("192.0.2.10")]);

    expect(
      decide(allocations, service("default/web", { ...blue, ports: [port(443)] })),
    ).toMatchObject({ why: "lowest that it may use of the first pool that serves the namespace" });
  });

  it.each([
    [
      annotated({ "address-pool": "reserved" }),
      "lowest free of the pool that metallb.io/address-pool asks for",
    ],
    [asks("192.0.2.20"), "asked for by metallb.io/loadBalancerIPs"],
  ])("unless it asks for a pool or an address: %j", (fields, why) => {
    expect(decide(withPools(specs), service("default/web", fields))).toMatchObject({
      why,
      pool: "reserved",
      tried: [],
    });
  });
});
