/** Random histories of a cluster so small that its pools run full, its Services meet, and every address can be looked at. */

import fc from "fast-check";
import { port } from "#lib/api/testing/fixture.ts";
import type { History, PoolEdit, PoolFields, ServiceFields, Step, Trap } from "./history.ts";

/** How often, in relation to each other, steps of each kind are taken. */
export type Mix = Readonly<Partial<Record<Step["kind"], number>>> & {
  /** Of the Services, those that have both families. */
  readonly dualStack?: number;
  /** Of the Services, those that consent to share. */
  readonly sharing?: number;
  /** The pools have so few addresses that Services must share them or do without. */
  readonly isCrowded?: boolean;
};

const KEYS = ["a/web", "a/api", "a/dns", "b/web", "b/api", "b/dns"];
const POOL_NAMES = ["lab", "blue", "old"];

/** They do not overlap, and each stays whole: pools hand them to each other. */
const RANGES = [
  "192.0.2.0/31",
  "192.0.2.2-192.0.2.4",
  "192.0.2.5/32",
  "192.0.2.6/31",
  "192.0.2.254-192.0.2.255",
  "198.51.100.1-198.51.100.2",
];
const FEW = ["192.0.2.5/32", "192.0.2.6/31", "2001:db8::2/128"];
const IPV6_RANGES = ["2001:db8::/127", "2001:db8::2/128", "2001:db8::4-2001:db8::6"];

const key = fc.constantFrom(...KEYS);
const poolName = fc.constantFrom(...POOL_NAMES);

/** Undefined as often as not, or so many times as often. */
function maybe<Value>(arbitrary: fc.Arbitrary<Value>, times = 1): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight: times, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

function some<Value>(...values: readonly Value[]): fc.Arbitrary<Value[]> {
  return fc.subarray([...values], { maxLength: 1 });
}

const addresses = fc.oneof(
  fc.shuffledSubarray(RANGES, { minLength: 1, maxLength: 2 }),
  fc.shuffledSubarray([...RANGES, ...IPV6_RANGES], { minLength: 1, maxLength: 4 }),
  fc
    .tuple(fc.constantFrom(...RANGES), fc.constantFrom(...IPV6_RANGES))
    .map(([one, other]) => [one, other]),
);

const serviceAllocation = fc.record({
  priority: fc.constantFrom(0, 1, 1, 2),
  namespaces: some("a", "b"),
  namespaceSelectors: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: some("a", "b", "nowhere") },
  ),
  serviceSelectors: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: some({ app: "x" }, { app: "y" }) },
  ),
});

const crowdedAddresses = fc.shuffledSubarray(FEW, { minLength: 1 });

export function arbitraryPool({ isCrowded }: Mix): fc.Arbitrary<PoolFields> {
  const fields = fc.record({
    addresses: isCrowded ? crowdedAddresses : addresses,
    autoAssign: maybe(fc.constant(false), 6),
    avoidBuggyIPs: maybe(fc.constant(true), 4),
    serviceAllocation: maybe(serviceAllocation, 2),
    exclude: maybe(
      fc.constantFrom("192.0.2.2", "192.0.2.3-192.0.2.4, 2001:db8::4/127", "192.0.2.7, 192.0.2.0"),
      6,
    ),
    maxPerNamespace: maybe(fc.constantFrom(1, 1, 2, 3), 2),
    holdReleasedMinutes: maybe(fc.constant(10), 2),
  });
  return fields.map(defined);
}

/** Without the fields that are undefined. */
function defined<Fields extends object>(fields: Fields): Fields & never {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Fields & never;
}

function arbitraryPoolEdit(fields: fc.Arbitrary<PoolFields>): fc.Arbitrary<PoolEdit> {
  const how = <How extends PoolEdit["how"]>(...ways: readonly How[]) => fc.constantFrom(...ways);
  return fc.oneof(
    { weight: 5, arbitrary: fc.record({ how: how("put"), name: poolName, fields }) },
    { weight: 2, arbitrary: fc.record({ how: how("remove", "shrink"), name: poolName }) },
    {
      weight: 2,
      arbitrary: fc.record({ how: how("rename", "split"), name: poolName, to: poolName }),
    },
  );
}

