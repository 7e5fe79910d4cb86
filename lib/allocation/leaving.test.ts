import { describe, expect, it } from "vitest";
import { formatIp, parseIp } from "#lib/address/ip.ts";
import type { Service } from "#lib/api/service.ts";
import { port, service } from "#lib/api/testing/fixture.ts";
import { claimAll } from "./claim.ts";
import { decide } from "./decide.ts";
import { annotated, converge, outcome, poolsOf, withPools } from "./testing/fixture.ts";

const LAB = { lab: ["192.0.2.0/30"] };
const OTHER = { lab: ["192.0.2.0/30"], other: ["198.51.100.0/30"] };
const blue = annotated({ "allow-shared-ip": "blue" });
const has = (...ingress: string[]): Partial<Service> => ({ ingress });
const older = { creationTimestamp: "2025-01-01T00:00:00Z" };

describe("an address that a Service has lost", () => {
  /** default/web had 192.0.2.0, and now asks for another pool; its status says so only when it is written. */
  function moving() {
    const allocations = withPools(OTHER);
    const before = converge(allocations, service("default/web"));
    const after = converge(allocations, { ...before, ...annotated({ "address-pool": "other" }) });
    return { allocations, before, after };
  }

  it("is given to nobody while its status shows it", () => {
    const { allocations } = moving();

    expect(converge(allocations, service("default/api")).ingress).toEqual(["192.0.2.1"]);
    const asks = service("default/dns", annotated({ loadBalancerIPs: "192.0.2.0" }));
    expect(decide(allocations, asks)).toMatchObject({
      reason: "HeldByAnother",
      message:
        "192.0.2.0 was default/web's, whose status shows it still: it is free as soon as that is written",
    });
  });

  it("is free as soon as its status says so", () => {
    const { allocations, after } = moving();

    expect(allocations.allocate(after, after.ingress.map(parseIp))).toMatchObject({
      hasFreed: true,
    });
    expect(converge(allocations, service("default/api")).ingress).toEqual(["192.0.2.0"]);
  });

  it("is free when the Service is gone", () => {
    const { allocations } = moving();

    expect(allocations.forget("default/web")).toMatchObject({ hasFreed: true });
    expect(converge(allocations, service("default/api")).ingress).toEqual(["192.0.2.0"]);
  });

  it("can be the Service's own again", () => {
    const { allocations, before } = moving();

    expect(converge(allocations, before).ingress).toEqual(["192.0.2.0"]);
    expect(converge(allocations, service("default/api")).ingress).toEqual(["192.0.2.1"]);
  });

  it("is given to those with whom it shares", () => {
    const allocations = withPools(OTHER);
    const web = converge(allocations, service("default/web", blue));
    const moved = { ...web.annotations, "metallb.io/address-pool": "other" };
    converge(allocations, { ...web, annotations: moved });

    const api = service("default/api", { ...blue, ports: [port(443)] });
    expect(converge(allocations, api).ingress).toEqual(["192.0.2.0"]);
  });

  it("is kept back when its pool has split between the two families", () => {
    const allocations = withPools({ lab: ["192.0.2.0/30", "2001:db8::/126"] });
    const both = {
      clusterIps: ["10.96.0.1", "fd00::1"],
      ipFamilyPolicy: "RequireDualStack",
    } as const;
    converge(allocations, service("default/web", both));

    allocations.setPools(poolsOf({ a: ["192.0.2.0/30"], b: ["2001:db8::/126"] }));

    expect(converge(allocations, service("default/api")).ingress).toEqual(["192.0.2.1"]);
  });

  it("is kept back after a restart, too", () => {
    const allocations = withPools(OTHER);
    const web = service("default/web", {
      ...annotated({ "address-pool": "other" }),
      ...has("192.0.2.0"),
    });
    claimAll(allocations, [web]);

    expect(converge(allocations, service("default/api")).ingress).toEqual(["192.0.2.1"]);
  });
});

