/** Consecutive addresses of one family, written as CIDR or as `start-end`. */

import { Netmask } from "netmask";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { type Family, formatIp, type Ip, tryParseIp } from "./ip.ts";

/** Both ends belong to the range. */
export interface IpRange {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

const BITS = { IPv4: 32, IPv6: 128 } as const;

/** An IPv4 prefix is this much longer when it is written as IPv4-mapped IPv6, RFC 4291 §2.5.5.2. */
const MAPPED_BITS = 96;

/** Of every prefix length: ones where the prefix has none. */
const HOST_MASKS: Readonly<Record<Family, readonly bigint[]>> = {
  // Netmask reads a length of 0 that is given as a number as "none given", and makes a /32.
  IPv4: lengths("IPv4").map((length) => BigInt(new Netmask(`0.0.0.0/${length}`).size - 1)),
  IPv6: lengths("IPv6").map((length) => (1n << BigInt(BITS.IPv6 - length)) - 1n),
};

const MAPPED: IpRange = { family: "IPv6", first: 0xffff_0000_0000n, last: 0xffff_ffff_ffffn };

/**
 * Reads `192.0.2.0/24`, its host bits masked off, or `192.0.2.1-192.0.2.9`.
 *
 * @throws {MalformedError} when the text is neither, or its ends do not make a range
 */
export function parseRange(text: string): IpRange {
  const dash = text.indexOf("-");
  const range =
    dash < 0
      ? parseCidr(text.trim())
      : parseEnds(text.slice(0, dash).trim(), text.slice(dash + 1).trim());
  if (range.family === "IPv6" && overlapOf(range, MAPPED) !== undefined) {
    throw refusal(`${quote(text)} takes in ::ffff:0:0/96, which is IPv4: leave that part out`);
  }
  return range;
}

/** The text that `parseRange` reads as the same range: CIDR where that is exact. */
export function formatRange(range: IpRange): string {
  const { family, first, last } = range;
  const length = prefixLengthOf(range);
  const start = formatIp({ family, value: first });
  return length === undefined
    ? `${start}-${formatIp({ family, value: last })}`
    : `${start}/${length}`;
}

/** Undefined when the range is no CIDR. */
export function prefixLengthOf(range: IpRange): number | undefined {
  const size = sizeOf(range);
  const isBlock = (size & (size - 1n)) === 0n && range.first % size === 0n;
  return isBlock ? BITS[range.family] - (size.toString(2).length - 1) : undefined;
}

/**
 * The addresses that have their first bits in common with this one.
 *
 * @param length how many
 * @throws {RangeError} when the family has no prefix of that length
 */
export function blockAround({ family, value }: Ip, length: number): IpRange {
  const hostMask = HOST_MASKS[family][length];
  if (hostMask === undefined) {
    throw new RangeError(`${family} has no prefix length of ${length}`);
  }
  const last = value | hostMask;
  return { family, first: last - hostMask, last };
}

export function sizeOf(range: IpRange): bigint {
  return range.last - range.first + 1n;
}

export function contains({ family, first, last }: IpRange, ip: Ip): boolean {
  return ip.family === family && first <= ip.value && ip.value <= last;
}

/** What two ranges have in common; undefined when that is nothing. */
export function overlapOf(a: IpRange, b: IpRange): IpRange | undefined {
  const [lower, upper] = a.first <= b.first ? [a, b] : [b, a];
  if (lower.family !== upper.family || upper.first > lower.last) {
    return undefined;
  }
  return lower.last < upper.last ? { ...upper, last: lower.last } : upper;
}

function parseCidr(text: string): IpRange {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const ip = readIp(address);
  if (slash < 0) {
    throw refusal(`${text} has no prefix length: write ${formatIp(ip)}/${BITS[ip.family]}`);
  }
  if (!address.includes(":")) {
    return blockAround(ip, prefixLength(text, slash, "IPv4"));
  }
  const length = prefixLength(text, slash, "IPv6");
  if (ip.family === "IPv4" && length >= MAPPED_BITS) {
    const mend = `${formatIp(ip)}/${length - MAPPED_BITS}`;
    throw refusal(`${text} is IPv4 written as IPv6: write ${mend}`);
  }
  const value = ip.family === "IPv4" ? MAPPED.first + ip.value : ip.value;
  return blockAround({ family: "IPv6", value }, length);
}

function prefixLength(text: string, slash: number, family: Family): number {
  const digits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits)) {
    throw refusal(
      `${quote(text)} has no number after the slash: write one of 0 to ${BITS[family]}`,
    );
  }
  const length = Number(digits);
  if (length > BITS[family]) {
    throw refusal(
      `${text} has a prefix length of ${length}, and ${family} ends at ${BITS[family]}: write at most /${BITS[family]}`,
    );
  }
  return length;
}

function parseEnds(from: string, to: string): IpRange {
  const first = readIp(from);
  const last = readIp(to);
  const range = `range ${from}-${to}`;
  if (first.family !== last.family) {
    throw refusal(
      `${range} begins with ${first.family} and ends with ${last.family}: write one range for each family`,
    );
  }
  if (first.value > last.value) {
    throw refusal(`${range} ends before it begins: swap the two addresses`);
  }
  return { family: first.family, first: first.value, last: last.value };
}

function readIp(text: string): Ip {
  const ip = tryParseIp(text);
  if (ip === undefined) {
    throw refusal(
      `${quote(text)} is not an address: write a CIDR such as 192.0.2.0/24, or two addresses with "-" between`,
    );
  }
  return ip;
}

function lengths(family: Family): readonly number[] {
  return Array.from({ length: BITS[family] + 1 }, (_, length) => length);
}

function refusal(why: string): MalformedError {
  return new MalformedError("addresses", why);
}

/** Cut to a length that fits into a sentence. */
function quote(text: string): string {
  return text.length > 90 ? `"${text.slice(0, 90)}…"` : `"${text}"`;
}
