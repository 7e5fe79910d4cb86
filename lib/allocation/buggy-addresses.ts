/** IPv4 addresses that end in .0 or .255: some old devices take them for those of a network, and avoidBuggyIPs avoids them. */

import type { IpRange } from "#lib/address/ip-range.ts";

const BLOCK = 256n;

export function isBuggy(value: bigint): boolean {
  const lastByte = value % BLOCK;
  return lastByte === 0n || lastByte === BLOCK - 1n;
}

/** How many there are in a range. */
export function countBuggy({ first, last }: IpRange): bigint {
  return congruent(0n, first, last) + congruent(BLOCK - 1n, first, last);
}

/** Numbers from `first` to `last` whose last byte is this. */
function congruent(byte: bigint, first: bigint, last: bigint): bigint {
  const upTo = (value: bigint) => (value < byte ? 0n : (value - byte) / BLOCK + 1n);
  return upTo(last) - (first === 0n ? 0n : upTo(first - 1n));
}
