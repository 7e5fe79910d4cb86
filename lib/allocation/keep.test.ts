import { describe, expect, it } from "vitest";
import type { Service } from "#lib/api/service.ts";
import { port, service } from "#lib/api/testing/fixture.ts";
import { decide } from "./decide.ts";
import {
  annotated,
  converge,
  outcome,
  type PoolSpecs,
  PREFER_DUAL,
  poolsOf,
  REQUIRE_DUAL,
  withPools,
} from "./testing/fixture.ts";

const WEB = "default/web";
const LAB = { lab: ["192.0.2.0/24", "2001:db8::/64"], other: ["198.51.100.0/24"] };
const has = (...ingress: string[]): Partial<Service> => ({ ingress });

function decided(specs: PoolSpecs, fields: Partial<Service>) {
  return decide(withPools(specs), service(WEB, fields));
}

describe("a Service keeps its address", () => {
  it.each<[string, PoolSpecs, Partial<Service>]>([
    ["when lower ones are free", LAB, {}],
    ["after a request is withdrawn", LAB, annotated({})],
    ["when it asks for what it has", LAB, annotated({ loadBalancerIPs: "192.0.2.9" })],
    ["when it asks for the pool it is of", LAB, annotated({ "address-pool": "lab" })],
    [
      "when its pool stops to assign by itself",
      { lab: { addresses: ["192.0.2.0/24"], autoAssign: false } },
      {},
    ],
    ["in a pool of another name", { renamed: ["192.0.2.0/24"] }, {}],
  ])("%s", (_, specs, fields) => {
    const decision = decided(specs, { ...has("192.0.2.9"), ...fields });

    expect(outcome(decision)).toEqual(["192.0.2.9"]);
    expect(decision).toMatchObject({ why: "kept: the Service has it", tried: [] });
    expect(decision).not.toHaveProperty("loss");
  });

  it("in any spelling, and names it in the canonical one", () => {
    const fields = { clusterIps: ["fd00::1"], ...has("2001:DB8:0::9") };

    expect(outcome(decided(LAB, fields))).toEqual(["2001:db8::9"]);
  });

  it("while the status does not say yet that it has it", () => {
    const allocations = withPools(LAB);
    converge(allocations, service("shop/api"));
    converge(allocations, service(WEB));
    allocations.forget("shop/api");

    expect(outcome(decide(allocations, service(WEB)))).toEqual(["192.0.2.1"]);
  });

  it("and is warned when what it asks for cannot be read", () => {
    const decision = decided(LAB, {
      ...has("192.0.2.9"),
      ...annotated({ loadBalancerIPs: "web" }),
    });

    expect(outcome(decision)).toEqual(["192.0.2.9"]);
    expect(decision).toMatchObject({
      warning: {
        reason: "LoadBalancerFailed",
        message:
          'default/web asks by metallb.io/loadBalancerIPs for "web", which is no address: write one address, or one of each family with a comma between',
      },
    });
  });

  it("of one family when it needs the other no more and a lower one is taken", () => {
    const allocations = withPools(LAB);
    const api = converge(allocations, service("shop/api"));
    const web = converge(allocations, service(WEB, REQUIRE_DUAL));
    expect(web.ingress).toEqual(["192.0.2.1", "2001:db8::"]);

    const decision = decide(allocations, { ...service(WEB), ingress: web.ingress });

    expect(api.ingress).toEqual(["192.0.2.0"]);
    expect(outcome(decision)).toEqual(["192.0.2.1"]);
  });

  it("when it is alone on it and changes its key and ports", () => {
    const allocations = withPools(LAB);
    const web = converge(allocations, service(WEB));
    const changed = { ...web, ...annotated({ "allow-shared-ip": "blue" }), ports: [port(443)] };

    expect(converge(allocations, changed).ingress).toEqual(web.ingress);
  });
});

