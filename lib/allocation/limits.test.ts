import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { parseRange, sizeOf } from "#lib/address/ip-range.ts";
import type { Pool } from "#lib/api/pool.ts";
import { pool, port, service } from "#lib/api/testing/fixture.ts";
import { Allocations } from "./allocations.ts";
import { capacityOf, MOST } from "./capacity.ts";
import { decide } from "./decide.ts";
import { annotated, converge, outcome, PREFER_DUAL, REQUIRE_DUAL } from "./testing/fixture.ts";

function withPool(fields: Partial<Pool>, ...ranges: string[]): Allocations {
  const allocations = new Allocations("metallb-system", () => 0);
  allocations.setPools([{ ...pool("lab", ...ranges), ...fields }]);
  return allocations;
}

const blue = annotated({ "allow-shared-ip": "blue" });

describe("max-per-namespace", () => {
  it("refuses the next address to the namespace, and to no other", () => {
    const allocations = withPool({ maxPerNamespace: 2 }, "192.0.2.0/24");
    converge(allocations, service("shop/a"));
    converge(allocations, service("shop/b"));
    const decision = decide(allocations, service("shop/c"));

    expect(decision).toMatchObject({
      reason: "QuotaReached",
      message:
        'Namespace "shop" has 2 of the 2 addresses of pool "lab" that herald-lb.io/max-per-namespace allows, and shop/c needs one more: raise that, or delete a Service of the namespace',
      tried: [
        {
          pool: "lab",
          because:
            'namespace "shop" has 2 of the 2 addresses that herald-lb.io/max-per-namespace allows, and one more would be needed',
        },
      ],
    });
    expect(outcome(decide(allocations, service("default/c")))).toEqual(["192.0.2.2"]);
  });

  it("counts a shared address once, and lets the namespace join it", () => {
    const allocations = withPool({ maxPerNamespace: 1 }, "192.0.2.0/24");
    converge(allocations, service("shop/a", blue));
    const joins = converge(allocations, service("shop/b", { ...blue, ports: [port(443)] }));

    expect(joins.ingress).toEqual(["192.0.2.0"]);
    expect(decide(allocations, service("shop/c", blue))).toMatchObject({ reason: "QuotaReached" });
  });

  it("counts an address that is shared with another namespace", () => {
    const allocations = withPool({ maxPerNamespace: 1 }, "192.0.2.0/24");
    converge(allocations, service("default/a", blue));
    converge(allocations, service("shop/b", { ...blue, ports: [port(443)] }));

    expect(decide(allocations, service("shop/c"))).toMatchObject({ reason: "QuotaReached" });
  });

  it("takes nothing away when it is lowered, nor after a restart", () => {
    const allocations = withPool({}, "192.0.2.0/24");
    const services = ["a", "b"].map((name) => converge(allocations, service(`shop/${name}`)));
    allocations.setPools([{ ...pool("lab", "192.0.2.0/24"), maxPerNamespace: 1 }]);

    expect(services.map((each) => converge(allocations, each))).toEqual(services);
    expect(decide(allocations, service("shop/c"))).toMatchObject({ reason: "QuotaReached" });
  });

  it("does not count what the Service gives up", () => {
    const allocations = withPool({ maxPerNamespace: 1 }, "192.0.2.0/24");
    const web = converge(allocations, service("shop/a"));
    const asks = { ...web, ...annotated({ loadBalancerIPs: "192.0.2.7" }) };

    expect(converge(allocations, asks).ingress).toEqual(["192.0.2.7"]);
  });

  it("lets a Service join an address of its namespace that has more than it may", () => {
    const allocations = withPool({}, "192.0.2.0/24");
    for (const name of ["a", "b", "c"]) {
      converge(allocations, service(`shop/${name}`, blue));
    }
    allocations.setPools([{ ...pool("lab", "192.0.2.0/24"), maxPerNamespace: 1 }]);

    const joins = service("shop/d", { ...blue, ports: [port(443)] });
    expect(outcome(decide(allocations, joins))).toEqual(["192.0.2.0"]);
  });

  it("counts the addresses of both families", () => {
    const ranges = ["192.0.2.0/24", "2001:db8::/64"];
    const allocations = withPool({ maxPerNamespace: 1 }, ...ranges);

    expect(decide(allocations, service("shop/a", REQUIRE_DUAL))).toMatchObject({
      reason: "QuotaReached",
    });
    const web = converge(allocations, service("shop/a", PREFER_DUAL));
    expect(web.ingress).toEqual(["192.0.2.0"]);
    expect(decide(allocations, web)).toMatchObject({
      warning: {
        reason: "AdditionalAssignFailed",
        message: expect.stringMatching(
          /^shop\/a keeps 192\.0\.2\.0 alone: namespace "shop" has 1 of the 1 addresses of pool "lab"/,
        ),
      },
    });
  });

  it("gives a pair of which one address is shared, the lower IPv4 address first", () => {
    const allocations = withPool({ maxPerNamespace: 3 }, "192.0.2.0/24", "2001:db8::/64");
    const fields = { ...REQUIRE_DUAL, ...blue };
    converge(allocations, service("other/x"));
    converge(allocations, service("shop/a", fields));

    expect(converge(allocations, service("shop/b", fields)).ingress).toEqual([]);
    const joins = service("shop/b", { ...fields, ports: [port(443)] });
    expect(converge(allocations, joins).ingress).toEqual(["192.0.2.1", "2001:db8::"]);
  });

  it("holds for an address that is asked for", () => {
    const allocations = withPool({ maxPerNamespace: 1 }, "192.0.2.0/24");
    converge(allocations, service("shop/a"));

    expect(
      decide(allocations, service("shop/b", annotated({ loadBalancerIPs: "192.0.2.9" }))),
    ).toMatchObject({ reason: "QuotaReached" });
  });
});

