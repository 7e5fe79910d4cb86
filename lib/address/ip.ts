/** One IP address as a value. IPv4-mapped IPv6 text (`::ffff:192.0.2.1`) is the IPv4 address, as in Go's net package. */

import { Address4, Address6, AddressError } from "ip-address";
import { MalformedError } from "#lib/bytes/malformed-error.ts";

export type Family = "IPv4" | "IPv6";

export interface Ip {
  readonly family: Family;
  /** The address as an unsigned integer of 32 or 128 bits. */
  readonly value: bigint;
}

/** INET6_ADDRSTRLEN without its zero byte: no address is written longer, RFC 4291 §2.2 form 3. */
const MAX_TEXT_LENGTH = 45;

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
  if (text.length > MAX_TEXT_LENGTH || /[/%]/.test(text)) {
    return undefined;
  }
  const isIpv6 = text.includes(":");
  const value = bigIntOf(isIpv6 ? Address6 : Address4, text);
  if (value === undefined) {
    return undefined;
  }
  if (!isIpv6) {
    return { family: "IPv4", value };
  }
  return value >> 32n === MAPPED_PREFIX
    ? { family: "IPv4", value: value & 0xffff_ffffn }
    : { family: "IPv6", value };
}

/** Asking `isValid` first would parse the text twice. */
function bigIntOf(Address: typeof Address4 | typeof Address6, text: string): bigint | undefined {
  try {
    return new Address(text).bigInt();
  } catch (error) {
    if (error instanceof AddressError) {
      return undefined;
    }
    throw error;
  }
}

/** The canonical text: dotted IPv4, or IPv6 as RFC 5952 writes it. */
export function formatIp(ip: Ip): string {
  return ip.family === "IPv4"
    ? Address4.fromBigInt(ip.value).correctForm()
    : Address6.fromBigInt(ip.value).correctForm();
}

export function isSameIp(a: Ip, b: Ip): boolean {
  return a.family === b.family && a.value === b.value;
}
