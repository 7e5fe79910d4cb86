import { expect, test } from "vitest";
import { parseRange } from "#lib/address/ip-range.ts";
import { NodeSubnets } from "./node-subnets.ts";

function nodeWith(...texts: string[]): NodeSubnets {
  return new NodeSubnets({ n1: texts.map(parseRange) });
}

test.for([
  { has: ["192.0.2.0/24"], ips: ["192.0.2.255"], meets: true },
  { has: ["198.51.100.0/24", "192.0.2.0/24"], ips: ["192.0.2.10"], meets: true },
  { has: ["192.0.2.0/24"], ips: ["192.0.3.0"], meets: false },
  { has: ["192.0.2.0/24"], ips: ["2001:db8::10", "192.0.2.10"], meets: true },
  { has: ["192.0.2.0/24"], ips: ["2001:db8::10"], meets: false },
  { has: ["192.0.2.0/24", "2001:db8::/64"], ips: ["192.0.2.10", "2001:db8::10"], meets: true },
  { has: ["2000::/3"], ips: ["192.0.2.10"], meets: false },
  { has: ["192.0.2.0/24"], ips: ["web"], meets: false },
  { has: [], ips: ["192.0.2.10"], meets: false },
])("a node with the subnets $has has the links for $ips: $meets", ({ has, ips, meets }) => {
  expect(nodeWith(...has).meets("n1", { ips, onSubnetOnly: true })).toBe(meets);
});

test("where any link will do every node has one", () => {
  expect(nodeWith().meets("n1", { ips: ["192.0.2.10"] })).toBe(true);
});

test("a node that told nothing is presumed to have the links, until it tells", () => {
  const demand = { ips: ["192.0.2.10"], onSubnetOnly: true } as const;
  expect(new NodeSubnets().meets("n1", demand)).toBe(true);
  expect(nodeWith().meets("n1", demand)).toBe(false);
  expect(nodeWith().meets("n2", demand)).toBe(true);
});
