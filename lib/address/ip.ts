/** One IP address as a value. IPv4-mapped IPv6 text (`::ffff:192.0.2.1`) is the IPv4 address, as in Go's net package. */

import { Address4, Address6 } from "ip-address";
import { MalformedError } from "#lib/bytes/malformed-error.ts";

export type Family = "IPv4" | "IPv6";

export interface Ip {
  readonly family: Family;
  /** The address as an unsigned integer of 32 or 128 bits. */
  readonly value: bigint;
}

/** The high 96 bits of an IPv4-mapped address, RFC 4291 §2.5.5.2. */
const MAPPED_PREFIX = 0xffffn;

/**
 * Reads one address in any spelling, without prefix length or zone.
 *
 * @throws {MalformedError} when the text is not an address
 */
export function parseIp(text: string): Ip {
  if (Address4.isValid(text) && !text.includes("/")) {
    return { family: "IPv4", value: new Address4(text).bigInt() };
  }
  if (Address6.isValid(text) && !/[/%]/.test(text)) {
    const value = new Address6(text).bigInt();
    return value >> 32n === MAPPED_PREFIX
      ? { family: "IPv4", value: value & 0xffff_ffffn }
      : { family: "IPv6", value };
  }
  throw new MalformedError(`address "${text}"`, "it is neither IPv4 nor IPv6");
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
