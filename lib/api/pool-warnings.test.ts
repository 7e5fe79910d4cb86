import { describe, expect, it } from "vitest";
import { parseIp } from "#lib/address/ip.ts";
import { parseRange } from "#lib/address/ip-range.ts";
import type { NodeAddresses } from "./node-addresses.ts";
import { parsePools } from "./parse-pools.ts";
import { poolWarnings } from "./pool-warnings.ts";
import { projectPool } from "./project-pool.ts";
import { pool } from "./testing/fixture.ts";

function node(name: string, ...addresses: string[]): NodeAddresses {
  return { name, addresses: addresses.map(parseIp) };
}

const lab = pool("lab", "192.0.2.0/24", "2001:db8::/64");

describe("a pool that has addresses of nodes", () => {
  it("is warned of, with the way out", () => {
    expect(poolWarnings([lab], [node("n1", "192.0.2.11", "198.51.100.11")])).toEqual([
      {
        pool: "lab",
        message:
          'Pool "lab" has 192.0.2.11, an address of node n1: it is given only when nothing else is free; take it out with herald-lb.io/exclude if no Service is to have it',
      },
    ]);
  });

  it("is warned of once, with a few of the addresses, in an order that does not hang on that of the nodes", () => {
    const nodes = [
      node("n3", "192.0.2.13"),
      node("n2", "192.0.2.12", "2001:db8::12"),
      node("n1", "2001:db8::11", "192.0.2.11"),
    ];
    const warnings = poolWarnings([lab], nodes);

    expect(warnings).toEqual([
      {
        pool: "lab",
        message:
          'Pool "lab" has 192.0.2.11 (n1), 192.0.2.12 (n2), 192.0.2.13 (n3) and 2 more, which are addresses of nodes: they are given only when nothing else is free; take them out with herald-lb.io/exclude if no Service is to have them',
      },
    ]);
    expect(poolWarnings([lab], nodes.toReversed())).toEqual(warnings);
  });

  it("is warned of an address that two nodes have as of one", () => {
    const nodes = [node("n2", "192.0.2.11"), node("n1", "192.0.2.11")];

    expect(poolWarnings([lab], nodes)[0]?.message).toContain(
      "has 192.0.2.11, an address of node n1:",
    );
  });

  it("is told from others", () => {
    const dmz = pool("dmz", "198.51.100.0/24");
    const office = pool("office", "203.0.113.0/24");
    const nodes = [node("n1", "203.0.113.1", "192.0.2.1")];

    expect(poolWarnings([dmz, lab, office], nodes).map((warning) => warning.pool)).toEqual([
      "lab",
      "office",
    ]);
  });
});

describe("a pool with an exclusion that takes out nothing", () => {
  it.each([
    [
      ["198.51.100.0/24"],
      'Pool "lab" has no address of 198.51.100.0/24, which its annotation herald-lb.io/exclude names: correct the entry, or remove it',
    ],
    [
      ["198.51.100.1/32", "198.51.100.1/32", "198.51.100.2/32"],
      'Pool "lab" has no address of 198.51.100.1/32, 198.51.100.2/32, which its annotation herald-lb.io/exclude names: correct these entries, or remove them',
    ],
    [
      ["198.51.100.1/32", "198.51.100.3/32", "198.51.100.5/32", "2001:db8:1::/64"],
      'Pool "lab" has no address of 198.51.100.1/32, 198.51.100.3/32, 198.51.100.5/32 and 1 more, which its annotation herald-lb.io/exclude names: correct these entries, or remove them',
    ],
  ])("of %j is warned of", (exclusions, message) => {
    const slipped = { ...lab, idleExclusions: exclusions.map(parseRange) };

    expect(poolWarnings([slipped], [])).toEqual([{ pool: "lab", message }]);
  });

  it("and with addresses of nodes is warned of both", () => {
    const slipped = { ...lab, idleExclusions: [parseRange("198.51.100.11/32")] };

    expect(poolWarnings([slipped], [node("n1", "192.0.2.11")])).toHaveLength(2);
  });
});

it("a pool with nothing odd about it is not warned of", () => {
  expect(poolWarnings([lab], [node("n1", "198.51.100.1"), node("n2")])).toEqual([]);
});

it("a pool with an annotation that is misspelt is warned of", () => {
  const annotations = { "herald-lb.io/exlude": "192.0.2.1", "herald-lb.io/exclude": "192.0.2.2" };
  const raw = { metadata: { name: "lab", annotations }, spec: { addresses: ["192.0.2.0/24"] } };
  const parsed = parsePools([projectPool(raw)], []);

  expect(poolWarnings(parsed.kind === "value" ? parsed.value : [], [])).toEqual([
    {
      pool: "lab",
      message:
        'Pool "lab" has the annotation herald-lb.io/exlude, of which Herald knows nothing: write one of herald-lb.io/exclude, herald-lb.io/max-per-namespace, herald-lb.io/hold-released, herald-lb.io/interfaces, or remove it',
    },
  ]);
});
