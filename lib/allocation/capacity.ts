import type { Family } from "#lib/address/ip.ts";
import { type IpRange, sizeOf } from "#lib/address/ip-range.ts";
import type { Pool } from "#lib/api/pool.ts";
import { countBuggy } from "./buggy-addresses.ts";

/** The largest int64, in which pool status counts. */
export const MOST = 2n ** 63n - 1n;

/** An IPv6 block with this many host bits or more counts as the largest number: MetalLB's bound. */
const COUNTLESS_BLOCK = 2n ** 62n;

/** How many addresses of each family the pool can give, at most 2^63 - 1, those left out that it avoids. */
export function capacityOf({ ranges, avoidBuggyIps }: Pool): Readonly<Record<Family, bigint>> {
  const count = { IPv4: 0n, IPv6: 0n };
  for (const range of ranges) {
    const avoided = avoidBuggyIps && range.family === "IPv4" ? countBuggy(range) : 0n;
    const size = hasCountlessBlock(range) ? MOST : sizeOf(range) - avoided;
    count[range.family] = saturated(count[range.family] + size);
  }
  return count;
}

/** The number as an int64 holds it. */
export function saturated(value: bigint): bigint {
  return value > MOST ? MOST : value;
}

function hasCountlessBlock({ family, first, last }: IpRange): boolean {
  const start = ((first + COUNTLESS_BLOCK - 1n) / COUNTLESS_BLOCK) * COUNTLESS_BLOCK;
  return family === "IPv6" && start + COUNTLESS_BLOCK - 1n <= last;
}
