/** Classes and types: which Services Herald serves, and what becomes of those that it serves no more. */

import { describe, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import { cluster } from "./cluster.ts";
import type { ServiceHandle } from "./service-handle.ts";

const CLASS = "example.org/edge";
const POOL_OF = "metallb.io/ip-allocated-from-pool";

/** Waits until nothing of Herald's is left on the Service. */
async function isLeftAlone(service: ServiceHandle): Promise<void> {
  await eventually(async () => {
    const { metadata, status } = await service.read();
    expect(metadata?.annotations?.[POOL_OF]).toBeUndefined();
    expect(status?.loadBalancer).toEqual({});
    expect(status?.conditions ?? []).toEqual([]);
    return true;
  });
}

describe("without --lb-class", () => {
  test("a Service of any class is left alone, its status too", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const other = await cluster.service("other", { spec: { loadBalancerClass: CLASS } });
    await other.writeIngress("192.0.2.0");
    await cluster.settle();
    expect(await other.state()).toMatchObject({ ips: ["192.0.2.0"], pool: undefined });
    expect((await other.state()).allocated).toBeUndefined();
  });

  test("a Service of another class stays as it is without any pool", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"]);
    const other = await cluster.service("other", { spec: { loadBalancerClass: CLASS } });
    await other.writeIngress("192.0.2.9");
    await cluster.deletePool("lab");
    await web.isRefused("NoPool");
    expect((await other.state()).ips).toEqual(["192.0.2.9"]);
  });

  test.each(["ClusterIP", "NodePort", "ExternalName"])(
    "type %s frees the address for who waits, and takes Herald's words off",
    async (type) => {
      await cluster.pool("lab", ["192.0.2.0/32"]);
      const web = await cluster.service("web");
      await web.gets(["192.0.2.0"], "lab");
      const next = await cluster.service("next");
      await next.isRefused("PoolExhausted");
      const external = { externalName: "example.org", clusterIP: null, clusterIPs: null };
      await web.change({ spec: { type, ...(type === "ExternalName" && external) } });
      await isLeftAlone(web);
      await next.gets(["192.0.2.0"], "lab");
    },
  );

  test("type changed away and back has an address again", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await web.change({ spec: { type: "ClusterIP" } });
    await isLeftAlone(web);
    await web.change({ spec: { type: "LoadBalancer" } });
    await web.gets(["192.0.2.0"], "lab");
  });

  test("type changed while no controller ran is seen at its start", async () => {
    await cluster.pool("lab", ["192.0.2.0/32"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await cluster.resign();
    await web.change({ spec: { type: "ClusterIP" } });
    const next = await cluster.service("next");
    await cluster.lead();
    await isLeftAlone(web);
    await next.gets(["192.0.2.0"], "lab");
  });
});

describe("with --lb-class", () => {
  test("only Services of that class are served", async () => {
    await cluster.restart("--lb-class", CLASS);
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const none = await cluster.service("none");
    const other = await cluster.service("other", { spec: { loadBalancerClass: "example.org/x" } });
    const ours = await cluster.service("ours", { spec: { loadBalancerClass: CLASS } });
    await ours.gets(["192.0.2.0"], "lab");
    const second = await cluster.service("second", { spec: { loadBalancerClass: CLASS } });
    await second.gets(["192.0.2.1"], "lab");
    for (const service of [none, other]) {
      expect(await service.state()).toMatchObject({ ips: [], pool: undefined });
    }
  });

  test("a Service that loses its class with its type frees the address, and Herald's words go", async () => {
    await cluster.restart("--lb-class", CLASS);
    await cluster.pool("lab", ["192.0.2.0/32"]);
    const spec = { loadBalancerClass: CLASS };
    const web = await cluster.service("web", { spec });
    await web.gets(["192.0.2.0"], "lab");
    const next = await cluster.service("next", { spec });
    await next.isRefused("PoolExhausted");
    await web.change({ spec: { type: "ClusterIP" } });
    await isLeftAlone(web);
    await next.gets(["192.0.2.0"], "lab");
    expect((await web.read()).spec?.loadBalancerClass).toBeUndefined();
  });

  test("a Service that comes back without the class is left alone", async () => {
    await cluster.restart("--lb-class", CLASS);
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const spec = { loadBalancerClass: CLASS };
    const web = await cluster.service("web", { spec });
    await web.gets(["192.0.2.0"], "lab");
    await web.change({ spec: { type: "ClusterIP" } });
    await isLeftAlone(web);
    await web.change({ spec: { type: "LoadBalancer" } });
    const next = await cluster.service("next", { spec });
    await next.gets(["192.0.2.0"], "lab");
    await isLeftAlone(web);
  });
});
