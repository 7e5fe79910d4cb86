/** Coming back: a Service that had an address and has none gets the same again, and a node's own address is given last. */

import { mkdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { eventually } from "#test/lab/eventually.ts";
import { Process } from "#test/lab/process.ts";
import { cluster } from "./cluster.ts";
import type { ServiceHandle } from "./service-handle.ts";

const IPS = "metallb.io/loadBalancerIPs";
const CHECKOUT = path.resolve(import.meta.dirname, "../..");

/** A Service that has the second address while the first is free: without memory it would come back to the first. */
async function serviceAtSecond(name: string, spec = {}): Promise<ServiceHandle> {
  await cluster.pool("lab", ["192.0.2.0/29", "2001:db8::/125"]);
  const first = await cluster.service("first", { spec });
  await first.has();
  const service = await cluster.service(name, { spec });
  await service.gets(spec === DUAL ? ["192.0.2.1", "2001:db8::1"] : ["192.0.2.1"], "lab");
  await first.delete();
  return service;
}

const DUAL = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };

describe("the same address again", () => {
  test("has a Service that was deleted and made again under its name", async () => {
    await (await serviceAtSecond("web")).delete();
    await (await cluster.service("web")).gets(["192.0.2.1"], "lab");
  });

  test("has a Service of two families, both", async () => {
    await (await serviceAtSecond("web", DUAL)).delete();
    await (await cluster.service("web", { spec: DUAL })).gets(["192.0.2.1", "2001:db8::1"], "lab");
  });

  test("has it over a restart of the controller", async () => {
    await (await serviceAtSecond("web")).delete();
    await cluster.settle();
    await cluster.restart();
    expect(await cluster.memory("released")).toMatch(/^192\.0\.2\.1 default\/web \d{4}-.*Z$/m);
    await (await cluster.service("web")).gets(["192.0.2.1"], "lab");
  });

  test("has it when it was deleted and made again while no controller ran, as its status no longer says", async () => {
    const web = await serviceAtSecond("web");
    await web.delete();
    await cluster.settle();
    await cluster.resign();
    const again = await cluster.service("web");
    await cluster.lead();
    await again.gets(["192.0.2.1"], "lab");
  });

  test("has a Service whose type was changed away and back", async () => {
    const web = await serviceAtSecond("web");
    await web.change({ spec: { type: "ClusterIP" } });
    await eventually(async () => (await web.state()).pool === undefined);
    await web.change({ spec: { type: "LoadBalancer" } });
    await web.gets(["192.0.2.1"], "lab");
  });

  test("has a Service whose pool was removed and restored", async () => {
    const web = await serviceAtSecond("web");
    await cluster.deletePool("lab");
    await web.isRefused("NoPool");
    await cluster.pool("lab", ["192.0.2.0/29"]);
    await web.gets(["192.0.2.1"], "lab");
  });

  test("has not a Service whose address another took meanwhile", async () => {
    await (await serviceAtSecond("web")).delete();
    const taker = await cluster.service("taker", { annotations: { [IPS]: "192.0.2.1" } });
    await taker.gets(["192.0.2.1"]);
    await (await cluster.service("web")).gets(["192.0.2.0"]);
  });

  test("has not a Service that asks for another", async () => {
    await (await serviceAtSecond("web")).delete();
    const web = await cluster.service("web", { annotations: { [IPS]: "192.0.2.5" } });
    await web.gets(["192.0.2.5"]);
  });

  test("has not a Service of the same name in another namespace", async () => {
    await (await serviceAtSecond("web")).delete();
    await (await cluster.service("web", { namespace: "shop" })).gets(["192.0.2.0"]);
  });

  test("has not a Service that the pool serves no more, or not unasked", async () => {
    await cluster.pool("rest", ["198.51.100.0/29"]);
    await (await serviceAtSecond("web")).delete();
    await cluster.pool("lab", ["192.0.2.0/29"], { spec: { autoAssign: false } });
    await (await cluster.service("web")).gets(["198.51.100.0"], "rest");
  });

  test("has one that shares it still, and another when the port is taken", async () => {
    const annotations = { "metallb.io/allow-shared-ip": "k" };
    await cluster.pool("lab", ["192.0.2.0/29"]);
    const stays = await cluster.service("stays", { annotations });
    await stays.gets(["192.0.2.0"]);
    const leaves = await cluster.service("leaves", { annotations, ports: [443] });
    await leaves.gets(["192.0.2.0"]);
    await leaves.delete();
    const again = await cluster.service("leaves", { annotations, ports: [80] });
    await again.gets(["192.0.2.1"]);
  });

  test("is forgotten, and nothing else, when the ConfigMap holds rubbish", async () => {
    await (await serviceAtSecond("web")).delete();
    await cluster.settle();
    await cluster.resign();
    await cluster.writeMemory("released", "rubbish\n\u0000 192.0.2.1 x\n192.0.2.1");
    await cluster.lead();
    await (await cluster.service("web")).gets(["192.0.2.0"], "lab");
  });
});

