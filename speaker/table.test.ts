import { describe, expect, test } from "vitest";
import { conflictCondition } from "#lib/api/address-conflict.ts";
import type { Service } from "#lib/api/service.ts";
import { l2Advertisement, node, pool, port, service } from "#lib/api/testing/fixture.ts";
import { type Cluster, type Entry, Table, type TableOptions } from "./table.ts";

const NOW_MS = Date.parse("2026-01-01T12:00:00Z");

const WEB = service("default/web", { ingress: ["192.0.2.10"] });
const SHARED = { annotations: { "metallb.io/allow-shared-ip": "blue" } };
/** Shows the address of WEB, as one Service too many does. */
const API = service("default/api", {
  creationTimestamp: "2026-01-01T00:00:01Z",
  ingress: ["192.0.2.10"],
  ports: [port(443)],
});

/** A cluster of one Service and two nodes, what the table told of it, and what it logged. */
function tableOf(interfaces: readonly string[] = [], options: Partial<TableOptions> = {}) {
  const state = {
    services: new Map<string, Service>([[WEB.key, WEB]]),
    nodes: [node("n1"), node("n2")],
    servingNodes: ["n1"] as readonly string[],
  };
  const cluster: Cluster = {
    nodes: () => state.nodes,
    services: () => state.services.values(),
    service: (key) => state.services.get(key),
    servingNodes: () => state.servingNodes,
  };
  const told: unknown[] = [];
  const entries: Entry[] = [];
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  const table = new Table(
    {
      node: "n1",
      ignoreExcludeLabel: false,
      interfaces: "all",
      now: () => NOW_MS,
      configuration: {
        pools: [pool("lab", "192.0.2.0/24", "2001:db8::/64")],
        advertisements: [l2Advertisement({ interfaces })],
      },
      cluster,
      log: { debug: note, info: note, warn: note, error: note },
      ...options,
    },
    {
      rowChanged: (_, row) => told.push(row),
      entryChanged: (entry) => entries.push(entry),
      gone: (key) => told.push(`${key} is gone`),
    },
  );
  const put = (changed: Service) => {
    state.services.set(changed.key, changed);
    table.update(changed.key);
  };
  const drop = (key: string) => {
    state.services.delete(key);
    table.update(key);
  };
  /** Addresses by Service, of all rows. */
  const rows = () =>
    Object.fromEntries(
      [...table.services()].flatMap((key) => {
        const ips = table.get(key)?.row?.ips;
        return ips === undefined ? [] : [[key, ips]];
      }),
    );
  return { state, table, told, entries, lines, put, drop, rows };
}

const ROW = { service: "default/web", ips: ["192.0.2.10"], order: ["n2", "n1"] };

test("a Service with an address and an endpoint has a row, told once", () => {
  const { table, told, lines } = tableOf();
  table.updateAll();
  table.updateAll();
  table.update("default/web");
  expect(told).toEqual([ROW]);
  expect(lines).toEqual(["eligible nodes changed"]);
});

test("the row names the links of this node that its advertisements name", () => {
  const { table, told } = tableOf(["eth1", "eth0"]);
  table.updateAll();
  expect(told).toEqual([{ ...ROW, links: ["eth0", "eth1"] }]);
});

test("the row says which links may answer where only those of the right subnet may", () => {
  const { table, told } = tableOf([], { interfaces: "subnet" });
  table.updateAll();
  expect(told).toEqual([{ ...ROW, onSubnetOnly: true }]);
});

describe("the addresses of a Service", () => {
  const allocated = {
    type: "herald-lb.io/AddressAllocated",
    status: "True",
    reason: "Allocated",
    message: '192.0.2.10 from pool "lab"',
    lastTransitionTime: "2026-01-01T11:59:50Z",
  } as const;
  const NEW_ROW = { ...ROW, isNew: true };

  test.for([
    { what: "were allocated just now", condition: allocated, row: NEW_ROW },
    {
      what: "were allocated just now by a clock that is ahead",
      condition: { ...allocated, lastTransitionTime: "2026-01-01T12:00:10Z" },
      row: NEW_ROW,
    },
    {
      what: "were allocated long ago",
      condition: { ...allocated, lastTransitionTime: "2026-01-01T11:59:00Z" },
      row: ROW,
    },
    {
      what: "are not said to be allocated",
      condition: { ...allocated, status: "False" },
      row: ROW,
    },
    {
      what: "have a condition with a time that is none",
      condition: { ...allocated, lastTransitionTime: "yesterday" },
      row: ROW,
    },
  ] as const)("that $what when this speaker comes: $row.isNew", ({ condition, row }) => {
    const { put, told } = tableOf();
    put({ ...WEB, conditions: [condition] });
    expect(told).toEqual([row]);
  });

  test("are new when they are seen to come, however long nobody can own them", () => {
    const { put, state, told } = tableOf();
    state.servingNodes = [];
    put({ ...WEB, ingress: [] });
    put(WEB);
    put({ ...WEB, conditions: [{ ...allocated, lastTransitionTime: "2026-01-01T10:00:00Z" }] });
    state.servingNodes = ["n1"];
    put({ ...WEB });
    expect(told).toEqual([NEW_ROW]);
  });

  test("are new no more when somebody owned them, which is no news", () => {
    const { put, table, told } = tableOf();
    put({ ...WEB, ingress: [] });
    put(WEB);
    table.hasOwner("default/web");
    put({ ...WEB });
    expect(told).toEqual([NEW_ROW]);
    expect(table.get("default/web")?.row).toEqual(ROW);
  });

  test("are new when they are others than before", () => {
    const { put, table, told } = tableOf();
    put(WEB);
    table.hasOwner("default/web");
    put({ ...WEB, ingress: ["192.0.2.11"] });
    expect(told.at(-1)).toMatchObject({ ips: ["192.0.2.11"], isNew: true });
  });
});