const IPV4 = {
  clusterIps: ["10.96.0.1"],
  ipFamilies: ["IPv4"],
  ipFamilyPolicy: "SingleStack",
} as const;
const IPV6 = {
  clusterIps: ["fd00::1"],
  ipFamilies: ["IPv6"],
  ipFamilyPolicy: "SingleStack",
} as const;
const BOTH = { clusterIps: ["10.96.0.1", "fd00::1"], ipFamilies: ["IPv4", "IPv6"] } as const;
const IPV6_FIRST = { clusterIps: ["fd00::1", "10.96.0.1"], ipFamilies: ["IPv6", "IPv4"] } as const;
const PREFER = { ipFamilyPolicy: "PreferDualStack" } as const;
const REQUIRE = { ipFamilyPolicy: "RequireDualStack" } as const;

const REQUESTS_OF_FEW = ["192.0.2.5", "192.0.2.6"].map(
  (ip) => ({ annotations: { "metallb.io/loadBalancerIPs": ip } }) as const,
);

const REQUESTS: readonly ServiceFields["request"][] = [
  ...["192.0.2.1", "192.0.2.3", "192.0.2.5", "192.0.2.6", "192.0.2.255", "2001:db8::1"].map(
    (ip) => ({ annotations: { "metallb.io/loadBalancerIPs": ip } }) as const,
  ),
  { annotations: { "metallb.io/loadBalancerIPs": "2001:db8::4, 192.0.2.5" } },
  { annotations: { "metallb.io/loadBalancerIPs": "192.0.2.4,2001:db8::2" } },
  { annotations: { "metallb.io/loadBalancerIPs": "" }, loadBalancerIp: "192.0.2.2" },
  { annotations: { "metallb.io/loadBalancerIPs": "192.0.2.1" }, loadBalancerIp: "192.0.2.2" },
  { annotations: { "metallb.io/loadBalancerIPs": "rubbish" } },
  { annotations: { "metallb.io/loadBalancerIPs": "192.0.2.1,192.0.2.2" } },
  { annotations: { "metallb.universe.tf/loadBalancerIPs": "203.0.113.9" } },
  { annotations: {}, loadBalancerIp: "2001:DB8::5" },
  { annotations: { "metallb.io/address-pool": "lab" } },
  { annotations: { "metallb.io/address-pool": "blue" } },
  { annotations: { "metallb.io/address-pool": "old" } },
  { annotations: { "metallb.universe.tf/address-pool": "nowhere" } },
  { annotations: { "metallb.io/address-pool": "lab", "metallb.io/loadBalancerIPs": "192.0.2.1" } },
];

const SHARING: readonly ServiceFields["sharing"][] = [
  { "metallb.io/allow-shared-ip": "blue" },
  { "metallb.io/allow-shared-ip": "blue" },
  { "metallb.universe.tf/allow-shared-ip": "blue" },
  { "metallb.io/allow-shared-ip": "red" },
  { "metallb.io/allow-shared-ip": "", "metallb.universe.tf/allow-shared-ip": "blue" },
];

const NOTHING_ASKED: ServiceFields["request"] = { annotations: {} };

export function arbitraryService({
  dualStack = 2,
  sharing = 2,
  isCrowded = false,
}: Mix): fc.Arbitrary<ServiceFields> {
  return fc.record({
    families: fc.oneof<fc.WeightedArbitrary<ServiceFields["families"]>[]>(
      { weight: 4, arbitrary: fc.constant(IPV4) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(IPV6, IPV6, { ...IPV4, ...PREFER }, { ...IPV4, ...REQUIRE }),
      },
      {
        weight: dualStack,
        arbitrary: fc.constantFrom(
          ...[
            { ...BOTH, ...PREFER },
            { ...IPV6_FIRST, ...PREFER },
            { ...BOTH, ...REQUIRE },
          ],
          ...[
            { ...BOTH, ...PREFER },
            { ...IPV6_FIRST, ...PREFER },
            { ...BOTH, ...REQUIRE },
          ],
          { ...BOTH, ipFamilyPolicy: "SingleStack" as const },
        ),
      },
    ),
    request: fc.oneof(
      { weight: 4, arbitrary: fc.constant(NOTHING_ASKED) },
      { weight: 1, arbitrary: fc.constantFrom(...REQUESTS) },
      { weight: isCrowded ? 2 : 0, arbitrary: fc.constantFrom(...REQUESTS_OF_FEW) },
    ),
    sharing: fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      { weight: sharing, arbitrary: fc.constantFrom(...SHARING) },
    ),
    traffic: fc.record({
      externalTrafficPolicy: fc.constantFrom(
        "Cluster" as const,
        "Cluster" as const,
        "Local" as const,
      ),
      selector: fc.constantFrom({ app: "x" }, { app: "x" }, { app: "y" }, {}),
    }),
    labels: fc.constantFrom({}, { app: "x" }, { app: "y" }),
    ports: fc.constantFrom(
      [port(80)],
      [port(443)],
      [port(53), port(53, "UDP")],
      [port(80, "UDP"), port(443)],
    ),
  });
}

