/** One IP address as a value. IPv4-mapped IPv6 text (`::ffff:192.0.2.1`) is the IPv4 address, as in Go's net package. */

import { Address6, AddressError } from "ip-address";
import { MalformedError } from "#lib/bytes/malformed-error.ts";
import { formatDottedQuad, parseDottedQuad } from "./dotted-quad.ts";
import { formatHexGroups, parseHexGroups } from "./hex-groups.ts";

export type Family = "IPv4" | "IPv6";

export interface Ip {
  readonly family: Family;
  /** The address as an unsigned integer of 32 or 128 bits. */
  readonly value: bigint;
}

/** INET6_ADDRSTRLEN without its zero byte: no address is written longer, RFC 4291 §2.2 form 3. */
const MAX_TEXT_LENGTH = 45;

const MAX_VALUE = { IPv4: (1n << 32n) - 1n, IPv6: (1n << 128n) - 1n } as const;

/** The high 96 bits of an IPv4-mapped address, RFC 4291 §2.5.5.2. */
const MAPPED_PREFIX = 0xffffn;

/**
 * Reads one address in any spelling, without prefix length or zone.
 *
 * @throws {MalformedError} when the text is not an address
 */
export function parseIp(text: string): Ip {
  const ip = tryParseIp(text);
  if (ip === undefined) {
    const shown = text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
    throw new MalformedError(`address "${shown}"`, "it is neither IPv4 nor IPv6");
  }
  return ip;
}

/** `parseIp` for callers to whom other text is nothing unusual: undefined when it is not an address. */
export function tryParseIp(text: string): Ip | undefined {
  if (text.length > MAX_TEXT_LENGTH) {
    return undefined;
  }
  const quad = parseDottedQuad(text);
  if (quad !== undefined) {
    return { family: "IPv4", value: BigInt(quad) };
  }
  if (!text.includes(":") || /[/%]/.test(text)) {
    return undefined;
  }
  const value = parseHexGroups(text) ?? address6Value(text);
  if (value === undefined) {
    return undefined;
  }
  return value >> 32n === MAPPED_PREFIX
    ? { family: "IPv4", value: value & 0xffff_ffffn }
    : { family: "IPv6", value };
}

/**
 * The address that stands in 4 or 16 bytes, in network byte order. An IPv4-mapped one is an IPv6 address here.
 *
 * @throws {MalformedError} when there are as many bytes as no address has
 */
export function ipFromBytes(bytes: Uint8Array): Ip {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length === 4) {
    return { family: "IPv4", value: BigInt(view.getUint32(0)) };
  }
  if (bytes.length === 16) {
    return { family: "IPv6", value: (view.getBigUint64(0) << 64n) | view.getBigUint64(8) };
  }
  throw new MalformedError("address", `it has ${bytes.length} bytes, not 4 or 16`);
}

/** Asking `isValid` first would parse the text twice. */
function address6Value(text: string): bigint | undefined {
  try {
    return new Address6(text).bigInt();
  } catch (error) {
    if (error instanceof AddressError) {
      return undefined;
    }
    throw error;
  }
}

/**
 * The canonical text: dotted IPv4, or IPv6 as RFC 5952 writes it.
 *
 * @throws {RangeError} when the value has more bits than the family
 */
export function formatIp({ family, value }: Ip): string {
  if (value < 0n || value > MAX_VALUE[family]) {
    throw new RangeError(`${value} is no ${family} address`);
  }
  return family === "IPv4" ? formatDottedQuad(Number(value)) : formatHexGroups(value);
}

export function isSameIp(a: Ip, b: Ip): boolean {
  return a.family === b.family && a.value === b.value;
}

/** In the same order. */
export function areSameIps(a: readonly Ip[], b: readonly Ip[]): boolean {
  return (
    a.length === b.length &&
    a.every((ip, index) => {
      const other = b[index];
      return other !== undefined && isSameIp(ip, other);
    })
  );
}

export function ipsWithout(ips: readonly Ip[], others: readonly Ip[]): readonly Ip[] {
  return ips.filter((ip) => !others.some((other) => isSameIp(other, ip)));
}

/** For `sort`: IPv4 first, and ascending. */
export function compareIps(a: Ip, b: Ip): number {
  if (a.family !== b.family) {
    return a.family === "IPv4" ? -1 : 1;
  }
  return a.value < b.value ? -1 : Number(a.value > b.value);
}
