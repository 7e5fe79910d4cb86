/**
 * The body of a sealed packet: messages one after the other, each `1 type, 2 length of the value, n value`. A type that
 * this version does not know is passed over.
 *
 * ```
 * 1 heartbeat   4 incarnation; 1 flags, deaf in bit 0, hears you in bit 1; 4 hash
 * 2 vote        4 incarnation; 1 finding; until the end: name of the subject
 * 3 heard       4 incarnation; until the end: name of the subject
 * 4 records     see member-records.ts
 * 5 digest      1 flags, answer in bit 0; 4 of each of the 64 buckets
 * 6 offer       see member-records.ts
 * 7 refusal     see member-records.ts
 * ```
 */

import { ByteReader } from "#lib/bytes/byte-reader.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";
import {
  BUCKETS,
  type Digest,
  Finding,
  type Heard,
  type Heartbeat,
  type Message,
  type Vote,
} from "#lib/membership/message.ts";
import {
  readOffer,
  readRecords,
  readRefusal,
  writeOffer,
  writeRecords,
  writeRefusal,
} from "./member-records.ts";
import { nodeNameFromBytes, nodeNameToBytes } from "./node-name.ts";
import { MAX_BODY_LENGTH } from "./sealed-packet.ts";
import { splitMessage } from "./split-message.ts";

/** Type and length of a message. */
const PREFIX_LENGTH = 3;
const MAX_VALUE_LENGTH = MAX_BODY_LENGTH - PREFIX_LENGTH;

const BIT_0 = 1;
const BIT_1 = 2;

type Kind = Message["kind"];

const Type = {
  heartbeat: 1,
  vote: 2,
  heard: 3,
  records: 4,
  digest: 5,
  offer: 6,
  refusal: 7,
} as const satisfies Record<Kind, number>;

const READERS: Readonly<Record<Kind, (value: ByteReader) => Message>> = {
  heartbeat: readHeartbeat,
  vote: readVote,
  heard: readHeard,
  records: readRecords,
  digest: readDigest,
  offer: readOffer,
  refusal: readRefusal,
};

/** The place of a kind is its type. */
const KINDS: readonly (Kind | undefined)[] = kindsByType();

/**
 * Writes messages into as few bodies as their order allows; those that are too long for one are split.
 *
 * @throws {RangeError} when a field has more than its place on the wire, or is of another form
 */
export function packBodies(messages: readonly Message[]): readonly Uint8Array[] {
  const bodies: ByteWriter[] = [];
  let room = 0;
  for (const part of messages.flatMap((message) => splitMessage(message, MAX_VALUE_LENGTH))) {
    const value = formatValue(part);
    const length = PREFIX_LENGTH + value.length;
    if (length > room) {
      bodies.push(new ByteWriter(MAX_BODY_LENGTH));
      room = MAX_BODY_LENGTH;
    }
    bodies.at(-1)?.u8(Type[part.kind]).u16(value.length).bytes(value);
    room -= length;
  }
  return bodies.map((body) => body.written());
}

/** @throws {MalformedError} when a message of a known type is cut short, too long, or breaks its rules */
export function parseBody(body: Uint8Array): readonly Message[] {
  const reader = new ByteReader("messages", body);
  const messages: Message[] = [];
  while (reader.remaining > 0) {
    const kind = KINDS[reader.u8("type")];
    const value = reader.bytes(reader.u16("length"), kind ?? "value");
    if (kind !== undefined) {
      messages.push(parseValue(kind, value));
    }
  }
  return messages;
}

function parseValue(kind: Kind, value: Uint8Array): Message {
  const reader = new ByteReader(kind, value);
  const message = READERS[kind](reader);
  if (reader.remaining > 0) {
    throw reader.malformed(`${reader.remaining} bytes remain`);
  }
  return message;
}

function formatValue(message: Message): Uint8Array {
  return writeValue(new ByteWriter(MAX_VALUE_LENGTH), message).written();
}

