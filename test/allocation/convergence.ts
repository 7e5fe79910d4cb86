/** Convergence: what one look at a Service does, in MetalLB's order of steps. */

import { describe, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import { cluster } from "./cluster.ts";

const POOL_OF = "metallb.io/ip-allocated-from-pool";
const IPS = "metallb.io/loadBalancerIPs";
const DUAL = { ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv4", "IPv6"] };

describe("step 1, no configuration yet", () => {
  test("nothing is done while no pools could be read since the start", async () => {
    await cluster.resign();
    await cluster.pool("lab", ["192.0.2.9-192.0.2.0"]);
    const web = await cluster.service("web");
    await web.writeIngress("192.0.2.9");
    await cluster.lead();
    await eventually(() => cluster.log.lines.some(({ level }) => level === "error"));
    expect(await web.state()).toMatchObject({ ips: ["192.0.2.9"], allocated: undefined });
    await cluster.pool("lab", ["192.0.2.0-192.0.2.9"]);
    await web.gets(["192.0.2.9"], "lab");
    expect(await web.events("ClearAssignment")).toEqual([]);
  });
});

describe("step 3, no pool at all", () => {
  test("a Service loses what Herald gave it, and has it again when the pool is back", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const web = await cluster.service("web", { annotations: { [IPS]: "192.0.2.2" } });
    await web.gets(["192.0.2.2"], "lab");
    await web.annotate({ [IPS]: null });
    await cluster.deletePool("lab");
    expect(await web.isRefused("NoPool")).toBe(
      'No IPAddressPool exists in namespace "metallb-system": create one',
    );
    await cluster.pool("lab", ["192.0.2.0/30"]);
    await web.gets(["192.0.2.2"], "lab");
  });

  test("an address that another controller gave stays in the status", async () => {
    await cluster.resign();
    const web = await cluster.service("web");
    await web.writeIngress("203.0.113.50");
    await cluster.lead();
    await eventually(async () => (await web.state()).reason === "NoPool");
    expect(await web.state()).toMatchObject({ ips: ["203.0.113.50"], allocated: "False" });
  });
});

describe("step 5, what the status shows", () => {
  test("an entry with a hostname alone is no address", async () => {
    await cluster.resign();
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const web = await cluster.service("web");
    await web.writeIngress({ hostname: "lb.example.org" });
    await cluster.lead();
    await web.gets(["192.0.2.0"], "lab");
    const { status } = await web.read();
    expect(status?.loadBalancer?.ingress).toEqual([{ ip: "192.0.2.0", ipMode: "VIP" }]);
  });

  test("a hostname beside the address costs nobody the address", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await web.writeIngress({ hostname: "lb.example.org" }, "192.0.2.0");
    await cluster.settle();
    await web.gets(["192.0.2.0"], "lab");
    expect(await web.events("ClearAssignment")).toEqual([]);
  });

  test("an address of a pool that somebody wrote there stays", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await web.writeIngress("192.0.2.9");
    await cluster.settle();
    await web.gets(["192.0.2.9"], "lab");
    const next = await cluster.service("next");
    await next.gets(["192.0.2.0"], "lab");
  });

  test("an address that somebody wiped off is written again", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const gone = await cluster.service("gone");
    await gone.gets(["192.0.2.0"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.1"], "lab");
    await gone.delete();
    await web.writeIngress();
    await web.gets(["192.0.2.1"], "lab");
  });

  test.each([
    ["wiped off", null],
    ["changed", "another"],
  ])("the annotation of the pool that somebody has %s is written again", async (_, value) => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await web.annotate({ [POOL_OF]: value });
    await web.gets(["192.0.2.0"], "lab");
  });
});

