/**
 * The sign of life that speakers send each other over UDP: a header, the sender, and a tag over all before it.
 *
 * ```
 *  4  magic "HRLD"                 memberlist, which other speakers use on this port, begins no packet with it
 *  1  version                      1
 *  1  flags                        bit 0: the sender is about to stop; the others are zero
 *  8  incarnation                  milliseconds since the epoch
 *  4  sequence                     within the incarnation
 *  1  length of the name, 1…253
 *  n  name of the sender's node
 *  1  count of links, 0…64
 * 6m  MAC address of each link
 * 32  HMAC-SHA-256
 * ```
 */

import { ByteReader } from "#lib/bytes/byte-reader.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";
import { MAC_LENGTH, type Mac, macFromBytes, macToBytes } from "./mac.ts";

/** Names of nodes are DNS subdomains, RFC 1123 §2.1. */
const NAME = /^[a-z0-9.-]{1,253}$/;
const MAX_NAME_LENGTH = 253;
/** A node of more links than that, each with an address of its own, tells of some of them. */
export const MAX_MACS = 64;
const TAG_LENGTH = 32;

const MAGIC = 0x48_52_4c_44;
const VERSION = 1;
const FLAG_LEAVING = 1;
/** Magic, version, flags, incarnation, sequence, and the two counts. */
const FIXED_LENGTH = 20;

/** The longest packet, 689 bytes: it fits into one frame everywhere. */
export const MAX_HEARTBEAT_LENGTH =
  FIXED_LENGTH + MAX_NAME_LENGTH + MAX_MACS * MAC_LENGTH + TAG_LENGTH;

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
}

/**
 * @param authenticate gives the tag of the bytes, 32 bytes long
 * @throws {RangeError} when the name is not a node's, or there are too many links
 */
export function formatHeartbeat(
  heartbeat: Heartbeat,
  authenticate: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const { sender, macs } = heartbeat;
  if (!NAME.test(sender) || macs.length > MAX_MACS) {
    throw new RangeError(`Cannot write a heartbeat of "${sender}" with ${macs.length} links`);
  }
  const name = Uint8Array.from(sender, (character) => character.charCodeAt(0));
  const writer = new ByteWriter(FIXED_LENGTH + name.length + macs.length * MAC_LENGTH + TAG_LENGTH)
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
  return writer.bytes(authenticate(writer.written())).written();
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
  const count = reader.u8("link count");
  if (count > MAX_MACS) {
    throw reader.malformed(`link count is ${count}, over ${MAX_MACS}`);
  }
  const macs: Mac[] = [];
  while (macs.length < count) {
    macs.push(macFromBytes(reader.bytes(MAC_LENGTH, "link address")));
  }
  if (reader.remaining !== TAG_LENGTH) {
    throw reader.malformed(`${reader.remaining} bytes remain where the tag has ${TAG_LENGTH}`);
  }
  return { sender, incarnation, sequence, leaving: flags === FLAG_LEAVING, macs };
}

function nameFrom(reader: ByteReader): string {
  const length = reader.u8("name length");
  const name = String.fromCharCode(...reader.bytes(length, "name"));
  if (!NAME.test(name)) {
    throw reader.malformed(`name of ${length} bytes is not a node's`);
  }
  return name;
}
