/**
 * The sign of life that speakers send each other over UDP: a header, the sender, and a tag over all before it.
 *
 * ```
 *  4  magic "HRLD"                 memberlist, which other speakers use on this port, begins no packet with it
 *  1  version                      2
 *  1  flags                        bit 0: the sender is about to stop; the others are zero
 *  8  incarnation                  milliseconds since the epoch
 *  4  sequence                     within the incarnation
 *  1  length of the name, 1…253
 *  n  name of the sender's node
 *  1  count of links, 0…64
 * 6m  MAC address of each link
 *  1  count of subnets, 0…28
 *     of each: 1 family, 4 or 6; 1 prefix length; 4 or 16 network address, the bits behind the prefix zero
 * 32  HMAC-SHA-256
 * ```
 */

import type { Family } from "#lib/address/ip.ts";
import { blockAround, type IpRange, prefixLengthOf } from "#lib/address/ip-range.ts";
import { ByteReader } from "#lib/bytes/byte-reader.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";
import { MAC_LENGTH, type Mac, macFromBytes, macToBytes } from "./mac.ts";

/** Names of nodes are DNS subdomains, RFC 1123 §2.1. */
const NAME = /^[a-z0-9.-]{1,253}$/;
const MAX_NAME_LENGTH = 253;
/** A node of more links than that, each with an address of its own, tells of some of them. */
export const MAX_MACS = 64;
/** The same for subnets. */
export const MAX_SUBNETS = 28;
const TAG_LENGTH = 32;

const MAGIC = 0x48_52_4c_44;
const VERSION = 2;
const FLAG_LEAVING = 1;
/** Magic, version, flags, incarnation, sequence, and the three counts. */
const FIXED_LENGTH = 21;

const FAMILY_CODE = { IPv4: 4, IPv6: 6 } as const;
const PREFIX_BITS = { IPv4: 32, IPv6: 128 } as const;
/** Family, prefix length and network address, in bytes. */
const SUBNET_LENGTH = { IPv4: 6, IPv6: 18 } as const;

/** The longest packet, 1,194 bytes: it fits into one frame everywhere. */
export const MAX_HEARTBEAT_LENGTH =
  FIXED_LENGTH +
  MAX_NAME_LENGTH +
  MAX_MACS * MAC_LENGTH +
  MAX_SUBNETS * SUBNET_LENGTH.IPv6 +
  TAG_LENGTH;

export interface Heartbeat {
  /** The name of the sender's node. */
  readonly sender: string;
  /** Milliseconds since the epoch by the sender's clock, a while ago; never less than in an earlier heartbeat. */
  readonly incarnation: bigint;
  /** Grows by one with every heartbeat of one incarnation; 32 bits. */
  readonly sequence: number;
  /** The sender is about to stop. */
  readonly leaving: boolean;
  /** Of the sender's links that can answer, at most 64. */
  readonly macs: readonly Mac[];
  /** Of the same links, each a CIDR, at most 28. */
  readonly subnets: readonly IpRange[];
}

/**
 * @param authenticate gives the tag of the bytes, 32 bytes long
 * @throws {RangeError} when the name is not a node's, there are too many links or subnets, or one of these is no CIDR
 */
export function formatHeartbeat(
  heartbeat: Heartbeat,
  authenticate: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const { sender, macs, subnets } = heartbeat;
  if (!NAME.test(sender) || macs.length > MAX_MACS || subnets.length > MAX_SUBNETS) {
    throw new RangeError(
      `Cannot write a heartbeat of "${sender}" with ${macs.length} links and ${subnets.length} subnets`,
    );
  }
  const name = Uint8Array.from(sender, (character) => character.charCodeAt(0));
  const writer = new ByteWriter(lengthOf(heartbeat))
    .u32(MAGIC)
    .u8(VERSION)
    .u8(heartbeat.leaving ? FLAG_LEAVING : 0)
    .u64(heartbeat.incarnation)
    .u32(heartbeat.sequence)
    .u8(name.length)
    .bytes(name)
    .u8(macs.length);
  for (const mac of macs) {
    writer.bytes(macToBytes(mac));
  }
  writer.u8(subnets.length);
  for (const subnet of subnets) {
    writeSubnet(writer, subnet);
  }
  return writer.bytes(authenticate(writer.written())).written();
}

