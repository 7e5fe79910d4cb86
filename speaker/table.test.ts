import { expect, test } from "vitest";
import { l2Advertisement, node, pool, service } from "#lib/api/testing/fixture.ts";
import { type Cluster, Table } from "./table.ts";

const WEB = service("default/web", { ingress: ["192.0.2.10"] });

/** A cluster of one Service and two nodes, what the table told of it, and what it logged. */
function tableOf(interfaces: readonly string[] = []) {
  const state = {
    services: new Map([[WEB.key, WEB]]),
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
  const lines: string[] = [];
  const note = (message: string) => void lines.push(message);
  const table = new Table(
    {
      node: "n1",
      ignoreExcludeLabel: false,
      configuration: {
        pools: [pool("lab", "192.0.2.0/24", "2001:db8::/64")],
        advertisements: [l2Advertisement({ interfaces })],
      },
      cluster,
      log: { debug: note, info: note, warn: note, error: note },
    },
    {
      rowChanged: (_, row) => told.push(row),
      entryChanged: () => undefined,
      gone: (key) => told.push(`${key} is gone`),
    },
  );
  return { state, table, told, lines };
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

test("the row of a dual-stack Service has what ARP can answer for", () => {
  const { state, table, told } = tableOf();
  state.services.set(WEB.key, { ...WEB, ingress: ["192.0.2.10", "2001:db8::10"] });
  table.updateAll();
  expect(told).toEqual([ROW]);
});
