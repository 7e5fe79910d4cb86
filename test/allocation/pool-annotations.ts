/** Annotations of a pool: addresses that are not of it, limits by namespace, and rest after a release. */

import { describe, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import { cluster } from "./cluster.ts";

const IPS = "metallb.io/loadBalancerIPs";
const SHARE = "metallb.io/allow-shared-ip";
const EXCLUDE = "herald-lb.io/exclude";
const MAX = "herald-lb.io/max-per-namespace";
const HOLD = "herald-lb.io/hold-released";
const PREFER = { ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv4", "IPv6"] };
const REQUIRE = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };

describe("herald-lb.io/exclude", () => {
  test("keeps addresses, CIDRs and ranges from being given", async () => {
    const annotations = { [EXCLUDE]: "192.0.2.0, 192.0.2.2/31,192.0.2.5-192.0.2.6" };
    await cluster.pool("lab", ["192.0.2.0/29"], { annotations });
    for (const ip of ["192.0.2.1", "192.0.2.4", "192.0.2.7"]) {
      const service = await cluster.service(`s${ip.at(-1)}`);
      await service.gets([ip], "lab");
    }
    const waits = await cluster.service("waits");
    await waits.isRefused("PoolExhausted");
  });

  test("takes an address from who has it, and gives another", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await cluster.pool("lab", ["192.0.2.0/30"], { annotations: { [EXCLUDE]: "192.0.2.0" } });
    await web.gets(["192.0.2.1"], "lab");
    expect(await web.told("ClearAssignment")).toMatchObject({
      type: "Normal",
      message: expect.stringContaining(EXCLUDE),
    });
  });

  test("refuses who asks for such an address, and gives it when the annotation is gone", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"], { annotations: { [EXCLUDE]: "192.0.2.2" } });
    const web = await cluster.service("web", { annotations: { [IPS]: "192.0.2.2" } });
    expect(await web.isRefused("AddressExcluded")).toContain(EXCLUDE);
    await cluster.pool("lab", ["192.0.2.0/30"]);
    await web.gets(["192.0.2.2"], "lab");
  });

  test("moves nobody whose address is not excluded", async () => {
    await cluster.pool("lab", ["192.0.2.0/30", "2001:db8::/126"]);
    const web = await cluster.service("web", { spec: PREFER });
    await web.gets(["192.0.2.0", "2001:db8::"], "lab");
    const annotations = { [EXCLUDE]: "192.0.2.1, 2001:db8::1-2001:db8::3" };
    await cluster.pool("lab", ["192.0.2.0/30", "2001:db8::/126"], { annotations });
    await cluster.settle();
    await web.gets(["192.0.2.0", "2001:db8::"], "lab");
    expect(await web.events("ClearAssignment")).toEqual([]);
  });
});

describe("herald-lb.io/max-per-namespace", () => {
  const two = { annotations: { [MAX]: "2" } };

  test("limits one namespace, and leaves room for the others", async () => {
    await cluster.pool("lab", ["192.0.2.0/29"], two);
    const a = await cluster.service("a", { namespace: "shop" });
    await a.gets(["192.0.2.0"]);
    const b = await cluster.service("b", { namespace: "shop" });
    await b.gets(["192.0.2.1"]);
    const c = await cluster.service("c", { namespace: "shop" });
    const sentence = await c.isRefused("QuotaReached");
    expect(sentence).toContain('"shop"');
    expect(sentence).toContain(MAX);
    const other = await cluster.service("other", { namespace: "bank" });
    await other.gets(["192.0.2.2"]);
    await a.delete();
    await c.gets(["192.0.2.0"]);
  });

  test("passes over to the next pool", async () => {
    await cluster.pool("a", ["192.0.2.0/29"], { annotations: { [MAX]: "1" } });
    await cluster.pool("b", ["198.51.100.0/29"]);
    await (await cluster.service("first")).gets(["192.0.2.0"], "a");
    await (await cluster.service("second")).gets(["198.51.100.0"], "b");
  });

  test("that is raised serves those who wait", async () => {
    await cluster.pool("lab", ["192.0.2.0/29"], { annotations: { [MAX]: "1" } });
    await (await cluster.service("a")).gets(["192.0.2.0"]);
    const b = await cluster.service("b");
    await b.isRefused("QuotaReached");
    await cluster.pool("lab", ["192.0.2.0/29"], two);
    await b.gets(["192.0.2.1"]);
  });

  test("that is lowered takes nothing away, also over a restart", async () => {
    await cluster.pool("lab", ["192.0.2.0/29"]);
    const a = await cluster.service("a");
    await a.gets(["192.0.2.0"]);
    const b = await cluster.service("b");
    await b.gets(["192.0.2.1"]);
    await cluster.pool("lab", ["192.0.2.0/29"], { annotations: { [MAX]: "1" } });
    await cluster.settle();
    await cluster.restart();
    await cluster.settle();
    await a.gets(["192.0.2.0"]);
    await b.gets(["192.0.2.1"]);
    const c = await cluster.service("c");
    await c.isRefused("QuotaReached");
    await a.delete();
    await cluster.settle();
    await c.isRefused("QuotaReached");
  });

  test("counts an address that is shared once, and lets others of the namespace join it", async () => {
    await cluster.pool("lab", ["192.0.2.0/29"], { annotations: { [MAX]: "1" } });
    const annotations = { [SHARE]: "k" };
    for (const port of [80, 81, 82]) {
      const service = await cluster.service(`s${port}`, { annotations, ports: [port] });
      await service.gets(["192.0.2.0"], "lab");
    }
    const same = await cluster.service("same", { annotations, ports: [82] });
    await same.isRefused("QuotaReached");
  });

  test("counts an address of another namespace that is joined", async () => {
    await cluster.pool("lab", ["192.0.2.0/29"], { annotations: { [MAX]: "1" } });
    const annotations = { [SHARE]: "k" };
    const theirs = await cluster.service("theirs", { namespace: "bank", annotations });
    await theirs.gets(["192.0.2.0"]);
    const own = await cluster.service("own", { namespace: "shop" });
    await own.gets(["192.0.2.1"]);
    const joins = await cluster.service("joins", { namespace: "shop", annotations, ports: [81] });
    await joins.isRefused("QuotaReached");
  });

  test("counts both addresses of a Service of two families", async () => {
    await cluster.pool("lab", ["192.0.2.0/29", "2001:db8::/125"], {
      annotations: { [MAX]: "3" },
    });
    const a = await cluster.service("a", { spec: REQUIRE });
    await a.gets(["192.0.2.0", "2001:db8::"]);
    const b = await cluster.service("b", { spec: REQUIRE });
    await b.isRefused("QuotaReached");
    const c = await cluster.service("c", { spec: PREFER });
    await c.gets(["192.0.2.1"]);
  });

  test("holds for who asks for an address, and for who asks for the pool", async () => {
    await cluster.pool("lab", ["192.0.2.0/29"], { annotations: { [MAX]: "1" } });
    await (await cluster.service("a")).gets(["192.0.2.0"]);
    const byIp = await cluster.service("by-ip", { annotations: { [IPS]: "192.0.2.5" } });
    await byIp.isRefused("QuotaReached");
    const byPool = await cluster.service("by-pool", {
      annotations: { "metallb.io/address-pool": "lab" },
    });
    await byPool.isRefused("QuotaReached");
  });

  test("lets the one Service of a namespace move within it", async () => {
    await cluster.pool("lab", ["192.0.2.0/29"], { annotations: { [MAX]: "1" } });
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"]);
    await web.annotate({ [IPS]: "192.0.2.5" });
    await web.gets(["192.0.2.5"]);
  });
});