function lengthOf({ sender, macs, subnets }: Heartbeat): number {
  const lists = subnets.reduce(
    (length, { family }) => length + SUBNET_LENGTH[family],
    macs.length * MAC_LENGTH,
  );
  return FIXED_LENGTH + sender.length + lists + TAG_LENGTH;
}

function writeSubnet(writer: ByteWriter, subnet: IpRange): void {
  const { family, first } = subnet;
  const prefixLength = prefixLengthOf(subnet);
  if (prefixLength === undefined) {
    throw new RangeError(`Cannot write a subnet that begins at ${first} and is no CIDR`);
  }
  writer.u8(FAMILY_CODE[family]).u8(prefixLength);
  if (family === "IPv4") {
    writer.u32(Number(first));
  } else {
    writer.u128(first);
  }
}

/**
 * Reads one datagram. The tag is checked before any field behind the version is believed.
 *
 * @param isAuthentic compares the tag of the bytes with the one received, in constant time
 * @throws {MalformedError} when it is not a heartbeat of this version, is cut short or too long, or has another tag
 */
export function parseHeartbeat(
  datagram: Uint8Array,
  isAuthentic: (bytes: Uint8Array, tag: Uint8Array) => boolean,
): Heartbeat {
  const reader = new ByteReader("heartbeat", datagram);
  if (reader.u32("magic") !== MAGIC) {
    throw reader.malformed("magic is another's");
  }
  const version = reader.u8("version");
  if (version !== VERSION) {
    throw reader.malformed(`version is ${version}, not ${VERSION}`);
  }
  const tagOffset = datagram.length - TAG_LENGTH;
  if (tagOffset < FIXED_LENGTH || datagram.length > MAX_HEARTBEAT_LENGTH) {
    throw reader.malformed(`it has ${datagram.length} bytes`);
  }
  if (!isAuthentic(datagram.subarray(0, tagOffset), datagram.subarray(tagOffset))) {
    throw reader.malformed("tag is not of our key");
  }
  return parseFields(reader);
}

function parseFields(reader: ByteReader): Heartbeat {
  const flags = reader.u8("flags");
  if (flags > FLAG_LEAVING) {
    throw reader.malformed(`flags are ${flags}, and only 0 and ${FLAG_LEAVING} have a meaning`);
  }
  const incarnation = reader.u64("incarnation");
  const sequence = reader.u32("sequence");
  const sender = nameFrom(reader);
  const macs = listFrom(reader, "link", MAX_MACS, () =>
    macFromBytes(reader.bytes(MAC_LENGTH, "link address")),
  );
  const subnets = listFrom(reader, "subnet", MAX_SUBNETS, () => subnetFrom(reader));
  if (reader.remaining !== TAG_LENGTH) {
    throw reader.malformed(`${reader.remaining} bytes remain where the tag has ${TAG_LENGTH}`);
  }
  return { sender, incarnation, sequence, leaving: flags === FLAG_LEAVING, macs, subnets };
}

function listFrom<T>(reader: ByteReader, what: string, most: number, read: () => T): readonly T[] {
  const count = reader.u8(`${what} count`);
  if (count > most) {
    throw reader.malformed(`${what} count is ${count}, over ${most}`);
  }
  return Array.from({ length: count }, read);
}

function subnetFrom(reader: ByteReader): IpRange {
  const family = familyFrom(reader);
  const prefixLength = reader.u8("prefix length");
  if (prefixLength > PREFIX_BITS[family]) {
    throw reader.malformed(`prefix length is ${prefixLength}, over ${PREFIX_BITS[family]}`);
  }
  const value =
    family === "IPv4" ? BigInt(reader.u32("network address")) : reader.u128("network address");
  const subnet = blockAround({ family, value }, prefixLength);
  if (subnet.first !== value) {
    throw reader.malformed(`network address has bits behind its prefix of ${prefixLength}`);
  }
  return subnet;
}

function familyFrom(reader: ByteReader): Family {
  const code = reader.u8("subnet family");
  if (code === FAMILY_CODE.IPv4) {
    return "IPv4";
  }
  if (code === FAMILY_CODE.IPv6) {
    return "IPv6";
  }
  throw reader.malformed(`subnet family is ${code}, neither 4 nor 6`);
}

function nameFrom(reader: ByteReader): string {
  const length = reader.u8("name length");
  const name = String.fromCharCode(...reader.bytes(length, "name"));
  if (!NAME.test(name)) {
    throw reader.malformed(`name of ${length} bytes is not a node's`);
  }
  return name;
}
