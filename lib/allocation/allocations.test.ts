import { describe, expect, it } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { port, service } from "#lib/api/testing/fixture.ts";
import type { Allocations } from "./allocations.ts";
import { holderFrom } from "./holder.ts";
import { annotated, converge, poolsOf, withPools } from "./testing/fixture.ts";

const LAB = { lab: ["192.0.2.0/30"] };

/** Who keeps the address from a Service that shares with nobody. */
function holderOf(ip: string, allocations: Allocations): string | undefined {
  const obstacle = allocations.obstacleToGive(parseIp(ip), holderFrom(service("default/stranger")));
  return obstacle?.kind === "no consent" ? obstacle.other.key : undefined;
}

describe("an allocation", () => {
  it("is known by its Service and by its address", () => {
    const allocations = withPools(LAB);
    converge(allocations, service("default/web"));

    expect(allocations.allocationOf("default/web")).toMatchObject({
      pool: "lab",
      ips: [parseIp("192.0.2.0")],
    });
    expect(holderOf("192.0.2.0", allocations)).toBe("default/web");
    expect(holderOf("192.0.2.1", allocations)).toBeUndefined();
  });

  it("is free for others once it is released", () => {
    const allocations = withPools(LAB);
    converge(allocations, service("default/web"));

    expect(allocations.forget("default/web")).toMatchObject({ hasFreed: true });
    expect(holderOf("192.0.2.0", allocations)).toBeUndefined();
    expect(converge(allocations, service("default/api")).ingress).toEqual(["192.0.2.0"]);
  });

  it("of a shared address leaves it to the others, and to those who will share with them", () => {
    const allocations = withPools(LAB);
    const blue = annotated({ "allow-shared-ip": "blue" });
    converge(allocations, service("default/web", blue));
    converge(allocations, service("default/api", { ...blue, ports: [port(443)] }));

    allocations.forget("default/web");

    expect(holderOf("192.0.2.0", allocations)).toBe("default/api");
    expect(converge(allocations, service("default/dns", blue)).ingress).toEqual(["192.0.2.0"]);
  });

  it("that does not exist releases nothing", () => {
    expect(withPools(LAB).forget("default/web")).toMatchObject({ hasFreed: false });
  });

  it("cannot be of an address that another holds", () => {
    const allocations = withPools(LAB);
    converge(allocations, service("default/web"));

    expect(() => allocations.allocate(service("default/api"), [parseIp("192.0.2.0")])).toThrow(
      "Cannot allocate 192.0.2.0 to default/api: the decision is not of this state",
    );
  });

  it("cannot be of an address that no pool has", () => {
    expect(() =>
      withPools(LAB).allocate(service("default/api"), [parseIp("198.51.100.1")]),
    ).toThrow("Cannot allocate 198.51.100.1 to default/api");
  });
});

describe("allocating", () => {
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
      allocations.allocate(before, ip);
    }

    expect(allocations.allocate(now, ip)).toMatchObject({ hasFreed: expected });
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
    ["ends when no pool has it", { lab: ["192.0.2.1/32"] }, undefined],
    ["ends when no pool is left", {}, undefined],
  ])("%s", (_, specs, pool) => {
    const allocations = withPools(LAB);
    converge(allocations, service("default/web"));

    allocations.setPools(poolsOf(specs));

    expect(allocations.allocationOf("default/web")?.pool).toBe(pool);
    expect(holderOf("192.0.2.0", allocations)).toBe(pool && "default/web");
  });

  it("of two families ends when one pool has not both any more", () => {
    const allocations = withPools({ lab: ["192.0.2.0/30", "2001:db8::/64"] });
    const ips = [parseIp("192.0.2.0"), parseIp("2001:db8::")];
    allocations.allocate(service("default/web"), ips);

    allocations.setPools(poolsOf({ lab: ["192.0.2.0/30"], other: ["2001:db8::/64"] }));

    expect(allocations.allocationOf("default/web")).toBeUndefined();
    expect(holderOf("192.0.2.0", allocations)).toBeUndefined();
  });
});
