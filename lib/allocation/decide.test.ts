import { describe, expect, it } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import type { Service } from "#lib/api/service.ts";
import { port, service } from "#lib/api/testing/fixture.ts";
import type { Allocations } from "./allocations.ts";
import { decide } from "./decide.ts";
import {
  annotated,
  DUAL,
  LOCAL,
  outcome,
  type PoolSpecs,
  PREFER_DUAL,
  REQUIRE_DUAL,
  withPools,
} from "./testing/fixture.ts";

const WEB = "default/web";
const V6_ONLY = { clusterIps: ["fd00::1"], ipFamilies: ["IPv6"] } as const;
const onlyFor = (...namespaces: string[]) => ({ serviceAllocation: { namespaces } });

/** Pools in which other Services hold addresses already. */
function world(specs: PoolSpecs, held: Readonly<Record<string, Service>> = {}): Allocations {
  const allocations = withPools(specs);
  for (const [ips, holder] of Object.entries(held)) {
    allocations.allocate(holder, ips.split(",").map(parseIp));
  }
  return allocations;
}

function given(
  specs: PoolSpecs,
  fields?: Partial<Service>,
  held?: Readonly<Record<string, Service>>,
) {
  return outcome(decide(world(specs, held), service(WEB, fields)));
}

describe("a Service that asks for nothing gets", () => {
  it.each<[string, PoolSpecs, readonly string[] | string]>([
    ["the lowest address, network address included", { lab: ["192.0.2.0/31"] }, ["192.0.2.0"]],
    [
      "the lowest that does not end in .0 when the pool avoids those",
      { lab: { addresses: ["192.0.2.0/24"], avoidBuggyIPs: true } },
      ["192.0.2.1"],
    ],
    [
      "an address of the range that is listed first",
      { lab: ["198.51.100.0/24", "192.0.2.0/24"] },
      ["198.51.100.0"],
    ],
    [
      "an address of the pool whose name comes first",
      { b: ["192.0.2.0/25"], a: ["192.0.2.128/25"] },
      ["192.0.2.128"],
    ],
    [
      "an address of a pool that serves its namespace rather than of one that serves all",
      { a: ["192.0.2.0/25"], b: { addresses: ["192.0.2.128/25"], ...onlyFor("default") } },
      ["192.0.2.128"],
    ],
    [
      "an address of the pool of the smallest priority, 0 last",
      {
        a: { addresses: ["192.0.2.0/26"], serviceAllocation: {} },
        b: { addresses: ["192.0.2.64/26"], serviceAllocation: { priority: 20 } },
        c: { addresses: ["192.0.2.128/26"], serviceAllocation: { priority: 10 } },
      },
      ["192.0.2.128"],
    ],
    [
      "an address of a pool for all when those for its namespace are of another family",
      { a: ["192.0.2.0/25"], b: { addresses: ["2001:db8::/64"], ...onlyFor("default") } },
      ["192.0.2.0"],
    ],
    [
      "nothing of a pool for others",
      { lab: { addresses: ["192.0.2.0/24"], ...onlyFor("a", "b") } },
      "PoolNotForNamespace",
    ],
    [
      "nothing of a pool whose namespaceSelectors match no namespace",
      {
        lab: {
          addresses: ["192.0.2.0/24"],
          serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: "a" } }] },
        },
      },
      "PoolNotForNamespace",
    ],
    [
      "nothing of a pool for Services with other labels",
      {
        lab: {
          addresses: ["192.0.2.0/24"],
          serviceAllocation: { serviceSelectors: [{ matchLabels: { app: "api" } }] },
        },
      },
      "PoolNotForService",
    ],
    [
      "nothing of a pool that does not assign by itself",
      { lab: { addresses: ["192.0.2.0/24"], autoAssign: false } },
      "AutoAssignOff",
    ],
  ])("%s", (_, specs, expected) => {
    expect(given(specs)).toEqual(expected);
  });

  it("the second free range when the first is full", () => {
    const specs = { lab: ["192.0.2.9/32", "192.0.2.1/32"] };

    expect(given(specs, {}, { "192.0.2.9": service("default/api") })).toEqual(["192.0.2.1"]);
  });
});

