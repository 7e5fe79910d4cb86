/** Triggers: what happens elsewhere, and which Services are looked at again for it. */

import { describe, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import { cluster } from "./cluster.ts";

const IPS = "metallb.io/loadBalancerIPs";
const POOL = "metallb.io/address-pool";

async function refusalOfPools(): Promise<void> {
  await eventually(() => cluster.log.lines.some(({ level }) => level === "error"));
}

describe("a Service that is deleted", () => {
  test("frees its address for the oldest that waits", async () => {
    await cluster.pool("lab", ["192.0.2.0/32"]);
    const holder = await cluster.service("holder");
    await holder.gets(["192.0.2.0"]);
    const first = await cluster.service("waits-1");
    await first.isRefused("PoolExhausted");
    const second = await cluster.service("waits-2");
    await second.isRefused("PoolExhausted");
    await holder.delete();
    await first.gets(["192.0.2.0"]);
    await first.delete();
    await second.gets(["192.0.2.0"]);
  });

  test("frees nothing for a Service that may not use the pool", async () => {
    const spec = { serviceAllocation: { namespaces: ["shop"] } };
    await cluster.pool("lab", ["192.0.2.0/32"], { spec });
    const holder = await cluster.service("holder", { namespace: "shop" });
    await holder.gets(["192.0.2.0"]);
    const waits = await cluster.service("waits");
    await waits.isRefused("PoolNotForNamespace");
    await holder.delete();
    await cluster.settle();
    await waits.isRefused("PoolNotForNamespace");
  });
});

describe("a Service that is deleted and kept by a finalizer", () => {
  test("keeps its address until it is gone", async () => {
    await cluster.pool("lab", ["192.0.2.0/32"]);
    const finalizers = ["example.org/not-yet"];
    const held = await cluster.service("held", { finalizers });
    await held.gets(["192.0.2.0"]);
    const waits = await cluster.service("waits");
    await waits.isRefused("PoolExhausted");
    await held.delete();
    await cluster.settle();
    await held.gets(["192.0.2.0"]);
    await waits.isRefused("PoolExhausted");
    await held.change({ finalizers: null });
    await waits.gets(["192.0.2.0"]);
  });
});

describe("a pool", () => {
  test("of another namespace than Herald's is none", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"], { namespace: "shop" });
    const web = await cluster.service("web", { namespace: "shop" });
    await web.isRefused("NoPool");
    await cluster.pool("other", ["198.51.100.0/30"]);
    await web.gets(["198.51.100.0"], "other");
  });

  test("of any size serves", async () => {
    await cluster.pool("lab", ["10.0.0.0/8", "2001:db8::/32"]);
    const spec = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };
    await (await cluster.service("web", { spec })).gets(["10.0.0.0", "2001:db8::"]);
    const annotations = { [IPS]: "10.255.255.255,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff" };
    const last = await cluster.service("last", { spec, annotations });
    await last.gets(["10.255.255.255", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"]);
  });

  test("that is renamed keeps its Services' addresses, and the annotations follow", async () => {
    await cluster.pool("old", ["192.0.2.0/30"]);
    const [a, b] = await cluster.services(2);
    await cluster.pool("new", ["192.0.2.0/30"]);
    await refusalOfPools();
    await cluster.deletePool("old");
    await a?.gets(["192.0.2.0"], "new");
    await b?.gets(["192.0.2.1"], "new");
    expect(await a?.events("ClearAssignment")).toEqual([]);
  });

  test("that is split keeps its Services' addresses, each in its part", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const services = await cluster.services(4);
    await cluster.pool("part", ["192.0.2.2/31"]);
    await refusalOfPools();
    await cluster.pool("lab", ["192.0.2.0/31"]);
    for (const [index, service] of services.entries()) {
      await service.gets([`192.0.2.${index}`], index < 2 ? "lab" : "part");
      expect(await service.events("ClearAssignment")).toEqual([]);
    }
  });

  test("that is split between the families gives a Service of two another pair of one pool", async () => {
    const spec = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };
    await cluster.pool("lab", ["192.0.2.0/31", "2001:db8::/127"]);
    const web = await cluster.service("web", { spec });
    await web.gets(["192.0.2.0", "2001:db8::"], "lab");
    await cluster.pool("six", ["2001:db8::/127"]);
    await refusalOfPools();
    await cluster.pool("lab", ["192.0.2.0/31", "2001:db8:1::/127"]);
    await web.gets(["192.0.2.0", "2001:db8:1::"], "lab");
    expect(await web.told("ClearAssignment")).toMatchObject({ type: "Normal" });
  });

  test("that is written otherwise and has the same addresses changes nothing", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const [a, b] = await cluster.services(2);
    await cluster.pool("lab", ["192.0.2.3-192.0.2.3", "192.0.2.0-192.0.2.2"]);
    await cluster.settle();
    await a?.gets(["192.0.2.0"], "lab");
    await b?.gets(["192.0.2.1"], "lab");
  });

  test("that shrinks moves those outside, and only those", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const [a, b, c] = await cluster.services(3);
    await cluster.pool("lab", ["192.0.2.1/32", "192.0.2.4/31"]);
    await a?.gets(["192.0.2.4"], "lab");
    await b?.gets(["192.0.2.1"], "lab");
    await c?.gets(["192.0.2.5"], "lab");
    expect(await b?.events("ClearAssignment")).toEqual([]);
  });

  test("that shrinks below its Services leaves the younger without", async () => {
    await cluster.pool("lab", ["192.0.2.0/31"]);
    const [a, b] = await cluster.services(2);
    await cluster.pool("lab", ["192.0.2.8/32"]);
    await a?.gets(["192.0.2.8"], "lab");
    await b?.isRefused("PoolExhausted");
  });

  test("that is deleted under use moves its Services to another", async () => {
    await cluster.pool("a", ["192.0.2.0/31"]);
    await cluster.pool("b", ["198.51.100.0/31"]);
    const [web] = await cluster.services(1);
    await web?.gets(["192.0.2.0"], "a");
    await cluster.deletePool("a");
    await web?.gets(["198.51.100.0"], "b");
    expect(await web?.told("ClearAssignment")).toMatchObject({ type: "Normal" });
  });

  test("that grows serves those who wait", async () => {
    await cluster.pool("lab", ["192.0.2.0/32"]);
    const [first] = await cluster.services(1);
    const waits = await cluster.service("waits");
    await waits.isRefused("PoolExhausted");
    await cluster.pool("lab", ["192.0.2.0/31"]);
    await waits.gets(["192.0.2.1"], "lab");
    await first?.gets(["192.0.2.0"], "lab");
  });

  test("whose autoAssign is switched off keeps its Services, and gives nothing more unasked", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const [web] = await cluster.services(1);
    await cluster.pool("lab", ["192.0.2.0/30"], { spec: { autoAssign: false } });
    await cluster.settle();
    await web?.gets(["192.0.2.0"], "lab");
    const waits = await cluster.service("waits");
    expect(await waits.isRefused("AutoAssignOff")).toContain(POOL);
    await cluster.pool("lab", ["192.0.2.0/30"], { spec: { autoAssign: true } });
    await waits.gets(["192.0.2.1"], "lab");
  });

  test.each([
    ["overlaps another", "bad", ["192.0.2.1/32"]],
    ["cannot be read", "bad", ["192.0.2.300/24"]],
    ["has no addresses", "bad", []],
    ["takes in both families", "bad", ["192.0.2.0-2001:db8::1"]],
  ] as const)("that %s leaves the last good set in force", async (_, name, addresses) => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const [web] = await cluster.services(1);
    await cluster.pool(name, addresses);
    await refusalOfPools();
    await cluster.pool("later", ["198.51.100.0/30"]);
    const next = await cluster.service("next");
    await next.gets(["192.0.2.1"], "lab");
    const later = await cluster.service("later", { annotations: { [POOL]: "later" } });
    await later.isRefused("UnknownPool");
    await web?.gets(["192.0.2.0"], "lab");
    await cluster.deletePool(name);
    await later.gets(["198.51.100.0"], "later");
  });

  test("of a higher priority moves nobody who has an address", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const [web] = await cluster.services(1);
    const spec = { serviceAllocation: { priority: 1 } };
    await cluster.pool("better", ["198.51.100.0/30"], { spec });
    const next = await cluster.service("next");
    await next.gets(["198.51.100.0"], "better");
    await web?.gets(["192.0.2.0"], "lab");
  });
});

