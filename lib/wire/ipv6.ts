/** The fixed header of IPv6, RFC 8200 §3. Extension headers are payload to it, and `nextHeader` tells of them. */

import type { Ip } from "#lib/address/ip.ts";
import { ByteReader } from "#lib/bytes/byte-reader.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";

const VERSION = 6;
const IPV6_HEADER_LENGTH = 40;

/** Traffic class and flow label are not here: nothing depends on them, and they are written as zero. */
export interface Ipv6Packet {
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly source: Ip;
  readonly destination: Ip;
  /** At most 65,535 bytes. */
  readonly payload: Uint8Array;
}

/**
 * Reads the payload of an Ethernet frame of EtherType 0x86dd. Bytes after the packet are Ethernet padding and are ignored.
 *
 * @throws {MalformedError} when a field is cut short, the version is not 6, or the source is a group (RFC 4291 §2.7)
 */
export function parseIpv6(packet: Uint8Array): Ipv6Packet {
  const reader = new ByteReader("IPv6 packet", packet);
  const version = reader.u32("version, traffic class and flow label") >>> 28;
  if (version !== VERSION) {
    throw reader.malformed(`version is ${version}, not ${VERSION}`);
  }
  const payloadLength = reader.u16("payload length");
  const nextHeader = reader.u8("next header");
  const hopLimit = reader.u8("hop limit");
  const source = ipv6From(reader, "source");
  if (isMulticast(source)) {
    throw reader.malformed("source is a multicast address");
  }
  return {
    nextHeader,
    hopLimit,
    source,
    destination: ipv6From(reader, "destination"),
    payload: reader.bytes(payloadLength, "payload"),
  };
}

export function formatIpv6(packet: Ipv6Packet): Uint8Array {
  return new ByteWriter(IPV6_HEADER_LENGTH + packet.payload.length)
    .u32(VERSION * 2 ** 28)
    .u16(packet.payload.length)
    .u8(packet.nextHeader)
    .u8(packet.hopLimit)
    .u128(packet.source.value)
    .u128(packet.destination.value)
    .bytes(packet.payload)
    .written();
}

/** @throws {MalformedError} when fewer than 16 bytes remain */
export function ipv6From(reader: ByteReader, field: string): Ip {
  return { family: "IPv6", value: reader.u128(field) };
}

/** Whether an IPv6 address is a group, RFC 4291 §2.7. */
export function isMulticast(ip: Ip): boolean {
  return ip.value >> 120n === 0xffn;
}
