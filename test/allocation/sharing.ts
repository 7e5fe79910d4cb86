/** Sharing: who may have an address beside others, and what becomes of those who wait for one. */

import { describe, expect, test } from "vitest";
import { cluster } from "./cluster.ts";
import type { ServiceOptions } from "./service-handle.ts";

const IP = "192.0.2.7";
const CURRENT = "metallb.io/allow-shared-ip";
const LEGACY = "metallb.universe.tf/allow-shared-ip";
const AT = { "metallb.io/loadBalancerIPs": IP };

type Side = Pick<ServiceOptions, "ports" | "spec" | "namespace"> & {
  readonly keys?: Readonly<Record<string, string>>;
};

const LOCAL = { externalTrafficPolicy: "Local" };
const side = (key: string, ports: readonly (number | string)[], spec = {}): Side => ({
  keys: { [CURRENT]: key },
  ports,
  spec,
});
const ask = ({ keys, ...options }: Side): ServiceOptions => ({
  ...options,
  annotations: { ...AT, ...keys },
});

describe("sharing", () => {
  test.each<[string, Side, Side]>([
    ["of one key, on different ports", side("k", [80]), side("k", [443])],
    ["on one port by TCP and by UDP", side("k", ["TCP 53"]), side("k", ["UDP 53"])],
    ["on one port by UDP and by SCTP", side("k", ["UDP 53"]), side("k", ["SCTP 53"])],
    [
      "of policy Cluster, whatever they select",
      side("k", [80], { selector: { app: "a" } }),
      side("k", [443], { selector: { app: "b" } }),
    ],
    [
      "of policy Local that select the same",
      side("k", [80], { ...LOCAL, selector: { app: "a", tier: "b" } }),
      side("k", [443], { ...LOCAL, selector: { tier: "b", app: "a" } }),
    ],
    [
      "of policies Cluster and Local, when the Local one selects nothing",
      side("k", [80]),
      side("k", [443], { ...LOCAL, selector: {} }),
    ],
    ["of different namespaces", side("k", [80]), { ...side("k", [443]), namespace: "shop" }],
    [
      "by the current key and by the older one",
      side("k", [80]),
      { keys: { [LEGACY]: "k" }, ports: [443] },
    ],
    ["by a key with blanks, as it is written", side(" a b ", [80]), side(" a b ", [443])],
  ])("two Services share: %s", async (_, first, second) => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const a = await cluster.service("a", ask(first));
    await a.gets([IP], "lab");
    const b = await cluster.service("b", ask(second));
    await b.gets([IP], "lab");
    await a.gets([IP], "lab");
  });

  test.each<[string, Side, Side, string]>([
    ["of one key, on one port", side("k", [80, 443]), side("k", [443, 8443]), "PortTaken"],
    ["of different keys", side("k", [80]), side("l", [443]), "HeldByAnother"],
    ["of which the first has no key", { ports: [80] }, side("k", [443]), "HeldByAnother"],
    ["of which the second has no key", side("k", [80]), { ports: [443] }, "HeldByAnother"],
    ["both of the empty key", side("", [80]), side("", [443]), "HeldByAnother"],
    [
      "of which one has an empty current key beside the older one",
      side("k", [80]),
      { keys: { [CURRENT]: "", [LEGACY]: "k" }, ports: [443] },
      "HeldByAnother",
    ],
    ["of keys that differ by a blank", side("k", [80]), side("k ", [443]), "HeldByAnother"],
    [
      "of policy Local that select differently",
      side("k", [80], { ...LOCAL, selector: { app: "a" } }),
      side("k", [443], { ...LOCAL, selector: { app: "b" } }),
      "HeldByAnother",
    ],
    ["of policies Cluster and Local", side("k", [80]), side("k", [443], LOCAL), "HeldByAnother"],
    ["of policies Local and Cluster", side("k", [80], LOCAL), side("k", [443]), "HeldByAnother"],
  ])("two Services do not share: %s", async (_, first, second, reason) => {
    await cluster.pool("lab", ["192.0.2.0/28"]);
    const a = await cluster.service("a", ask(first));
    await a.gets([IP], "lab");
    const b = await cluster.service("b", ask(second));
    expect(await b.isRefused(reason)).toContain("default/a");
    await a.gets([IP], "lab");
  });

  test("a lower address that is shared goes before a higher one that is free", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const a = await cluster.service("a", { annotations: { [CURRENT]: "k" } });
    await a.gets(["192.0.2.0"]);
    const b = await cluster.service("b", { annotations: { [CURRENT]: "k" }, ports: [443] });
    await b.gets(["192.0.2.0"]);
  });

  test("a lower address that is free goes before a higher one that is shared", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const a = await cluster.service("a", {
      annotations: { [CURRENT]: "k", "metallb.io/loadBalancerIPs": "192.0.2.2" },
    });
    await a.gets(["192.0.2.2"]);
    const b = await cluster.service("b", { annotations: { [CURRENT]: "k" }, ports: [443] });
    await b.gets(["192.0.2.0"]);
  });

  test("many share, and who finds its port taken on the first address has the next", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const annotations = { [CURRENT]: "k" };
    for (const port of [80, 81, 82, 83]) {
      const service = await cluster.service(`s${port}`, { annotations, ports: [port] });
      await service.gets(["192.0.2.0"]);
    }
    const other = await cluster.service("other", { annotations, ports: [82, 90] });
    await other.gets(["192.0.2.1"]);
  });

  describe("who waits for a shared address has it when", () => {
    const HOLDER = ask(side("k", [80]));

    test("its holder is deleted", async () => {
      await cluster.pool("lab", ["192.0.2.0/28"]);
      const a = await cluster.service("a", HOLDER);
      await a.gets([IP]);
      const b = await cluster.service("b", HOLDER);
      await b.isRefused("PortTaken");
      await a.delete();
      await b.gets([IP]);
    });

    test("its holder changes the port, and keeps the address itself", async () => {
      await cluster.pool("lab", ["192.0.2.0/28"]);
      const a = await cluster.service("a", HOLDER);
      await a.gets([IP]);
      const b = await cluster.service("b", HOLDER);
      await b.isRefused("PortTaken");
      await a.change({ ports: [8080] });
      await b.gets([IP]);
      await a.gets([IP]);
    });

    test("its holder takes the key of the one who waits", async () => {
      await cluster.pool("lab", ["192.0.2.0/28"]);
      const a = await cluster.service("a", HOLDER);
      await a.gets([IP]);
      const b = await cluster.service("b", ask(side("l", [443])));
      await b.isRefused("HeldByAnother");
      await a.annotate({ [CURRENT]: "l" });
      await b.gets([IP]);
      await a.gets([IP]);
    });

    test("its holder becomes Local with the same selector", async () => {
      await cluster.pool("lab", ["192.0.2.0/28"]);
      const selector = { app: "both" };
      const a = await cluster.service("a", ask(side("k", [80], { selector })));
      await a.gets([IP]);
      const b = await cluster.service("b", ask(side("k", [443], { ...LOCAL, selector })));
      await b.isRefused("HeldByAnother");
      await a.change({ spec: LOCAL });
      await b.gets([IP]);
      await a.gets([IP]);
    });

    test("its holder asks for another address", async () => {
      await cluster.pool("lab", ["192.0.2.0/28"]);
      const a = await cluster.service("a", HOLDER);
      await a.gets([IP]);
      const b = await cluster.service("b", { annotations: AT });
      await b.isRefused("HeldByAnother");
      await a.annotate({ "metallb.io/loadBalancerIPs": "192.0.2.9" });
      await a.gets(["192.0.2.9"]);
      await b.gets([IP]);
    });
  });

  describe("of two that share, the one that changes leaves: it", () => {
    test.each([
      ["changes its key", { annotations: { [CURRENT]: "l" } }],
      ["drops its key", { annotations: { [CURRENT]: null } }],
      ["empties its key", { annotations: { [CURRENT]: "" } }],
      ["becomes Local", { spec: LOCAL }],
      ["takes a port of the other", { ports: [80] }],
    ] as const)("%s", async (_, change) => {
      await cluster.pool("lab", ["192.0.2.0/30"]);
      const a = await cluster.service("a", { annotations: { [CURRENT]: "k" } });
      await a.gets(["192.0.2.0"]);
      const b = await cluster.service("b", { annotations: { [CURRENT]: "k" }, ports: [443] });
      await b.gets(["192.0.2.0"]);
      await b.change(change);
      await b.gets(["192.0.2.1"], "lab");
      expect(await b.told("ClearAssignment")).toMatchObject({ type: "Normal" });
      await a.gets(["192.0.2.0"], "lab");
      expect(await a.events("ClearAssignment")).toEqual([]);
    });

    test("changes its key though it was there first", async () => {
      await cluster.pool("lab", ["192.0.2.0/30"]);
      const a = await cluster.service("a", { annotations: { [CURRENT]: "k" } });
      await a.gets(["192.0.2.0"]);
      const b = await cluster.service("b", { annotations: { [CURRENT]: "k" }, ports: [443] });
      await b.gets(["192.0.2.0"]);
      await a.annotate({ [CURRENT]: "l" });
      await a.gets(["192.0.2.1"]);
      await cluster.settle();
      await b.gets(["192.0.2.0"]);
    });
  });

  test.each([
    ["key", { annotations: { [CURRENT]: "l" } }],
    ["ports", { ports: [8080, "UDP 53"] }],
    ["policy", { spec: LOCAL }],
    ["selector under policy Local", { spec: { ...LOCAL, selector: { app: "other" } } }],
  ] as const)("alone on its address a Service changes its %s and keeps it", async (_, change) => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const a = await cluster.service("a", { annotations: { [CURRENT]: "k" } });
    await a.gets(["192.0.2.0"]);
    await a.change(change);
    await cluster.settle();
    await a.gets(["192.0.2.0"]);
    expect(await a.events("ClearAssignment")).toEqual([]);
  });

  test("both families are shared, or neither", async () => {
    const spec = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };
    await cluster.pool("lab", ["192.0.2.0/31", "2001:db8::/127"]);
    const annotations = { [CURRENT]: "k" };
    const a = await cluster.service("a", { annotations, spec });
    await a.gets(["192.0.2.0", "2001:db8::"]);
    const b = await cluster.service("b", { annotations, spec, ports: [443] });
    await b.gets(["192.0.2.0", "2001:db8::"]);
    const c = await cluster.service("c", { annotations, spec });
    await c.gets(["192.0.2.1", "2001:db8::1"]);
  });

  test("one Service with one port of TCP and of UDP has one address", async () => {
    await cluster.pool("lab", ["192.0.2.0/30"]);
    const dns = await cluster.service("dns", { ports: ["TCP 53", "UDP 53"] });
    await dns.gets(["192.0.2.0"], "lab");
  });
});