describe("a Service loses its address", () => {
  it.each<[string, PoolSpecs, Partial<Service>, string, readonly string[] | string]>([
    [
      "that no pool has any more",
      { lab: ["192.0.2.0/29"] },
      {},
      "192.0.2.9 is taken from default/web: no pool has 192.0.2.9",
      ["192.0.2.0"],
    ],
    [
      "when its pool serves other namespaces",
      { lab: { addresses: ["192.0.2.0/24"], serviceAllocation: { namespaces: ["a", "b"] } } },
      {},
      '192.0.2.9 is taken from default/web: pool "lab" serves only the namespaces a, b: default/web is in "default"',
      "PoolNotForNamespace",
    ],
    [
      "when its families change",
      LAB,
      REQUIRE_DUAL,
      "192.0.2.9 is taken from default/web: default/web needs IPv4 and IPv6",
      ["192.0.2.0", "2001:db8::"],
    ],
    [
      "when it asks for another",
      LAB,
      annotated({ loadBalancerIPs: "192.0.2.20" }),
      "192.0.2.9 is taken from default/web: metallb.io/loadBalancerIPs asks for 192.0.2.20",
      ["192.0.2.20"],
    ],
    [
      "even when it cannot have what it asks for",
      LAB,
      annotated({ loadBalancerIPs: "203.0.113.9" }),
      "192.0.2.9 is taken from default/web: metallb.io/loadBalancerIPs asks for 203.0.113.9",
      "NotInAnyPool",
    ],
    [
      "when it asks for another pool",
      LAB,
      annotated({ "address-pool": "other" }),
      '192.0.2.9 is taken from default/web: metallb.io/address-pool asks for pool "other", and 192.0.2.9 is of pool "lab"',
      ["198.51.100.0"],
    ],
    [
      "when it asks for a pool that does not exist",
      LAB,
      annotated({ "address-pool": "dmz" }),
      '192.0.2.9 is taken from default/web: metallb.io/address-pool asks for pool "dmz", and 192.0.2.9 is of pool "lab"',
      "UnknownPool",
    ],
    [
      "when it has no cluster IP any more",
      LAB,
      { clusterIps: ["None"] },
      "192.0.2.9 is taken from default/web: default/web has no cluster IP: remove spec.clusterIP, so that Kubernetes gives it one",
      "NoClusterIp",
    ],
    [
      "when nothing is left in the configuration",
      {},
      { annotations: { "metallb.io/ip-allocated-from-pool": "lab" } },
      '192.0.2.9 is taken from default/web: no IPAddressPool exists in namespace "metallb-system": create one',
      "NoPool",
    ],
  ])("%s", (_, specs, fields, cleared, expected) => {
    const decision = decided(specs, { ...has("192.0.2.9"), ...fields });

    expect(decision.loss?.message).toBe(cleared);
    expect(outcome(decision)).toEqual(expected);
  });

  it("but not to a cluster without pools when somebody else gave it", () => {
    expect(decided({}, has("192.0.2.9"))).not.toHaveProperty("loss");
  });

  it("that its pool avoids from now on", () => {
    const allocations = withPools(LAB);
    const web = converge(allocations, service(WEB));
    allocations.setPools(poolsOf({ lab: { addresses: ["192.0.2.0/24"], avoidBuggyIPs: true } }));

    expect(converge(allocations, web).ingress).toEqual(["192.0.2.1"]);
  });

  it("that its pool avoids from now on, though another still shares it", () => {
    const allocations = withPools(LAB);
    const blue = annotated({ "allow-shared-ip": "blue" });
    converge(allocations, service("shop/api", blue));
    const web = converge(allocations, service(WEB, { ...blue, ports: [port(443)] }));
    allocations.setPools(poolsOf({ lab: { addresses: ["192.0.2.0/24"], avoidBuggyIPs: true } }));

    expect(converge(allocations, web).ingress).toEqual(["192.0.2.1"]);
  });

  it("when those with whom it shares do not agree any more", () => {
    const allocations = withPools(LAB);
    const blue = annotated({ "allow-shared-ip": "blue" });
    converge(allocations, service("shop/api", blue));
    const web = converge(allocations, service(WEB, { ...blue, ports: [port(443)] }));
    expect(web.ingress).toEqual(["192.0.2.0"]);

    const decision = decide(allocations, { ...web, ...annotated({ "allow-shared-ip": "red" }) });

    expect(decision.loss?.message).toBe(
      '192.0.2.0 is taken from default/web: 192.0.2.0 is held by shop/api, and the two do not share: give both the same metallb.io/allow-shared-ip (now "blue" and "red")',
    );
    expect(outcome(decision)).toEqual(["192.0.2.1"]);
  });

  it.each([
    ["two of one family", ["192.0.2.1", "192.0.2.2"], "192.0.2.1 and 192.0.2.2 are"],
    ["what is no address", ["none"], "none is"],
  ])("when its status names %s", (_, ingress, text) => {
    const decision = decided(LAB, { ingress });

    expect(decision.loss?.message).toBe(`${text} taken from default/web: default/web needs IPv4`);
    expect(outcome(decision)).toEqual(["192.0.2.0"]);
  });
});

