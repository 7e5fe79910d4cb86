/** Short names for members and keys in the header of a sealed packet: of one length, and comparable before anything is opened. */

import { ByteReader } from "#lib/bytes/byte-reader.ts";
import { ByteWriter } from "#lib/bytes/byte-writer.ts";

/** SHA-256, 32 bytes. */
export type HashBytes = (bytes: Uint8Array) => Uint8Array;

const MEMBER_LABEL = new TextEncoder().encode("herald member id ");
const KEY_LABEL = new TextEncoder().encode("herald key id ");

/** The id of a node, 64 bits. */
export function memberId(name: string, sha256: HashBytes): bigint {
  return digest(MEMBER_LABEL, new TextEncoder().encode(name), sha256).u64("member id");
}

/** The id of a membership key, 32 bits; it tells nothing of the key. */
export function keyId(key: Uint8Array, sha256: HashBytes): number {
  return digest(KEY_LABEL, key, sha256).u32("key id");
}

function digest(label: Uint8Array, bytes: Uint8Array, sha256: HashBytes): ByteReader {
  const labelled = new ByteWriter(label.length + bytes.length).bytes(label).bytes(bytes);
  return new ByteReader("digest", sha256(labelled.written()));
}