describe("the families of a Service", () => {
  const single = { a: ["192.0.2.0/24"], b: ["2001:db8::/64"] };
  const both = { c: ["198.51.100.0/24", "2001:db8:1::/64"] };
  const ipv6First = { ...PREFER_DUAL, ipFamilies: ["IPv6", "IPv4"] } as const;

  it.each<[string, Partial<Service>, PoolSpecs, readonly string[] | string]>([
    ["one is given one address, though the pool has both", {}, both, ["198.51.100.0"]],
    ["IPv6 is given IPv6", V6_ONLY, { lab: ["2001:db8::/127"] }, ["2001:db8::"]],
    [
      "one that prefers two is given one, since nothing would forward the other",
      { ipFamilyPolicy: "PreferDualStack" },
      both,
      ["198.51.100.0"],
    ],
    [
      "both, required, come of one pool",
      REQUIRE_DUAL,
      { ...single, ...both },
      ["198.51.100.0", "2001:db8:1::"],
    ],
    ["both, required, do not come of two pools", REQUIRE_DUAL, single, "FamilyMissing"],
    [
      "both, preferred, come of one pool",
      PREFER_DUAL,
      { ...single, ...both },
      ["198.51.100.0", "2001:db8:1::"],
    ],
    ["both, preferred, fall back to the first", PREFER_DUAL, single, ["192.0.2.0"]],
    [
      "both, preferred, fall back to IPv6 when that is the first",
      ipv6First,
      single,
      ["2001:db8::"],
    ],
    [
      "both, preferred, fall back to the second",
      PREFER_DUAL,
      { b: ["2001:db8::/64"] },
      ["2001:db8::"],
    ],
    [
      "both come IPv4 first, though the first is IPv6",
      ipv6First,
      both,
      ["198.51.100.0", "2001:db8:1::"],
    ],
    ["both are refused to SingleStack", DUAL, both, "FamilyMissing"],
    [
      "both are preferred of a pool that serves the namespace, even if that gives one",
      PREFER_DUAL,
      { ...both, own: { addresses: ["192.0.2.0/24"], ...onlyFor("default") } },
      ["192.0.2.0"],
    ],
  ])("%s", (_, fields, specs, expected) => {
    expect(given(specs, fields)).toEqual(expected);
  });
});

describe("an address that another holds", () => {
  const blue = annotated({ "allow-shared-ip": "blue" });
  const red = annotated({ "allow-shared-ip": "red" });
  const legacyBlue = { annotations: { "metallb.universe.tf/allow-shared-ip": "blue" } };
  const selects = (app: string): Partial<Service> => ({ ...blue, ...LOCAL, selector: { app } });
  const other = { ports: [port(443)] };

  it.each<[string, Partial<Service>, Partial<Service>, string]>([
    ["is shared by the same key and other ports", { ...blue, ...other }, blue, "192.0.2.0"],
    ["is shared by the older spelling of the key", { ...legacyBlue, ...other }, blue, "192.0.2.0"],
    [
      "is shared by another protocol of one port",
      { ...blue, ports: [port(80, "UDP")] },
      blue,
      "192.0.2.0",
    ],
    ["is not shared without keys", other, {}, "192.0.2.1"],
    [
      "is not shared by empty keys",
      { ...annotated({ "allow-shared-ip": "" }), ...other },
      annotated({ "allow-shared-ip": "" }),
      "192.0.2.1",
    ],
    ["is not shared by different keys", { ...red, ...other }, blue, "192.0.2.1"],
    ["is not shared when a port is the same", blue, blue, "192.0.2.1"],
    [
      "is shared by Local Services of one selector",
      { ...selects("a"), ...other },
      selects("a"),
      "192.0.2.0",
    ],
    [
      "is not shared by Local Services of two selectors",
      { ...selects("b"), ...other },
      selects("a"),
      "192.0.2.1",
    ],
    ["is not shared by Local and Cluster", { ...blue, ...other }, selects("a"), "192.0.2.1"],
    [
      "is shared by Cluster and Local without selector",
      { ...blue, ...other },
      { ...selects("a"), selector: {} },
      "192.0.2.0",
    ],
  ])("%s", (_, fields, holder, expected) => {
    const held = { "192.0.2.0": service("shop/api", holder) };

    expect(given({ lab: ["192.0.2.0/30"] }, fields, held)).toEqual([expected]);
  });

  it.each([
    ["a lower free address goes before a higher one to share", "192.0.2.1", "192.0.2.0"],
    ["a lower one to share goes before a higher free one", "192.0.2.0", "192.0.2.0"],
  ])("%s", (_, heldIp, expected) => {
    const held = { [heldIp]: service("shop/api", blue) };

    expect(given({ lab: ["192.0.2.0/30"] }, { ...blue, ...other }, held)).toEqual([expected]);
  });
});

