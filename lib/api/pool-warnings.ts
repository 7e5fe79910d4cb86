/** What is odd about pools that can be used all the same, in sentences for those who wrote them. */

import { compareIps, formatIp, type Ip, isSameIp } from "#lib/address/ip.ts";
import { formatRange, type IpRange } from "#lib/address/ip-range.ts";
import { RangeIndex } from "#lib/address/range-index.ts";
import { POOL_ANNOTATION } from "./annotations.ts";
import { listNames } from "./list-names.ts";
import type { NodeAddresses } from "./node-addresses.ts";
import type { Pool } from "./pool.ts";

export interface PoolWarning {
  readonly pool: string;
  readonly message: string;
}

interface NodeAddress {
  readonly ip: Ip;
  readonly node: string;
}

/** How many addresses or entries one sentence names. */
const MAX_NAMED = 3;

/** In the order of the pools, at most one warning of a kind for each. */
export function poolWarnings(
  pools: readonly Pool[],
  nodes: Iterable<NodeAddresses>,
): readonly PoolWarning[] {
  const inPools = nodeAddressesByPool(pools, nodes);
  return pools.flatMap((pool) => {
    const { idleExclusions, name, unknownAnnotations } = pool;
    const addresses = inPools.get(pool);
    return [
      ...(addresses === undefined ? [] : [{ pool: name, message: ofNodes(name, addresses) }]),
      ...(idleExclusions === undefined
        ? []
        : [{ pool: name, message: idle(name, idleExclusions) }]),
      ...(unknownAnnotations === undefined
        ? []
        : [{ pool: name, message: unknown(name, unknownAnnotations) }]),
    ];
  });
}

/** Ascending; an address that several nodes have counts as that of the first by name. */
function nodeAddressesByPool(
  pools: readonly Pool[],
  nodes: Iterable<NodeAddresses>,
): ReadonlyMap<Pool, readonly NodeAddress[]> {
  const index = new RangeIndex(
    pools.flatMap((pool) => pool.ranges.map((range) => [range, pool] as const)),
  );
  const sorted = [...nodes]
    .flatMap(({ addresses, name }) => addresses.map((ip) => ({ ip, node: name })))
    .sort((a, b) => compareIps(a.ip, b.ip) || Number(a.node > b.node) - Number(a.node < b.node));
  const inPools = sorted.flatMap((address, place) => {
    const before = sorted[place - 1];
    const isRepeated = before !== undefined && isSameIp(before.ip, address.ip);
    const pool = isRepeated ? undefined : index.find(address.ip);
    return pool === undefined ? [] : [{ ...address, pool }];
  });
  return Map.groupBy(inPools, ({ pool }) => pool);
}

function ofNodes(pool: string, addresses: readonly NodeAddress[]): string {
  const texts = addresses.map(({ ip, node }) => `${formatIp(ip)} (${node})`);
  const [only] = addresses;
  return addresses.length === 1 && only !== undefined
    ? `Pool "${pool}" has ${formatIp(only.ip)}, an address of node ${only.node}: it is given only when nothing else is free; take it out with ${POOL_ANNOTATION.exclude} if no Service is to have it`
    : `Pool "${pool}" has ${listNames(texts, MAX_NAMED)}, which are addresses of nodes: they are given only when nothing else is free; take them out with ${POOL_ANNOTATION.exclude} if no Service is to have them`;
}

function idle(pool: string, exclusions: readonly IpRange[]): string {
  const texts = [...new Set(exclusions.map(formatRange))];
  const mend =
    texts.length === 1
      ? "correct the entry, or remove it"
      : "correct these entries, or remove them";
  return `Pool "${pool}" has no address of ${listNames(texts, MAX_NAMED)}, which its annotation ${POOL_ANNOTATION.exclude} names: ${mend}`;
}

function unknown(pool: string, keys: readonly string[]): string {
  const known = Object.values(POOL_ANNOTATION).join(", ");
  const which = keys.length === 1 ? "the annotation" : "the annotations";
  return `Pool "${pool}" has ${which} ${listNames(keys, MAX_NAMED)}, of which Herald knows nothing: write one of ${known}, or remove it`;
}