describe("an excluded address", () => {
  const excluded = [parseRange("192.0.2.1/32")];
  const without = ["192.0.2.0/32", "192.0.2.2/31"];

  it("is refused by name to who asks for it", () => {
    const asks = service("default/web", annotated({ loadBalancerIPs: "192.0.2.1" }));

    expect(decide(withPool({ excluded }, ...without), asks)).toMatchObject({
      reason: "AddressExcluded",
      message:
        '192.0.2.1, which default/web asks for, is excluded from pool "lab" by its annotation herald-lb.io/exclude: ask for another, or take it out of that',
    });
  });

  it("is taken from who has it", () => {
    const has = service("default/web", { ingress: ["192.0.2.1"] });
    const decision = decide(withPool({ excluded }, ...without), has);

    expect(outcome(decision)).toEqual(["192.0.2.0"]);
    expect(decision.loss).toEqual({
      reason: "ClearAssignment",
      ips: ["192.0.2.1"],
      message:
        '192.0.2.1 is taken from default/web: 192.0.2.1 is excluded from pool "lab" by its annotation herald-lb.io/exclude',
    });
  });
});

describe("the address of a node", () => {
  it("is given when nothing else is, after what is held back", () => {
    const allocations = withPool({ holdReleasedMs: 1000 }, "192.0.2.0/30");
    allocations.setNodeAddresses([parseIp("192.0.2.0"), parseIp("203.0.113.1")]);
    converge(allocations, service("default/gone"));
    allocations.forget("default/gone");
    const names = ["a", "b", "c", "d", "e"];
    const given = names.map((name) => converge(allocations, service(`default/${name}`)).ingress[0]);

    expect(given).toEqual(["192.0.2.2", "192.0.2.3", "192.0.2.1", "192.0.2.0", undefined]);
  });

  it("stays with the Service that has it", () => {
    const allocations = withPool({}, "192.0.2.0/30");
    const web = converge(allocations, service("default/web"));
    allocations.setNodeAddresses([parseIp("192.0.2.0")]);

    expect(converge(allocations, web).ingress).toEqual(["192.0.2.0"]);
    expect(allocations.allocationOf("default/web")?.pool).toBe("lab");
  });

  it("is given to who asks for it", () => {
    const allocations = withPool({}, "192.0.2.0/30");
    allocations.setNodeAddresses([parseIp("192.0.2.0")]);
    const asks = service("default/web", annotated({ loadBalancerIPs: "192.0.2.0" }));

    expect(outcome(decide(allocations, asks))).toEqual(["192.0.2.0"]);
  });

  it("is one like others when the node is gone", () => {
    const allocations = withPool({}, "192.0.2.0/30");
    allocations.setNodeAddresses([parseIp("192.0.2.0")]);
    allocations.setNodeAddresses([]);

    expect(converge(allocations, service("default/web")).ingress).toEqual(["192.0.2.0"]);
  });
});

describe("the capacity of a pool", () => {
  it.each<[string, readonly string[], boolean, bigint, bigint]>([
    ["of a /24", ["192.0.2.0/24"], false, 256n, 0n],
    ["of a /24 and a /25 that avoids", ["198.51.100.0/24", "192.0.2.128/25"], true, 381n, 0n],
    ["of two families that avoids", ["192.0.2.0/31", "2001:db8::/127"], true, 1n, 2n],
    ["of a /30 and a /126", ["192.0.2.0/30", "2001:db8::/126"], false, 4n, 4n],
    ["of a /64", ["2001:db8::/64"], false, 0n, MOST],
    ["of a /66, from which on blocks count as endless", ["2001:db8::/66"], false, 0n, MOST],
    ["of a /67", ["2001:db8::/67"], false, 0n, 2n ** 61n],
    ["of two /64", ["2001:db8::/64", "2001:db8:1::/64"], false, 0n, MOST],
    ["of three /67", [0, 1, 2].map((n) => `2001:db8:${n}::/67`), false, 0n, 3n * 2n ** 61n],
    ["of a range that avoids", ["192.0.2.255-192.0.3.0"], true, 0n, 0n],
  ])("%s", (_, ranges, avoidBuggyIps, IPv4, IPv6) => {
    expect(capacityOf({ ...pool("lab", ...ranges), avoidBuggyIps })).toEqual({ IPv4, IPv6 });
  });

  it("without the addresses that end in .0 and .255 is what counting them gives", () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.nat(2000), (first, size) => {
        const range = { family: "IPv4", first: BigInt(first), last: BigInt(first + size) } as const;
        const all = Array.from({ length: Number(sizeOf(range)) }, (_, index) => first + index);
        const good = all.filter((value) => value % 256 !== 0 && value % 256 !== 255);
        const { IPv4 } = capacityOf({ ...pool("lab"), ranges: [range], avoidBuggyIps: true });

        expect(IPv4).toBe(BigInt(good.length));
      }),
    );
  });
});

describe("the usage of a pool", () => {
  it("counts a shared address once and each of a pair", () => {
    const allocations = withPool({}, "192.0.2.0/30", "2001:db8::/126");
    converge(allocations, service("default/a", { ...blue, ...PREFER_DUAL }));
    converge(allocations, service("default/b", { ...blue, ports: [port(443)] }));

    expect(allocations.usage).toEqual([
      {
        pool: "lab",
        capacity: { IPv4: 4n, IPv6: 4n },
        inUse: { IPv4: 1n, IPv6: 1n },
        setAside: 0,
        services: 2,
      },
    ]);
    allocations.forget("default/a");
    allocations.forget("default/b");
    expect(allocations.usage[0]).toMatchObject({ inUse: { IPv4: 0n, IPv6: 0n }, services: 0 });
  });
});