describe("a Service that asks by annotation", () => {
  const specs: PoolSpecs = {
    lab: { addresses: ["192.0.2.0/24", "2001:db8::/64"], avoidBuggyIPs: true },
    reserved: { addresses: ["198.51.100.0/24"], autoAssign: false },
  };
  const ips = (value: string): Partial<Service> => annotated({ loadBalancerIPs: value });

  it.each<[string, Partial<Service>, readonly string[] | string]>([
    ["an address gets it", ips("192.0.2.9"), ["192.0.2.9"]],
    ["an address by spec gets it", { loadBalancerIp: "192.0.2.9" }, ["192.0.2.9"]],
    [
      "an address by the older prefix gets it",
      { annotations: { "metallb.universe.tf/loadBalancerIPs": "192.0.2.9" } },
      ["192.0.2.9"],
    ],
    ["an empty list gets any", ips(""), ["192.0.2.1"]],
    [
      "an address of a pool that does not assign by itself gets it",
      ips("198.51.100.0"),
      ["198.51.100.0"],
    ],
    [
      "two get them in its order",
      { ...REQUIRE_DUAL, ...ips("2001:db8::9 , 192.0.2.9") },
      ["2001:db8::9", "192.0.2.9"],
    ],
    [
      "one address for two families gets none",
      { ...PREFER_DUAL, ...ips("192.0.2.9") },
      "BadRequest",
    ],
    ["two of one family gets none", ips("192.0.2.9,192.0.2.10"), "BadRequest"],
    ["three gets none", ips("192.0.2.9,2001:db8::9,192.0.2.10"), "BadRequest"],
    ["an address of the wrong family gets none", ips("2001:db8::9"), "BadRequest"],
    ["something that is no address gets none", ips("192.0.2.9,"), "BadRequest"],
    [
      "two by spec gets none",
      { ...REQUIRE_DUAL, loadBalancerIp: "192.0.2.9,2001:db8::9" },
      "BadRequest",
    ],
    [
      "by annotation and by spec gets none",
      { ...ips("192.0.2.9"), loadBalancerIp: "192.0.2.9" },
      "BadRequest",
    ],
    ["an address of no pool gets none", ips("203.0.113.9"), "NotInAnyPool"],
    [
      "two of two pools gets none",
      { ...REQUIRE_DUAL, ...ips("198.51.100.1,2001:db8::9") },
      "NotInAnyPool",
    ],
    ["an address that its pool avoids gets none", ips("192.0.2.0"), "AddressAvoided"],
    ["a pool gets an address of it", annotated({ "address-pool": "reserved" }), ["198.51.100.0"]],
    ["an unknown pool gets none", annotated({ "address-pool": "dmz" }), "UnknownPool"],
    [
      "an address and the pool that has it gets it",
      annotated({ "address-pool": "lab", loadBalancerIPs: "192.0.2.9" }),
      ["192.0.2.9"],
    ],
    [
      "an address and another pool gets none",
      annotated({ "address-pool": "reserved", loadBalancerIPs: "192.0.2.9" }),
      "BadRequest",
    ],
  ])("for %s", (_, fields, expected) => {
    expect(given(specs, fields)).toEqual(expected);
  });

  it("for an address or a pool that is not for it gets none", () => {
    const closed = { lab: { addresses: ["192.0.2.0/24"], ...onlyFor("shop") } };

    expect(given(closed, ips("192.0.2.9"))).toBe("PoolNotForNamespace");
    expect(given(closed, annotated({ "address-pool": "lab" }))).toBe("PoolNotForNamespace");
  });
});
