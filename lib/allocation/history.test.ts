import fc from "fast-check";
import { expect, it } from "vitest";
import { type Family, formatIp, parseIp } from "#lib/address/ip.ts";
import type { Pool } from "#lib/api/pool.ts";
import { matchesAny } from "#lib/api/selector.ts";
import type { Service } from "#lib/api/service.ts";
import { port, service } from "#lib/api/testing/fixture.ts";
import { Allocations } from "./allocations.ts";
import { decide } from "./decide.ts";
import { holderFrom } from "./holder.ts";
import {
  converge,
  outcome,
  type PoolSpecs,
  PREFER_DUAL,
  poolsOf,
  REQUIRE_DUAL,
} from "./testing/fixture.ts";

/** Pools of a few addresses each, so that they run full, split, close and vanish. */
const POOLS: readonly PoolSpecs[] = [
  { lab: ["192.0.2.0/30"] },
  { lab: ["192.0.2.2-192.0.2.5", "192.0.2.0/31"] },
  { lab: { addresses: ["192.0.2.0/29"], avoidBuggyIPs: true } },
  { renamed: ["192.0.2.0/30", "2001:db8::/126"] },
  { b: { addresses: ["192.0.2.2/31"], serviceAllocation: { priority: 1 } }, a: ["192.0.2.1/32"] },
  {
    a: { addresses: ["192.0.2.0/31"], serviceAllocation: { namespaces: ["a"] } },
    lab: ["192.0.2.4/31", "2001:db8::/127"],
  },
  {
    own: {
      addresses: ["192.0.2.0/30"],
      serviceAllocation: { serviceSelectors: [{ matchLabels: { app: "x" } }] },
    },
    reserved: { addresses: ["192.0.2.4/30"], autoAssign: false },
  },
  {},
];

const KEYS = ["a/1", "a/2", "a/3", "b/1", "b/2", "b/3"];
const REQUESTS = [
  {},
  {},
  {},
  { "metallb.io/loadBalancerIPs": "192.0.2.1" },
  { "metallb.io/loadBalancerIPs": "2001:db8::1,192.0.2.4" },
  { "metallb.io/loadBalancerIPs": "rubbish" },
  { "metallb.io/address-pool": "reserved" },
];

const fields: fc.Arbitrary<Partial<Service>> = fc
  .record({
    families: fc.constantFrom<Partial<Service>>(
      {},
      {},
      { clusterIps: ["fd00::1"], ipFamilies: ["IPv6"] },
      PREFER_DUAL,
      REQUIRE_DUAL,
    ),
    sharingKey: fc.constantFrom("", "blue", "blue", "red"),
    request: fc.constantFrom(...REQUESTS),
    rest: fc.record({
      externalTrafficPolicy: fc.constantFrom("Cluster", "Cluster", "Local"),
      selector: fc.constantFrom({ app: "x" }, { app: "y" }),
      labels: fc.constantFrom({ app: "x" }, { app: "y" }),
      ports: fc.constantFrom([port(80)], [port(443)], [port(53)], [port(80, "UDP"), port(443)]),
    }),
  })
  .map(({ families, sharingKey, request, rest }) => ({
    ...families,
    ...rest,
    annotations: { ...request, "metallb.io/allow-shared-ip": sharingKey },
  }));

type Step =
  | { readonly kind: "pools"; readonly specs: PoolSpecs }
  | { readonly kind: "put"; readonly key: string; readonly fields: Partial<Service> }
  | { readonly kind: "remove"; readonly key: string };

const key = fc.constantFrom(...KEYS);
const put = fc.record({ kind: fc.constant("put" as const), key, fields });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: put },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("remove" as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("pools" as const),
      specs: fc.constantFrom(...POOLS),
    }),
  },
);

/** A cluster as the controller sees it: what it is told, and the status that it wrote. */
class Cluster {
  readonly allocations = new Allocations("metallb-system");
  readonly services = new Map<string, Service>();
  pools: readonly Pool[] = [];

  take(given: Step): void {
    switch (given.kind) {
      case "pools":
        this.pools = poolsOf(given.specs);
        this.allocations.setPools(this.pools);
        for (const known of this.services.values()) {
          this.#converge(known);
        }
        break;
      case "put":
        this.#converge(
          service(given.key, {
            ...given.fields,
            ingress: this.services.get(given.key)?.ingress ?? [],
          }),
        );
        break;
      case "remove":
        this.services.delete(given.key);
        this.allocations.release(given.key);
        break;
    }
  }

  #converge(given: Service): void {
    expectLowest(this, given);
    const after = converge(this.allocations, given);
    expectSettled(this, after);
    this.services.set(given.key, after);
  }

  /** The other Services that were given the address; while pools change, a status may be out of date. */
  others(service: Service, ip: string): readonly Service[] {
    return [...this.services.values()].filter(
      ({ key }) =>
        key !== service.key &&
        this.allocations.allocationOf(key)?.ips.some((held) => formatIp(held) === ip),
    );
  }
}

