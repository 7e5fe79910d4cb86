/** Records as a speaker keeps them for its next life: bodies of packets one after the other, each behind its length in 2 bytes. */

import { ByteReader } from "#lib/bytes/byte-reader.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";
import type { Records } from "#lib/membership/message.ts";
import { packBodies, parseBody } from "./member-message.ts";

const LENGTH_BYTES = 2;

export function formatKeptRecords(records: Omit<Records, "kind">): Uint8Array {
  const bodies = packBodies([{ kind: "records", ...records }]);
  const length = bodies.reduce((sum, body) => sum + LENGTH_BYTES + body.length, 0);
  const writer = new ByteWriter(length);
  for (const body of bodies) {
    writer.u16(body.length).bytes(body);
  }
  return writer.written();
}

/** @throws {MalformedError} when it is cut short or holds anything but records */
export function parseKeptRecords(bytes: Uint8Array): Omit<Records, "kind"> {
  const reader = new ByteReader("kept records", bytes);
  const parts: Records[] = [];
  while (reader.remaining > 0) {
    for (const message of parseBody(reader.bytes(reader.u16("length"), "records"))) {
      if (message.kind !== "records") {
        throw reader.malformed(`a ${message.kind} stands among them`);
      }
      parts.push(message);
    }
  }
  return {
    members: parts.flatMap(({ members }) => members),
    claims: parts.flatMap(({ claims }) => claims),
  };
}
