/**
 * The address that stands for an address group, in a message: family (4 or 6), then 4 or 16 bytes. There are thousands of
 * them, so IPv4 does without big integers.
 */

import { formatDottedQuad, parseDottedQuad } from "#lib/address/dotted-quad.ts";
import { formatHexGroups, parseHexGroups } from "#lib/address/hex-groups.ts";
import type { ByteReader } from "#lib/bytes/byte-reader.ts";
import type { ByteWriter } from "#lib/bytes/byte-writer.ts";

const Family = { ipv4: 4, ipv6: 6 } as const;
const IPV4_LENGTH = 5;
const IPV6_LENGTH = 17;

/** The high 96 bits of an IPv4-mapped address, which is an IPv4 address in another spelling: RFC 4291 §2.5.5.2. */
const MAPPED_PREFIX = 0xffffn;

/** In bytes. */
export function groupLength(group: string): number {
  return group.includes(":") ? IPV6_LENGTH : IPV4_LENGTH;
}

/**
 * @param group in canonical text
 * @throws {RangeError} when it is no address
 */
export function writeGroup(writer: ByteWriter, group: string): void {
  const ipv4 = parseDottedQuad(group);
  if (ipv4 !== undefined) {
    writer.u8(Family.ipv4).u32(ipv4);
    return;
  }
  const ipv6 = parseHexGroups(group);
  if (ipv6 === undefined || isMapped(ipv6)) {
    throw new RangeError(
      `Cannot write the group "${group}": it is not an address in canonical text`,
    );
  }
  writer.u8(Family.ipv6).u128(ipv6);
}

/** @throws {MalformedError} when it is cut short, or no address in its only spelling */
export function readGroup(reader: ByteReader): string {
  const family = reader.u8("group family");
  if (family === Family.ipv4) {
    return formatDottedQuad(reader.u32("group address"));
  }
  if (family !== Family.ipv6) {
    throw reader.malformed(`group family is ${family}, neither 4 nor 6`);
  }
  const value = reader.u128("group address");
  if (isMapped(value)) {
    throw reader.malformed("group address is IPv4 written as IPv6");
  }
  return formatHexGroups(value);
}

function isMapped(value: bigint): boolean {
  return value >> 32n === MAPPED_PREFIX;
}
