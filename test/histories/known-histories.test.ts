import { test } from "vitest";
import { Assigner } from "#controller/assigner.ts";
import { port } from "#lib/api/testing/fixture.ts";
import type { PoolFields, ServiceFields, Step } from "./history.ts";
import { play } from "./play.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

const PLAIN: ServiceFields = {
  families: { clusterIps: ["10.96.0.1"], ipFamilies: ["IPv4"], ipFamilyPolicy: "SingleStack" },
  request: { annotations: {} },
  sharing: {},
  traffic: { externalTrafficPolicy: "Cluster", selector: { app: "x" } },
  labels: {},
  ports: [port(80)],
};
const TWO_FAMILIES: ServiceFields["families"] = {
  clusterIps: ["10.96.0.1", "fd00::1"],
  ipFamilies: ["IPv4", "IPv6"],
  ipFamilyPolicy: "PreferDualStack",
};
const BLUE = { "metallb.io/allow-shared-ip": "blue" };

function pool(name: string, fields: PoolFields): Step {
  return { kind: "pools", edit: { how: "put", name, fields } };
}

function put(key: string, fields: Partial<ServiceFields> = {}): Step {
  return { kind: "put", key, fields: { ...PLAIN, ...fields } };
}

function remove(key: string): Step {
  return { kind: "delete", key };
}

function host(key: string): Step {
  return { kind: "host", key, isInUse: false, forAll: true };
}

/** Each went wrong once, or would in a controller that is nearly right; random histories come upon some of them too rarely. */
const HISTORIES: Readonly<Record<string, readonly Step[]>> = {
  "a Service whose pair has come to be of two pools gets at once the one that its pool still has": [
    pool("lab", { addresses: ["192.0.2.0/31", "2001:db8::2/128"] }),
    put("a/web", {
      families: TWO_FAMILIES,
      request: { annotations: { "metallb.io/address-pool": "lab" } },
    }),
    pool("blue", { addresses: ["192.0.2.0/31"] }),
  ],
  "an address is nobody else's while the answer to the write that gave it is lost": [
    pool("lab", {
      addresses: ["192.0.2.5/32"],
      serviceAllocation: { namespaces: ["a"], serviceSelectors: [{ app: "y" }] },
    }),
    put("a/web"),
    put("b/web"),
    { kind: "watch", isSilent: true },
    { kind: "trap", trap: "it is done and its answer is lost" },
    pool("lab", { addresses: ["192.0.2.5/32"], serviceAllocation: { namespaces: ["a"] } }),
    pool("lab", { addresses: ["192.0.2.5/32"], serviceAllocation: { namespaces: ["b"] } }),
  ],
  "an address is nobody else's while its pool is gone and comes back, and a status shows it": [
    pool("lab", { addresses: ["192.0.2.5/32"] }),
    put("a/web"),
    put("b/web"),
    { kind: "pace", isSlow: true },
    { kind: "trap", trap: "it is not answered and not done" },
    { kind: "pools", edit: { how: "remove", name: "lab" } },
    pool("lab", { addresses: ["192.0.2.5/32"], serviceAllocation: { namespaces: ["b"] } }),
  ],
  "Services that shared an address come back to it together": [
    pool("lab", { addresses: ["192.0.2.0/31"] }),
    put("a/api"),
    put("a/web", { sharing: BLUE }),
    put("a/dns", { sharing: BLUE, ports: [port(53)] }),
    remove("a/api"),
    remove("a/web"),
    remove("a/dns"),
    put("a/web", { sharing: BLUE }),
    put("a/dns", { sharing: BLUE, ports: [port(53)] }),
  ],
  "a node's address that becomes known makes nobody forget what it had": [
    pool("lab", { addresses: ["192.0.2.0/31"] }),
    put("a/api"),
    put("a/web", { sharing: BLUE }),
    put("a/dns", { sharing: BLUE, ports: [port(53)] }),
    remove("a/dns"),
    { kind: "nodes", addresses: ["192.0.2.3"] },
    remove("a/api"),
    put("a/dns", { sharing: BLUE, ports: [port(53)] }),
  ],
  "an address that is found in use again stays aside for twice as long, and is given when that is over":
    [
      pool("lab", { addresses: ["192.0.2.5/32"] }),
      put("a/web"),
      host("a/web"),
      { kind: "wait", minutes: 10 },
      host("a/web"),
      { kind: "wait", minutes: 10 },
      { kind: "restart" },
      { kind: "wait", minutes: 10 },
      host("a/web"),
      { kind: "wait", minutes: 40 },
      { kind: "wait", minutes: 1439 },
      host("a/web"),
      { kind: "wait", minutes: 80 },
      { kind: "wait", minutes: 1440 },
      host("a/web"),
      { kind: "wait", minutes: 10 },
    ],
  "a Service that leaves an address for another host gets what was decided, though the write fails":
    [
      pool("lab", { addresses: ["192.0.2.0/31", "192.0.2.2-192.0.2.4"] }),
      put("a/api"),
      put("a/web"),
      { kind: "pace", isSlow: true },
      { kind: "trap", trap: "it is not answered and not done" },
      host("a/web"),
      remove("a/api"),
      { kind: "pace", isSlow: false },
    ],
  "what is remembered does not depend on a restart": [
    pool("lab", { addresses: ["192.0.2.5/32", "2001:db8::/127"] }),
    put("a/web", { families: TWO_FAMILIES }),
    put("a/web"),
    remove("a/web"),
    put("a/api"),
    { kind: "nodes", addresses: ["2001:db8::"] },
    { kind: "restart" },
    put("a/web", { families: TWO_FAMILIES }),
  ],
};

test.for(Object.entries(HISTORIES).map(([name, steps]) => ({ name, steps })))(
  "$name",
  async ({ steps }) => {
    const history = { steps, order: ["a/api", "a/dns", "a/web", "b/web"] };
    await play(history, (outside) => new Assigner("metallb-system", outside, SILENT));
  },
);