function writeValue(writer: ByteWriter, message: Message): ByteWriter {
  switch (message.kind) {
    case "heartbeat":
      return writeHeartbeat(writer, message);
    case "vote":
      return writeVote(writer, message);
    case "heard":
      return writeHeard(writer, message);
    case "records":
      return writeRecords(writer, message);
    case "digest":
      return writeDigest(writer, message);
    case "offer":
      return writeOffer(writer, message);
    case "refusal":
      return writeRefusal(writer, message);
  }
}

function writeHeartbeat(writer: ByteWriter, heartbeat: Heartbeat): ByteWriter {
  return writer
    .u32(heartbeat.incarnation)
    .u8(flags(heartbeat.isDeaf, heartbeat.hearsYou))
    .u32(heartbeat.hash);
}

function readHeartbeat(reader: ByteReader): Heartbeat {
  const incarnation = reader.u32("incarnation");
  const [isDeaf, hearsYou] = readFlags(reader);
  return { kind: "heartbeat", incarnation, isDeaf, hearsYou, hash: reader.u32("hash") };
}

function writeVote(writer: ByteWriter, { incarnation, finding, subject }: Vote): ByteWriter {
  return writer.u32(incarnation).u8(finding).bytes(nodeNameToBytes(subject));
}

function readVote(reader: ByteReader): Vote {
  const incarnation = reader.u32("incarnation");
  const finding = findingFrom(reader);
  return { kind: "vote", subject: readSubject(reader), incarnation, finding };
}

function findingFrom(reader: ByteReader): Finding {
  const finding = reader.u8("finding");
  if (finding !== Finding.speakerDown && finding !== Finding.down) {
    throw reader.malformed(`finding is ${finding}, neither 1 nor 2`);
  }
  return finding;
}

function writeHeard(writer: ByteWriter, { incarnation, subject }: Heard): ByteWriter {
  return writer.u32(incarnation).bytes(nodeNameToBytes(subject));
}

function readHeard(reader: ByteReader): Heard {
  const incarnation = reader.u32("incarnation");
  return { kind: "heard", subject: readSubject(reader), incarnation };
}

function writeDigest(writer: ByteWriter, { buckets, isAnswer }: Digest): ByteWriter {
  if (buckets.length !== BUCKETS) {
    throw new RangeError(`Cannot write a digest of ${buckets.length} buckets, not ${BUCKETS}`);
  }
  writer.u8(isAnswer ? BIT_0 : 0);
  for (const bucket of buckets) {
    writer.u32(bucket);
  }
  return writer;
}

function readDigest(reader: ByteReader): Digest {
  const bits = reader.u8("flags");
  if (bits > BIT_0) {
    throw reader.malformed(`flags are ${bits}, and only bit 0 has a meaning`);
  }
  const buckets = Uint32Array.from({ length: BUCKETS }, () => reader.u32("bucket"));
  return { kind: "digest", buckets, isAnswer: bits === BIT_0 };
}

function readSubject(reader: ByteReader): string {
  return nodeNameFromBytes(reader.bytes(reader.remaining, "subject"));
}

function flags(bit0: boolean, bit1: boolean): number {
  return (bit0 ? BIT_0 : 0) | (bit1 ? BIT_1 : 0);
}

function readFlags(reader: ByteReader): readonly [bit0: boolean, bit1: boolean] {
  const bits = reader.u8("flags");
  if (bits > (BIT_0 | BIT_1)) {
    throw reader.malformed(`flags are ${bits}, and only bits 0 and 1 have a meaning`);
  }
  return [(bits & BIT_0) !== 0, (bits & BIT_1) !== 0];
}

function kindsByType(): readonly (Kind | undefined)[] {
  const kinds: (Kind | undefined)[] = [];
  for (const [kind, type] of Object.entries(Type)) {
    kinds[type] = kind as Kind;
  }
  return kinds;
}
