/**
 * A subnet in a message: its prefix length in one byte, plus 64 if it is IPv6, then the network address in 4 or 16 bytes,
 * the bits behind the prefix zero. One byte less each is what lets the longest record of a member fit into one packet.
 */

import type { Ip } from "#lib/address/ip.ts";
import { blockAround, type IpRange, prefixLengthOf } from "#lib/address/ip-range.ts";
import type { ByteReader } from "#lib/bytes/byte-reader.ts";
import type { ByteWriter } from "#lib/bytes/byte-writer.ts";

const IPV6 = 64;
const IPV4_BITS = 32;
const IPV6_BITS = 128;
const LENGTH = { IPv4: 5, IPv6: 17 } as const;

/** In bytes. */
export function subnetLength({ family }: IpRange): number {
  return LENGTH[family];
}

/** @throws {RangeError} when it is no CIDR */
export function writeSubnet(writer: ByteWriter, subnet: IpRange): void {
  const prefixLength = prefixLengthOf(subnet);
  if (prefixLength === undefined) {
    throw new RangeError(`Cannot write a subnet that begins at ${subnet.first} and is no CIDR`);
  }
  if (subnet.family === "IPv4") {
    writer.u8(prefixLength).u32(Number(subnet.first));
  } else {
    writer.u8(IPV6 + prefixLength).u128(subnet.first);
  }
}

/** @throws {MalformedError} when it is cut short, or no CIDR */
export function readSubnet(reader: ByteReader): IpRange {
  const code = reader.u8("prefix length");
  const isIpv6 = code >= IPV6;
  const prefixLength = isIpv6 ? code - IPV6 : code;
  if (prefixLength > (isIpv6 ? IPV6_BITS : IPV4_BITS)) {
    throw reader.malformed(`prefix length is ${code}, neither 0 to 32 nor 64 to 192`);
  }
  const network: Ip = isIpv6
    ? { family: "IPv6", value: reader.u128("network") }
    : { family: "IPv4", value: BigInt(reader.u32("network")) };
  const subnet = blockAround(network, prefixLength);
  if (subnet.first !== network.value) {
    throw reader.malformed(`network has bits behind its prefix of ${prefixLength}`);
  }
  return subnet;
}
