import { describe, expect, it } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { port, service } from "#lib/api/fixture.ts";
import { annotated, converge, poolsOf, withPools } from "./fixture.ts";

const LAB = { lab: ["192.0.2.0/30"] };

describe("an allocation", () => {
  it("is known by its Service and by its address", () => {
    const allocations = withPools(LAB);
    converge(allocations, service("default/web"));

    expect(allocations.allocationOf("default/web")).toMatchObject({
      pool: "lab",
      ips: [parseIp("192.0.2.0")],
    });
    expect(allocations.holdersOf(parseIp("192.0.2.0"))).toEqual(["default/web"]);
    expect(allocations.holdersOf(parseIp("192.0.2.1"))).toEqual([]);
  });

  it("is free for others once it is released", () => {
    const allocations = withPools(LAB);
    converge(allocations, service("default/web"));

    expect(allocations.release("default/web")).toBe(true);
    expect(allocations.holdersOf(parseIp("192.0.2.0"))).toEqual([]);
    expect(converge(allocations, service("default/api")).ingress).toEqual(["192.0.2.0"]);
  });

  it("of a shared address leaves it to the others, and to those who will share with them", () => {
    const allocations = withPools(LAB);
    const blue = annotated({ "allow-shared-ip": "blue" });
    converge(allocations, service("default/web", blue));
    converge(allocations, service("default/api", { ...blue, ports: [port(443)] }));

    allocations.release("default/web");

    expect(allocations.holdersOf(parseIp("192.0.2.0"))).toEqual(["default/api"]);
    expect(converge(allocations, service("default/dns", blue)).ingress).toEqual(["192.0.2.0"]);
  });

  it("that does not exist releases nothing", () => {
    expect(withPools(LAB).release("default/web")).toBe(false);
  });

  it("cannot be of an address that another holds", () => {
    const allocations = withPools(LAB);
    converge(allocations, service("default/web"));

    expect(() => allocations.claim(service("default/api"), [parseIp("192.0.2.0")])).toThrow(
      "Cannot give 192.0.2.0 to default/api: the decision is not of this state",
    );
  });

  it("cannot be of an address that no pool has", () => {
    expect(() => withPools(LAB).claim(service("default/api"), [parseIp("198.51.100.1")])).toThrow(
      "Cannot give 198.51.100.1 to default/api",
    );
  });
});

describe("a claim", () => {
  const blue = annotated({ "allow-shared-ip": "blue" });
  const ip = [parseIp("192.0.2.0")];

  it.each([
    ["the first of a Service that shares with nobody", false, undefined, service("default/web")],
    ["the same again", false, service("default/web"), service("default/web")],
    [
      "with another port",
      true,
      service("default/web"),
      service("default/web", { ports: [port(81)] }),
    ],
    ["with a sharing key", true, undefined, service("default/web", blue)],
    ["with another sharing key", true, service("default/web"), service("default/web", blue)],
  ])("%s says whether others may have what they could not: %s", (_, expected, before, now) => {
    const allocations = withPools(LAB);
    if (before !== undefined) {
      allocations.claim(before, ip);
    }

    expect(allocations.claim(now, ip)).toBe(expected);
  });
});

describe("when the pools change, an allocation", () => {
  it.each([
    ["stays in a pool that grows", { lab: ["192.0.2.0/24"] }, "lab"],
    ["moves to a pool of another name", { renamed: ["192.0.2.0/30"] }, "renamed"],
    [
      "moves to the part of a split pool that has it",
      { a: ["192.0.2.1/32"], b: ["192.0.2.0/32"] },
      "b",
    ],
    ["is released when no pool has it", { lab: ["192.0.2.1/32"] }, undefined],
    ["is released when no pool is left", {}, undefined],
  ])("%s", (_, specs, pool) => {
    const allocations = withPools(LAB);
    converge(allocations, service("default/web"));

    allocations.setPools(poolsOf(specs));

    expect(allocations.allocationOf("default/web")?.pool).toBe(pool);
    expect(allocations.holdersOf(parseIp("192.0.2.0"))).toEqual(pool ? ["default/web"] : []);
  });

  it("of two families is released when one pool has not both any more", () => {
    const allocations = withPools({ lab: ["192.0.2.0/30", "2001:db8::/64"] });
    const ips = [parseIp("192.0.2.0"), parseIp("2001:db8::")];
    allocations.claim(service("default/web"), ips);

    allocations.setPools(poolsOf({ lab: ["192.0.2.0/30"], other: ["2001:db8::/64"] }));

    expect(allocations.allocationOf("default/web")).toBeUndefined();
    expect(allocations.usage("lab")?.IPv4.inUse).toBe(0n);
  });
});

describe("the usage of a pool", () => {
  it.each([
    [{ addresses: ["192.0.2.0/24"] }, 256n, 0n],
    [{ addresses: ["192.0.2.0/24", "198.51.100.128/25"], avoidBuggyIPs: true }, 381n, 0n],
    [{ addresses: ["192.0.2.0/31", "2001:db8::/127"], avoidBuggyIPs: true }, 1n, 2n],
    [{ addresses: ["192.0.2.1-192.0.2.5"], avoidBuggyIPs: true }, 5n, 0n],
    [{ addresses: ["192.0.2.250-192.0.3.5"], avoidBuggyIPs: true }, 10n, 0n],
    [{ addresses: ["192.0.2.0/32"], avoidBuggyIPs: true }, 0n, 0n],
    [{ addresses: ["10.0.0.0/8"], avoidBuggyIPs: true }, 16_777_216n - 131_072n, 0n],
    [{ addresses: ["2001:db8::/32"] }, 0n, 1n << 96n],
  ])("of %j is at most %d of IPv4 and %d of IPv6", (spec, ipv4, ipv6) => {
    expect(withPools({ lab: spec }).usage("lab")).toEqual({
      IPv4: { total: ipv4, inUse: 0n },
      IPv6: { total: ipv6, inUse: 0n },
    });
  });

  it("counts a shared address once", () => {
    const allocations = withPools(LAB);
    const blue = annotated({ "allow-shared-ip": "blue" });
    converge(allocations, service("default/web", { ...blue, ports: [port(80)] }));
    converge(allocations, service("default/api", { ...blue, ports: [port(81)] }));
    converge(allocations, service("default/dns"));

    expect(allocations.usage("lab")?.IPv4).toEqual({ total: 4n, inUse: 2n });
  });

  it("of a pool that does not exist is unknown", () => {
    expect(withPools(LAB).usage("dmz")).toBeUndefined();
  });
});
