/**
 * The packet in which everything between members travels: a header in clear, and the rest sealed by AES-256-GCM.
 *
 * ```
 *  4  magic "HRLD"        memberlist, which other speakers use on this port, begins no packet with it
 *  1  version             3
 *  4  key id              of the membership key that the packet's key is derived from
 *  8  sender id
 *  8  start nonce         drawn anew at each start of the sender
 *  4  sequence            within the start, never twice
 *     sealed:
 *  8    echo              the token that the receiver gave the sender for this start; zero: none
 *  4    newest key id     of the newest membership key that the sender holds
 *  1    challenge         1: one follows, 0: none
 *  8      its token       to be echoed in packets to the sender
 *  8      its start nonce of the receiver, for which the token is
 *  n    body              messages
 * 16  tag
 * ```
 *
 * The nonce of GCM is the sequence, for each start has a key of its own. The header and the receiver's id, which is not
 * on the wire, are authenticated: a packet does not open for anyone but its receiver.
 */

import { ByteReader } from "#lib/bytes/byte-reader.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";

/** Fits into one frame everywhere. */
export const MAX_PACKET_LENGTH = 1_200;
export const TAG_LENGTH = 16;

const MAGIC = 0x48_52_4c_44;
const VERSION = 3;
const HEADER_LENGTH = 29;
const ID_LENGTH = 8;
const GCM_NONCE_LENGTH = 12;
/** Echo, newest key id, and whether there is a challenge. */
const CONTENT_LENGTH = 13;
const CHALLENGE_LENGTH = 16;
const MIN_PACKET_LENGTH = HEADER_LENGTH + CONTENT_LENGTH + TAG_LENGTH;

/** What a packet without challenge has room for: 1,142 bytes. */
export const MAX_BODY_LENGTH = MAX_PACKET_LENGTH - MIN_PACKET_LENGTH;

export interface PacketHeader {
  /** 32 bits. */
  readonly keyId: number;
  /** 64 bits. */
  readonly senderId: bigint;
  /** 64 bits. */
  readonly startNonce: bigint;
  /** 32 bits. */
  readonly sequence: number;
}

/** Asks the receiver for packets that cannot have been recorded. */
export interface Challenge {
  /** 64 bits, to be echoed. */
  readonly token: bigint;
  /** The start nonce of the receiver: of another start the token is worth nothing. */
  readonly startNonce: bigint;
}

export interface PacketContent {
  /** 64 bits; zero: none. */
  readonly echo: bigint;
  /** 32 bits. */
  readonly newestKeyId: number;
  readonly challenge: Challenge | undefined;
  /** At most `MAX_BODY_LENGTH` bytes, and 16 less beside a challenge. */
  readonly body: Uint8Array;
}

/** Gives the ciphertext with the tag behind it. */
export type Seal = (
  plaintext: Uint8Array,
  gcmNonce: Uint8Array,
  additionalData: Uint8Array,
) => Uint8Array;

/** Gives the plaintext, or undefined when the tag is another. */
export type Open = (
  sealed: Uint8Array,
  gcmNonce: Uint8Array,
  additionalData: Uint8Array,
) => Uint8Array | undefined;

/** Why a datagram is none of ours, in words for a metric. */
export type HeaderFault = "other-magic" | "other-version" | "bad-length";

/** @throws {RangeError} when the packet would be too long */
export function sealPacket(
  header: PacketHeader,
  receiverId: bigint,
  content: PacketContent,
  seal: Seal,
): Uint8Array {
  const clear = formatHeader(header);
  const sealed = seal(
    formatContent(content),
    gcmNonce(header.sequence),
    additionalData(clear, receiverId),
  );
  const length = clear.length + sealed.length;
  if (length > MAX_PACKET_LENGTH) {
    throw new RangeError(`Cannot send a packet of ${length} bytes, over ${MAX_PACKET_LENGTH}`);
  }
  return new ByteWriter(length).bytes(clear).bytes(sealed).written();
}

/** Reads the header. What is wrong with it is returned and not thrown, for a flood of other packets is to cost little. */
export function readHeader(datagram: Uint8Array): PacketHeader | HeaderFault {
  if (datagram.length < MIN_PACKET_LENGTH || datagram.length > MAX_PACKET_LENGTH) {
    return "bad-length";
  }
  const reader = new ByteReader("packet header", datagram);
  if (reader.u32("magic") !== MAGIC) {
    return "other-magic";
  }
  if (reader.u8("version") !== VERSION) {
    return "other-version";
  }
  return {
    keyId: reader.u32("key id"),
    senderId: reader.u64("sender id"),
    startNonce: reader.u64("start nonce"),
    sequence: reader.u32("sequence"),
  };
}

/**
 * Opens a packet whose header was read. Undefined when it was sealed with another key or to another receiver, or was
 * changed on its way.
 *
 * @throws {MalformedError} when the sender sealed what is no content
 */
export function openPacket(
  datagram: Uint8Array,
  sequence: number,
  receiverId: bigint,
  open: Open,
): PacketContent | undefined {
  const clear = datagram.subarray(0, HEADER_LENGTH);
  const sealed = datagram.subarray(HEADER_LENGTH);
  const plaintext = open(sealed, gcmNonce(sequence), additionalData(clear, receiverId));
  return plaintext === undefined ? undefined : parseContent(plaintext);
}

function formatHeader({ keyId, senderId, startNonce, sequence }: PacketHeader): Uint8Array {
  return new ByteWriter(HEADER_LENGTH)
    .u32(MAGIC)
    .u8(VERSION)
    .u32(keyId)
    .u64(senderId)
    .u64(startNonce)
    .u32(sequence)
    .written();
}

function formatContent({ echo, newestKeyId, challenge, body }: PacketContent): Uint8Array {
  const writer = new ByteWriter(CONTENT_LENGTH + CHALLENGE_LENGTH + body.length)
    .u64(echo)
    .u32(newestKeyId)
    .u8(challenge === undefined ? 0 : 1);
  if (challenge !== undefined) {
    writer.u64(challenge.token).u64(challenge.startNonce);
  }
  return writer.bytes(body).written();
}

function parseContent(plaintext: Uint8Array): PacketContent {
  const reader = new ByteReader("packet", plaintext);
  return {
    echo: reader.u64("echo"),
    newestKeyId: reader.u32("newest key id"),
    challenge: challengeFrom(reader),
    body: reader.bytes(reader.remaining, "body"),
  };
}

function challengeFrom(reader: ByteReader): Challenge | undefined {
  const count = reader.u8("count of challenges");
  if (count > 1) {
    throw reader.malformed(`count of challenges is ${count}, over 1`);
  }
  return count === 0
    ? undefined
    : {
        token: reader.u64("token"),
        startNonce: reader.u64("start nonce of the challenge"),
      };
}

function gcmNonce(sequence: number): Uint8Array {
  return new ByteWriter(GCM_NONCE_LENGTH).u64(0n).u32(sequence).written();
}

function additionalData(header: Uint8Array, receiverId: bigint): Uint8Array {
  return new ByteWriter(HEADER_LENGTH + ID_LENGTH).bytes(header).u64(receiverId).written();
}