describe("herald-lb.io/hold-released", () => {
  const long = { annotations: { [HOLD]: "10m" } };

  test("gives an address that was released to others last", async () => {
    await cluster.pool("lab", ["192.0.2.0/31"], long);
    const gone = await cluster.service("gone");
    await gone.gets(["192.0.2.0"]);
    await gone.delete();
    await (await cluster.service("first")).gets(["192.0.2.1"]);
    await (await cluster.service("second")).gets(["192.0.2.0"]);
  });

  test("that is not set gives it to the next who comes", async () => {
    await cluster.pool("lab", ["192.0.2.0/31"]);
    const gone = await cluster.service("gone");
    await gone.gets(["192.0.2.0"]);
    await gone.delete();
    await (await cluster.service("first")).gets(["192.0.2.0"]);
  });

  test("gives it at once to who asks for it", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"], long);
    const gone = await cluster.service("gone");
    await gone.gets(["192.0.2.0"]);
    await gone.delete();
    const asks = await cluster.service("asks", { annotations: { [IPS]: "192.0.2.0" } });
    await asks.gets(["192.0.2.0"]);
  });

  test("gives it at once to the Service that had it", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"], long);
    const gone = await cluster.service("again");
    await gone.gets(["192.0.2.0"]);
    await gone.delete();
    await (await cluster.service("other")).gets(["192.0.2.1"]);
    await (await cluster.service("again")).gets(["192.0.2.0"]);
  });

  test("gives it to a Service that waits when there is no other", async () => {
    await cluster.pool("lab", ["192.0.2.0/32"], long);
    const holder = await cluster.service("holder");
    await holder.gets(["192.0.2.0"]);
    const waits = await cluster.service("waits");
    await waits.isRefused("PoolExhausted");
    await holder.delete();
    await waits.gets(["192.0.2.0"]);
  });

  test("goes before pools that come later", async () => {
    await cluster.pool("a", ["192.0.2.0/32"], long);
    await cluster.pool("b", ["198.51.100.0/30"]);
    const holder = await cluster.service("holder");
    await holder.gets(["192.0.2.0"], "a");
    await holder.delete();
    await (await cluster.service("next")).gets(["192.0.2.0"], "a");
  });

  test("holds over a restart", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"], long);
    const gone = await cluster.service("gone");
    await gone.gets(["192.0.2.0"]);
    await gone.delete();
    await cluster.settle();
    await cluster.restart();
    await (await cluster.service("first")).gets(["192.0.2.1"]);
  });

  test("ends when its time is over", async () => {
    await cluster.pool("lab", ["192.0.2.0/26"], { annotations: { [HOLD]: "300ms" } });
    const gone = await cluster.service("gone");
    await gone.gets(["192.0.2.0"]);
    await gone.delete();
    let count = 0;
    await eventually(async () => {
      count += 1;
      const service = await cluster.service(`next-${count}`);
      return (await service.has())[0] === "192.0.2.0";
    });
    expect(count).toBeGreaterThan(1);
  });

  test("holds both families back", async () => {
    await cluster.pool("lab", ["192.0.2.0/30", "2001:db8::/126"], long);
    const gone = await cluster.service("gone", { spec: REQUIRE });
    await gone.gets(["192.0.2.0", "2001:db8::"]);
    await gone.delete();
    const next = await cluster.service("next", { spec: REQUIRE });
    await next.gets(["192.0.2.1", "2001:db8::1"]);
  });
});