/** One part of them. */
function part(fields: fc.Arbitrary<ServiceFields>): fc.Arbitrary<Partial<ServiceFields>> {
  const parts = ["families", "request", "sharing", "traffic", "labels", "ports"] as const;
  return fc.tuple(fc.constantFrom(...parts), fields).map(([name, all]) => ({ [name]: all[name] }));
}

const TRAPS: readonly Trap[] = [
  "it is not answered and not done",
  "it is done and its answer is lost",
  "the controller dies before it",
  "the controller dies after it",
  "the controller dies and it arrives later",
];

function arbitraryStep(mix: Mix): fc.Arbitrary<Step> {
  const fields = arbitraryService(mix);
  const kind = <Kind extends Step["kind"]>(name: Kind) => fc.constant(name);
  const steps: Readonly<Record<Step["kind"], fc.Arbitrary<Step>>> = {
    pools: fc.record({ kind: kind("pools"), edit: arbitraryPoolEdit(arbitraryPool(mix)) }),
    put: fc.record({ kind: kind("put"), key, fields }),
    change: fc.record({ kind: kind("change"), key, fields: part(fields) }),
    delete: fc.record({ kind: kind("delete"), key }),
    replace: fc.record({ kind: kind("replace"), key, fields }),
    nodes: fc.record({
      kind: kind("nodes"),
      addresses: fc.subarray(["192.0.2.0", "192.0.2.3", "2001:db8::"]),
    }),
    wait: fc.record({ kind: kind("wait"), minutes: fc.constantFrom(3, 7, 30, 1500) }),
    restart: fc.record({ kind: kind("restart") }),
    trap: fc.record({ kind: kind("trap"), trap: fc.constantFrom(...TRAPS) }),
    conflict: fc.record({ kind: kind("conflict"), fields: part(fields) }),
    host: fc.record({
      kind: kind("host"),
      key,
      isInUse: fc.constantFrom(false, false, false, true),
      forAll: fc.boolean(),
    }),
    watch: fc.record({ kind: kind("watch"), isSilent: fc.boolean() }),
    pace: fc.record({ kind: kind("pace"), isSlow: fc.boolean() }),
    double: fc.record({ kind: kind("double"), of: key, into: key }),
  };
  const weighted = Object.entries(steps).map(([name, arbitrary]) => ({
    weight: mix[name as Step["kind"]] ?? 0,
    arbitrary,
  }));
  return fc.oneof(...weighted.filter(({ weight }) => weight > 0));
}

/** Begins with pools and a few Services, so that no step is lost on an empty cluster. */
export function arbitraryHistory(mix: Mix): fc.Arbitrary<History> {
  const pools = fc.tuple(arbitraryPool(mix), maybe(arbitraryPool(mix))).map(([lab, blue]) => {
    const put = (name: string, fields: PoolFields) => ({ how: "put", name, fields }) as const;
    const edits = [put("lab", lab), ...(blue === undefined ? [] : [put("blue", blue)])];
    return edits.map((edit) => ({ kind: "pools", edit }) as const);
  });
  const puts = fc.array(
    fc.record({ kind: fc.constant("put" as const), key, fields: arbitraryService(mix) }),
    { minLength: 1, maxLength: 5, size: "max" },
  );
  const steps = fc.array(arbitraryStep(mix), { minLength: 2, maxLength: 17, size: "max" });
  return fc.record({
    steps: fc.tuple(pools, puts, steps).map((parts) => parts.flat()),
    order: fc.shuffledSubarray(KEYS, { minLength: KEYS.length }),
  });
}
