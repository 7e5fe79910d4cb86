/** Doubles: two Services whose status shows the same address, as two controllers leave them. */

import { describe, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import { cluster } from "./cluster.ts";
import type { ServiceHandle } from "./service-handle.ts";

const IPS = "metallb.io/loadBalancerIPs";

/** Of two that are of the same second the name decides, so the names say who is the elder. */
async function pair(): Promise<readonly [ServiceHandle, ServiceHandle]> {
  const elder = await cluster.service("a-elder");
  const younger = await cluster.service("b-younger");
  return [elder, younger];
}

describe("two Services that show one address", () => {
  test("that somebody wrote for the younger while the controller runs: the elder keeps it", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const [elder, younger] = await pair();
    await elder.gets(["192.0.2.0"]);
    await younger.gets(["192.0.2.1"]);
    await younger.writeIngress("192.0.2.0");
    await eventually(async () => !(await younger.state()).ips.includes("192.0.2.0"));
    const [ip] = await younger.has();
    expect(ip).toMatch(/^192\.0\.2\.[123]$/);
    await cluster.settle();
    await elder.gets(["192.0.2.0"], "lab");
    expect(await elder.events("ClearAssignment")).toEqual([]);
  });

  test("that somebody wrote for the elder while the controller runs: the younger is given another", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const [elder, younger] = await pair();
    await elder.gets(["192.0.2.0"]);
    await younger.gets(["192.0.2.1"]);
    await elder.writeIngress("192.0.2.1");
    await eventually(async () => !(await younger.state()).ips.includes("192.0.2.1"));
    const [ip] = await younger.has();
    expect(ip).toMatch(/^192\.0\.2\.[023]$/);
    await elder.gets(["192.0.2.1"], "lab");
    expect(await younger.told("ClearAssignment")).toMatchObject({ type: "Normal" });
  });

  test("that the controller finds at its start: the elder keeps it, however they are listed", async () => {
    await cluster.resign();
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const [elder, younger] = await pair();
    await younger.writeIngress("192.0.2.3");
    await elder.writeIngress("192.0.2.3");
    await cluster.lead();
    await elder.gets(["192.0.2.3"], "lab");
    await younger.gets(["192.0.2.0"], "lab");
  });

  test("because two controllers led at once: the one that stays puts it right", async () => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const names = Array.from({ length: 12 }, (_, index) => `s${index}`);
    const services = await cluster.withSecondController(() =>
      Promise.all(names.map((name) => cluster.service(name))),
    );
    await cluster.settle();
    await eventually(async () => {
      const ips = (await Promise.all(services.map((service) => service.has()))).flat();
      return new Set(ips).size === names.length;
    });
  });

  test("and may share it: both keep it", async () => {
    await cluster.resign();
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const annotations = { "metallb.io/allow-shared-ip": "k" };
    const a = await cluster.service("a", { annotations });
    const b = await cluster.service("b", { annotations, ports: [443] });
    await a.writeIngress("192.0.2.3");
    await b.writeIngress("192.0.2.3");
    await cluster.lead();
    await a.gets(["192.0.2.3"], "lab");
    await b.gets(["192.0.2.3"], "lab");
  });

  test("of which three share and one does not: each ends with one that it may have", async () => {
    await cluster.resign();
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const annotations = { "metallb.io/allow-shared-ip": "k" };
    const loner = await cluster.service("a-loner");
    const sharers = [
      await cluster.service("b", { annotations, ports: [81] }),
      await cluster.service("c", { annotations, ports: [82] }),
    ];
    for (const service of [loner, ...sharers]) {
      await service.writeIngress("192.0.2.3");
    }
    await cluster.lead();
    await loner.gets(["192.0.2.3"], "lab");
    for (const service of sharers) {
      await service.gets(["192.0.2.0"], "lab");
    }
  });
});

describe("an address that a Service gives up", () => {
  // That no two show it at once, not even for a moment, is looked for in every test: see shown-addresses.ts.
  test("goes to the one who waits when the status of the other says so", async () => {
    await cluster.pool("lab", ["192.0.2.0/32", "198.51.100.0/32"]);
    const holder = await cluster.service("holder");
    await holder.gets(["192.0.2.0"]);
    const waits = await cluster.service("waits", { annotations: { [IPS]: "192.0.2.0" } });
    await waits.isRefused("HeldByAnother");
    await holder.annotate({ [IPS]: "198.51.100.0" });
    await waits.gets(["192.0.2.0"]);
    await holder.gets(["198.51.100.0"]);
  });

  test("is exchanged by two in the same moment", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const a = await cluster.service("a");
    await a.gets(["192.0.2.0"]);
    const b = await cluster.service("b");
    await b.gets(["192.0.2.1"]);
    await Promise.all([a.annotate({ [IPS]: "192.0.2.1" }), b.annotate({ [IPS]: "192.0.2.0" })]);
    await a.gets(["192.0.2.1"], "lab");
    await b.gets(["192.0.2.0"], "lab");
  });
});
