import { beforeEach, expect, test } from "vitest";
import type { PoolUsage } from "#lib/allocation/pool-usage.ts";
import { ControllerMetrics } from "./metrics.ts";

const lab: PoolUsage = {
  pool: "lab",
  capacity: { IPv4: 256n, IPv6: 4n },
  inUse: { IPv4: 3n, IPv6: 1n },
  setAside: 2,
  services: 5,
};
const countless: PoolUsage = {
  pool: "countless",
  capacity: { IPv4: 4n, IPv6: 9_223_372_036_854_775_807n },
  inUse: { IPv4: 0n, IPv6: 0n },
  setAside: 0,
  services: 0,
};

let metrics: ControllerMetrics;
let usages: readonly PoolUsage[];
let term: AbortController;

beforeEach(() => {
  metrics = new ControllerMetrics();
  usages = [lab];
  term = new AbortController();
});

const lead = () => metrics.leading(() => usages, term.signal);

/** The samples whose line matches, without the common part of their names. */
async function samples(pattern: RegExp): Promise<string[]> {
  const lines = (await metrics.registry.text()).split("\n");
  return lines
    .filter((line) => line.startsWith("metallb_") && pattern.test(line))
    .map((line) => line.replace(/^metallb_(allocator|k8s_client)_/, ""));
}

test("shows how much each pool has, and how much of it is taken", async () => {
  lead();
  expect(await samples(/allocator/)).toEqual([
    'addresses_total{pool="lab"} 260',
    'addresses_in_use_total{pool="lab"} 4',
    'ipv4_addresses_total{pool="lab"} 256',
    'ipv6_addresses_total{pool="lab"} 4',
    'ipv4_addresses_in_use_total{pool="lab"} 3',
    'ipv6_addresses_in_use_total{pool="lab"} 1',
    'services_allocated_total{pool="lab"} 5',
  ]);
});

test("shows how many addresses of each pool are set aside", async () => {
  usages = [lab, countless];
  lead();
  expect(await metrics.registry.text()).toContain(`
herald_allocator_addresses_set_aside{pool="lab"} 2
herald_allocator_addresses_set_aside{pool="countless"} 0
`);
});

test("counts addresses of both families to 2^63 - 1 and no further", async () => {
  usages = [countless];
  lead();
  const most = String(Number(2n ** 63n - 1n));
  expect(await samples(/addresses_total/)).toEqual([
    `addresses_total{pool="countless"} ${most}`,
    'ipv4_addresses_total{pool="countless"} 4',
    `ipv6_addresses_total{pool="countless"} ${most}`,
  ]);
});

test("has no series of a pool that is gone", async () => {
  usages = [lab, countless];
  lead();
  expect(await samples(/_services_allocated/)).toHaveLength(2);
  usages = [countless];
  expect(await samples(/pool="lab"/)).toEqual([]);
});

test("shows neither pools nor configuration before this process leads, nor after", async () => {
  const shown = () => samples(/allocator|config/);
  expect(await shown()).toEqual([]);
  lead();
  expect(await shown()).toHaveLength(9);
  term.abort();
  expect(await shown()).toEqual([]);
});

test("a term that ends late takes nothing from the next one", async () => {
  lead();
  const next = new AbortController();
  metrics.leading(() => [countless], next.signal);
  term.abort();
  expect(await samples(/services_allocated/)).toEqual([
    'services_allocated_total{pool="countless"} 0',
  ]);
});

test("says whether a configuration is in force, and whether it is an older one", async () => {
  lead();
  const story: string[] = [];
  const note = async () => story.push((await samples(/config/)).join(", "));
  await note();
  metrics.configLoaded();
  await note();
  metrics.configStale(true);
  await note();
  metrics.configStale(false);
  await note();
  expect(story).toEqual([
    "config_loaded_bool 0, config_stale_bool 0",
    "config_loaded_bool 1, config_stale_bool 0",
    "config_loaded_bool 1, config_stale_bool 1",
    "config_loaded_bool 1, config_stale_bool 0",
  ]);
});

test("counts what was reconciled, and what of it failed", async () => {
  metrics.reconciled();
  metrics.reconciled();
  metrics.reconcileFailed();
  expect(await samples(/update/)).toEqual(["updates_total 3", "update_errors_total 1"]);
});
