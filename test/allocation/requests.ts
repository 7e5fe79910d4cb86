/** Requests: an address, a pair or a pool that a Service asks for. */

import { describe, expect, test } from "vitest";
import { cluster } from "./cluster.ts";

const IPS = "metallb.io/loadBalancerIPs";
const LEGACY_IPS = "metallb.universe.tf/loadBalancerIPs";
const POOL = "metallb.io/address-pool";
const LEGACY_POOL = "metallb.universe.tf/address-pool";
const DUAL = { ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv4", "IPv6"] };
const SINGLE6 = { ipFamilies: ["IPv6"] };

/** Pools of both families; `extra` only on request. */
async function pools(): Promise<void> {
  await cluster.pool("lab", ["192.0.2.0/28", "2001:db8::/124"]);
  await cluster.pool("extra", ["198.51.100.0/28", "2001:db8:1::/124"], {
    spec: { autoAssign: false },
  });
}

describe("a request", () => {
  test.each([
    ["for an address", { [IPS]: "192.0.2.7" }, {}, ["192.0.2.7"]],
    ["by the older prefix", { [LEGACY_IPS]: "192.0.2.7" }, {}, ["192.0.2.7"]],
    [
      "by both prefixes: the current one counts",
      { [IPS]: "192.0.2.7", [LEGACY_IPS]: "192.0.2.8" },
      {},
      ["192.0.2.7"],
    ],
    [
      "by both prefixes: the current one counts though it is empty",
      { [IPS]: "", [LEGACY_IPS]: "192.0.2.8" },
      {},
      ["192.0.2.0"],
    ],
    ["with blanks around", { [IPS]: "  192.0.2.7 " }, {}, ["192.0.2.7"]],
    ["for a pair", { [IPS]: "192.0.2.7,2001:db8::7" }, DUAL, ["192.0.2.7", "2001:db8::7"]],
    [
      "for a pair, in the order asked for",
      { [IPS]: " 2001:db8::7 , 192.0.2.7" },
      DUAL,
      ["2001:db8::7", "192.0.2.7"],
    ],
    [
      "for an address of a pool of autoAssign false",
      { [IPS]: "198.51.100.3" },
      {},
      ["198.51.100.3"],
    ],
    ["for a pool", { [POOL]: "extra" }, {}, ["198.51.100.0"]],
    ["for a pool by the older prefix", { [LEGACY_POOL]: "extra" }, {}, ["198.51.100.0"]],
    [
      "for a pool by both prefixes",
      { [POOL]: "extra", [LEGACY_POOL]: "lab" },
      {},
      ["198.51.100.0"],
    ],
    ["for a pool, empty", { [POOL]: "", [LEGACY_POOL]: "extra" }, {}, ["192.0.2.0"]],
    [
      "for a pool and an address of it",
      { [POOL]: "extra", [IPS]: "198.51.100.9" },
      {},
      ["198.51.100.9"],
    ],
    ["for a pool by two families", { [POOL]: "extra" }, DUAL, ["198.51.100.0", "2001:db8:1::"]],
    ["by spec.loadBalancerIP", {}, { loadBalancerIP: "192.0.2.7" }, ["192.0.2.7"]],
    [
      "by spec.loadBalancerIP beside an empty annotation",
      { [IPS]: "" },
      { loadBalancerIP: "192.0.2.7" },
      ["192.0.2.7"],
    ],
    ["for the first address of a CIDR", { [IPS]: "192.0.2.0" }, {}, ["192.0.2.0"]],
    ["for the last address of a CIDR", { [IPS]: "192.0.2.15" }, {}, ["192.0.2.15"]],
  ] as const)("is met: %s", async (_, annotations, spec, ips) => {
    await pools();
    const web = await cluster.service("web", { annotations, spec });
    await web.gets(ips, ips[0].startsWith("198") ? "extra" : "lab");
  });

  test.each([
    [
      "IPv6",
      [
        "2001:DB8::1",
        "2001:0db8:0000:0000:0000:0000:0000:0002",
        "2001:db8:0:0::3",
        "2001:db8::0.0.0.4",
      ],
    ],
    ["IPv4", ["192.0.2.1", "::ffff:192.0.2.2", "::FFFF:c000:203", "0:0:0:0:0:ffff:192.0.2.4"]],
  ] as const)("for an address is met in any spelling: %s", async (family, spellings) => {
    await pools();
    const prefix = family === "IPv4" ? "192.0.2." : "2001:db8::";
    for (const [index, spelling] of spellings.entries()) {
      const web = await cluster.service(`s${index}`, {
        annotations: { [IPS]: spelling },
        spec: { ipFamilies: [family] },
      });
      await web.gets([`${prefix}${index + 1}`], "lab");
    }
  });

  test("for a pair keeps the order asked for", async () => {
    await pools();
    const annotations = { [IPS]: "2001:db8::7,192.0.2.7" };
    const web = await cluster.service("web", { annotations, spec: DUAL });
    await web.gets(["2001:db8::7", "192.0.2.7"]);
    await web.change({ labels: { any: "change" } });
    await cluster.settle();
    await cluster.restart();
    await cluster.settle();
    await web.gets(["2001:db8::7", "192.0.2.7"]);
  });

  test.each([
    ["for an address of no pool", { [IPS]: "203.0.113.9" }, {}, "NotInAnyPool", /^203\.0\.113\.9/],
    [
      "for a pair of two pools",
      { [IPS]: "192.0.2.7,2001:db8:1::7" },
      DUAL,
      "NotInAnyPool",
      /two pools/,
    ],
    ["for IPv6 by an IPv4 Service", { [IPS]: "2001:db8::7" }, {}, "BadRequest", /needs IPv4/],
    ["for IPv4 by an IPv6 Service", { [IPS]: "192.0.2.7" }, SINGLE6, "BadRequest", /needs IPv6/],
    [
      "for one address by a dual Service",
      { [IPS]: "192.0.2.7" },
      DUAL,
      "BadRequest",
      /IPv4 and IPv6/,
    ],
    [
      "for a pair by an IPv4 Service",
      { [IPS]: "192.0.2.7,2001:db8::7" },
      {},
      "BadRequest",
      /needs IPv4/,
    ],
    [
      "for two of one family",
      { [IPS]: "192.0.2.7,192.0.2.8" },
      {},
      "BadRequest",
      /192\.0\.2\.7, 192/,
    ],
    [
      "by the annotation and by spec.loadBalancerIP",
      { [IPS]: "192.0.2.7" },
      { loadBalancerIP: "192.0.2.7" },
      "BadRequest",
      /keep one of the two/,
    ],
    ["by spec.loadBalancerIP for no address", {}, { loadBalancerIP: "web" }, "BadRequest", /"web"/],
    [
      "by spec.loadBalancerIP for a pair",
      {},
      { loadBalancerIP: "192.0.2.7,2001:db8::7" },
      "BadRequest",
      /spec\.loadBalancerIP/,
    ],
    ["for a pool that does not exist", { [POOL]: "nowhere" }, {}, "UnknownPool", /"nowhere"/],
    [
      "for a pool and an address of another",
      { [POOL]: "extra", [IPS]: "192.0.2.7" },
      {},
      "BadRequest",
      /pool "lab".*pool "extra"/,
    ],
    [
      "for a pool that does not exist and an address that does",
      { [POOL]: "nowhere", [IPS]: "192.0.2.7" },
      {},
      "BadRequest",
      /"nowhere"/,
    ],
  ] as const)("is refused: %s", async (_, annotations, spec, reason, sentence) => {
    await pools();
    const web = await cluster.service("web", { annotations, spec });
    expect(await web.isRefused(reason)).toMatch(sentence);
    expect(await web.told("AllocationFailed")).toMatchObject({
      type: "Warning",
      message: expect.stringMatching(sentence),
    });
  });

  test("for an address that ends in .0 or .255 is refused where avoidBuggyIPs is set", async () => {
    await cluster.pool("lab", ["192.0.2.0/24"], { spec: { avoidBuggyIPs: true } });
    const annotations = { [IPS]: "192.0.2.255" };
    const last = await cluster.service("last", { annotations });
    expect(await last.isRefused("AddressAvoided")).toMatch(/^192\.0\.2\.255 ends in/);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.1"]);
  });

  test("obeys the pool's namespaces, by address and by pool", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"], {
      spec: { serviceAllocation: { namespaces: ["shop"] } },
    });
    const byIp = await cluster.service("by-ip", { annotations: { [IPS]: "192.0.2.7" } });
    const byPool = await cluster.service("by-pool", { annotations: { [POOL]: "lab" } });
    const inside = await cluster.service("inside", {
      namespace: "shop",
      annotations: { [IPS]: "192.0.2.7" },
    });
    expect(await byIp.isRefused("PoolNotForNamespace")).toContain("shop");
    expect(await byPool.isRefused("PoolNotForNamespace")).toContain("shop");
    await inside.gets(["192.0.2.7"], "lab");
  });

  test("that is withdrawn changes nothing", async () => {
    await pools();
    const web = await cluster.service("web", { annotations: { [IPS]: "192.0.2.7" } });
    await web.gets(["192.0.2.7"], "lab");
    const pooled = await cluster.service("pooled", { annotations: { [POOL]: "extra" } });
    await pooled.gets(["198.51.100.0"], "extra");
    await web.annotate({ [IPS]: null });
    await pooled.annotate({ [POOL]: null });
    await cluster.settle();
    await web.gets(["192.0.2.7"], "lab");
    await pooled.gets(["198.51.100.0"], "extra");
  });

  test.each([
    ["an address", { [IPS]: "192.0.2.9" }, ["192.0.2.9"], "lab"],
    ["an address of another pool", { [IPS]: "198.51.100.9" }, ["198.51.100.9"], "extra"],
    ["another pool", { [POOL]: "extra", [IPS]: null }, ["198.51.100.0"], "extra"],
  ] as const)("for %s moves a Service that has one", async (_, annotations, ips, pool) => {
    await pools();
    const web = await cluster.service("web", { annotations: { [IPS]: "192.0.2.7" } });
    await web.gets(["192.0.2.7"], "lab");
    await web.annotate(annotations);
    await web.gets(ips, pool);
  });

  test.each([
    ["what is in no pool", { [IPS]: "203.0.113.9" }, "NotInAnyPool"],
    ["another family", { [IPS]: "2001:db8::7" }, "BadRequest"],
    ["what another holds", { [IPS]: "192.0.2.8" }, "HeldByAnother"],
    ["a pool that does not exist", { [POOL]: "nowhere" }, "UnknownPool"],
  ] as const)("for %s costs a Service the address it has", async (_, annotations, reason) => {
    await pools();
    const other = await cluster.service("other", { annotations: { [IPS]: "192.0.2.8" } });
    await other.gets(["192.0.2.8"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await web.annotate(annotations);
    await web.isRefused(reason);
    expect(await web.told("ClearAssignment")).toMatchObject({ type: "Normal" });
    expect(await web.told("AllocationFailed")).toMatchObject({ type: "Warning" });
  });

  test.each([
    ["cannot be read", { [IPS]: "192.0.2.x" }],
    ["asks for three", { [IPS]: "192.0.2.1,192.0.2.2,2001:db8::1" }],
    ["asks for two of one family", { [IPS]: "192.0.2.1,192.0.2.2" }],
  ] as const)("that %s leaves a Service what it has, and is told", async (_, annotations) => {
    await pools();
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await web.annotate(annotations);
    expect(await web.told("LoadBalancerFailed")).toMatchObject({
      type: "Warning",
      message: expect.stringContaining(annotations[IPS].slice(0, 9)),
    });
    await cluster.settle();
    await web.gets(["192.0.2.0"], "lab");
  });

  test("by spec.loadBalancerIP moves, keeps and costs as the annotation does", async () => {
    await pools();
    const web = await cluster.service("web", { spec: { loadBalancerIP: "192.0.2.7" } });
    await web.gets(["192.0.2.7"], "lab");
    await web.change({ spec: { loadBalancerIP: "192.0.2.8" } });
    await web.gets(["192.0.2.8"], "lab");
    await web.change({ spec: { loadBalancerIP: null } });
    await cluster.settle();
    await web.gets(["192.0.2.8"], "lab");
    await web.change({ spec: { loadBalancerIP: "203.0.113.9" } });
    await web.isRefused("NotInAnyPool");
  });

  test("by both ways leaves a Service what it has, and is told", async () => {
    await pools();
    const spec = { loadBalancerIP: "192.0.2.7" };
    const web = await cluster.service("web", { spec });
    await web.gets(["192.0.2.7"], "lab");
    await web.annotate({ [IPS]: "192.0.2.7" });
    expect(await web.told("LoadBalancerFailed")).toMatchObject({ type: "Warning" });
    await web.gets(["192.0.2.7"], "lab");
  });

  test("for the pair that a Service has, in the other order or spelling, moves nothing", async () => {
    await pools();
    const web = await cluster.service("web", { spec: DUAL });
    await web.gets(["192.0.2.0", "2001:db8::"], "lab");
    await web.annotate({ [IPS]: "2001:DB8:0::,192.0.2.0" });
    await cluster.settle();
    const { ips } = await web.state();
    expect([...ips].sort()).toEqual(["192.0.2.0", "2001:db8::"]);
    expect(await web.events("ClearAssignment")).toEqual([]);
  });

  test("for one address stays met when the Service grows to two families, and none is added", async () => {
    await pools();
    const web = await cluster.service("web", { annotations: { [IPS]: "192.0.2.7" } });
    await web.gets(["192.0.2.7"], "lab");
    await web.change({ spec: { ipFamilyPolicy: "PreferDualStack" } });
    await cluster.settle();
    await web.gets(["192.0.2.7"], "lab");
    await web.annotate({ [IPS]: null });
    await web.gets(["192.0.2.7", "2001:db8::"], "lab");
  });

  test("for the pool that a Service is in keeps its address", async () => {
    await pools();
    const web = await cluster.service("web", { annotations: { [IPS]: "192.0.2.7" } });
    await web.gets(["192.0.2.7"], "lab");
    await web.annotate({ [POOL]: "lab", [IPS]: null });
    await cluster.settle();
    await web.gets(["192.0.2.7"], "lab");
  });

  test("that waits for a pool or an address is met when that appears", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const byPool = await cluster.service("by-pool", { annotations: { [POOL]: "later" } });
    const byIp = await cluster.service("by-ip", { annotations: { [IPS]: "198.51.100.9" } });
    await byPool.isRefused("UnknownPool");
    await byIp.isRefused("NotInAnyPool");
    await cluster.pool("later", ["198.51.100.0/28"]);
    await byPool.gets(["198.51.100.0"], "later");
    await byIp.gets(["198.51.100.9"], "later");
  });
});
