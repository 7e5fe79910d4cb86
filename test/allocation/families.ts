/** Families: what a Service gets of which pools. */

import { describe, expect, test } from "vitest";
import { cluster } from "./cluster.ts";

const V4 = "192.0.2.0/31";
const V6 = "2001:db8::/127";

const SINGLE4 = { ipFamilyPolicy: "SingleStack", ipFamilies: ["IPv4"] };
const SINGLE6 = { ipFamilyPolicy: "SingleStack", ipFamilies: ["IPv6"] };
const PREFER = { ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv4", "IPv6"] };
const PREFER6 = { ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv6", "IPv4"] };
const REQUIRE = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };
const REQUIRE6 = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv6", "IPv4"] };

type Pools = Readonly<Record<string, readonly string[]>>;
const DUAL: Pools = { dual: [V4, V6] };
const DUAL6: Pools = { dual: [V6, V4] };
const BOTH = ["192.0.2.0", "2001:db8::"];
/** Single families first, by name. */
const ALL: Pools = { a4: ["198.51.100.0/31"], b6: ["2001:db8:1::/127"], dual: [V4, V6] };
const SPLIT: Pools = { four: [V4], six: [V6] };

async function makePools(pools: Pools): Promise<void> {
  for (const [name, addresses] of Object.entries(pools)) {
    await cluster.pool(name, addresses);
  }
}

describe("families", () => {
  test.each([
    ["IPv4 has one address of an IPv4 pool", SINGLE4, { four: [V4] }, ["192.0.2.0"], "four"],
    ["IPv4 has one address of a dual pool", SINGLE4, DUAL, ["192.0.2.0"], "dual"],
    ["IPv4 passes over an IPv6 pool", SINGLE4, { a6: [V6], b4: [V4] }, ["192.0.2.0"], "b4"],
    ["IPv6 has one address of an IPv6 pool", SINGLE6, { six: [V6] }, ["2001:db8::"], "six"],
    ["IPv6 has one address of a dual pool", SINGLE6, DUAL, ["2001:db8::"], "dual"],
    ["IPv6 passes over an IPv4 pool", SINGLE6, SPLIT, ["2001:db8::"], "six"],
    ["RequireDualStack has two of a dual pool", REQUIRE, DUAL, BOTH, "dual"],
    ["RequireDualStack has IPv4 first, whatever is listed first", REQUIRE6, DUAL6, BOTH, "dual"],
    ["RequireDualStack passes over pools of one family", REQUIRE, ALL, BOTH, "dual"],
    ["PreferDualStack has two of a dual pool", PREFER, DUAL, BOTH, "dual"],
    ["PreferDualStack has IPv4 first, whatever is listed first", PREFER6, DUAL6, BOTH, "dual"],
    ["PreferDualStack passes over pools of one family", PREFER, ALL, BOTH, "dual"],
    ["PreferDualStack has one of an IPv4 pool", PREFER, { four: [V4] }, ["192.0.2.0"], "four"],
    ["PreferDualStack has one of an IPv6 pool", PREFER, { six: [V6] }, ["2001:db8::"], "six"],
    ["PreferDualStack has its primary family, IPv4", PREFER, SPLIT, ["192.0.2.0"], "four"],
    ["PreferDualStack has its primary family, IPv6", PREFER6, SPLIT, ["2001:db8::"], "six"],
    ["IPv6 first has one of an IPv4 pool", PREFER6, { four: [V4] }, ["192.0.2.0"], "four"],
  ] as const)("%s", async (_, spec, pools, ips, pool) => {
    await makePools(pools);
    const web = await cluster.service("web", { spec });
    await web.gets(ips, pool);
  });

  test.each([
    ["IPv4 finds no IPv4", SINGLE4, { six: [V6] }, "FamilyMissing"],
    ["IPv6 finds no IPv6", SINGLE6, { four: [V4] }, "FamilyMissing"],
    ["RequireDualStack finds no IPv6", REQUIRE, { four: [V4] }, "FamilyMissing"],
    ["RequireDualStack takes not of two pools", REQUIRE, SPLIT, "FamilyMissing"],
    ["RequireDualStack with IPv6 first takes not of two pools", REQUIRE6, SPLIT, "FamilyMissing"],
  ] as const)("%s", async (_, spec, pools, reason) => {
    await makePools(pools);
    const web = await cluster.service("web", { spec });
    const sentence = await web.isRefused(reason);
    expect(sentence).toMatch(/^default\/web needs IPv/);
    expect(await web.told("AllocationFailed")).toMatchObject({
      type: "Warning",
      message: sentence,
    });
  });

  test("PreferDualStack prefers a pool of both to one of a higher priority that has one", async () => {
    await cluster.pool("first", ["192.0.2.0/31"], { spec: { serviceAllocation: { priority: 1 } } });
    await cluster.pool("second", ["192.0.2.8/31", V6], {
      spec: { serviceAllocation: { priority: 2 } },
    });
    const web = await cluster.service("web", { spec: PREFER });
    await web.gets(["192.0.2.8", "2001:db8::"], "second");
  });

  test("PreferDualStack takes one address of a pool with a serviceAllocation before two of one without", async () => {
    await cluster.pool("pinned", ["192.0.2.0/31"], {
      spec: { serviceAllocation: { priority: 1 } },
    });
    await cluster.pool("open", ["192.0.2.8/31", V6]);
    const web = await cluster.service("web", { spec: PREFER });
    await web.gets(["192.0.2.0"], "pinned");
  });

  test("RequireDualStack passes over a pool of which one family is used up", async () => {
    await cluster.pool("a", ["192.0.2.0/31", "2001:db8::/128"]);
    await cluster.pool("b", ["192.0.2.8/31", "2001:db8::8/128"]);
    const first = await cluster.service("first", { spec: SINGLE6 });
    await first.gets(["2001:db8::"], "a");
    const second = await cluster.service("second", { spec: REQUIRE });
    await second.gets(["192.0.2.8", "2001:db8::8"], "b");
    const third = await cluster.service("third", { spec: REQUIRE });
    await third.isRefused("PoolExhausted");
  });

  test("PreferDualStack gains its second address when its pool gains the family", async () => {
    await cluster.pool("lab", [V4]);
    const web = await cluster.service("web", { spec: PREFER });
    await web.gets(["192.0.2.0"], "lab");
    await cluster.pool("lab", [V4, V6]);
    await web.gets(["192.0.2.0", "2001:db8::"], "lab");
    await expect
      .poll(async () => (await web.events("IPAllocated")).map(({ message }) => message).join())
      .toContain('"2001:db8::"');
  });

  test("PreferDualStack with IPv6 alone gains IPv4, which comes first in the status", async () => {
    await cluster.pool("lab", [V6]);
    const web = await cluster.service("web", { spec: PREFER6 });
    await web.gets(["2001:db8::"], "lab");
    await cluster.pool("lab", [V6, V4]);
    await web.gets(["192.0.2.0", "2001:db8::"], "lab");
  });

  test("PreferDualStack gains its second address when one of its pool is released", async () => {
    await cluster.pool("lab", ["192.0.2.0/30", "2001:db8::/128"]);
    const other = await cluster.service("other", { spec: SINGLE6 });
    await other.gets(["2001:db8::"], "lab");
    const web = await cluster.service("web", { spec: PREFER });
    await web.gets(["192.0.2.0"], "lab");
    await other.delete();
    await web.gets(["192.0.2.0", "2001:db8::"], "lab");
  });

  test("PreferDualStack gains its second address of the same pool alone, and is told when there is none", async () => {
    await cluster.pool("four", [V4]);
    const web = await cluster.service("web", { spec: PREFER });
    await web.gets(["192.0.2.0"], "four");
    await cluster.pool("six", [V6]);
    const told = await web.told("AdditionalAssignFailed");
    expect(told.type).toBe("Normal");
    await cluster.settle();
    await web.gets(["192.0.2.0"], "four");
  });

  test("a Service that grows from one family to two keeps the address that it has", async () => {
    await cluster.pool("lab", [V4, V6]);
    await cluster.service("lower", { spec: SINGLE4 }).then((lower) => lower.gets(["192.0.2.0"]));
    const web = await cluster.service("web", { spec: SINGLE4 });
    await web.gets(["192.0.2.1"], "lab");
    await web.change({ spec: { ipFamilyPolicy: "PreferDualStack" } });
    await web.gets(["192.0.2.1", "2001:db8::"], "lab");
  });

  test("a Service that grows to RequireDualStack has both of one pool, or none", async () => {
    await cluster.pool("four", [V4]);
    const web = await cluster.service("web", { spec: SINGLE4 });
    await web.gets(["192.0.2.0"], "four");
    await web.change({ spec: { ipFamilyPolicy: "RequireDualStack" } });
    await web.isRefused("FamilyMissing");
    await cluster.pool("dual", ["198.51.100.0/31", V6]);
    await web.gets(["198.51.100.0", "2001:db8::"], "dual");
  });

  test.each([
    ["IPv4", PREFER, ["192.0.2.0"]],
    ["IPv6", PREFER6, ["2001:db8::"]],
  ] as const)(
    "a Service of two families that shrinks to %s keeps that address",
    async (_, spec, ips) => {
      await cluster.pool("lab", [V4, V6]);
      const web = await cluster.service("web", { spec });
      await web.gets(["192.0.2.0", "2001:db8::"], "lab");
      const { clusterIPs = [], ipFamilies = [] } = (await web.read()).spec ?? {};
      await web.change({
        spec: {
          ipFamilyPolicy: "SingleStack",
          clusterIPs: clusterIPs.slice(0, 1),
          ipFamilies: ipFamilies.slice(0, 1),
        },
      });
      await web.gets(ips, "lab");
    },
  );

  describe("that no API server of today writes", () => {
    const toSingleIp = (spec: Record<string, unknown>) => ({
      ...spec,
      clusterIPs: [spec["clusterIP"]],
      ipFamilies: ["IPv4"],
    });

    test("PreferDualStack with one cluster IP has one address of a dual pool, and keeps it", async () => {
      await cluster.pool("lab", [V4, V6]);
      const web = await cluster.service("web", { spec: PREFER });
      await web.gets(["192.0.2.0", "2001:db8::"]);
      await cluster.smuggle(web, toSingleIp);
      await web.gets(["192.0.2.0"]);
      await cluster.settle();
      await web.gets(["192.0.2.0"]);
      expect(await web.events("AdditionalAssignFailed")).toEqual([]);
    });

    test("RequireDualStack with one cluster IP has no address", async () => {
      await cluster.pool("lab", [V4, V6]);
      const web = await cluster.service("web", { spec: REQUIRE });
      await web.gets(["192.0.2.0", "2001:db8::"]);
      await cluster.smuggle(web, toSingleIp);
      expect(await web.isRefused("NotEnoughClusterIps")).toMatch(/^default\/web requires both/);
    });

    test("SingleStack with two cluster IPs has no address, and is told the mend", async () => {
      await cluster.pool("lab", [V4, V6]);
      const web = await cluster.service("web", { spec: PREFER });
      await web.gets(["192.0.2.0", "2001:db8::"]);
      await cluster.smuggle(web, (spec) => ({ ...spec, ipFamilyPolicy: "SingleStack" }));
      expect(await web.isRefused("FamilyMissing")).toMatch(/set it to PreferDualStack/);
    });

    test("without a cluster IP there is no address", async () => {
      await cluster.pool("lab", [V4, V6]);
      const web = await cluster.service("web");
      await web.gets(["192.0.2.0"]);
      await cluster.smuggle(web, ({ clusterIP: _, clusterIPs: __, ...spec }) => spec);
      expect(await web.isRefused("NoClusterIp")).toMatch(/^default\/web has no cluster IP/);
    });

    test("two cluster IPs of one family count as that family", async () => {
      await cluster.pool("lab", [V4, V6]);
      const web = await cluster.service("web");
      await web.gets(["192.0.2.0"]);
      await cluster.smuggle(web, (spec) => ({
        ...spec,
        clusterIPs: [spec["clusterIP"], "10.96.9.9"],
      }));
      await cluster.settle();
      await web.gets(["192.0.2.0"]);
    });

    test("RequireDualStack with one cluster IP is told by MetalLB's Event", async () => {
      await cluster.pool("lab", [V4, V6]);
      const web = await cluster.service("web", { spec: REQUIRE });
      await web.gets(["192.0.2.0", "2001:db8::"]);
      await cluster.smuggle(web, toSingleIp);
      expect(await web.told("not enough clusterips")).toMatchObject({ type: "Warning" });
    });
  });
});
