import { setImmediate } from "node:timers/promises";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { parseRange } from "#lib/address/ip-range.ts";
import { FakeClock } from "#lib/kube/testing/fake-clock.ts";
import { Balancer } from "./balancer.ts";
import type { Row } from "./network/messages.ts";

const ORDER = ["n1", "n2", "n3"];
const FAILBACK_MS = 30_000;

let clock: FakeClock;
let balancer: Balancer;
/** What the network thread was told, by Service, and how often. */
let rows: Map<string, Row>;
let puts: number;

beforeEach(() => {
  clock = new FakeClock();
  rows = new Map();
  puts = 0;
  start(FAILBACK_MS);
});

function start(failbackMs: number): void {
  const table = {
    put: (row: Row) => {
      rows.set(row.service, row);
      puts += 1;
    },
    remove: (service: string) => rows.delete(service),
  };
  balancer = new Balancer({ table, failbackMs, clock });
  const end = new AbortController();
  void balancer.run(end.signal);
  onTestFinished(async () => {
    end.abort();
    await setImmediate();
  });
}

/** Services s0 … with an address each, for which all nodes are eligible in that order. */
function put(count: number, fields: Partial<Row> = {}): readonly string[] {
  const services = Array.from({ length: count }, (_, index) => `default/s${index}`);
  for (const [index, service] of services.entries()) {
    balancer.put({ service, ips: [`192.0.2.${index}`], order: ORDER, ...fields });
  }
  return services;
}

function live(...nodes: readonly string[]): void {
  balancer.nodesChanged({ nodes, subnets: {} });
}

function own(services: readonly string[], to: string | undefined): void {
  balancer.ownersChanged(
    services.map((service) => ({ service, from: undefined, to, because: "it is so" })),
  );
}

/** How many Services prefer each node. */
function preferred(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { order } of rows.values()) {
    const [first = "nobody"] = order;
    counts[first] = (counts[first] ?? 0) + 1;
  }
  return counts;
}

test("what nobody had yet is claimed in the order of the election", async () => {
  live(...ORDER);
  put(9);
  await clock.advance(2 * FAILBACK_MS);
  expect(preferred()).toEqual({ n1: 9 });
});

test("an owner is preferred to whom the election prefers", async () => {
  live(...ORDER);
  own(put(4), "n3");
  await clock.advance(200);
  expect(preferred()).toEqual({ n3: 4 });
  expect(rows.get("default/s0")?.order).toEqual(["n3", "n1", "n2"]);
});

test("what an owner has above five quarters of its share moves, once the nodes have been the same for long", async () => {
  live(...ORDER);
  own(put(12), "n1");
  await clock.advance(FAILBACK_MS - 1_000);
  expect(preferred()).toEqual({ n1: 12 });
  live("n1", "n2");
  live(...ORDER);
  await clock.advance(FAILBACK_MS - 1_000);
  expect(preferred()).toEqual({ n1: 12 });
  await clock.advance(2_000);
  expect(preferred()["n1"]).toBe(5);
});

test("what has moved stays", async () => {
  live(...ORDER);
  own(put(12), "n1");
  await clock.advance(2 * FAILBACK_MS);
  const before = new Map(rows);
  for (const { order, service } of before.values()) {
    own([service], order[0]);
  }
  await clock.advance(2 * FAILBACK_MS);
  expect(rows).toEqual(before);
});

test("nothing moves when nothing is to fail back", async () => {
  start(Number.POSITIVE_INFINITY);
  live(...ORDER);
  own(put(12), "n1");
  await clock.advance(100 * FAILBACK_MS);
  expect(preferred()).toEqual({ n1: 12 });
});

test("the order stays as it is while the owner is dead", async () => {
  live(...ORDER);
  own(put(4), "n2");
  await clock.advance(200);
  const before = new Map(rows);
  live("n1", "n3");
  await clock.advance(2 * FAILBACK_MS);
  expect(rows).toEqual(before);
  own([...before.keys()], "n3");
  await clock.advance(200);
  expect(preferred()).not.toHaveProperty("n2");
});

test("a burst of changes costs one look in a tenth of a second", async () => {
  live(...ORDER);
  const services = put(50);
  await clock.advance(1_000);
  puts = 0;
  for (const owner of ["n2", "n3", "n1", "n2"]) {
    own(services, owner);
    await clock.advance(20);
  }
  expect(puts).toBe(0);
  await clock.advance(100);
  expect(puts).toBe(50);
});

test("Services that share an address prefer the same node", async () => {
  live(...ORDER);
  own(put(12, { ips: ["192.0.2.200"] }), "n1");
  put(0);
  await clock.advance(2 * FAILBACK_MS);
  expect(Object.keys(preferred())).toHaveLength(1);
});

test("a node that drains, or lacks the links, is given nothing", async () => {
  balancer.setDraining(new Set(["n2"]));
  balancer.nodesChanged({
    nodes: ORDER,
    subnets: { n1: [parseRange("192.0.2.0/24")], n3: [parseRange("198.51.100.0/24")] },
  });
  own(put(12, { onSubnetOnly: true }), "n1");
  await clock.advance(2 * FAILBACK_MS);
  expect(preferred()).toEqual({ n1: 12 });
});

test("a row that is gone is gone for the network thread", () => {
  const [service = ""] = put(1);
  balancer.remove(service);
  expect(rows.size).toBe(0);
});
