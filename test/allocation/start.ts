/** The start: what a controller makes of a cluster in which there was one before, or none. */

import { describe, expect, test } from "vitest";
import { cluster } from "./cluster.ts";

const IPS = "metallb.io/loadBalancerIPs";

describe("at the start", () => {
  test("who has an address claims it before who has none, however they are listed", async () => {
    await cluster.resign();
    await cluster.pool("lab", ["192.0.2.0/32"]);
    const waits = await cluster.service("a-older", { namespace: "bank" });
    const has = await cluster.service("z-younger", { namespace: "shop" });
    await has.writeIngress("192.0.2.0");
    await cluster.lead();
    await has.gets(["192.0.2.0"], "lab");
    await waits.isRefused("PoolExhausted");
    expect(await has.events("ClearAssignment")).toEqual([]);
  });

  test("who asks for an address that another has does not get it", async () => {
    await cluster.resign();
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const asks = await cluster.service("a-asks", { annotations: { [IPS]: "192.0.2.1" } });
    const has = await cluster.service("z-has");
    await has.writeIngress("192.0.2.1");
    await cluster.lead();
    await has.gets(["192.0.2.1"], "lab");
    await asks.isRefused("HeldByAnother");
  });

  test("those that share an address go on sharing it", async () => {
    const annotations = { "metallb.io/allow-shared-ip": "k" };
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const a = await cluster.service("a", { annotations });
    await a.gets(["192.0.2.0"]);
    const b = await cluster.service("b", { annotations, ports: [443] });
    await b.gets(["192.0.2.0"]);
    await cluster.restart();
    await cluster.settle();
    await a.gets(["192.0.2.0"], "lab");
    await b.gets(["192.0.2.0"], "lab");
  });

  test("nothing changes when nothing has changed, and nothing is told again", async () => {
    await cluster.pool("lab", ["192.0.2.0/28", "2001:db8::/124"]);
    const services = await cluster.services(4);
    await services[1]?.delete();
    const spec = { ipFamilyPolicy: "PreferDualStack", ipFamilies: ["IPv4", "IPv6"] };
    const dual = await cluster.service("dual", { spec });
    await dual.has();
    const kept = [dual, ...services.filter((_, index) => index !== 1)];
    const read = () => Promise.all(kept.map((service) => service.read()));
    const before = await read();
    await cluster.restart();
    await cluster.settle();
    expect(await read()).toEqual(before);
    for (const service of kept) {
      expect(await service.events("IPAllocated")).toMatchObject([{ count: 1 }]);
    }
  });

  test("without any pool all wait, and are served when one appears", async () => {
    const web = await cluster.service("web");
    await web.isRefused("NoPool");
    await cluster.pool("lab", ["192.0.2.0/30"]);
    await web.gets(["192.0.2.0"], "lab");
  });

  test("what was made, changed and deleted meanwhile is made up for", async () => {
    await cluster.pool("lab", ["192.0.2.0/31"]);
    const [gone, changed] = await cluster.services(2);
    await cluster.resign();
    await gone?.delete();
    await changed?.annotate({ [IPS]: "192.0.2.9" });
    await cluster.pool("lab", ["192.0.2.0/31", "192.0.2.8/31"]);
    const made = await cluster.service("made");
    await cluster.lead();
    await changed?.gets(["192.0.2.9"], "lab");
    await made.gets(["192.0.2.0"], "lab");
  });

  test("addresses that a pool lost meanwhile are given up, and its other Services stay", async () => {
    await cluster.pool("lab", ["192.0.2.0/31"]);
    const [a, b] = await cluster.services(2);
    await cluster.resign();
    await cluster.pool("lab", ["192.0.2.1/32", "192.0.2.9/32"]);
    await cluster.lead();
    await a?.gets(["192.0.2.9"], "lab");
    await b?.gets(["192.0.2.1"], "lab");
    expect(await a?.told("ClearAssignment")).toMatchObject({ type: "Normal" });
  });
});