describe("of two Services that show the same address and do not share it, it is kept by", () => {
  const cases: readonly (readonly [string, Service, Service])[] = [
    [
      "the older",
      service("default/web", { ...older, ...has("192.0.2.0") }),
      service("default/api", has("192.0.2.0")),
    ],
    [
      "the first by name, when they are of the same second",
      service("default/api", has("192.0.2.0")),
      service("default/web", has("192.0.2.0")),
    ],
    [
      "the older, when they want the same port",
      service("default/web", { ...older, ...blue, ...has("192.0.2.0") }),
      service("default/api", { ...blue, ...has("192.0.2.0") }),
    ],
  ];

  it.each(cases)("%s, after a restart in any order", (_, keeper, loser) => {
    for (const order of [
      [keeper, loser],
      [loser, keeper],
    ]) {
      const allocations = withPools(LAB);
      claimAll(allocations, order);

      expect(converge(allocations, loser).ingress).toEqual(["192.0.2.1"]);
      expect(converge(allocations, keeper).ingress).toEqual(["192.0.2.0"]);
    }
  });

  it.each(cases)("%s, when the other's status comes as a surprise", (_, keeper, loser) => {
    const allocations = withPools(LAB);
    converge(allocations, { ...keeper, ingress: [] });

    expect(converge(allocations, loser).ingress).toEqual(["192.0.2.1"]);
    expect(converge(allocations, keeper).ingress).toEqual(["192.0.2.0"]);
  });

  it.each(cases)("%s, when its own status comes as a surprise", (_, keeper, loser) => {
    const allocations = withPools(LAB);
    converge(allocations, { ...loser, ingress: [] });
    const decision = decide(allocations, keeper);

    expect(outcome(decision)).toEqual(["192.0.2.0"]);
    expect(allocations.allocate(keeper, [parseIp("192.0.2.0")])).toMatchObject({
      displaced: [loser.key],
    });
    expect(converge(allocations, loser).ingress).toEqual(["192.0.2.1"]);
    expect(allocations.allocationOf(keeper.key)?.ips.map(formatIp)).toEqual(["192.0.2.0"]);
  });

  it("whoever had it first, when the other withdraws its consent", () => {
    const allocations = withPools(LAB);
    const web = converge(allocations, service("default/web", { ...older, ...blue }));
    converge(allocations, service("default/api", { ...blue, ports: [port(443)] }));

    const alone = { ...web, ...annotated({ "allow-shared-ip": "red" }) };
    expect(converge(allocations, alone).ingress).toEqual(["192.0.2.1"]);
  });
});

describe("an address that a Service was allocated and does not show yet", () => {
  it("is not written any more when another is leaving it that shares no longer", () => {
    const allocations = withPools(LAB);
    const web = converge(allocations, service("default/web", blue));
    const joins = service("default/api", { ...blue, ports: [port(443)] });
    allocations.allocate(joins, [parseIp("192.0.2.0")]);
    converge(allocations, { ...web, ...annotated({ "allow-shared-ip": "red" }) });

    expect(converge(allocations, joins).ingress).toEqual(["192.0.2.2"]);
  });

  it("is given to nobody while its write may have been done", () => {
    const allocations = withPools(LAB);
    const web = service("default/web");
    allocations.allocate(web, [parseIp("192.0.2.0")]);
    const doubtful = [parseIp("192.0.2.0")];
    allocations.setPools(poolsOf({ other: ["198.51.100.0/30"] }));
    allocations.allocate(web, [parseIp("198.51.100.0")], doubtful);
    allocations.setPools(poolsOf(OTHER));

    expect(converge(allocations, service("default/api")).ingress).toEqual(["192.0.2.1"]);
    allocations.allocate(web, [parseIp("198.51.100.0")]);
    expect(converge(allocations, service("default/dns")).ingress).toEqual(["192.0.2.0"]);
  });
});

it("an address whose pool is gone for a moment is not given on while a status shows it", () => {
  const allocations = withPools(LAB);
  converge(allocations, service("default/web"));
  allocations.setPools([]);
  allocations.setPools(poolsOf(LAB));

  expect(converge(allocations, service("default/api")).ingress).toEqual(["192.0.2.1"]);
});