/** The rule of sharing, written out. */
function doShare(a: Service, b: Service): boolean {
  const keyOf = ({ annotations }: Service) => annotations["metallb.io/allow-shared-ip"];
  const isSamePolicy = a.externalTrafficPolicy === b.externalTrafficPolicy;
  const isSameSelector = JSON.stringify(a.selector) === JSON.stringify(b.selector);
  const doPortsClash = a.ports.some((one) =>
    b.ports.some((other) => one.port === other.port && one.protocol === other.protocol),
  );
  return (
    keyOf(a) !== "" &&
    keyOf(a) === keyOf(b) &&
    isSamePolicy &&
    (a.externalTrafficPolicy === "Cluster" || isSameSelector) &&
    !doPortsClash
  );
}

function mayUse({ serviceAllocation }: Pool, { namespace, labels }: Service): boolean {
  const { namespaces = [namespace], serviceSelectors = [] } = serviceAllocation ?? {};
  const isSelected = serviceSelectors.length === 0 || matchesAny(serviceSelectors, labels);
  return namespaces.includes(namespace) && isSelected;
}

/** The lowest address of the pool for the Service, found by looking at every one. */
function scan(cluster: Cluster, pool: Pool, family: Family, given: Service): string | undefined {
  for (const range of pool.ranges.filter((candidate) => candidate.family === family)) {
    for (let value = range.first; value <= range.last; value += 1n) {
      const ip = formatIp({ family, value });
      const isBuggy = pool.avoidBuggyIps && /\.(0|255)$/.test(ip);
      if (!isBuggy && cluster.others(given, ip).every((other) => doShare(given, other))) {
        return ip;
      }
    }
  }
  return undefined;
}

/** What a Service of one family gets that asks for nothing is what a scan of all pools in their order finds. */
function expectLowest(cluster: Cluster, given: Service): void {
  const decision = decide(cluster.allocations, given);
  const isPlain = Object.keys(given.annotations).length === 1 && given.clusterIps.length === 1;
  const isKept = decision.kind === "assign" && decision.why.startsWith("kept");
  if (!isPlain || isKept) {
    return;
  }
  const rank = ({ serviceAllocation }: Pool) =>
    serviceAllocation ? serviceAllocation.priority || 1000 : 2000;
  const lowest = cluster.pools
    .toSorted((a, b) => rank(a) - rank(b))
    .filter((pool) => pool.autoAssign && mayUse(pool, given))
    .map((pool) => scan(cluster, pool, given.ipFamilies[0] ?? "IPv4", given))
    .find((ip) => ip !== undefined);

  expect(decision.kind === "assign" ? outcome(decision) : []).toEqual(lowest ? [lowest] : []);
}

/** What was decided is what is allocated, is allowed, and would be decided again. */
function expectSettled(cluster: Cluster, after: Service): void {
  const { allocations } = cluster;
  const allocation = allocations.allocationOf(after.key);
  expect(allocation?.ips.map(formatIp) ?? []).toEqual(after.ingress);

  const pool = cluster.pools.find(({ name }) => name === allocation?.pool);
  for (const ip of after.ingress) {
    const { family, value } = parseIp(ip);
    expect(
      pool?.ranges.some(
        (range) => range.family === family && range.first <= value && value <= range.last,
      ),
    ).toBe(true);
    expect(pool !== undefined && mayUse(pool, after)).toBe(true);
    expect(pool?.avoidBuggyIps === true && /\.(0|255)$/.test(ip)).toBe(false);
    expect(cluster.others(after, ip).every((other) => doShare(after, other))).toBe(true);
  }
  const again = decide(allocations, after);
  expect(outcome(again)).toEqual(after.ingress.length > 0 ? after.ingress : expect.any(String));
  expect(again).not.toHaveProperty("cleared");
}

/** When every Service is gone no address has a holder left. */
function expectAllFree({ allocations, pools }: Cluster): void {
  const stranger = holderFrom(service("shop/stranger"));
  for (const { family, first, last } of pools.flatMap(({ ranges }) => ranges)) {
    for (let value = first; value <= last; value += 1n) {
      expect(allocations.obstacle({ family, value }, stranger)).toBeUndefined();
    }
  }
}

/** A controller that restarts finds every address where it was, whatever the order in which it meets the Services. */
function expectSameAfterRestart({ pools, services }: Cluster, order: readonly string[]): void {
  const allocations = new Allocations("metallb-system");
  allocations.setPools(pools);
  for (const known of order.map((name) => services.get(name))) {
    if (known !== undefined && known.ingress.length > 0) {
      const decision = decide(allocations, known);
      expect(decision).not.toHaveProperty("cleared");
      expect(outcome(decision)).toEqual(expect.arrayContaining([...known.ingress]));
      allocations.allocate(known, known.ingress.map(parseIp));
    }
  }
}

it("whatever happens, addresses stay in their pools, permitted, shared by consent only, and the lowest is given", () => {
  const order = fc.shuffledSubarray(KEYS, { minLength: KEYS.length });
  fc.assert(
    fc.property(
      fc.constantFrom(...POOLS),
      fc.array(step, { minLength: 20, maxLength: 60, size: "max" }),
      order,
      (specs, steps, restart) => {
        const cluster = new Cluster();
        cluster.take({ kind: "pools", specs });
        for (const each of steps) {
          cluster.take(each);
        }
        expectSameAfterRestart(cluster, restart);
        for (const name of KEYS) {
          cluster.take({ kind: "remove", key: name });
        }
        expectAllFree(cluster);
      },
    ),
    { numRuns: 200 },
  );
}, 30_000);