describe("pools are tried", () => {
  test("by priority, 0 last, those with a serviceAllocation before those without, equals by name", async () => {
    const pinned = (priority: number) => ({ spec: { serviceAllocation: { priority } } });
    await cluster.pool("a-open", ["192.0.2.0/32"]);
    await cluster.pool("b-zero", ["192.0.2.1/32"], pinned(0));
    await cluster.pool("c-twenty", ["192.0.2.2/32"], pinned(20));
    await cluster.pool("e-ten", ["192.0.2.4/32"], pinned(10));
    await cluster.pool("d-ten", ["192.0.2.3/32"], pinned(10));
    await cluster.pool("0-open", ["192.0.2.5/32"]);
    const services = await cluster.services(6);
    const states = await Promise.all(services.map((service) => service.state()));
    expect(states.map(({ pool }) => pool)).toEqual([
      "d-ten",
      "e-ten",
      "c-twenty",
      "b-zero",
      "0-open",
      "a-open",
    ]);
  });

  test("range by range as listed, each from its lowest address, first and last of a CIDR included", async () => {
    await cluster.pool("lab", ["192.0.2.8/31", "192.0.2.2-192.0.2.3", "192.0.2.0/32"]);
    const services = await cluster.services(5);
    const states = await Promise.all(services.map((service) => service.state()));
    expect(states.flatMap(({ ips }) => ips)).toEqual([
      "192.0.2.8",
      "192.0.2.9",
      "192.0.2.2",
      "192.0.2.3",
      "192.0.2.0",
    ]);
  });
});

