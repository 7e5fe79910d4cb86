/** Conflicts: what the controller does when a speaker tells that another host uses an address. */

import { describe, expect, test } from "vitest";
import { type AddressConflict, conflictCondition } from "#lib/api/address-conflict.ts";
import { eventually } from "#test/lab/eventually.ts";
import { cluster } from "./cluster.ts";
import { PATIENCE } from "./events.ts";
import type { ServiceHandle } from "./service-handle.ts";

const IPS = "metallb.io/loadBalancerIPs";
const TYPE = "herald-lb.io/AddressConflict";
const REQUIRE = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };
const HOST = { mac: "02:42:ac:11:00:07", node: "n2", link: "eth0", when: "first-use" } as const;

async function tell(
  service: ServiceHandle,
  ip: string,
  fields: Partial<AddressConflict> = {},
): Promise<void> {
  await cluster.speak(service, conflictCondition({ ...HOST, ip, ...fields }));
}

async function conditionOf(service: ServiceHandle) {
  const { status } = await service.read();
  return status?.conditions?.find(({ type }) => type === TYPE);
}

describe("an address that another host was found to use at its first use", () => {
  test("gives way to another by one PATCH, and the Service is told why", async () => {
    await cluster.pool("lab", ["192.0.2.0/29"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    const before = await cluster.statusWrites();
    await tell(web, "192.0.2.0");
    await web.gets(["192.0.2.1"], "lab");
    const { metadata } = await web.read();
    expect((await cluster.statusWrites()) - before).toBe(2);
    expect(await web.told("AddressConflict")).toEqual({
      type: "Warning",
      count: 1,
      message:
        "Another host (02:42:ac:11:00:07, heard by n2 on eth0) already uses 192.0.2.0: it is set aside for 10m, default/web gets 192.0.2.1",
    });
    expect(await conditionOf(web)).toMatchObject({ status: "False", reason: "NoConflict" });
    await cluster.settle();
    expect((await web.read()).metadata?.resourceVersion).toBe(metadata?.resourceVersion);
  });

  test("is given to nobody who does not ask for it, and to who does", async () => {
    await cluster.pool("lab", ["192.0.2.0/29"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"]);
    await tell(web, "192.0.2.0");
    await web.gets(["192.0.2.1"]);
    await (await cluster.service("next")).gets(["192.0.2.2"]);
    const asks = await cluster.service("asks", { annotations: { [IPS]: "192.0.2.0" } });
    await asks.gets(["192.0.2.0"]);
  });

  test("stays set aside over a restart", async () => {
    await cluster.pool("lab", ["192.0.2.0/29"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"]);
    await tell(web, "192.0.2.0");
    await web.gets(["192.0.2.1"]);
    await cluster.restart();
    expect(await cluster.memory("set-aside")).toMatch(/^192\.0\.2\.0 \d{4}-.*Z 10m\n$/);
    await (await cluster.service("next")).gets(["192.0.2.2"]);
    await web.gets(["192.0.2.1"]);
  });

  test("is left when no controller ran as it was found", async () => {
    await cluster.pool("lab", ["192.0.2.0/29"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"]);
    await cluster.resign();
    await tell(web, "192.0.2.0");
    const next = await cluster.service("next");
    await cluster.lead();
    await web.gets(["192.0.2.1"]);
    await next.gets(["192.0.2.2"]);
  });

  test("keeps a Service waiting when there is no other, until its time is over, and for twice as long when it is found again", async () => {
    await cluster.restart("--conflict-hold", "1s");
    await cluster.pool("lab", ["192.0.2.0/32"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"]);
    await tell(web, "192.0.2.0");
    expect(await web.isRefused("PoolExhausted")).toContain(
      "and one more is set aside, for another host uses it",
    );
    expect((await web.told("AddressConflict")).message).toContain(
      "it is set aside for 1s, and no other is left for default/web",
    );
    await web.gets(["192.0.2.0"]);
    await tell(web, "192.0.2.0");
    await eventually(async () => {
      const told = await web.events("AddressConflict");
      return told.some(({ message }) => message.includes("set aside for 2s"));
    }, PATIENCE);
    await web.gets(["192.0.2.0"]);
  });

  test("of two families leaves the Service the other one", async () => {
    await cluster.pool("lab", ["192.0.2.0/30", "2001:db8::/126"]);
    const low = await cluster.service("low", { spec: REQUIRE });
    await low.gets(["192.0.2.0", "2001:db8::"]);
    const web = await cluster.service("web", { spec: REQUIRE });
    await web.gets(["192.0.2.1", "2001:db8::1"]);
    await low.delete();
    await tell(web, "2001:db8::1");
    await web.gets(["192.0.2.1", "2001:db8::"], "lab");
  });

  test("is left by all that share it, together", async () => {
    const annotations = { "metallb.io/allow-shared-ip": "k" };
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const a = await cluster.service("a", { annotations });
    await a.gets(["192.0.2.0"]);
    const b = await cluster.service("b", { annotations, ports: [81] });
    await b.gets(["192.0.2.0"]);
    await tell(a, "192.0.2.0");
    await tell(b, "192.0.2.0");
    await a.gets(["192.0.2.1"]);
    await b.gets(["192.0.2.1"]);
  });
});

describe("a Service stays at its address", () => {
  test.each<[string, object, Partial<AddressConflict>]>([
    ["when it asks for it", { annotations: { [IPS]: "192.0.2.0" } }, {}],
    ["when it asks for it in its spec", { spec: { loadBalancerIP: "192.0.2.0" } }, {}],
    ["when the other host came later", {}, { when: "in-use" }],
  ])("%s", async (_, options, fields) => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const web = await cluster.service("web", options);
    await web.gets(["192.0.2.0"]);
    await tell(web, "192.0.2.0", fields);
    const { metadata } = await web.read();
    await cluster.settle();
    expect((await web.read()).metadata?.resourceVersion).toBe(metadata?.resourceVersion);
    await web.gets(["192.0.2.0"]);
    expect(await web.events("AddressConflict")).toEqual([]);
  });

  test("until it asks for it no more", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const web = await cluster.service("web", { annotations: { [IPS]: "192.0.2.0" } });
    await web.gets(["192.0.2.0"]);
    await tell(web, "192.0.2.0");
    await web.annotate({ [IPS]: null });
    await web.gets(["192.0.2.1"]);
  });

  test("whatever else somebody writes into the condition", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"]);
    const good = conflictCondition({ ...HOST, ip: "192.0.2.0" });
    for (const message of ["", "😀", `${good.message}!`, "x".repeat(32_768)]) {
      await cluster.speak(web, { ...good, message });
    }
    await cluster.settle();
    await web.gets(["192.0.2.0"]);
  });
});

test("rubbish in the memory of what is set aside is passed over", async () => {
  await cluster.pool("lab", ["192.0.2.0/29"]);
  const web = await cluster.service("web");
  await web.gets(["192.0.2.0"]);
  await tell(web, "192.0.2.0");
  await web.gets(["192.0.2.1"]);
  await cluster.resign();
  const kept = await cluster.memory("set-aside");
  await cluster.writeMemory("set-aside", `rubbish\n${kept}192.0.2.2 9999-01-01T00:00:00Z 99h\n`);
  await cluster.lead();
  await (await cluster.service("next")).gets(["192.0.2.2"]);
});