describe("step 7, families of the status", () => {
  test.each([
    ["three addresses", ["192.0.2.5", "192.0.2.6", "2001:db8::5"]],
    ["two of one family", ["192.0.2.5", "192.0.2.6"]],
  ] as const)("%s in the status give way to one", async (_, ips) => {
    await cluster.pool("lab", ["192.0.2.0/28", "2001:db8::/124"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await web.writeIngress(...ips);
    await web.gets(["192.0.2.0"], "lab");
  });

  test("addresses of which no family can be told are told by MetalLB's Event", async () => {
    await cluster.pool("lab", ["192.0.2.0/28", "2001:db8::/124"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await web.writeIngress("192.0.2.5", "192.0.2.6", "2001:db8::5");
    expect(await web.told("nolbIPsIPFamily")).toMatchObject({ type: "Warning" });
  });

  test.each([
    ["another family", ["2001:db8::5"]],
    ["one family too many", ["192.0.2.5", "2001:db8::5"]],
  ] as const)("%s in the status gives way to that of the cluster IP", async (_, ips) => {
    await cluster.pool("lab", ["192.0.2.0/28", "2001:db8::/124"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await web.writeIngress(...ips);
    await eventually(async () => {
      const { ips: now } = await web.state();
      return now.length === 1 && now[0]?.startsWith("192.0.2.");
    });
  });

  test("one address of a Service of two families that prefers both is no fault", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const web = await cluster.service("web", { spec: DUAL });
    await web.gets(["192.0.2.0"], "lab");
    await cluster.settle();
    await web.gets(["192.0.2.0"], "lab");
    expect(await web.events("ClearAssignment")).toEqual([]);
    expect(await web.events("nolbIPsIPFamily")).toEqual([]);
  });
});

describe("step 8, an address that is permitted no more is taken, which is told, and another given: it is", () => {
  test("in no pool", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await cluster.pool("lab", ["192.0.2.2/31"]);
    await web.gets(["192.0.2.2"], "lab");
    expect(await web.told("ClearAssignment")).toMatchObject({
      type: "Normal",
      message: expect.stringContaining("192.0.2.0 is taken from default/web"),
    });
  });

  test("in no pool, and no other has room", async () => {
    await cluster.pool("lab", ["192.0.2.0/32"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await cluster.pool("lab", ["192.0.2.2/32"], { spec: { autoAssign: false } });
    await web.isRefused("AutoAssignOff");
    expect(await web.told("ClearAssignment")).toMatchObject({ type: "Normal" });
    expect(await web.told("AllocationFailed")).toMatchObject({ type: "Warning" });
  });

  test("buggy", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await cluster.pool("lab", ["192.0.2.0/30"], { spec: { avoidBuggyIPs: true } });
    await web.gets(["192.0.2.1"], "lab");
    expect(await web.told("ClearAssignment")).toMatchObject({ type: "Normal" });
  });

  test("of a pool for other namespaces", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    await cluster.pool("rest", ["198.51.100.0/30"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    const spec = { serviceAllocation: { namespaces: ["shop"] } };
    await cluster.pool("lab", ["192.0.2.0/30"], { spec });
    await web.gets(["198.51.100.0"], "rest");
    expect(await web.told("ClearAssignment")).toMatchObject({ type: "Normal" });
  });

  test("of a pool for other Services", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    await cluster.pool("rest", ["198.51.100.0/30"]);
    const web = await cluster.service("web", { labels: { tier: "front" } });
    await web.gets(["192.0.2.0"], "lab");
    const spec = { serviceAllocation: { serviceSelectors: [{ matchLabels: { tier: "back" } }] } };
    await cluster.pool("lab", ["192.0.2.0/30"], { spec });
    await web.gets(["198.51.100.0"], "rest");
    expect(await web.told("ClearAssignment")).toMatchObject({ type: "Normal" });
  });
});

describe("step 10, the second address", () => {
  test("is told by IPAllocated when it is given, and by AdditionalAssignFailed when there is none", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const web = await cluster.service("web", { spec: DUAL });
    await web.gets(["192.0.2.0"], "lab");
    await web.annotate({ "metallb.io/allow-shared-ip": "any change" });
    expect(await web.told("AdditionalAssignFailed")).toMatchObject({ type: "Normal" });
    await cluster.pool("lab", ["192.0.2.0/28", "2001:db8::/124"]);
    await web.gets(["192.0.2.0", "2001:db8::"], "lab");
    await eventually(async () => {
      const told = await web.events("IPAllocated");
      return told.some(({ message }) => message.includes('"2001:db8::"'));
    });
  });
});

describe("steps 11 and 13, what is written and told", () => {
  test("an allocation is one entry of the status, the annotation, and one Event that quotes the address", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    const { status } = await web.read();
    expect(status?.loadBalancer).toEqual({ ingress: [{ ip: "192.0.2.0", ipMode: "VIP" }] });
    await cluster.settle();
    expect(await web.events("IPAllocated")).toEqual([
      { type: "Normal", message: expect.stringContaining('"192.0.2.0"'), count: 1 },
    ]);
  });

  test("an allocation of two quotes both in one Event", async () => {
    await cluster.pool("lab", ["192.0.2.0/28", "2001:db8::/124"]);
    const web = await cluster.service("web", { spec: DUAL });
    await web.gets(["192.0.2.0", "2001:db8::"], "lab");
    await cluster.settle();
    expect(await web.events("IPAllocated")).toEqual([
      { type: "Normal", message: expect.stringMatching(/"192\.0\.2\.0".*"2001:db8::"/), count: 1 },
    ]);
  });

  test("a refusal is a Warning that names the Service and the cause, told once while nothing changes", async () => {
    await cluster.pool("lab", ["192.0.2.0/32"]);
    const first = await cluster.service("first");
    await first.gets(["192.0.2.0"]);
    const web = await cluster.service("web");
    const message = await web.isRefused("PoolExhausted");
    expect(message).toContain("default/web");
    await cluster.settle();
    expect(await web.events("AllocationFailed")).toEqual([{ type: "Warning", message, count: 1 }]);
  });

  test("conditions and annotations of others stay", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const web = await cluster.service("web", { annotations: { "example.org/note": "mine" } });
    await web.gets(["192.0.2.0"], "lab");
    const { metadata } = await web.read();
    expect(metadata?.annotations).toEqual({ "example.org/note": "mine", [POOL_OF]: "lab" });
  });
});

describe("an annotation of the older prefix", () => {
  const LEGACY = {
    "metallb.universe.tf/address-pool": "lab",
    "metallb.universe.tf/allow-shared-ip": "k",
  };

  test("is told by one Warning each, when Herald changes the Service, and not when it does not", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const web = await cluster.service("web", { annotations: LEGACY });
    await web.gets(["192.0.2.0"], "lab");
    await web.told("deprecatedAnnotation");
    await cluster.settle();
    const told = await web.events("deprecatedAnnotation");
    expect(told.map(({ type, count }) => [type, count])).toEqual([
      ["Warning", 1],
      ["Warning", 1],
    ]);
    const messages = told.map(({ message }) => message).join("\n");
    for (const key of Object.keys(LEGACY)) {
      expect(messages).toContain(key);
    }
  });

  test("is told again when Herald changes the Service again", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const annotations = { "metallb.universe.tf/loadBalancerIPs": "192.0.2.3" };
    const web = await cluster.service("web", { annotations });
    await web.gets(["192.0.2.3"], "lab");
    await web.annotate({ "metallb.universe.tf/loadBalancerIPs": "192.0.2.4" });
    await web.gets(["192.0.2.4"], "lab");
    await eventually(async () => (await web.events("deprecatedAnnotation"))[0]?.count === 2);
  });

  test("is not missed by who uses the current one", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const web = await cluster.service("web", { annotations: { [IPS]: "192.0.2.3" } });
    await web.gets(["192.0.2.3"], "lab");
    await cluster.settle();
    expect(await web.events("deprecatedAnnotation")).toEqual([]);
  });
});