describe("avoidBuggyIPs", () => {
  test("passes over .0 and .255 of IPv4 wherever a range begins, and over no IPv6", async () => {
    const ranges = ["192.0.2.254-192.0.3.1", "2001:db8::/126"];
    await cluster.pool("lab", ranges, { spec: { avoidBuggyIPs: true } });
    const spec = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };
    await (await cluster.service("a", { spec })).gets(["192.0.2.254", "2001:db8::"]);
    await (await cluster.service("b", { spec })).gets(["192.0.3.1", "2001:db8::1"]);
    await (await cluster.service("c")).isRefused("PoolExhausted");
  });
});

describe("labels", () => {
  const BLUE = { matchLabels: { team: "blue" } };

  test("of a Namespace give an address to who waits there, and take it when they go", async () => {
    const spec = { serviceAllocation: { namespaceSelectors: [BLUE] } };
    await cluster.pool("blue", ["192.0.2.0/30"], { spec });
    const web = await cluster.service("web", { namespace: "shop" });
    await web.isRefused("PoolNotForNamespace");
    await cluster.labelTeam("shop", "blue");
    await web.gets(["192.0.2.0"], "blue");
    await cluster.labelTeam("shop", "green");
    await web.isRefused("PoolNotForNamespace");
    expect(await web.told("ClearAssignment")).toMatchObject({ type: "Normal" });
  });

  test("of a Service give it an address, and take it when they go", async () => {
    const spec = { serviceAllocation: { serviceSelectors: [BLUE] } };
    await cluster.pool("blue", ["192.0.2.0/30"], { spec });
    const web = await cluster.service("web");
    await web.isRefused("PoolNotForService");
    await web.change({ labels: { team: "blue" } });
    await web.gets(["192.0.2.0"], "blue");
    const waits = await cluster.service("waits", { labels: { team: "blue" } });
    await waits.gets(["192.0.2.1"], "blue");
    await web.change({ labels: { team: null } });
    await web.isRefused("PoolNotForService");
    expect(await web.told("ClearAssignment")).toMatchObject({ type: "Normal" });
  });

  test("of no Namespace that a pool wants keep everybody out, who asks for the pool too", async () => {
    const spec = { serviceAllocation: { namespaceSelectors: [BLUE], serviceSelectors: [{}] } };
    await cluster.pool("blue", ["192.0.2.0/30"], { spec });
    const web = await cluster.service("web");
    expect(await web.isRefused("PoolNotForNamespace")).toContain("no namespace that exists");
    const asks = await cluster.service("asks", { annotations: { [POOL]: "blue" } });
    await asks.isRefused("PoolNotForNamespace");
  });

  test("of Namespace and Service are both wanted where a pool names both", async () => {
    const serviceAllocation = { namespaceSelectors: [BLUE], serviceSelectors: [BLUE] };
    await cluster.pool("blue", ["192.0.2.0/30"], { spec: { serviceAllocation } });
    await cluster.labelTeam("shop", "blue");
    const labels = { team: "blue" };
    const outside = await cluster.service("outside", { labels });
    const unlabelled = await cluster.service("unlabelled", { namespace: "shop" });
    const both = await cluster.service("both", { namespace: "shop", labels });
    await both.gets(["192.0.2.0"], "blue");
    await outside.isRefused("PoolNotForNamespace");
    await unlabelled.isRefused("PoolNotForService");
  });
});

describe("a cluster IP", () => {
  test("that changes within its family changes nothing", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await cluster.smuggle(web, (spec) => ({
      ...spec,
      clusterIP: "10.96.77.77",
      clusterIPs: ["10.96.77.77"],
    }));
    await cluster.settle();
    await web.gets(["192.0.2.0"], "lab");
    expect(await web.events("ClearAssignment")).toEqual([]);
  });
});