describe("a controller of a process of its own that is killed", () => {
  test("changes no address, loses no Service, and gives none twice", async () => {
    await cluster.resign();
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const directory = path.join(cluster.lab.directory, "killed");
    mkdirSync(directory);
    const controller = new Process({
      name: "controller",
      namespace: `${cluster.lab.prefix}-cp`,
      command: process.execPath,
      args: ["controller/main.ts"],
      cwd: CHECKOUT,
      env: {
        HERALD_KUBECONFIG: path.join(cluster.lab.directory, "host.kubeconfig"),
        HERALD_POD_NAME: "killed",
      },
      logPath: path.join(directory, "controller.log"),
    });
    await controller.start();
    const before: ServiceHandle[] = [];
    for (const name of ["a", "b", "c"]) {
      before.push(await cluster.service(name));
      await before.at(-1)?.has();
    }
    await before[1]?.delete();
    await eventually(async () =>
      (await cluster.memory("released")).includes("192.0.2.1 default/b"),
    );
    // It dies in the midst of these.
    const burst = await Promise.all(
      Array.from({ length: 8 }, (_, index) => cluster.service(`burst-${index}`)),
    );
    await controller.kill();
    await cluster.lead();
    const again = await cluster.service("d", { annotations: { [IPS]: "192.0.2.15" } });
    await again.gets(["192.0.2.15"]);
    const all = await Promise.all(burst.map((service) => service.has()));
    await before[0]?.gets(["192.0.2.0"], "lab");
    await before[2]?.gets(["192.0.2.2"], "lab");
    const ips = all.flat();
    expect(new Set(ips).size).toBe(8);
    expect(ips).not.toContain("192.0.2.0");
    expect(ips).not.toContain("192.0.2.2");
  });
});

describe("the address of a node", () => {
  test("is given last, and the pool is told of it", async () => {
    await cluster.node("n1", "192.0.2.0", "2001:db8::");
    const lab = await cluster.pool("lab", ["192.0.2.0/31", "2001:db8::/127"]);
    await (await cluster.service("first", { spec: DUAL })).gets(["192.0.2.1", "2001:db8::1"]);
    const told = await lab.told("192.0.2.0");
    expect(told).toMatchObject({ type: "Warning" });
    expect(told.message).toContain("n1");
    await (await cluster.service("second", { spec: DUAL })).gets(["192.0.2.0", "2001:db8::"]);
  });

  test("of any type is one, and a name is none", async () => {
    await cluster.node("n1", "192.0.2.1", "n1.example.org");
    await cluster.node("n2", { type: "ExternalIP", address: "192.0.2.0" });
    await cluster.pool("lab", ["192.0.2.0/30"]);
    await (await cluster.service("web")).gets(["192.0.2.2"]);
  });

  test("is given at once to who asks for it", async () => {
    await cluster.node("n1", "192.0.2.0");
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const asks = await cluster.service("asks", { annotations: { [IPS]: "192.0.2.0" } });
    await asks.gets(["192.0.2.0"]);
  });

  test("is given after those that are held back", async () => {
    await cluster.node("n1", "192.0.2.0");
    await cluster.pool("lab", ["192.0.2.0/31"], {
      annotations: { "herald-lb.io/hold-released": "10m" },
    });
    const gone = await cluster.service("gone");
    await gone.gets(["192.0.2.1"]);
    await gone.delete();
    await (await cluster.service("next")).gets(["192.0.2.1"]);
    await (await cluster.service("last")).gets(["192.0.2.0"]);
  });

  test("of a pool goes before a pool that comes later", async () => {
    await cluster.node("n1", "192.0.2.0");
    await cluster.pool("a", ["192.0.2.0/32"]);
    await cluster.pool("b", ["198.51.100.0/30"]);
    await (await cluster.service("web")).gets(["192.0.2.0"], "a");
  });

  test("that appears under a Service takes nothing from it, and the pool is told", async () => {
    const lab = await cluster.pool("lab", ["192.0.2.0/30"]);
    const web = await cluster.service("web");
    await web.gets(["192.0.2.0"], "lab");
    await cluster.node("late", "192.0.2.0");
    await lab.told("late");
    await cluster.settle();
    await web.gets(["192.0.2.0"], "lab");
    expect(await web.events("ClearAssignment")).toEqual([]);
  });
});
