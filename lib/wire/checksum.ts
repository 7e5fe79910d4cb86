/** The Internet checksum, RFC 1071, and what ICMPv6 takes it over. */

import type { Ip } from "#lib/address/ip.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";

/** The next header of ICMPv6, RFC 4443 §1. */
export const ICMPV6 = 58;

const PSEUDO_HEADER_LENGTH = 40;

/**
 * Adds up big-endian words of 16 bits, a last single byte as if a zero followed. The carries are left to `checksumOf`.
 *
 * @param length in bytes, at most 64 KiB
 */
export function sumOfWords(view: DataView, start: number, length: number): number {
  const end = start + length;
  let sum = 0;
  let at = start;
  for (; at + 1 < end; at += 2) {
    sum += view.getUint16(at);
  }
  return at < end ? sum + view.getUint8(at) * 256 : sum;
}

/** Makes the checksum of a sum of words. It is 0 when the sum includes the checksum and nothing was altered. */
export function checksumOf(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) {
    folded = (folded & 0xffff) + (folded >>> 16);
  }
  return ~folded & 0xffff;
}

/**
 * Makes the checksum of an ICMPv6 message whose checksum field is zero, over the pseudo-header too: RFC 4443 §2.3,
 * RFC 8200 §8.1. Of a message with its right checksum it is 0.
 */
export function icmpv6Checksum(source: Ip, destination: Ip, message: Uint8Array): number {
  const length = PSEUDO_HEADER_LENGTH + message.length;
  const { buffer } = new ByteWriter(length)
    .u128(source.value)
    .u128(destination.value)
    .u32(message.length)
    .u32(ICMPV6)
    .bytes(message)
    .written();
  return checksumOf(sumOfWords(new DataView(buffer), 0, length));
}
