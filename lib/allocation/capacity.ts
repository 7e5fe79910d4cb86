import type { Family } from "#lib/address/ip.ts";
import { type IpRange, sizeOf } from "#lib/address/ip-range.ts";
import type { Pool } from "#lib/api/pool.ts";

/** The largest int64, in which pool status counts. */
export const MOST = 2n ** 63n - 1n;

/** An IPv6 block with this many host bits or more counts as the largest number: MetalLB's bound. */
const COUNTLESS_BLOCK = 2n ** 62n;

const BLOCK = 256n;

/** How many addresses of each family the pool can give, at most 2^63 - 1, those left out that it avoids. */
export function capacityOf({ ranges, avoidBuggyIps }: Pool): Readonly<Record<Family, bigint>> {
  const count = { IPv4: 0n, IPv6: 0n };
  for (const range of ranges) {
    const avoided = avoidBuggyIps && range.family === "IPv4" ? buggyIn(range) : 0n;
    const size = hasCountlessBlock(range) ? MOST : sizeOf(range) - avoided;
    count[range.family] = saturated(count[range.family] + size);
  }
  return count;
}

/** The number as an int64 holds it. */
export function saturated(value: bigint): bigint {
  return value > MOST ? MOST : value;
}

/** Addresses that end in .0 or .255. */
function buggyIn({ first, last }: IpRange): bigint {
  return congruent(0n, first, last) + congruent(BLOCK - 1n, first, last);
}

/** Numbers from `first` to `last` whose last byte is this. */
function congruent(byte: bigint, first: bigint, last: bigint): bigint {
  const upTo = (value: bigint) => (value < byte ? 0n : (value - byte) / BLOCK + 1n);
  return upTo(last) - (first === 0n ? 0n : upTo(first - 1n));
}

function hasCountlessBlock({ family, first, last }: IpRange): boolean {
  const start = ((first + COUNTLESS_BLOCK - 1n) / COUNTLESS_BLOCK) * COUNTLESS_BLOCK;
  return family === "IPv6" && start + COUNTLESS_BLOCK - 1n <= last;
}