test("the row names an address that another host had first, and not one that it claims since", () => {
  const conflict = { ip: "192.0.2.10", mac: "02:42:ac:11:00:07", node: "n1", link: "eth0" };
  const saying = (when: "first-use" | "in-use") => ({
    ...conflictCondition({ ...conflict, when }),
    lastTransitionTime: "2026-01-01T12:00:00Z",
  });
  const { put, told } = tableOf();
  put({ ...WEB, conditions: [saying("first-use")] });
  put({ ...WEB, conditions: [saying("in-use")] });
  expect(told).toEqual([{ ...ROW, contested: ["192.0.2.10"] }, ROW]);
});

test("finds the Services that have an address", () => {
  const { put, table } = tableOf();
  put({ ...API, ingress: ["192.0.2.11"] });
  table.updateAll();
  expect([...table.having("192.0.2.11")]).toEqual(["default/api"]);
});

test("without endpoints there is no row, and the log says that nobody is eligible", () => {
  const { state, table, told, lines } = tableOf();
  table.updateAll();
  state.servingNodes = [];
  table.update("default/web");
  table.updateAll();
  expect(told).toEqual([ROW, undefined]);
  expect(lines).toEqual(["eligible nodes changed", "eligible nodes changed"]);
});

test("a Service that has no address yet is no news for the log", () => {
  const { state, table, lines } = tableOf();
  state.services.set("default/web", service("default/web"));
  table.updateAll();
  expect(lines).toEqual([]);
});

test("a Service that is gone is told once", () => {
  const { state, table, told } = tableOf();
  table.updateAll();
  state.services.clear();
  table.update("default/web");
  table.update("default/web");
  expect(told).toEqual([ROW, undefined, "default/web is gone"]);
});

test("a node that goes is not in the order any more", () => {
  const { state, table, told } = tableOf();
  table.updateAll();
  state.nodes = [node("n1")];
  table.updateAll();
  expect(told).toEqual([ROW, { ...ROW, order: ["n1"] }]);
});

test("the row of a dual-stack Service has both addresses", () => {
  const { state, table, told } = tableOf();
  const ips = ["192.0.2.10", "2001:db8::10"];
  state.services.set(WEB.key, { ...WEB, ingress: ips });
  table.updateAll();
  expect(told).toEqual([{ ...ROW, ips }]);
});

const ONLY_WEB = { "default/web": ["192.0.2.10"] };
const LEFT_BY_API = {
  kind: "nobody",
  reason: "AddressHeldByAnother",
  message:
    "192.0.2.10 is also default/web's, which is older and does not share it: default/api is not announced there until the controller gives one of them another",
};

describe("of two Services that show one address and do not share it", () => {
  test.each([
    ["older", [WEB, API]],
    ["younger", [API, WEB]],
  ])("the older has a row when the %s comes first, and the other says why not", (_, services) => {
    const { table, rows, put } = tableOf();
    for (const each of services) {
      put(each);
    }
    expect(rows()).toEqual(ONLY_WEB);
    expect(table.get("default/api")?.election).toMatchObject(LEFT_BY_API);
  });

  test("the younger never has a row when both are there at the start", () => {
    const { state, table, told } = tableOf();
    state.services = new Map([
      [API.key, API],
      [WEB.key, WEB],
    ]);
    table.updateAll();
    expect(told).toEqual([ROW]);
  });

  test("the younger has its row back when the older is gone, is given another, or shares", () => {
    const { rows, put, drop } = tableOf();
    const both = { "default/web": ["192.0.2.10"], "default/api": ["192.0.2.10"] };
    put(WEB);
    put(API);
    drop("default/web");
    expect(rows()).toEqual({ "default/api": ["192.0.2.10"] });
    put(WEB);
    expect(rows()).toEqual(ONLY_WEB);
    put({ ...WEB, ingress: ["192.0.2.11"] });
    expect(rows()).toEqual({ ...both, "default/web": ["192.0.2.11"] });
    put({ ...WEB, ...SHARED });
    expect(rows()).toEqual(ONLY_WEB);
    put({ ...API, ...SHARED });
    expect(rows()).toEqual(both);
  });

  test("each change is told of whom it concerns, and of nobody else", () => {
    const { entries, put } = tableOf();
    put(service("default/db", { ingress: ["192.0.2.11"] }));
    put(API);
    entries.length = 0;
    put(WEB);
    put({ ...WEB });
    expect(entries.map((entry) => entry.service.key)).toEqual([
      "default/web",
      "default/api",
      "default/web",
    ]);
  });

  test("the other addresses of the younger stay announced, and it says what is not", () => {
    const { table, rows, put } = tableOf();
    put({ ...API, ingress: ["192.0.2.10", "192.0.2.11"] });
    put(WEB);
    expect(rows()).toEqual({ ...ONLY_WEB, "default/api": ["192.0.2.11"] });
    expect(table.get("default/api")?.election).toMatchObject({
      kind: "eligible",
      heldByAnother: LEFT_BY_API.message,
    });
  });

  test("the row loses the IPv6 address that is lost, and it is told", () => {
    const { entries, rows, put } = tableOf();
    put({ ...API, ingress: ["192.0.2.11", "2001:db8::a"] });
    put({ ...WEB, ingress: ["192.0.2.10", "2001:DB8::A"] });
    expect(rows()).toEqual({
      "default/web": ["192.0.2.10", "2001:db8::a"],
      "default/api": ["192.0.2.11"],
    });
    expect(entries.at(-1)).toMatchObject({
      service: { key: "default/api" },
      election: {
        heldByAnother: LEFT_BY_API.message.replace("192.0.2.10 is", "2001:db8::a is"),
      },
    });
  });
});