it("a Service whose status somebody overwrites has its own address again", () => {
  const allocations = withPools(LAB);
  converge(allocations, service("default/api"));
  const web = converge(allocations, service(WEB, annotated({ loadBalancerIPs: "192.0.2.9" })));

  const decision = decide(allocations, { ...web, annotations: {}, ...has("192.0.2.0") });
  expect(outcome(decision)).toEqual(["192.0.2.9"]);
  expect(decision.loss?.ips).toEqual(["192.0.2.0"]);
});

it("a Service that comes to require both families is not told that it loses what it keeps", () => {
  const decision = decided(LAB, { ...REQUIRE_DUAL, ...has("192.0.2.0") });

  expect(outcome(decision)).toEqual(["192.0.2.0", "2001:db8::"]);
  expect(decision).not.toHaveProperty("loss");
});

it("a Service that comes to need one family keeps the address of that", () => {
  const decision = decided(LAB, has("192.0.2.9", "2001:db8::9"));

  expect(outcome(decision)).toEqual(["192.0.2.9"]);
  expect(decision.loss).toEqual({
    reason: "ClearAssignment",
    ips: ["2001:db8::9"],
    message: "2001:db8::9 is taken from default/web: default/web needs IPv4",
  });
});

describe("a Service of one address that prefers two", () => {
  it("is given the other of the same pool", () => {
    const decision = decided(LAB, { ...PREFER_DUAL, ...has("2001:db8::9") });

    expect(outcome(decision)).toEqual(["192.0.2.0", "2001:db8::9"]);
    expect(decision).toMatchObject({
      why: "kept: the Service has it, and 192.0.2.0 added: lowest that it may use of the same pool",
    });
  });

  it("keeps the one when its pool has no other", () => {
    const decision = decided(LAB, { ...PREFER_DUAL, ...has("198.51.100.9") });

    expect(outcome(decision)).toEqual(["198.51.100.9"]);
    expect(decision).toMatchObject({
      warning: {
        reason: "AdditionalAssignFailed",
        message:
          'default/web keeps 198.51.100.9 alone: default/web needs IPv6, and pool "other" has no IPv6 addresses',
      },
    });
  });

  it("keeps the one when the cluster gives it one family", () => {
    const decision = decided(LAB, { ipFamilyPolicy: "PreferDualStack", ...has("192.0.2.9") });

    expect(outcome(decision)).toEqual(["192.0.2.9"]);
    expect(decision).not.toHaveProperty("warning");
  });

  it("lists two in the order in which it asks for them", () => {
    const fields = {
      ...PREFER_DUAL,
      ...annotated({ loadBalancerIPs: "2001:db8::9,192.0.2.9" }),
      ...has("192.0.2.9", "2001:db8::9"),
    };

    expect(outcome(decided(LAB, fields))).toEqual(["2001:db8::9", "192.0.2.9"]);
  });
});
